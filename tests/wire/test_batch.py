"""Several messages in one: handled as if they had come one after the other."""

from typing import Any, Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hugmood import features
from hugmood.errors import Refusal
from hugmood.wire import codec
from hugmood.wire.limits import Settings
from hugmood.wire.session import Effect, Forward, Hang
from tests.wire.test_session import (
    DAY,
    SECOND,
    Chat,
    Message,
    answered_ids,
    refusal_of,
    signed_in,
)

features.load_messages()

NUL: Final = {"type": "mood_update", "id": "bad", "data": {"note": "\0"}}
MOST: Final = 50

every_reading = pytest.mark.parametrize("packed", [False, True], ids=["json", "msgpack"])


def encoded(message: object, *, packed: bool) -> bytes:
    """A message as it comes over a connection of this kind."""
    return msgspec.msgpack.encode(message) if packed else msgspec.json.encode(message)


def command(message_id: str, kind: str = "mood_update", **data: object) -> Message:
    """One valid envelope."""
    return {"type": kind, "id": message_id, "data": data}


def batch(*messages: object) -> Message:
    """An envelope around others."""
    return {"type": "batch", "id": "batch-1", "data": {"messages": list(messages)}}


def chat_of(settings: Settings = Settings(limited=False), *, packed: bool) -> Chat:  # noqa: B008 (frozen)
    """A conversation in JSON or MessagePack, signed in for a day."""
    chat = Chat(settings, reading=codec.PACKED if packed else codec.JSON)
    chat.raw(encoded(command("auth-1", "auth"), packed=packed))
    chat.session.signed_in(chat.clock.now() + DAY)
    chat.answer("auth-1")
    return chat


def details_of(message: Message) -> tuple[str | None, str, str]:
    """Which message an error is about, where it is wrong, and how."""
    data = message["data"]
    details = data["details"]
    return data.get("originalMessageId"), details["field"], details["issue"]


@every_reading
def test_each_has_its_own_reply(*, packed: bool) -> None:
    """In the order in which they stand, whatever the order of the answers."""
    chat = chat_of(packed=packed)
    assert [] == chat.raw(encoded(batch(command("a"), command("b", x=1)), packed=packed))
    assert ["a", "b"] == chat.forwarded_ids
    assert b'{"x":1}' == bytes(chat.forwarded[1].envelope.data or b"")
    assert [] == chat.answer("b")
    assert ["a", "b"] == answered_ids(chat.answer("a"))


@every_reading
@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"type": "mood_update", "id": ""}, (None, "id", "invalid_format")),
        ({"type": "mood_update"}, (None, "id", "required_field_missing")),
        ({"id": "bad"}, ("bad", "type", "required_field_missing")),
        ({"type": "mood_update", "id": "bad", "data": 5}, ("bad", "data", "invalid_type")),
        (NUL, ("bad", "data.note", "invalid_format")),
        (command("bad", "batch", messages=[]), ("bad", "type", "unknown_type")),
    ],
)
def test_a_bad_one_hurts_no_other(
    wrong: Message, error: tuple[str | None, str, str], *, packed: bool
) -> None:
    """It gets an error of its own, its field seen from its own envelope."""
    chat = chat_of(packed=packed)
    chat.raw(encoded(batch(command("a"), wrong, command("b")), packed=packed))
    assert ["a", "b"] == chat.forwarded_ids
    (reply, refused) = chat.answer("a")
    assert ("a-resp", error) == (reply["id"], details_of(refused))
    assert ["b"] == answered_ids(chat.answer("b"))


def test_what_only_messagepack_can_say_hurts_no_other() -> None:
    """Bytes in one message of a batch are that message's fault."""
    chat = chat_of(packed=True)
    wrong = command("bad", note=b"x")
    (refused,) = chat.raw(encoded(batch(wrong, command("a")), packed=True))
    assert ("bad", "data.note", "invalid_type") == details_of(refused)
    assert ["a"] == chat.forwarded_ids


@every_reading
@pytest.mark.parametrize("element", [5, "x", None, [1]])
def test_one_that_is_no_object(element: object, *, packed: bool) -> None:
    """It is malformed, and nobody's id is known."""
    chat = chat_of(packed=packed)
    (refused,) = chat.raw(encoded(batch(element, command("a")), packed=packed))
    assert ("invalid_request", None) == refusal_of(refused)
    assert ["a"] == chat.forwarded_ids


@every_reading
@pytest.mark.parametrize(
    ("data", "field", "issue"),
    [
        ({"messages": [command(f"m{n}") for n in range(MOST + 1)]}, "data.messages", "too_long"),
        ({"messages": []}, "data.messages", "invalid_format"),
        ({"messages": {}}, "data.messages", "invalid_type"),
        ({}, "data.messages", "required_field_missing"),
        ([], "data", "invalid_type"),
    ],
)
def test_a_bad_batch(data: object, field: str, issue: str, *, packed: bool) -> None:
    """It is refused as a whole, and none of it is done."""
    chat = chat_of(packed=packed)
    message = {"type": "batch", "id": "batch-1", "data": data}
    (refused,) = chat.raw(encoded(message, packed=packed))
    assert ("batch-1", field, issue) == details_of(refused)
    assert [] == chat.forwarded


@every_reading
def test_a_batch_without_data(*, packed: bool) -> None:
    """There is nothing in it."""
    (refused,) = chat_of(packed=packed).raw(encoded({"type": "batch", "id": "b"}, packed=packed))
    assert ("b", "data.messages", "required_field_missing") == details_of(refused)


