"""Signing in and out, passwords and sessions by GraphQL, beside the socket."""

from typing import Any, Final

import pytest

from hugmood.features.auth.messages import FetchSessions
from tests.databases import on_sqlite
from tests.device import Device
from tests.graphql.face import Face
from tests.graphql.mutations import do
from tests.world import PASSWORD, World

SIGNED_IN: Final = "{ clientMutationId userId token expires isAnonymous }"
NEW: Final = "a quite different password"


def sign_in(face: Face, field: str, **data: Any) -> dict[str, Any]:  # noqa: ANN401 (any JSON)
    """Sign in; what came back."""
    found: dict[str, Any] = do(face, field, SIGNED_IN, **data).data[field]
    return found


def who(face: Face, token: str) -> list[str]:
    """The codes of the errors with this token; none if it is good."""
    return face.post({"query": "{ sessions { totalCount } }"}, token=token).codes


@pytest.fixture
def ada(world: World) -> Device:
    """Somebody."""
    return world.register("Ada", remember_me=True)


def test_register_and_log_in(face: Face) -> None:
    """Who registers is signed in, and can sign in again, over either face."""
    data = {"email": "ada@example.org", "password": PASSWORD}
    new = sign_in(face, "register", name="Ada", clientMutationId="one", **data)
    again = sign_in(face, "login", rememberMe=True, **data)
    assert ("one", None) == (new["clientMutationId"], again["clientMutationId"])
    assert new["userId"] == again["userId"]
    assert [False, False] == [new["isAnonymous"], again["isAnonymous"]]
    assert new["expires"] < again["expires"]
    assert [[], []] == [who(face, one["token"]) for one in (new, again)]


def test_wrong_password(face: Face) -> None:
    """A wrong password is refused as on the socket, and nobody is signed in."""
    sign_in(face, "register", name="Ada", email="ada@example.org", password=PASSWORD)
    reply = do(face, "login", SIGNED_IN, email="ada@example.org", password=NEW)
    assert (None, ["invalid_credentials"]) == (reply.data, reply.codes)


@on_sqlite
@pytest.mark.parametrize(
    ("changed", "field", "issue"),
    [
        ({"password": "short"}, "input.password", "invalid_format"),
        ({"email": "nowhere"}, "input.email", "invalid_format"),
        ({"timeZone": "Mars"}, "input.timeZone", "unknown_value"),
        ({"birthDate": "2020-01-01"}, "input.birthDate", "out_of_range"),
    ],
)
def test_bad_registration(face: Face, changed: dict[str, str], field: str, issue: str) -> None:
    """What is wrong is named as it is called here."""
    data: dict[str, Any] = {"email": "ada@example.org", "password": PASSWORD, "name": "Ada"}
    (error,) = do(face, "register", SIGNED_IN, **data | changed).errors
    assert (field, issue) == (error["extensions"]["field"], error["extensions"]["issue"])


def test_guest(face: Face) -> None:
    """A guest comes back with their own token, and is somebody else without."""
    guest = sign_in(face, "loginAnonymous", deviceId="phone", nickname="Bob")
    same = sign_in(face, "loginAnonymous", deviceId="phone", token=guest["token"])
    other = sign_in(face, "loginAnonymous", deviceId="phone")
    assert guest["isAnonymous"]
    assert guest["userId"] == same["userId"] != other["userId"]
    assert guest["token"] != same["token"]


def test_refresh(face: Face, world: World, ada: Device) -> None:
    """A token is traded for another; a while after, whoever has the old one ends both."""
    old = ada.token
    new = sign_in(face, "refreshToken", token=old)
    assert ada.user_id == new["userId"]
    assert [[], []] == [who(face, new["token"]), who(face, old)]
    world.clock.move(61)
    assert ["invalid_auth"] == do(face, "refreshToken", SIGNED_IN, token=old).codes
    assert ["invalid_auth"] == who(face, new["token"])


def test_logout(face: Face, ada: Device) -> None:
    """The session is over: its token is no longer good, and its socket is closed."""
    reply = face.ask("mutation { logout { success } }", ada)
    assert {"logout": {"success": True}} == reply.data
    assert ada.closed is not None
    assert ["invalid_auth"] == who(face, ada.token)


@on_sqlite
def test_logout_with_id(face: Face, ada: Device) -> None:
    """An input may be given, or be null."""
    reply = do(face, "logout", "{ clientMutationId }", ada, clientMutationId="one")
    assert {"logout": {"clientMutationId": "one"}} == reply.data


@on_sqlite
def test_logout_with_null(face: Face, ada: Device) -> None:
    """What has nothing in it may be null."""
    reply = face.ask("mutation { logout(input: null) { success } }", ada)
    assert {"logout": {"success": True}} == reply.data


def test_change_password(face: Face, world: World, ada: Device) -> None:
    """The new one holds, and other sessions are over."""
    email = "ada@example.org"
    first = sign_in(face, "register", name="Ada", email=email, password=PASSWORD)
    second = sign_in(face, "login", email=email, password=PASSWORD)
    query = """mutation ($input: ChangePasswordInput!) {
        changePassword(input: $input) { success } }"""
    variables = {"input": {"password": PASSWORD, "newPassword": NEW}}
    reply = face.post({"query": query, "variables": variables}, token=second["token"])
    assert {"changePassword": {"success": True}} == reply.data
    assert [["invalid_auth"], []] == [who(face, one["token"]) for one in (first, second)]
    assert sign_in(face, "login", email=email, password=NEW)["userId"] == first["userId"]


def test_sessions(face: Face, ada: Device) -> None:
    """They are listed as on the socket, and each can be ended."""
    query = """{ sessions { totalCount asOfSequence
        items { sessionId createdAt expiresAt current } } }"""
    page = face.ask(query, ada).data["sessions"]
    (item,) = ada.request(FetchSessions()).items
    assert [item.session_id] == [one["sessionId"] for one in page["items"]]
    assert [True] == [one["current"] for one in page["items"]]
    reply = do(face, "revokeSession", "{ sessionId }", ada, sessionId=item.session_id)
    assert {"revokeSession": {"sessionId": item.session_id}} == reply.data
    assert ["invalid_auth"] == who(face, ada.token)


@on_sqlite
def test_others_sessions(face: Face, world: World, ada: Device) -> None:
    """Nobody ends a session of somebody else."""
    bob = world.register("Bob")
    (item,) = bob.request(FetchSessions()).items
    reply = do(face, "revokeSession", "{ sessionId }", ada, sessionId=item.session_id)
    assert (["not_found"], "input.sessionId") == (
        reply.codes,
        reply.errors[0]["extensions"]["field"],
    )
    assert [] == who(face, bob.token)
