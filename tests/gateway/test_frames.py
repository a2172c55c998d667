import tracemalloc
import zlib
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.extensions.permessage_deflate import (
    ClientPerMessageDeflateFactory,
    PerMessageDeflate,
)
from websockets.frames import Frame, Opcode
from websockets.headers import parse_extension
from websockets.streams import StreamReader

from hugmood.gateway import frames
from hugmood.gateway.assembly import Assembly
from hugmood.gateway.frames import Violation

DEFLATE = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"


def parsed(data: bytes, extensions: list[PerMessageDeflate] | None = None) -> Frame:
    """What another implementation reads in a frame of ours, and nothing behind it."""
    reader = StreamReader()
    reader.feed_data(data)
    reading = Frame.parse(reader.read_exact, mask=False, extensions=extensions)
    with pytest.raises(StopIteration) as done:
        next(reading)
    assert reader.buffer == b""
    frame: Frame = done.value.value
    return frame


@given(st.binary(max_size=300), st.booleans())
def test_frame(payload: bytes, binary: bool) -> None:  # noqa: FBT001
    """Our frames are what another implementation reads."""
    opcode = Opcode.BINARY if binary else Opcode.TEXT
    assert parsed(frames.frame(payload, binary=binary)) == Frame(opcode, payload)


@pytest.mark.parametrize("size", [0, 125, 126, 65535, 65536])
def test_length_forms(size: int) -> None:
    """The length takes the shortest of its three forms."""
    payload = bytes(size)
    ours = frames.frame(payload, binary=True)
    assert ours == Frame(Opcode.BINARY, payload).serialize(mask=False)
    assert ours == frames.header(size, binary=True) + payload


@given(st.binary(max_size=5000))
def test_deflate_is_read_by_others(payload: bytes) -> None:
    """A deflated frame is inflated by another implementation, with our small window."""
    peer = PerMessageDeflate(
        remote_no_context_takeover=True,
        local_no_context_takeover=True,
        remote_max_window_bits=12,
        local_max_window_bits=15,
    )
    data = frames.frame(frames.deflate(payload), binary=True, deflated=True)
    assert parsed(data, [peer]).data == payload


@given(st.binary(max_size=5000), st.integers(1, 9), st.integers(9, 15))
def test_inflate(payload: bytes, level: int, window: int) -> None:
    """Whatever the sender's settings, the message comes back; one byte less does not."""
    sender = zlib.compressobj(level, zlib.DEFLATED, -window)
    squeezed = (sender.compress(payload) + sender.flush(zlib.Z_SYNC_FLUSH))[:-4]
    assert frames.inflate(squeezed, len(payload)) == payload
    if payload:
        assert code_of(partial(frames.inflate, squeezed, len(payload) - 1)) == 1009


def test_inflate_is_bounded() -> None:
    """A bomb costs no more than the limit."""
    bomb = frames.deflate(bytes(10_000_000))
    assert len(bomb) < 65536
    tracemalloc.start()
    assert code_of(partial(frames.inflate, bomb, 65536)) == 1009
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 500_000


def test_inflate_after_a_last_block() -> None:
    """A block marked as the last ends the message (RFC 7692 section 7.2.3.4)."""
    hello = bytes.fromhex("f348cdc9c9070000")
    assert frames.inflate(hello, 100) == b"Hello"
    assert code_of(partial(frames.inflate, hello + hello, 100)) == 1007


@given(st.binary(max_size=100))
def test_inflate_of_anything(payload: bytes) -> None:
    """Random bytes are a message or a violation, never another error."""
    try:
        assert len(frames.inflate(payload, 200)) <= 200
    except Violation as violation:
        assert violation.code in {1007, 1009}  # noqa: PT017


@pytest.mark.parametrize(
    ("offer", "answer"),
    [
        ("", None),
        ("x-webkit-deflate-frame", None),
        ("permessage-deflate", DEFLATE),
        ("x-other; a=b, permessage-deflate", DEFLATE),
        ("permessage-deflate; client_max_window_bits", DEFLATE),
        ("permessage-deflate;client_max_window_bits=8", DEFLATE),
        ("permessage-deflate; server_no_context_takeover", DEFLATE),
        ("permessage-deflate; server_max_window_bits=15", f"{DEFLATE}; server_max_window_bits=12"),
        (
            'permessage-deflate; server_max_window_bits = "12"',
            f"{DEFLATE}; server_max_window_bits=12",
        ),
        ("permessage-deflate; server_max_window_bits=11", None),
        ("permessage-deflate; server_max_window_bits=8", None),
        ("permessage-deflate; server_max_window_bits=8, permessage-deflate", DEFLATE),
        ("permessage-deflate; server_max_window_bits", None),
        ("permessage-deflate; server_max_window_bits=16", None),
        ("permessage-deflate; server_max_window_bits=012", None),
        ('permessage-deflate; server_max_window_bits="12', None),
        ("permessage-deflate; client_max_window_bits=7", None),
        ("permessage-deflate; client_max_window_bits=", None),
        ("permessage-deflate; client_no_context_takeover=1", None),
        ("permessage-deflate; unknown", None),
        ("permessage-deflate; ", None),
        ("permessage-deflate; client_max_window_bits; client_max_window_bits=9", None),
    ],
)
def test_accept_deflate(offer: str, answer: str | None) -> None:
    """The first offer that can be honoured is taken; a wrong one is passed over."""
    assert answer == frames.accept_deflate(offer)


