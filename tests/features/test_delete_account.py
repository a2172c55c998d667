"""Deleting an account (decisions: Account and settings; product: Safety and privacy)."""

from itertools import pairwise
from typing import Any, Final

import pytest
from msgspec import UNSET

from hugmood.features.account import service
from hugmood.features.account.messages import AccountDeleted, DeleteAccount
from hugmood.features.account.store import MANY
from hugmood.features.auth.messages import AuthAnonymous
from hugmood.features.follows.messages import FetchFollowers, FollowUser
from hugmood.features.group_hugs.messages import CreateGroupHug
from hugmood.features.hugs.messages import FetchHugHistory, RequestHug, SendHug
from hugmood.features.moods.messages import FetchMoodHistory
from hugmood.features.status.messages import StatusUpdate, UserStatusChanged
from hugmood.store.database import Dialect
from hugmood.wire.message import ConnectionClose
from tests.databases import Place
from tests.device import Device, Refused
from tests.features.leaving import COLUMNS, key_of, leave, traces
from tests.features.people import feel, hug
from tests.features.signing import credentials
from tests.world import World

NO_ACCOUNT: Final = {
    "alembic_version": "no person",
    "stream_head.user_key": "dropped with the stream: `Streams.drop`",
    "inbox.user_key": "dropped with the stream: `Streams.drop`",
    "remembered_reply.user_key": "deleted in pieces; what comes after that is forgotten in a week",
    "group_hug_member.group_key": "a group hug's, which cascades by itself",
    "hug_request_target.request_key": "a request's, which cascades by itself",
}
"""Columns that end in `_key` and do not cascade with an account, and why that is right."""

SMALL: Final = {
    "status.user_key",
    "settings.user_key",
    "mood_tally.user_key",
    "name_word.user_key",
    "badge.user_key",
    "badge_progress.user_key",
    "support_card.user_key",
}
"""Columns with a few rows of each person at most: they need not go in pieces."""

CASCADES: Final[dict[Dialect, str]] = {
    "sqlite": """
        SELECT m.name, f."from" FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f
        WHERE m.type = 'table' AND f."table" = 'account' AND f.on_delete = 'CASCADE'
    """,
    "postgres": """
        SELECT c.conrelid::regclass::text, a.attname
        FROM pg_constraint c JOIN pg_attribute a
            ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)
        WHERE c.contype = 'f' AND c.confdeltype = 'c' AND c.confrelid = 'account'::regclass
    """,
}


@pytest.fixture
def world(world_on_both: World) -> World:
    """A world on each of the databases."""
    return world_on_both


@pytest.fixture
def ada(world: World) -> Device:
    """Somebody who leaves."""
    return world.register("Ada")


@pytest.fixture
def bob(world: World) -> Device:
    """Somebody who stays."""
    return world.register("Bob")


def follow(one: Device, other: Device) -> None:
    """Have the one follow the other."""
    one.request(FollowUser(target_user_id=other.user_id, action="follow"))


def live(ada: Device, bob: Device) -> None:
    """Do a little of everything."""
    follow(ada, bob)
    follow(bob, ada)
    feel(ada, is_public=True, note="Hello", tags=["one"])
    hug(ada, bob, message="From Ada")
    hug(bob, ada)
    for one, other in ((ada, bob), (bob, ada)):
        one.request(CreateGroupHug(name="Together", invitee_ids=[other.user_id]))
        one.request(RequestHug(target_type="user", target_id=other.user_id))
    ada.request(StatusUpdate(status="away", custom_message="Gone fishing"))


def wait(world: World) -> None:
    """Let a minute and some more pass: then all is gone, down to what the log had."""
    for _ in range(80):
        world.clock.move(1)


def test_nothing_is_left(world: World, ada: Device, bob: Device) -> None:
    """No row of any table names a person who left, however much they did."""
    live(ada, bob)
    user = key_of(world, ada)
    assert len(traces(world, user)) > 8
    assert AccountDeleted() == leave(ada)
    wait(world)
    assert {} == traces(world, user)


