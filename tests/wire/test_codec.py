import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, Struct

from hugmood.ambient import Instant, iso
from hugmood.errors import Rejected
from hugmood.wire import codec
from hugmood.wire.faults import Unreadable

NOW = 1_692_973_800_000
"""2023-08-25T14:30:00.000Z"""

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
objects = st.dictionaries(texts, values, max_size=5)
moments = st.integers(0, 253_402_300_799_999)
numbers = st.integers(0, 2**53)


def as_json(value: object) -> Any:  # noqa: ANN401
    """Read JSON by the standard library, strictly."""
    assert isinstance(value, bytes)
    return json.loads(value, parse_constant=pytest.fail)


# Reading


def test_envelope() -> None:
    """All five fields are read; `data` stays as it came."""
    envelope = codec.read_envelope(
        b'{"type":"send_hug","id":"a","data": {"b": [1]} ,"sequenceNumber":42,'
        b'"timestamp":"2023-08-25T16:30:00+02:00"}'
    )
    assert ("send_hug", "a", 42) == (envelope.type, envelope.id, envelope.sequence_number)
    assert {"b": [1]} == msgspec.json.decode(bytes(envelope.data or b""))
    assert NOW == envelope.timestamp


def test_envelope_without_what_is_optional() -> None:
    """A type and an id are enough."""
    envelope = codec.read_envelope(b'{"type":"heartbeat","id":"a"}')
    assert (UNSET, UNSET, UNSET) == (envelope.data, envelope.timestamp, envelope.sequence_number)


def test_unknown_fields_are_ignored() -> None:
    """What later versions may add does no harm."""
    assert "a" == codec.read_envelope(b'{"x":[{}],"type":"t","id":"a","y":null}').id


def test_duplicate_keys() -> None:
    """The last one counts."""
    envelope = codec.read_envelope(b'{"type":"s","id":"a","type":"t","id":"b"}')
    assert ("t", "b") == (envelope.type, envelope.id)


def test_deepest_nesting() -> None:
    """32 levels are read, the envelope's own included."""
    data = b'{"a":' * 30 + b"[]" + b"}" * 30
    assert codec.read_envelope(b'{"type":"t","id":"a","data":%b}' % data).id == "a"


def test_many_brackets_are_not_depth() -> None:
    """Brackets in text, or side by side, are not nesting."""
    flat = b'{"text":"%b","list":[%b]}' % (b"[{" * 40, b",".join([b"{}"] * 40))
    assert codec.read_envelope(b'{"type":"t","id":"a","data":%b}' % flat).id == "a"


def test_backslash_before_u0000() -> None:
    """An escaped backslash and `u0000` are six characters, not NUL."""
    data = rb'{"text":"\\u0000"}'
    assert codec.read_envelope(b'{"type":"t","id":"a","data":%b}' % data).id == "a"


def test_surrogate_pair() -> None:
    """Two halves of one character are a character."""
    data = rb'{"text":"\ud83e\udd17"}'
    assert codec.read_envelope(b'{"type":"t","id":"a","data":%b}' % data).id == "a"


def test_huge_sequence_number() -> None:
    """A client's number decides nothing, so it may be any."""
    message = b'{"type":"t","id":"a","sequenceNumber":%b}' % (b"9" * 40)
    assert codec.read_envelope(message).sequence_number == int("9" * 40)


@given(kind=texts, message_id=texts.filter(bool))
def test_any_type_and_id(kind: str, message_id: str) -> None:
    """Whatever text they are, they come through unchanged."""
    envelope = codec.read_envelope(msgspec.json.encode({"type": kind, "id": message_id}))
    assert (kind, message_id) == (envelope.type, envelope.id)


@given(st.binary(max_size=60))
def test_any_bytes(message: bytes) -> None:
    """Bytes that are no message are `Unreadable`, and nothing else."""
    with pytest.raises(Unreadable):
        codec.read_envelope(message)


FRAGMENTS = [
    b"{", b"}", b"[", b"]", b",", b":", b'"type"', b'"id"', b'"data"', b'"timestamp"', b'"a"',
    b'"sequenceNumber"', b"1e999", b"-1", b"9" * 5000, b"NaN", b"null", b"true", b'"\\u0000"',
    b'"\\ud800"', b'"\xff"', b'"2023-08-25T14:30:00"', b"/**/", b" ", b"[" * 40, b"]" * 40,
    b'{"type":"t","id":"a","data":', b'{"x":', b"}}", b'"\\"', b"\xef\xbb\xbf",
]  # fmt: skip


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=12).map(b"".join))
def test_any_fragments(message: bytes) -> None:
    """Nor do pieces of messages, in any order, raise anything else."""
    try:
        envelope = codec.read_envelope(message)
    except Unreadable:
        return
    assert isinstance(envelope.id, str)


