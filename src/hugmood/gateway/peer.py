"""One socket: its conversation (`Session`), its place in the stream (`Cursor`).

What the session wants done is done here; what the hub delivers goes through here.
"""

from functools import partial
from typing import TYPE_CHECKING, Final

import structlog
from msgspec import UNSET, Raw, UnsetType

from hugmood.engine.link import Reply
from hugmood.engine.records import Answer, Ask, Caller, Grant, StreamPage
from hugmood.errors import CloseCode, unavailable
from hugmood.gateway.batching import batched
from hugmood.gateway.burst import Burst
from hugmood.gateway.member import Member
from hugmood.gateway.outgoing import Outgoing, frame
from hugmood.gateway.wanted import Wanted
from hugmood.gateway.websocket import Connection
from hugmood.wire import codec
from hugmood.wire.cursor import Cursor, Verdict
from hugmood.wire.message import MissedMessages
from hugmood.wire.session import Effect, Forward, Hang, Send, Session

if TYPE_CHECKING:
    from hugmood.gateway.hub import Hub

LAG_BYTES: Final = 1 << 20
"""Unsent bytes past which events are no longer pushed but served from the stream."""

MAX_OUTSTANDING: Final = 256
"""Commands in hand past which a connection is not read on."""

_INTERNAL_ERROR: Final = 1011

log = structlog.get_logger(__name__)


