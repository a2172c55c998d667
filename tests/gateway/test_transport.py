import asyncio
import random
import ssl
import zlib
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

from hugmood.gateway import frames
from hugmood.gateway.frames import frame
from tests.gateway.sockets import (
    FIN_BINARY,
    FIN_PING,
    FIN_TEXT,
    WAIT,
    House,
    Recorder,
    client_frame,
    connected,
    running,
    upgrade_request,
    upgraded,
)

DEFLATE = "permessage-deflate; client_max_window_bits"
RSV1 = frames.RSV1


NOT_UTF8 = client_frame(FIN_TEXT, b"\xff")


def echo(guest: Recorder, *, binary: bool = False) -> None:
    """Let the guest get back what it sends."""
    guest.on_message = lambda message: guest.connection.write(frame(message, binary=binary))


async def test_unsent_and_writable() -> None:
    """What the peer does not read is counted; when it reads, the gateway is told."""
    house = House()
    async with running(house) as run, upgraded(run.port) as peer:
        guest = house.guests[0]
        assert guest.connection.unsent == 0
        sent = 0
        while guest.connection.unsent <= 1 << 20:
            guest.connection.write(frame(bytes(100_000), binary=True))
            sent += 1
            await asyncio.sleep(0)
        assert guest.seen == ["congested"]
        for _ in range(sent):
            await peer.frame()
        assert await guest.until("writable") == ["congested", "writable"]
        assert guest.connection.unsent <= 1 << 16


async def test_ping_flood_without_reading() -> None:
    """Pings of a peer that does not read are heard and not answered."""
    house = House()
    async with running(house) as run, upgraded(run.port) as peer:
        connection = house.guests[0].connection
        while connection.unsent <= 1 << 16:
            connection.write(bytes(100_000))
            await asyncio.sleep(0)
        unsent = connection.unsent
        peer.send(client_frame(FIN_PING, bytes(100)) * 100 + client_frame(FIN_TEXT, b"end"))
        assert (await house.guests[0].until(b"end")).count("alive") == 100
        assert connection.unsent <= unsent


async def test_pause_reading() -> None:
    """Nothing is heard while reading is paused, and all of it after."""
    house = House()
    async with running(house) as run, upgraded(run.port) as peer:
        guest = house.guests[0]
        guest.connection.pause_reading()
        peer.text(b"hi")
        await peer.writer.drain()
        async with upgraded(run.port) as other:  # by now the first one would have been heard
            other.text(b"other")
            await house.guests[1].until(b"other")
        assert guest.seen == []
        guest.connection.resume_reading()
        assert await guest.until(b"hi") == [b"hi"]


async def test_close_while_reading_is_paused() -> None:
    """The peer's answer to a close is seen all the same."""
    house = House()
    async with running(house) as run, upgraded(run.port) as peer:
        house.guests[0].connection.pause_reading()
        house.guests[0].connection.close(1000)
        assert await peer.closed_with() == 1000
        await peer.ended()


@pytest.mark.parametrize("bits", [None, 12, 15])
async def test_compression(bits: int | None) -> None:
    """Another implementation and this one understand each other's compression."""
    house = House()
    text = "Grüße " * 2000
    extensions = [ClientPerMessageDeflateFactory(server_max_window_bits=bits)]
    async with running(house) as run, asyncio.timeout(WAIT):
        uri = f"ws://127.0.0.1:{run.port}/ws"
        async with connect(uri, extensions=extensions, compression=None) as client:
            guest = house.guests[0]
            assert guest.connection.deflate
            squeezed = frames.deflate(text.encode())
            assert len(squeezed) < 300
            for _ in range(2):
                guest.connection.write(frame(squeezed, binary=False, deflated=True))
                assert await client.recv() == text
                await client.send(text)
                await client.send([text[:5000], text[5000:]])
            guest.connection.write(frame(b"plain", binary=False))
            assert await client.recv() == "plain"
            await client.send("end")
            heard = [what for what in await guest.until(b"end") if what != "alive"]
            assert heard == [text.encode()] * 4 + [b"end"]


async def test_incompressible_message_of_the_greatest_size() -> None:
    """The limit is for the message: compression may make the frame a little longer."""
    house = House(binary=True)
    message = random_bytes(65536)
    compressor = zlib.compressobj(1, zlib.DEFLATED, -15, 1)  # the least memory there is
    squeezed = (compressor.compress(message) + compressor.flush(zlib.Z_SYNC_FLUSH))[:-4]
    assert len(squeezed) > 1.03 * len(message)
    async with (
        running(house) as run,
        upgraded(run.port, sec_websocket_extensions=DEFLATE) as peer,
    ):
        peer.send(client_frame(FIN_BINARY | RSV1, squeezed))
        peer.send(client_frame(frames.BINARY | RSV1, squeezed[:9]))
        peer.send(client_frame(0x80, squeezed[9:]) + client_frame(FIN_BINARY, b"end"))
        seen = await house.guests[0].until(b"end")
    assert [one for one in seen if one != "alive"] == [message, message, b"end"]


