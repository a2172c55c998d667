"""Clients written with nothing but `websockets` and the protocol in hand."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.e2e.server import PATIENCE, Service

PASSWORD: Final = "correct horse battery"
FIELDS: Final = {"type", "id", "data", "timestamp", "sequenceNumber"}
EVENTS: Final = {
    "mood_changed",
    "hug_received",
    "follow_update",
    "group_hug_invitation",
    "group_hug_update",
    "notification",
}
"""Those that take a number in the stream."""

Message = dict[str, Any]


def new_id() -> str:
    """A UUID v4, as the seed recommends."""
    return str(uuid4())


def envelope(kind: str, data: Message | None = None, message_id: str | None = None) -> Message:
    """A message as the seed shows it."""
    return {
        "type": kind,
        "id": message_id or new_id(),
        "data": data or {},
        "timestamp": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}.000Z",
    }


class Talk:
    """One socket: what is sent, and what comes."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.user_id = ""
        self.token = ""
        self._unread: list[Message] = []

    async def send(self, kind: str, data: Message | None = None, message_id: str = "") -> str:
        """Send a message; return its id."""
        message = envelope(kind, data, message_id)
        await self.socket.send(json.dumps(message))
        return str(message["id"])

    async def request(
        self, kind: str, data: Message | None = None, message_id: str = ""
    ) -> Message:
        """Send a message and return the reply, or the error."""
        return await self.reply(await self.send(kind, data, message_id))

    async def say_at(self, kind: str, data: Message, at: str) -> Message:
        """Send a message that was written at some time; return the reply, or the error."""
        message = envelope(kind, data) | {"timestamp": at}
        await self.socket.send(json.dumps(message))
        return await self.reply(message["id"])

    async def reply(self, message_id: str) -> Message:
        """The reply to this message, or the error."""
        return await self._find(
            lambda message: (
                message["id"] == f"{message_id}-resp"
                or (
                    message["type"] == "error"
                    and message["data"].get("originalMessageId") == message_id
                )
            )
        )

    async def heard(self, kind: str) -> Message:
        """The next message of this type; others are kept for later."""
        return await self._find(lambda message: message["type"] == kind)

    async def next(self) -> Message:
        """The next message."""
        return await self._find(lambda _: True)

    async def _find(self, wanted: Any) -> Message:  # noqa: ANN401
        for message in self._unread:
            if wanted(message):
                self._unread.remove(message)
                return message
        async with asyncio.timeout(PATIENCE):
            while not wanted(message := await self._receive()):
                self._unread.append(message)
        return message

    async def _receive(self) -> Message:
        text = await self.socket.recv()
        assert isinstance(text, str)
        message: Message = json.loads(text)
        assert set(message) == FIELDS
        return message

    async def closed(self) -> tuple[list[Message], int]:
        """Everything that still comes, and the code of the close frame."""
        rest, self._unread = self._unread, []
        async with asyncio.timeout(PATIENCE):
            try:
                while True:
                    rest.append(await self._receive())
            except ConnectionClosed:
                assert self.socket.close_code is not None
                return rest, self.socket.close_code

    async def register(self, name: str, **more: Any) -> Message:  # noqa: ANN401
        """Open an account (the only extension a client needs) and be signed in."""
        email = f"{new_id()}@example.com"
        data = {"method": "register", "email": email, "password": PASSWORD, "name": name} | more
        return await self._signed_in(data)

    async def be_guest(self) -> Message:
        """Be signed in without an account, which is quick."""
        return await self._signed_in({"method": "anonymous", "deviceId": new_id()})

    async def resume(self, token: str, last: int | None = None) -> Message:
        """Be signed in by a token, after the last number seen if given."""
        number = {} if last is None else {"lastSequenceNumber": last}
        return await self._signed_in({"method": "token", "token": token} | number)

    async def _signed_in(self, data: Message) -> Message:
        reply = await self.request("auth", data)
        assert reply["type"] == "auth_response", reply
        assert reply["data"]["success"], reply
        self.user_id = reply["data"]["userId"]
        self.token = reply["data"].get("token", data.get("token"))
        return reply

    async def history(self, kind: str) -> list[Message]:
        """All of one's moods or hugs (`mood_history`, `hug_history`)."""
        items: list[Message] = []
        while True:
            wanted = {"dataType": kind, "limit": 100, "offset": len(items)}
            page = (await self.request("fetch", wanted))["data"]
            items += page["items"]
            if len(items) >= page["totalCount"]:
                return items


