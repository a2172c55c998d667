"""The writes of one loop turn, made in one go where HugMood is compiled (`_burst.c`).

Elsewhere every write goes to its transport, and a burst stays empty.
"""

import asyncio
from collections.abc import Callable
from typing import final

_SendEach = Callable[[list[int], list[bytes]], list[tuple[int, int]]]

send_each: _SendEach | None
try:
    from hugmood.gateway._burst import send_each
except ImportError:
    send_each = None

NO_DESCRIPTOR = -1


def descriptor_of(transport: asyncio.Transport) -> int:
    """Return what frames may be sent to past this transport, or `NO_DESCRIPTOR`.

    It stays valid until the transport has called `connection_lost`.
    """
    socket = transport.get_extra_info("socket")
    if send_each is None or socket is None or transport.get_extra_info("sslcontext"):
        return NO_DESCRIPTOR
    return int(socket.fileno())


@final
class Burst:
    """Frames on their way out, at most one for a socket."""

    __slots__ = ("_descriptors", "_frames", "_transports")

    def __init__(self) -> None:
        """Be empty."""
        self._transports: list[asyncio.Transport] = []
        self._descriptors: list[int] = []
        self._frames: list[bytes] = []

    def add(self, transport: asyncio.Transport, descriptor: int, frame: bytes) -> None:
        """Take a frame for a socket whose transport has nothing unsent."""
        self._transports.append(transport)
        self._descriptors.append(descriptor)
        self._frames.append(frame)

    def end(self) -> None:
        """Send what was taken; what a socket does not take at once its transport sends."""
        if not self._frames or send_each is None:
            return
        transports, self._transports = self._transports, []
        descriptors, self._descriptors = self._descriptors, []
        frames, self._frames = self._frames, []
        for place, taken in send_each(descriptors, frames):
            transports[place].write(frames[place][taken:])
