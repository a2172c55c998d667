"""GraphQL over a WebSocket at `/graphql`: the subprotocol `graphql-transport-ws`.

Close codes are those of the subprotocol, and beside them those of our own sockets.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final, Literal

import msgspec
import structlog
from msgspec import UNSET, Raw, Struct, UnsetType

from hugmood.engine.records import Caller
from hugmood.errors import CLOSINGS, CloseCode, Refusal, too_many, unavailable
from hugmood.gateway.bearers import NotSignedIn
from hugmood.gateway.burst import Burst
from hugmood.gateway.endpoint import CLIENT_ID_HEADER, Origins
from hugmood.gateway.graphql import bearer
from hugmood.gateway.graphql_face import GraphqlFace
from hugmood.gateway.graphql_link import Unanswered
from hugmood.gateway.member import Member
from hugmood.gateway.outgoing import Outgoing, frame
from hugmood.gateway.subscription import Subscription
from hugmood.gateway.websocket import Acceptance, Connection, UpgradeRequest
from hugmood.gateway.websocket import Refusal as UpgradeRefusal
from hugmood.graphql.records import Planned

PROTOCOL: Final = "graphql-transport-ws"
MOST_OPERATIONS: Final = 100
"""Operations of one socket at once, subscriptions and all."""
INIT_PATIENCE: Final = 10_000
"""Milliseconds until a socket must have said who it is."""
FULL: Final = 1 << 20
"""Unsent bytes past which events are no longer pushed but served from the stream."""

_BAD_REQUEST: Final = 4400
_UNAUTHORIZED: Final = 4401
_FORBIDDEN: Final = 4403
_INIT_TIMEOUT: Final = 4408
_SUBSCRIBER_EXISTS: Final = 4409
_TOO_MANY_INITS: Final = 4429

log = structlog.get_logger(__name__)

_Kind = Literal["connection_init", "ping", "pong", "subscribe", "complete"]


class _Message(Struct):
    type: _Kind
    id: str | UnsetType = UNSET
    payload: Raw = Raw(b"null")

    @property
    def said(self) -> bytes:
        """The payload, empty where there is none."""
        payload = bytes(self.payload)
        return b"" if payload == b"null" else payload


class _Init(Struct):
    authorization: str | UnsetType = msgspec.field(name="Authorization", default=UNSET)
    lower: str | UnsetType = msgspec.field(name="authorization", default=UNSET)
    token: str | UnsetType = UNSET


_read: Final = msgspec.json.Decoder(_Message).decode
_read_init: Final = msgspec.json.Decoder(_Init).decode
_write: Final = msgspec.json.Encoder().encode


class GraphqlEndpoint:
    """Decides about upgrades at `/graphql`."""

    def __init__(self, face: GraphqlFace, origins: Origins) -> None:
        """Serve this face to pages of these origins and to all that are none."""
        self._face = face
        self._origins = origins

    def accept(self, request: UpgradeRequest) -> Acceptance | UpgradeRefusal:
        """Decide about one upgrade."""
        if self._face.hub.draining:
            return UpgradeRefusal(503, "The server is restarting", [("Retry-After", "1")])
        if not self._origins.welcome(request):
            return UpgradeRefusal(403, "This origin may not connect")
        if PROTOCOL not in request.subprotocols:
            return UpgradeRefusal(400, f"The only subprotocol spoken here is {PROTOCOL}")
        client_id = self._face.hub.ambient.message_id("client")
        given = request.headers.get("authorization")
        return Acceptance(
            open=self._opener(client_id, given),
            binary=False,
            subprotocol=PROTOCOL,
            headers=[(CLIENT_ID_HEADER, client_id)],
        )

    def _opener(self, client_id: str, given: str | None) -> Callable[[Connection], "GraphqlSocket"]:
        def open_socket(connection: Connection) -> GraphqlSocket:
            socket = GraphqlSocket(connection, self._face, client_id, given)
            self._face.hub.add(socket)
            log.info("connection opened", client=client_id, remote=connection.remote)
            return socket

        return open_socket


class GraphqlSocket(Member):
    """One connection: `Receiver` of its socket, `Member` of the hub."""

    def __init__(
        self, connection: Connection, face: GraphqlFace, client_id: str, given: str | None
    ) -> None:
        """Wait for `connection_init`; `given` is what the handshake said of who it is."""
        self.client_id = client_id
        self.caller: Caller | None = None
        self.farewell = False
        self.wheel_slot = 0
        self._connection = connection
        self._face = face
        self._hub = face.hub
        self._given = given
        self._initialised = False
        self._over = False
        self._operations: dict[str, _Operation] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._pending: list[bytes] = []
        now = self._hub.now()
        self._began = self._heard = now
        self._expires = 0
        interval = face.settings.ping_interval
        self._next_ping = now + int(interval * (1 - self._hub.ambient.chance()))

    # What the socket tells

    def message_received(self, message: bytes) -> None:
        """Take a whole message."""
        self._heard = self._hub.now()
        try:
            said = _read(message)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            self._hang(_BAD_REQUEST, "Invalid message")
            return
        if said.type == "connection_init":
            self._init(said)
        elif said.type == "ping":
            self._send({"type": "pong"})
        elif said.type == "subscribe":
            self._subscribe(said)
        elif said.type == "complete" and said.id:
            operation = self._operations.pop(said.id, None)
            if operation is not None:
                operation.stop()

    def alive(self) -> None:
        """Note a sign of life."""
        self._heard = self._hub.now()

    def congested(self) -> None:
        """Stop pushing and reading: what comes now is served from the stream later."""
        for operation in self._operations.values():
            operation.lag()
        self._connection.pause_reading()
        self._hub.lagging(self)

    def writable(self) -> None:
        """Go on after the socket was full."""
        self._connection.resume_reading()
        self._hub.no_longer_lagging(self)
        for operation in list(self._operations.values()):
            operation.go_on()

    def server_stopping(self) -> None:
        """Say goodbye."""
        self.close("server_shutdown")

    def connection_lost(self) -> None:
        """Let go."""
        self._end()
        log.info("connection closed", client=self.client_id)

    # What the hub tells

    def deliver(self, event: Outgoing, number: int) -> None:
        """Take an event of this user's stream as it happens."""
        for operation in list(self._operations.values()):
            if operation.subscription:
                operation.subscription.deliver(event, number)

    def notify(self, notice: Outgoing) -> None:
        """Take a notice."""
        for operation in list(self._operations.values()):
            if operation.subscription:
                operation.subscription.notify(notice)

    def announce(self, head: int) -> None:
        """Learn how long the stream is."""
        for operation in list(self._operations.values()):
            if operation.subscription:
                operation.subscription.announce(head)

    def due(self) -> int:
        """Return when `tick` has something to do, ms."""
        if self.caller is None:
            return self._began + INIT_PATIENCE
        silence = self._heard + self._face.settings.silence_timeout
        return min(self._expires, self._next_ping, silence)

    def tick(self, now: int) -> None:
        """Do what is due."""
        if self.caller is None:
            if now >= self._began + INIT_PATIENCE:
                self._hang(_INIT_TIMEOUT, "Connection initialisation timeout")
        elif now >= self._expires:
            self.close("session_expired")
        elif now >= self._heard + self._face.settings.silence_timeout:
            self.close("keepalive_timeout")
        elif now >= self._next_ping:
            self._next_ping = now + self._face.settings.ping_interval
            self._send({"type": "ping"})

    def close(self, code: CloseCode, delay: int | None = None) -> None:  # noqa: ARG002 (there is no word for it here)
        """Close with the code that our own sockets have for it."""
        self._hang(CLOSINGS[code].websocket_code, code)

    def flush(self, burst: Burst) -> None:
        """Write all that this loop turn brought in one go."""
        pending, self._pending = self._pending, []
        ready = pending[0] if len(pending) == 1 else b"".join(pending)
        self._connection.write_in(burst, ready)

    @property
    def unsent(self) -> int:
        """Bytes that the socket has not taken yet."""
        return self._connection.unsent

    # Who it is

    def _init(self, said: _Message) -> None:
        if self._initialised:
            self._hang(_TOO_MANY_INITS, "Too many initialisation requests")
            return
        self._initialised = True
        try:
            payload = _read_init(said.said) if said.said else _Init()
        except msgspec.MsgspecError:
            self._hang(_BAD_REQUEST, "Invalid message")
            return
        given = payload.authorization or payload.lower or self._given
        token = payload.token or (bearer(given) if given else None)
        if not token:
            self._hang(_FORBIDDEN, "Forbidden")
            return
        self._begin(self._sign_in(token))

    async def _sign_in(self, token: str) -> None:
        try:
            known = await self._face.bearers.known(token, self._connection.remote)
        except NotSignedIn as error:
            busy = error.refusal.code in {"rate_limit_exceeded", "server_error"}
            self._hang(1013 if busy else _FORBIDDEN, "Try again later" if busy else "Forbidden")
            return
        if self._over:
            return
        self.caller = known.caller
        self._expires = known.expires
        self._hub.signed_in(self)
        self._send({"type": "connection_ack"})
        log.info("signed in", client=self.client_id, user=known.caller.user_id)

    # Operations

    def _subscribe(self, said: _Message) -> None:
        if self.caller is None:
            self._hang(_UNAUTHORIZED, "Unauthorized")
        elif not said.id or not said.said:
            self._hang(_BAD_REQUEST, "Invalid message")
        elif said.id in self._operations:
            self._hang(_SUBSCRIBER_EXISTS, f"Subscriber for {said.id[:80]} already exists")
        elif len(self._operations) >= MOST_OPERATIONS:
            self._refuse(said.id, too_many(1).refusal)
        else:
            operation = self._operations[said.id] = _Operation(self, said.id)
            self._begin(self._execute(operation, said.said, self.caller))

    async def _execute(self, operation: "_Operation", body: bytes, caller: Caller) -> None:
        try:
            done = await self._face.link.execute(
                body, caller, self.client_id, self._connection.remote, streaming=True
            )
        except Unanswered as error:
            refusal = too_many(1).refusal if error.busy else unavailable().refusal
            if self._operations.pop(operation.id, None):
                self._refuse(operation.id, refusal)
            return
        if self._operations.get(operation.id) is not operation:
            return  # it was completed meanwhile
        if isinstance(done, Planned):
            telling = self._face.tellings.of(done.plan)
            operation.subscription = Subscription(
                caller, telling, done.plan.after, self._hub.engine, operation
            )
            return
        del self._operations[operation.id]
        if done.accepted:
            self._post(_next(operation.id, done.body))
            self._complete(operation.id)
        else:
            errors = msgspec.json.decode(done.body)["errors"]
            self._send({"id": operation.id, "type": "error", "payload": errors})

    def ended(self, operation: "_Operation") -> None:
        """Tell that a subscription cannot go on."""
        if self._operations.pop(operation.id, None):
            self._refuse(operation.id, unavailable().refusal)

    def told(self, operation: "_Operation", payload: bytes) -> None:
        """Send what a subscription tells."""
        self._post(_next(operation.id, payload))

    def _refuse(self, operation_id: str, refusal: Refusal) -> None:
        extensions: dict[str, Any] = {"code": refusal.code}
        if refusal.retry_after is not None:
            extensions["retryAfter"] = refusal.retry_after
        errors = [{"message": refusal.message, "extensions": extensions}]
        self._send({"id": operation_id, "type": "error", "payload": errors})

    def _complete(self, operation_id: str) -> None:
        self._send({"id": operation_id, "type": "complete"})

    # Writing, and the end

    def _begin(self, work: Any) -> None:  # noqa: ANN401 (a coroutine)
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _send(self, message: dict[str, Any]) -> None:
        self._post(_write(message))

    def _post(self, message: bytes) -> None:
        if self._over:
            return
        if not self._pending:
            self._hub.flush_later(self)
        self._pending.append(frame(message, binary=False, deflate=self._connection.deflate))

    def _hang(self, code: int, reason: str) -> None:
        if self._over:
            return
        log.info("closing", client=self.client_id, code=code, why=reason)
        last, self._pending = b"".join(self._pending), []
        self._end()
        self._connection.close(code, reason, last=last)

    def _end(self) -> None:
        self._over = True
        for operation in self._operations.values():
            operation.stop()
        self._operations.clear()
        for task in self._tasks:
            task.cancel()
        self._hub.remove(self)


class _Operation:
    """One operation of a socket; `Sink` of its subscription, if it is one."""

    __slots__ = ("_socket", "id", "subscription")

    def __init__(self, socket: GraphqlSocket, operation_id: str) -> None:
        self._socket = socket
        self.id = operation_id
        self.subscription: Subscription | None = None

    def next(self, payload: bytes, number: int) -> None:  # noqa: ARG002 (it is in the payload)
        self._socket.told(self, payload)

    def failed(self) -> None:
        self._socket.ended(self)

    @property
    def full(self) -> bool:
        return self._socket.unsent > FULL

    def stop(self) -> None:
        if self.subscription:
            self.subscription.stop()

    def lag(self) -> None:
        if self.subscription:
            self.subscription.lag()

    def go_on(self) -> None:
        if self.subscription:
            self.subscription.go_on()


def _next(operation_id: str, payload: bytes) -> bytes:
    return b'{"id":%b,"type":"next","payload":%b}' % (_write(operation_id), payload)
