"""Lists of requests for hugs (decisions: Follows, notifications, fetch)."""

import re
from typing import Any

import pytest

from hugmood.features.hugs.messages import (
    FetchHugRequests,
    HugRequestFilters,
    HugRequestItem,
    HugRequestPage,
)
from hugmood.store.sqlite import Sqlite
from hugmood.wire.message import Error
from tests.databases import on_sqlite
from tests.device import Device
from tests.features.bonds import block, unblock
from tests.features.people import accept, ask, decline, follow
from tests.world import World

HOUR = 3600


@pytest.fixture
def world(world_on_both: World) -> World:
    """A world on each of the databases."""
    return world_on_both


@pytest.fixture
def ada(world: World) -> Device:
    """Somebody."""
    return world.register("Ada")


@pytest.fixture
def bob(world: World) -> Device:
    """Somebody else."""
    return world.register("Bob")


@pytest.fixture
def eve(world: World) -> Device:
    """A third."""
    return world.register("Eve")


def listed(device: Device, **filters: Any) -> list[tuple[str, str, str]]:  # noqa: ANN401 (passed on)
    """Id, direction and status of the requests in someone's list."""
    page = device.request(FetchHugRequests(limit=100, filters=HugRequestFilters(**filters)))
    found: list[tuple[str, str, str]] = [(i.id, i.direction, i.status) for i in page.items]
    assert page.total_count == len(found)
    return found


def test_empty(ada: Device) -> None:
    """A newcomer has asked nobody, and was asked by nobody."""
    assert ada.request(FetchHugRequests()) == HugRequestPage(
        data_type="hug_requests", total_count=0, as_of_sequence=0, items=[]
    )


def test_both_sides(world: World, ada: Device, bob: Device) -> None:
    """Both see the request, each with the other's name."""
    asked = ask(ada, bob, message="Please")
    now = world.clock.after(0)
    (sent,) = ada.request(FetchHugRequests()).items
    assert sent == HugRequestItem(
        id=asked.request_id,
        direction="sent",
        status="open",
        user_id=bob.user_id,
        user_name="Bob",
        target_type="user",
        target_id=bob.user_id,
        message="Please",
        accepted_count=0,
        created_at=now,
        expires_at=asked.expires_at,
    )
    page = bob.request(FetchHugRequests())
    assert (page.as_of_sequence, page.items) == (
        1,
        [
            HugRequestItem(
                id=asked.request_id,
                direction="received",
                status="open",
                user_id=ada.user_id,
                user_name="Ada",
                message="Please",
                created_at=now,
                expires_at=asked.expires_at,
            )
        ],
    )


def test_followers(world: World, ada: Device, bob: Device, eve: Device) -> None:
    """A request to all followers names nobody, and counts those who said yes."""
    for device in (bob, eve):
        follow(device, ada)
    asked = ask(ada, ada, target_type="followers")
    for device in (bob, eve):
        accept(device, asked.request_id)
    assert ada.request(FetchHugRequests()).items == [
        HugRequestItem(
            id=asked.request_id,
            direction="sent",
            status="accepted",
            target_type="followers",
            accepted_count=2,
            created_at=world.clock.after(0),
            expires_at=asked.expires_at,
        )
    ]


def test_accepted(ada: Device, bob: Device) -> None:
    """Who said yes finds the hug beside the request."""
    answered = accept(bob, ask(ada, bob).request_id)
    (item,) = bob.request(FetchHugRequests()).items
    assert (item.status, item.hug_id) == ("accepted", answered.hug_id)


def test_status(world: World, ada: Device, bob: Device) -> None:
    """What became of a request; that one was declined only who did it sees."""
    late, yes, no, still = (ask(ada, bob, expires_after=s).request_id for s in (60, 90, 90, 90))
    accept(bob, yes)
    decline(bob, no)
    world.clock.move(60)
    assert (listed(ada), listed(bob)) == (
        [
            (still, "sent", "open"),
            (no, "sent", "open"),
            (yes, "sent", "accepted"),
            (late, "sent", "expired"),
        ],
        [
            (still, "received", "open"),
            (no, "received", "declined"),
            (yes, "received", "accepted"),
            (late, "received", "expired"),
        ],
    )
    world.clock.move(30)
    assert [status for *_, status in listed(ada)] == ["expired", "expired", "accepted", "expired"]
    assert [status for *_, status in listed(bob)] == ["expired", "declined", "accepted", "expired"]


@pytest.mark.parametrize("status", ["open", "accepted", "declined", "expired"])
@pytest.mark.parametrize("direction", [None, "sent", "received"])
def test_filters(
    world: World, ada: Device, bob: Device, direction: str | None, status: str
) -> None:
    """Requests are listed and counted by direction and by status."""
    for one, other in ((ada, bob), (bob, ada)):
        ask(one, other, expires_after=60)
        accept(other, ask(one, other).request_id)
        decline(other, ask(one, other).request_id)
        ask(one, other)
    world.clock.move(60)
    wanted = [
        item
        for item in listed(ada)
        if item[2] == status and (direction is None or item[1] == direction)
    ]
    filters = {"direction": direction, "status": status} if direction else {"status": status}
    assert listed(ada, **filters) == wanted
    assert bool(wanted) is ((direction, status) != ("sent", "declined"))


def to_and_fro(world: World, ada: Device, bob: Device, count: int) -> list[str]:
    """Have the two ask each other in turn, once a minute; the ids, newest first."""
    ids: list[str] = []
    for number in range(count):
        one, other = (ada, bob) if number % 2 else (bob, ada)
        ids.insert(0, ask(one, other).request_id)
        world.clock.move(60)
    return ids