def random_bytes(size: int) -> bytes:
    """Bytes that no compression makes fewer, always the same."""
    return random.Random(1).randbytes(size)  # noqa: S311


@pytest.mark.parametrize("allowed", [True, False])
async def test_compression_is_negotiated(allowed: bool) -> None:  # noqa: FBT001
    """Only with a client that offers it, and if the server is set so."""
    house = House()
    async with running(house, compression=allowed) as run:
        async with connected(run.port) as peer:
            peer.send(upgrade_request(sec_websocket_extensions=DEFLATE))
            _, headers = await peer.response()
            assert ("sec-websocket-extensions" in headers) is allowed
        async with upgraded(run.port):
            pass
    assert [guest.connection.deflate for guest in house.guests] == [allowed, False]


async def test_another_client() -> None:
    """An independent client connects, talks, pings and closes."""
    house = House()
    async with running(house) as run, asyncio.timeout(WAIT):
        async with connect(f"ws://127.0.0.1:{run.port}/ws") as client:
            echo(house.guests[0])
            await client.send("hällo")
            assert await client.recv() == "hällo"
            await (await client.ping())
            await client.close(4000, "enough")
            assert client.close_code == 4000
        await house.guests[0].until("lost")


async def test_tls(certificate: Path, trusting: ssl.SSLContext) -> None:
    """Over TLS: early bytes, big messages, compression, both ways of closing."""
    house = House()
    async with running(house, config=tls(certificate)) as run:
        async with connected(run.port, context=trusting) as peer:
            peer.send(upgrade_request() + client_frame(FIN_TEXT, b"early"))
            assert (await peer.response())[0] == 101
            guest = house.guests[0]
            await guest.until(b"early")
            echo(guest)
            peer.text(b"x" * 65536)
            assert await peer.frame() == (FIN_TEXT, b"x" * 65536)
            guest.connection.close(1000)
            assert await peer.closed_with() == 1000
            await guest.until("lost")
        async with asyncio.timeout(WAIT):
            async with connect(f"wss://127.0.0.1:{run.port}/ws", ssl=trusting) as client:
                echo(house.guests[1])
                await client.send("hi" * 5000)
                assert await client.recv() == "hi" * 5000
            await house.guests[1].until("lost")
    assert house.requests[0].secure


@pytest.mark.parametrize(("sent", "code"), [(b"\x81\x02hi", 1002), (NOT_UTF8, 1007)])
async def test_tls_violation(
    certificate: Path, trusting: ssl.SSLContext, sent: bytes, code: int
) -> None:
    """Over TLS too a violation is told before TCP goes."""
    house = House()
    async with (
        running(house, config=tls(certificate), close_timeout=1.0) as run,
        upgraded(run.port, context=trusting) as peer,
    ):
        peer.send(sent + client_frame(FIN_TEXT, b"x" * 60_000))
        assert await peer.closed_with() == code
        await peer.ended()
        assert await house.guests[0].until("lost") == ["lost"]


async def test_tls_flow(certificate: Path, trusting: ssl.SSLContext) -> None:
    """Over TLS too unsent bytes are counted, and a slow peer is cut in the end."""
    house = House()
    async with (
        running(house, config=tls(certificate), close_timeout=0.05) as run,
        upgraded(run.port, context=trusting),
    ):
        connection = house.guests[0].connection
        # TLS passes on what it gets until TCP has too much, and counts only from then on.
        for _ in range(100):
            connection.write(bytes(200_000))
        assert connection.unsent > 1 << 20
        connection.close(1000)
        assert await house.guests[0].until("lost") == ["congested", "lost"]


async def test_tls_peer_vanishes(certificate: Path, trusting: ssl.SSLContext) -> None:
    """Over TLS too the end of TCP is the end, once."""
    house = House()
    async with (
        running(house, config=tls(certificate)) as run,
        upgraded(run.port, context=trusting) as peer,
    ):
        peer.writer.transport.abort()
        assert await house.guests[0].until("lost") == ["lost"]


def tls(certificate: Path) -> dict[str, str]:
    """Uvicorn's settings for TLS."""
    return {"ssl_certfile": str(certificate), "ssl_keyfile": str(certificate)}
