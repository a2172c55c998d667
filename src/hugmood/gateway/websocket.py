"""One WebSocket between bytes and whole messages; knows nothing of what they mean.

The gateway gives an `Endpoint`, holds a `Connection` for each socket and is told what
happens through its `Receiver`. What parses frames is in `frame_parser`, the way in from HTTP
in `upgrade`.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol, final

from starlette.datastructures import Headers

from hugmood.gateway import frames
from hugmood.gateway.assembly import Assembly
from hugmood.gateway.burst import NO_DESCRIPTOR, Burst, descriptor_of
from hugmood.gateway.frames import Violation

_LOG: Final = logging.getLogger(__name__)

_WRITE_HIGH: Final = 1 << 20
_WRITE_LOW: Final = 1 << 16
"""Bytes: unsent past the first, `Receiver.writable` is called at the second."""
_PONG_CEILING: Final = 1 << 16
"""Unsent bytes past which pings go unanswered (RFC 6455 section 5.5.3 allows it)."""


class Receiver(Protocol):
    """What the gateway does about one socket; its methods must not block."""

    def message_received(self, message: bytes) -> None:
        """Take a whole message: reassembled, inflated, and if text then valid UTF-8."""

    def alive(self) -> None:
        """Note a sign of life that is no message: a ping, a pong, or a fragment."""

    def congested(self) -> None:
        """Slow down: more than 1 MiB is unsent; called from within `Connection.write`."""

    def writable(self) -> None:
        """Go on: the unsent bytes, once above 1 MiB, have drained below 64 KiB."""

    def server_stopping(self) -> None:
        """Say goodbye now; unless this closes the connection, 1001 does right after."""

    def connection_lost(self) -> None:
        """Let go of the connection: called exactly once, whoever closed."""


@final
@dataclass(slots=True)
class UpgradeRequest:
    """A valid WebSocket handshake (RFC 6455 section 4.2.1)."""

    path: str
    query: str
    headers: Headers
    remote: str
    """The client's IP address, as far as it is known; empty on a Unix socket."""
    secure: bool
    """Whether it came over TLS to this server itself."""
    subprotocols: list[str]
    """Those offered, the client's favourite first."""


@final
@dataclass(slots=True)
class Acceptance:
    """The socket is wanted."""

    open: Callable[["Connection"], Receiver]
    """Called once, after the handshake's answer; it may write and close at once."""
    binary: bool
    """The kind of frames spoken, both ways; the other kind closes with 1003."""
    subprotocol: str | None = None
    headers: list[tuple[str, str]] = field(default_factory=list)


@final
@dataclass(slots=True)
class Refusal:
    """The socket is not wanted: answered over HTTP, and TCP is closed."""

    status: int
    text: str
    headers: list[tuple[str, str]] = field(default_factory=list)


class Endpoint(Protocol):
    """What decides about new sockets."""

    def accept(self, request: UpgradeRequest) -> Acceptance | Refusal:
        """Decide at once; this runs on the event loop."""
        ...