@pytest.mark.parametrize(("limit", "offset"), [(2, 0), (3, 1), (100, 4), (2, 5), (1, 6)])
def test_paging(world: World, ada: Device, bob: Device, limit: int, offset: int) -> None:
    """Sent and received are one list, newest first; a page knows the whole count."""
    ids = to_and_fro(world, ada, bob, 5)
    page = ada.request(FetchHugRequests(limit=limit, offset=offset))
    assert ([item.id for item in page.items], page.total_count) == (
        ids[offset : offset + limit],
        5,
    )


def test_same_moment(ada: Device, bob: Device) -> None:
    """Requests of the same moment have an order too, so that pages fit together."""
    ids = [ask(one, other).request_id for one, other in [(ada, bob), (bob, ada)] * 3]
    pages = [ada.request(FetchHugRequests(limit=1, offset=n)).items[0].id for n in range(6)]
    assert pages == ids[::-1]


def test_by_time(world: World, ada: Device, bob: Device) -> None:
    """Both bounds of a time filter belong to what is listed and counted."""
    ids = to_and_fro(world, ada, bob, 5)
    found = listed(ada, start_date=world.clock.after(-240), end_date=world.clock.after(-120))
    assert [one for one, *_ in found] == ids[1:4]


@pytest.mark.parametrize("bounds", [{"start_date": 1}, {"end_date": -1}])
def test_beyond_bounds(world: World, ada: Device, bob: Device, bounds: dict[str, int]) -> None:
    """A request a moment beyond a bound is not listed."""
    ask(ada, bob)
    filters = {name: world.clock.after(offset / 1000) for name, offset in bounds.items()}
    assert listed(ada, **filters) == []


def test_of_others(ada: Device, bob: Device) -> None:
    """Whom others ask is private."""
    refusal = ada.refusal(FetchHugRequests(user_id=bob.user_id))
    assert isinstance(refusal, Error)
    assert refusal.code == "permission_denied"


def test_apart(ada: Device, bob: Device, eve: Device) -> None:
    """Requests between others are in nobody else's list."""
    ask(ada, bob)
    assert listed(eve) == []


def test_blocked(ada: Device, bob: Device, eve: Device) -> None:
    """Requests of those one blocks are left out for as long as one does."""
    before, other = ask(ada, bob).request_id, ask(eve, bob).request_id
    block(bob, ada)
    during = listed(bob)
    unblock(bob, ada)
    assert during == [(other, "received", "open")]
    assert [one for one, *_ in listed(bob)] == [other, before]


def test_blocked_by_the_asker(ada: Device, bob: Device) -> None:
    """Nobody sees from their list that they were blocked."""
    ask(ada, bob)
    before = listed(bob)
    block(ada, bob)
    assert listed(bob) == before


def test_account_gone(world: World, ada: Device, bob: Device, eve: Device) -> None:
    """With an account go the requests it made, and its name from those made to it."""
    to_bob, _ = ask(ada, bob).request_id, ask(bob, eve)
    with world.database.transaction(write=True) as tx:
        tx.execute("DELETE FROM account WHERE id = :id", {"id": bob.user_id})
    (item,) = ada.request(FetchHugRequests()).items
    assert (item.id, item.target_id, item.user_name or None) == (to_bob, bob.user_id, None)
    assert listed(eve) == []


def test_effort(world: World, ada: Device, bob: Device) -> None:
    """A longer page takes no more statements than a short one."""
    to_and_fro(world, ada, bob, 6)
    with world.statements() as few:
        ada.request(FetchHugRequests(limit=1))
    with world.statements() as many:
        ada.request(FetchHugRequests(limit=6))
    assert (len(many), len(few) > 0) == (len(few), True)


@on_sqlite
@pytest.mark.parametrize("direction", [None, "sent", "received"])
def test_index(world: World, ada: Device, bob: Device, direction: str | None) -> None:
    """Each side is read from an index that covers it, in its order, to where a page ends."""
    filters = {"direction": direction, "status": "open"} if direction else {"status": "open"}
    with world.statements() as statements:
        listed(ada, **filters)
    inner = world.database._inner
    assert isinstance(inner, Sqlite)
    names = ("user", "start", "end", "now", "status", "limit", "offset", "reach")
    plans = [
        detail
        for sql in statements
        if "hug_request" in sql
        for *_, detail in inner._connection.execute(
            f"EXPLAIN QUERY PLAN {sql}", dict.fromkeys(names, 0)
        )
    ]
    sides = {"sent": "r", "received": "t"}
    for side in [direction] if direction else sides:
        alias = sides[side]
        ours = [plan for plan in plans if plan.startswith(f"SEARCH {alias} USING COVERING INDEX")]
        assert len(ours) == 2
    assert [] == [plan for plan in plans if re.match(r"SCAN [rt]\b", plan)]


@on_sqlite
@pytest.mark.parametrize(
    ("data", "field", "issue"),
    [
        ({"limit": 0}, "data.limit", "out_of_range"),
        ({"filters": []}, "data.filters", "invalid_type"),
        ({"filters": {"status": "lost"}}, "data.filters.status", "unknown_value"),
        ({"filters": {"direction": "up"}}, "data.filters.direction", "unknown_value"),
        ({"filters": {"startDate": "yesterday"}}, "data.filters.startDate", "invalid_format"),
    ],
)
def test_bad_query(ada: Device, data: dict[str, object], field: str, issue: str) -> None:
    """What is wrong with a query is said."""
    message = {"type": "fetch", "id": "msg-1", "data": {"dataType": "hug_requests", **data}}
    (error,) = ada.raw(message)
    assert error.data["details"] == {"field": field, "issue": issue}
