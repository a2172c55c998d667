"""Signing in by password, and opening an account (protocol: Authentication)."""

from typing import Any

import pytest

from hugmood.ambient import Instant
from hugmood.errors import Issue
from hugmood.features.auth.messages import AuthAnonymous, AuthResponse
from hugmood.features.auth.passwords import Passwords
from hugmood.wire.limits import Rates
from hugmood.wire.message import AuthFailure, ErrorDetails
from tests.conftest import MakeWorld
from tests.databases import on_sqlite
from tests.device import Device, Message, Sent
from tests.fakes import QuickPasswords
from tests.features.signing import (
    DAY,
    WRONG,
    accounts,
    cannot_use,
    claims,
    credentials,
    registration,
    use,
)
from tests.world import PASSWORD, REMOTE, World


@pytest.fixture
def world(world_on_both: World) -> World:
    """A world on each of the databases."""
    return world_on_both


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
    """What is wrong with a registration is said, field by field."""
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


@pytest.mark.parametrize("after_commit", [False, True])
def test_registration_asked_again(world: World, *, after_commit: bool) -> None:
    """When the writer dies after its work, the account is one's own.

    What it had not answered is asked again; then the address used to be taken.
    """
    device = world.connect()
    world.engine.hold("write")
    sent = device.send(registration())
    world.engine.die(after_commit=after_commit)
    world.engine.release("write")
    world.settle()
    reply = sent.reply()
    assert 1 == accounts(world)
    assert use(world, reply.token or "").user_id == reply.user_id


def test_same_password_is_not_the_same_registration(world: World) -> None:
    """Two who register one address at once, with one password: the second is refused."""
    devices = [world.connect(), world.connect()]
    with world.batch():
        first, second = (device.send(registration()) for device in devices)
    assert first.reply().success
    assert "invalid_request" == getattr(second.refusal(), "error", "")


# Limits of new accounts


def arrive(world: World, remote: str = REMOTE) -> Sent[AuthResponse]:
    """Become a guest."""
    return world.connect(remote=remote).send(AuthAnonymous(device_id="d"))


def test_new_accounts(make_world: MakeWorld) -> None:
    """Guests and accounts from one network address are counted together."""
    world = make_world(rates=Rates(new_accounts_per_hour=3))
    ada = world.register()
    assert [True, True] == [arrive(world).reply().success for _ in range(2)]
    assert too_many(1200) == arrive(world).refusal()
    bob = registration(email="bob@example.com")
    assert too_many(1200) == world.connect().refusal(bob)
    assert arrive(world, "198.51.100.7").reply().success
    assert use(world, ada.token).user_id == ada.user_id
    world.clock.move(1200)
    assert arrive(world).reply().success


def test_returning_guests_are_not_new(make_world: MakeWorld) -> None:
    """Who has a token makes nobody."""
    world = make_world(rates=Rates(new_accounts_per_hour=1))
    guest = world.guest()
    again = AuthAnonymous(device_id="d", token=guest.token)
    assert guest.user_id == world.connect().request(again).user_id


def test_new_accounts_by_default(make_world: MakeWorld) -> None:
    """A class of children may come at once, a flood may not."""
    world = make_world(rates=Rates())
    for _ in range(100):
        assert arrive(world).reply().success
    assert too_many(36) == arrive(world).refusal()


def test_new_accounts_unlimited(make_world: MakeWorld) -> None:
    """Where limits are switched off, nobody counts."""
    world = make_world(limited=False, rates=Rates(new_accounts_per_hour=1))
    assert [True] * 3 == [arrive(world).reply().success for _ in range(3)]


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.9", "192.0.2.9", True),
        ("192.0.2.9", "192.0.2.10", False),
        ("", "", True),
    ],
)
def test_network_address(make_world: MakeWorld, first: str, second: str, *, same: bool) -> None:
    """An IPv6 network of 64 bits is one address: each subscriber has all of it."""
    world = make_world(rates=Rates(new_accounts_per_hour=1))
    assert arrive(world, first).reply().success
    late = arrive(world, second)
    if same:
        assert too_many(3600) == late.refusal()
    else:
        assert late.reply().success


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


def test_failures_as_configured(make_world: MakeWorld) -> None:
    """The operator says how many."""
    world = make_world(rates=Rates(failed_sign_ins_per_account=1, failed_sign_ins_per_address=2))
    ada, bob = world.register("Ada"), world.register("Bob")
    fail(world, 1)
    assert world.connect().refusal(credentials(ada.email)) == too_many(60)
    fail(world, 1, email="eve@example.com")
    assert world.connect().refusal(credentials(bob.email)) == too_many(30)


def test_failures_unlimited(make_world: MakeWorld) -> None:
    """Where limits are switched off, failures are not counted."""
    world = make_world(limited=False)
    ada = world.register()
    fail(world, 31)
    assert world.connect().request(credentials(ada.email)).user_id == ada.user_id
