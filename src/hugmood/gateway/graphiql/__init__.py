"""GraphiQL, at the address of GraphQL itself, in development only.

The page is ours; the program is GraphiQL's, unpacked from npm into `assets` when a wheel is
built or by `make graphiql`. Nothing is fetched from elsewhere when it is used.
"""

from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

_HERE: Final = Path(__file__).parent
_ASSETS: Final = _HERE / "assets"
_KINDS: Final = {".js": "text/javascript", ".css": "text/css"}
_HEADERS: Final = {
    "Cache-Control": "no-cache",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'; "
    # The editor writes its colours and places into the page.
    "style-src 'self' 'unsafe-inline'; font-src 'self' data:; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_MISSING: Final = (
    "GraphiQL is not in this installation. In a checkout, `make graphiql` puts it there "
    "(it needs npm).\n"
)


def page() -> Response:
    """Make the page, or say how to get what it needs."""
    if not _ASSETS.is_dir():
        return PlainTextResponse(_MISSING, 404, _HEADERS)
    headers = _HEADERS | {"Content-Security-Policy": _POLICY}
    return Response((_HERE / "page.html").read_bytes(), headers=headers, media_type="text/html")


def graphiql_route(path: str) -> Route:
    """Make the addresses of what the page loads, below this one."""
    return Route(f"{path}/{{name}}", _file)


async def _file(request: Request) -> Response:
    name = request.path_params["name"]
    kind = _KINDS.get(Path(name).suffix)
    own, packed = _HERE / name, _ASSETS / f"{name}.gz"
    if kind and own.is_file():
        return Response(own.read_bytes(), headers=_HEADERS, media_type=kind)
    if kind and packed.is_file():
        # There is no browser that does not take it so.
        headers = _HEADERS | {"Content-Encoding": "gzip"}
        return Response(packed.read_bytes(), headers=headers, media_type=kind)
    return PlainTextResponse("There is no such file\n", 404)
