"""The protocol page is what the server speaks: fields, examples, codes.

In `docs/protocol.md` a heading names its message types in backticks. A table whose
first column is `field` describes a payload: a client's if it has a column `default`,
else a server's. Every JSON block is one whole message.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple, get_args

import pytest
from msgspec import NODEFAULT, inspect

from hugmood import features
from hugmood.errors import CLOSINGS, AuthErrorCode, ErrorCode, Issue
from hugmood.features.badges.catalog import BADGES
from hugmood.features.hugs.catalog import ANIMATIONS, HUG_TYPES
from hugmood.features.moods.catalog import catalog
from hugmood.wire import codec
from hugmood.wire.message import (
    COMMANDS,
    PUSHES,
    VARIANT_FIELDS,
    AnyCommand,
    AuthFailure,
    Batch,
    CommandKey,
    Payload,
    reply_type,
)
from tests.markdown import ROOT, Section, code_blocks, named, read_sections, tables

features.load_messages()

PAGE = ROOT / "docs" / "protocol.md"
SECTIONS = read_sections(PAGE)

UNANSWERED = {"pong": {"pingId"}, "heartbeat": set[str]()}
"""Client messages without a struct, and what their `data` may hold."""
NEVER_REPLIED = {"disconnect"}
PUBLIC = {key: command for key, command in COMMANDS.items() if not command.internal}
REPLIES = {key: reply_type(c) for key, c in PUBLIC.items() if key[0] not in NEVER_REPLIED}
CLIENT_TYPES = {kind for kind, _ in PUBLIC} | UNANSWERED.keys()
ENVELOPE = {"type", "id", "data", "timestamp", "sequenceNumber"}
AFTER_A_GAP = ENVELOPE | {"previousSequenceNumber"}

REPLY_ID = re.compile(r".+-resp")
UUID4 = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
SERVER_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
WORDS = {
    "mood": {entry.mood for entry in catalog().moods},
    "hugType": set(HUG_TYPES),
    "animation": set(ANIMATIONS),
}
CODES = {"error": set(get_args(ErrorCode)), "connection_close": set(CLOSINGS)}


def key_id(key: CommandKey) -> str:
    """The name of a command in a test report."""
    return "-".join(words(key))


def words(key: CommandKey) -> list[str]:
    """A command's type and, if it has one, its variant."""
    return [part for part in key if part]


every_command = pytest.mark.parametrize("key", PUBLIC, ids=key_id)
every_reply = pytest.mark.parametrize("key", REPLIES, ids=key_id)
every_push = pytest.mark.parametrize("kind", PUSHES)


# Tables of fields


def place_of(*names: str) -> int:
    """The place of the section whose heading has exactly these names in backticks."""
    found = [place for place, section in enumerate(SECTIONS) if section.names == set(names)]
    assert len(found) == 1, f"{names} needs one section, and has {len(found)}"
    return found[0]


def with_ancestors(place: int) -> Iterator[Section]:
    """A section and those it is a part of."""
    level = SECTIONS[place].level + 1
    for section in reversed(SECTIONS[: place + 1]):
        if section.level < level:
            level = section.level
            yield section


def said_of(section: Section, *, client: bool) -> dict[str, str]:
    """The fields in a section's tables, each with its default or, of a server's, type."""
    rows: dict[str, str] = {}
    for head, *body in tables(section.text):
        if head[0] == "field" and (head[2] == "default") is client:
            rows |= {row[0].strip("`"): row[2 if client else 1].strip("`") for row in body}
    return rows


def check_fields(place: int, wanted: dict[str, str], *, client: bool) -> None:
    """A section has exactly these fields; those above it may have some of them."""
    rows: dict[str, str] = {}
    for section in with_ancestors(place):
        rows = said_of(section, client=client) | rows
    assert wanted == {path: text for path, text in rows.items() if path in wanted}
    assert set() == said_of(SECTIONS[place], client=client).keys() - wanted.keys()


def structs(kind: inspect.Type) -> Iterator[tuple[str, inspect.StructType]]:
    """The structs in a type, each with the `[]` of the lists around it."""
    if isinstance(kind, inspect.StructType):
        yield "", kind
    elif isinstance(kind, inspect.UnionType):
        for one in kind.types:
            yield from structs(one)
    elif isinstance(kind, inspect.ListType):
        for brackets, struct in structs(kind.item_type):
            yield f"[]{brackets}", struct


def payload_fields(kind: inspect.Type) -> Iterator[tuple[str, inspect.Field]]:
    """The fields of a struct and of those in it, with their paths on the wire."""
    assert isinstance(kind, inspect.StructType)
    for field in kind.fields:
        yield field.encode_name, field
        for brackets, struct in structs(field.type):
            for path, inner in payload_fields(struct):
                yield f"{field.encode_name}{brackets}.{path}", inner


def can_be_absent(field: inspect.Field) -> bool:
    """Whether this field has no value when it is left out: msgspec hides `UNSET`."""
    return not field.required and field.default is NODEFAULT


