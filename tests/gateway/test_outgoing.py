import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hugmood.gateway import frames
from hugmood.gateway.outgoing import DEFLATE_FROM, Outgoing, frame
from hugmood.wire import codec

NOW = 1_692_973_800_000
LIMIT = 1 << 20

numbers = st.integers(0, 2**53) | st.sampled_from([9, 10, 127, 128, 255, 256, 65_535, 65_536])
previous_numbers = st.none() | numbers
sizes = st.integers(0, 300) | st.sampled_from([DEFLATE_FROM, 2_000, 65_300, 65_450, 70_000])


def event(size: int) -> bytes:
    """An event without its number, with so many bytes of text in it."""
    data = msgspec.json.encode({"text": ("all work and no play " * (size // 21 + 1))[:size]})
    return codec.prefix("mood_changed", "bcast-1", data, NOW)


def unframed(ready: bytes) -> tuple[int, bytes]:
    """The first byte and the message of a whole frame (RFC 6455 section 5.2)."""
    width = {126: 2, 127: 8}.get(ready[1], 0)
    length = int.from_bytes(ready[2 : 2 + width], "big") if width else ready[1]
    payload = ready[2 + width :]
    assert length == len(payload)
    deflated = ready[0] & frames.RSV1
    return ready[0], frames.inflate(payload, LIMIT) if deflated else payload


@given(size=sizes, given_numbers=st.lists(st.tuples(numbers, previous_numbers), min_size=1))
@pytest.mark.parametrize("deflate", [False, True])
def test_text(size: int, given_numbers: list[tuple[int, int | None]], *, deflate: bool) -> None:
    """However many numbers an event gets, each frame is that of the whole message."""
    prefix = event(size)
    one = Outgoing(prefix)
    for number, previous in given_numbers:
        message = prefix + codec.suffix(number, previous)
        ready = one.frame(number, previous, binary=False, deflate=deflate)
        assert (frames.TEXT, message) == _opcode(unframed(ready))


@given(size=sizes, given_numbers=st.lists(st.tuples(numbers, previous_numbers), min_size=1))
@pytest.mark.parametrize("deflate", [False, True])
def test_binary(size: int, given_numbers: list[tuple[int, int | None]], *, deflate: bool) -> None:
    """Likewise in MessagePack."""
    prefix = event(size)
    one = Outgoing(prefix)
    for number, previous in given_numbers:
        message = codec.pack(prefix + codec.suffix(number, previous))
        ready = one.frame(number, previous, binary=True, deflate=deflate)
        assert (frames.BINARY, message) == _opcode(unframed(ready))


def _opcode(found: tuple[int, bytes]) -> tuple[int, bytes]:
    return found[0] & frames.OPCODE, found[1]


@pytest.mark.parametrize("binary", [False, True])
def test_small_events_are_not_compressed(*, binary: bool) -> None:
    """Below 1 KiB compressing costs more than it saves."""
    ready = Outgoing(event(500)).frame(1, None, binary=binary, deflate=True)
    assert not ready[0] & frames.RSV1


@pytest.mark.parametrize("binary", [False, True])
def test_big_events_are_compressed(*, binary: bool) -> None:
    """From 1 KiB on they are, for those connections that can take it."""
    one = Outgoing(event(3_000))
    plain = one.frame(1, None, binary=binary, deflate=False)
    squeezed = one.frame(1, None, binary=binary, deflate=True)
    assert (0, frames.RSV1) == (plain[0] & frames.RSV1, squeezed[0] & frames.RSV1)
    assert len(squeezed) < len(plain) / 5


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize(("size", "bit"), [(1023, 0), (1024, frames.RSV1)])
def test_replies_are_compressed_from_1_kib(size: int, bit: int, *, binary: bool) -> None:
    """The size that counts is that of the message as it is sent."""
    message = msgspec.json.encode("x" * (size - 3 if binary else size - 2))
    ready = frame(message, binary=binary, deflate=True)
    assert bit == ready[0] & frames.RSV1
    assert (codec.pack(message) if binary else message) == unframed(ready)[1]


@pytest.mark.parametrize("binary", [False, True])
def test_replies_to_those_who_do_not_compress(*, binary: bool) -> None:
    """A client that did not offer compression never gets any."""
    ready = frame(msgspec.json.encode("x" * 5000), binary=binary, deflate=False)
    assert not ready[0] & frames.RSV1


def test_packed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand recipients in MessagePack cost one transcoding."""
    calls = []

    def counted(message: bytes) -> object:
        calls.append(message)
        return original(message)

    original = msgspec.json.decode
    monkeypatch.setattr(msgspec.json, "decode", counted)
    one = Outgoing(event(100))
    for number in range(1000):
        one.binary(number)
    assert 1 == len(calls)
