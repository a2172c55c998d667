"""A client at the far end of a fake socket, who checks all that it is told."""

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, TypeVar

import msgspec
from msgspec import UNSET

from hugmood.ambient import iso
from hugmood.features.auth.messages import AuthResponse, AuthToken
from hugmood.gateway import frames
from hugmood.gateway.websocket import Connection
from hugmood.wire import codec
from hugmood.wire.message import (
    MOST_IN_BATCH,
    PUSHES,
    AuthFailure,
    Batch,
    Command,
    Error,
    Event,
    MissedMessages,
    Payload,
    Push,
    Reply,
    reply_type,
)
from tests.fakes import FakeTransport

if TYPE_CHECKING:
    from tests.world import World

R = TypeVar("R", bound=Reply)
P = TypeVar("P", bound=Push)
D = TypeVar("D", bound=Payload)

_FIELDS: Final = {"type", "id", "data", "timestamp", "sequenceNumber"}
_MAY: Final = {*_FIELDS, "previousSequenceNumber"}
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_LONGEST: Final = 1 << 24

Refusal = Error | AuthFailure


class Message(NamedTuple):
    """One message from the server; `data` as plain values."""

    type: str
    id: str
    data: dict[str, Any]
    timestamp: str
    number: int
    previous: int | None

    @classmethod
    def of(cls, plain: dict[str, Any]) -> "Message":
        """Read an envelope, which must have all five fields and no other."""
        assert _FIELDS <= plain.keys() <= _MAY
        assert _MOMENT.fullmatch(plain["timestamp"])
        return cls(
            plain["type"],
            plain["id"],
            plain["data"],
            plain["timestamp"],
            plain["sequenceNumber"],
            plain.get("previousSequenceNumber"),
        )

    def push(self) -> Push:
        """Read the data as what this type promises."""
        return _read(PUSHES[self.type], self.data)


class Closed(NamedTuple):
    """How the server ended the WebSocket."""

    code: int
    reason: str


class Refused(Exception):  # noqa: N818 (an answer)
    """The answer was no; `error` says why."""

    def __init__(self, error: Refusal) -> None:
        super().__init__(str(error))
        self.error = error


class Sent(Generic[R]):
    """A command on its way."""

    def __init__(self, device: "Device", message_id: str, kind: type[R]) -> None:
        self.id = message_id
        self._device = device
        self._kind = kind

    def reply(self) -> R:
        """The reply; `Refused` where it is an error."""
        message = self._answer()
        if message.type == "error":
            raise Refused(_read(Error, message.data))
        if not message.data.get("success"):
            raise Refused(_read(AuthFailure, message.data))
        return _read(self._kind, message.data)

    def refusal(self) -> Refusal:
        """Why it was refused."""
        try:
            reply = self.reply()
        except Refused as refused:
            return refused.error
        raise AssertionError(f"not refused: {reply}")

    @property
    def answered(self) -> bool:
        """Whether there is a reply or an error."""
        return bool(self._answers())

    def _answer(self) -> Message:
        answers = self._answers()
        assert len(answers) == 1, f"{len(answers)} answers to {self.id}"
        return answers[0]

    def _answers(self) -> list[Message]:
        return [
            message
            for message in self._device.received
            if message.id == f"{self.id}-resp" or message.data.get("originalMessageId") == self.id
        ]


