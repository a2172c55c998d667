"""What arrives, typed: the envelope, and what a user of the SDK is told."""

import logging
from collections.abc import Callable
from functools import cache
from typing import Any, Final, TypeVar

from msgspec import UNSET, Raw, Struct, UnsetType

from hugmood.ambient import Instant
from hugmood.client.errors import AuthFailed, RequestFailed
from hugmood.errors import Rejected
from hugmood.wire import codec
from hugmood.wire.message import (
    PUSHES,
    AnyCommand,
    AuthFailure,
    Error,
    ErrorDetails,
    Push,
    Reply,
)

P = TypeVar("P", bound=Struct)

_LOG: Final = logging.getLogger(__name__)


class Incoming(Struct, frozen=True, rename="camel"):
    """A message from the server; `data` stays JSON until its type is known."""

    type: str
    id: str
    data: Raw
    timestamp: Instant
    sequence_number: int
    previous_sequence_number: int | UnsetType = UNSET


class Unknown(Struct, frozen=True):
    """A push of a type, or with a content, that this version does not know."""

    type: str
    data: dict[str, Any]


class HistoryLost(Struct, frozen=True):
    """Events before `position` are gone for good: fetch afresh what you show."""

    position: int


class CommandDone(Struct, frozen=True):
    """A command that nobody awaits, perhaps of an earlier run, took effect."""

    message_id: str
    command: AnyCommand
    reply: Reply


class CommandFailed(Struct, frozen=True):
    """A command that nobody awaits was refused, and is in the queue no more.

    `command` is None if this version does not know its type.
    """

    message_id: str
    command: AnyCommand | None
    error: RequestFailed


ClientEvent = Push | Unknown | HistoryLost | CommandDone | CommandFailed
"""Whatever `events()` yields."""


class Received(Struct, frozen=True):
    """An event with its envelope.

    `number` is its place in the stream; None for what is not stored there, such as
    `user_status_changed`, and for what the client itself says, such as `HistoryLost`.
    `timestamp` is the server's, or the client's for what the client itself says.
    """

    number: int | None
    type: str
    id: str
    timestamp: Instant
    payload: ClientEvent


@cache
def _decoder(kind: type[P]) -> Callable[[bytes], P]:
    return codec.decoder(kind)


def decode(kind: type[P], data: bytes | Raw) -> P:
    """Read JSON `data` as this struct; raises `Rejected`."""
    reader: Callable[[bytes], P] = _decoder(kind)
    return reader(bytes(data))


def read(message: bytes | Raw) -> Incoming:
    """Read a whole message in JSON; raises `Rejected`."""
    return decode(Incoming, message)


def payload(message: Incoming) -> Push | Unknown:
    """Read the data of a push; never fails, for newer servers say more."""
    kind = PUSHES.get(message.type)
    if kind:
        try:
            return decode(kind, message.data)
        except Rejected as error:
            _LOG.debug("%s %s is not understood: %s", message.type, message.id, error)
    else:
        _LOG.debug("%s %s is of an unknown type", message.type, message.id)
    return Unknown(message.type, decode(_Any, b'{"data":%b}' % bytes(message.data)).data)


class _Any(Struct):
    data: dict[str, Any]


def request_failed(error: Error) -> RequestFailed:
    """Turn an `error` message into the exception it is."""
    return RequestFailed(error.code, error.message, **_details(error.details))


def auth_failed(failure: AuthFailure) -> AuthFailed:
    """Turn an `auth_response` that says no into the exception it is."""
    return AuthFailed(failure.error, failure.message, **_details(failure.details))


def _details(details: ErrorDetails | UnsetType) -> dict[str, Any]:
    if isinstance(details, UnsetType):
        return {}
    return {
        "field": details.field or None,
        "issue": details.issue or None,
        "retry_after": None if details.retry_after is UNSET else details.retry_after,
    }
