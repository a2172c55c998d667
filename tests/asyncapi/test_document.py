"""The AsyncAPI document is sound, and has every message: no parser is needed to see that."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from hugmood import __version__, features
from hugmood.asyncapi.messages import WITHOUT_COMMAND, Heartbeat, Message, Pong, every, key_of
from hugmood.wire.message import COMMANDS, PUSHES, wire_word
from tests.asyncapi.described import DOCUMENT, MESSAGES, OPERATIONS, PATH, TYPES, Json

features.load_handlers()

# Other tests define messages of their own.
OURS = [command for command in COMMANDS.values() if command.__module__.startswith("hugmood.")]
PUBLIC = [command for command in OURS if not command.internal]
NEVER_ANSWERED = {"batch", "disconnect", "heartbeat", "pong"}
NAMES = re.compile(r"[\w.-]+")


def nodes(value: Any) -> Iterator[Json]:  # noqa: ANN401 (any JSON)
    """Every object in the document but those in examples."""
    if isinstance(value, dict):
        yield value
        value = [inner for name, inner in value.items() if name != "examples"]
    for inner in value if isinstance(value, list) else []:
        yield from nodes(inner)


def at(pointer: str) -> Any:  # noqa: ANN401 (any JSON)
    """What a reference leads to; KeyError if nothing."""
    found: Any = DOCUMENT
    for step in pointer.removeprefix("#/").split("/"):
        found = found[step]
    return found


def said_by(operation: Json) -> list[str]:
    """The types on the wire of the messages of an operation."""
    found = [at(message["$ref"])["$ref"] for message in operation["messages"]]
    return [TYPES[pointer.rpartition("/")[2]] for pointer in found]


def replies(operation: Json) -> list[str]:
    """The types on the wire that may answer an operation's message."""
    return said_by(operation["reply"]) if "reply" in operation else []


def test_is_what_the_command_prints(tmp_path: Path) -> None:
    """`hugmood schema asyncapi` gives the committed document, less its examples."""
    file = tmp_path / "asyncapi.json"
    run = [sys.executable, "-m", "hugmood", "schema", "asyncapi"]
    printed = subprocess.run(run, check=True, capture_output=True, text=True).stdout
    subprocess.run([*run, "--output", str(file)], check=True)
    assert file.read_text("utf-8") == printed
    committed = json.loads(PATH.read_text("utf-8"))
    for message in committed["components"]["messages"].values():
        message.pop("examples", None)
    assert json.loads(printed) == committed


def test_says_where_it_cannot_write(tmp_path: Path) -> None:
    """A file that cannot be made is a clear error, not a trace."""
    run = [sys.executable, "-m", "hugmood", "schema", "asyncapi", "--output", f"{tmp_path}/no/x"]
    done = subprocess.run(run, check=False, capture_output=True, text=True)
    assert done.returncode != 0
    assert f"hugmood: {tmp_path}/no/x: No such file or directory\n" == done.stderr


def test_is_written_a_key_a_line() -> None:
    """Changes can be read and merged, and the file ends with a line end."""
    text = PATH.read_text("utf-8")
    assert text == json.dumps(DOCUMENT, indent=2, ensure_ascii=False) + "\n"


def test_head() -> None:
    """What AsyncAPI 3.0 requires of a document is there."""
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert DOCUMENT["info"]["title"] == "HugMood"
    assert DOCUMENT["info"]["version"] == __version__
    assert DOCUMENT["info"]["license"]["name"] == "MIT"
    assert {name: server["protocol"] for name, server in DOCUMENT["servers"].items()} == {
        "local": "ws",
        "production": "wss",
    }
    assert DOCUMENT["servers"]["local"]["host"] == "localhost:5000"


def test_variables_of_servers_are_described() -> None:
    """A name in braces in a host is one of the server's variables, and the other way round."""
    for server in DOCUMENT["servers"].values():
        assert set(re.findall(r"\{(\w+)\}", server["host"])) == set(server.get("variables", {}))


def test_one_channel_with_both_subprotocols() -> None:
    """There is one WebSocket, and it says what it speaks."""
    (channel,) = DOCUMENT["channels"].values()
    assert channel["address"] == "/ws"
    headers = channel["bindings"]["ws"]["headers"]["properties"]
    offered = ["hugmood.json", "hugmood.msgpack"]
    assert headers["Sec-WebSocket-Protocol"]["enum"] == offered
    assert list(channel["x-subprotocols"]) == offered
    assert "X-Client-Id" in channel["x-response-headers"]


