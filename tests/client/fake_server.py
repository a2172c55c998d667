"""A small server in memory that does as it is told: the other end of the SDK's tests."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import msgspec
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from hugmood.ambient import System, iso
from hugmood.wire import codec

DAY = 24 * 3600 * 1000
PAGE = 100

Data = dict[str, Any]


class Ask(msgspec.Struct, rename="camel"):
    """A message from a client."""

    type: str
    id: str
    data: Data = {}
    timestamp: str = ""


@dataclass
class Event:
    """One event of the stream; `hidden` ones keep their number and are never sent."""

    number: int
    prefix: bytes
    hidden: bool = False


@dataclass
class Peer:
    """One connection."""

    socket: ServerConnection
    user_id: str = ""
    position: int = 0

    async def send(
        self, kind: str, data: Data, message_id: str, previous: int | None = None
    ) -> None:
        """Send any message, showing this connection's position."""
        prefix = codec.prefix(kind, message_id, codec.encode(data), System().now())
        await self.write(prefix + codec.suffix(self.position, previous))

    async def write(self, message: bytes) -> None:
        """Send this message in JSON, or in MessagePack if that was agreed."""
        packed = self.socket.subprotocol == codec.MSGPACK_PROTOCOL
        frame = codec.pack(message) if packed else message
        with suppress(ConnectionClosed):
            await self.socket.send(frame, text=not packed)


