"""One client that does as it is told, where the load generator would be too much."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from websockets.sync.client import ClientConnection, connect

from native import Target

_PATIENCE_S = 60.0


class Caller:
    """One client that sends a command and waits for its answer."""

    def __init__(self, connection: ClientConnection) -> None:
        """Send over a connection that is signed in."""
        self._connection = connection
        self._sent = time.monotonic_ns()

    def mood_update(self, message: str) -> None:
        """Send it with a fresh id for its `@@`, and wait."""
        self._sent += 1
        self._connection.send(message.replace("@@", str(self._sent)))
        while "mood_update_response" not in self._connection.recv(timeout=_PATIENCE_S):
            pass


@contextmanager
def calling(target: Target, auth: str) -> Iterator[Caller]:
    """Sign in by this message, and hang up at the end of the block."""
    with connect(f"ws://127.0.0.1:{target.port}{target.path}", compression=None) as connection:
        connection.send(auth)
        connection.recv(timeout=_PATIENCE_S)
        yield Caller(connection)
