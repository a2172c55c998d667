"""Signing in and out (protocol: Authentication; decisions: Connection and authentication)."""

from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from msgspec import UNSET

from hugmood.ambient import Instant
from hugmood.errors import Issue
from hugmood.features.auth.accounts import add_account
from hugmood.features.auth.messages import (
    AuthAnonymous,
    AuthCredentials,
    AuthRefresh,
    AuthRegister,
    AuthResponse,
    AuthToken,
    Disconnect,
)
from hugmood.features.auth.passwords import Passwords
from hugmood.features.auth.tokens import Claims, Signer
from hugmood.features.follows.messages import FetchFollowing
from hugmood.features.hugs.messages import SendHug
from hugmood.wire.message import AuthFailure, ConnectionClose, ErrorDetails
from tests.conftest import MakeWorld
from tests.databases import InMemory, Place, on_sqlite
from tests.device import Device, Message
from tests.fakes import QuickPasswords
from tests.world import PASSWORD, REMOTE, SECRETS, World

DAY = 24 * 3600
MINUTE = 60

WRONG = AuthFailure(error="invalid_credentials", message="Invalid email or password")
INVALID = AuthFailure(error="invalid_auth", message="This token is not valid")
EXPIRED = AuthFailure(
    error="auth_expired", message="Your session has expired, please sign in again"
)
SOMEONE_ELSE = AuthFailure(error="invalid_auth", message="You are signed in as someone else")
REVOKED = ConnectionClose(code="session_revoked", message="Your session was ended")


@pytest.fixture
def world(world_on_both: World) -> World:
    """A world on each of the databases."""
    return world_on_both


def credentials(email: str, password: str = PASSWORD, **more: Any) -> AuthCredentials:  # noqa: ANN401 (passed on)
    """Sign in by password."""
    return AuthCredentials(email=email, password=password, **more)


def registration(**fields: Any) -> AuthRegister:  # noqa: ANN401 (passed on)
    """Open an account, with fields of one's own."""
    return AuthRegister(
        **{"email": "ada@example.com", "password": PASSWORD, "name": "Ada", **fields}
    )


def claims(device: Device, token: str | None = None) -> Claims:
    """What a device's token says, or another token."""
    world = device.world
    return Signer(world.secrets).read(token or device.token, world.clock.now(), grace=1 << 50)


def refreshed(device: Device, token: str | None = None) -> str:
    """Trade a token for its successor, on a connection of its own."""
    fresh = device.world.connect()
    reply = fresh.sign_in(AuthRefresh(token=token or device.token))
    fresh.drop()
    assert reply.token
    return reply.token


def use(world: World, token: str) -> Device:
    """Connect with a token."""
    device = world.connect()
    device.sign_in(AuthToken(token=token))
    return device


def cannot_use(world: World, token: str) -> Any:  # noqa: ANN401 (to be compared)
    """Try to connect with a token that is no good, and return why it is not."""
    return world.connect().refusal(AuthToken(token=token))


def accounts(world: World) -> int:
    """Count the accounts there are."""
    with world.database.transaction(write=False) as tx:
        return int(tx.rows("SELECT count(*) FROM account")[0][0])


def sessions(world: World) -> int:
    """Count the sessions there are."""
    with world.database.transaction(write=False) as tx:
        return int(tx.rows("SELECT count(*) FROM session")[0][0])


# The protocol's examples


def answer(device: Device, example: dict[str, Any]) -> Message:
    """Send an example of the protocol and return its answer."""
    (message,) = device.raw(example)
    return message


def test_credentials_example(world: World) -> None:
    """Signing in by password is answered as in the protocol."""
    user_id = world.register("Jane", email="user@example.com", password="userpassword").user_id
    device = world.connect()
    message = answer(
        device,
        {
            "type": "auth",
            "id": "msg-12345",
            "data": {
                "method": "credentials",
                "email": "user@example.com",
                "password": "userpassword",
                "rememberMe": True,
            },
            "timestamp": "2023-08-25T14:30:00.000Z",
        },
    )
    assert message == Message(
        type="auth_response",
        id="msg-12345-resp",
        data={
            "success": True,
            "userId": user_id,
            "token": message.data["token"],
            "expires": "2023-09-25T14:30:00.000Z",
        },
        timestamp="2023-08-25T14:30:00.000Z",
        number=0,
        previous=None,
    )