def test_every_reference_resolves() -> None:
    """No reference leads nowhere."""
    pointers = {node["$ref"] for node in nodes(DOCUMENT) if "$ref" in node}
    assert len(pointers) > len(MESSAGES)
    for pointer in pointers:
        assert at(pointer), pointer


def test_every_component_is_used() -> None:
    """No schema is left over that nothing refers to."""
    text = json.dumps(DOCUMENT)
    spare = {
        name
        for name in DOCUMENT["components"]["schemas"]
        if f'"#/components/schemas/{name}"' not in text
    }
    assert set() == spare


def test_names_are_allowed() -> None:
    """AsyncAPI has rules for the names of components."""
    for part in DOCUMENT["components"].values():
        assert [] == [name for name in part if not NAMES.fullmatch(name)]


def test_schemas_are_draft_7() -> None:
    """Every schema is one, in the draft that AsyncAPI 3.0 takes."""
    for schema in DOCUMENT["components"]["schemas"].values():
        Draft7Validator.check_schema(schema)
    for message in MESSAGES.values():
        Draft7Validator.check_schema(message["payload"])
    later = {"prefixItems", "$defs", "unevaluatedProperties", "dependentRequired"}
    assert [] == [node for node in nodes(DOCUMENT) if later & node.keys()]


def test_every_command_is_received() -> None:
    """Each client message has an operation, and nothing internal has one."""
    received = [op for op in OPERATIONS.values() if op["action"] == "receive"]
    wanted = [command.wire_type for command in PUBLIC]
    assert sorted([*wanted, *WITHOUT_COMMAND]) == sorted(
        kind for op in received for kind in said_by(op)
    )
    internal = {command.wire_type for command in OURS if command.internal}
    assert internal
    assert not internal & MESSAGES.keys()


def test_every_push_is_sent() -> None:
    """Each message that the server sends unasked has an operation."""
    sent = [op for op in OPERATIONS.values() if op["action"] == "send"]
    ours = {kind for kind, push in PUSHES.items() if push.__module__.startswith("hugmood.")}
    assert ours == {kind for op in sent for kind in said_by(op)}


def test_every_request_has_its_reply() -> None:
    """A command is answered by its own response or an error, but for those that are not."""
    for operation in OPERATIONS.values():
        if operation["action"] == "receive":
            (asked,) = said_by(operation)
            answers = set() if asked in NEVER_ANSWERED else {f"{asked}_response", "error"}
            assert answers == set(replies(operation))


def test_every_message_is_in_an_operation() -> None:
    """The channel has all messages, and each is said by somebody."""
    refs = {f"#/channels/ws/messages/{key}" for key in MESSAGES}
    asked = [message["$ref"] for op in OPERATIONS.values() for message in op["messages"]]
    told = [op["reply"]["messages"] for op in OPERATIONS.values() if "reply" in op]
    assert refs == {*asked, *(message["$ref"] for messages in told for message in messages)}


def test_unknown_examples_are_noticed() -> None:
    """An example of a message that there is not stops the writing of the document."""
    pong = Message("pong", "pong", Pong, client=True)
    assert key_of({"type": "pong", "id": "1"}, {"pong": pong}) == "pong"
    with pytest.raises(ValueError, match="no message is like dance 1"):
        key_of({"type": "dance", "id": "1"}, {"pong": pong})


def test_messages_of_one_name_are_noticed() -> None:
    """No message hides another."""
    pong, other = (Message("pong", "pong", data) for data in (Pong, Heartbeat))
    assert list(every([], [pong, pong])) == ["pong"]
    with pytest.raises(ValueError, match="two messages would be called pong"):
        every([], [pong, other])


@pytest.mark.parametrize("command", PUBLIC, ids=lambda command: command.__name__)
def test_signing_in_comes_first(command: Any) -> None:  # noqa: ANN401 (its reply differs)
    """Operations say whether they need a session."""
    name = command.variant.value if command.variant else None
    key = f"{command.wire_type}_{name}" if name else command.wire_type
    free = command.wire_type in {"auth", "disconnect"}
    assert ("security" in OPERATIONS[key]) is not free


@pytest.mark.parametrize("key", MESSAGES)
def test_message_says_what_it_is(key: str) -> None:
    """Each message has words for people, without names from the Python side."""
    message = MESSAGES[key]
    assert message["summary"]
    fields = DOCUMENT["components"]["schemas"]
    inside = {
        wire_word(name) for schema in fields.values() for name in schema.get("properties", {})
    }
    quoted = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", f"{message['summary']} {message}"))
    assert set() == (quoted & inside) - set(TYPES.values())