def test_gone_for_others(world: World, ada: Device, bob: Device) -> None:
    """Hugs of both are out of the other's history, and so are follows and the person."""
    live(ada, bob)
    leave(ada)
    missing = bob.refusal(FetchMoodHistory(user_id=ada.user_id))
    assert "not_found" == missing.code  # type: ignore[union-attr]
    world.clock.move(5)
    assert 0 == bob.request(FetchHugHistory()).total_count
    assert 0 == bob.request(FetchFollowers()).total_count
    with pytest.raises(Refused, match="not_found"):
        hug(bob, ada)


def test_events_are_not_replayed(world: World, ada: Device, bob: Device) -> None:
    """Whoever was away gets nothing of a person who left."""
    follow(bob, ada)
    last = bob.position
    bob.drop()
    feel(ada, is_public=True)
    hug(ada, bob, message="From Ada")
    leave(ada)
    world.clock.move(5)
    again = bob.another(last=last)
    assert [] == again.events()


def test_sockets_are_cut(world: World, ada: Device) -> None:
    """Every device of every session is told, the one that asked after its reply."""
    same, other = ada.another(), world.connect()
    other.sign_in(credentials(ada.email))
    leave(ada)
    for device in (ada, same, other):
        assert ["session_revoked"] == [close.code for close in device.pushes(ConnectionClose)]
        assert device.closed is not None
        assert 4401 == device.closed.code
    assert ["delete_account_response", "connection_close"] == [m.type for m in ada.received[-2:]]


@pytest.mark.parametrize("seconds", [0, 5])
def test_no_way_back(world: World, ada: Device, seconds: int) -> None:
    """Neither token nor password opens an account that is being deleted, or is gone."""
    leave(ada)
    world.clock.move(seconds)
    with pytest.raises(Refused, match="invalid_auth"):
        ada.another()
    refusal = world.connect().refusal(credentials(ada.email))
    assert "invalid_credentials" == refusal.error  # type: ignore[union-attr]


def test_address_is_free(world: World, ada: Device) -> None:
    """Somebody can register with the address at once, and is somebody else."""
    leave(ada)
    new = world.register("Ada", email=ada.email)
    assert new.user_id != ada.user_id
    world.clock.move(5)
    feel(new)
    assert 1 == new.request(FetchMoodHistory()).total_count


def test_wrong_password(world: World, ada: Device) -> None:
    """Without the right password nothing happens, and after five tries not even that."""
    for _ in range(5):
        error = ada.refusal(DeleteAccount(password="not the password"))
        assert "invalid_request" == error.code  # type: ignore[union-attr]
        assert ("data.password", "unknown_value") == (error.details.field, error.details.issue)  # type: ignore[union-attr]
    limited = ada.refusal(DeleteAccount(password=ada.password))
    assert "rate_limit_exceeded" == limited.code  # type: ignore[union-attr]
    world.clock.move(61)
    assert AccountDeleted() == leave(ada)


def test_password_is_needed(ada: Device) -> None:
    """Somebody with a password has to say it."""
    error = ada.refusal(DeleteAccount())
    assert error.details is not UNSET
    assert "required_field_missing" == error.details.issue


def test_guest(world: World) -> None:
    """A guest, who has no password, leaves without; the old token brings nobody back."""
    guest = world.guest()
    feel(guest)
    user = key_of(world, guest)
    assert AccountDeleted() == guest.request(DeleteAccount())
    wait(world)
    assert {} == traces(world, user)
    with pytest.raises(Refused, match="invalid_auth"):
        world.connect().sign_in(AuthAnonymous(device_id="device-abcdef", token=guest.token))


def test_followers_see_them_go(world: World, ada: Device, bob: Device) -> None:
    """Followers who saw them online are told that they are offline, once and for all."""
    follow(bob, ada)
    leave(ada)
    world.clock.move(60)
    told = bob.pushes(UserStatusChanged)
    assert told
    assert {(ada.user_id, "offline")} == {(one.user_id, one.status) for one in told}


