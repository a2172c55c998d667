"""What payloads look like: msgspec's JSON Schemas, said more exactly.

msgspec writes JSON Schema 2020-12 for what it decodes; AsyncAPI 3.0 takes draft 7. And
some of what the server does is not in the structs: it always sends fields that have a
default, requires the field that chooses a variant, and has closed sets of codes.
"""

import inspect
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, get_args

import msgspec
from msgspec import Struct

from hugmood.ambient import Instant
from hugmood.asyncapi.messages import Json, Message
from hugmood.errors import AuthErrorCode, CloseCode, ErrorCode, Issue
from hugmood.wire.message import (
    AuthFailure,
    ConnectionClose,
    Envelope,
    Error,
    ErrorDetails,
    MissedMessages,
    wire_word,
)

WHERE: Final = "#/components/schemas/"

_CLOSED_SETS: Final[dict[tuple[type[Struct], str], Any]] = {
    (Error, "code"): ErrorCode,
    (ErrorDetails, "issue"): Issue,
    (AuthFailure, "error"): AuthErrorCode,
    (ConnectionClose, "code"): CloseCode,
}
"""Words that are plain text in the structs, so that an older client takes newer ones."""

_SAID_OF_ENVELOPE: Final = {
    "id": "Identifies the message: any opaque text, best a UUID v4. A reply has it and `-resp`.",
    "timestamp": "When the message was made, ISO 8601 with an offset; the server's are in UTC.",
    "sequenceNumber": (
        "From the server: an event's number in your stream, or for all else the number of the "
        "last event sent on this connection, 0 before you sign in. From a client it decides "
        "nothing."
    ),
}
_PREVIOUS: Final = (
    "The number of the last event sent on this connection, where that is not the one before: "
    "numbers in between were left out on purpose, and are not missing."
)


class Schemas:
    """The schemas of all payloads and of what is in them."""

    def __init__(self, kinds: Sequence[Message]) -> None:
        """Make those of these messages."""
        structs = list(dict.fromkeys([Envelope, ErrorDetails, *(kind.data for kind in kinds)]))
        pointers, found = msgspec.json.schema_components(
            structs, schema_hook=_own_types, ref_template=WHERE + "{name}"
        )
        self._names = {
            struct: pointer["$ref"].removeprefix(WHERE)
            for struct, pointer in zip(structs, pointers, strict=True)
        }
        self._found = {name: _draft_7(schema) for name, schema in found.items()}
        self._say_what_is_sent(kinds)
        for (struct, field), words in _CLOSED_SETS.items():
            self.of(struct)["properties"][field]["enum"] = list(get_args(words))
        for kind in kinds:
            if kind.client:
                _require(self.of(kind.data), kind.marks)
        envelope = self._found.pop(self._names[Envelope])
        self._found |= _envelope_parts(envelope) | self._messages_within(kinds)

    @property
    def components(self) -> Json:
        """All schemas by name, in alphabetical order."""
        return dict(sorted(self._found.items()))

    def of(self, struct: type[Struct]) -> Json:
        """The schema of a payload."""
        schema: Json = self._found[self._names[struct]]
        return schema

    def envelope(self, kind: Message) -> Json:
        """The schema of a whole message of this kind."""
        data = self.of(kind.data)
        fields = _envelope_fields(kind.wire_type, self._data(kind))
        if kind.id_pattern:
            fields["id"] = {"type": "string", "pattern": kind.id_pattern}
        if kind.stored:
            fields["previousSequenceNumber"] = _ref("EnvelopePreviousSequenceNumber")
        required = ["type", "id", "data", "timestamp", "sequenceNumber"]
        if kind.client:
            required = required[: 3 if data.get("required") else 2]
        return {"type": "object", "required": required, "properties": fields}

    def _data(self, kind: Message) -> Json:
        """A reply that several requests share says which of them it answers."""
        fields = self.of(kind.data)["properties"]
        unsaid = {
            field: {"const": value}
            for field, value in kind.marks.items()
            if "const" not in fields.get(field, {})
        }
        data = _ref(self._names[kind.data])
        return {"allOf": [data, {"properties": unsaid}]} if unsaid else data

    def _messages_within(self, kinds: Iterable[Message]) -> Json:
        """Messages within messages stay bytes in the structs, and say nothing of themselves."""
        flat, used = [], set()
        for kind in kinds:
            fields = self.of(kind.data).get("properties", {}).values()
            holding = [field for field in fields if field.get("items") == {}]
            for field in holding:
                field["items"] = _ref(_whole(kind))
                used.add(_whole(kind))
            if not holding or kind.data is MissedMessages:
                flat.append(kind)
        return {name: said for name, said in _whole_messages(flat).items() if name in used}

    def _say_what_is_sent(self, kinds: Iterable[Message]) -> None:
        taken = [self._names[kind.data] for kind in kinds if kind.client]
        for name in self._found.keys() - _reachable(self._found, taken):
            _require_defaults(self._found[name])