def default(field: inspect.Field) -> str:
    """What stands in the column `default` for a client's field."""
    if field.required:
        return "required"
    return "none" if can_be_absent(field) else json.dumps(field.default)


@every_command
def test_command_fields(key: CommandKey) -> None:
    """A command's table has its fields with their defaults, and no others."""
    found = payload_fields(inspect.type_info(PUBLIC[key]))
    wanted = {path: default(field) for path, field in found}
    if key[0] in VARIANT_FIELDS:
        wanted[VARIANT_FIELDS[key[0]]] = "required"
    check_fields(place_of(*words(key)), wanted, client=True)


@every_reply
def test_reply_fields(key: CommandKey) -> None:
    """A reply's table has its fields, says which may be absent, and has no others."""
    check_server_fields(place_of(*words(key)), REPLIES[key])


@every_push
def test_push_fields(kind: str) -> None:
    """A push's table has its fields, says which may be absent, and has no others."""
    check_server_fields(place_of(kind), PUSHES[kind])


def test_refused_sign_in_fields() -> None:
    """The table of a refused `auth` has the fields of its payload."""
    titles = [section.title for section in SECTIONS]
    check_server_fields(titles.index("When signing in fails"), AuthFailure)


def check_server_fields(place: int, kind: type[Payload]) -> None:
    """The tables of this section have the payload's fields, and mark optional ones."""
    found = payload_fields(inspect.type_info(kind))
    rows = [said_of(section, client=False) for section in with_ancestors(place)]
    wanted = {}
    for path, field in found:
        said = next((row[path] for row in rows if path in row), None)
        assert said is not None, f"{path} is not described"
        assert said.endswith(", optional") is can_be_absent(field), path
        wanted[path] = said
    check_fields(place, wanted, client=False)


@pytest.mark.parametrize("kind", UNANSWERED)
def test_unanswered_messages_have_a_section(kind: str) -> None:
    """What is neither a command nor a push is described all the same."""
    assert SECTIONS[place_of(kind)].text


# Examples


class Example(NamedTuple):
    """A JSON block, and where it stands."""

    page: str
    number: int
    text: str

    def __str__(self) -> str:
        return f"{self.page}-{self.number}"


EXAMPLES = [
    Example(named(page), number, text)
    for page in (PAGE, ROOT / "README.md")
    for number, text in enumerate(code_blocks(page, "json"), 1)
]

every_example = pytest.mark.parametrize("example", EXAMPLES, ids=str)


@every_example
def test_example_is_a_message(example: Example) -> None:
    """Every JSON block is one whole message, and nothing in it is unknown."""
    message = json.loads(example.text)
    if is_clients(message):
        check_client_message(example.text)
    else:
        check_server_message(message)


def is_clients(message: dict[str, Any]) -> bool:
    """Whether a client says this; a batch may be either's, and the server's has a number."""
    batch = message["type"] == Batch.wire_type and "sequenceNumber" not in message
    return batch or message["type"] in CLIENT_TYPES


@pytest.mark.parametrize("client", [False, True])
def test_batch_is_shown_both_ways(*, client: bool) -> None:
    """What to send, and what may come."""
    messages = [json.loads(text) for text in code_blocks(PAGE, "json")]
    batches = [message for message in messages if message["type"] == Batch.wire_type]
    assert client in {is_clients(message) for message in batches}


def test_fields_of_a_clients_batch() -> None:
    """Its table has its one field."""
    check_fields(place_of(Batch.wire_type), {"messages": "required"}, client=True)


def check_client_message(text: str) -> None:
    """The server would take this message, and knows every field of it."""
    message = json.loads(text)
    assert message.keys() <= ENVELOPE
    envelope = codec.read_envelope(text.encode())
    data = message.get("data", {})
    if envelope.type == Batch.wire_type:
        assert data.keys() == {"messages"}
        for inner in codec.members(envelope):
            check_client_message(inner.decode())
        return
    if envelope.type in UNANSWERED:
        assert data.keys() <= UNANSWERED[envelope.type]
        return
    command = PUBLIC[envelope.type, variant(envelope.type, data)]
    decoded: AnyCommand = codec.decoder(command)(bytes(envelope.data or codec.EMPTY))
    assert included(data, json.loads(codec.encode(decoded)))


def check_server_message(message: dict[str, Any]) -> None:
    """The server could have sent exactly this message."""
    kind, data = message["type"], message["data"]
    assert message.keys() in (ENVELOPE, AFTER_A_GAP)
    assert SERVER_TIME.fullmatch(message["timestamp"])
    assert type(message["sequenceNumber"]) is int
    push = PUSHES.get(kind)
    good_id = re.compile(f"{push.id_prefix}-{UUID4}") if push else REPLY_ID
    assert good_id.fullmatch(message["id"])
    decoded = codec.decoder(server_struct(kind, data))(json.dumps(data).encode())
    assert data == json.loads(codec.encode(decoded))
    if kind == "missed_messages":
        check_page(message)
    if kind == Batch.wire_type:
        check_batch(message)


