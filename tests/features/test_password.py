"""Changing the password (decisions: Account and settings, Connection)."""

from typing import Any

import pytest

from hugmood.features.auth.messages import ChangePassword, PasswordChanged
from hugmood.features.profile.messages import UpdateProfile
from hugmood.wire.message import ConnectionClose, Error, ErrorDetails
from tests.databases import on_sqlite
from tests.device import Device
from tests.features.signing import (
    INVALID,
    MINUTE,
    REVOKED,
    WRONG,
    cannot_use,
    credentials,
    refreshed,
    use,
)
from tests.world import PASSWORD, World

NEW = "a quite different one"
CHANGE = ChangePassword(password=PASSWORD, new_password=NEW)


@pytest.fixture
def world(world_on_both: World) -> World:
    """A world on each of the databases."""
    return world_on_both


@pytest.fixture
def ada(world: World) -> Device:
    """Somebody."""
    return world.register("Ada")


def signed_in(world: World, ada: Device, password: str = PASSWORD) -> Device:
    """Sign somebody in once more, in a session of its own."""
    device = world.connect()
    device.email, device.password = ada.email, password
    device.sign_in(credentials(ada.email, password))
    return device


def details(device: Device, command: ChangePassword) -> Any:  # noqa: ANN401 (to be compared)
    """Why a change is refused: code and details."""
    refusal = device.refusal(command)
    assert isinstance(refusal, Error)
    return refusal.code, refusal.details


def test_change_password(world: World, ada: Device) -> None:
    """From now on the new password signs in, and the old one does not."""
    assert ada.request(CHANGE) == PasswordChanged()
    assert world.connect().refusal(credentials(ada.email)) == WRONG
    assert signed_in(world, ada, NEW).user_id == ada.user_id


def test_other_sessions_end(world: World, ada: Device) -> None:
    """All other sessions end, their sockets at once; the asker's session goes on."""
    phone, tablet = ada.another(), signed_in(world, ada)
    away = signed_in(world, ada)
    away.drop()
    ada.request(CHANGE)
    assert (tablet.pushes(ConnectionClose), tablet.closed) == ([REVOKED], (4401, "session_revoked"))
    assert [cannot_use(world, device.token) for device in (tablet, away)] == [INVALID, INVALID]
    assert (ada.closed, phone.closed) == (None, None)
    assert use(world, ada.token).user_id == ada.user_id


def test_refreshed_session_ends(world: World, ada: Device) -> None:
    """A session ends with all its tokens, the one to come included."""
    token = refreshed(signed_in(world, ada))
    ada.request(CHANGE)
    assert cannot_use(world, token) == INVALID


def test_others_stay(world: World, ada: Device) -> None:
    """Nobody else is signed out."""
    bob = world.register("Bob")
    ada.request(CHANGE)
    assert (bob.closed, use(world, bob.token).user_id) == (None, bob.user_id)


def test_wrong_password(world: World, ada: Device) -> None:
    """Without the old password nothing is changed."""
    tablet = signed_in(world, ada)
    refused = details(ada, ChangePassword(password="not this", new_password=NEW))
    wanted = ErrorDetails(field="data.password", issue="unknown_value")
    assert refused == ("invalid_request", wanted)
    assert (tablet.closed, signed_in(world, ada).user_id) == (None, ada.user_id)


def test_too_common(ada: Device) -> None:
    """A password that everybody has is refused."""
    refused = details(ada, ChangePassword(password=PASSWORD, new_password="password1"))
    wanted = ErrorDetails(field="data.newPassword", issue="unknown_value")
    assert refused == ("invalid_request", wanted)


def test_guest(world: World) -> None:
    """Guests have no password."""
    assert details(world.guest(), CHANGE)[0] == "permission_denied"


