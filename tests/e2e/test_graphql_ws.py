"""The reference client `graphql-ws` from npm against a running server.

These tests take seconds: they start real processes, and wait for them.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.e2e.conftest import NewDatabase
from tests.e2e.server import PATIENCE, Service, serving
from tests.e2e.talk import Talk, talking
from tests.npm import installed

HERE: Final = Path(__file__).parent / "node"
PROTOCOL: Final = Subprotocol("graphql-transport-ws")
SIGN_IN: Final = {"type": "connection_init", "payload": {"token": "{token}"}}
SUBSCRIBE: Final = {
    "type": "subscribe",
    "id": "1",
    "payload": {"query": "subscription { events { __typename } }"},
}
SETTINGS: Final = {"auth_timeout": "4", "messages_per_minute": "1", "message_burst": "20"}
WAIT: Final[dict[str, Any]] = {}
"""Not sent: what comes is waited for."""


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory, new_database: NewDatabase
) -> Iterator[Service]:
    """A server."""
    folder = tmp_path_factory.mktemp("graphql")
    with serving(folder, new_database(folder), graphql="on", **SETTINGS) as service:
        yield service


@pytest.fixture
async def service(running: Service) -> Service:
    """The server, ready, its GraphQL too."""
    await running.ready()
    async with asyncio.timeout(PATIENCE):
        while not running.logged("graphql ready"):  # noqa: ASYNC110 (nobody would set an event)
            await asyncio.sleep(0.05)
    return running


class Client:
    """The client of npm, and what it says."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def says(self) -> dict[str, Any]:
        """What it says next."""
        assert self._process.stdout
        async with asyncio.timeout(PATIENCE):
            line = await self._process.stdout.readline()
        said: dict[str, Any] = json.loads(line)
        return said

    def do(self, order: str) -> None:
        """Tell it to do something."""
        assert self._process.stdin
        self._process.stdin.write(f"{order}\n".encode())


@asynccontextmanager
async def client(service: Service, token: str) -> AsyncIterator[Client]:
    """Start the client of npm."""
    node, place = installed(HERE, "client.mjs")
    process = await asyncio.create_subprocess_exec(
        node,
        str(place / "client.mjs"),
        f"ws://127.0.0.1:{service.port}/graphql",
        token,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield Client(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def feel(talk: Talk, mood: str) -> int:
    """Say how one feels; return the number of the event that tells oneself so."""
    await talk.request("mood_update", {"mood": mood, "intensity": 0.5, "isPublic": True})
    number: int = (await talk.heard("mood_changed"))["sequenceNumber"]
    return number


async def test_subscription(service: Service) -> None:
    """Subscribe, be told, be cut off, resume without a hole, complete."""
    async with talking(service) as talk:
        await talk.register("Jane")
        async with client(service, talk.token) as there:
            assert {"connected": True} == await there.says()
            there.do("subscribe")
            there.do("query { streak { current } }")
            assert {"result": {"data": {"streak": {"current": 0}}}} == await there.says()
            assert {"answered": True} == await there.says()
            number = await feel(talk, "happy")
            assert {"next": {"sequenceNumber": number, "mood": "happy"}} == await told(there)
            there.do("cut")
            numbers = [await feel(talk, mood) for mood in ("sad", "calm")]
            resumed = [await told(there) for _ in numbers]
            assert [
                {"next": {"sequenceNumber": numbers[0], "mood": "sad"}},
                {"next": {"sequenceNumber": numbers[1], "mood": "calm"}},
            ] == resumed
            there.do("complete")
            assert {"complete": True} == await there.says()
            there.do("stop")


async def told(there: Client) -> dict[str, Any]:
    """What it was told of moods next, whatever it says of its connection meanwhile."""
    while True:
        said = await there.says()
        if said.get("next") and said["next"].get("mood"):
            return said


async def test_bad_token(service: Service) -> None:
    """A token that is nobody's closes the socket."""
    async with client(service, "nonsense") as there:
        assert {"closed": 4403} == await there.says()


async def test_too_slow(service: Service) -> None:
    """A client that does not say who it is in time is closed."""
    async with client(service, "-") as there:
        assert {"closed": 4408} == await there.says()


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        ([{"type": "subscribe", "id": "1", "payload": {"query": "{ a }"}}], 4401),
        ([SIGN_IN, SIGN_IN], 4429),
        ([SIGN_IN, WAIT, SUBSCRIBE, SUBSCRIBE], 4409),
    ],
)
async def test_close_codes(service: Service, messages: list[dict[str, Any]], code: int) -> None:
    """Who does not keep to the subprotocol is told how, by the close code."""
    async with talking(service) as talk:
        await talk.register("Jane")
        url = f"ws://127.0.0.1:{service.port}/graphql"
        async with connect(url, subprotocols=[PROTOCOL]) as socket:
            for message in messages:
                if message is WAIT:
                    await socket.recv()
                    continue
                with suppress(ConnectionClosed):
                    await socket.send(json.dumps(message).replace("{token}", talk.token))
            async with asyncio.timeout(PATIENCE):
                await socket.wait_closed()
    assert code == socket.close_code


async def test_made_up_address(service: Service) -> None:
    """Nobody gets more by naming another address: that is for proxies that are trusted."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{service.port}") as http:
        answers = [
            await http.post(
                "/graphql",
                json={"query": 'mutation { refreshToken(input: {token: "x"}) { userId } }'},
                headers={"X-Forwarded-For": f"192.0.2.{number}"},
            )
            for number in range(40)
        ]
    assert "rate_limit_exceeded" in answers[-1].text
