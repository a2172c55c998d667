"""Every kind of mistake, and what its sender is told: field and issue."""

import re
from typing import Annotated, Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Meta, Struct

from hugmood import features
from hugmood.errors import Issue, Rejected
from hugmood.features.auth.messages import AuthRegister
from hugmood.features.follows.messages import FollowUser
from hugmood.features.hugs.messages import SendHug
from hugmood.features.moods.messages import FetchMoodHistory, MoodUpdate
from hugmood.wire import codec
from hugmood.wire.faults import Unreadable
from hugmood.wire.message import COMMANDS, AnyCommand

features.load_messages()

MOOD: dict[str, Any] = {"mood": "happy", "intensity": 0.5}
PLACE: dict[str, Any] = {"latitude": 1, "longitude": 1}
FOLLOW: dict[str, Any] = {"targetUserId": "user-1", "action": "follow"}
HUG: dict[str, Any] = {"recipientId": "user-1", "hugType": "warm"}
REGISTER: dict[str, Any] = {
    "method": "register",
    "email": "ada@example.com",
    "password": "correct horse",
    "name": "Ada",
}


def fault(kind: type[Any], data: object) -> tuple[str | None, str | None]:
    """Field and issue of the refusal of this data, given as a value or as JSON."""
    text = data if isinstance(data, bytes) else msgspec.json.encode(data)
    with pytest.raises(Rejected) as caught:
        codec.decoder(kind)(text)
    assert caught.value.refusal.code == "invalid_request"
    return caught.value.refusal.field, caught.value.refusal.issue


# In `data`

