from xml.etree import ElementTree as ET

import httpx
import pytest

from hugmood.features.badges.catalog import BADGES, Badge
from hugmood.gateway.badges import pictures
from hugmood.gateway.http import http_app
from tests.gateway.test_downloads import Scripted, two_pages

SVG = "http://www.w3.org/2000/svg"


async def get(
    path: str, reason: str = "", method: str = "GET", headers: dict[str, str] | None = None
) -> httpx.Response:
    """What a server answers that is not ready for this reason."""

    async def readiness(patience: float) -> str:
        assert 0 < patience < 10
        return reason

    transport = httpx.ASGITransport(http_app(readiness, Scripted(two_pages)))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        return await client.request(method, path, headers=headers)


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


# Pictures of badges


@pytest.mark.parametrize("badge", BADGES.values(), ids=lambda badge: badge.slug)
async def test_badge(badge: Badge) -> None:
    """Each badge has a picture of its own, which may do nothing and be kept for a day."""
    response = await get(badge.image)
    assert (200, "image/svg+xml") == (response.status_code, response.headers["content-type"])
    assert "public, max-age=86400" == response.headers["cache-control"]
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert "nosniff" == response.headers["x-content-type-options"]
    svg = ET.fromstring(response.text)  # noqa: S314 (our own file)
    assert (f"{{{SVG}}}svg", badge.name) == (svg.tag, svg.findtext(f"{{{SVG}}}title"))
    kinds = {element.tag.removeprefix(f"{{{SVG}}}") for element in svg.iter()}
    assert kinds <= {"svg", "title", "g", "path", "circle", "ellipse", "rect"}


def test_every_picture_is_of_a_badge() -> None:
    """There is no picture that nobody can earn, and no two are the same."""
    assert {badge.image for badge in BADGES.values()} == {f"/badges/{name}" for name in pictures()}
    assert len({picture.etag for picture in pictures().values()}) == len(BADGES)


async def test_badge_that_is_known() -> None:
    """Who has the picture already is told that it is the same still."""
    path = "/badges/first_hug.svg"
    etag = (await get(path)).headers["etag"]
    known = [await get(path, headers={"If-None-Match": tag}) for tag in (f'"x", {etag}', '"x"')]
    assert [(304, b""), (200, (await get(path)).content)] == [
        (response.status_code, response.content) for response in known
    ]
    assert {etag} == {response.headers["etag"] for response in known}


@pytest.mark.parametrize(
    "path",
    ["/badges/", "/badges/first_hug", "/badges/__init__.py", "/badges/..%2Fhttp.py", "/badges/a/b"],
)
async def test_no_such_badge(path: str) -> None:
    """Nothing but the pictures is served."""
    assert 404 == (await get(path)).status_code