def test_failure_example(world: World) -> None:
    """A wrong password is answered as in the protocol."""
    world.register("Jane", email="user@example.com")
    message = answer(
        world.connect(),
        {
            "type": "auth",
            "id": "msg-12345",
            "data": {
                "method": "credentials",
                "email": "user@example.com",
                "password": "userpassword",
                "rememberMe": True,
            },
            "timestamp": "2023-08-25T14:30:00.000Z",
        },
    )
    assert message == Message(
        type="auth_response",
        id="msg-12345-resp",
        data={
            "success": False,
            "error": "invalid_credentials",
            "message": "Invalid email or password",
        },
        timestamp="2023-08-25T14:30:00.000Z",
        number=0,
        previous=None,
    )


def test_token_example(world: World) -> None:
    """Going on by token is answered as in the protocol: without another token."""
    jane = world.register("Jane", remember_me=True)
    world.clock.move_to("2023-08-25T14:35:00.000Z")
    message = answer(
        world.connect(),
        {
            "type": "auth",
            "id": "msg-12346",
            "data": {"method": "token", "token": jane.token},
            "timestamp": "2023-08-25T14:35:00.000Z",
        },
    )
    assert (message.id, message.data) == (
        "msg-12346-resp",
        {"success": True, "userId": jane.user_id, "expires": "2023-09-25T14:30:00.000Z"},
    )


def test_anonymous_example(world: World) -> None:
    """Coming in as a guest is answered as in the protocol."""
    world.clock.move_to("2023-08-25T14:40:00.000Z")
    message = answer(
        world.connect(),
        {
            "type": "auth",
            "id": "msg-12347",
            "data": {
                "method": "anonymous",
                "deviceId": "device-abcdef",
                "nickname": "HappyGuest",
            },
            "timestamp": "2023-08-25T14:40:00.000Z",
        },
    )
    assert (message.id, message.data) == (
        "msg-12347-resp",
        {
            "success": True,
            "userId": message.data["userId"],
            "token": message.data["token"],
            "expires": "2023-08-26T14:40:00.000Z",
            "isAnonymous": True,
        },
    )


# Registering


def test_register(world: World) -> None:
    """An account is opened and signed in, for a day."""
    device = world.connect()
    reply = device.request(registration())
    assert reply == AuthResponse(
        user_id=reply.user_id, token=reply.token, expires=world.clock.after(DAY)
    )


def test_user_id(world: World) -> None:
    """An account's id begins with `user-`."""
    assert world.register().user_id.startswith("user-")


def test_register_remembered(world: World) -> None:
    """With `rememberMe` a new account is signed in for 31 days."""
    reply = world.connect().request(registration(remember_me=True))
    assert reply.expires == world.clock.after(31 * DAY)


def test_sign_in_after_register(world: World) -> None:
    """The password that was registered signs in, as the same person."""
    ada = world.register()
    assert world.connect().request(credentials(ada.email)).user_id == ada.user_id


def test_case_of_address(world: World) -> None:
    """The case of an address does not matter."""
    ada = world.register(email="Ada@Example.com")
    assert world.connect().request(credentials(" aDA@example.COM ")).user_id == ada.user_id


@pytest.mark.parametrize("email", ["ada@example.com", "ADA@example.com"])
def test_known_address(world: World, email: str) -> None:
    """An address can be registered once; the answer says which field is wrong."""
    world.register(email="ada@example.com")
    assert world.connect().refusal(registration(email=email)) == AuthFailure(
        error="invalid_request",
        message="This address cannot be used",
        details=ErrorDetails(field="data.email", issue="unknown_value"),
    )


def test_address_raced_for(world: World) -> None:
    """Of two who register one address at once, one gets it."""
    first, second = world.connect(), world.connect()
    with world.batch():
        one, other = first.send(registration()), second.send(registration(name="Eve"))
    failure = other.refusal()
    assert (one.reply().user_id[:5], failure.message, accounts(world)) == (
        "user-",
        "This address cannot be used",
        1,
    )


