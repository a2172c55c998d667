"""`GET /export/<token>`: a person's data as a file that is written while it is sent.

The engine's readers write it, stretch by stretch; here it is only compressed, in a thread.
So neither memory nor the loop feels how large it is.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Final, TypeVar

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from hugmood.engine.link import Engine, Reply
from hugmood.engine.records import Answer, internal_ask
from hugmood.errors import Refusal, unavailable
from hugmood.features.account.messages import (
    Cursor,
    ExportOpened,
    ExportRead,
    OpenExport,
    ReadExport,
)
from hugmood.wire import codec
from hugmood.wire import message as wire
from hugmood.wire.zipped import Zip

R = TypeVar("R", bound=wire.Reply)

PATH: Final = "/export/{token}"
MOST: Final = 4
"""Downloads at once, all people together; one of each session."""

_PATIENCE: Final = 30.0
_LONGEST: Final = 30 * 60.0
_STATUSES: Final = {"invalid_auth": 403, "auth_expired": 410, "rate_limit_exceeded": 429}
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

log = structlog.get_logger(__name__)


class Refused(Exception):  # noqa: N818 (an answer)
    """The engine said no."""

    def __init__(self, refusal: Refusal) -> None:
        """Say it as this refusal does."""
        super().__init__(refusal.message)
        self.refusal = refusal


class Downloads:
    """Answers requests for exports, a few at a time."""

    def __init__(self, engine: Engine) -> None:
        """Have the engine read."""
        self._engine = engine
        self._running: set[str] = set()

    async def serve(self, request: Request) -> Response:
        """Answer a request with the file, or with why there is none."""
        try:
            token = request.path_params["token"]
            opened = await self._ask(OpenExport(token=token), ExportOpened)
        except Refused as refused:
            return _no(refused.refusal.message, _STATUSES.get(refused.refusal.code, 503))
        if opened.session_id in self._running or len(self._running) >= MOST:
            return _no("Too many downloads are running; please try again", 429, "10")
        headers = {"Content-Disposition": f'attachment; filename="{opened.name}"'} | _HEADERS
        if request.method == "HEAD":
            return Response(None, headers=headers, media_type="application/zip")
        return _Download(self, opened, headers)

    async def stream(self, opened: ExportOpened) -> AsyncIterator[bytes]:
        """Write the archive; `Refused` where the session has ended meanwhile."""
        archive = Zip()
        for file in opened.files:
            archive.begin(file)
            cursor: Cursor | None = Cursor()
            while cursor is not None:
                question = ReadExport(session_id=opened.session_id, file=file, cursor=cursor)
                stretch = await self._ask(question, ExportRead)
                data = await asyncio.to_thread(archive.add, stretch.text)
                if data:
                    yield data
                cursor = wire.given(stretch.following)
        yield archive.end()

    def begun(self, session_id: str) -> None:
        """Count a download."""
        self._running.add(session_id)

    def over(self, session_id: str) -> None:
        """Count it no more."""
        self._running.discard(session_id)

    async def _ask(self, query: wire.Query[R], kind: type[R]) -> R:
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()

        def heard(reply: Reply) -> None:
            if not future.done():
                future.set_result(reply)

        self._engine.ask(internal_ask(query.wire_type, codec.encode(query), number=0), heard)
        try:
            answer = await asyncio.wait_for(future, _PATIENCE)
        except TimeoutError:
            raise Refused(unavailable().refusal) from None
        if not isinstance(answer, Answer) or answer.refusal:
            refusal = answer.refusal if isinstance(answer, Answer) else None
            raise Refused(refusal or unavailable().refusal)
        return codec.decoder(kind)(answer.data)


class _Download(StreamingResponse):
    """The file on its way; a client that does not read is not waited for forever."""

    def __init__(self, downloads: Downloads, opened: ExportOpened, headers: dict[str, str]) -> None:
        super().__init__(downloads.stream(opened), headers=headers, media_type="application/zip")
        self._downloads = downloads
        self._session = opened.session_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._downloads.begun(self._session)
        try:
            async with asyncio.timeout(_LONGEST):
                await super().__call__(scope, receive, send)
        except* (Refused, TimeoutError, ClientDisconnect) as error:
            # What was sent has no end: uvicorn closes the connection, and the client knows.
            log.warning("export broken off", reason=str(error.exceptions[0]))
        finally:
            self._downloads.over(self._session)


def _no(text: str, status: int, retry_after: str = "") -> Response:
    headers = _HEADERS | ({"Retry-After": retry_after} if retry_after else {})
    return PlainTextResponse(f"{text}\n", status, headers)
