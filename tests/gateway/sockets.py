"""A real server in the test's own loop, and a client that may be as rude as it likes."""

import asyncio
import base64
import os
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, NamedTuple

import uvicorn
from starlette.types import Receive, Scope, Send

from hugmood.gateway import frames
from hugmood.gateway.upgrade import http_protocol_class
from hugmood.gateway.websocket import Acceptance, Connection, Refusal, UpgradeRequest

WAIT = 5.0
"""Seconds after which a test has failed."""
FIN_TEXT = frames.FIN | frames.TEXT
FIN_BINARY = frames.FIN | frames.BINARY
FIN_CLOSE = frames.FIN | frames.CLOSE
FIN_PING = frames.FIN | frames.PING
FIN_PONG = frames.FIN | frames.PONG
KEY = base64.b64encode(bytes(16)).decode()


class Recorder:
    """A receiver that writes down what happens to it."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.seen: list[object] = []
        self.on_message: Callable[[bytes], object] = lambda _: None
        self.on_stopping: Callable[[], None] = lambda: None
        self._news = asyncio.Event()

    def message_received(self, message: bytes) -> None:
        """Write it down, and do what the test says."""
        self._see(message)
        self.on_message(message)

    def alive(self) -> None:
        """Write it down."""
        self._see("alive")

    def congested(self) -> None:
        """Write it down."""
        self._see("congested")

    def writable(self) -> None:
        """Write it down."""
        self._see("writable")

    def server_stopping(self) -> None:
        """Write it down, and do what the test says."""
        self._see("stopping")
        self.on_stopping()

    def connection_lost(self) -> None:
        """Write it down."""
        self._see("lost")

    def _see(self, what: object) -> None:
        self.seen.append(what)
        self._news.set()

    async def until(self, what: object) -> list[object]:
        """Wait for this, and return all that was seen."""
        async with asyncio.timeout(WAIT):
            while what not in self.seen:
                self._news.clear()
                await self._news.wait()
        return list(self.seen)


class House:
    """An endpoint that takes everyone in, or what `answer` says."""

    def __init__(self, *, binary: bool = False, answer: Refusal | Acceptance | None = None) -> None:
        self.answer = answer or Acceptance(self.open, binary=binary)
        self.requests: list[UpgradeRequest] = []
        self.guests: list[Recorder] = []

    def accept(self, request: UpgradeRequest) -> Acceptance | Refusal:
        """Remember the request."""
        self.requests.append(request)
        return self.answer

    def open(self, connection: Connection) -> Recorder:
        """Remember the guest."""
        self.guests.append(Recorder(connection))
        return self.guests[-1]


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """What uvicorn serves besides: one page, and a WebSocket that says hello."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": "hello"})
        await send({"type": "websocket.close"})
    else:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"page"})


class Running(NamedTuple):
    """A server that listens."""

    server: uvicorn.Server
    port: int


@asynccontextmanager
async def running(
    house: House,
    *,
    config: dict[str, Any] | None = None,
    **options: Any,  # noqa: ANN401 (those of `http_protocol_class`)
) -> AsyncIterator[Running]:
    """Serve the house at /ws; what is still open in the end is cut."""
    http = http_protocol_class(house, frozenset({"/ws"}), **options)
    settings: dict[str, Any] = {
        "port": 0,
        "lifespan": "off",
        "log_config": None,
        "ws": "websockets-sansio",
    }
    server = uvicorn.Server(uvicorn.Config(application, http=http, **settings | (config or {})))
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    await server.startup()
    address = server.servers[0].sockets[0].getsockname()
    try:
        yield Running(server, 0 if isinstance(address, str) else address[1])
    finally:
        for listening in server.servers:
            listening.close()
        for guest in house.guests:
            guest.connection.abort()
            await guest.until("lost")


def client_frame(first: int, payload: bytes, mask: bytes = b"\x11\x22\x33\x44") -> bytes:
    """A client's frame with this first byte."""
    masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
    head = frames.header(len(payload), binary=False)
    return bytes((first, head[1] | 0x80)) + head[2:] + mask + masked


class Peer:
    """A client made of bare bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.writer.write(data)

    def text(self, payload: bytes) -> None:
        """Send a whole text message."""
        self.send(client_frame(FIN_TEXT, payload))

    async def response(self) -> tuple[int, dict[str, str]]:
        """The status and headers, in lower case, of an HTTP response."""
        async with asyncio.timeout(WAIT):
            head = await self.reader.readuntil(b"\r\n\r\n")
        status, *lines = head.decode().split("\r\n")[:-2]
        fields = (line.split(": ", 1) for line in lines)
        return int(status.split()[1]), {name.lower(): value for name, value in fields}

    async def frame(self) -> tuple[int, bytes]:
        """The next frame: its first byte and its payload."""
        async with asyncio.timeout(WAIT):
            first, length = await self.reader.readexactly(2)
            if width := {126: 2, 127: 8}.get(length):
                length = int.from_bytes(await self.reader.readexactly(width), "big")
            return first, await self.reader.readexactly(length)

    async def closed_with(self) -> int:
        """The code in a close frame, which has to be next; answers it."""
        first, payload = await self.frame()
        assert first == FIN_CLOSE
        self.send(client_frame(FIN_CLOSE, payload))
        return int.from_bytes(payload[:2], "big")

    async def rest(self) -> bytes:
        """Everything up to the end of file."""
        async with asyncio.timeout(WAIT):
            return await self.reader.read()

    async def ended(self) -> None:
        """Wait for the end of file, which has to be next, and hang up."""
        assert await self.rest() == b""
        self.writer.close()


def upgrade_request(**changed: str | None) -> bytes:
    """A handshake; keywords change headers (`_` for `-`), None leaves one out.

    The keyword `path` is for the path and query.
    """
    path = changed.pop("path", "/ws")
    headers: dict[str, str | None] = {
        "host": "localhost",
        "connection": "Upgrade",
        "upgrade": "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": KEY,
    }
    headers |= {name.replace("_", "-"): value for name, value in changed.items()}
    lines = [f"{name}: {value}" for name, value in headers.items() if value is not None]
    return "\r\n".join([f"GET {path} HTTP/1.1", *lines, "", ""]).encode()


@asynccontextmanager
async def connected(
    port: int, *, context: ssl.SSLContext | None = None, path: os.PathLike[str] | None = None
) -> AsyncIterator[Peer]:
    """A TCP (TLS, Unix) connection on which nothing has been said."""
    if path:
        reader, writer = await asyncio.open_unix_connection(path)
    else:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    try:
        yield Peer(reader, writer)
    finally:
        # Until 3.11.4 a TLS transport that had gone could not be aborted once more.
        with suppress(AttributeError):
            writer.transport.abort()


@asynccontextmanager
async def upgraded(
    port: int, *, context: ssl.SSLContext | None = None, **changed: str | None
) -> AsyncIterator[Peer]:
    """A WebSocket."""
    async with connected(port, context=context) as peer:
        peer.send(upgrade_request(**changed))
        status, _ = await peer.response()
        assert status == 101
        yield peer


class Wires(asyncio.Transport):
    """A transport to nowhere that remembers what was written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.protocol: asyncio.BaseProtocol | None = None

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Remember it."""
        self.protocol = protocol

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Let these be as they should."""
        assert (high, low) == (1 << 20, 1 << 16)

    def get_write_buffer_size(self) -> int:
        """Be empty."""
        return 0

    def write(self, data: object) -> None:
        """Remember it."""
        assert isinstance(data, bytes)
        self.written += data
