"""Which messages are new: the receiving end of sequence numbers, without I/O.

Only stream events take numbers. All other messages show the connection's position,
which also counts events that were filtered (protocol: Sequence Numbers).
"""

from enum import Enum
from typing import Final

HOLE_PATIENCE: Final = 3
"""How often the same hole is reported before it is taken for lost."""


class HoleError(Exception):
    """Events between the last and this one are missing: reconnect and resume."""


class Verdict(Enum):
    """What to do with a numbered message."""

    NEW = "new"
    OLD = "old"
    """It was taken before, or it will come again after the next resumption."""
    AFTER_LOSS = "after loss"
    """It is new, but what came before it cannot be had any more."""


class Inbox:
    """Where one stream has been read up to.

    `position` is the last number done with, None before the first sign-in. While
    `lagging`, nothing is taken and the position stands: what comes now is fetched
    again by resuming from there.
    """

    __slots__ = ("_hole_at", "_holes", "lagging", "position")

    def __init__(self, position: int | None = None) -> None:
        """Go on after `position`."""
        self.position = position
        self.lagging = False
        self._hole_at: int | None = None
        self._holes = 0

    def begin(self, number: int) -> None:
        """Start a connection at the number of its `auth_response`.

        It may be less than what was asked for: then the database is another one.
        """
        self.position = number
        self.lagging = False

    def lag(self) -> None:
        """Take nothing more until the next connection."""
        self.lagging = True

    def event(self, number: int, previous: int | None = None) -> Verdict:
        """Judge an event that is not in a page; raises `HoleError`.

        `previous` is its `previousSequenceNumber`, if it has one.
        """
        if self._is_old(number):
            return Verdict.OLD
        missing = self._is_hole(number - 1 if previous is None else previous)
        self.position = number
        return Verdict.AFTER_LOSS if missing else Verdict.NEW

    def open_page(self, start: int, *, complete: bool) -> bool:
        """Begin a page of missed messages; True if older ones are lost for good.

        Raises `HoleError`.
        """
        if self.lagging:
            return False
        return not complete or self._is_hole(start - 1)

    def in_page(self, number: int) -> Verdict:
        """Judge an event of the open page; its bounds vouch for what is left out."""
        if self._is_old(number):
            return Verdict.OLD
        self.position = number
        return Verdict.NEW

    def close_page(self, end: int) -> None:
        """Finish a page that covers all up to `end`, filtered events too."""
        self.other(end)

    def other(self, number: int) -> None:
        """Note the position that a reply, an error, a ping or a status shows."""
        if not self.lagging and number > (self.position or 0):
            self.position = number

    def _is_old(self, number: int) -> bool:
        return self.lagging or number <= (self.position or 0)

    def _is_hole(self, previous: int) -> bool:
        """Whether there is a hole that no resumption fills."""
        if previous <= (self.position or 0):
            return False
        if self._hole_at != self.position:
            self._hole_at, self._holes = self.position, 0
        self._holes += 1
        if self._holes < HOLE_PATIENCE:
            raise HoleError
        return True
