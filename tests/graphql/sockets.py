"""A client of `graphql-transport-ws` at the far end of a fake socket."""

from typing import TYPE_CHECKING, Any, Final

import msgspec
from starlette.datastructures import Headers

from hugmood.gateway import frames
from hugmood.gateway.graphql_socket import PROTOCOL
from hugmood.gateway.websocket import Acceptance, UpgradeRequest
from tests.device import Closed, _cut_frame
from tests.fakes import FakeTransport
from tests.world import REMOTE

if TYPE_CHECKING:
    from tests.graphql.face import Face

EVENTS: Final = """
    subscription ($after: Long, $types: [EventType!]) {
        events(afterSequence: $after, types: $types) {
            __typename
            ... on MoodChanged { sequenceNumber userId mood }
            ... on MoodDeleted { sequenceNumber moodId }
            ... on EventsLost { sequenceNumber }
        }
    }
"""


class Socket:
    """One socket; what came, and how it was closed."""

    def __init__(self, face: "Face", headers: dict[str, str] | None = None) -> None:
        self.face = face
        self.remote = REMOTE
        self.received: list[dict[str, Any]] = []
        self.closed: Closed | None = None
        self.lively = True
        """Whether it answers pings."""
        self.transport = FakeTransport(face.world.loop, self._hear)
        self._rest = b""
        request = UpgradeRequest(
            path="/graphql",
            query="",
            headers=Headers(headers or {}),
            remote=REMOTE,
            secure=False,
            subprotocols=[PROTOCOL],
        )
        acceptance = face.endpoint.accept(request)
        assert isinstance(acceptance, Acceptance)
        assert acceptance.subprotocol == PROTOCOL
        face.world._attach(self, acceptance, deflate=False)  # type: ignore[arg-type]  # it has what is asked of a device

    def send(self, **message: Any) -> list[dict[str, Any]]:  # noqa: ANN401 (any JSON)
        """Send a message; return what came before all was quiet again."""
        return self.raw(msgspec.json.encode(message))

    def raw(self, message: bytes) -> list[dict[str, Any]]:
        """Send any bytes."""
        before = len(self.received)
        self.transport.arrive(frames.FIN | frames.TEXT, message)
        self.face.world.settle()
        return self.received[before:]

    def sign_in(self, token: str) -> None:
        """Say who this is."""
        answer = self.send(type="connection_init", payload={"Authorization": f"Bearer {token}"})
        assert [{"type": "connection_ack"}] == answer

    def subscribe(
        self,
        query: str = EVENTS,
        id: str = "1",  # noqa: A002 (the protocol's word)
        **variables: Any,  # noqa: ANN401 (any JSON)
    ) -> list[dict[str, Any]]:
        """Begin an operation."""
        return self.send(type="subscribe", id=id, payload={"query": query, "variables": variables})

    def told(self, id: str = "1", field: str = "events") -> list[dict[str, Any]]:  # noqa: A002 (the protocol's word)
        """What an operation was told so far."""
        return [
            message["payload"]["data"][field]
            for message in self.received
            if message["type"] == "next" and message["id"] == id
        ]

    def stall(self) -> None:
        """Stop reading."""
        self.transport.stalled = True

    def drain(self) -> None:
        """Read on."""
        self.transport.stalled = False
        self.transport.flush(None)
        self.face.world.settle()

    def drop(self) -> None:
        """Lose the connection without a word."""
        self.transport.abort()
        self.face.world.settle()

    def _hear(self, data: bytes) -> None:
        self._rest += data
        while (found := _cut_frame(self._rest)) is not None:
            first, payload, self._rest = found
            assert self.closed is None, "a frame after the close frame"
            if first & frames.OPCODE == frames.CLOSE:
                self.closed = Closed(frames.close_code(payload), payload[2:].decode())
                self.transport.arrive(first, payload[:2])
            elif first & frames.OPCODE == frames.TEXT:
                message = msgspec.json.decode(payload)
                self.received.append(message)
                if message["type"] == "ping" and self.lively:
                    self.transport.arrive(frames.FIN | frames.TEXT, b'{"type":"pong"}')
