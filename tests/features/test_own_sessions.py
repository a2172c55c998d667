"""Where one is signed in, and ending it (decisions: Account and settings)."""

import pytest

from hugmood.features.auth.messages import (
    ChangePassword,
    Disconnect,
    FetchSessions,
    RevokeSession,
    SessionItem,
    SessionPage,
    SessionRevoked,
)
from hugmood.wire.message import ConnectionClose, Error, ErrorDetails
from tests.databases import on_sqlite
from tests.device import Device
from tests.features.signing import (
    DAY,
    INVALID,
    REVOKED,
    cannot_use,
    claims,
    credentials,
    refreshed,
    use,
)
from tests.world import PASSWORD, World


@pytest.fixture
def world(world_on_both: World) -> World:
    """A world on each of the databases."""
    return world_on_both


@pytest.fixture
def ada(world: World) -> Device:
    """Somebody."""
    return world.register("Ada")


def signed_in(ada: Device, *, remember_me: bool = False) -> Device:
    """Sign somebody in once more, in a session of its own, a second later."""
    ada.world.clock.move(1)
    device = ada.world.connect()
    device.sign_in(credentials(ada.email, remember_me=remember_me))
    return device


def session(device: Device) -> str:
    """The id of a device's session."""
    return claims(device).session_id


def listed(device: Device) -> list[str]:
    """The sessions in somebody's list."""
    return [item.session_id for item in device.request(FetchSessions()).items]


# The list


def test_sessions(world: World, ada: Device) -> None:
    """Sessions are listed with their time, newest first, one's own marked."""
    first = world.clock.after(0)
    tablet = signed_in(ada, remember_me=True)
    assert ada.request(FetchSessions()) == SessionPage(
        data_type="sessions",
        total_count=2,
        as_of_sequence=0,
        items=[
            SessionItem(
                session_id=session(tablet),
                created_at=world.clock.after(0),
                expires_at=world.clock.after(31 * DAY),
                current=False,
            ),
            SessionItem(
                session_id=session(ada),
                created_at=first,
                expires_at=world.clock.after(DAY - 1),
                current=True,
            ),
        ],
    )


def test_one_session_of_two_sockets(ada: Device) -> None:
    """Two connections with one token are one session, and current for both."""
    phone = ada.another()
    assert [item.current for item in phone.request(FetchSessions()).items] == [True]


def test_guest(world: World) -> None:
    """A guest has a session too."""
    guest = world.guest()
    assert listed(guest) == [session(guest)]


def test_what_is_over(world: World, ada: Device) -> None:
    """Sessions that ended, in whatever way, are not listed."""
    gone, short = signed_in(ada), signed_in(ada)
    kept = signed_in(ada, remember_me=True)
    gone.send(Disconnect(reason="user_logout"))
    assert len(listed(kept)) == 3
    world.clock.move(DAY)
    assert (session(short) in listed(kept), listed(kept)) == (False, [session(kept)])


def test_refreshed(world: World, ada: Device) -> None:
    """A session whose next token was not used yet lasts as long as that one."""
    world.clock.move(DAY - 10)
    token = refreshed(ada)
    kept = signed_in(ada)
    world.clock.move(100)
    assert listed(kept) == [session(kept), session(ada)]
    use(world, token)
    assert listed(kept) == [session(kept), session(ada)]


def test_pages(ada: Device) -> None:
    """The list has pages."""
    tablet = signed_in(ada)
    pages = [ada.request(FetchSessions(limit=1, offset=offset)) for offset in range(3)]
    ids = [[item.session_id for item in page.items] for page in pages]
    assert ids == [[session(tablet)], [session(ada)], []]
    assert [page.total_count for page in pages] == [2, 2, 2]


def test_list_is_private(world: World, ada: Device) -> None:
    """Nobody sees where others are signed in."""
    bob = world.register("Bob")
    refusal = bob.refusal(FetchSessions(user_id=ada.user_id))
    assert isinstance(refusal, Error)
    assert (refusal.code, listed(bob)) == ("permission_denied", [session(bob)])


# Ending one


def test_revoke_session(world: World, ada: Device) -> None:
    """An ended session's sockets are cut at once, and its token is no good."""
    tablet = signed_in(ada)
    reply = ada.request(RevokeSession(session_id=session(tablet)))
    assert reply == SessionRevoked(session_id=session(tablet))
    assert (tablet.pushes(ConnectionClose), tablet.closed) == ([REVOKED], (4401, "session_revoked"))
    assert (cannot_use(world, tablet.token), listed(ada)) == (INVALID, [session(ada)])


def test_revoke_current_session(world: World, ada: Device) -> None:
    """One's own session ends after the reply, on all its connections."""
    phone, tablet = ada.another(), signed_in(ada)
    assert ada.request(RevokeSession(session_id=session(ada))).success
    assert [message.type for message in ada.received[-2:]] == [
        "revoke_session_response",
        "connection_close",
    ]
    assert [device.closed is None for device in (ada, phone, tablet)] == [False, False, True]
    assert cannot_use(world, ada.token) == INVALID


def test_revoke_twice(ada: Device) -> None:
    """To end a session that is over is no error."""
    tablet = signed_in(ada)
    replies = [ada.request(RevokeSession(session_id=session(tablet))) for _ in range(2)]
    assert replies == [SessionRevoked(session_id=session(tablet))] * 2


@pytest.mark.parametrize("whose", ["nobody's", "another's"])
def test_revoke_what_is_not_ones_own(world: World, ada: Device, whose: str) -> None:
    """Another's session and one that is not there are the same, and nothing ends."""
    bob = world.register("Bob")
    refusal = bob.refusal(
        RevokeSession(session_id=session(ada) if whose == "another's" else "session-1")
    )
    assert isinstance(refusal, Error)
    assert (refusal.code, refusal.details) == ("not_found", ErrorDetails(field="data.sessionId"))
    assert (ada.closed, use(world, ada.token).user_id) == (None, ada.user_id)


@pytest.mark.parametrize("after_commit", [False, True])
def test_writer_dies(world: World, ada: Device, after_commit: bool) -> None:  # noqa: FBT001 (a case)
    """The end of a session closes its sockets, though the writer dies before it says so."""
    tablet = signed_in(ada)
    world.engine.hold("write")
    sent = ada.send(RevokeSession(session_id=session(tablet)))
    world.engine.release("write")
    world.engine.die(after_commit=after_commit)
    world.settle()
    assert (sent.reply().success, tablet.closed) == (True, (4401, "session_revoked"))


def test_effort(world: World, ada: Device) -> None:
    """To end all other sessions takes no more statements the more there are."""
    signed_in(ada)
    with world.statements() as few:
        ada.request(ChangePassword(password=PASSWORD, new_password="a first new one"))
    for _ in range(4):
        world.clock.move(1)
        world.connect().sign_in(credentials(ada.email, "a first new one"))
    with world.statements() as many:
        ada.request(ChangePassword(password="a first new one", new_password="a second one"))
    assert (len(many), len(few) > 0) == (len(few), True)


@on_sqlite
@pytest.mark.parametrize(
    ("data", "issue"),
    [
        ({}, "required_field_missing"),
        ({"sessionId": ""}, "invalid_format"),
        ({"sessionId": 7}, "invalid_type"),
    ],
)
def test_bad_revocation(ada: Device, data: dict[str, object], issue: str) -> None:
    """What is wrong is said."""
    (error,) = ada.raw({"type": "revoke_session", "id": "msg-1", "data": data})
    assert error.data["details"] == {"field": "data.sessionId", "issue": issue}
