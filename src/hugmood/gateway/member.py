"""A connection as the hub sees it, whatever is spoken on it."""

from mypy_extensions import mypyc_attr

from hugmood.engine.records import Caller
from hugmood.errors import CloseCode
from hugmood.gateway.burst import Burst
from hugmood.gateway.outgoing import Outgoing


# A class, not a protocol, for where it is compiled a delivery is then two calls in C; those
# who speak GraphQL are not compiled.
@mypyc_attr(allow_interpreted_subclasses=True)
class Member:
    """Somebody's connection: events are delivered to it, deadlines watched, frames flushed."""

    __slots__ = ("caller", "client_id", "farewell", "wheel_slot")

    caller: Caller | None
    """Who it is, once that is known."""
    client_id: str
    farewell: bool
    """Whether its user logged out, and will not be back."""
    wheel_slot: int
    """Where it stands on the `Wheel`."""

    def deliver(self, event: Outgoing, number: int) -> None:
        """Take an event of this user's stream as it happens."""
        raise NotImplementedError

    def notify(self, notice: Outgoing) -> None:
        """Take a notice, which has no place in the stream."""
        raise NotImplementedError

    def announce(self, head: int) -> None:
        """Learn how long the stream is, and fetch what is missing of it."""
        raise NotImplementedError

    def tick(self, now: int) -> None:
        """Do what is due."""
        raise NotImplementedError

    def due(self) -> int:
        """Return when `tick` has something to do, ms."""
        raise NotImplementedError

    def close(self, code: CloseCode, delay: int | None = None) -> None:
        """Say why and close; `delay` in ms is when to come back."""
        raise NotImplementedError

    def flush(self, burst: Burst) -> None:
        """Write all that this loop turn brought, at the latest when the burst ends."""
        raise NotImplementedError

    @property
    def unsent(self) -> int:
        """Bytes that the socket has not taken yet."""
        raise NotImplementedError
