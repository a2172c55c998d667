"""Writes made in one go: all arrives, in order, however little a socket takes."""

import asyncio
import os
import random
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Final, cast

import pytest

from hugmood.gateway import burst, frames
from hugmood.gateway.assembly import Assembly
from hugmood.gateway.burst import NO_DESCRIPTOR, Burst, descriptor_of
from hugmood.gateway.websocket import Connection, Farewells

COMPILED: Final = burst.send_each
PATIENCE: Final = 20.0


def by_hand(descriptors: list[int], ready: list[bytes]) -> list[tuple[int, int]]:
    """What `_burst.c` does."""
    rests = []
    for place, (descriptor, frame) in enumerate(zip(descriptors, ready, strict=True)):
        try:
            taken = os.write(descriptor, frame)
        except OSError:
            taken = 0
        if taken != len(frame):
            rests.append((place, taken))
    return rests


needs_c = pytest.mark.skipif(COMPILED is None, reason="HugMood is not compiled")


@pytest.fixture(params=["by hand", pytest.param("c", marks=needs_c)], autouse=True)
def send_each(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have to do."""
    if request.param == "by hand":
        monkeypatch.setattr(burst, "send_each", by_hand)


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two ends of a socket that takes little at once."""
    ours, theirs = socket.socketpair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    ours.settimeout(0)
    theirs.settimeout(0)
    with ours, theirs:
        yield ours, theirs


@asynccontextmanager
async def connected(sock: socket.socket) -> AsyncIterator[Connection]:
    """A connection whose transport writes to this socket."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_unix_connection(asyncio.Protocol, sock=sock)
    assembly = Assembly(frames.TEXT, 1000, deflate=False)
    connection = Connection(transport, assembly, Farewells(1), remote="", deflate=False)
    try:
        yield connection
    finally:
        transport.abort()
        await asyncio.sleep(0)


async def read(sock: socket.socket, size: int) -> bytes:
    """So many bytes, as the peer reads them."""
    loop, data = asyncio.get_running_loop(), b""
    async with asyncio.timeout(PATIENCE):
        while len(data) < size:
            data += await loop.sock_recv(sock, size - len(data))
    return data


async def test_nothing_before_the_end(pair: tuple[socket.socket, socket.socket]) -> None:
    """A burst goes out when it ends, and is then empty."""
    ours, theirs = pair
    async with connected(ours) as connection:
        writes = Burst()
        connection.write_in(writes, b"once")
        with pytest.raises(BlockingIOError):
            theirs.recv(100)
        writes.end()
        writes.end()
        assert b"once" == theirs.recv(100)
        with pytest.raises(BlockingIOError):
            theirs.recv(100)


async def test_in_order(pair: tuple[socket.socket, socket.socket]) -> None:
    """What the socket does not take goes out before what comes after it, however written."""
    ours, theirs = pair
    dice = random.Random(3)  # noqa: S311 (any order will do)
    sent = received = b""
    async with connected(ours) as connection:
        writes = Burst()
        for number in range(300):
            frame = b"%d " % number * dice.choice([1, 10, 1_000, 10_000])
            sent += frame
            if dice.random() < 0.2:
                connection.write(frame)
            else:
                connection.write_in(writes, frame)
                writes.end()
            if dice.random() < 0.5:
                received += await read(theirs, dice.randrange(len(sent) - len(received) + 1))
        assert connection.unsent > 0
        received += await read(theirs, len(sent) - len(received))
        assert (sent, 0) == (received, connection.unsent)


async def test_many(pair: tuple[socket.socket, socket.socket]) -> None:
    """Each socket gets its own frame; one that is full holds up no other."""
    pairs = [socket.socketpair() for _ in range(20)]
    ours, theirs = pair
    big = bytes(1_000_000)
    async with connected(ours) as slow:
        writes = Burst()
        for number, (sock, _) in enumerate(pairs):
            sock.settimeout(0)
            async with connected(sock) as connection:
                if number == 10:
                    slow.write_in(writes, big)
                connection.write_in(writes, b"%d" % number)
                writes.end()
        assert [b"%d" % number for number in range(20)] == [end.recv(100) for _, end in pairs]
        assert 0 < slow.unsent < len(big)
        assert big == await read(theirs, len(big))
    for both in pairs:
        for sock in both:
            sock.close()


async def test_peer_has_gone(pair: tuple[socket.socket, socket.socket]) -> None:
    """A socket that fails is its transport's affair, and no other's."""
    ours, theirs = pair
    other, end = socket.socketpair()
    other.settimeout(0)
    with other, end:
        async with connected(ours) as connection, connected(other) as alive:
            theirs.close()
            writes = Burst()
            connection.write_in(writes, b"nobody hears it")
            alive.write_in(writes, b"well")
            writes.end()
            assert b"well" == end.recv(100)


async def test_closed(pair: tuple[socket.socket, socket.socket]) -> None:
    """After the close frame nothing goes out."""
    ours, theirs = pair
    async with connected(ours) as connection:
        connection.close(1000)
        assert b"\x88\x02\x03\xe8" == await read(theirs, 4)
        writes = Burst()
        connection.write_in(writes, b"late")
        writes.end()
        with pytest.raises(BlockingIOError):
            theirs.recv(100)


class Known(asyncio.Transport):
    """A transport of which this is known."""


def test_descriptor(
    pair: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only plain sockets may be written to directly, and only with the C for it."""
    ours, _ = pair
    assert ours.fileno() == descriptor_of(Known({"socket": ours}))
    assert NO_DESCRIPTOR == descriptor_of(Known({"socket": ours, "sslcontext": object()}))
    assert NO_DESCRIPTOR == descriptor_of(Known())
    monkeypatch.setattr(burst, "send_each", None)
    assert NO_DESCRIPTOR == descriptor_of(Known({"socket": ours}))


@needs_c
@pytest.mark.parametrize(
    "wrong", [([1],), ([1], []), ((1,), (b"",)), ([1], ["text"]), (["1"], [b""])]
)
def test_wrong_use(wrong: tuple[object, ...]) -> None:
    """Anything but two lists of the same length is refused, and nothing is sent."""
    assert COMPILED is not None
    with pytest.raises(TypeError):
        COMPILED(*cast("tuple[list[int], list[bytes]]", wrong))


@needs_c
def test_results_in_c(pair: tuple[socket.socket, socket.socket]) -> None:
    """Places and bytes of what was not taken whole: a full socket, a closed one, none at all."""
    ours, theirs = pair
    assert COMPILED is not None
    assert [] == COMPILED([], [])
    assert [] == COMPILED([ours.fileno()], [b"well"])
    ((place, taken),) = COMPILED([ours.fileno(), ours.fileno()], [b"", bytes(1_000_000)])
    assert (1, True) == (place, 0 < taken < 1_000_000)
    assert [(0, 0), (1, 0)] == COMPILED([ours.fileno(), -1], [b"more", b"nowhere"])
    theirs.close()
    assert [(0, 0)] == COMPILED([ours.fileno()], [b"SIGPIPE would end us"])