@given(objects)
def test_any_data(data: dict[str, Any]) -> None:
    """Data of any kind is carried as it is."""
    text = msgspec.json.encode(data)
    envelope = codec.read_envelope(b'{"type":"t","id":"a","data":%b}' % text)
    assert text == bytes(envelope.data or b"")


# Reading MessagePack


@given(objects)
def test_unpack(value: dict[str, Any]) -> None:
    """What MessagePack says, JSON says as well."""
    assert value == as_json(codec.unpack(msgspec.msgpack.encode(value)))


@given(st.binary(max_size=60))
def test_unpack_any_bytes(message: bytes) -> None:
    """Bytes that are no MessagePack are `Unreadable`, and what is becomes strict JSON."""
    try:
        text = codec.unpack(message)
    except Unreadable:
        return
    as_json(text)


@given(values)
def test_unpack_any_value(value: object) -> None:
    """A value that is no message is refused as one, in either form."""
    text = codec.unpack(msgspec.msgpack.encode(value))
    if not isinstance(value, dict):
        with pytest.raises(Unreadable):
            codec.read_envelope(text)


# Reading data


class Form(Struct, rename="camel"):
    """Some data."""

    some_count: int
    created_at: Instant = Instant(0)


def test_decoder() -> None:
    """Names are in camel case, times become moments, unknown fields are ignored."""
    read = codec.decoder(Form)
    data = b'{"someCount":3,"createdAt":"2023-08-25T14:30:00Z","other":{}}'
    assert Form(3, Instant(NOW)) == read(data)


@pytest.mark.parametrize(
    "text",
    [
        "2023-08-25T14:30:00.000Z",
        "2023-08-25T14:30:00Z",
        "2023-08-25T16:30:00.000+02:00",
        "2023-08-25T09:00:00.0-05:30",
        "2023-08-25T14:30:00.000999Z",
    ],
)
def test_moments(text: str) -> None:
    """Any offset will do; what is finer than a millisecond is cut."""
    read = codec.decoder(Form)
    assert NOW == read(msgspec.json.encode({"someCount": 1, "createdAt": text})).created_at


def test_decoder_refuses() -> None:
    """What is wrong is told with the path from the envelope."""
    with pytest.raises(Rejected) as caught:
        codec.decoder(Form)(b"{}")
    refusal = caught.value.refusal
    assert ("data.someCount", "required_field_missing") == (refusal.field, refusal.issue)


# Writing


def test_encode_moment() -> None:
    """Always milliseconds and `Z`, also where they are nought."""
    assert b'{"someCount":1,"createdAt":"2023-08-25T14:30:00.000Z"}' == codec.encode(
        Form(1, Instant(NOW))
    )


def test_encode_unknown() -> None:
    """A value that has no form on the wire is a mistake in the code."""
    with pytest.raises(NotImplementedError):
        codec.encode(object())


def test_prefix_and_suffix() -> None:
    """Together they are the seed's envelope, and no byte more."""
    message = codec.prefix("ping", "ping-1", b'{"a":1}', NOW) + codec.suffix(42)
    expected = (
        b'{"type":"ping","id":"ping-1","data":{"a":1},'
        b'"timestamp":"2023-08-25T14:30:00.000Z","sequenceNumber":42}'
    )
    assert expected == message


def test_suffix_with_previous() -> None:
    """After a filtered event the number of the one before is given."""
    assert b',"sequenceNumber":42,"previousSequenceNumber":40}' == codec.suffix(42, 40)


@given(message_id=texts, data=objects, now=moments, number=numbers)
def test_message_is_json(message_id: str, data: dict[str, Any], now: int, number: int) -> None:
    """Whatever the id and the data, it is strict JSON with exactly five fields."""
    head = codec.prefix("mood_update_response", message_id, msgspec.json.encode(data), now)
    assert {
        "type": "mood_update_response",
        "id": message_id,
        "data": data,
        "timestamp": iso(now),
        "sequenceNumber": number,
    } == as_json(head + codec.suffix(number))


@given(data=objects, now=moments, number=numbers, previous=st.none() | numbers)
def test_pack(data: dict[str, Any], now: int, number: int, previous: int | None) -> None:
    """A message says the same in MessagePack as in JSON."""
    head = codec.prefix("mood_changed", "bcast-1", msgspec.json.encode(data), now)
    message = head + codec.suffix(number, previous)
    assert as_json(message) == msgspec.msgpack.decode(codec.pack(message))


@given(data=objects, now=moments, number=numbers)
def test_packed_prefix_and_suffix(data: dict[str, Any], now: int, number: int) -> None:
    """An event put together from its halves is the event rewritten as a whole."""
    head = codec.prefix("mood_changed", "bcast-1", msgspec.json.encode(data), now)
    packed = codec.packed_prefix(head) + codec.packed_suffix(number)
    assert codec.pack(head + codec.suffix(number)) == packed