DATA: list[tuple[str, type[AnyCommand], object, str, Issue]] = [
    ("missing", MoodUpdate, {"intensity": 1}, "data.mood", "required_field_missing"),
    ("no data", MoodUpdate, {}, "data.mood", "required_field_missing"),
    (
        "missing, nested",
        MoodUpdate,
        MOOD | {"location": {"latitude": 1}},
        "data.location.longitude",
        "required_field_missing",
    ),
    ("type", MoodUpdate, MOOD | {"mood": 5}, "data.mood", "invalid_type"),
    ("null", MoodUpdate, MOOD | {"note": None}, "data.note", "invalid_type"),
    ("number as text", MoodUpdate, MOOD | {"intensity": "1"}, "data.intensity", "invalid_type"),
    ("number as truth", MoodUpdate, MOOD | {"isPublic": 1}, "data.isPublic", "invalid_type"),
    ("truth as number", MoodUpdate, MOOD | {"intensity": True}, "data.intensity", "invalid_type"),
    ("text as object", MoodUpdate, MOOD | {"location": "x"}, "data.location", "invalid_type"),
    ("text as array", MoodUpdate, MOOD | {"tags": "x"}, "data.tags", "invalid_type"),
    ("type in an array", MoodUpdate, MOOD | {"tags": ["a", 5]}, "data.tags[1]", "invalid_type"),
    (
        "type in a map",
        MoodUpdate,
        MOOD | {"factors": {"a": 1, "b": "x"}},
        "data.factors.b",
        "invalid_type",
    ),
    (
        "list in a map",
        MoodUpdate,
        MOOD | {"factors": {"a": 1, "b": [1]}},
        "data.factors.b",
        "invalid_type",
    ),
    ("fraction as count", FetchMoodHistory, {"limit": 1.5}, "data.limit", "invalid_type"),
    ("too much", MoodUpdate, MOOD | {"intensity": 1.01}, "data.intensity", "out_of_range"),
    ("too little", MoodUpdate, MOOD | {"intensity": -0.01}, "data.intensity", "out_of_range"),
    ("beyond doubles", MoodUpdate, b'{"mood":"a","intensity":1e999}', "data.intensity",
     "out_of_range"),
    ("beyond doubles, long", MoodUpdate, b'{"mood":"a","intensity":%b}' % (b"9" * 400),
     "data.intensity", "out_of_range"),
    ("beyond doubles, in a map", MoodUpdate,
     b'{"mood":"a","intensity":1,"factors":{"a":1,"b":1e999}}', "data.factors.b", "out_of_range"),
    ("many digits, in a map", MoodUpdate,
     b'{"mood":"a","intensity":1,"factors":{"a":1e999,"b":%b}}' % (b"9" * 5000),
     "data.factors", "out_of_range"),
    ("beyond exact integers", FetchMoodHistory, {"offset": 2**53}, "data.offset", "out_of_range"),
    ("beyond 64 bits", FetchMoodHistory, b'{"offset":%b}' % (b"9" * 40), "data.offset",
     "out_of_range"),
    ("page too small", FetchMoodHistory, {"limit": 0}, "data.limit", "out_of_range"),
    ("page too big", FetchMoodHistory, {"limit": 101}, "data.limit", "out_of_range"),
    ("negative", FetchMoodHistory, {"offset": -1}, "data.offset", "out_of_range"),
    (
        "range, nested",
        MoodUpdate,
        MOOD | {"location": PLACE | {"latitude": 90.1}},
        "data.location.latitude",
        "out_of_range",
    ),
    ("long text", MoodUpdate, MOOD | {"note": "x" * 2001}, "data.note", "too_long"),
    ("long array", MoodUpdate, MOOD | {"tags": ["x"] * 11}, "data.tags", "too_long"),
    ("long in an array", MoodUpdate, MOOD | {"tags": ["x", "y" * 33]}, "data.tags[1]", "too_long"),
    (
        "long map",
        MoodUpdate,
        MOOD | {"factors": {str(n): n for n in range(11)}},
        "data.factors",
        "too_long",
    ),
    ("long key", MoodUpdate, MOOD | {"factors": {"x" * 33: 1}}, "data.factors", "too_long"),
    (
        "long, nested",
        MoodUpdate,
        MOOD | {"location": PLACE | {"name": "x" * 101}},
        "data.location.name",
        "too_long",
    ),
    ("empty text", FollowUser, FOLLOW | {"targetUserId": ""}, "data.targetUserId",
     "invalid_format"),
    ("empty in an array", MoodUpdate, MOOD | {"tags": [""]}, "data.tags[0]", "invalid_format"),
    ("empty key", MoodUpdate, MOOD | {"factors": {"": 1}}, "data.factors", "invalid_format"),
    ("short text", AuthRegister, REGISTER | {"password": "1234567"}, "data.password",
     "invalid_format"),
    ("pattern", AuthRegister, REGISTER | {"email": "ada at example"}, "data.email",
     "invalid_format"),
    (
        "pattern, nested",
        SendHug,
        HUG | {"customization": {"color": "#12345"}},
        "data.customization.color",
        "invalid_format",
    ),
    ("choice", FollowUser, FOLLOW | {"action": "unblock"}, "data.action", "unknown_value"),
    ("type of a choice", FollowUser, FOLLOW | {"action": 5}, "data.action", "invalid_type"),
    *[
        (
            f"time {text}",
            FetchMoodHistory,
            {"filters": {"startDate": text}},
            "data.filters.startDate",
            "invalid_format",
        )
        for text in ("2023-08-25T14:30:00", "2023-08-25", "noon", "", "2023-02-30T00:00:00Z")
    ],
    ("time as number", FetchMoodHistory, {"filters": {"startDate": 5}}, "data.filters.startDate",
     "invalid_type"),
    ("no object", MoodUpdate, [], "data", "invalid_type"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "data", "field", "issue"), [row[1:] for row in DATA], ids=[row[0] for row in DATA]
)
def test_data(kind: type[AnyCommand], data: object, field: str, issue: Issue) -> None:
    """The path leads from the envelope to the value; the issue is one of the ten."""
    assert (field, issue) == fault(kind, data)


@pytest.mark.parametrize(
    "text",
    [
        "Object missing required field `x`",
        "missing required field `x`",
        ", got `x`",
        "of length <= 5",
        "x - at `$.password`",
        "x' - at `$.password",
        "x' - at `$[...]`",
        "Invalid\nenum value",
    ],
)
def test_words_of_the_decoder(text: str) -> None:
    """A value that looks like the decoder's own words is only a value.

    Such a value used to choose the field and the issue that its sender was told.
    """
    assert ("data.action", "unknown_value") == fault(FollowUser, FOLLOW | {"action": text})


def test_messages_repeat_nothing() -> None:
    """What people sent is in no text that is made for people."""
    with pytest.raises(Rejected) as caught:
        codec.decoder(FollowUser)(msgspec.json.encode(FOLLOW | {"action": "my secret"}))
    assert "secret" not in caught.value.refusal.message


class Inner(Struct):
    """Something with a map in it."""

    scores: dict[str, Annotated[int, Meta(le=9)]]
    lists: dict[str, list[int]] = {}


class Outer(Struct):
    """Maps within objects and arrays."""

    one: Inner | None = None
    many: list[Inner] = []


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"one": {"scores": {"a": 1, "b": 10}}}, "data.one.scores.b"),
        ({"many": [{"scores": {}}, {"scores": {"a": 10}}]}, "data.many[1].scores.a"),
        ({"one": {"scores": {}, "lists": {"a": [1, "x"]}}}, "data.one.lists.a[1]"),
    ],
)
def test_keys_of_nested_maps(data: object, field: str) -> None:
    """The key of a bad value is found wherever its map is; it used to fail."""
    assert field == fault(Outer, data)[0]


