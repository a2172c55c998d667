"""Which messages there are: both directions, with what tells them apart."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Literal, NamedTuple

from msgspec import UNSET, UnsetType

from hugmood import features
from hugmood.wire import codec
from hugmood.wire.message import (
    COMMANDS,
    PUSHES,
    AnyCommand,
    AuthFailure,
    ClientBatch,
    Error,
    Event,
    Id,
    Payload,
    Push,
    reply_type,
)

Json = dict[str, Any]

REPLY_ID: Final = "-resp$"
UUID4: Final = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
UNANSWERED_COMMANDS: Final = frozenset({"disconnect"})
"""Commands whose answer is no message."""


class Pong(Payload, frozen=True, kw_only=True):
    """Answers a `ping`, whose message id is `ping_id`. There is no reply."""

    ping_id: Id | UnsetType = UNSET


class Heartbeat(Payload, frozen=True, kw_only=True):
    """A sign of life without being asked, every 30 seconds or so. There is no reply."""


WITHOUT_COMMAND: Final[dict[str, type[Payload]]] = {
    codec.BATCH: ClientBatch,
    "heartbeat": Heartbeat,
    "pong": Pong,
}
"""What a connection takes without asking the engine, by wire type; it has no reply."""


class Message(NamedTuple):
    """One kind of message, as the document lists it."""

    key: str
    """Its name in the document: the wire type, and the variant if there is one."""
    wire_type: str
    data: type[Payload]
    client: bool = False
    """Whether clients send it, rather than the server."""
    marks: Mapping[str, object] = {}
    """Fields of `data` with the values that tell it from others of its type."""
    id_pattern: str = ""
    """What the server's ids look like; a client's are its own affair."""
    correlation: Literal["request", "reply", "error"] | None = None
    """Its part in a question and its answer, if it has one."""

    @property
    def feature(self) -> str:
        """The folder its struct is in; what belongs to none is about the connection."""
        _, _, path = self.data.__module__.partition(".features.")
        return path.partition(".")[0] or "connection"

    @property
    def stored(self) -> bool:
        """Whether it takes a number in its recipients' streams."""
        return issubclass(self.data, Event)

    def matches(self, message: Json) -> bool:
        """Whether this whole message, in JSON, is one of this kind."""
        data = message.get("data", {})
        return (
            message["type"] == self.wire_type
            and bool(re.search(self.id_pattern, message["id"]))
            and all(data.get(field) == value for field, value in self.marks.items())
        )


class Exchange(NamedTuple):
    """What a client may send, and what it gets for it, besides an `error`."""

    request: Message
    replies: tuple[Message, ...]
    needs_session: bool


def exchanges() -> list[Exchange]:
    """Every client message, in the order of their keys."""
    features.load_messages()
    public = [command for command in COMMANDS.values() if not command.internal]
    found = [*map(_exchange, public), *map(_unanswered, WITHOUT_COMMAND)]
    return sorted(found, key=lambda exchange: exchange.request.key)


def pushes() -> list[Message]:
    """Everything the server sends unasked, errors included, in the order of their keys."""
    features.load_messages()
    taken = {exchange.request.key for exchange in exchanges()}
    return [_push(kind, PUSHES[kind], taken) for kind in sorted(PUSHES)]


def every(asked: Iterable[Exchange], pushed: Iterable[Message]) -> dict[str, Message]:
    """All messages by key, sorted; ValueError if two kinds would share a key."""
    found: dict[str, Message] = {}
    for message in sorted([*_both_ways(asked), *pushed], key=lambda message: message.key):
        if found.setdefault(message.key, message) != message:
            raise ValueError(f"two messages would be called {message.key}")
    return found


def key_of(message: Json, known: Mapping[str, Message]) -> str:
    """The key of the kind this JSON message is of; ValueError if there is none."""
    # The server's ids have a form, so its own kinds are looked at first.
    for kind in sorted(known.values(), key=lambda kind: kind.client):
        if kind.matches(message):
            return kind.key
    raise ValueError(f"no message is like {message['type']} {message['id']}")


def _both_ways(asked: Iterable[Exchange]) -> Iterator[Message]:
    for exchange in asked:
        yield exchange.request
        yield from exchange.replies


def _exchange(command: type[AnyCommand]) -> Exchange:
    variant, kind = command.variant, command.wire_type
    marks = {variant.field: variant.value} if variant else {}
    key = f"{kind}_{variant.value}" if variant else kind
    request = Message(key, kind, command, client=True, marks=marks)
    if kind in UNANSWERED_COMMANDS:
        return Exchange(request, (), needs_session=False)
    request = request._replace(correlation="request")
    if kind == "auth":
        return Exchange(request, _auth_replies(command), needs_session=False)
    reply = _reply(f"{key}_response", f"{kind}_response", reply_type(command), marks)
    return Exchange(request, (reply,), needs_session=True)


def _auth_replies(command: type[AnyCommand]) -> tuple[Message, ...]:
    """However one signs in, the answers are the same two."""
    kind = "auth_response"
    yes = _reply(kind, kind, reply_type(command), {"success": True})
    no = _reply(f"{kind}_refused", kind, AuthFailure, {"success": False})
    return yes, no


def _reply(key: str, kind: str, data: type[Payload], marks: Mapping[str, object]) -> Message:
    return Message(key, kind, data, marks=marks, id_pattern=REPLY_ID, correlation="reply")


def _unanswered(kind: str) -> Exchange:
    request = Message(kind, kind, WITHOUT_COMMAND[kind], client=True)
    return Exchange(request, (), needs_session=False)


def _push(kind: str, push: type[Push], taken: set[str]) -> Message:
    key = f"{kind}_from_server" if kind in taken else kind
    pattern = f"^{push.id_prefix}-{UUID4}$"
    correlation: Literal["error"] | None = "error" if push is Error else None
    return Message(key, kind, push, id_pattern=pattern, correlation=correlation)
