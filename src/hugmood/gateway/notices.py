"""Notices on their way: what no stream holds, folded so that bursts cost little.

Of several about one thing only the latest counts. So they are held for a moment, and a
connection that is behind gets none until it has caught up, but then the latest of each.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, Generic, NamedTuple, Protocol, TypeVar

from hugmood.engine.records import Transient, integers
from hugmood.errors import CloseCode
from hugmood.gateway.outgoing import Outgoing

BEHIND: Final = 256 * 1024
"""Unsent bytes past which a connection gets no notices."""

MOST_OWED: Final = 1_000
"""Things that a connection may be owed the latest of; with more it is closed."""


class Recipient(Protocol):
    """A connection, as notices see it."""

    client_id: str

    @property
    def unsent(self) -> int:
        """Bytes that the socket has not taken yet."""
        ...

    def notify(self, notice: Outgoing) -> None:
        """Send this now."""
        ...

    def close(self, code: CloseCode) -> None:
        """Say why and close."""
        ...


R = TypeVar("R", bound=Recipient)


class _Held(NamedTuple):
    notice: Outgoing
    spare: str


class Notices(Generic[R]):
    """What is held for users, and what is owed to connections that are behind."""

    def __init__(self) -> None:
        """Hold nothing."""
        self._held: dict[int, dict[str, _Held]] = {}
        self._owed: dict[R, dict[str, Outgoing]] = {}

    def take(self, transient: Transient, connected: Mapping[int, Sequence[R]]) -> None:
        """Send a notice to these users' connections, or hold it if it can be folded."""
        held = _Held(Outgoing(transient.prefix, transient.author), transient.spare)
        for user in integers(transient.users):
            if user not in connected:
                continue
            if transient.fold:
                waiting = self._held.setdefault(user, {})
                waiting.pop(transient.fold, None)  # it is told last, being the latest
                waiting[transient.fold] = held
            else:
                self._give(connected[user], "", held)

    def release(self, connected: Mapping[int, Sequence[R]]) -> None:
        """Send what is held, and what is owed to those who have caught up."""
        self._pay()
        waiting, self._held = self._held, {}
        for user, notices in waiting.items():
            for fold, held in notices.items():
                self._give(connected.get(user, ()), fold, held)

    def discard(self, recipient: R) -> None:
        """Owe nothing to a connection that is gone."""
        self._owed.pop(recipient, None)

    def _give(self, recipients: Collection[R], fold: str, held: _Held) -> None:
        for recipient in list(recipients):  # one that is closed leaves them
            owed = self._owed.get(recipient)
            if owed is not None:
                owed.pop(fold, None)  # this is newer
            if recipient.client_id == held.spare:
                continue
            if recipient.unsent <= BEHIND:
                recipient.notify(held.notice)
            elif fold:
                self._owe(recipient, fold, held.notice)

    def _owe(self, recipient: R, fold: str, notice: Outgoing) -> None:
        owed = self._owed.setdefault(recipient, {})
        owed[fold] = notice
        if len(owed) > MOST_OWED:
            # It fetches what holds when it comes back: nothing is wrong for long.
            recipient.close("slow_consumer")

    def _pay(self) -> None:
        for recipient, owed in list(self._owed.items()):
            if recipient.unsent <= BEHIND:
                del self._owed[recipient]
                for notice in owed.values():
                    recipient.notify(notice)