# In the envelope


def deep(levels: int) -> bytes:
    """An object that is nested so deep."""
    return b'{"a":' * (levels - 1) + b"{}" + b"}" * (levels - 1)


ENVELOPES: list[tuple[str, bytes, str | None, Issue, str | None]] = [
    ("nothing", b"", None, "invalid_format", None),
    ("no JSON", b"hello", None, "invalid_format", None),
    ("half", b'{"type":"t","id":"a"', None, "invalid_format", None),
    ("trailing bytes", b'{"type":"t","id":"a"} x', None, "invalid_format", None),
    ("two", b'{"type":"t","id":"a"}{"type":"t","id":"b"}', None, "invalid_format", None),
    ("comment", b'{"type":"t",/* */"id":"a"}', None, "invalid_format", None),
    ("line comment", b'{"type":"t","id":"a"} // x', None, "invalid_format", None),
    ("trailing comma", b'{"type":"t","id":"a",}', None, "invalid_format", None),
    ("single quotes", b"{'type':'t'}", None, "invalid_format", None),
    ("byte order mark", b'\xef\xbb\xbf{"type":"t","id":"a"}', None, "invalid_format", "a"),
    ("no UTF-8", b'{"type":"\xff","id":"a"}', None, "invalid_format", None),
    ("array", b'[{"type":"t"}]', None, "invalid_type", None),
    ("text", b'"type"', None, "invalid_type", None),
    ("null", b"null", None, "invalid_type", None),
    ("no type", b'{"id":"a"}', "type", "required_field_missing", "a"),
    ("no id", b'{"type":"t"}', "id", "required_field_missing", None),
    ("type of type", b'{"type":5,"id":"a"}', "type", "invalid_type", "a"),
    ("type of id", b'{"type":"t","id":5}', "id", "invalid_type", None),
    ("empty id", b'{"type":"t","id":""}', "id", "invalid_format", None),
    ("long id", b'{"type":"t","id":"%b"}' % (b"x" * 129), "id", "too_long", None),
    ("NUL in id", b'{"type":"t","id":"\\u0000"}', "id", "invalid_format", None),
    ("surrogate in id", b'{"type":"t","id":"\\udc00"}', "id", "invalid_format", None),
    ("NUL in type", b'{"type":"\\u0000","id":"a"}', "type", "invalid_format", "a"),
    ("data array", b'{"type":"t","id":"a","data":[]}', "data", "invalid_type", "a"),
    ("data null", b'{"type":"t","id":"a","data":null}', "data", "invalid_type", "a"),
    ("data text", b'{"type":"t","id":"a","data":"{}"}', "data", "invalid_type", "a"),
    ("time", b'{"type":"t","id":"a","timestamp":"now"}', "timestamp", "invalid_format", "a"),
    ("time without zone", b'{"type":"t","id":"a","timestamp":"2023-08-25T14:30:00"}',
     "timestamp", "invalid_format", "a"),
    ("time as number", b'{"type":"t","id":"a","timestamp":5}', "timestamp", "invalid_type", "a"),
    ("time null", b'{"type":"t","id":"a","timestamp":null}', "timestamp", "invalid_type", "a"),
    ("number", b'{"type":"t","id":"a","sequenceNumber":"5"}', "sequenceNumber", "invalid_type",
     "a"),
    ("negative number", b'{"type":"t","id":"a","sequenceNumber":-1}', "sequenceNumber",
     "out_of_range", "a"),
    ("NaN", b'{"type":"t","id":"a","data":{"x":NaN}}', None, "invalid_format", None),
    ("Infinity", b'{"type":"t","id":"a","data":{"x":-Infinity}}', None, "invalid_format", None),
    ("too deep", b'{"type":"t","id":"a","data":%b}' % deep(32), None, "invalid_format", "a"),
    ("far too deep", b'{"type":"t","id":"a","data":%b}' % deep(9000), None, "invalid_format", None),
    ("too deep elsewhere", b'{"type":"t","id":"a","x":%b%b}' % (b"[" * 32, b"]" * 32), None,
     "invalid_format", "a"),
    ("control character", b'{"type":"t","id":"a\n"}', None, "invalid_format", None),
    ("leading nought", b'{"type":"t","id":"a","data":{"x":01}}', None, "invalid_format", None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("message", "field", "issue", "message_id"),
    [row[1:] for row in ENVELOPES],
    ids=[row[0] for row in ENVELOPES],
)
def test_envelope(message: bytes, field: str | None, issue: Issue, message_id: str | None) -> None:
    """What is no envelope is malformed; its id is given back if it has a good one."""
    with pytest.raises(Unreadable) as caught:
        codec.read_envelope(message)
    error = caught.value
    assert (field, issue, message_id, True) == (
        error.refusal.field,
        error.refusal.issue,
        error.message_id,
        error.malformed,
    )


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (b'{"note":"\\u0000"}', "data.note"),
        (b'{"tags":["a","b\\u0000"]}', "data.tags[1]"),
        (b'{"note":"\\ud800"}', "data.note"),
        (b'{"note":"\\udc00\\ud800"}', "data.note"),
        (b'{"a":{"b":[{"c":"\\ud800"}]}}', "data.a.b[0].c"),
        (b'{"a":{"\\u0000":1}}', "data.a"),
        (b'{"x":1e999,"y":[%b]}' % b",".join([b"[]"] * 40), "data.x"),
    ],
)
def test_bad_values_in_data(data: bytes, field: str) -> None:
    """NUL and lone surrogates are `invalid_format`, wherever they are; not malformed."""
    with pytest.raises(Unreadable) as caught:
        codec.read_envelope(b'{"type":"t","id":"a","data":%b}' % data)
    error = caught.value
    assert (field, "invalid_format", "a", False) == (
        error.refusal.field,
        error.refusal.issue,
        error.message_id,
        error.malformed,
    )


