"""Downloads of exports: what the gateway makes of the engine's answers."""

import asyncio
import io
import zipfile
from collections.abc import Callable, Sequence

import httpx
import pytest

from hugmood.engine.link import Callback
from hugmood.engine.records import Answer, Ask
from hugmood.errors import Rejected, unavailable
from hugmood.features.account.messages import Cursor, ExportOpened, ExportRead, ReadExport
from hugmood.features.auth.tokens import invalid_token
from hugmood.gateway import downloads
from hugmood.gateway.http import http_app
from hugmood.wire import codec

OPENED = ExportOpened(session_id="session-1", name="hugmood.zip", files=["a.txt", "b.txt"])
Pages = Callable[[ReadExport], ExportRead]


class Scripted:
    """An engine that opens every link and reads what it is told."""

    def __init__(self, pages: Pages, refusal: Rejected | None = None) -> None:
        self.pages = pages
        self.refusal = refusal
        self.held: asyncio.Event | None = None
        self.asked: list[Ask] = []

    def ask(self, ask: Ask, callback: Callback) -> None:
        """Answer in a later loop turn."""
        self.asked.append(ask)
        asyncio.get_running_loop().create_task(self._answer(ask, callback))

    async def _answer(self, ask: Ask, callback: Callback) -> None:
        assert ask.internal
        try:
            if self.refusal:
                raise self.refusal
            if ask.type == "open_export":
                callback(Answer(ask.number, codec.encode(OPENED)))
                return
            if self.held:
                await self.held.wait()
            read = self.pages(codec.decoder(ReadExport)(ask.data))
            callback(Answer(ask.number, codec.encode(read)))
        except Rejected as rejected:
            callback(Answer(ask.number, refusal=rejected.refusal))

    def ask_page(self, user: int, after: int, callback: Callback) -> None:
        """Never asked."""
        raise NotImplementedError

    def ask_heads(self, users: Sequence[int], callback: Callback) -> None:
        """Never asked."""
        raise NotImplementedError

    def presence(self, here: Sequence[int], gone: Sequence[int]) -> None:
        """Never told."""
        raise NotImplementedError


def two_pages(question: ReadExport) -> ExportRead:
    """Each file in two pages."""
    if question.cursor == Cursor():
        return ExportRead(text=f"{question.file} one\n", following=Cursor(at=1))
    return ExportRead(text=f"{question.file} two\n")


def client(engine: Scripted) -> httpx.AsyncClient:
    """A client of a gateway with this engine."""

    async def readiness(_: float) -> str:
        return ""

    transport = httpx.ASGITransport(http_app(readiness, engine))
    return httpx.AsyncClient(transport=transport, base_url="http://localhost")


async def test_archive() -> None:
    """All pages of all files are in it, and nobody else may keep it."""
    async with client(Scripted(two_pages)) as http:
        response = await http.get("/export/a.b.c")
    assert (200, "application/zip") == (response.status_code, response.headers["content-type"])
    assert "no-store" == response.headers["cache-control"]
    assert 'attachment; filename="hugmood.zip"' == response.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        assert archive.testzip() is None
        assert {
            "a.txt": b"a.txt one\na.txt two\n",
            "b.txt": b"b.txt one\nb.txt two\n",
        } == {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        (invalid_token(), 403),
        (Rejected("auth_expired", "This link has expired"), 410),
        (unavailable(), 503),
    ],
)
async def test_refused(refusal: Rejected, status: int) -> None:
    """A link that is no good is answered with a line of text."""
    async with client(Scripted(two_pages, refusal)) as http:
        response = await http.get("/export/a.b.c")
    assert (status, f"{refusal}\n") == (response.status_code, response.text)


async def test_head() -> None:
    """Whoever only asks what it is gets no file."""
    engine = Scripted(two_pages)
    async with client(engine) as http:
        response = await http.head("/export/a.b.c")
    assert (200, b"") == (response.status_code, response.content)
    assert ["open_export"] == [ask.type for ask in engine.asked]


async def test_one_at_a_time() -> None:
    """A second download of a session waits its turn; after the first there is room."""
    engine = Scripted(two_pages)
    engine.held = asyncio.Event()
    async with client(engine) as http:
        first = asyncio.create_task(http.get("/export/a.b.c"))
        while "read_export" not in [ask.type for ask in engine.asked]:  # noqa: ASYNC110 (one loop)
            await asyncio.sleep(0)
        second = await http.get("/export/a.b.c")
        assert (429, "10") == (second.status_code, second.headers["retry-after"])
        engine.held.set()
        assert 200 == (await first).status_code
        assert 200 == (await http.get("/export/a.b.c")).status_code


async def test_broken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """A session that ends in between ends the download, which then is no whole archive."""

    def one_page(question: ReadExport) -> ExportRead:
        if question.cursor == Cursor():
            return two_pages(question)
        raise invalid_token()

    engine = Scripted(one_page)
    serve = downloads.Downloads(engine)
    with pytest.raises(downloads.Refused):
        _ = [data async for data in serve.stream(OPENED)]


async def test_engine_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that does not answer is not waited for forever."""
    monkeypatch.setattr(downloads, "_PATIENCE", 0.01)
    engine = Scripted(two_pages)
    engine.ask = lambda ask, callback: None  # type: ignore[method-assign]
    async with client(engine) as http:
        assert 503 == (await http.get("/export/a.b.c")).status_code