@on_sqlite
@pytest.mark.parametrize(
    ("fields", "field", "issue"),
    [
        ({"password": "Password123"}, "data.password", "unknown_value"),
        ({"password": "1234567"}, "data.password", "invalid_format"),
        ({"password": "x" * 129}, "data.password", "too_long"),
        ({"email": "nobody"}, "data.email", "invalid_format"),
        ({"email": "a b@example.com"}, "data.email", "invalid_format"),
        ({"email": f"{'x' * 250}@e.org"}, "data.email", "too_long"),
        ({"name": ""}, "data.name", "invalid_format"),
        ({"name": "  "}, "data.name", "invalid_format"),
        ({"name": "x" * 81}, "data.name", "too_long"),
        ({"time_zone": "Mars/Olympus"}, "data.timeZone", "unknown_value"),
        ({"time_zone": "../../etc/passwd"}, "data.timeZone", "unknown_value"),
        ({"time_zone": "x" * 65}, "data.timeZone", "too_long"),
    ],
)
def test_bad_registration(world: World, fields: dict[str, str], field: str, issue: Issue) -> None:
    """What is wrong with a registration is said, field by field, and nothing is opened."""
    failure = world.connect().refusal(registration(**fields))
    assert isinstance(failure, AuthFailure)
    assert (failure.error, failure.details, accounts(world)) == (
        "invalid_request",
        ErrorDetails(field=field, issue=issue),
        0,
    )


def test_password_kept(world: World) -> None:
    """A password is kept as an Argon2id hash."""
    world.register()
    with world.database.transaction(write=False) as tx:
        ((kept,),) = tx.rows("SELECT password_hash FROM account")
    assert kept.startswith("$argon2id$")


def test_cost_of_password() -> None:
    """A hash takes 19 MiB and two passes, as OWASP advises."""
    assert Passwords().hash(PASSWORD).startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_failed_registration_retried(world: World) -> None:
    """After a registration that was refused one may try again."""
    device = world.connect()
    device.refusal(registration(password="password"))
    assert device.request(registration()).success


# Credentials


@pytest.mark.parametrize(
    ("email", "password"),
    [("ada@example.com", "a wrong password"), ("eve@example.com", PASSWORD)],
    ids=["wrong password", "unknown address"],
)
def test_wrong_credentials(world: World, email: str, password: str) -> None:
    """An unknown address and a wrong password get the same answer."""
    world.register(email="ada@example.com")
    assert world.connect().refusal(credentials(email, password)) == WRONG


