"""Messages joined: which go together, and what is written around them."""

from typing import Final

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from hugmood.gateway.batching import MOST_BYTES, batched
from hugmood.wire import codec
from tests.fakes import Clock, FakeAmbient

NOW: Final = "2023-08-25T14:30:00.000Z"
MOST: Final = 50


def message(number: int, size: int = 0) -> bytes:
    """A message of the server's with some text in it."""
    data = codec.encode({"text": "x" * size})
    return codec.prefix("ping", f"m{number}", data, 0) + codec.suffix(number)


def join(messages: list[bytes]) -> list[bytes]:
    """What goes out."""
    return list(batched(messages, FakeAmbient(Clock(NOW))))


def test_nothing() -> None:
    """There is no empty batch."""
    assert [] == join([])


def test_alone() -> None:
    """A single message goes as it is."""
    assert [message(1)] == join([message(1)])


def test_together() -> None:
    """Several go in one, whole, with the position after the last of them."""
    (joined,) = join([message(7), message(7), message(9)])
    batch = msgspec.json.decode(joined)
    assert batch.pop("id").startswith("batch-")
    assert {
        "type": "batch",
        "data": {"messages": [msgspec.json.decode(message(n)) for n in (7, 7, 9)]},
        "timestamp": NOW,
        "sequenceNumber": 9,
    } == batch


def test_position_after_a_message_that_names_the_one_before_it() -> None:
    """The number is its own, not the one it follows."""
    last = codec.prefix("mood_changed", "m", b"{}", 0) + codec.suffix(12, 9)
    (joined,) = join([message(9), last])
    assert 12 == msgspec.json.decode(joined)["sequenceNumber"]


def test_a_number_in_the_text() -> None:
    """What people write is not taken for the position."""
    data = codec.encode({"text": ',"sequenceNumber":99}', ",": 1})
    last = codec.prefix("ping", "m", data, 0) + codec.suffix(3)
    (joined,) = join([message(2), last])
    assert 3 == msgspec.json.decode(joined)["sequenceNumber"]


def test_large_one_goes_alone() -> None:
    """A page of history is not held up, and does not hold up."""
    large = message(2, MOST_BYTES)
    assert [message(1), large, message(3)] == join([message(1), large, message(3)])


@given(st.lists(st.integers(0, MOST_BYTES // 3), max_size=130))
def test_nothing_is_lost(sizes: list[int]) -> None:
    """All of it goes out, in order, in bounds."""
    messages = [message(number, size) for number, size in enumerate(sizes)]
    found: list[bytes] = []
    for sent in join(messages):
        parsed = msgspec.json.decode(sent, type=dict[str, msgspec.Raw])
        if parsed["type"] != msgspec.Raw(b'"batch"'):
            found.append(sent)
            continue
        data = msgspec.json.decode(parsed["data"], type=dict[str, list[msgspec.Raw]])
        within = [bytes(raw) for raw in data["messages"]]
        assert 2 <= len(within) <= MOST
        assert sum(map(len, within)) <= MOST_BYTES
        found += within
    assert messages == found