def test_twice_in_one_batch(world: World, ada: Device) -> None:
    """One of two devices that ask at once hears that it is done, the other is cut."""
    other = ada.another()
    with world.batch():
        first = ada.send(DeleteAccount(password=ada.password))
        other.send(DeleteAccount(password=ada.password))
    assert AccountDeleted() == first.reply()
    assert ["session_revoked"] == [close.code for close in other.pushes(ConnectionClose)]


def test_commands_behind_it(world: World, ada: Device, bob: Device) -> None:
    """What a person still sends while leaving does not outlive the account."""
    user = key_of(world, ada)
    with world.batch():
        ada.send(DeleteAccount(password=ada.password))
        ada.send(SendHug(recipient_id=bob.user_id, hug_type="warm"))
    wait(world)
    assert {} == traces(world, user)
    assert 0 == bob.request(FetchHugHistory()).total_count


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> int:
    """Delete three rows at a time."""
    monkeypatch.setattr(service, "PIECE", 3)
    return 3


def rows(world: World, user: int) -> int:
    """How much there is to delete in pieces: a stream is bounded and goes as one."""
    whole = {"account", "stream_head", "inbox"}
    return sum(n for (table, _), n in traces(world, user).items() if table not in whole)


def test_in_pieces(world: World, ada: Device, bob: Device, small_pieces: int) -> None:
    """No transaction deletes more than a piece, and the account's own row goes last."""
    live(ada, bob)
    user = key_of(world, ada)
    leave(ada)
    left = [rows(world, user)]
    for _ in range(20):
        piece(world)
        left.append(rows(world, user))
        assert left[-2] - left[-1] <= 2 * small_pieces  # a row can name somebody twice
    pieces = [one - other for one, other in pairwise(left) if one != other]
    assert len(pieces) > 4


def piece(world: World) -> None:
    """Let the writer look into the schedule, once."""
    world.clock.moved.clear()
    world.clock.move(1)
    list(world.engine._works["write"].answers([]))


@pytest.mark.parametrize("after_commit", [False, True])
def test_writer_dies(
    world: World, ada: Device, bob: Device, small_pieces: int, *, after_commit: bool
) -> None:
    """A writer that dies between two pieces, or in one, goes on where it was."""
    live(ada, bob)
    user = key_of(world, ada)
    leave(ada)
    moved = world.clock.moved[:]
    piece(world)
    assert traces(world, user)
    world.clock.moved += moved
    world.turn(lambda: world.engine.die(after_commit=after_commit))
    wait(world)
    assert {} == traces(world, user)


@pytest.mark.parametrize("after_commit", [False, True])
def test_writer_dies_before_the_answer(world: World, ada: Device, *, after_commit: bool) -> None:
    """The account is deleted once, and the person hears of it."""
    user = key_of(world, ada)
    world.engine.hold("write")
    sent = ada.send(DeleteAccount(password=ada.password))
    world.engine.release("write")
    world.turn(lambda: world.engine.die(after_commit=after_commit))
    assert AccountDeleted() == sent.reply()
    wait(world)
    assert {} == traces(world, user)


def cascading(place: Place) -> set[str]:
    """The columns that go with an account, as `table.column`."""
    with place.open().transaction(write=False) as tx:
        return {f"{table}.{column}" for table, column in tx.rows(CASCADES[tx.dialect])}


def test_every_table_knows_of_deletion(place: Place) -> None:
    """A column that names a person goes with the person, or it is said why not."""
    with place.open().transaction(write=False) as tx:
        found: list[Any] = tx.rows(COLUMNS[tx.dialect])
    keys = {f"{table}.{column}" for table, column in found if column.endswith("_key")}
    assert set() == keys - cascading(place) - set(NO_ACCOUNT)


def test_every_large_table_goes_in_pieces(place: Place) -> None:
    """What can be much is deleted a piece at a time, before the account's own row."""
    pieces = {f"{rows.table}.{rows.column}" for rows in MANY if not rows.through}
    assert set() == cascading(place) - pieces - SMALL
