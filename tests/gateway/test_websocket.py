import asyncio
import logging
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hugmood.gateway import frame_parser, frames
from hugmood.gateway.assembly import Assembly
from hugmood.gateway.frames import frame
from hugmood.gateway.websocket import Connection, Farewells
from tests.gateway.sockets import (
    FIN_BINARY,
    FIN_CLOSE,
    FIN_PING,
    FIN_PONG,
    FIN_TEXT,
    WAIT,
    House,
    Recorder,
    Wires,
    client_frame,
    running,
    upgraded,
)

DEFLATE = "permessage-deflate; client_max_window_bits"
RSV1 = frames.RSV1
KIB64 = 64 * 1024


def echo(guest: Recorder, *, binary: bool = False) -> None:
    """Let the guest get back what it sends."""
    guest.on_message = lambda message: guest.connection.write(frame(message, binary=binary))


@pytest.mark.parametrize("size", [0, 1, 125, 126, 2000, 65535, 65536])
async def test_echo(size: int) -> None:
    """Messages of every length form, up to the greatest size, go both ways."""
    house = House()
    async with running(house) as run, upgraded(run.port) as peer:
        echo(house.guests[0])
        peer.text(b"x" * size)
        peer.text(b"after")
        assert await peer.frame() == (FIN_TEXT, b"x" * size)
        assert await peer.frame() == (FIN_TEXT, b"after")


async def test_binary() -> None:
    """A binary socket takes bytes that are no text."""
    house = House(binary=True)
    async with running(house) as run, upgraded(run.port) as peer:
        peer.send(client_frame(FIN_BINARY, b"\xff\x00"))
        await house.guests[0].until(b"\xff\x00")


async def test_fragments() -> None:
    """A message in fragments is one, pings in between are answered at once."""
    house = House()
    async with running(house) as run, upgraded(run.port) as peer:
        euro = "€".encode()
        peer.send(client_frame(frames.TEXT, euro[:1]) + client_frame(FIN_PING, b"?"))
        assert await peer.frame() == (FIN_PONG, b"?")
        peer.send(client_frame(0, euro[1:2]) + client_frame(0, b"") + client_frame(0x80, euro[2:]))
        peer.text(b"next")
        seen = await house.guests[0].until(b"next")
    assert seen[:6] == ["alive", "alive", "alive", "alive", euro, b"next"]


async def test_pong_is_a_sign_of_life() -> None:
    """A pong nobody asked for gets no answer, and is noted."""
    house = House()
    async with running(house) as run, upgraded(run.port) as peer:
        echo(house.guests[0])
        peer.send(client_frame(FIN_PONG, b"here"))
        peer.text(b"end")
        assert await peer.frame() == (FIN_TEXT, b"end")
        assert house.guests[0].seen == ["alive", b"end"]


