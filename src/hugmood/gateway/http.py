"""Everything at the port that is not the WebSocket."""

from collections.abc import Awaitable, Callable
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from hugmood.engine.link import Engine
from hugmood.gateway import downloads
from hugmood.gateway.badges import badge_route
from hugmood.gateway.downloads import Downloads
from hugmood.gateway.endpoint import PATH
from hugmood.gateway.graphiql import graphiql_route
from hugmood.gateway.graphql import PATH as GRAPHQL_PATH
from hugmood.gateway.graphql import GraphqlOverHttp

_PATIENCE: Final = 2.0

Readiness = Callable[[float], Awaitable[str]]
"""Given seconds to wait, tells why the service is not ready, or nothing if it is."""


def http_app(
    readiness: Readiness, engine: Engine, graphql: GraphqlOverHttp | None = None
) -> ASGIApp:
    """Make the application for plain HTTP requests; `engine` reads what is downloaded."""

    async def healthz(_: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(_: Request) -> Response:
        reason = await readiness(_PATIENCE)
        return PlainTextResponse(f"{reason or 'ready'}\n", 503 if reason else 200)

    async def websocket_only(_: Request) -> Response:
        text = "This address speaks WebSocket\n"
        return PlainTextResponse(text, 426, {"Upgrade": "websocket", "Connection": "Upgrade"})

    rest = Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route(PATH, websocket_only),
            Route(downloads.PATH, Downloads(engine).serve),
            badge_route(),
            *([graphiql_route(GRAPHQL_PATH)] if graphql and graphql.graphiql else []),
        ]
    )

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if graphql and scope["type"] == "http" and scope["path"] == GRAPHQL_PATH:
            await graphql(scope, receive, send)
        else:
            await rest(scope, receive, send)

    return app
