"""How records go over a socket pair: those of one loop turn together, in one frame."""

from collections.abc import Sequence
from typing import Final

import msgspec

from hugmood.engine.records import Record

LENGTH_BYTES: Final = 4

_encode: Final = msgspec.msgpack.Encoder().encode


def pack(records: Sequence[Record]) -> bytes:
    """Write records as one frame, in MessagePack."""
    return frame(_encode(records))


def frame(body: bytes) -> bytes:
    """Put four bytes of length before this."""
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


class Frames:
    """Cuts a stream of bytes back into the bodies that `frame` put lengths before."""

    __slots__ = ("_begun",)

    def __init__(self) -> None:
        """Start between two frames."""
        self._begun = bytearray()

    def feed(self, data: bytes | memoryview) -> list[bytes]:
        """Take bytes as they come; return the bodies of the frames they complete."""
        begun = self._begun
        if begun:
            begun += data
        # Most of what comes is a whole frame, which need not be gathered first.
        whole = begun or data
        frames = []
        start = 0
        while len(whole) - start >= LENGTH_BYTES:
            body = start + LENGTH_BYTES
            end = body + int.from_bytes(whole[start:body], "big")
            if end > len(whole):
                break
            frames.append(bytes(whole[body:end]))
            start = end
        if begun:
            del begun[:start]
        else:
            begun += data[start:]
        return frames
