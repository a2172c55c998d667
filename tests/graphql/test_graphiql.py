"""GraphiQL as browsers get it: from this server, and in development only."""

import gzip
from pathlib import Path

import httpx
import pytest
from graphql import get_introspection_query

from graphiql.unpack import NotUnpacked, unpack
from hugmood.gateway import graphiql
from tests.databases import on_sqlite
from tests.graphql.face import URL, Face
from tests.world import World

PROGRAM = b"GraphiQL's own"


@pytest.fixture
def assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where GraphiQL has been unpacked."""
    monkeypatch.setattr(graphiql, "_ASSETS", tmp_path)
    (tmp_path / "graphiql.js.gz").write_bytes(gzip.compress(PROGRAM))
    return tmp_path


def get(face: Face, path: str = "", accept: str = "text/html,*/*") -> httpx.Response:
    """What a browser gets."""

    async def response() -> httpx.Response:
        transport = httpx.ASGITransport(face.app)
        async with httpx.AsyncClient(transport=transport) as client:
            return await client.get(f"{URL}{path}", headers={"Accept": accept})

    found: httpx.Response = face.done(response())
    return found


@on_sqlite
def test_page(face: Face, assets: Path) -> None:
    """A browser gets the page, which may load from nowhere else."""
    page = get(face)
    assert (200, "text/html; charset=utf-8") == (page.status_code, page.headers["content-type"])
    assert "<title>HugMood GraphiQL" in page.text
    assert "http" not in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'; ")


@on_sqlite
def test_files(face: Face, assets: Path) -> None:
    """What the page loads is here."""
    program, start = get(face, "/graphiql.js"), get(face, "/start.js")
    assert PROGRAM == program.content
    assert b"renderYogaGraphiQL" in start.content
    assert {"text/javascript; charset=utf-8"} == {
        one.headers["content-type"] for one in (program, start)
    }


@on_sqlite
@pytest.mark.parametrize(
    "name", ["nothing.js", "__init__.py", "page.html", "..%2f..%2fhttp.py", ".js"]
)
def test_no_other_files(face: Face, assets: Path, name: str) -> None:
    """Nothing else is served."""
    assert 404 == get(face, f"/{name}").status_code


@on_sqlite
def test_not_unpacked(face: Face, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where it is missing, it is said how to get it."""
    monkeypatch.setattr(graphiql, "_ASSETS", tmp_path / "nothing")
    page = get(face)
    assert (404, True) == (page.status_code, "make graphiql" in page.text)


@on_sqlite
def test_tools(face: Face, assets: Path) -> None:
    """Who does not ask for a page is told what is answered here."""
    assert 405 == get(face, accept="application/json").status_code


@on_sqlite
def test_production(world: World, assets: Path) -> None:
    """In production there is nothing of it."""
    face = Face(world, introspection=False)
    assert [405, 404] == [get(face, path).status_code for path in ("", "/graphiql.js")]


@on_sqlite
def test_introspection(face: Face) -> None:
    """Tools ask for the whole schema, as deep as it goes."""
    reply = face.ask(get_introspection_query())
    assert not reply.errors
    assert "Query" == reply.data["__schema"]["queryType"]["name"]


def test_unpack(tmp_path: Path) -> None:
    """The package of npm that is locked has what the page needs."""
    try:
        unpack(tmp_path / "assets")
    except NotUnpacked as problem:
        pytest.skip(str(problem))
    page = (Path(graphiql.__file__).parent / "page.html").read_text()
    found = {file.stem: gzip.decompress(file.read_bytes()) for file in tmp_path.glob("assets/*")}
    assert found.keys() >= {"graphiql.js", "graphiql.css", "graphql.worker.js"}
    assert all(f"graphql/{name}" in page for name in ("graphiql.js", "graphiql.css"))
    assert b"renderYogaGraphiQL" in found["graphiql.js"]
