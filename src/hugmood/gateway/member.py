"""A connection as the hub sees it, whatever is spoken on it."""

from typing import Protocol

from hugmood.engine.records import Caller
from hugmood.errors import CloseCode
from hugmood.gateway.burst import Burst
from hugmood.gateway.outgoing import Outgoing


class Member(Protocol):
    """Somebody's connection: events are delivered to it, deadlines watched, frames flushed."""

    caller: Caller | None
    client_id: str
    farewell: bool
    """Whether its user logged out, and will not be back."""
    wheel_slot: int

    def deliver(self, event: Outgoing, number: int) -> None:
        """Take an event of this user's stream as it happens."""
        ...

    def notify(self, notice: Outgoing) -> None:
        """Take a notice, which has no place in the stream."""
        ...

    def announce(self, head: int) -> None:
        """Learn how long the stream is, and fetch what is missing of it."""
        ...

    def tick(self, now: int) -> None:
        """Do what is due."""
        ...

    def due(self) -> int:
        """Return when `tick` has something to do, ms."""
        ...

    def close(self, code: CloseCode, delay: int | None = None) -> None:
        """Say why and close; `delay` in ms is when to come back."""
        ...

    def flush(self, burst: Burst) -> None:
        """Write all that this loop turn brought, at the latest when the burst ends."""
        ...

    @property
    def unsent(self) -> int:
        """Bytes that the socket has not taken yet."""
        ...
