"""What a transport does for a connection: one contract, fake and real."""

import asyncio
import socket
from collections.abc import Iterator
from typing import Any, Protocol, cast

import pytest

from hugmood.gateway import frames
from tests.fakes import Clock, FakeTransport, TurnLoop
from tests.world import START

HIGH, LOW = 1 << 20, 1 << 16
BIG = bytes(range(256)) * (1 << 14)
"""4 MiB: more than any socket buffer takes."""
HELLO = b"hello"


class Recorder:
    """The connection's side: writes down what its transport tells."""

    def __init__(self) -> None:
        self.seen: list[object] = []

    def frame_received(self, first: int, payload: bytes) -> None:
        """Take what came."""
        self.seen.append(payload)

    def filled(self) -> None:
        """There is too much."""
        self.seen.append("filled")

    def drained(self) -> None:
        """There is room again."""
        self.seen.append("drained")

    def lost(self) -> None:
        """The other side has gone."""
        self.seen.append("lost")


class Line(Protocol):
    """A transport, the one who uses it, and the client at its far end."""

    transport: asyncio.Transport
    recorder: Recorder

    def settle(self) -> None:
        """Let happen what is under way."""
        ...

    def say(self, data: bytes) -> None:
        """Have the client send something."""
        ...

    def read(self) -> bytes:
        """Have the client read all there is."""
        ...

    def close(self) -> None:
        """Give everything back."""
        ...


class FakeLine:
    """A fake transport."""

    def __init__(self) -> None:
        self.recorder = Recorder()
        self._loop = TurnLoop(Clock(START))
        self._heard = b""
        self.transport = FakeTransport(self._loop, self._hear)
        self.transport.connection = cast("Any", self.recorder)
        self.transport.stalled = True
        self.transport.set_write_buffer_limits(high=HIGH, low=LOW)

    def _hear(self, data: bytes) -> None:
        self._heard += data

    def settle(self) -> None:
        """Run the loop until it is quiet."""
        self._loop.settle()

    def say(self, data: bytes) -> None:
        """Have the client send something."""
        self.transport.arrive(frames.FIN | frames.TEXT, data)
        self.settle()

    def read(self) -> bytes:
        """Have the client read all there is."""
        self.transport.stalled = False
        self.transport.flush()
        self.transport.stalled = True
        self.settle()
        heard, self._heard = self._heard, b""
        return heard

    def close(self) -> None:
        """Give the loop back."""
        self._loop.close()


