"""Server messages as frames: an event is encoded once, however many receive it.

Per recipient only the number differs, so a frame is a shared head, which depends on
no more than the number's length, and a short tail.
"""

from typing import Any, Final

import msgspec

from hugmood.gateway import frames
from hugmood.wire import codec
from hugmood.wire.codec import suffix

DEFLATE_FROM: Final = 1024
"""Bytes; below, compressing costs more than it saves."""


def frame(message: bytes, *, binary: bool, deflate: bool) -> bytes:
    """Put one of the server's JSON messages in a frame for this kind of connection."""
    payload = codec.pack(message) if binary else message
    if deflate and len(payload) >= DEFLATE_FROM:
        return frames.frame(frames.deflate(payload), binary=binary, deflated=True)
    return frames.frame(payload, binary=binary)


class Outgoing:
    """An event on its way to many connections; `prefix` is its JSON less the number.

    `author` is the key of the person who caused it, 0 for none.
    """

    __slots__ = ("_data", "_heads", "_kind", "_packed", "_packed_heads", "author", "prefix", "told")

    def __init__(self, prefix: bytes, author: int = 0) -> None:
        """Prepare nothing: heads are made as numbers of each length come."""
        self.prefix = prefix
        self.author = author
        self._kind = ""
        self._heads: dict[int, bytes] = {}
        self._packed = b""
        self._packed_heads: dict[int, bytes] = {}
        self._data: dict[str, Any] | None = None
        self.told: dict[object, Any] | None = None
        """What others make of it for many, by what they make it with."""

    @property
    def data(self) -> dict[str, Any]:
        """The message's `data` as plain values, read once; nobody may change it."""
        if self._data is None:
            self._data = msgspec.json.decode(self.prefix + b"}")["data"]
        return self._data

    @property
    def kind(self) -> str:
        """The message's type, read once however many connections ask."""
        if not self._kind:
            self._kind = codec.kind_of(self.prefix)
        return self._kind

    def bare(self, number: int, previous: int | None = None) -> bytes:
        """Return the message in JSON, without a frame."""
        return self.prefix + suffix(number, previous)

    def frame(self, number: int, previous: int | None, *, binary: bool, deflate: bool) -> bytes:
        """Return the frame of this kind of connection; one that is compressed is made anew."""
        if deflate and len(self.prefix) >= DEFLATE_FROM:
            return frame(self.prefix + suffix(number, previous), binary=binary, deflate=True)
        return self.binary(number, previous) if binary else self.text(number, previous)

    def text(self, number: int, previous: int | None = None) -> bytes:
        """Return the frame of a JSON connection, not compressed."""
        tail = b',"sequenceNumber":%d}' % number if previous is None else suffix(number, previous)
        head = self._heads.get(len(tail))
        if head is None:
            length = len(self.prefix) + len(tail)
            head = self._heads[len(tail)] = frames.header(length, binary=False) + self.prefix
        return head + tail

    def binary(self, number: int, previous: int | None = None) -> bytes:
        """Return the frame of a MessagePack connection, not compressed."""
        if previous is not None:
            message = self.prefix + suffix(number, previous)
            return frame(message, binary=True, deflate=False)
        if not self._packed:
            self._packed = codec.packed_prefix(self.prefix)
        tail = codec.packed_suffix(number)
        head = self._packed_heads.get(len(tail))
        if head is None:
            length = len(self._packed) + len(tail)
            head = frames.header(length, binary=True) + self._packed
            self._packed_heads[len(tail)] = head
        return head + tail
