"""The document: what is said once about the service, and each message in its place."""

import json
from collections.abc import Iterable
from typing import Final

from hugmood import __version__
from hugmood.asyncapi.messages import Exchange, Json, Message, every, exchanges, key_of, pushes
from hugmood.asyncapi.schemas import Schemas, prose
from hugmood.errors import CLOSINGS
from hugmood.wire import codec

JSON_TYPE: Final = "application/json"
MSGPACK_TYPE: Final = "application/x-msgpack"

_DESCRIPTION: Final = """\
Share a mood, send a hug, lose nothing: a real-time service over one WebSocket.

Every message is one envelope: `type`, `id`, `data`, `timestamp` and `sequenceNumber`. A command \
is answered by its reply, whose id is the command's and `-resp`, or by an `error` that names the \
command in `originalMessageId`. Events arrive unasked, numbered without holes; a client that \
comes back with the last number it saw gets all that it missed.

Unknown fields and unknown message types are to be ignored: that is how the protocol grows. \
Absent values are left out and never null. What can be said only in prose (order, resuming, \
limits) is in docs/protocol.md.

Operations are those of the server: it receives commands and sends replies and events."""

_CHANNEL: Final = f"""\
The only connection there is: `GET /ws` with an upgrade to WebSocket 13 (RFC 6455).

The subprotocol `{codec.JSON_PROTOCOL}`, also meant by none, is text frames of JSON ({JSON_TYPE}); \
`{codec.MSGPACK_PROTOCOL}` is binary frames of the same envelope in MessagePack ({MSGPACK_TYPE}), \
times as text. `permessage-deflate` may be offered.

The response to the handshake carries the header `X-Client-Id`, a temporary name of this \
connection for reports of problems. Nothing but `auth`, `pong`, `heartbeat` and `disconnect` is \
taken before a successful `auth`, which must come within 30 seconds."""

_SECURITY: Final = {
    "account": {
        "type": "userPassword",
        "description": (
            "In-band, not in the handshake: the message `auth` with `method` `credentials` (or "
            "`register`) carries address and password, and its reply a token."
        ),
    },
    "token": {
        "type": "apiKey",
        "in": "password",
        "description": (
            "In-band, not in the handshake: the message `auth` with `method` `token` carries the "
            "JWT of an earlier `auth_response`. A guest signs in with `method` `anonymous` and "
            "without a secret. It holds for the connection, until the token expires."
        ),
    },
}

_CORRELATION: Final = {
    "request": {
        "description": "The id of a command; its reply has this id and `-resp`.",
        "location": "$message.payload#/id",
    },
    "reply": {
        "description": "The id of the command that is answered, and `-resp`.",
        "location": "$message.payload#/id",
    },
    "error": {
        "description": "The id of the command that failed; absent where it could not be read.",
        "location": "$message.payload#/data/originalMessageId",
    },
}


def build(examples: Iterable[Json] = ()) -> Json:
    """The whole document. Of `examples`, whole JSON messages, each kind gets the first."""
    asked, pushed = exchanges(), pushes()
    known = every(asked, pushed)
    shown: dict[str, Json] = {}
    for example in examples:
        shown.setdefault(key_of(example, known), example)
    schemas = Schemas(list(known.values()))
    return {
        "asyncapi": "3.0.0",
        "info": _info(known.values()),
        "defaultContentType": JSON_TYPE,
        "servers": _servers(),
        "channels": {"ws": _channel(known)},
        "operations": _operations(asked, pushed),
        "components": {
            "messages": {
                key: _message(kind, schemas, shown.get(key)) for key, kind in known.items()
            },
            "schemas": schemas.components,
            "correlationIds": _CORRELATION,
            "securitySchemes": _SECURITY,
        },
    }


def write(examples: Iterable[Json] = ()) -> str:
    """The document as text: a key a line, so that changes can be read and merged."""
    return json.dumps(build(examples), indent=2, ensure_ascii=False) + "\n"