def prose(struct: type[Struct]) -> str:
    """A struct's docstring, with the names that fields have on the wire."""
    names = (field.encode_name for field in msgspec.structs.fields(struct))
    return _with_wire_names(inspect.cleandoc(struct.__doc__ or ""), names)


def _with_wire_names(text: str, names: Iterable[str]) -> str:
    for name in names:
        text = text.replace(f"`{wire_word(name)}`", f"`{name}`")
    return text


def _own_types(kind: type) -> Json:
    if kind is Instant:
        return {"type": "string", "format": "date-time"}
    raise NotImplementedError(kind)


def _draft_7(schema: Any) -> Any:  # noqa: ANN401 (any JSON)
    """Say in draft 7 what msgspec says in 2020-12; a choice of one is a constant."""
    if isinstance(schema, list):
        return [_draft_7(inner) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    said = {name: _draft_7(inner) for name, inner in schema.items()}
    if "prefixItems" in said:
        said["items"] = said.pop("prefixItems")
    if isinstance(said.get("enum"), list) and len(said["enum"]) == 1:
        said = {"const": said.pop("enum")[0]} | said
    if said.get("required") == []:
        del said["required"]
    if isinstance(said.get("description"), str):
        said["description"] = _with_wire_names(
            inspect.cleandoc(said["description"]), said.get("properties", {})
        )
    return said


def _references(schema: Any) -> Iterator[str]:  # noqa: ANN401 (any JSON)
    """The names of the components a schema refers to, at any depth."""
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"].removeprefix(WHERE)
        schema = list(schema.values())
    for inner in schema if isinstance(schema, list) else []:
        yield from _references(inner)


def _reachable(schemas: Json, names: Iterable[str]) -> set[str]:
    """These components and all they are made of."""
    found, waiting = set[str](), list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _references(schemas[name])
    return found


def _require_defaults(schema: Json) -> None:
    """The server leaves out only what has no value, never what has a default."""
    fields = schema.get("properties", {})
    required = set(schema.get("required", ()))
    required |= {name for name, field in fields.items() if "default" in field}
    for field in fields.values():
        field.pop("default", None)
    if required:
        schema["required"] = [name for name in fields if name in required]


def _require(schema: Json, marks: Iterable[str]) -> None:
    """What chooses a variant has a default in the struct, but not on the wire."""
    for field in marks:
        schema["properties"][field].pop("default", None)
        schema["required"] = [field, *schema.get("required", ())]


def _whole(kind: Message) -> str:
    """The name of what may stand where a message of this kind holds others."""
    if kind.data is MissedMessages:
        return "AnyEvent"
    return "AnyFromClient" if kind.client else "AnyFromServer"


def _envelope_parts(envelope: Json) -> Json:
    fields = envelope["properties"]
    said = {
        _part(name): {**fields[name], "description": text}
        for name, text in _SAID_OF_ENVELOPE.items()
    }
    previous = {**fields["sequenceNumber"], "description": _PREVIOUS}
    return said | {_part("previousSequenceNumber"): previous}


def _part(name: str) -> str:
    return "Envelope" + re.sub("^.", lambda first: first[0].upper(), name)


def _whole_messages(flat: Iterable[Message]) -> Json:
    """Any one message, out of those that do not hold others of all kinds themselves."""
    choices: dict[str, list[Json]] = {"AnyEvent": [], "AnyFromClient": [], "AnyFromServer": []}
    for kind in flat:
        pointer = {"$ref": f"#/components/messages/{kind.key}/payload"}
        choices["AnyFromClient" if kind.client else "AnyFromServer"].append(pointer)
        if kind.stored:
            choices["AnyEvent"].append(pointer)
    return {name: {"oneOf": pointers} for name, pointers in choices.items()}


def _envelope_fields(kind: str, data: Json) -> Json:
    return {
        "type": {"const": kind},
        "id": _ref("EnvelopeId"),
        "data": data,
        "timestamp": _ref("EnvelopeTimestamp"),
        "sequenceNumber": _ref("EnvelopeSequenceNumber"),
    }


def _ref(name: str) -> Json:
    return {"$ref": WHERE + name}