@pytest.mark.parametrize("email", ["ada@example.com", "eve@example.com"])
def test_work_for_wrong_credentials(
    world: World, email: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unknown address costs the same as a wrong password: one verification."""
    world.register(email="ada@example.com")
    verified: list[bool] = []

    def verify(self: Passwords, kept: str | None, password: str) -> bool:
        outcome = Passwords.verify(self, kept, password)
        verified.append(outcome)
        return outcome

    monkeypatch.setattr(QuickPasswords, "verify", verify)
    world.connect().refusal(credentials(email, "a wrong password"))
    assert verified == [False]


def test_nobodys_password() -> None:
    """The password behind the hash for unknown addresses opens nothing."""
    assert not QuickPasswords().verify(None, "nobody has this password")


def test_damaged_hash() -> None:
    """A hash that cannot be read fits no password."""
    assert not QuickPasswords().verify("not a hash", PASSWORD)


@on_sqlite
def test_guest_has_no_password(world: World) -> None:
    """A guest, who has no address, is not found by an empty one."""
    world.guest()
    assert world.connect().refusal(credentials("")) == WRONG


def test_not_signed_in_after_failure(world: World) -> None:
    """After a failure one is still nobody."""
    device = world.connect()
    device.refusal(credentials("eve@example.com"))
    (message,) = device.raw({"type": "fetch", "id": "1", "data": {"dataType": "hug_catalog"}})
    assert message.data["code"] == "auth_required"


def test_retry_after_failure(world: World) -> None:
    """After a failure one may try again on the same connection."""
    ada = world.register()
    device = world.connect()
    device.refusal(credentials(ada.email, "a wrong password"))
    assert device.request(credentials(ada.email)).user_id == ada.user_id


def test_session_of_its_own(world: World) -> None:
    """Every sign-in by password is a session of its own."""
    ada = world.register()
    token = world.connect().request(credentials(ada.email)).token
    assert token
    assert claims(ada).session_id != claims(ada, token).session_id


@on_sqlite
@pytest.mark.parametrize(("remember_me", "days"), [(False, 1), (True, 31)])
def test_length_of_session(world: World, remember_me: bool, days: int) -> None:  # noqa: FBT001 (a parameter)
    """A session lasts 24 hours, with `rememberMe` 31 days."""
    ada = world.register()
    reply = world.connect().request(credentials(ada.email, remember_me=remember_me))
    assert reply.expires == world.clock.after(days * DAY)


def test_whole_seconds(world: World) -> None:
    """What `expires` says is what the token says, which counts in seconds."""
    world.clock.move(0.999)
    ada = world.register()
    assert claims(ada).expires == int(Instant.parse("2023-08-26T14:30:00.000Z"))


# Limits of failures


def fail(world: World, times: int, *, email: str = "ada@example.com", remote: str = REMOTE) -> None:
    """Give a wrong password so many times."""
    for _ in range(times):
        world.connect(remote=remote).refusal(credentials(email, "a wrong password"))


@on_sqlite
def too_many(retry_after: int) -> AuthFailure:
    """The answer to one attempt too many."""
    return AuthFailure(
        error="rate_limit_exceeded",
        message="Too many requests",
        details=ErrorDetails(retry_after=retry_after),
    )


@on_sqlite
def test_failures_of_account(world: World) -> None:
    """After five failures in a minute even the right password is refused."""
    ada = world.register()
    fail(world, 5)
    assert world.connect().refusal(credentials(ada.email)) == too_many(12)


@on_sqlite
def test_fewer_failures(world: World) -> None:
    """After four failures the right password is taken."""
    ada = world.register()
    fail(world, 4)
    assert world.connect().request(credentials(ada.email)).user_id == ada.user_id


@on_sqlite
def test_failures_forgotten(world: World) -> None:
    """After the time that was told one may try again."""
    ada = world.register()
    fail(world, 5)
    world.clock.move(12)
    assert world.connect().request(credentials(ada.email)).user_id == ada.user_id


@on_sqlite
def test_failures_of_unknown_account(world: World) -> None:
    """Failures for an address that nobody has are counted in the same way."""
    fail(world, 5, email="eve@example.com")
    assert world.connect().refusal(credentials("eve@example.com")) == too_many(12)


@on_sqlite
def test_failures_elsewhere(world: World) -> None:
    """Failures from another network address do not lock people out of their account."""
    ada = world.register()
    fail(world, 5, remote="198.51.100.7")
    assert world.connect().request(credentials(ada.email)).user_id == ada.user_id


@on_sqlite
def test_failures_of_another_account(world: World) -> None:
    """Failures for one account are not another's."""
    ada = world.register()
    fail(world, 5, email="eve@example.com")
    assert world.connect().request(credentials(ada.email)).user_id == ada.user_id


@on_sqlite
def test_failures_of_network_address(world: World) -> None:
    """After 30 failures in a minute, whatever the accounts, an address is refused."""
    ada = world.register()
    for number in range(30):
        fail(world, 1, email=f"eve{number}@example.com")
    assert world.connect().refusal(credentials(ada.email)) == too_many(2)


def test_failures_of_tokens(world: World) -> None:
    """Tokens that are no good count for the network address."""
    ada = world.register()
    for _ in range(30):
        cannot_use(world, "forged")
    assert cannot_use(world, ada.token) == too_many(2)


def test_failures_unlimited(make_world: MakeWorld) -> None:
    """Where limits are switched off, failures are not counted."""
    world = make_world(limited=False)
    ada = world.register()
    fail(world, 31)
    assert world.connect().request(credentials(ada.email)).user_id == ada.user_id


# Tokens


def test_token_not_renewed(world: World) -> None:
    """A token that is used goes on; its end does not move."""
    ada = world.register()
    world.clock.move(3600)
    reply = world.connect().request(AuthToken(token=ada.token))
    assert reply == AuthResponse(user_id=ada.user_id, expires=world.clock.after(DAY - 3600))


def test_token_until_its_end(world: World) -> None:
    """A token is good until the last moment."""
    ada = world.register()
    world.clock.move(DAY - 0.001)
    assert use(world, ada.token).user_id == ada.user_id


def test_expired_token(world: World) -> None:
    """A token is no good at the moment when it ends."""
    ada = world.register()
    world.clock.move(DAY)
    assert cannot_use(world, ada.token) == EXPIRED


def forged(device: Device, *, secret: str = SECRETS[0], **changes: object) -> str:
    """Make a token like a device's with some claims changed, None to leave one out."""
    known = claims(device)
    body: dict[str, object] = {
        "sub": known.user_id,
        "sid": known.session_id,
        "jti": known.token_id,
        "iat": known.expires // 1000 - DAY,
        "exp": known.expires // 1000,
        "aud": "hugmood",
        "iss": "hugmood",
    }
    body = {name: value for name, value in (body | changes).items() if value is not None}
    key = OctKey.import_key(secret)
    return jwt.encode({"alg": "HS256"}, body, key, algorithms=["HS256"])


def test_forging(world: World) -> None:
    """The tests' own way to make a token makes good ones."""
    ada = world.register()
    assert use(world, forged(ada)).user_id == ada.user_id


@on_sqlite
@pytest.mark.parametrize(
    "changes",
    [
        {"secret": "another secret that is long enough"},
        {"aud": "elsewhere"},
        {"iss": "elsewhere"},
        {"exp": "soon"},
        {"exp": None},
        {"sub": None},
        {"sub": "user-of-somebody-else"},
        {"sid": "session-of-nobody"},
    ],
    ids=str,
)
def test_forged_token(world: World, changes: dict[str, Any]) -> None:
    """A token that was not made here, or not for this, is no good."""
    ada = world.register()
    assert cannot_use(world, forged(ada, **changes)) == INVALID


def test_token_without_signature(world: World) -> None:
    """A token that says it needs no signature is no good."""
    ada = world.register()
    head, body, _ = forged(ada).split(".")
    unsigned = "eyJhbGciOiJub25lIn0"  # {"alg":"none"}
    found = [cannot_use(world, f"{start}.{body}.") for start in (head, unsigned)]
    assert found == [INVALID, INVALID]


@on_sqlite
@pytest.mark.parametrize("token", ["x", "a.b.c", "é.é.é", "..", "x" * 4096])
def test_malformed_token(world: World, token: str) -> None:
    """A text that is no token at all is no good, and breaks nothing."""
    assert cannot_use(world, token) == INVALID


def test_secret_rotated(sqlite_template: Path) -> None:
    """With a new secret before the old one, old tokens stay good and new ones are new."""
    place, new = InMemory(sqlite_template), "a new secret that nobody has seen yet"
    with World(place) as before:
        ada = before.register()
    with World(place, secrets=(new, *SECRETS)) as after:
        token = refreshed(use(after, ada.token))
    assert Signer([new]).read(token, 0).user_id == ada.user_id
    place.close()


def test_secret_removed(sqlite_template: Path) -> None:
    """Without the old secret its tokens are no good."""
    place = InMemory(sqlite_template)
    with World(place) as before:
        ada = before.register()
    with World(place, secrets=("a new secret that nobody has seen yet",)) as after:
        assert cannot_use(after, ada.token) == INVALID
    place.close()


# Refreshing


def test_refresh(world: World) -> None:
    """A token is traded for a new one of the same session, which ends a day from now."""
    ada = world.register()
    world.clock.move(3600)
    reply = world.connect().request(AuthRefresh(token=ada.token))
    assert reply == AuthResponse(
        user_id=ada.user_id, token=reply.token, expires=world.clock.after(DAY)
    )


def test_same_session(world: World) -> None:
    """The new token belongs to the same session, and is another."""
    ada = world.register()
    old, new = claims(ada), claims(ada, refreshed(ada))
    assert (new.session_id == old.session_id, new.token_id == old.token_id) == (True, False)


def test_refresh_remembered(world: World) -> None:
    """A session that was to last 31 days gets another 31 days."""
    ada = world.register(remember_me=True)
    world.clock.move(20 * DAY)
    reply = world.connect().request(AuthRefresh(token=ada.token))
    assert reply.expires == world.clock.after(31 * DAY)


def test_refresh_of_guest(world: World) -> None:
    """A guest who refreshes is still a guest, for another day."""
    guest = world.guest()
    world.clock.move(3600)
    reply = world.connect().request(AuthRefresh(token=guest.token))
    assert (reply.is_anonymous, reply.expires) == (True, world.clock.after(DAY))


def test_refresh_of_expired(world: World) -> None:
    """A token that has ended cannot be traded."""
    ada = world.register()
    world.clock.move(DAY)
    assert world.connect().refusal(AuthRefresh(token=ada.token)) == EXPIRED


def test_old_token_good(world: World) -> None:
    """The old token stays good until the new one is first used."""
    ada = world.register()
    refreshed(ada)
    world.clock.move(3600)
    assert use(world, ada.token).user_id == ada.user_id


def test_same_successor(world: World) -> None:
    """Who did not hear the answer and asks again gets the same successor."""
    ada = world.register()
    first = refreshed(ada)
    world.clock.move(3600)
    assert claims(ada, refreshed(ada)) == claims(ada, first)


def test_previous_token_good(world: World) -> None:
    """A minute after the new token was first used, less a moment, the old one is good."""
    ada = world.register()
    use(world, refreshed(ada))
    world.clock.move(59.999)
    assert use(world, ada.token).user_id == ada.user_id


def test_retired_token(world: World) -> None:
    """A minute after the new token was first used the old one is no good."""
    ada = world.register()
    use(world, refreshed(ada))
    world.clock.move(60)
    assert cannot_use(world, ada.token) == INVALID


def test_retired_token_revokes(world: World) -> None:
    """To use a retired token ends the session: somebody has stolen one of the two."""
    ada = world.register()
    new = refreshed(ada)
    use(world, new)
    world.clock.move(60)
    cannot_use(world, ada.token)
    assert cannot_use(world, new) == INVALID


def test_retired_token_cuts(world: World) -> None:
    """To use a retired token closes every connection of its session."""
    ada = world.register()
    live = use(world, refreshed(ada))
    world.clock.move(60)
    cannot_use(world, ada.token)
    assert [device.pushes(ConnectionClose) for device in (ada, live)] == [[REVOKED], [REVOKED]]


def test_retired_twice_over(world: World) -> None:
    """A token two generations old is retired even within the minute."""
    ada = world.register()
    second = refreshed(ada)
    use(world, second)
    third = refreshed(ada, second)
    use(world, third)
    assert [cannot_use(world, token) for token in (ada.token, third)] == [INVALID, INVALID]


@on_sqlite
def test_refresh_with_previous_token(world: World) -> None:
    """Who still has the previous token may trade it, and gets the one to come."""
    ada = world.register()
    second = refreshed(ada)
    use(world, second)
    assert claims(ada, refreshed(ada)) == claims(ada, refreshed(ada, second))


def test_chain_of_tokens(world: World) -> None:
    """Token after token, a session can go on for as long as it is used."""
    token = world.register().token
    for _ in range(40):
        world.clock.move(DAY - 1)
        token = refreshed(use(world, token))
    assert use(world, token).user_id


def test_refresh_elsewhere(world: World) -> None:
    """To use a retired token of one session leaves the person's others alone."""
    ada = world.register()
    other = world.connect()
    other.sign_in(credentials(ada.email))
    use(world, refreshed(ada))
    world.clock.move(60)
    cannot_use(world, ada.token)
    assert (other.closed, use(world, other.token).user_id) == (None, ada.user_id)


# On a live connection


def test_extended_in_place(world: World) -> None:
    """A new token on a live connection moves the connection's end."""
    ada = world.register()
    world.clock.move(DAY - 1)
    ada.sign_in(AuthRefresh(token=ada.token))
    world.clock.move(DAY - 1)
    assert (ada.closed, ada.request(FetchFollowing()).total_count) == (None, 0)


def test_end_of_connection(world: World) -> None:
    """When its token ends a connection is closed, and told to come back."""
    ada = world.register()
    world.clock.move(DAY)
    expected = ConnectionClose(
        code="session_expired",
        message="Your session has expired, please reconnect",
        reconnect_delay=1000,
    )
    assert (ada.pushes(ConnectionClose), ada.closed) == ([expected], (4401, "session_expired"))


def test_no_delivery_after_end(world: World) -> None:
    """From the moment its token ends a connection gets nothing more."""
    ada = world.register()
    world.clock.move(1)
    bob = world.register("Bob")
    world.clock.move(DAY - 1)
    bob.request(SendHug(recipient_id=ada.user_id, hug_type="warm"))
    assert ada.events() == []


def test_somebody_elses_token(world: World) -> None:
    """Another person's token on a live connection is refused, and changes nothing."""
    ada, bob = world.register("Ada"), world.register("Bob")
    failure = ada.refusal(AuthToken(token=bob.token))
    bob.request(SendHug(recipient_id=ada.user_id, hug_type="warm"))
    assert (failure, len(ada.events())) == (SOMEONE_ELSE, 1)


def test_somebody_elses_next_token(world: World) -> None:
    """Another person's new token, shown on the wrong connection, has not been used."""
    ada, bob = world.register("Ada"), world.register("Bob")
    new = refreshed(bob)
    ada.refusal(AuthToken(token=new))
    world.clock.move(61)
    assert use(world, bob.token).user_id == bob.user_id


def test_somebody_elses_password(world: World) -> None:
    """Another person's password on a live connection opens no session."""
    ada, bob = world.register("Ada"), world.register("Bob")
    before = sessions(world)
    assert (ada.refusal(credentials(bob.email)), sessions(world)) == (SOMEONE_ELSE, before)


@pytest.mark.parametrize(
    "command",
    [registration(email="new@example.com"), AuthAnonymous(device_id="d")],
    ids=["register", "anonymous"],
)
def test_new_account_when_signed_in(world: World, command: AuthRegister | AuthAnonymous) -> None:
    """On a live connection nobody new can be made."""
    ada = world.register()
    assert (ada.refusal(command), accounts(world)) == (SOMEONE_ELSE, 1)


def test_own_password_when_signed_in(world: World) -> None:
    """One's own password on a live connection moves it to a new session."""
    ada = world.register()
    ada.sign_in(credentials(ada.email, remember_me=True))
    world.clock.move(2 * DAY)
    assert ada.closed is None


def test_last_number_when_signed_in(world: World) -> None:
    """On a live connection `lastSequenceNumber` means nothing: nothing is sent again."""
    ada, bob = world.register("Ada"), world.register("Bob")
    bob.request(SendHug(recipient_id=ada.user_id, hug_type="warm"))
    ada.events()
    ada.sign_in(AuthToken(token=ada.token, last_sequence_number=0))
    assert (ada.events(), ada.position) == ([], 1)


# Guests


def test_guest_id(world: World) -> None:
    """A guest's id begins with `anon-`."""
    assert world.guest().user_id.startswith("anon-")


def test_device_is_no_secret(world: World) -> None:
    """The same `deviceId` alone makes another guest every time."""
    assert world.guest().user_id != world.guest().user_id


@pytest.mark.parametrize(("nickname", "name"), [(" Zoë ", "Zoë"), (UNSET, "Guest")])
def test_nickname(world: World, nickname: str, name: str) -> None:
    """A guest is called by the nickname, or Guest."""
    ada = world.register("Ada")
    guest = world.connect()
    guest.sign_in(AuthAnonymous(device_id="d", nickname=nickname))
    with world.database.transaction(write=False) as tx:
        names = tx.rows("SELECT name FROM account WHERE id <> :id", {"id": ada.user_id})
    assert names == [(name,)]


def test_same_guest(world: World) -> None:
    """With a token that holds the same guest returns, with a new token."""
    guest = world.guest()
    world.clock.move(3600)
    back = world.connect()
    reply = back.sign_in(AuthAnonymous(device_id="another", token=guest.token))
    assert reply == AuthResponse(
        user_id=guest.user_id,
        token=reply.token,
        expires=world.clock.after(DAY),
        is_anonymous=True,
    )


@pytest.mark.parametrize("days", [1, 31 - 1e-6])
def test_guest_returns_late(world: World, days: float) -> None:
    """With a token that ended up to 30 days ago the same guest returns."""
    guest = world.guest()
    world.clock.move(days * DAY)
    back = world.connect()
    back.sign_in(AuthAnonymous(device_id="d", token=guest.token))
    assert (back.user_id, use(world, back.token).user_id) == (guest.user_id, guest.user_id)


def test_guest_returns_too_late(world: World) -> None:
    """With a token that ended more than 30 days ago no guest returns."""
    guest = world.guest()
    world.clock.move(31 * DAY)
    assert world.connect().refusal(AuthAnonymous(device_id="d", token=guest.token)) == EXPIRED


def test_guest_returned_before(world: World) -> None:
    """A token that brought a guest back late does not do so twice."""
    guest = world.guest()
    world.clock.move(2 * DAY)
    world.connect().sign_in(AuthAnonymous(device_id="d", token=guest.token))
    assert world.connect().refusal(AuthAnonymous(device_id="d", token=guest.token)) == INVALID


def test_guest_returns_by_next_token(world: World) -> None:
    """A guest who has a new token but never used it returns by it, late too."""
    guest = world.guest()
    new = refreshed(guest)
    world.clock.move(3 * DAY)
    back = world.connect()
    assert back.sign_in(AuthAnonymous(device_id="d", token=new)).user_id == guest.user_id


def test_expired_guest_by_token(world: World) -> None:
    """A token that has ended brings a guest back only as a guest."""
    guest = world.guest()
    world.clock.move(DAY)
    assert cannot_use(world, guest.token) == EXPIRED


def test_user_as_guest(world: World) -> None:
    """A token of an account brings back no guest."""
    ada = world.register()
    assert world.connect().refusal(AuthAnonymous(device_id="d", token=ada.token)) == INVALID


def test_guest_after_logout(world: World) -> None:
    """A guest who logged out does not return."""
    guest = world.guest()
    guest.send(Disconnect(reason="user_logout"))
    assert world.connect().refusal(AuthAnonymous(device_id="d", token=guest.token)) == INVALID


# Going away


def test_disconnect(world: World) -> None:
    """A client that disconnects gets no answer but the end of the connection."""
    ada = world.register()
    before = len(ada.received)
    ada.raw({"type": "disconnect", "id": "disconnect-12345", "data": {"reason": "user_logout"}})
    assert (ada.received[before:], ada.closed) == ([], (1000, ""))


def test_logout_revokes(world: World) -> None:
    """After a log-out the token is no good."""
    ada = world.register()
    ada.send(Disconnect(reason="user_logout"))
    assert cannot_use(world, ada.token) == INVALID


@pytest.mark.parametrize("reason", ["", "app_closed"])
def test_other_reason(world: World, reason: str) -> None:
    """After any other goodbye the token stays good."""
    ada = world.register()
    ada.send(Disconnect(reason=reason))
    assert (ada.closed, use(world, ada.token).user_id) == ((1000, ""), ada.user_id)


def test_logout_cuts(world: World) -> None:
    """A log-out closes the session's other connections, and says why."""
    ada = world.register()
    tablet = ada.another()
    ada.send(Disconnect(reason="user_logout"))
    assert (tablet.pushes(ConnectionClose), tablet.closed) == (
        [REVOKED],
        (4401, "session_revoked"),
    )


def test_logout_elsewhere(world: World) -> None:
    """A log-out leaves the person's other sessions alone."""
    ada = world.register()
    laptop = world.connect()
    laptop.sign_in(credentials(ada.email))
    ada.send(Disconnect(reason="user_logout"))
    assert (laptop.closed, use(world, laptop.token).user_id) == (None, ada.user_id)


def test_logout_before_sign_in(world: World) -> None:
    """Who signs in right behind a log-out, in one transaction with it, is refused."""
    ada, tablet = world.register(), world.connect()
    with world.batch():
        ada.send(Disconnect(reason="user_logout"))
        late = tablet.send(AuthToken(token=ada.token))
    assert late.refusal() == INVALID


def test_logout_after_sign_in(world: World) -> None:
    """Who signs in right before a log-out, in one transaction with it, is cut."""
    ada, tablet = world.register(), world.connect()
    with world.batch():
        early = tablet.send(AuthToken(token=ada.token))
        ada.send(Disconnect(reason="user_logout"))
    assert (early.reply().success, tablet.pushes(ConnectionClose)) == (True, [REVOKED])


def test_logout_before_event(world: World) -> None:
    """What happens right behind a log-out reaches none of the session's connections."""
    ada, bob = world.register("Ada"), world.register("Bob")
    tablet = ada.another()
    with world.batch():
        ada.send(Disconnect(reason="user_logout"))
        bob.send(SendHug(recipient_id=ada.user_id, hug_type="warm"))
    assert (ada.events(), tablet.events()) == ([], [])


# Accounts from the command line

NEW: dict[str, str] = {
    "email": "Ada@example.com",
    "name": " Ada ",
    "password": PASSWORD,
    "time_zone": "Europe/London",
}


def test_add_account(place: Place) -> None:
    """An account that was opened beside the server can sign in."""
    user_id = add_account(place.open(), **NEW)
    with World(place) as world:
        assert world.connect().request(credentials("ada@example.com")).user_id == user_id


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"email": "nobody"}, "matching regex"),
        ({"password": "1234567"}, "length >= 8"),
        ({"password": "password1"}, "too common"),
        ({"name": " "}, "matching regex"),
        ({"time_zone": "Mars/Olympus"}, "not one of those known"),
    ],
)
def test_add_bad_account(place: Place, fields: dict[str, str], words: str) -> None:
    """What is wrong with an account is said in a line for people."""
    with pytest.raises(ValueError, match=words):
        add_account(place.open(), **(NEW | fields))


def test_add_account_twice(place: Place) -> None:
    """An address that is known is refused in whatever case it is written."""
    database = place.open()
    add_account(database, **NEW)
    with pytest.raises(ValueError, match="already"):
        add_account(database, **(NEW | {"email": "ada@EXAMPLE.com"}))
