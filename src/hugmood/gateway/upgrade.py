"""The way from HTTP to WebSocket: uvicorn's HTTP protocol, with a door of its own.

uvicorn's setting for another WebSocket class is not enough: it hands over the request
only, and loses the bytes that came with it in one segment. So this is the HTTP class,
for `uvicorn.Config(http=...)`; it takes the upgrades for some paths to an `Endpoint` and
leaves all else, other WebSockets included, to uvicorn.
"""

import asyncio
import base64
import binascii
import hashlib
import sys
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, ClassVar, Final, cast
from urllib.parse import unquote

from starlette.datastructures import Headers
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from hugmood.gateway import frame_parser, frames
from hugmood.gateway.assembly import Assembly, longest_frame
from hugmood.gateway.proxies import Proxies
from hugmood.gateway.websocket import (
    Acceptance,
    Connection,
    Endpoint,
    Farewells,
    Refusal,
    UpgradeRequest,
)

if TYPE_CHECKING:
    from httptools import HttpParserUpgrade

_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""RFC 6455 section 1.3."""
_KEY_BYTES: Final = 16


@dataclass(slots=True, kw_only=True)
class Door:
    """What the upgrades of one server share."""

    endpoint: Endpoint
    paths: frozenset[str]
    max_message: int
    compression: bool
    farewells: Farewells
    proxies: Proxies


def http_protocol_class(
    endpoint: Endpoint,
    paths: frozenset[str],
    *,
    max_message: int = 64 * 1024,
    compression: bool = True,
    close_timeout: float = 5.0,
    proxies: Proxies | None = None,
) -> type[asyncio.Protocol]:
    """Make the class for `uvicorn.Config(http=...)`; `paths` are without query.

    `max_message` is in bytes, over all fragments and after inflation. `compression`
    lets clients that offer permessage-deflate have it. `close_timeout` is in seconds,
    from a close frame or the peer's end of file to when TCP is cut. `Config.ws` has to be
    some class: without one uvicorn takes no upgrades at all. `proxies` are those trusted.
    """
    door = Door(
        endpoint=endpoint,
        paths=paths,
        max_message=max_message,
        compression=compression,
        farewells=Farewells(close_timeout),
        proxies=proxies or Proxies(),
    )
    return type("HttpProtocol", (_HttpProtocol,), {"door": door})


class _HttpProtocol(HttpToolsProtocol):
    door: ClassVar[Door]
    _segment = b""

    def data_received(self, data: bytes) -> None:
        self._segment = data
        super().data_received(data)
        self._segment = b""

    def handle_websocket_upgrade(self) -> None:
        path, _, query = self.url.decode("latin-1").partition("?")
        path = unquote(path)
        if path not in self.door.paths:
            super().handle_websocket_upgrade()
            return
        headers = Headers(raw=self.headers)
        outcome = self._handshake_error(headers) or self.door.endpoint.accept(
            UpgradeRequest(
                path=path,
                query=query,
                headers=headers,
                remote=self._remote(headers),
                secure=self.scheme == "https",
                subprotocols=_listed(headers, "sec-websocket-protocol"),
            )
        )
        if isinstance(outcome, Refusal):
            self._refuse(outcome)
        else:
            self._accept(outcome, headers)

    def _handshake_error(self, headers: Headers) -> Refusal | None:
        """Check what RFC 6455 section 4.2.1 asks for, less what uvicorn has seen to."""
        cycle: RequestResponseCycle | None = self.cycle
        busy = cycle is not None and not cycle.response_complete
        if busy or self.scope["method"] != "GET" or self.scope["http_version"] != "1.1":
            return Refusal(400, "A WebSocket begins with a GET request of its own")
        if headers.get("sec-websocket-version") != "13":
            versions = [("sec-websocket-version", "13")]
            return Refusal(426, "Only WebSocket version 13 is spoken here", versions)
        if not _is_key(headers.get("sec-websocket-key", "")):
            return Refusal(400, "Sec-WebSocket-Key is not 16 bytes in base 64")
        return None

    def _accept(self, acceptance: Acceptance, headers: Headers) -> None:
        door = self.door
        offers = ",".join(headers.getlist("sec-websocket-extensions"))
        deflate = frames.accept_deflate(offers) if door.compression else None
        self._respond(101, _handshake_answer(acceptance, headers, deflate))
        kind = frames.BINARY if acceptance.binary else frames.TEXT
        connection = Connection(
            self.transport,
            Assembly(kind, door.max_message, deflate=deflate is not None),
            door.farewells,
            remote=self._remote(headers),
            deflate=deflate is not None,
        )
        connection.opened(acceptance.open(connection), cast("set[Connection]", self.connections))
        self.connections.discard(self)
        max_frame = longest_frame(door.max_message, deflate=connection.deflate)
        feed = frame_parser.attach(connection, self.transport, max_frame)
        feed(self._rest())
        self.parser = None  # type: ignore[assignment]  # a cycle; uvicorn ends it like this

    def _remote(self, headers: Headers) -> str:
        return self.door.proxies.remote(self.client[0] if self.client else "", headers)

    def _rest(self) -> bytes:
        """What came in one segment with the end of the request, and after it."""
        # uvicorn calls this while it handles httptools' signal, whose argument is the
        # offset; that it is being handled is held by a test.
        signal = cast("HttpParserUpgrade", sys.exc_info()[1])
        return self._segment[signal.args[0] :]

    def _refuse(self, refusal: Refusal) -> None:
        body = refusal.text.encode()
        headers = [
            ("content-type", "text/plain; charset=utf-8"),
            ("content-length", str(len(body))),
            ("connection", "close"),
            *refusal.headers,
        ]
        self._respond(refusal.status, headers, body)
        self.transport.close()

    def _respond(self, status: int, headers: list[tuple[str, str]], body: bytes = b"") -> None:
        lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}".encode()]
        lines += [b"%b: %b" % line for line in self.server_state.default_headers]
        lines += [f"{name}: {value}".encode("latin-1") for name, value in headers]
        self.transport.write(b"\r\n".join([*lines, b"", body]))


def _handshake_answer(
    acceptance: Acceptance, headers: Headers, deflate: str | None
) -> list[tuple[str, str]]:
    """The headers of the response (RFC 6455 section 4.2.2)."""
    digest = hashlib.sha1(headers["sec-websocket-key"].encode() + _GUID)  # noqa: S324 (RFC 6455)
    answer = [
        ("upgrade", "websocket"),
        ("connection", "Upgrade"),
        ("sec-websocket-accept", base64.b64encode(digest.digest()).decode()),
    ]
    if acceptance.subprotocol:
        answer.append(("sec-websocket-protocol", acceptance.subprotocol))
    if deflate:
        answer.append(("sec-websocket-extensions", deflate))
    return answer + acceptance.headers


def _is_key(key: str) -> bool:
    try:
        return len(base64.b64decode(key, validate=True)) == _KEY_BYTES
    except (binascii.Error, ValueError):
        return False


def _listed(headers: Headers, name: str) -> list[str]:
    """The elements of a comma-separated header, over all its lines."""
    lines = headers.getlist(name)
    return [item for line in lines for part in line.split(",") if (item := part.strip())]
