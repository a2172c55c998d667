"""From data frames to messages: reassembly, kind, size, text (RFC 6455, RFC 7692)."""

from typing import final

from hugmood.gateway import frames
from hugmood.gateway.frames import Violation


def longest_frame(limit: int, *, deflate: bool) -> int:
    """Bytes that a frame of a message of `limit` bytes may have.

    Where there is nothing to compress, a sender's zlib with the least memory adds 4 %.
    """
    return limit + limit // 16 + 64 if deflate else limit


@final
class Assembly:
    """The messages one peer sends, put together frame by frame; pure.

    `kind` is the opcode the peer has to use, `limit` the greatest size of a message in
    bytes, over all its fragments and after inflation.
    """

    __slots__ = ("_deflate", "_kind", "_limit", "_parts", "_squeezed", "_usual")

    def __init__(self, kind: int, limit: int, *, deflate: bool) -> None:
        self._kind = kind
        self._usual = frames.FIN | kind
        self._limit = limit
        self._deflate = deflate
        self._parts: bytearray | None = None
        self._squeezed = False

    def frame(self, first: int, payload: bytes) -> bytes | None:
        """Take a frame's first byte and payload; the message, once it is whole.

        Control frames may come between fragments and change nothing. Raises `Violation`
        (1002, 1003, 1007, 1009); no frame may be given to it after that.
        """
        if first == self._usual and self._parts is None:
            self._squeezed = False
            return self._whole(payload)
        opcode = first & frames.OPCODE
        self._check(first, opcode)
        if opcode & frames.CLOSE:
            return None
        if opcode:
            self._squeezed = bool(first & frames.RSV1)
        if not first & frames.FIN:
            self._keep(payload)
            return None
        if self._parts is not None:
            payload = bytes(self._keep(payload))
            self._parts = None
        return self._whole(payload)

    def clear(self) -> None:
        """Give back the memory of a message begun."""
        self._parts = None

    def _check(self, first: int, opcode: int) -> None:
        """Raise `Violation` if this frame may not come now."""
        starts = 0 < opcode < frames.CLOSE
        # RSV1 is for the first frame of a compressed message (RFC 7692 section 6).
        if first & frames.RSV23 or (first & frames.RSV1 and not (starts and self._deflate)):
            raise Violation(frames.PROTOCOL_ERROR, "reserved bits set")
        if starts and self._parts is not None:
            raise Violation(frames.PROTOCOL_ERROR, "message inside a message")
        if starts and opcode != self._kind:
            raise Violation(frames.WRONG_KIND, "wrong kind of message")
        if opcode == frames.CONTINUATION and self._parts is None:
            raise Violation(frames.PROTOCOL_ERROR, "continuation of nothing")

    def _keep(self, payload: bytes) -> bytearray:
        """Add to the message begun; raises `Violation` when it grows too big."""
        if self._parts is None:
            self._parts = bytearray()
        self._parts += payload
        if len(self._parts) > longest_frame(self._limit, deflate=self._squeezed):
            raise self._too_big()
        return self._parts

    def _whole(self, payload: bytes) -> bytes:
        if self._squeezed:
            payload = frames.inflate(payload, self._limit)
        elif len(payload) > self._limit:
            raise self._too_big()
        if self._kind == frames.TEXT:
            frames.check_text(payload)
        return payload

    def _too_big(self) -> Violation:
        return Violation(frames.TOO_BIG, f"message over {self._limit} bytes")