@settings(max_examples=40, deadline=None)
@given(
    messages=st.lists(st.text(max_size=400).map(str.encode), max_size=8),
    cuts=st.lists(st.integers(1, 200), min_size=1, max_size=20),
    mask=st.binary(min_size=4, max_size=4),
)
async def test_segments(messages: list[bytes], cuts: list[int], mask: bytes) -> None:
    """However TCP cuts the bytes, the messages are the same."""
    transport = Wires()
    assembly = Assembly(frames.TEXT, KIB64, deflate=False)
    connection = Connection(transport, assembly, Farewells(1), remote="", deflate=False)
    guest = Recorder(connection)
    connection.opened(guest, set())
    feed = frame_parser.attach(connection, transport, KIB64)
    data = b"".join(client_frame(FIN_TEXT, message, mask) for message in messages)
    while data:
        for size in cuts:
            feed(data[:size])
            data = data[size:]
    assert messages == guest.seen


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        pytest.param(b"\x81\x02hi", 1002, id="unmasked"),
        pytest.param(client_frame(FIN_TEXT | 0x20, b"hi"), 1002, id="rsv2"),
        pytest.param(client_frame(FIN_TEXT | 0x10, b"hi"), 1002, id="rsv3"),
        pytest.param(client_frame(FIN_TEXT | RSV1, b"hi"), 1002, id="rsv1, not negotiated"),
        pytest.param(client_frame(FIN_PING | RSV1, b"hi"), 1002, id="rsv1 on a ping"),
        *(
            pytest.param(client_frame(0x80 | opcode, b""), 1002, id=f"opcode {opcode:x}")
            for opcode in (3, 7, 0xB, 0xF)
        ),
        pytest.param(client_frame(frames.PING, b"hi"), 1002, id="ping in fragments"),
        pytest.param(client_frame(FIN_PING, bytes(126)), 1002, id="long ping"),
        pytest.param(client_frame(FIN_CLOSE, bytes(70000)), 1002, id="long close"),
        pytest.param(client_frame(0x80, b"hi"), 1002, id="continuation of nothing"),
        pytest.param(
            client_frame(frames.TEXT, b"a") + client_frame(FIN_TEXT, b"b"),
            1002,
            id="message inside a message",
        ),
        pytest.param(b"\x81\xfe\x00\x7d" + bytes(129), 1002, id="125 in 16 bits"),
        pytest.param(b"\x81\xff" + struct.pack("!Q", 65535), 1002, id="65535 in 64 bits"),
        pytest.param(b"\x81\xff" + struct.pack("!Q", 1 << 63), 1002, id="length over 63 bits"),
        pytest.param(client_frame(FIN_BINARY, b"hi"), 1003, id="binary"),
        pytest.param(client_frame(frames.BINARY, b"hi"), 1003, id="binary in fragments"),
        pytest.param(client_frame(FIN_TEXT, b"\xff"), 1007, id="not UTF-8"),
        pytest.param(client_frame(FIN_TEXT, b"\xed\xa0\x80"), 1007, id="surrogate"),
        pytest.param(
            client_frame(frames.TEXT, b"\xe2") + client_frame(0x80, b"x"),
            1007,
            id="not UTF-8 over fragments",
        ),
        pytest.param(client_frame(FIN_TEXT, b"x" * 65537), 1009, id="too big"),
        pytest.param(b"\x81\xff" + struct.pack("!Q", 1 << 40), 1009, id="far too big"),
        pytest.param(
            client_frame(frames.TEXT, b"x" * 40000) + client_frame(0x80, b"x" * 40000),
            1009,
            id="too big over fragments",
        ),
        pytest.param(client_frame(FIN_CLOSE, b"\x03"), 1002, id="half a close code"),
        *(
            pytest.param(client_frame(FIN_CLOSE, struct.pack("!H", code)), 1002, id=f"close {code}")
            for code in (0, 999, 1004, 1005, 1006, 1015, 2999, 5000)
        ),
        pytest.param(client_frame(FIN_CLOSE, b"\x03\xe8\xff"), 1007, id="reason not UTF-8"),
    ],
)
async def test_violation(sent: bytes, code: int, caplog: pytest.LogCaptureFixture) -> None:
    """Each way to break the protocol has its close code, and leaves no trace in the log."""
    house = House()
    async with running(house) as run, upgraded(run.port) as peer:
        peer.send(sent)
        assert await peer.closed_with() == code
        await peer.ended()
        seen = await house.guests[0].until("lost")
    assert [what for what in seen if what != "alive"] == ["lost"]
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        pytest.param(client_frame(FIN_TEXT | RSV1, b"\xff\xff"), 1007, id="not deflate"),
        pytest.param(client_frame(FIN_TEXT | RSV1, frames.deflate(b"\xff")), 1007, id="not UTF-8"),
        pytest.param(
            client_frame(FIN_TEXT | RSV1, frames.deflate(bytes(65537))), 1009, id="too big inside"
        ),
        pytest.param(
            client_frame(frames.TEXT, b"") + client_frame(0x80 | RSV1, b""),
            1002,
            id="rsv1 on a continuation",
        ),
        pytest.param(client_frame(FIN_PING | RSV1, b""), 1002, id="rsv1 on a ping"),
        pytest.param(client_frame(FIN_BINARY | RSV1, b"\x00"), 1003, id="binary"),
    ],
)
async def test_violation_compressed(sent: bytes, code: int) -> None:
    """So has each way that compression adds."""
    house = House()
    async with (
        running(house) as run,
        upgraded(run.port, sec_websocket_extensions=DEFLATE) as peer,
    ):
        peer.send(sent)
        assert await peer.closed_with() == code
        await peer.ended()


async def test_text_on_a_binary_socket() -> None:
    """The kind is that of the socket, not always text."""
    async with running(House(binary=True)) as run, upgraded(run.port) as peer:
        peer.text(b"hi")
        assert await peer.closed_with() == 1003


async def test_too_big_while_still_sending() -> None:
    """A client in the middle of a huge frame gets to read why it is closed."""
    async with running(House()) as run, upgraded(run.port) as peer:
        peer.send(client_frame(FIN_TEXT, b"x" * 2_000_000))
        assert await peer.closed_with() == 1009
        await asyncio.wait_for(peer.writer.drain(), WAIT)
        await peer.ended()


async def test_nothing_after_a_violation() -> None:
    """What follows a violation is not delivered, in the same segment or later."""
    house = House()
    async with running(house) as run, upgraded(run.port) as peer:
        peer.send(b"\x81\x02hi" + client_frame(FIN_TEXT, b"more"))
        peer.text(b"and more")
        assert await peer.closed_with() == 1002
        peer.text(b"still more")
        await peer.ended()
        assert await house.guests[0].until("lost") == ["lost"]