class Farewells:
    """Connections in closing; one timer cuts those whose peer takes too long."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._due: dict[Connection, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def add(self, connection: "Connection") -> None:
        """Give this connection so many seconds from now."""
        loop = asyncio.get_running_loop()
        self._due.setdefault(connection, loop.time() + self._seconds)
        if self._timer is None:
            self._timer = loop.call_later(self._seconds, self._sweep)

    def discard(self, connection: "Connection") -> None:
        """Forget the connection: it has gone by itself."""
        self._due.pop(connection, None)

    def _sweep(self) -> None:
        """Cut what is overdue; all have the same time, so the oldest come first."""
        loop = asyncio.get_running_loop()
        self._timer = None
        for connection, due in list(self._due.items()):
            if due > loop.time():
                self._timer = loop.call_at(due, self._sweep)
                return
            del self._due[connection]
            connection.abort()


@final
class Connection:
    """An accepted socket: for the gateway, the way to write and to close.

    `remote` is the peer's address; `deflate` says if compressed frames may be written.
    The second half is for the frame parser below: it reports here, and checks the form
    of each frame by itself (opcode, mask, length, size of control frames).
    """

    __slots__ = (
        "_all_sent",
        "_assembly",
        "_descriptor",
        "_farewells",
        "_open",
        "_peers",
        "_receiver",
        "_transport",
        "deflate",
        "remote",
    )
    __deletable__ = ("_receiver",)  # mypyc asks
    _receiver: Receiver
    _peers: "set[Connection]"

    def __init__(
        self,
        transport: asyncio.Transport,
        assembly: Assembly,
        farewells: Farewells,
        *,
        remote: str,
        deflate: bool,
    ) -> None:
        self._transport = transport
        self._assembly = assembly
        self._farewells = farewells
        self._open = True
        self.remote = remote
        self.deflate = deflate
        self._descriptor = descriptor_of(transport)
        self._all_sent = False
        """Whether it is known that the transport has nothing unsent: to ask takes a while."""
        transport.set_write_buffer_limits(high=_WRITE_HIGH, low=_WRITE_LOW)

    def write(self, ready: bytes) -> None:
        """Send whole frames made by `frames.frame`; nothing happens once closed.

        Never blocks and never drops: what the peer does not take is held in memory, so
        look at `unsent`.
        """
        if self._open:
            self.hand_over(ready)

    def write_in(self, burst: Burst, ready: bytes) -> None:
        """As `write`, at the end of the burst; until then write nothing else."""
        if not self._open:
            return
        if not self._all_sent:
            self._all_sent = self._descriptor != NO_DESCRIPTOR and self.unsent == 0
        if self._all_sent:
            burst.add(self, self._descriptor, ready)
        else:
            self.hand_over(ready)

    @property
    def unsent(self) -> int:
        """Bytes written that the kernel has not taken yet.

        With TLS up to 64 KiB and one write more, which are on their way out.
        """
        return self._transport.get_write_buffer_size()

    def close(self, code: int, reason: str = "", *, last: bytes = b"") -> None:
        """Send `last`, then a close frame; TCP goes when the peer is done, or is cut.

        From here on writes do nothing and messages are not delivered;
        `connection_lost` still comes. Closing twice is closing once.
        """
        if self._open:
            self._end()
            self.hand_over(last + frames.close_frame(code, reason))
            self._transport.resume_reading()  # the peer's close frame has to be seen

    def abort(self) -> None:
        """Cut TCP at once; what is unsent is lost."""
        self._open = False
        self._transport.abort()

    def pause_reading(self) -> None:
        """Read no more from the peer; that it closes goes unseen meanwhile.

        Messages that were read before, with the one that led to this, still come.
        """
        if self._open:
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Take messages again."""
        if self._open:
            self._transport.resume_reading()

    # What follows is for bursts, the frame parser and the HTTP server, not for the gateway.

    def hand_over(self, ready: bytes) -> None:
        """Have the transport send this, also once closed: a frame, or the rest of one."""
        self._all_sent = False
        self._transport.write(ready)

    def opened(self, receiver: Receiver, peers: "set[Connection]") -> None:
        """Count as one of the `peers` that uvicorn waits for when it stops."""
        self._receiver = receiver
        self._peers = peers
        peers.add(self)

    def frame_received(self, first: int, payload: bytes) -> None:
        """Take an unmasked frame; `first` is its first byte (RFC 6455 section 5.2)."""
        if self._open:
            try:
                message = self._assembly.frame(first, payload)
                if first & frames.CLOSE:
                    self._answer(first & frames.OPCODE, payload)
            except Violation as violation:
                self.close(violation.code, violation.reason)
            else:
                self._report(message)
        if first & frames.OPCODE == frames.CLOSE:
            self._transport.close()  # both sides have said it, or this one did it wrong

    def filled(self) -> None:
        """The transport has too much to send."""
        if self._open:
            self._receiver.congested()

    def drained(self) -> None:
        """The transport has room again after it had too much."""
        if self._open:
            self._receiver.writable()

    def eof_received(self) -> None:
        """The peer will send no more: the transport closes itself after this."""
        self._end()

    def parser_failed(self, code: int, reason: str) -> None:
        """What comes cannot be read as frames any more: close without reading on.

        TCP is closed in one direction only, so that the peer gets to read the close
        frame: a socket closed with bytes unread is reset. TLS waits by itself.
        """
        self.close(code, reason)
        self._transport.set_protocol(_Deaf(self))
        if self._transport.is_closing():
            return
        if self._transport.can_write_eof():
            self._transport.write_eof()
        else:
            self._transport.close()

    def lost(self) -> None:
        """TCP has gone."""
        self._open = False
        self._assembly.clear()
        self._farewells.discard(self)
        self._peers.discard(self)
        receiver = self._receiver
        del self._receiver  # it refers to this connection: leave the collector no cycle
        receiver.connection_lost()

    def shutdown(self) -> None:
        """The server stops: uvicorn calls this on everything it has open."""
        if self._open:
            self._receiver.server_stopping()
        self.close(frames.GOING_AWAY)

    def _report(self, message: bytes | None) -> None:
        try:
            if message is not None:
                self._receiver.message_received(message)
            elif self._open:
                self._receiver.alive()
        except Exception:  # noqa: BLE001 (one socket's trouble must not become another's)
            _LOG.exception("a receiver failed")
            self.close(frames.INTERNAL_ERROR)

    def _answer(self, opcode: int, payload: bytes) -> None:
        if opcode == frames.PING and self.unsent < _PONG_CEILING:
            self.hand_over(frames.control(frames.PONG, payload))
        elif opcode == frames.CLOSE:
            self.close(frames.close_code(payload))

    def _end(self) -> None:
        self._open = False
        self._assembly.clear()
        self._farewells.add(self)


@final
class _Deaf(asyncio.Protocol):
    """Takes a parser's place when it has failed, until the peer has gone."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._connection.lost()
