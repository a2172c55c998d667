"""The GraphQL process.

It is started by the gateway (`engine/nursery.py`), executes what that hands on, and has
commands done by way of it. So however much is asked here, no socket waits for it. It ends
when the gateway does.
"""

import asyncio
import os
import socket
from typing import Final, cast

import structlog
import uvloop
from msgspec.structs import replace

from hugmood import logs
from hugmood.ambient import Ambient, System
from hugmood.config import Config
from hugmood.engine.framing import Frames, pack
from hugmood.engine.records import Answer, Ask, Caller, Record
from hugmood.features import load_messages
from hugmood.graphql.executing import Executor
from hugmood.graphql.limits import Limits
from hugmood.graphql.records import (
    Abandon,
    Command,
    Commanded,
    Execute,
    Executed,
    Plan,
    Planned,
    Serving,
    read_for_process,
)
from hugmood.graphql.schema import operations, schema

_FAILED: Final = (
    b'{"errors":[{"message":"Something went wrong on our side; please try again",'
    b'"extensions":{"code":"server_error"}}]}'
)

log = structlog.get_logger(__name__)


class Operation:
    """One request while it is executed; it is its own `Context`."""

    def __init__(self, server: "Server", request: Execute) -> None:
        """Begin, for whoever asks."""
        self.caller: Caller | None = request.caller
        self.client = request.client
        self.remote = request.remote
        self._server = server
        self._number = request.number
        self._waiting: dict[int, asyncio.Future[Answer]] = {}
        self._commands = 0

    def fresh_id(self) -> str:
        """Make an id for a command that its sender gave none."""
        return self._server.ambient.message_id("gql")

    async def command(self, ask: Ask) -> Answer:
        """Have a command done by way of the gateway."""
        self._commands += 1
        number = self._commands
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        self._server.put(Command(self._number, replace(ask, number=number)))
        try:
            return await future
        finally:
            del self._waiting[number]

    def commanded(self, answer: Answer) -> None:
        """Take the answer to a command."""
        future = self._waiting.get(answer.number)
        if future is not None and not future.done():
            future.set_result(answer)


class Server(asyncio.Protocol):
    """Executes what the gateway sends, many at a time."""

    def __init__(self, executor: Executor, ambient: Ambient) -> None:
        """Serve this schema."""
        self.ambient = ambient
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._executor = executor
        self._frames = Frames()
        self._outgoing: list[Record] = []
        self._transport: asyncio.Transport | None = None
        self._running: dict[int, tuple[Operation, asyncio.Task[None]]] = {}

    def put(self, record: Record) -> None:
        """Say this to the gateway at the end of the loop turn."""
        if not self._outgoing:
            asyncio.get_running_loop().call_soon(self._flush)
        self._outgoing.append(record)

    def _flush(self) -> None:
        if self._transport:
            self._transport.write(pack(self._outgoing))
        self._outgoing.clear()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say that it is ready."""
        self._transport = cast("asyncio.Transport", transport)
        self.put(Serving())

    def data_received(self, data: bytes) -> None:
        """Take what the gateway says."""
        for frame in self._frames.feed(data):
            for record in read_for_process(frame):
                if isinstance(record, Execute):
                    self._begin(record)
                elif isinstance(record, Commanded):
                    running = self._running.get(record.number)
                    if running:
                        running[0].commanded(record.answer)
                elif isinstance(record, Abandon):
                    running = self._running.get(record.number)
                    if running:
                        running[1].cancel()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 (asyncio's)
        """End: the gateway is gone."""
        if not self.over.done():
            self.over.set_result(None)

    def _begin(self, request: Execute) -> None:
        operation = Operation(self, request)
        task = asyncio.get_running_loop().create_task(self._execute(request, operation))
        self._running[request.number] = operation, task

    async def _execute(self, request: Execute, operation: Operation) -> None:
        try:
            response = await self._executor.respond(
                request.body, operation, streaming=request.streaming
            )
            if isinstance(response, Plan):
                self.put(Planned(request.number, response))
            else:
                self.put(Executed(request.number, *response))
        except Exception:
            log.exception("operation failed")
            self.put(Executed(request.number, _FAILED))
        finally:
            del self._running[request.number]


async def serve(sock: socket.socket, config: Config) -> None:
    """Answer what comes over this socket until its other end is gone."""
    limits = Limits(
        depth=config.graphql_depth,
        cost=config.graphql_cost,
        aliases=config.graphql_aliases,
        tokens=config.graphql_tokens,
        seconds=config.graphql_timeout,
    )
    executor = Executor(schema(), operations(), limits, introspection=config.env == "development")
    loop = asyncio.get_running_loop()
    sock.setblocking(False)  # noqa: FBT003 (that is its signature)
    server = Server(executor, System())
    await loop.create_unix_connection(lambda: server, sock=sock)
    await server.over


def _configured(sock: socket.socket) -> Config:
    frames = Frames()
    while not (found := frames.feed(sock.recv(_RECEIVE_BYTES) or _gone())):
        pass
    return Config.from_json(found[0])


_RECEIVE_BYTES: Final = 1 << 16
_NICENESS: Final = 10
"""Where there are too few cores for all, sockets and the engine go first."""


def _gone() -> bytes:
    raise SystemExit(0)


def main(name: str, sock: socket.socket) -> None:
    """Serve on this socket, logging under this name."""
    os.nice(_NICENESS)
    config = _configured(sock)
    logs.configure(config.log_level, config.log_format, name)
    load_messages()
    uvloop.run(serve(sock, config))