class RealLine(asyncio.Protocol):
    """One of asyncio's transports over a pair of sockets."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self.recorder = Recorder()
        self._loop = asyncio.new_event_loop()
        self._client, ours = socket.socketpair()
        self._client.setblocking(False)  # noqa: FBT003 (that is its signature)
        self._loop.run_until_complete(self._loop.create_unix_connection(lambda: self, sock=ours))
        self.transport.set_write_buffer_limits(high=HIGH, low=LOW)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Pass on what came."""
        self.recorder.frame_received(0, data)

    def pause_writing(self) -> None:
        """Pass on that there is too much."""
        self.recorder.filled()

    def resume_writing(self) -> None:
        """Pass on that there is room."""
        self.recorder.drained()

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass on that the other side has gone."""
        self.recorder.lost()

    def settle(self) -> None:
        """Run the loop for some turns: the kernel is quick between two sockets."""
        for _ in range(5):
            self._loop.run_until_complete(asyncio.sleep(0))

    def say(self, data: bytes) -> None:
        """Have the client send something."""
        self._client.sendall(data)
        self.settle()

    def read(self) -> bytes:
        """Have the client read all there is."""
        heard = b""
        while True:
            try:
                data = self._client.recv(1 << 20)
            except BlockingIOError:
                data = b""
            self.settle()
            if not data:
                return heard
            heard += data

    def close(self) -> None:
        """Give sockets and loop back."""
        if "lost" not in self.recorder.seen:
            self.transport.abort()
            self.settle()
        self._client.close()
        self._loop.close()


@pytest.fixture(params=[FakeLine, RealLine])
def line(request: pytest.FixtureRequest) -> Iterator[Line]:
    """A line of each kind; its client reads only when it is told to."""
    line: Any = request.param()
    yield line
    line.close()


def test_write(line: Line) -> None:
    """What is written is read, in order."""
    for part in (b"a", bytearray(b"b"), memoryview(b"c")):
        line.transport.write(part)
    assert line.read() == b"abc"


def test_nothing_unsent(line: Line) -> None:
    """What was read is not unsent."""
    line.transport.write(HELLO)
    line.read()
    assert line.transport.get_write_buffer_size() == 0


def test_unsent(line: Line) -> None:
    """What the client does not take is kept, and counted."""
    line.transport.write(BIG)
    assert HIGH < line.transport.get_write_buffer_size() <= len(BIG)


def test_unsent_is_sent(line: Line) -> None:
    """What was kept comes when the client reads on, with what was written meanwhile."""
    line.transport.write(BIG)
    line.transport.write(HELLO)
    assert line.read() == BIG + HELLO


def test_drained(line: Line) -> None:
    """When there is too much unsent that is told once, and when there is room again."""
    line.transport.write(BIG)
    line.transport.write(BIG)
    line.read()
    assert line.recorder.seen == ["filled", "drained"]


def test_drained_each_time(line: Line) -> None:
    """It is told each time that there was too much."""
    for _ in range(2):
        line.transport.write(BIG)
        line.read()
    assert line.recorder.seen == ["filled", "drained"] * 2


def test_never_full(line: Line) -> None:
    """Where there was never too much nothing is told."""
    line.transport.write(HELLO)
    line.read()
    assert line.recorder.seen == []


def test_arrival(line: Line) -> None:
    """What the client sends arrives, in order."""
    line.say(b"a")
    line.say(b"b")
    assert line.recorder.seen == [b"a", b"b"]


def test_paused(line: Line) -> None:
    """Nothing arrives while reading is paused."""
    line.transport.pause_reading()
    line.say(HELLO)
    assert line.recorder.seen == []


def test_resumed(line: Line) -> None:
    """What was sent while reading was paused arrives when it goes on."""
    line.transport.pause_reading()
    line.say(HELLO)
    line.transport.resume_reading()
    line.settle()
    assert line.recorder.seen == [HELLO]


def test_close(line: Line) -> None:
    """What is unsent at the end is read before the end is told."""
    line.transport.write(BIG)
    line.transport.close()
    line.settle()
    before = list(line.recorder.seen)
    heard = line.read()
    assert (before, heard == BIG, line.recorder.seen[-1]) == (["filled"], True, "lost")


def test_close_when_empty(line: Line) -> None:
    """With nothing unsent the end is told at once, though not within the call."""
    line.transport.close()
    before = list(line.recorder.seen)
    line.settle()
    assert (before, line.recorder.seen) == ([], ["lost"])


def test_close_twice(line: Line) -> None:
    """The end is told once."""
    line.transport.close()
    line.settle()
    line.transport.close()
    line.transport.abort()
    line.settle()
    assert line.recorder.seen == ["lost"]


def test_arrival_after_close(line: Line) -> None:
    """After the end was asked for nothing arrives."""
    line.transport.close()
    line.settle()
    assert (line.transport.is_closing(), line.recorder.seen) == (True, ["lost"])


def test_abort(line: Line) -> None:
    """To cut the line loses what is unsent, and tells the end, though not at once."""
    line.transport.write(BIG)
    line.transport.abort()
    before = list(line.recorder.seen)
    line.settle()
    assert (before, len(line.read()) < len(BIG), line.recorder.seen) == (
        ["filled"],
        True,
        ["filled", "lost"],
    )
