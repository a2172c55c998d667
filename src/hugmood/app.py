"""The server put together: configuration, engine, hub and the listening socket."""

import asyncio
import signal
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final, NamedTuple

import structlog
import uvicorn
import uvloop

from hugmood import features
from hugmood.ambient import System
from hugmood.config import Config
from hugmood.engine.link import EngineLink
from hugmood.engine.nursery import Nursery
from hugmood.engine.records import Cut, Delivery, Transient
from hugmood.gateway.bearers import Bearers
from hugmood.gateway.endpoint import PATH, ByPath, Origins, SocketEndpoint
from hugmood.gateway.graphql import PATH as GRAPHQL_PATH
from hugmood.gateway.graphql import GraphqlOverHttp
from hugmood.gateway.graphql_face import GraphqlFace
from hugmood.gateway.graphql_link import GraphqlLink
from hugmood.gateway.graphql_socket import GraphqlEndpoint
from hugmood.gateway.http import http_app
from hugmood.gateway.hub import Hub
from hugmood.gateway.proxies import Proxies
from hugmood.gateway.turnstile import Turnstile
from hugmood.gateway.upgrade import http_protocol_class
from hugmood.wire.limits import Settings

_BACKLOG: Final = 4096
_DRAIN_PATIENCE: Final = 10
_FLUSH: Final = 0.05
_GRAPHQL_AFTER: Final = 5.0
_LOOK: Final = 0.02
"""Seconds that GraphQL waits at most for the engine, and between two looks at it."""

log = structlog.get_logger(__name__)


class Server:
    """A running service; `run` runs one until it is told to stop."""

    def __init__(self, config: Config, nursery: Nursery) -> None:
        """Put the parts together; nothing is started yet."""
        features.load_messages()
        ambient, settings, config_json = System(), _settings(config), config.to_json()
        self.config = config
        self.engine = EngineLink(config_json, nursery, readers=config.readers)
        self.hub = Hub(self.engine, ambient, offline_grace=_ms(config.offline_grace))
        origins = Origins(frozenset(config.allowed_origins))
        endpoint = SocketEndpoint(self.hub, settings, origins)
        proxies = Proxies(config.trusted_proxies)
        self._bearers = Bearers(self.engine, ambient)
        self.graphql = GraphqlLink(config_json, nursery, self.engine, Turnstile(settings), ambient)
        face = GraphqlFace(self.hub, self.graphql, self._bearers, settings, proxies)
        over_http = GraphqlOverHttp(face, graphiql=config.env == "development")
        served = {GRAPHQL_PATH: GraphqlEndpoint(face, origins)} if config.graphql else {}
        self._uvicorn = _Uvicorn(
            uvicorn.Config(
                http_app(self._readiness, self.engine, over_http if config.graphql else None),
                host=config.host,
                port=config.port,
                loop="none",
                http=http_protocol_class(
                    ByPath({PATH: endpoint, **served}), frozenset({PATH, *served}), proxies=proxies
                ),
                ws="websockets-sansio",
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,  # `Proxies` knows whom to trust
                backlog=_BACKLOG,
                server_header=False,
                ssl_certfile=config.tls_cert,
                ssl_keyfile=config.tls_key,
                timeout_graceful_shutdown=_DRAIN_PATIENCE,
            )
        )

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT, then drain and return."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        self.hub.start()
        await self.engine.start(_Listeners(self.hub, self._bearers))
        graphql = loop.create_task(self._start_graphql())
        try:
            await self._uvicorn.serve()
        finally:
            graphql.cancel()
            self.hub.stop()
            self.graphql.stop()
            await self.engine.stop()
            await self.graphql.ended()
        log.info("stopped")

    async def _start_graphql(self) -> None:
        """Start it when the engine is up, which sockets wait for; or is long in coming."""
        if not self.config.graphql:
            return
        for _ in range(round(_GRAPHQL_AFTER / _LOOK)):
            if self.engine.ready:
                break
            await asyncio.sleep(_LOOK)
        await self.graphql.start()

    def stop(self) -> None:
        """Begin to drain; a second signal ends without waiting."""
        if self.hub.draining:
            self._uvicorn.force_exit = True
        log.info("draining", connections=self.hub.connections)
        self.hub.drain()
        asyncio.get_running_loop().call_later(_FLUSH, self._uvicorn.leave)

    @property
    def port(self) -> int:
        """The port that is really listened on, 0 before that."""
        return self._uvicorn.port

    async def _readiness(self, patience: float) -> str:
        if self.hub.draining:
            return "draining"
        if not self.engine.ready:
            return self.engine.reason
        return "" if await self.engine.probe(patience) else "the database does not answer"


class _Listeners(NamedTuple):
    """Those who hear what the engine says of itself."""

    hub: Hub
    bearers: Bearers

    def deliver(self, deliveries: Sequence[Delivery]) -> None:
        """Take events that were committed."""
        self.hub.deliver(deliveries)

    def transient(self, transients: Sequence[Transient]) -> None:
        """Take notices, which no stream has."""
        self.hub.transient(transients)

    def cut(self, cut: Cut) -> None:
        """Take notice that sessions are over."""
        self.bearers.cut(cut)
        self.hub.cut(cut)

    def engine_restarted(self) -> None:
        """Catch up; what was said meanwhile is lost."""
        self.bearers.forget()
        self.hub.engine_restarted()


class _Uvicorn(uvicorn.Server):
    """uvicorn, less its own signal handling, saying where it listens."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to `Server`."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and say where: uvicorn knows neither our path nor what 0 became."""
        await super().startup(sockets)
        scheme = "wss" if self.config.is_ssl else "ws"
        address = f"{scheme}://{self.config.host}:{self.port}{PATH}"
        log.info("listening", address=address, port=self.port)

    def leave(self) -> None:
        """Stop listening, wait for what is open, return from `serve`."""
        self.should_exit = True

    @property
    def port(self) -> int:
        sockets = [sock for server in getattr(self, "servers", []) for sock in server.sockets]
        return int(sockets[0].getsockname()[1]) if sockets else 0


def run(config: Config, nursery: Nursery) -> None:
    """Run the service in this process, its engine and GraphQL from this nursery."""
    with suppress(KeyboardInterrupt):
        uvloop.run(Server(config, nursery).run())


def _settings(config: Config) -> Settings:
    return Settings(
        auth_timeout=_ms(config.auth_timeout),
        ping_interval=_ms(config.ping_interval),
        silence_timeout=_ms(config.silence_timeout),
        limited=config.rate_limit,
        messages_per_minute=config.messages_per_minute,
        burst=config.message_burst,
    )


def _ms(seconds: float) -> int:
    return int(seconds * 1000)