def check_page(page: dict[str, Any]) -> None:
    """A page's messages are whole, and numbered as the page says."""
    data = page["data"]
    for message in data["messages"]:
        check_server_message(message)
    numbers = [message["sequenceNumber"] for message in data["messages"]]
    assert list(range(data["startSequence"], data["endSequence"] + 1)) == numbers
    assert page["sequenceNumber"] == data["endSequence"]


def check_batch(batch: dict[str, Any]) -> None:
    """A batch's messages are whole, and its number is that of the last."""
    messages = batch["data"]["messages"]
    for message in messages:
        check_server_message(message)
    assert messages[-1]["sequenceNumber"] == batch["sequenceNumber"]


def server_struct(kind: str, data: dict[str, Any]) -> type[Payload]:
    """The struct of a server message's payload."""
    if kind in PUSHES:
        return PUSHES[kind]
    command = kind.removesuffix("_response")
    assert command != kind, f"no message has the type {kind}"
    if data["success"] is False:
        assert command == "auth"
        return AuthFailure
    chosen = variant(command, data)
    kinds = {one for key, one in REPLIES.items() if key[0] == command and chosen in {key[1], None}}
    assert len(kinds) == 1
    return kinds.pop()


def variant(kind: str, data: dict[str, Any]) -> str | None:
    """The variant that `data` names, if its type has variants."""
    name = VARIANT_FIELDS.get(kind)
    return data.get(name) if name else None


def included(part: Any, whole: Any) -> bool:  # noqa: ANN401 (any JSON)
    """Whether the whole has all that the part has; more names are allowed."""
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(name in whole and included(part[name], whole[name]) for name in part)
    if isinstance(part, list) and isinstance(whole, list):
        pairs = zip(part, whole, strict=False)
        return len(part) == len(whole) and all(included(*pair) for pair in pairs)
    return bool(part == whole)


@pytest.mark.parametrize("whole", [{}, {"a": 2}, {"a": [1]}, {"a": {"c": 1}}])
def test_what_is_not_included_is_noticed(whole: object) -> None:
    """The comparison above can fail: fields in examples must be known, at any depth."""
    assert not included({"a": {"b": 1}}, whole)
    assert included({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}})


@every_command
def test_command_has_examples(key: CommandKey) -> None:
    """Each command is shown both ways: what to send, and what comes back."""
    messages = [json.loads(text) for text in code_blocks(PAGE, "json")]
    asked = {m["id"] for m in messages if (m["type"], variant(m["type"], m["data"])) == key}
    answered = {m["id"].removesuffix("-resp") for m in messages if m["id"].endswith("-resp")}
    assert asked
    assert key[0] in NEVER_REPLIED or asked & answered


@pytest.mark.parametrize("kind", [*UNANSWERED, *PUSHES])
def test_message_has_an_example(kind: str) -> None:
    """Each message that is no command and no reply is shown."""
    assert kind in {json.loads(text)["type"] for text in code_blocks(PAGE, "json")}


@every_example
def test_example_uses_words_that_exist(example: Example) -> None:
    """Moods, hugs and animations in examples are those of the catalogues."""
    found = [(name, value) for name, value in values(json.loads(example.text)) if name in WORDS]
    assert [] == [(name, value) for name, value in found if value not in WORDS[name]]


@every_example
def test_example_uses_codes_that_exist(example: Example) -> None:
    """Codes and issues in examples are those of `errors`."""
    message = json.loads(example.text)
    for name, value in values(message["data"]):
        assert name != "code" or value in CODES[message["type"]]
        assert name != "error" or value in get_args(AuthErrorCode)
        assert name != "issue" or value in get_args(Issue)


def values(found: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 (any JSON)
    """Every name in a JSON value, at any depth, with what it holds."""
    if isinstance(found, dict):
        yield from found.items()
        found = list(found.values())
    for inner in found if isinstance(found, list) else []:
        yield from values(inner)


# Tables of codes


def table_rows(head: str) -> list[list[str]]:
    """The rows of the page's only table with this first column."""
    found = [table for section in SECTIONS for table in tables(section.text)]
    (rows,) = [body for first, *body in found if first[0] == head]
    return [[cell.strip("`") for cell in row] for row in rows]


@pytest.mark.parametrize(
    ("head", "codes"),
    [
        ("code", get_args(ErrorCode)),
        ("sign-in code", get_args(AuthErrorCode)),
        ("issue", get_args(Issue)),
    ],
)
def test_table_has_every_code(head: str, codes: tuple[str, ...]) -> None:
    """The tables of codes and issues are those of `errors`, in the same order."""
    assert list(codes) == [row[0] for row in table_rows(head)]


def test_table_has_every_badge() -> None:
    """The table of badges is the catalogue's, in the same order."""
    wanted = [[badge.slug, badge.name] for badge in BADGES.values()]
    assert wanted == [row[:2] for row in table_rows("badge")]


def test_table_has_every_close_code() -> None:
    """The table of close codes says what `errors` says."""
    assert [row[:3] for row in table_rows("close code")] == [
        [code, str(closing.websocket_code), "yes" if closing.reconnect else "no"]
        for code, closing in CLOSINGS.items()
    ]