class Peer(Member):
    """The gateway's end of one connection; `Receiver` of its socket."""

    __slots__ = (
        "__weakref__",
        "_batching",
        "_binary",
        "_connection",
        "_fetching",
        "_hub",
        "_outstanding",
        "_paused",
        "_pending",
        "_resuming",
        "_session",
        "_wanted",
        "cursor",
    )

    def __init__(
        self, connection: Connection, hub: "Hub", session: Session, client_id: str, *, binary: bool
    ) -> None:
        """Speak JSON, or if `binary` MessagePack, over this connection."""
        self._connection = connection
        self._hub = hub
        self._session = session
        self._binary = binary
        self._batching = False
        self._wanted: Wanted | None = None
        self._pending: list[bytes] = []
        self._outstanding = 0
        self._fetching = False
        self._resuming = False
        self._paused = False
        self.client_id = client_id
        self.caller: Caller | None = None
        self.cursor = Cursor(0, newest=0)
        self.farewell = False
        self.wheel_slot = 0

    # What the socket tells

    def message_received(self, message: bytes) -> None:
        """Take a whole message."""
        self._do(self._session.receive(message, self._hub.now()))

    def alive(self) -> None:
        """Note a sign of life."""
        self._session.alive(self._hub.now())

    def congested(self) -> None:
        """Stop pushing and reading: what comes now is served from the stream later."""
        self.cursor.lag()
        self._pause()
        self._hub.lagging(self)

    def writable(self) -> None:
        """Go on after the socket was full."""
        self._read_on()
        self._hub.no_longer_lagging(self)
        if not self.cursor.following:
            self._fetch()

    def server_stopping(self) -> None:
        """Say goodbye: the hub has chosen when this client may come back."""
        self.close("server_shutdown")

    def connection_lost(self) -> None:
        """Let go."""
        self._session.lost()
        self._hub.remove(self)
        log.info("connection closed", client=self.client_id)

    # What the hub tells

    def deliver(self, event: Outgoing, number: int) -> None:
        """Take an event of this user's stream as it happens."""
        if self._wanted is None and self.cursor.follow(number):
            # What follows is `_post`, for nearly everything that is sent comes this way.
            pending = self._pending
            if not pending:
                self._hub.flush_later(self)
            pending.append(self._ready(event, number, None))
            return
        verdict = self.cursor.offer(number)
        if verdict is Verdict.SEND and self._wants(event):
            self._post(self._ready(event, number, self.cursor.take(number)))
        elif verdict is Verdict.SEND:
            self.cursor.pass_over(number)
        elif verdict is Verdict.FETCH:
            self._fetch()

    def notify(self, notice: Outgoing) -> None:
        """Take a notice, which has no place in the stream: it carries the position."""
        if self._wants(notice):
            self._post(self._ready(notice, self.cursor.position, None))

    def announce(self, head: int) -> None:
        """Learn how long the stream is, and fetch what is missing of it."""
        if self.cursor.announce(head):
            self._fetch()

    def tick(self, now: int) -> None:
        """Do what is due."""
        self._do(self._session.tick(now))

    def due(self) -> int:
        """Return when `tick` has something to do, ms."""
        return self._session.due()

    def close(self, code: CloseCode, delay: int | None = None) -> None:
        """Say why and close; `delay` in ms is when to come back."""
        self._do(self._session.close(code, delay))

    def flush(self, burst: Burst) -> None:
        """Write all that this loop turn brought in one go; the hub calls it once."""
        pending = self._pending
        if self._batching:
            self._join()
        ready = pending[0] if len(pending) == 1 else b"".join(pending)
        pending.clear()
        self._connection.write_in(burst, ready)

    @property
    def unsent(self) -> int:
        """Bytes that the socket has not taken yet."""
        return self._connection.unsent

    # Effects

    def _do(self, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Send):
                self._send(effect.prefix)
            elif isinstance(effect, Forward):
                self._forward(effect)
            else:
                self._hang(effect)

    def _send(self, prefix: bytes) -> None:
        self._post_message(prefix + codec.suffix(self.cursor.position))

    def _post_message(self, message: bytes) -> None:
        self._post(message if self._batching else self._frame(message))

    def _frame(self, message: bytes) -> bytes:
        return frame(message, binary=self._binary, deflate=self._connection.deflate)

    def _ready(self, event: Outgoing, number: int, previous: int | None) -> bytes:
        if self._batching:
            return event.bare(number, previous)
        return event.frame(number, previous, binary=self._binary, deflate=self._connection.deflate)

    def _post(self, ready: bytes) -> None:
        if not self._pending:
            self._hub.flush_later(self)
        self._pending.append(ready)

    def _hang(self, effect: Hang) -> None:
        log.info("closing", client=self.client_id, code=effect.websocket_code, why=effect.reason)
        if self._batching:
            self._join()
        last, self._pending = b"".join(self._pending), []
        self._connection.close(effect.websocket_code, effect.reason, last=last)
        self._hub.remove(self)

    def _forward(self, effect: Forward) -> None:
        envelope = effect.envelope
        ask = Ask(
            number=0,
            type=envelope.type,
            id=envelope.id,
            data=bytes(envelope.data) if envelope.data else b"",
            caller=self.caller,
            at=None if isinstance(envelope.timestamp, UnsetType) else int(envelope.timestamp),
            client=self.client_id,
            remote=self._connection.remote,
        )
        self._outstanding += 1
        if self._outstanding >= MAX_OUTSTANDING:
            self._pause()
        self._hub.engine.ask(ask, partial(self._answered, effect))

    def _answered(self, effect: Forward, reply: Reply) -> None:
        self._outstanding -= 1
        if self._paused and self._outstanding < MAX_OUTSTANDING // 2:
            self._read_on()
        if not isinstance(reply, Answer):
            raise TypeError(reply)
        if reply.narrowing:
            self._wanted = Wanted.of(reply.narrowing)
        if reply.grant and not self._session.over:
            self._signed_in(reply.grant, effect, reply)
        else:
            self._do(self._session.answered(effect.slot, reply.data, reply.refusal))

    # The stream

    def _signed_in(self, grant: Grant, effect: Forward, reply: Answer) -> None:
        self._session.signed_in(grant.expires)
        first = self.caller is None
        self.caller = grant.caller
        if first:
            newest = grant.head if grant.resume else grant.position
            self.cursor = Cursor(grant.position, newest=newest)
            self._hub.signed_in(self)
            log.info("signed in", client=self.client_id, user=grant.caller.user_id)
        self._do(self._session.answered(effect.slot, reply.data, reply.refusal))
        if codec.BATCH in codec.capabilities(effect.envelope):
            self._batch_from_now_on()
        if not first:
            return
        if grant.reset:
            self._tell_missed([], grant.head, grant.head, complete=False)
        elif grant.resume and not self.cursor.following:
            self._resuming = True
            self._fetch()

    def _fetch(self) -> None:
        if self._fetching or self.caller is None:
            return
        self._fetching = True
        self._hub.engine.ask_page(self.caller.key, self.cursor.position, self._page_came)

    def _page_came(self, reply: Reply) -> None:
        self._fetching = False
        if self._session.over:
            return
        if not isinstance(reply, StreamPage):
            # Without its stream this connection would have a silent hole.
            log.error("stream page failed", client=self.client_id)
            self._connection.close(_INTERNAL_ERROR, unavailable().refusal.code)
            return
        self._send_page(reply)
        more = self.cursor.end_page(reply.end, reply.head)
        if more and self._connection.unsent <= LAG_BYTES:
            self._fetch()
        elif not more:
            self._resuming = False

    def _send_page(self, page: StreamPage) -> None:
        if not page.complete:
            self.cursor.lost(page.start - 1)
        entries = [
            (entry.prefix, entry.number, self.cursor.take(entry.number))
            for entry in page.entries
            if self._wants(Outgoing(entry.prefix, entry.author))
        ]
        if self._resuming or not page.complete:
            messages = [prefix + codec.suffix(number, prev) for prefix, number, prev in entries]
            if messages or not page.complete:
                self._tell_missed(messages, page.start, page.end, complete=page.complete)
            return
        for prefix, number, previous in entries:
            self._post(self._ready(Outgoing(prefix), number, previous))

    def _tell_missed(self, messages: list[bytes], start: int, end: int, *, complete: bool) -> None:
        missed = MissedMessages(
            messages=[Raw(message) for message in messages],
            start_sequence=start,
            end_sequence=end,
            complete=UNSET if complete else False,
        )
        message_id = self._hub.ambient.message_id(missed.id_prefix)
        now = self._hub.ambient.now()
        prefix = codec.prefix(missed.wire_type, message_id, codec.encode(missed), now)
        self._post_message(prefix + codec.suffix(end))

    def _wants(self, event: Outgoing) -> bool:
        return self._wanted is None or self._wanted.takes(event)

    # Batches: what is pending is then messages, which become frames as they go out

    def _batch_from_now_on(self) -> None:
        if not self._batching and not self._session.over:
            self._connection.write(b"".join(self._pending))
            self._pending.clear()
            self._batching = True

    def _join(self) -> None:
        self._pending[:] = map(self._frame, batched(self._pending, self._hub.ambient))

    # A full socket, or a flood

    def _pause(self) -> None:
        self._paused = True
        self._connection.pause_reading()

    def _read_on(self) -> None:
        if self._paused:
            self._paused = False
            self._connection.resume_reading()
