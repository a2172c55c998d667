"""GraphQL as clients use it, over HTTP, in the world without processes and sockets.

All is real but the two ends between gateway and GraphQL process, which are a pipe in
memory here: what is said goes through the same bytes.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final, NamedTuple, TypeVar

import httpx

from hugmood.engine.nursery import Nursery
from hugmood.gateway.bearers import Bearers
from hugmood.gateway.endpoint import Origins
from hugmood.gateway.graphql import GraphqlOverHttp
from hugmood.gateway.graphql_face import GraphqlFace
from hugmood.gateway.graphql_link import GraphqlLink
from hugmood.gateway.graphql_socket import GraphqlEndpoint
from hugmood.gateway.http import http_app
from hugmood.gateway.proxies import Proxies
from hugmood.gateway.turnstile import Turnstile
from hugmood.graphql.executing import Executor
from hugmood.graphql.limits import Limits
from hugmood.graphql.schema import operations, schema
from hugmood.graphql.worker import Server
from hugmood.wire.limits import Settings
from tests.device import Device
from tests.world import World

T = TypeVar("T")

URL: Final = "http://hugmood.test/graphql"


class Pipe(asyncio.Transport):
    """One direction between the two; what is written is heard in a later turn."""

    def __init__(self, loop: asyncio.AbstractEventLoop, hear: Callable[[bytes], None]) -> None:
        super().__init__()
        self._loop = loop
        self._hear = hear

    def write(self, data: Any) -> None:  # noqa: ANN401 (bytes of any kind)
        """Pass it on."""
        self._loop.call_soon(self._hear, bytes(data))

    def close(self) -> None:
        """Do nothing more."""


class Reply(NamedTuple):
    """A response; `data` and `errors` as GraphQL has them."""

    status: int
    headers: httpx.Headers
    data: Any
    errors: list[dict[str, Any]]

    @property
    def codes(self) -> list[str]:
        """The codes of the errors."""
        return [error["extensions"]["code"] for error in self.errors]


class Face:
    """The GraphQL face of a world."""

    def __init__(
        self,
        world: World,
        *,
        limits: Limits | None = None,
        introspection: bool = True,
        limited: bool = False,
    ) -> None:
        """Put it beside the sockets; `limited` has each person wait for their turn."""
        self.world = world
        self.limits = limits or Limits()
        self._introspection = introspection
        turnstile = Turnstile(Settings(limited=limited))
        self.bearers = Bearers(world.engine, world.ambient)
        self.link = GraphqlLink(b"{}", Nursery(), world.engine, turnstile, world.ambient)
        shared = GraphqlFace(world.hub, self.link, self.bearers, Settings(), Proxies(()))
        self.endpoint = GraphqlEndpoint(shared, Origins(frozenset()))
        self.app = http_app(
            self._ready, world.engine, GraphqlOverHttp(shared, graphiql=introspection)
        )
        world.engine.listener = self
        self.start()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 (what the hub hears)
        """Let the hub hear what the engine says."""
        return getattr(self.world.hub, name)

    def cut(self, cut: Any) -> None:  # noqa: ANN401 (passed on)
        """Hear that sessions are over, as the server does."""
        self.bearers.cut(cut)
        self.world.hub.cut(cut)

    def start(self) -> None:
        """Have a new process."""
        self.world.turn(self._start)

    def die(self) -> None:
        """Have the process die."""
        self.link._stopping = True  # it is not started again by itself
        self.world.turn(lambda: self.link.died(1))

    def ask(
        self,
        query: str,
        device: Device | None = None,
        **variables: Any,  # noqa: ANN401 (any JSON)
    ) -> Reply:
        """Send a document, as the person on this device."""
        token = device.token if device else None
        body: dict[str, Any] = {"query": query, "variables": variables}
        return self.post(body, token=token)

    def post(self, body: Any, *, token: str | None = None, **headers: str) -> Reply:  # noqa: ANN401 (any JSON)
        """Send a body."""
        response = self.http("POST", json=body, token=token, **headers)
        answer = response.json()
        return Reply(
            response.status_code, response.headers, answer.get("data"), answer.get("errors", [])
        )

    def http(self, method: str, *, token: str | None = None, **request: Any) -> httpx.Response:  # noqa: ANN401 (passed on)
        """Send a request; what begins with a capital is a header."""
        headers = {
            name.replace("_", "-"): request.pop(name) for name in list(request) if name[0].isupper()
        }
        if token:
            headers["Authorization"] = f"Bearer {token}"
        response: httpx.Response = self.done(self._send(method, headers, request))
        return response

    def done(self, work: Any) -> Any:  # noqa: ANN401 (whatever it comes to)
        """Have something done."""
        task = self.world.loop.create_task(work)
        self.world.settle()
        return task.result()

    async def _send(
        self, method: str, headers: dict[str, str], request: dict[str, Any]
    ) -> httpx.Response:
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport) as client:
            return await client.request(method, URL, headers=headers, **request)

    def _start(self) -> None:
        executor = Executor(schema(), operations(), self.limits, introspection=self._introspection)
        self.server = Server(executor, self.world.ambient)
        to_process = Pipe(self.world.loop, self.server.data_received)
        self.server.connection_made(Pipe(self.world.loop, self.link.data_received))
        self.link.connection_made(_Configured(to_process))

    async def _ready(self, _: float) -> str:
        return ""


class _Configured(asyncio.Transport):
    """A pipe to a process that has its configuration already."""

    def __init__(self, pipe: Pipe) -> None:
        super().__init__()
        self._pipe = pipe
        self._first = True

    def write(self, data: Any) -> None:  # noqa: ANN401 (bytes of any kind)
        """Pass on all but the first."""
        if not self._first:
            self._pipe.write(data)
        self._first = False

    def close(self) -> None:
        """Do nothing more."""
