"""The writes of one loop turn, made in one go where HugMood is compiled (`_burst.c`).

Elsewhere every write goes to its transport, and a burst stays empty.
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, final

if TYPE_CHECKING:
    from hugmood.gateway.websocket import Connection

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

    __slots__ = ("_connections", "_descriptors", "_frames")

    def __init__(self) -> None:
        """Be empty."""
        self._connections: list[Connection] = []
        self._descriptors: list[int] = []
        self._frames: list[bytes] = []

    def add(self, connection: "Connection", descriptor: int, frame: bytes) -> None:
        """Take a frame for a connection that has nothing unsent."""
        self._connections.append(connection)
        self._descriptors.append(descriptor)
        self._frames.append(frame)

    def end(self) -> None:
        """Send what was taken; what a socket does not take at once its connection sends."""
        if not self._frames or send_each is None:
            return
        connections, self._connections = self._connections, []
        descriptors, self._descriptors = self._descriptors, []
        frames, self._frames = self._frames, []
        for place, taken in send_each(descriptors, frames):
            connections[place].hand_over(frames[place][taken:])