@asynccontextmanager
async def talking(service: Service, **options: Any) -> AsyncIterator[Talk]:  # noqa: ANN401
    """Open a socket; `options` are those of `websockets.connect`."""
    settings: dict[str, Any] = {
        "compression": None,
        "max_queue": None,  # who does not read can still close
        "proxy": None,
        "ping_interval": None,
        "open_timeout": PATIENCE,
    }
    async with connect(service.url, ssl=service.tls, **settings | options) as socket:
        yield Talk(socket)


class Traveller:
    """A client that loses its connection again and again, and nothing else.

    It does what the seed's best practices say: queue, resend under the same id what was
    not answered, reconnect after the last number seen. Each message is held to the rules
    of the numbers as it comes.
    """

    def __init__(self, service: Service, name: str) -> None:
        self.name = name
        self.user_id = ""
        self.token = ""
        self.sent: dict[str, Message] = {}
        """Every command by its id."""
        self.waiting: dict[str, Message] = {}
        """Those that were not answered yet."""
        self.answers: dict[str, Message] = {}
        self.events: list[Message] = []
        """The stream from its first number on."""
        self.connections = 0
        self._service = service
        self._socket: ClientConnection | None = None
        self._leaving = False

    @property
    def last(self) -> int:
        """The last number seen."""
        return len(self.events)

    async def register(self) -> None:
        """Open the account, on a socket of its own."""
        async with talking(self._service) as talk:
            await talk.register(self.name)
            self.user_id, self.token = talk.user_id, talk.token

    async def travel(self) -> None:
        """Be connected as often as possible, until told to leave."""
        while not self._leaving:
            try:
                async with talking(self._service) as talk:
                    await self._converse(talk.socket)
            except (OSError, InvalidHandshake, ConnectionClosed, TimeoutError):
                await asyncio.sleep(0.02)
            finally:
                self._socket = None

    async def leave(self) -> None:
        """Hang up, and stay away."""
        self._leaving = True
        if self._socket:
            await self._socket.close()

    async def say(self, kind: str, data: Message) -> str:
        """Send a command, now or when there is a connection."""
        message = envelope(kind, data)
        self.sent[message["id"]] = self.waiting[message["id"]] = message
        if self._socket:
            await self._write(self._socket, message)
        return str(message["id"])

    async def _write(self, socket: ClientConnection, message: Message) -> None:
        try:
            await socket.send(json.dumps(message))
        except ConnectionClosed:
            self._socket = None  # it will be sent again on the next one

    async def _converse(self, socket: ClientConnection) -> None:
        data = {"method": "token", "token": self.token, "lastSequenceNumber": self.last}
        await socket.send(json.dumps(envelope("auth", data)))
        async for text in socket:
            message: Message = json.loads(text)
            assert set(message) == FIELDS
            await self._hear(socket, message)

    async def _hear(self, socket: ClientConnection, message: Message) -> None:
        kind, data = message["type"], message["data"]
        if kind == "missed_messages":
            assert data["startSequence"] == self.last + 1
            for missed in data["messages"]:
                self._event(missed)
            assert data["endSequence"] == self.last
        elif kind in EVENTS:
            self._event(message)
        assert message["sequenceNumber"] == self.last
        if kind == "auth_response":
            assert data["success"], data
            self.connections += 1
            self._socket = socket
            for command in list(self.waiting.values()):
                await self._write(socket, command)
        elif kind == "error":
            await self._refused(socket, data)
        elif message["id"].endswith("-resp"):
            self._answered(message["id"].removesuffix("-resp"), data)

    def _event(self, message: Message) -> None:
        assert message["sequenceNumber"] == self.last + 1, "a hole, or an event sent twice"
        self.events.append(message)

    def _answered(self, message_id: str, data: Message) -> None:
        """Take an answer; when a command was sent twice, both answers must be the same."""
        assert data["success"]
        self.waiting.pop(message_id, None)
        assert self.answers.setdefault(message_id, data) == data

    async def _refused(self, socket: ClientConnection, data: Message) -> None:
        """Try again what the server could not do."""
        assert data["code"] == "server_error", data
        command = self.waiting.get(data["originalMessageId"])
        if command is None:  # it was the `auth`
            await socket.close()
            return
        await asyncio.sleep(0.05)
        await self._write(socket, command)
