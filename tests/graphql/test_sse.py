"""Operations and subscriptions as Server-Sent Events."""

import asyncio
import json
from typing import Any

import pytest

from hugmood.features.auth.messages import Disconnect
from tests.databases import on_sqlite
from tests.device import Device
from tests.features.people import feel, follow
from tests.graphql.face import Face
from tests.graphql.sockets import EVENTS
from tests.world import World

MODERN = "application/graphql-response+json"


class Stream:
    """One request whose answer goes on; `events` are what came, whole ones only."""

    def __init__(
        self,
        face: Face,
        device: Device | None,
        query: str = EVENTS,
        *,
        last: str = "",
        **variables: Any,  # noqa: ANN401 (any JSON)
    ) -> None:
        self._face = face
        self.status = 0
        self.kind = ""
        self.over = False
        self._text = ""
        self._gone = False
        self._taking = asyncio.Event()
        self._taking.set()
        body = json.dumps({"query": query, "variables": variables}).encode()
        headers = [(b"content-type", b"application/json"), (b"accept", b"text/event-stream")]
        if device:
            headers.append((b"authorization", f"Bearer {device.token}".encode()))
        if last:
            headers.append((b"last-event-id", last.encode()))
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": "POST",
            "path": "/graphql",
            "raw_path": b"/graphql",
            "query_string": b"",
            "headers": headers,
            "client": ("192.0.2.1", 1),
            "server": ("hugmood.test", 80),
            "scheme": "http",
        }
        self._body: bytes | None = body
        self._task = face.world.loop.create_task(self._run(scope))
        face.world.settle()

    async def _run(self, scope: dict[str, Any]) -> None:
        await self._face.app(scope, self._receive, self._send)

    @property
    def events(self) -> list[dict[str, str]]:
        """The events, by their fields."""
        whole = [part for part in self._text.split("\n\n")[:-1] if not part.startswith(":")]
        return [
            {
                name: value.strip()
                for name, _, value in (line.partition(":") for line in part.split("\n"))
            }
            for part in whole
        ]

    @property
    def told(self) -> list[dict[str, Any]]:
        """What a subscription to `events` told."""
        return [
            json.loads(e["data"])["data"]["events"] for e in self.events if e["event"] == "next"
        ]

    def stall(self) -> None:
        """Take nothing for now."""
        self._taking.clear()

    def drain(self) -> None:
        """Take again what comes."""
        self._taking.set()
        self._face.world.settle()

    def drop(self) -> None:
        """Go away."""
        self._gone = True
        self._task.cancel()
        self._face.world.settle()

    async def _receive(self) -> dict[str, Any]:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await asyncio.Event().wait()
        raise AssertionError

    async def _send(self, message: Any) -> None:  # noqa: ANN401 (ASGI's)
        await self._taking.wait()
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.kind = dict(message["headers"])[b"content-type"].decode()
        else:
            self._text += message.get("body", b"").decode()
            self.over = not message.get("more_body", False)


@pytest.fixture
def ada(world: World) -> Device:
    """Somebody."""
    return world.register("Ada", remember_me=True)


@pytest.fixture
def bob(world: World, ada: Device) -> Device:
    """Somebody who follows Ada."""
    bob = world.register("Bob", remember_me=True)
    follow(bob, ada)
    return bob


def say(device: Device, mood: str = "calm") -> None:
    """Say something that followers are told."""
    feel(device, mood, is_public=True)


@on_sqlite
def test_query(face: Face, ada: Device) -> None:
    """What is no subscription is one event, and complete."""
    stream = Stream(face, ada, "{ streak { current } }")
    assert (200, "text/event-stream; charset=utf-8", True) == (
        stream.status,
        stream.kind,
        stream.over,
    )
    assert [
        {"event": "next", "data": '{"data":{"streak":{"current":0}}}'},
        {"event": "complete", "data": ""},
    ] == stream.events


@on_sqlite
def test_refused(face: Face, ada: Device) -> None:
    """What cannot be is refused over HTTP."""
    statuses = [
        Stream(face, ada, "{").status,
        Stream(face, ada, "subscription { nope }").status,
        Stream(face, None).status,
    ]
    assert [400, 400, 401] == statuses


def test_events(face: Face, ada: Device, bob: Device) -> None:
    """What happens is told, each with its number as the event's id."""
    stream = Stream(face, bob)
    for mood in ("calm", "happy"):
        say(ada, mood)
    assert ["calm", "happy"] == [event["mood"] for event in stream.told]
    numbers = [str(m.number) for m in bob.received if m.type == "mood_changed"]
    assert numbers == [event["id"] for event in stream.events]
    assert not stream.over


@on_sqlite
def test_come_back(face: Face, ada: Device, bob: Device) -> None:
    """A client that comes back with the last id it saw is told the rest."""
    stream = Stream(face, bob)
    say(ada, "calm")
    last = stream.events[-1]["id"]
    stream.drop()
    say(ada, "happy")
    again = Stream(face, bob, last=last)
    say(ada, "sad")
    assert ["happy", "sad"] == [event["mood"] for event in again.told]


@on_sqlite
def test_slow_reader(face: Face, ada: Device, bob: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits is bounded; who reads on gets everything, in order."""
    monkeypatch.setattr("hugmood.gateway.graphql_sse.FULL", 1_000)
    stream = Stream(face, bob)
    stream.stall()
    for _ in range(50):
        say(ada)
        face.world.clock.move(1)
    assert max(m.unsent for m in face.world.hub._everyone if m.caller) < 2_000
    stream.drain()
    numbers = [event["sequenceNumber"] for event in stream.told]
    assert list(range(numbers[0], numbers[0] + 50)) == numbers


@on_sqlite
def test_session_ends(face: Face, bob: Device) -> None:
    """A session that is over takes its streams with it."""
    stream = Stream(face, bob)
    bob.send(Disconnect(reason="user_logout"))
    assert stream.over
    assert "complete" == stream.events[-1]["event"]


@on_sqlite
def test_gone(face: Face, bob: Device) -> None:
    """A client that goes away is let go of."""
    before = face.world.hub.connections
    stream = Stream(face, bob)
    assert before + 1 == face.world.hub.connections
    stream.drop()
    assert before == face.world.hub.connections


@on_sqlite
def test_kept_alive(face: Face, bob: Device) -> None:
    """Something is sent now and then, so that proxies do not cut the line."""
    stream = Stream(face, bob)
    face.world.clock.move(31)
    assert ":\n\n" in stream._text
