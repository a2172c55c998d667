"""The frame parser for production: picows, kept out of sight.

picows is made for its own server; this uses the private constructor of its protocol
class, so its version is pinned and a test holds the signature. What it is good for here:
framing and unmasking in C. What it is kept from:

- the handshake: `upgrade` answers it; picows is shown a constant one, without the
  client's headers, which it would hold for the life of the socket;
- the socket: it sends straight to the file descriptor unless the transport is TLS. So
  `_Listener` stands in for the transport and says it is, and every byte takes one way;
- pings, pongs and close frames: `Connection` answers them;
- closing: 10 ms after an error it closes TCP, which resets it if bytes are unread.

It parses one frame ahead: a message right before a violation, in one segment with it, is
lost. Neither was acknowledged, so a client cannot tell. An idle socket costs 10.7 KB, of
which all but 2.1 are picows'.
"""

import asyncio
import logging
import sys
from collections.abc import Callable
from functools import partial
from typing import Any, Final, final

from picows import (
    WSAutoPingStrategy,
    WSFrame,
    WSListener,
    WSProtocolError,
    WSTransport,
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
)
from picows.picows import WSProtocol  # type: ignore[attr-defined]  # not in its stub

from hugmood.gateway import frames
from hugmood.gateway.websocket import Connection

_HANDSHAKE: Final = (
    b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
_READ_BUFFER: Final = 2048
"""Bytes; the least that picows takes."""
_READ_MAX: Final = 16 * 1024
"""Bytes a socket may read at a time.

picows doubles its buffer whenever one read fills it, and never shrinks it: a flood would
grow it to what the kernel holds, some megabytes for each socket.
"""


@final
class _Faults(logging.LoggerAdapter[logging.Logger]):
    """What picows logs, without what peers can cause: our own exceptions remain."""

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802 (the library's name)
        return level >= logging.ERROR and super().isEnabledFor(level)

    def log(self, level: int, msg: object, *args: Any, **_: Any) -> None:  # noqa: ANN401
        fault = sys.exc_info()[1]
        if fault is not None and not isinstance(fault, WSProtocolError):
            super().log(level, msg, *args, exc_info=fault)


_FAULTS: Final = _Faults(logging.getLogger(__name__))


class _NoSocket:
    """A socket's stand-in: what picows would set on it, the event loop has set."""

    def fileno(self) -> int:
        return -1

    def setsockopt(self, *_: object) -> None:
        """Leave it as it is; a Unix socket would not even have TCP_NODELAY."""

    def getsockopt(self, *_: object) -> int:
        return 0


_EXTRA_INFO: Final[dict[str, object]] = {"socket": _NoSocket(), "ssl_object": True}


@final
class _Listener(WSListener):
    """Hears picows from above and, as if it were the transport, from below."""

    __slots__ = ("_transport", "connection")

    def __init__(self, connection: Connection, transport: asyncio.Transport) -> None:
        self.connection = connection
        self._transport = transport

    def accept(self, _: WSUpgradeRequest) -> WSUpgradeResponseWithListener:
        return WSUpgradeResponseWithListener(WSUpgradeResponse.create_101_response(), self)

    # From above

    def on_ws_connected(self, transport: WSTransport) -> None:
        # picows keeps both for as long as the socket lives.
        transport.request.headers.clear()
        transport.response.headers.clear()

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:  # noqa: ARG002
        opcode: int = frame.msg_type  # type: ignore[assignment]  # an IntEnum in truth
        first = frame.fin << 7 | frame.rsv1 << 6 | frame.rsv2 << 5 | frame.rsv3 << 4 | opcode
        self.connection.frame_received(first, frame.get_payload_as_bytes())

    def on_ws_disconnected(self, transport: WSTransport) -> None:  # noqa: ARG002
        self.connection.lost()

    def pause_writing(self) -> None:
        self.connection.filled()

    def resume_writing(self) -> None:
        self.connection.drained()

    # From below

    def get_extra_info(self, name: str) -> object:
        return _EXTRA_INFO.get(name)

    def get_write_buffer_size(self) -> int:
        return self._transport.get_write_buffer_size()

    def write(self, data: bytes) -> None:
        """Take what picows says: its handshake, or a close frame for an error."""
        if data[0] == frames.FIN | frames.CLOSE:
            code, reason = int.from_bytes(data[2:4], "big"), data[4:].decode(errors="replace")
            self.connection.parser_failed(code, reason)

    def close(self) -> None:
        """Nothing: after an error `Connection` has closed already, gently."""


@final
class _Frames(WSProtocol):  # type: ignore[misc]  # not in its stub
    """picows' parser for one socket."""

    __slots__ = ()

    def get_buffer(self, hint: int) -> memoryview:
        buffer: memoryview = super().get_buffer(hint)
        return buffer[:_READ_MAX]

    def eof_received(self) -> bool:
        self.listener.connection.eof_received()
        return False


def attach(
    connection: Connection, transport: asyncio.Transport, max_frame: int
) -> Callable[[bytes], None]:
    """Let frames of at most `max_frame` bytes come in; what returns takes more bytes."""
    listener = _Listener(connection, transport)
    parser = _Frames(
        host_port=None,
        ws_path=None,
        is_client_side=False,
        ws_listener_factory=listener.accept,
        logger=_FAULTS,
        disconnect_on_exception=True,  # if the gateway raises: closes with 1011
        websocket_handshake_timeout=None,  # it would be a timer for each socket
        enable_auto_ping=False,  # it would be a task for each socket
        auto_ping_idle_timeout=0,
        auto_ping_reply_timeout=0,
        auto_ping_strategy=WSAutoPingStrategy.PING_WHEN_IDLE,
        enable_auto_pong=False,  # pings would not be seen here
        max_frame_size=max_frame,
        extra_headers=None,
        read_buffer_init_size=_READ_BUFFER,
    )
    parser.connection_made(listener)
    _feed(parser, _HANDSHAKE)
    transport.set_protocol(parser)
    return partial(_feed, parser)


def _feed(parser: _Frames, data: bytes) -> None:
    """Give bytes to the parser as a transport would."""
    while data:
        room = parser.get_buffer(len(data))
        count = min(len(room), len(data))
        room[:count] = data[:count]
        parser.buffer_updated(count)
        data = data[count:]