class Device:
    """One connection of one person, or of nobody yet."""

    name = ""
    email = ""
    password = ""

    def __init__(
        self,
        world: "World",
        transport: Callable[[Callable[[bytes], None]], FakeTransport],
        *,
        binary: bool,
        remote: str,
    ) -> None:
        self.world = world
        self.remote = remote
        self.received: list[Message] = []
        """Everything, in order."""
        self.closed: Closed | None = None
        self.lively = True
        """Whether it sends a heartbeat when time passes."""
        self.user_id = ""
        self.token = ""
        self.transport = transport(self._hear)
        self._binary = binary
        self._rest = b""
        self._position: int | None = None
        self._seen: int | None = None
        """The number of the last event that came: a page may end beyond it."""
        self._told = 0
        self._narrowed = False
        self.batches: list[list[str]] = []
        """The types in each batch that came; `received` has what was in them."""

    @property
    def connection(self) -> Connection:
        """The server's end."""
        return self.transport.connection

    # Saying

    def request(self, command: Command[R], *, id: str | None = None, at: str | None = None) -> R:  # noqa: A002 (the wire's word)
        """Send a command and return its reply; `Refused` where it is an error.

        `at` is the client's own time.
        """
        return self.send(command, id=id, at=at).reply()

    def refusal(
        self,
        command: Command[R],
        *,
        id: str | None = None,  # noqa: A002 (the wire's word)
        at: str | None = None,
    ) -> Refusal:
        """Send a command that is to be refused and return why."""
        return self.send(command, id=id, at=at).refusal()

    def send(
        self,
        command: Command[R],
        *,
        id: str | None = None,  # noqa: A002 (the wire's word)
        at: str | None = None,
    ) -> Sent[R]:
        """Send a command; its reply may have come when this returns, or come later."""
        message_id = id or self.world.ambient.message_id("msg")
        envelope = _envelope(command, message_id)
        self.raw(envelope | ({"timestamp": at} if at else {}))
        return Sent(self, message_id, reply_type(type(command)))

    def send_batch(self, *commands: Command[Any]) -> list[Sent[Any]]:
        """Send several commands in one message."""
        ids = [self.world.ambient.message_id("msg") for _ in commands]
        together = list(zip(commands, ids, strict=True))
        envelopes = [_envelope(command, message_id) for command, message_id in together]
        self.raw({"type": "batch", "id": "batch-1", "data": {"messages": envelopes}})
        return [Sent(self, message_id, reply_type(type(c))) for c, message_id in together]

    def raw(self, message: dict[str, Any] | bytes) -> list[Message]:
        """Send an envelope, or any bytes; return what came before all was quiet again."""
        before = len(self.received)
        payload = msgspec.json.encode(message) if isinstance(message, dict) else message
        if isinstance(message, dict) and self._binary:
            payload = msgspec.msgpack.encode(msgspec.json.decode(payload))
        kind = frames.BINARY if self._binary else frames.TEXT
        self.frame(frames.FIN | kind, payload)
        return self.received[before:]

    def frame(self, first: int, payload: bytes) -> None:
        """Send a WebSocket frame with this first byte."""
        self.transport.arrive(first, payload)
        self.world.settle()

    def beat(self) -> None:
        """Send a heartbeat, to be read in the next loop turn."""
        message = {"type": "heartbeat", "id": "heartbeat", "data": {}}
        kind = frames.BINARY if self._binary else frames.TEXT
        encode = msgspec.msgpack.encode if self._binary else msgspec.json.encode
        self.transport.arrive(frames.FIN | kind, encode(message))

    def sign_in(self, command: Command[AuthResponse]) -> AuthResponse:
        """Authenticate; remember who this is, and the token."""
        reply = self.request(command)
        self.user_id = reply.user_id
        self.token = reply.token or getattr(command, "token", UNSET) or self.token
        return reply

    def another(
        self, *, last: int | None = None, binary: bool = False, batch: bool = False
    ) -> "Device":
        """Connect once more with the same token, after the last number seen if given.

        With `batch` it can take batches.
        """
        device = self.world.connect(binary=binary)
        device.name, device.email, device.password = self.name, self.email, self.password
        number = UNSET if last is None else last
        able = ["batch"] if batch else UNSET
        device.sign_in(AuthToken(token=self.token, last_sequence_number=number, capabilities=able))
        return device

    # Hearing

    def events(self) -> list[Event]:
        """What came of the stream, live or missed, since this was last asked."""
        news, self._told = self.received[self._told :], len(self.received)
        envelopes = [envelope for message in news for envelope in _unwrapped(message)]
        pushes = [message.push() for message in envelopes if message.type in PUSHES]
        return [push for push in pushes if isinstance(push, Event)]

    def pushes(self, kind: type[P]) -> list[P]:
        """Everything of this kind that ever came, not counting what was missed."""
        return [_read(kind, m.data) for m in self.received if m.type == kind.wire_type]

    @property
    def position(self) -> int:
        """The last number seen."""
        return self._position or 0

    # The socket

    def stall(self) -> None:
        """Stop reading."""
        self.transport.stalled = True

    def drain(self, size: int | None = None) -> None:
        """Read on; or so many bytes, and then no more."""
        if size is None:
            self.transport.stalled = False
        self.transport.flush(size)
        self.world.settle()

    def drop(self) -> None:
        """Lose the connection without a word."""
        self.transport.abort()
        self.world.settle()

    def close(self, code: int = 1000) -> None:
        """Say goodbye in WebSocket's words."""
        self.frame(frames.FIN | frames.CLOSE, code.to_bytes(2, "big"))

    # Within

    def _hear(self, data: bytes) -> None:
        self._rest += data
        while (found := _cut_frame(self._rest)) is not None:
            first, payload, self._rest = found
            assert self.closed is None, "a frame after the close frame"
            self._hear_frame(first, payload)

    def _hear_frame(self, first: int, payload: bytes) -> None:
        assert first & frames.FIN, "servers of ours never fragment"
        opcode = first & frames.OPCODE
        if opcode == frames.CLOSE:
            self.closed = Closed(frames.close_code(payload), payload[2:].decode())
            self.transport.arrive(first, payload[:2])
        elif opcode in {frames.TEXT, frames.BINARY}:
            assert opcode == (frames.BINARY if self._binary else frames.TEXT)
            text = frames.inflate(payload, _LONGEST) if first & frames.RSV1 else payload
            decode = msgspec.msgpack.decode if self._binary else msgspec.json.decode
            message = Message.of(decode(text))
            if message.type == Batch.wire_type:
                self._hear_batch(message)
            else:
                self._hear_message(message)

    def _hear_batch(self, batch: Message) -> None:
        messages = [Message.of(plain) for plain in batch.data["messages"]]
        assert 2 <= len(messages) <= MOST_IN_BATCH
        assert batch.id.startswith("batch-")
        assert batch.number == messages[-1].number
        self.batches.append([message.type for message in messages])
        for message in messages:
            self._hear_message(message)

    def _hear_message(self, message: Message) -> None:
        assert message.timestamp <= iso(self.world.clock.now())
        if message.type == "auth_response" and message.data["success"]:
            if self._position is None:
                self._position = self._seen = message.number
            assert message.number == self._position
        elif self._position is None:
            assert message.number == 0
        else:
            self._follow(message)
        self.received.append(message)

    def _follow(self, message: Message) -> None:
        """Hold the numbers to what the protocol says of holes."""
        self._narrowed = self._narrowed or message.type == "subscribe_response"
        if message.type == MissedMessages.wire_type:
            self._follow_page(message)
        elif _is_event(message):
            self._follow_event(message)
        elif self._narrowed:
            # The position counts events that were not sent.
            assert message.number >= (self._position or 0)
            self._position = message.number
        assert message.number == self._position

    def _follow_page(self, message: Message) -> None:
        assert self._position is not None
        start = message.data["startSequence"]
        complete = message.data.get("complete", True)
        if complete:
            assert start == self._position + 1
        self._position = start - 1 if message.data["messages"] else self._position
        self._seen = self._seen if complete else start - 1
        for plain in message.data["messages"]:
            self._follow_event(Message.of(plain))
        self._position = message.data["endSequence"]

    def _follow_event(self, message: Message) -> None:
        previous = message.number - 1 if message.previous is None else message.previous
        # A page may have ended with filtered events: the last one sent is before its end.
        passed_over = self._narrowed and previous < (self._position or 0)
        assert previous in {self._position, self._seen} or passed_over, f"a hole before {message}"
        assert message.number > (self._position or 0)
        self._position = self._seen = message.number