@dataclass
class FakeServer:
    """Everything a test may look at or turn."""

    port: int = 0
    peers: list[Peer] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    tokens: dict[str, str] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict)
    asks: list[Ask] = field(default_factory=list)
    """All messages received, repetitions included."""
    effects: list[Ask] = field(default_factory=list)
    """Commands that took effect: each id once."""
    silent: set[str] = field(default_factory=set)
    """Types that take effect and get no answer."""
    refusals: list[Data] = field(default_factory=list)
    """`data` of errors, used up one by one by the next commands."""
    auth_errors: list[Data] = field(default_factory=list)
    """`data` of failed `auth_response`s, likewise."""
    answers: dict[str, Data] = field(default_factory=dict)
    """`data` of replies by type, or by `dataType`, in place of what it says by itself."""
    oldest: int = 1
    forgetful: bool = False
    """It does not say that older events are not kept."""
    lifetime: int = DAY
    http_status: int = 0
    """If set, every connection is refused with it."""
    connections: int = 0
    on_ask: Callable[[Peer, Ask], Awaitable[None]] | None = None
    _server: Server | None = None
    _replies: dict[str, Data] = field(default_factory=dict)
    _names: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    @property
    def url(self) -> str:
        """Where it listens, also while it does not."""
        return f"ws://127.0.0.1:{self.port}/ws"

    async def start(self) -> None:
        """Listen; the second time on the same port."""
        protocols = [Subprotocol(codec.MSGPACK_PROTOCOL), Subprotocol(codec.JSON_PROTOCOL)]
        self._server = await serve(
            self._talk,
            "127.0.0.1",
            self.port,
            select_subprotocol=lambda _, offered: next(
                (p for p in protocols if p in offered), None
            ),
            process_request=self._answer_http,
            ping_interval=None,
            close_timeout=0.2,
            max_size=1 << 16,
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Listen no more and cut everybody off."""
        if self._server:
            self.cut()
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    def cut(self) -> None:
        """Cut everybody off without a word."""
        for peer in self.peers:
            peer.socket.transport.abort()

    async def dismiss(self, code: str, websocket_code: int, **data: object) -> None:
        """Send everybody away with a `connection_close`, or without if `code` is empty."""
        for peer in list(self.peers):
            if code:
                goodbye = {"code": code, "message": "Go", **data}
                await peer.send("connection_close", goodbye, f"close-{code}")
            await peer.socket.close(websocket_code)

    async def emit(self, kind: str, data: Data, *, hidden: bool = False) -> int:
        """Put an event into the stream and send it to whoever is connected."""
        number = len(self.events) + 1
        message_id = f"notif-{number}"
        prefix = codec.prefix(kind, message_id, codec.encode(data), System().now())
        self.events.append(Event(number, prefix, hidden))
        for peer in list(self.peers):
            if peer.user_id and not hidden:
                last, peer.position = peer.position, number
                await peer.write(prefix + codec.suffix(number, _previous(last, number)))
        return number

    async def hug(self, message: str = "There", *, hidden: bool = False) -> int:
        """Put a hug into the stream."""
        hug = {
            "hugId": f"hug-{message}",
            "senderId": "user-2",
            "senderName": "Jane Smith",
            "hugType": "supportive",
            "message": message,
            "sentAt": "2023-08-25T16:00:00.000Z",
        }
        return await self.emit("hug_received", hug, hidden=hidden)

    async def batch(self, *messages: bytes) -> None:
        """Send several messages in one to everybody."""
        for peer in list(self.peers):
            joined = {"messages": [msgspec.Raw(message) for message in messages]}
            await peer.send("batch", joined, f"batch-{next(self._names)}")

    async def broadcast(self, kind: str, data: Data) -> None:
        """Send what has no number."""
        for peer in list(self.peers):
            await peer.send(kind, data, f"bcast-{next(self._names)}")

    def types(self) -> list[str]:
        """Types of all messages received."""
        return [ask.type for ask in self.asks]

    def asked(self, kind: str) -> list[Ask]:
        """All messages of this type, repetitions included."""
        return [ask for ask in self.asks if ask.type == kind]

    # Within

    def _answer_http(self, socket: ServerConnection, request: Request) -> Response | None:
        self.connections += 1
        return socket.respond(self.http_status, "No\n") if self.http_status else None

    async def _talk(self, socket: ServerConnection) -> None:
        peer = Peer(socket)
        self.peers.append(peer)
        try:
            async for frame in socket:
                packed = isinstance(frame, bytes)
                ask = (msgspec.msgpack if packed else msgspec.json).decode(frame, type=Ask)
                await self._take(peer, ask)
        except ConnectionClosed:
            pass
        finally:
            self.peers.remove(peer)

    async def _take(self, peer: Peer, ask: Ask) -> None:
        self.asks.append(ask)
        if self.on_ask:
            await self.on_ask(peer, ask)
        if ask.type == "auth":
            await self._auth(peer, ask)
        elif ask.type == "disconnect":
            await peer.socket.close()
        elif ask.type not in {"pong", "heartbeat"}:
            await self._command(peer, ask)

    async def _command(self, peer: Peer, ask: Ask) -> None:
        if ask.id not in self._replies and self.refusals:
            error = {**self.refusals.pop(0), "originalMessageId": ask.id}
            await peer.send("error", error, f"err-{ask.id}")
            return
        if ask.id not in self._replies:
            self.effects += [ask] if ask.type != "fetch" else []
            self._replies[ask.id] = self._reply(ask)
        if ask.type not in self.silent:
            await peer.send(f"{ask.type}_response", self._replies[ask.id], f"{ask.id}-resp")

    def _reply(self, ask: Ask) -> Data:
        count = len(self.effects)
        kind = ask.data.get("dataType", ask.type)
        if kind in self.answers:
            head = {"dataType": kind, "asOfSequence": len(self.events)}
            return {"success": True, **(head if ask.type == "fetch" else {}), **self.answers[kind]}
        if ask.type == "send_hug":
            sent = {"hugId": f"hug-{count}", "recipientOnline": True, "deliveryStatus": "sent"}
            return {"success": True, **sent}
        if ask.type in {"subscribe", "unsubscribe"}:
            return {"success": True, **ask.data}
        if ask.type == "follow_user":
            return {"success": True, **ask.data, "currentFollowerCount": 1}
        if ask.type == "mood_update":
            moment = "2023-08-25T15:30:05.000Z"
            streak = {"current": 1, "best": 2, "lastUpdated": moment}
            return {"success": True, "moodId": f"mood-{count}", "streakUpdate": streak}
        head = {"success": True, "dataType": kind, "asOfSequence": len(self.events)}
        return {**head, **_LISTS.get(kind, {"totalCount": 0, "items": []})}

    async def _auth(self, peer: Peer, ask: Ask) -> None:
        if self.auth_errors:
            failure = {"success": False, "message": "No", **self.auth_errors.pop(0)}
            await peer.send("auth_response", failure, f"{ask.id}-resp")
            return
        user_id, error = self._who(ask.data)
        if error:
            failure = {"success": False, "error": error, "message": "No"}
            await peer.send("auth_response", failure, f"{ask.id}-resp")
            return
        resumed = self._resume(peer, ask.data) if not peer.user_id else None
        peer.user_id = user_id
        await peer.send("auth_response", self._session(user_id, ask.data), f"{ask.id}-resp")
        if resumed is not None:
            await self._replay(peer, resumed)

    def _who(self, data: Data) -> tuple[str, str]:
        """Who this is, or what is wrong."""
        token, email = data.get("token"), data.get("email", "")
        if data["method"] == "register":
            self.passwords[email] = data["password"]
        if token:
            return self.tokens.get(token, ""), "" if token in self.tokens else "invalid_auth"
        if data["method"] == "anonymous":
            return f"anon-{next(self._names)}", ""
        right = self.passwords.get(email) == data["password"]
        return f"user-{email}", "" if right else "invalid_credentials"

    def _session(self, user_id: str, data: Data) -> Data:
        expires = iso(System().now() + self.lifetime)
        session: Data = {"success": True, "userId": user_id, "expires": expires}
        if data["method"] != "token":
            session["token"] = f"token-{next(self._names)}"
            self.tokens[session["token"]] = user_id
        if user_id.startswith("anon-"):
            session["isAnonymous"] = True
        return session

    def _resume(self, peer: Peer, data: Data) -> int | None:
        """Set the connection's position; return what to replay after, if asked to."""
        head = len(self.events)
        last: int | None = data.get("lastSequenceNumber")
        peer.position = head if last is None else min(last, head)
        return last

    async def _replay(self, peer: Peer, last: int) -> None:
        head = len(self.events)
        if last > head:
            await self._page(peer, [], head, head, complete=False)
            return
        complete = self.forgetful or last + 1 >= self.oldest
        first = max(last + 1, self.oldest)
        for start in range(first, head + 1, PAGE):
            events = self.events[start - 1 : start - 1 + PAGE]
            await self._page(peer, events, start, events[-1].number, complete=complete)
            complete = True

    async def _page(
        self, peer: Peer, events: list[Event], start: int, end: int, *, complete: bool
    ) -> None:
        messages = [
            msgspec.Raw(event.prefix + codec.suffix(event.number))
            for event in events
            if not event.hidden
        ]
        page: Data = {"messages": messages, "startSequence": start, "endSequence": end}
        if not complete:
            page["complete"] = False
        peer.position = end
        await peer.send("missed_messages", page, f"missed-{start}")


_LISTS: dict[str, Data] = {
    "followers": {
        "totalCount": 1,
        "items": [
            {
                "userId": "user-2",
                "name": "Jane Smith",
                "since": "2023-08-25T18:00:00.000Z",
                "isFriend": False,
            }
        ],
    },
    "notifications": {"totalCount": 0, "items": [], "unreadCount": 0},
    "mood_catalog": {
        "source": "The Norms",
        "moodCatalog": [
            {"mood": "happy", "valence": 8.2, "arousal": 6.9, "quadrant": "pleasant high"},
            {"mood": "calm", "valence": 7.0, "arousal": 2.7, "quadrant": "pleasant low"},
            {"mood": "sad", "valence": 2.1, "arousal": 3.9, "quadrant": "unpleasant low"},
        ],
    },
    "hug_catalog": {"hugCatalog": {"hugTypes": ["supportive", "warm"], "animations": ["none"]}},
}


def _previous(last: int, number: int) -> int | None:
    return None if last == number - 1 else last


async def eventually(holds: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait until this is true; it looks often, for most of it takes a millisecond."""
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 (anything at all may make it true)
            await asyncio.sleep(0.002)
