"""Who is online: someone with a socket, or who had one until a moment ago."""

from collections.abc import Iterable


class Presence:
    """Merges a user's sockets; says who comes and goes, after a time of grace."""

    def __init__(self, grace: int) -> None:
        """Count people as present for `grace` ms after their last socket went."""
        self._grace = grace
        self._here: set[int] = set()
        self._leaving: dict[int, int] = {}

    def arrived(self, user: int) -> bool:
        """Note a user's first socket; True if the user was not online."""
        was_leaving = self._leaving.pop(user, None) is not None
        if was_leaving or user in self._here:
            return False
        self._here.add(user)
        return True

    def left(self, user: int, now: int) -> None:
        """Note that a user's last socket went."""
        self._leaving.pop(user, None)
        self._leaving[user] = now + self._grace

    def left_for_good(self, user: int) -> bool:
        """Note that a user who has no socket will not be back; True if just offline."""
        self._leaving.pop(user, None)
        if user not in self._here:
            return False
        self._here.discard(user)
        return True

    def gone(self, now: int) -> list[int]:
        """Return those whose grace is over; they are offline from now on."""
        over = []
        for user, until in self._leaving.items():
            if until > now:
                break  # they stand in the order in which they left
            over.append(user)
        self._forget(over)
        return over

    def online(self) -> set[int]:
        """Return all who count as online."""
        return set(self._here)

    def _forget(self, users: Iterable[int]) -> None:
        for user in users:
            del self._leaving[user]
            self._here.discard(user)
