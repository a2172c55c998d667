"""`POST /graphql`: who asks, and what came of it, over HTTP.

As the GraphQL-over-HTTP draft has it: with `application/graphql-response+json` the status
says what became of the request, with `application/json` only whether it was one.
"""

from collections.abc import AsyncIterator
from typing import Final

import msgspec
import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from hugmood.errors import Refusal, too_many, unavailable
from hugmood.gateway import graphiql, graphql_sse
from hugmood.gateway.bearers import Known, NotSignedIn
from hugmood.gateway.graphql_face import GraphqlFace
from hugmood.gateway.graphql_link import Unanswered
from hugmood.gateway.graphql_sse import EventStream
from hugmood.graphql.records import Plan, Planned

PATH: Final = "/graphql"
MAX_BODY: Final = 64 * 1024

_MODERN: Final = "application/graphql-response+json"
_PLAIN: Final = "application/json"
_SCHEME: Final = "bearer"
_HEADERS: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_STATUSES: Final = {"server_error": 503, "rate_limit_exceeded": 429}

log = structlog.get_logger(__name__)


class GraphqlOverHttp:
    """Answers requests with operations."""

    def __init__(self, face: GraphqlFace, *, graphiql: bool = False) -> None:
        """Serve this face; browsers that come here get `graphiql`, if that is wanted."""
        self._face = face
        self.graphiql = graphiql

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Be an ASGI application of its own: a router would take a tenth of the time."""
        try:
            response = await self._respond(Request(scope, receive))
        except Exception:
            log.exception("graphql request failed")
            response = _said(Request(scope), 500, unavailable().refusal)
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        if request.method == "POST":
            return await self._posted(request)
        if self.graphiql and "text/html" in request.headers.get("accept", ""):
            return graphiql.page()
        text = "Only POST is answered here"
        return PlainTextResponse(f"{text}\n", 405, _HEADERS | {"Allow": "POST"})

    async def _posted(self, request: Request) -> Response:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != _PLAIN:
            # A page of another origin can send anything else without asking first.
            return _said(request, 415, _invalid("The body must be application/json"))
        body = await _body(request)
        if body is None:
            return _said(request, 413, _invalid(f"The body has more than {MAX_BODY} bytes"))
        try:
            return await self._execute(request, body)
        except NotSignedIn as error:
            status = _STATUSES.get(error.refusal.code, 401)
            return _said(request, status, error.refusal)
        except Unanswered as error:
            refusal = too_many(1).refusal if error.busy else unavailable().refusal
            return _said(request, 503, refusal)

    async def _execute(self, request: Request, body: bytes) -> Response:
        face, streaming = self._face, graphql_sse.MEDIA_TYPE in request.headers.get("accept", "")
        remote = face.proxies.remote(request.client.host if request.client else "", request.headers)
        known = await self._known(request, remote)
        client = face.hub.ambient.message_id("client")
        caller = known.caller if known else None
        done = await face.link.execute(body, caller, client, remote, streaming=streaming)
        if isinstance(done, Planned):
            if known is None:
                raise TypeError(done)
            return self._stream(request, known, client, done.plan)
        if streaming and done.accepted and not done.unauthenticated:
            return _streamed(graphql_sse.answer(done.body))
        status = 401 if done.unauthenticated else 200 if done.accepted else 400
        if status == 400 and not (streaming or _is_modern(request)):  # noqa: PLR2004 (what it means)
            status = 200
        return _response(request, status, done.body)

    async def _known(self, request: Request, remote: str) -> Known | None:
        """Tell who asks by the token alone; cookies are never looked at."""
        given = request.headers.get("authorization")
        if given is None:
            return None
        token = bearer(given)
        if token is None:
            text = "Authorization must be `Bearer` and a token"
            raise NotSignedIn(Refusal("invalid_auth", text))
        return await self._face.bearers.known(token, remote)

    def _stream(self, request: Request, known: Known, client: str, plan: Plan) -> Response:
        """Tell of events as they happen, going on where an earlier stream broke off."""
        face = self._face
        last = request.headers.get("last-event-id", "")
        after = int(last) if last.isascii() and last.isdigit() else plan.after
        stream = EventStream(
            face.hub, known, client, face.tellings.of(plan), after, face.settings.ping_interval
        )
        return _streamed(stream.chunks())


def bearer(authorization: str) -> str | None:
    """Read the token from `Authorization: Bearer ...` (RFC 6750)."""
    scheme, _, token = authorization.partition(" ")
    return token.strip() or None if scheme.lower() == _SCHEME else None


async def _body(request: Request) -> bytes | None:
    """Read the body, None if it is too large."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY:
                return None
    except ClientDisconnect:
        return b""
    return bytes(body)


def _is_modern(request: Request) -> bool:
    return _MODERN in request.headers.get("accept", "")


def _streamed(content: bytes | AsyncIterator[bytes]) -> Response:
    """Answer with events; proxies are asked not to hold them back."""
    headers = _HEADERS | {"X-Accel-Buffering": "no"}
    kind = f"{graphql_sse.MEDIA_TYPE}; charset=utf-8"
    if isinstance(content, bytes):
        return Response(content, 200, headers, media_type=kind)
    return StreamingResponse(content, 200, headers, media_type=kind)


def _response(
    request: Request, status: int, body: bytes, retry_after: int | None = None
) -> Response:
    headers = dict(_HEADERS)
    if status == 401:  # noqa: PLR2004 (what it means)
        headers["WWW-Authenticate"] = "Bearer"
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    kind = _MODERN if _is_modern(request) else _PLAIN
    return Response(body, status, headers, media_type=f"{kind}; charset=utf-8")


def _said(request: Request, status: int, refusal: Refusal) -> Response:
    """Refuse a request that is not executed."""
    extensions: dict[str, object] = {"code": refusal.code}
    if refusal.retry_after is not None:
        extensions["retryAfter"] = refusal.retry_after
    error = {"message": refusal.message, "extensions": extensions}
    body = msgspec.json.encode({"errors": [error]})
    return _response(request, status, body, refusal.retry_after)


def _invalid(text: str) -> Refusal:
    return Refusal("invalid_request", text)
