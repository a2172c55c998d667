"""GraphQL over Server-Sent Events: one operation a request, told as it happens.

For clients that cannot open a WebSocket. It is the "distinct connections" mode of the
GraphQL-over-SSE draft: `next` events with a response each, then `complete`.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Final

import structlog

from hugmood.errors import CloseCode
from hugmood.gateway.bearers import Known
from hugmood.gateway.burst import Burst
from hugmood.gateway.hub import Hub
from hugmood.gateway.member import Member
from hugmood.gateway.outgoing import Outgoing
from hugmood.gateway.subscription import Subscription
from hugmood.gateway.told import Telling

if TYPE_CHECKING:
    from hugmood.engine.records import Caller

MEDIA_TYPE: Final = "text/event-stream"
FULL: Final = 1 << 20
"""Bytes that wait past which events are no longer pushed but served from the stream."""
KEEP_ALIVE: Final = b":\n\n"

_COMPLETE: Final = b"event: complete\ndata:\n\n"

log = structlog.get_logger(__name__)


def event(payload: bytes, number: int = 0) -> bytes:
    """Write a response as an event; `number` is where to go on after a break."""
    name = b"id: %d\n" % number if number else b""
    return b"%bevent: next\ndata: %b\n\n" % (name, payload)


def answer(payload: bytes) -> bytes:
    """Write a response that is all there is."""
    return event(payload) + _COMPLETE


class EventStream(Member):
    """One subscription of one request: `Member` of the hub, `Sink` of the subscription."""

    def __init__(
        self,
        hub: Hub,
        known: Known,
        client_id: str,
        telling: Telling,
        after: int | None,
        ping_interval: int,
    ) -> None:
        """Begin to be told; what comes waits until it is sent."""
        self.caller: Caller | None = known.caller
        self.client_id = client_id
        self.farewell = False
        self.wheel_slot = 0
        self._hub = hub
        self._expires = known.expires
        self._interval = ping_interval
        self._next_ping = hub.now() + ping_interval
        self._waiting: deque[bytes] = deque()
        self._unsent = 0
        self._lagging = False
        self._over = False
        self._wake = asyncio.Event()
        hub.add(self)
        hub.signed_in(self)
        self._subscription = Subscription(known.caller, telling, after, hub.engine, self)
        log.info("event stream opened", client=client_id, user=known.caller.user_id)

    # What is sent

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield what is to be sent, until it is over."""
        try:
            while True:
                while self._waiting:
                    chunk = self._waiting.popleft()
                    yield chunk  # and wait until the socket has taken it
                    self._unsent -= len(chunk)
                if self._over:
                    return
                self._go_on()
                self._wake.clear()
                await self._wake.wait()
        finally:
            self._end()

    # What the hub tells

    def deliver(self, event: Outgoing, number: int) -> None:
        """Take an event of this user's stream as it happens."""
        self._subscription.deliver(event, number)

    def notify(self, notice: Outgoing) -> None:
        """Take a notice."""
        self._subscription.notify(notice)

    def announce(self, head: int) -> None:
        """Learn how long the stream is."""
        self._subscription.announce(head)

    def due(self) -> int:
        """Return when `tick` has something to do, ms."""
        return min(self._expires, self._next_ping)

    def tick(self, now: int) -> None:
        """Do what is due."""
        if now >= self._expires:
            self.close("session_expired")
        elif now >= self._next_ping:
            self._next_ping = now + self._interval
            self._put(KEEP_ALIVE)

    def close(self, code: CloseCode, delay: int | None = None) -> None:  # noqa: ARG002 (there is no word for it here)
        """End the stream; the client comes back, and learns whether it may."""
        log.info("closing", client=self.client_id, why=code)
        self._put(_COMPLETE)
        self._end()

    def flush(self, burst: Burst) -> None:
        """Do nothing: what waits is sent as the socket takes it."""

    @property
    def unsent(self) -> int:
        """Bytes that wait."""
        return self._unsent

    # What the subscription tells

    def next(self, payload: bytes, number: int) -> None:
        """Take the next one."""
        self._put(event(payload, number))
        if self.full and not self._lagging:
            self._lagging = True
            self._hub.lagging(self)
            self._subscription.lag()

    def failed(self) -> None:
        """End: the client comes back after the last number it has."""
        self._end()

    @property
    def full(self) -> bool:
        """Whether nothing more should come for now."""
        return self._unsent > FULL

    # Within

    def _put(self, chunk: bytes) -> None:
        if not self._over:
            self._waiting.append(chunk)
            self._unsent += len(chunk)
            self._wake.set()

    def _go_on(self) -> None:
        if self._lagging:
            self._lagging = False
            self._hub.no_longer_lagging(self)
            self._subscription.go_on()

    def _end(self) -> None:
        if not self._over:
            self._over = True
            self._subscription.stop()
            self._hub.remove(self)
            log.info("event stream closed", client=self.client_id)
        self._wake.set()