@pytest.mark.parametrize("server", [None, 12, 15])
@pytest.mark.parametrize("client", [None, True, 9])
def test_accept_deflate_suits_another_client(server: int | None, client: int | None) -> None:
    """Our answer to its offer is one that another implementation agrees to."""
    factory = ClientPerMessageDeflateFactory(
        server_max_window_bits=server, client_max_window_bits=client
    )
    offered = [
        name + (f"={value}" if value else "") for name, value in factory.get_request_params()
    ]
    answer = frames.accept_deflate("; ".join(["permessage-deflate", *offered]))
    assert answer
    ((_, params),) = parse_extension(answer)
    agreed = factory.process_response_params(params, [])
    assert agreed.remote_no_context_takeover
    assert agreed.local_no_context_takeover


@given(st.sampled_from([1000, 1001, 3000, 4408, 4999]), st.text(max_size=200))
def test_close_frame(code: int, reason: str) -> None:
    """Code and reason come back; a long reason is cut between characters."""
    payload = bytes(parsed(frames.close_frame(code, reason)).data)
    assert len(payload) <= 125
    assert frames.close_code(payload) == code
    text = payload[2:].decode()
    assert reason.startswith(text)
    assert text == reason or len(payload) > 121


def test_close_frame_without_code() -> None:
    """1005 stands for an empty close frame, both ways."""
    assert frames.close_frame(1005) == b"\x88\x00"
    assert frames.close_code(b"") == 1005


def test_close_codes() -> None:
    """Of all codes exactly those may be received that may be sent."""
    payloads = {code: code.to_bytes(2, "big") for code in range(65536)}
    valid = {code for code, one in payloads.items() if not code_of(partial(frames.close_code, one))}
    assert valid == {1000, 1001, 1002, 1003, *range(1007, 1015), *range(3000, 5000)}


def test_broken_close_payloads() -> None:
    """Half a code is 1002, a reason that is no UTF-8 is 1007."""
    assert code_of(partial(frames.close_code, b"\x03")) == 1002
    assert code_of(partial(frames.close_code, b"\x03\xe8\xff")) == 1007


def test_long_control_frame() -> None:
    """A control frame over 125 bytes is a mistake of ours."""
    assert frames.control(frames.PING, bytes(125))[:2] == b"\x89\x7d"
    with pytest.raises(ValueError, match="too long"):
        frames.control(frames.PING, bytes(126))


@st.composite
def fragmented(draw: st.DrawFn) -> tuple[bytes, list[tuple[int, bytes]]]:
    """A message and the frames it may come in, control frames between them."""
    message = draw(st.text(max_size=60)).encode()
    compressed = draw(st.booleans())
    payload = frames.deflate(message) if compressed else message
    cuts = sorted(draw(st.lists(st.integers(0, len(payload)), max_size=4)))
    pieces = [payload[a:b] for a, b in zip([0, *cuts], [*cuts, len(payload)], strict=True)]
    out: list[tuple[int, bytes]] = []
    for index, piece in enumerate(pieces):
        first = 0 if index else frames.TEXT | (frames.RSV1 if compressed else 0)
        out.append((first | (frames.FIN if index == len(cuts) else 0), piece))
        if index < len(cuts) and draw(st.booleans()):
            out.append((frames.FIN | frames.PING, b"?"))
    return message, out


@given(st.lists(fragmented(), max_size=4))
def test_assembly(messages: list[tuple[bytes, list[tuple[int, bytes]]]]) -> None:
    """However messages are cut, they come out whole and in order."""
    assembly = Assembly(frames.TEXT, 1000, deflate=True)
    out = [assembly.frame(*one) for _, parts in messages for one in parts]
    assert [message for message, _ in messages] == [one for one in out if one is not None]


@given(st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=40)), max_size=8), st.booleans())
def test_assembly_of_anything(sent: list[tuple[int, bytes]], deflate: bool) -> None:  # noqa: FBT001
    """Any frames give messages within the limit, or a violation."""
    assembly = Assembly(frames.TEXT, 50, deflate=deflate)
    try:
        out = [assembly.frame(first, payload) for first, payload in sent]
    except Violation as violation:
        assert violation.code in {1002, 1003, 1007, 1009}  # noqa: PT017
    else:
        for message in out:
            assert message is None or (len(message) <= 50 and message.decode() is not None)


def code_of(act: Callable[[], object]) -> int | None:
    """The close code of the violation that this is, or None."""
    try:
        act()
    except Violation as violation:
        return violation.code
    return None
