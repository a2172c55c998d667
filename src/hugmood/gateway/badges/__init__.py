"""The badges' pictures, as files beside this one, and the address they are served at."""

from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Final, NamedTuple

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

_SUFFIX: Final = ".svg"
_HEADERS: Final = {
    # A later version may draw a badge anew under the same name.
    "Cache-Control": "public, max-age=86400",
    # An SVG may be opened as a page of its own: it gets to do nothing there.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "X-Content-Type-Options": "nosniff",
    # Clients from elsewhere, web pages among them, show them as well.
    "Cross-Origin-Resource-Policy": "cross-origin",
}


class Picture(NamedTuple):
    """A drawing, and the tag by which caches know it."""

    svg: bytes
    etag: str


@cache
def pictures() -> dict[str, Picture]:
    """Read all pictures, once; by file name."""
    found = [file for file in files(__package__).iterdir() if file.name.endswith(_SUFFIX)]
    return {file.name: _picture(file.read_bytes()) for file in found}


def badge_route() -> Route:
    """Make the address of the pictures: `/badges/first_feeling.svg`."""
    return Route("/badges/{name}", _badge)


async def _badge(request: Request) -> Response:
    picture = pictures().get(request.path_params["name"])
    if picture is None:
        return PlainTextResponse("There is no such badge\n", 404)
    headers = _HEADERS | {"ETag": picture.etag}
    known = [tag.strip() for tag in request.headers.get("if-none-match", "").split(",")]
    if picture.etag in known:
        return Response(status_code=304, headers=headers)
    return Response(picture.svg, headers=headers, media_type="image/svg+xml")


def _picture(svg: bytes) -> Picture:
    return Picture(svg, f'"{sha256(svg).hexdigest()[:16]}"')