@every_reading
def test_as_many_as_may_be(*, packed: bool) -> None:
    """Fifty, each as deep as a message may be."""
    chat = chat_of(packed=packed)
    deep: Any = {}
    for _ in range(29):
        deep = {"x": deep}
    chat.raw(encoded(batch(*(command(f"m{n}", x=deep) for n in range(MOST))), packed=packed))
    assert [f"m{n}" for n in range(MOST)] == chat.forwarded_ids


# Limits


def test_each_counts() -> None:
    """A batch is no way round the limits: what is too much is refused, the rest is done."""
    chat = chat_of(Settings(burst=3), packed=False)  # one of them was the `auth`
    chat.raw(encoded(batch(command("a"), command("b"), command("c")), packed=False))
    assert ["a", "b"] == chat.forwarded_ids
    chat.answer("a")
    (_, refused) = chat.answer("b")
    assert ("rate_limit_exceeded", "c") == refusal_of(refused)
    assert {"retryAfter": 1} == refused["data"]["details"]


def test_a_bad_batch_counts() -> None:
    """As any message that is refused."""
    chat = chat_of(Settings(burst=2), packed=False)
    assert [("invalid_request", "batch-1")] == [refusal_of(m) for m in chat.say("batch", "batch-1")]
    assert [("rate_limit_exceeded", "batch-1")] == [
        refusal_of(m) for m in chat.say("batch", "batch-1")
    ]


def test_heartbeats_in_a_batch_are_free() -> None:
    """And get no answer."""
    chat = chat_of(Settings(burst=2), packed=False)
    beats = [command(f"h{n}", "heartbeat") for n in range(MOST - 1)]
    assert [] == chat.raw(encoded(batch(*beats, command("a")), packed=False))
    assert ["a"] == chat.forwarded_ids


def test_a_batch_is_a_sign_of_life() -> None:
    """As any message."""
    chat = signed_in(Settings(limited=False))
    chat.clock.move(70)
    chat.raw(encoded(batch(command("h", "heartbeat")), packed=False))
    chat.tick_after(74.9)
    assert chat.hung is None


# Before signing in


def test_before_authentication() -> None:
    """Each is refused as it would be alone; the eleventh closes, and no more is looked at."""
    chat = Chat()
    many = batch(*(command(f"m{n}") for n in range(20)))
    *refused, notice = chat.raw(encoded(many, packed=False))
    assert [("auth_required", f"m{n}") for n in range(10)] == [refusal_of(m) for m in refused]
    assert "protocol_error" == notice["data"]["code"]
    assert Hang(4400, "protocol_error") == chat.hung


def test_auth_and_commands_in_one() -> None:
    """What follows an `auth` waits for its outcome."""
    chat = Chat()
    chat.raw(encoded(batch(command("auth-1", "auth"), command("a"), command("b")), packed=False))
    assert ["auth-1"] == chat.forwarded_ids
    chat.session.signed_in(chat.clock.now() + DAY)
    chat.answer("auth-1")
    assert ["a", "b"] == chat.forwarded_ids


def test_auth_that_fails_and_commands_in_one() -> None:
    """They are refused, after it."""
    chat = Chat()
    chat.raw(encoded(batch(command("auth-1", "auth"), command("a")), packed=False))
    failed, refused = chat.answer("auth-1", refusal=Refusal("invalid_auth", "No"))
    assert not failed["data"]["success"]
    assert ("auth_required", "a") == refusal_of(refused)


def test_goodbye_in_a_batch() -> None:
    """Nothing after a `disconnect` that takes effect at once."""
    chat = Chat()
    chat.raw(encoded(batch(command("bye", "disconnect"), command("a")), packed=False))
    assert Hang(1000, "") == chat.hung


# All of it, in any order

MESSAGES: Final = st.lists(
    st.sampled_from(
        [
            *(command(f"c{n}", kind) for n, kind in enumerate(("mood_update", "fetch", "auth"))),
            command("p", "pong"),
            command("bye", "disconnect"),
            command("u", "no_such_type", x=[1, {"y": None}]),
            {"id": "no-type"},
            {"type": "mood_update", "id": "late", "timestamp": "yesterday"},
            NUL,
            5,
        ]
    ),
    min_size=1,
    max_size=MOST,
)


def told(effects: list[Effect]) -> list[object]:
    """Effects as values that can be compared."""
    return [
        (e.slot.id, e.slot.type, e.envelope.id, bytes(e.envelope.data or b""))
        if isinstance(e, Forward)
        else e
        for e in effects
    ]


@given(messages=MESSAGES, packed=st.booleans(), known=st.booleans(), burst=st.integers(1, 60))
def test_same_as_one_by_one(
    messages: list[object], burst: int, *, packed: bool, known: bool
) -> None:
    """Whatever is in a batch, what comes of it is what came of its parts."""
    settings = Settings(burst=burst)
    alone, together = (
        chat_of(settings, packed=packed)
        if known
        else Chat(settings, reading=codec.PACKED if packed else codec.JSON)
        for _ in range(2)
    )
    now = alone.clock.now() + SECOND
    one_by_one = [
        effect
        for message in messages
        for effect in alone.session.receive(encoded(message, packed=packed), now)
    ]
    at_once = together.session.receive(encoded(batch(*messages), packed=packed), now)
    assert told(one_by_one) == told(at_once)
    assert alone.session.phase is together.session.phase
