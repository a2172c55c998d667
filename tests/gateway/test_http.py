import httpx
import pytest

from hugmood.gateway.http import http_app
from tests.gateway.test_downloads import Scripted, two_pages


async def get(path: str, reason: str = "", method: str = "GET") -> httpx.Response:
    """What a server answers that is not ready for this reason."""

    async def readiness(patience: float) -> str:
        assert 0 < patience < 10
        return reason

    transport = httpx.ASGITransport(http_app(readiness, Scripted(two_pages)))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        return await client.request(method, path)


async def test_healthz() -> None:
    """The process is alive, whatever its database does."""
    response = await get("/healthz", "the database does not answer")
    assert (200, "ok\n") == (response.status_code, response.text)


async def test_ready() -> None:
    """Every part is there."""
    response = await get("/readyz")
    assert (200, "ready\n") == (response.status_code, response.text)


async def test_not_ready() -> None:
    """Something is missing: the answer says what."""
    response = await get("/readyz", "the database does not answer")
    assert (503, "the database does not answer\n") == (response.status_code, response.text)


async def test_websocket_address_without_an_upgrade() -> None:
    """A browser that is pointed there is told what this is (RFC 9110 section 15.5.22)."""
    response = await get("/ws")
    assert (426, "websocket") == (response.status_code, response.headers["upgrade"])


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/", 404), ("GET", "/wss", 404), ("POST", "/healthz", 405), ("POST", "/readyz", 405)],
)
async def test_nothing_else(method: str, path: str, status: int) -> None:
    """Other addresses and methods are refused."""
    assert status == (await get(path, method=method)).status_code