# In MessagePack

PACKED: list[tuple[str, bytes, str | None, Issue]] = [
    ("nothing", b"", None, "invalid_format"),
    ("no MessagePack", b"\xc1", None, "invalid_format"),
    ("half", b"\x81\xa1a", None, "invalid_format"),
    ("trailing bytes", b"\x80\x80", None, "invalid_format"),
    ("endless map", b"\xdf\xff\xff\xff\xff", None, "invalid_format"),
    ("number as key", b"\x81\x01\x02", None, "invalid_type"),
    ("nothing as key", b"\x81\xc0\x02", None, "invalid_type"),
    ("map as key", b"\x81\x80\x02", None, "invalid_format"),
    ("bytes", b"\x81\xa4data\xc4\x01x", "data", "invalid_type"),
    ("NaN", msgspec.msgpack.encode({"data": {"x": float("nan")}}), "data.x", "invalid_format"),
    ("Infinity", msgspec.msgpack.encode({"data": {"x": float("inf")}}), "data.x",
     "invalid_format"),
    ("NUL", msgspec.msgpack.encode({"data": {"x": ["\0"]}}), "data.x[0]", "invalid_format"),
    ("extension", msgspec.msgpack.encode({"x": msgspec.msgpack.Ext(5, b"")}), "x",
     "invalid_type"),
    ("time", b"\x81\xa1x\xd6\xff\x00\x00\x00\x00", "x", "invalid_type"),
    ("too deep", b"\x91" * 32 + b"\x90", None, "invalid_format"),
    ("far too deep", b"\x91" * 9000 + b"\x90", None, "invalid_format"),
    ("surrogate", b"\x81\xa1x\xa3\xed\xa0\x80", None, "invalid_format"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("message", "field", "issue"), [row[1:] for row in PACKED], ids=[row[0] for row in PACKED]
)
def test_messagepack(message: bytes, field: str | None, issue: Issue) -> None:
    """What JSON could not say is refused before it becomes JSON."""
    with pytest.raises(Unreadable) as caught:
        codec.unpack(message)
    assert (field, issue) == (caught.value.refusal.field, caught.value.refusal.issue)


# Anything at all

texts = st.text(max_size=8)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
    | st.sampled_from(["2023-08-25T14:30:00Z", "follow", "mood_history", "x" * 3000, [1] * 40]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
issues = set(get_args(Issue))
OUR_PATH = re.compile(r"data(\.[a-zA-Z]+|\[\d+\])*(\.factors\..*)?", re.DOTALL)


@pytest.mark.parametrize("kind", COMMANDS.values(), ids=lambda kind: kind.__name__)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_any_data(kind: type[AnyCommand], data: st.DataObject) -> None:
    """An object with the right names and any values is read, or refused with a reason."""
    names = [field.encode_name for field in msgspec.structs.fields(kind)]
    value = data.draw(st.dictionaries(st.sampled_from([*names, "other"]), values))
    try:
        codec.decoder(kind)(msgspec.json.encode(value))
    except Rejected as rejected:
        refusal = rejected.refusal
        assert ("invalid_request", True) == (refusal.code, refusal.issue in issues)
        assert OUR_PATH.fullmatch(refusal.field or "")
