"""Sessions: on live connections, of guests, and how they end."""

import pytest
from msgspec import UNSET

from hugmood.features.auth.messages import (
    AuthAnonymous,
    AuthRefresh,
    AuthRegister,
    AuthResponse,
    AuthToken,
    Disconnect,
)
from hugmood.features.follows.messages import FetchFollowing
from hugmood.features.hugs.messages import SendHug
from hugmood.store.database import DatabaseUnavailable
from hugmood.wire.message import ConnectionClose
from tests.features.signing import (
    DAY,
    EXPIRED,
    INVALID,
    REVOKED,
    SOMEONE_ELSE,
    accounts,
    cannot_use,
    credentials,
    refreshed,
    registration,
    sessions,
    use,
)
from tests.world import World


@pytest.fixture
def world(world_on_both: World) -> World:
    """A world on each of the databases."""
    return world_on_both


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


def test_logout_that_fails(world: World) -> None:
    """Where the database is gone the person is told, and can log out later.

    It used to close with 1000, and the token stayed good.
    """
    ada = world.register()
    world.database.breaks_at_begin = DatabaseUnavailable("gone")
    error = ada.refusal(Disconnect(reason="user_logout"))
    assert ("server_error", None) == (getattr(error, "code", ""), ada.closed)
    world.database.breaks_at_begin = None
    ada.send(Disconnect(reason="user_logout"))
    assert (1000, "") == ada.closed
    assert cannot_use(world, ada.token) == INVALID


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
