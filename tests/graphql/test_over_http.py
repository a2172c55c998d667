"""`POST /graphql`: statuses, headers, and who asks."""

from typing import Any

import pytest

from hugmood.features.auth.messages import Disconnect
from tests.databases import on_sqlite
from tests.device import Device
from tests.graphql.face import Face
from tests.world import World

WHO = "{ streak { current } }"
MODERN = "application/graphql-response+json"

pytestmark = on_sqlite


@pytest.fixture
def ada(world: World) -> Device:
    """Somebody."""
    return world.register("Ada", remember_me=True)


def test_signed_in(face: Face, ada: Device) -> None:
    """A token is enough, however the scheme is written."""
    for scheme in ("Bearer", "bearer", "BEARER"):
        reply = face.post({"query": WHO}, Authorization=f"{scheme} {ada.token}")
        assert (200, []) == (reply.status, reply.errors)
        assert "no-store" == reply.headers["cache-control"]


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        (None, "auth_required"),
        ("Bearer nonsense", "invalid_auth"),
        ("Bearer ", "invalid_auth"),
        ("Basic eDp5", "invalid_auth"),
    ],
)
def test_not_signed_in(face: Face, authorization: str | None, code: str) -> None:
    """Without a good token there is nothing to see, and 401 says so."""
    headers = {"Authorization": authorization} if authorization is not None else {}
    reply = face.post({"query": WHO}, **headers)
    assert (401, [code], "Bearer") == (reply.status, reply.codes, reply.headers["www-authenticate"])


def test_cookies_are_nothing(face: Face, ada: Device) -> None:
    """A token in a cookie signs nobody in: a page of another origin could send it."""
    reply = face.post({"query": WHO}, Cookie=f"token={ada.token}; Authorization=Bearer {ada.token}")
    assert 401 == reply.status


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/graphql",
        "",
    ],
)
def test_only_json(face: Face, ada: Device, kind: str) -> None:
    """What a page of another origin can send without asking is not looked at."""
    response = face.http(
        "POST", token=ada.token, content=b'{"query":"{ __typename }"}', Content_Type=kind
    )
    assert 415 == response.status_code


def test_no_get(face: Face, ada: Device) -> None:
    """Nothing is executed by an address alone."""
    response = face.http("GET", token=ada.token, params={"query": "{ __typename }"})
    assert 405 == response.status_code


def test_large_body(face: Face, ada: Device) -> None:
    """A body that is too large is refused as such."""
    body = {"query": "{ __typename }" + " " * 65_536}
    assert 413 == face.post(body, token=ada.token).status


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"null", b"{}", b'{"query":1}', b'{"query":"{a}","variables":[]}', b"\xff", b"["],
)
def test_no_request(face: Face, ada: Device, body: bytes) -> None:
    """What is no request is told what one is."""
    headers = {"Content_Type": "application/json", "Accept": MODERN}
    response = face.http("POST", token=ada.token, content=body, **headers)
    assert 400 == response.status_code
    assert "invalid_request" == response.json()["errors"][0]["extensions"]["code"]


@pytest.mark.parametrize(
    ("query", "plain", "modern"),
    [("{ __typename }", 200, 200), ("{ nope }", 200, 400), ("{", 200, 400)],
)
def test_status_and_media_type(
    face: Face, ada: Device, query: str, plain: int, modern: int
) -> None:
    """Who asks for the newer media type is told by the status what became of the request."""
    body: dict[str, Any] = {"query": query}
    there = face.post(body, token=ada.token)
    assert (plain, "application/json; charset=utf-8") == (
        there.status,
        there.headers["content-type"],
    )
    there = face.post(body, token=ada.token, Accept=f"{MODERN}, application/json;q=0.9")
    assert (modern, f"{MODERN}; charset=utf-8") == (there.status, there.headers["content-type"])


def test_token_is_asked_for_once(face: Face, ada: Device) -> None:
    """A token that was good a moment ago needs no database."""
    face.post({"query": "{ __typename }"}, token=ada.token)
    with face.world.statements() as made:
        face.post({"query": "{ __typename }"}, token=ada.token)
    assert [] == made
    face.world.clock.move(61)
    with face.world.statements() as made:
        face.post({"query": "{ __typename }"}, token=ada.token)
    assert made


def test_session_is_over(face: Face, ada: Device) -> None:
    """A token is worth nothing from the moment its session ends."""
    assert 200 == face.post({"query": WHO}, token=ada.token).status
    ada.send(Disconnect(reason="user_logout"))
    reply = face.post({"query": WHO}, token=ada.token)
    assert (401, ["invalid_auth"]) == (reply.status, reply.codes)


def test_limit(world: World) -> None:
    """A person's commands are as many as on a socket; whoever has too many is told when."""
    face, ada = Face(world, limited=True), world.register("Ada")
    fields = " ".join(f"a{n}: streak {{ current }}" for n in range(15))
    replies = [face.post({"query": f"{{ {fields} }}"}, token=ada.token) for _ in range(3)]
    refused = [error["extensions"] for reply in replies for error in reply.errors]
    assert 5 == len(refused)
    assert {"code": "rate_limit_exceeded", "retryAfter": 1} == refused[0]
    world.clock.move(3)
    assert [] == face.post({"query": WHO}, token=ada.token).errors
