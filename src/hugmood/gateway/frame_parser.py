"""One socket's bytes cut into frames, the way in from the event loop.

In Python, but for unmasking, which is C (websockets' extension). An echo costs the same CPU
time as with a parser in C, since the rest of the way is the same, and an idle socket next to
nothing: there is no buffer while nothing has arrived in part.
"""

import asyncio
from collections.abc import Callable
from typing import Final, final

try:
    from websockets.speedups import apply_mask
except ImportError:  # its C extension is not on every platform
    from websockets.utils import apply_mask

from hugmood.gateway import frames
from hugmood.gateway.frames import Violation
from hugmood.gateway.websocket import Connection

_OPCODES: Final = frozenset(
    {frames.CONTINUATION, frames.TEXT, frames.BINARY, frames.CLOSE, frames.PING, frames.PONG}
)
_DATA: Final = frozenset({frames.TEXT, frames.BINARY})
_HEAD: Final = 2
_MASK: Final = 4
_MASKED: Final = 0x80
"""Bytes, bytes, and a bit of the second byte (RFC 6455 section 5.2)."""
_WIDTHS: Final = {126: 2, 127: 8}
"""Bytes of the length that follow, where the second byte says so."""
_SHORTER: Final = {2: 125, 8: 0xFFFF}
"""The greatest length that a shorter form could have said."""


@final
class _Frames(asyncio.Protocol):
    """Cuts one socket's bytes into frames."""

    __slots__ = ("_connection", "_max_frame", "_rest")

    def __init__(self, connection: Connection, max_frame: int) -> None:
        self._connection = connection
        self._max_frame = max_frame
        self._rest = bytearray()

    def data_received(self, data: bytes | bytearray) -> None:
        if self._rest:
            self._rest += data
            data = self._rest
        at = 0
        try:
            while end := self._take(data, at):
                at = end
        except Violation as violation:
            self._rest = bytearray()
            self._connection.parser_failed(violation.code, violation.reason)
        else:
            self._keep(data, at)

    def pause_writing(self) -> None:
        self._connection.filled()

    def resume_writing(self) -> None:
        self._connection.drained()

    def eof_received(self) -> None:
        self._connection.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._connection.lost()

    def _take(self, data: bytes | bytearray, at: int) -> int:
        """Report the frame at `at` and return its end; 0 if it is not all there.

        Raises `Violation`.
        """
        start = at + _HEAD
        if len(data) < start:
            return 0
        first, second = data[at], data[at + 1]
        if second < _MASKED or first & frames.OPCODE not in _DATA:
            _check_head(first, second)
        length = second - _MASKED
        if width := _WIDTHS.get(length):
            if len(data) < start + width:
                return 0
            length = int.from_bytes(data[start : start + width], "big")
            start += width
            self._check_length(length, width)
        mask_end = start + _MASK
        end = mask_end + length
        if len(data) < end:
            return 0
        self._connection.frame_received(first, apply_mask(data[mask_end:end], data[start:mask_end]))
        return end

    def _keep(self, data: bytes | bytearray, at: int) -> None:
        if data is self._rest:
            del self._rest[:at]
        elif at < len(data):
            self._rest = bytearray(data[at:])

    def _check_length(self, length: int, width: int) -> None:
        if length <= _SHORTER[width] or length >> 63:
            raise Violation(frames.PROTOCOL_ERROR, "length in the wrong form")
        if length > self._max_frame:
            raise Violation(frames.TOO_BIG, f"frame over {self._max_frame} bytes")


def _check_head(first: int, second: int) -> None:
    """Check a frame's first two bytes (RFC 6455 sections 5.1, 5.2 and 5.5)."""
    opcode = first & frames.OPCODE
    if opcode not in _OPCODES:
        raise Violation(frames.PROTOCOL_ERROR, "unknown opcode")
    if not second & _MASKED:
        raise Violation(frames.PROTOCOL_ERROR, "frame without mask")
    if opcode & frames.CLOSE and (not first & frames.FIN or second & ~_MASKED in _WIDTHS):
        raise Violation(frames.PROTOCOL_ERROR, "control frame in fragments or too long")


def attach(
    connection: Connection, transport: asyncio.Transport, max_frame: int
) -> Callable[[bytes], None]:
    """Let frames of at most `max_frame` bytes come in; what returns takes more bytes."""
    parser = _Frames(connection, max_frame)
    transport.set_protocol(parser)
    return parser.data_received