@on_sqlite
@pytest.mark.parametrize(
    ("data", "field", "issue"),
    [
        ({"password": PASSWORD}, "data.newPassword", "required_field_missing"),
        ({"newPassword": NEW}, "data.password", "required_field_missing"),
        ({"password": PASSWORD, "newPassword": "short"}, "data.newPassword", "invalid_format"),
        ({"password": PASSWORD, "newPassword": "x" * 129}, "data.newPassword", "too_long"),
        ({"password": "x" * 129, "newPassword": NEW}, "data.password", "too_long"),
        ({"password": 7, "newPassword": NEW}, "data.password", "invalid_type"),
    ],
)
def test_bad_change(ada: Device, data: dict[str, object], field: str, issue: str) -> None:
    """What is wrong is said, field by field."""
    (error,) = ada.raw({"type": "change_password", "id": "msg-1", "data": data})
    assert error.data["details"] == {"field": field, "issue": issue}


# Twice, at once, and too often


def test_repeated(ada: Device) -> None:
    """A change that is sent again, its answer lost, is answered and not done again."""
    ada.request(CHANGE, id="msg-1")
    assert ada.another().request(CHANGE, id="msg-1") == PasswordChanged()


def test_repeated_while_running(world: World, ada: Device) -> None:
    """A change that is sent again while the first still runs gets the same answer."""
    phone = ada.another()
    with world.batch():
        sent = [device.send(CHANGE, id="msg-1") for device in (ada, phone)]
    assert [one.reply() for one in sent] == [PasswordChanged()] * 2


def test_repeated_with_another_password(ada: Device) -> None:
    """The same id with another password is refused."""
    ada.request(CHANGE, id="msg-1")
    other = ChangePassword(password=NEW, new_password="yet another one")
    refusal = ada.another().refusal(other, id="msg-1")
    assert isinstance(refusal, Error)
    assert refusal.details == ErrorDetails(field="id", issue="id_reused")


@pytest.mark.parametrize("after_commit", [False, True])
def test_writer_dies(world: World, ada: Device, after_commit: bool) -> None:  # noqa: FBT001 (a case)
    """A change is done once and answered, though the writer dies before or after it."""
    world.engine.hold("write")
    sent = ada.send(CHANGE)
    world.engine.release("write")
    world.engine.die(after_commit=after_commit)
    world.settle()
    assert sent.reply() == PasswordChanged()
    assert signed_in(world, ada, NEW).user_id == ada.user_id


def test_two_changes_at_once(world: World, ada: Device) -> None:
    """Of two changes at once, both checked with the old password, the first counts."""
    phone = ada.another()
    with world.batch():
        first = ada.send(CHANGE)
        second = phone.send(ChangePassword(password=PASSWORD, new_password="yet another one"))
    assert first.reply() == PasswordChanged()
    refusal = second.refusal()
    assert isinstance(refusal, Error)
    assert refusal.details == ErrorDetails(field="data.password", issue="unknown_value")
    assert signed_in(world, ada, NEW).user_id == ada.user_id


def test_sign_in_at_once(world: World, ada: Device) -> None:
    """Who signs in with the old password while it is changed does not get in."""
    thief = world.connect()
    with world.batch():
        ada.send(CHANGE)
        sent = thief.send(credentials(ada.email))
    assert sent.refusal() == WRONG


def test_order_of_replies(world: World, ada: Device) -> None:
    """What is sent after a change is answered after it."""
    world.engine.hold("check")
    ada.send(CHANGE, id="msg-1")
    ada.send(UpdateProfile(name="Ada L."), id="msg-2")
    assert [message.id for message in ada.received][1:] == []
    world.engine.release("check")
    world.settle()
    assert [message.id for message in ada.received][1:] == ["msg-1-resp", "msg-2-resp"]


def test_tried_too_often(world: World, ada: Device) -> None:
    """After five tries in a minute one has to wait, with the right password too."""
    wrong = ChangePassword(password="not this", new_password=NEW)
    codes = [details(ada, wrong)[0] for _ in range(5)]
    code, limit = details(ada, CHANGE)
    assert (set(codes), code, limit.retry_after) == ({"invalid_request"}, "rate_limit_exceeded", 12)
    world.clock.move(MINUTE)
    assert ada.request(CHANGE) == PasswordChanged()
