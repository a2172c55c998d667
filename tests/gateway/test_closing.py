import asyncio
import gc
import struct
import weakref

import pytest

from hugmood.gateway.frames import frame
from tests.gateway.sockets import (
    FIN_CLOSE,
    FIN_PING,
    FIN_TEXT,
    WAIT,
    House,
    client_frame,
    running,
    upgraded,
)


@pytest.mark.parametrize("payload", [b"", b"\x03\xe8", b"\x11\x30because"])
async def test_closed_by_the_peer(payload: bytes) -> None:
    """The code comes back and TCP ends; what follows is not heard."""
    house = House()
    async with running(house) as run, upgraded(run.port) as peer:
        peer.send(client_frame(FIN_CLOSE, payload) + client_frame(FIN_TEXT, b"late"))
        assert await peer.frame() == (FIN_CLOSE, payload[:2])
        await peer.ended()
        assert await house.guests[0].until("lost") == ["lost"]
        assert run.server.server_state.connections == set()


async def test_close() -> None:
    """Last words, then the close frame; nothing is said or heard after it."""
    house = House()
    async with running(house) as run, upgraded(run.port) as peer:
        guest = house.guests[0]
        guest.connection.close(4408, "too late", last=frame(b"bye", binary=False))
        guest.connection.write(frame(b"more", binary=False))
        guest.connection.close(1000)
        peer.text(b"unheard")
        peer.send(client_frame(FIN_PING, b"unanswered"))
        assert await peer.frame() == (FIN_TEXT, b"bye")
        assert await peer.frame() == (FIN_CLOSE, struct.pack("!H", 4408) + b"too late")
        assert guest.seen == []
        peer.send(client_frame(FIN_CLOSE, struct.pack("!H", 4408)))
        await peer.ended()
        assert await guest.until("lost") == ["lost"]


async def test_close_in_the_middle_of_a_segment() -> None:
    """The first message closes: the second, already there, is not delivered."""
    house = House()
    async with running(house) as run, upgraded(run.port) as peer:
        guest = house.guests[0]
        guest.on_message = lambda _: guest.connection.close(1000)
        peer.send(client_frame(FIN_TEXT, b"1") + client_frame(FIN_TEXT, b"2"))
        assert await peer.closed_with() == 1000
        assert await guest.until("lost") == [b"1", "lost"]


async def test_peer_that_does_not_answer_a_close() -> None:
    """TCP is cut in the end, for each connection at its own time."""
    house = House()
    async with (
        running(house, close_timeout=0.05) as run,
        upgraded(run.port) as first,
        upgraded(run.port) as second,
    ):
        house.guests[0].connection.close(1000)
        await asyncio.sleep(0.03)
        house.guests[1].connection.close(1000)
        for peer, guest in zip((first, second), house.guests, strict=True):
            assert (await peer.frame())[0] == FIN_CLOSE
            assert await guest.until("lost") == ["lost"]
            assert guest.connection.unsent == 0


async def test_close_with_a_peer_that_does_not_read() -> None:
    """Unsent bytes do not keep a closed socket."""
    house = House()
    async with running(house, close_timeout=0.05) as run, upgraded(run.port):
        house.guests[0].connection.close(1000, last=bytes(20_000_000))
        assert house.guests[0].connection.unsent > 0
        assert await house.guests[0].until("lost") == ["lost"]


async def test_abort() -> None:
    """TCP goes at once; messages in the same segment are not delivered."""
    house = House()
    async with running(house) as run, upgraded(run.port) as peer:
        guest = house.guests[0]
        guest.on_message = lambda _: guest.connection.abort()
        peer.send(client_frame(FIN_TEXT, b"1") + client_frame(FIN_TEXT, b"2"))
        await peer.ended()
        assert await guest.until("lost") == [b"1", "lost"]
        guest.connection.write(frame(b"late", binary=False))
        guest.connection.close(1000)
        guest.connection.pause_reading()
        guest.connection.resume_reading()
        guest.connection.abort()
        await asyncio.sleep(0)
        assert guest.seen == [b"1", "lost"]


async def test_peer_resets() -> None:
    """A reset ends it, once."""
    house = House()
    async with running(house) as run, upgraded(run.port) as peer:
        linger = struct.pack("ii", 1, 0)
        peer.writer.get_extra_info("socket").setsockopt(1, 13, linger)  # SOL_SOCKET, SO_LINGER
        peer.writer.transport.abort()
        assert await house.guests[0].until("lost") == ["lost"]


async def test_end_of_file() -> None:
    """A peer that stops sending, without a close frame, is let go."""
    house = House()
    async with running(house) as run, upgraded(run.port) as peer:
        peer.writer.write_eof()
        await peer.ended()
        assert await house.guests[0].until("lost") == ["lost"]


async def test_end_of_file_from_a_peer_that_does_not_read() -> None:
    """Neither do unsent bytes keep a half-closed socket."""
    house = House()
    async with running(house, close_timeout=0.05) as run, upgraded(run.port) as peer:
        house.guests[0].connection.write(bytes(20_000_000))
        peer.writer.write_eof()
        assert (await house.guests[0].until("lost"))[-1] == "lost"


async def test_server_stops() -> None:
    """The gateway may say goodbye; 1001 follows, and uvicorn waits for the end."""
    house = House()
    async with (
        running(house) as run,
        upgraded(run.port) as first,
        upgraded(run.port) as second,
    ):
        guest = house.guests[0]
        last = frame(b"bye", binary=False)
        guest.on_stopping = lambda: guest.connection.close(1001, "bye", last=last)
        stopping = asyncio.create_task(run.server.shutdown())
        assert await first.frame() == (FIN_TEXT, b"bye")
        assert await first.closed_with() == 1001
        assert await second.closed_with() == 1001
        await asyncio.wait_for(stopping, WAIT)
        assert [one.seen for one in house.guests] == [["stopping", "lost"]] * 2


async def test_receiver_raises(caplog: pytest.LogCaptureFixture) -> None:
    """A fault in the gateway closes this socket with 1011, and is logged."""
    house = House()
    async with running(house) as run, upgraded(run.port) as peer:
        house.guests[0].on_message = lambda _: 1 / 0
        peer.text(b"hi")
        assert await peer.closed_with() == 1011
        await peer.ended()
        assert await house.guests[0].until("lost") == [b"hi", "lost"]
    assert "ZeroDivisionError" in caplog.text


async def test_nothing_is_left_to_the_collector() -> None:
    """A closed socket frees its memory without the garbage collector."""
    house = House()
    async with running(house) as run:
        gc.collect()
        gc.disable()
        try:
            async with upgraded(run.port) as peer:
                peer.text(b"hi")
                await house.guests[0].until(b"hi")
                peer.send(client_frame(FIN_CLOSE, b""))
                assert await peer.frame() == (FIN_CLOSE, b"")
                await peer.ended()
            guest = weakref.ref(house.guests.pop())
            for _ in range(100):
                await asyncio.sleep(0)
            assert guest() is None
        finally:
            gc.enable()
