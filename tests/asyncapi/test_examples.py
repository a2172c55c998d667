"""The document and the server agree on what is a message."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from hugmood import features
from hugmood.errors import Rejected
from hugmood.wire import codec
from hugmood.wire.faults import Unreadable
from hugmood.wire.message import COMMANDS, VARIANT_FIELDS, AnyCommand
from tests.asyncapi.described import (
    EXAMPLES,
    MESSAGES,
    RECEIVED,
    TYPES,
    Json,
    accepts,
    keys,
    shown,
)

features.load_messages()

GONE = object()
WRONG: tuple[object, ...] = (
    GONE,
    None,
    "",
    "x" * 5000,
    "x y",
    -1,
    7,
    1.5,
    1 << 60,
    True,
    [],
    [1] * 99,
    {},
)
"""What takes the place of each value in turn; some of it is right at some places.

Only of `1.0` they think differently: to JSON Schema it is an integer, not so to msgspec.
"""

every_example = pytest.mark.parametrize("message", EXAMPLES, ids=shown)


@every_example
def test_example_is_one_message(message: Json) -> None:
    """Each message on the protocol page is exactly one of the document's."""
    (key,) = keys(message)
    assert TYPES[key] == message["type"]


@pytest.mark.parametrize("key", MESSAGES)
def test_example_in_the_document_fits(key: str) -> None:
    """Each message in the document comes with an example of just this kind."""
    (example,) = MESSAGES[key]["examples"]
    assert [key] == keys(example["payload"])


@every_example
def test_example_needs_its_envelope(message: Json) -> None:
    """Without `type` or `id` it is none, and a server's message has all five fields."""
    (key,) = keys(message)
    needed = {"type", "id"} if key in RECEIVED else message.keys() - {"previousSequenceNumber"}
    for field in needed:
        assert not accepts(key, {name: message[name] for name in message.keys() - {field}})


def served(message: Json) -> type[AnyCommand] | None:
    """The command as which the server takes this message, if it does."""
    try:
        envelope = codec.read_envelope(json.dumps(message).encode())
        chosen = VARIANT_FIELDS.get(envelope.type)
        command = COMMANDS.get((envelope.type, message["data"].get(chosen) if chosen else None))
        if command:
            codec.decoder(command)(bytes(envelope.data or codec.EMPTY))
    except (Unreadable, Rejected, KeyError, AttributeError, TypeError):
        return None
    return command


def places(value: Any) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401 (any JSON)
    """Each place in a JSON value: what holds it, and the name or number there."""
    names = value if isinstance(value, dict) else range(len(value))
    for name in list(names):
        yield value, name
        if isinstance(value[name], dict | list):
            yield from places(value[name])


def variations(message: Json) -> Iterator[Json]:
    """The message with something else at one place."""
    message = copy.deepcopy(message)
    for holder, name in list(places(message)):
        right = holder[name]
        for wrong in WRONG:
            if wrong is not GONE:
                holder[name] = wrong
                yield message
        if isinstance(holder, dict):
            del holder[name]
            yield message
        holder[name] = right


COMMANDS_SHOWN = [message for message in EXAMPLES if served(message)]


def test_commands_are_shown() -> None:
    """The comparison below has something to compare."""
    assert {message["type"] for message in COMMANDS_SHOWN} >= {"auth", "fetch", "mood_update"}


@pytest.mark.parametrize("message", COMMANDS_SHOWN, ids=shown)
def test_document_refuses_what_the_server_refuses(message: Json) -> None:
    """Of a command with something wrong in it, both think the same."""
    (key,) = keys(message)
    command = served(message)
    verdicts = set()
    for variation in variations(message):
        taken = served(variation) is command
        assert accepts(key, variation) is taken, variation
        verdicts.add(taken)
    assert {True, False} == verdicts


SERVER_SHOWN = [message for message in EXAMPLES if message not in COMMANDS_SHOWN]


@pytest.mark.parametrize("message", SERVER_SHOWN, ids=shown)
def test_nothing_is_null(message: Json) -> None:
    """What the server sends has no null, and the document allows none."""
    (key,) = keys(message)
    message = copy.deepcopy(message)
    for holder, name in list(places(message["data"])):
        right, holder[name] = holder[name], None
        assert not accepts(key, message), name
        holder[name] = right


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("send_hug_response", "success", False),
        ("send_hug_response", "deliveryStatus", "lost"),
        ("error", "code", "oops"),
        ("error", "details", {"issue": "odd"}),
        ("connection_close", "code", "bored"),
        ("missed_messages", "messages", [{}]),
        ("fetch_response", "dataType", "dreams"),
    ],
)
def test_wrong_words_of_the_server(kind: str, field: str, value: object) -> None:
    """Codes and constants are closed sets."""
    message = copy.deepcopy(next(one for one in EXAMPLES if one["type"] == kind))
    message["data"][field] = value
    assert [] == keys(message)


@pytest.mark.parametrize("field", ["success", "hugId", "recipientOnline", "deliveryStatus"])
def test_replies_are_whole(field: str) -> None:
    """What the server always sends is required, also where its struct has a default."""
    message = copy.deepcopy(next(one for one in EXAMPLES if one["type"] == "send_hug_response"))
    del message["data"][field]
    assert [] == keys(message)