def _info(kinds: Iterable[Message]) -> Json:
    return {
        "title": "HugMood",
        "version": __version__,
        "description": _DESCRIPTION,
        "license": {"name": "MIT", "url": "https://spdx.org/licenses/MIT.html"},
        "tags": [{"name": name} for name in sorted({kind.feature for kind in kinds})],
    }


def _servers() -> Json:
    return {
        "local": {
            "host": "localhost:5000",
            "protocol": "ws",
            "protocolVersion": "13",
            "description": "What `hugmood serve` listens on unless configured otherwise.",
        },
        "production": {
            "host": "{host}:{port}",
            "protocol": "wss",
            "protocolVersion": "13",
            "description": "A deployment behind TLS.",
            "variables": {
                "host": {"description": "Your host.", "default": "api.hugmood.com"},
                "port": {"description": "Of the TLS listener.", "default": "443"},
            },
        },
    }


def _channel(kinds: Iterable[str]) -> Json:
    subprotocols = {
        codec.JSON_PROTOCOL: {"contentType": JSON_TYPE, "frames": "text"},
        codec.MSGPACK_PROTOCOL: {"contentType": MSGPACK_TYPE, "frames": "binary"},
    }
    return {
        "address": "/ws",
        "title": "The WebSocket",
        "description": _CHANNEL,
        "messages": {key: {"$ref": f"#/components/messages/{key}"} for key in kinds},
        "bindings": {
            "ws": {
                "method": "GET",
                "headers": {
                    "type": "object",
                    "properties": _handshake_headers(list(subprotocols)),
                },
                "bindingVersion": "0.1.0",
            }
        },
        "x-subprotocols": subprotocols,
        "x-response-headers": {"X-Client-Id": {"type": "string"}},
        "x-close-codes": {
            code: {"webSocket": closing.websocket_code, "reconnect": closing.reconnect}
            for code, closing in CLOSINGS.items()
        },
    }


def _handshake_headers(subprotocols: list[str]) -> Json:
    return {
        "Sec-WebSocket-Protocol": {
            "type": "string",
            "enum": subprotocols,
            "default": subprotocols[0],
            "description": "What both sides speak.",
        },
        "Origin": {
            "type": "string",
            "description": "Sent by browsers: the service's own, or one that the operator allows.",
        },
    }


def _operations(asked: Iterable[Exchange], pushed: Iterable[Message]) -> Json:
    received = {exchange.request.key: _receive(exchange) for exchange in asked}
    return received | {kind.key: _send(kind) for kind in pushed}


def _receive(exchange: Exchange) -> Json:
    request = exchange.request
    operation = {"action": "receive", **_about(request), "messages": [_in_channel(request.key)]}
    if exchange.needs_session:
        operation["security"] = [{"$ref": "#/components/securitySchemes/token"}]
    if exchange.replies:
        answers = [*(reply.key for reply in exchange.replies), "error"]
        operation["reply"] = {
            "channel": {"$ref": "#/channels/ws"},
            "messages": [_in_channel(key) for key in answers],
        }
    return operation


def _send(kind: Message) -> Json:
    return {"action": "send", **_about(kind), "messages": [_in_channel(kind.key)]}


def _about(kind: Message) -> Json:
    return {
        "channel": {"$ref": "#/channels/ws"},
        "summary": prose(kind.data).splitlines()[0],
        "tags": [{"name": kind.feature}],
    }


def _in_channel(key: str) -> Json:
    return {"$ref": f"#/channels/ws/messages/{key}"}


def _message(kind: Message, schemas: Schemas, example: Json | None) -> Json:
    summary, _, description = prose(kind.data).partition("\n")
    correlation = kind.correlation and {"$ref": f"#/components/correlationIds/{kind.correlation}"}
    said = {
        "name": kind.key,
        "title": kind.key.replace("_", " ").capitalize(),
        "summary": summary,
        "description": description.strip(),
        "contentType": JSON_TYPE,
        "tags": [{"name": kind.feature}],
        "correlationId": correlation,
        "payload": schemas.envelope(kind),
        "examples": [{"payload": example}] if example else None,
    }
    return {name: value for name, value in said.items() if value}