def _envelope(command: Command[Any], message_id: str) -> dict[str, Any]:
    data = msgspec.Raw(codec.encode(command))
    return {"type": command.wire_type, "id": message_id, "data": data}


def _is_event(message: Message) -> bool:
    kind = PUSHES.get(message.type)
    return kind is not None and issubclass(kind, Event)


def _unwrapped(message: Message) -> Iterator[Message]:
    if message.type == MissedMessages.wire_type:
        yield from map(Message.of, message.data["messages"])
    else:
        yield message


def _read(kind: type[D], data: dict[str, Any]) -> D:
    """Read data as this type; it must hold nothing that the type does not know."""
    read = _reader(kind)(msgspec.json.encode(data))
    assert msgspec.json.decode(codec.encode(read)) == data
    return read  # type: ignore[no-any-return]


@cache
def _reader(kind: type[Any]) -> Callable[[bytes], Any]:
    return codec.decoder(kind)


_HEAD: Final = 2


def _cut_frame(data: bytes) -> tuple[int, bytes, bytes] | None:
    """Take a server's frame off the front (RFC 6455 section 5.2); None if incomplete."""
    if len(data) < _HEAD:
        return None
    assert not data[1] & 0x80, "servers do not mask"
    width = {126: 2, 127: 8}.get(data[1], 0)
    start = _HEAD + width
    length = int.from_bytes(data[_HEAD:start], "big") if width else data[1]
    if len(data) < start + length:
        return None
    return data[0], data[start : start + length], data[start + length :]
