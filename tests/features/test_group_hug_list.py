"""Lists of group hugs (decisions: Follows, notifications, fetch)."""

from typing import Any

import pytest

from hugmood.features.group_hugs.messages import (
    CancelGroupHug,
    FetchGroupHugs,
    GroupHugFilters,
    GroupHugItem,
    GroupHugPage,
    JoinGroupHug,
    LeaveGroupHug,
    Participant,
)
from hugmood.wire.message import Error
from tests.databases import on_sqlite
from tests.device import Device
from tests.features.people import group_hug
from tests.features.test_group_hugs import block
from tests.world import World

HOUR = 3600


@pytest.fixture
def world(world_on_both: World) -> World:
    """A world on each of the databases."""
    return world_on_both


@pytest.fixture
def ada(world: World) -> Device:
    """Who creates group hugs."""
    return world.register("Ada")


@pytest.fixture
def bob(world: World) -> Device:
    """Whom she invites."""
    return world.register("Bob")


def listed(device: Device, **filters: Any) -> list[str]:  # noqa: ANN401 (passed on)
    """The ids in somebody's list, which has no more than a page."""
    query = FetchGroupHugs(limit=100, filters=GroupHugFilters(**filters))
    page = device.request(query)
    assert page.total_count == len(page.items)
    return [item.id for item in page.items]


def single(device: Device, group_id: str) -> GroupHugItem:
    """One group hug as somebody sees it."""
    filters = GroupHugFilters(group_hug_id=group_id)
    (item,) = device.request(FetchGroupHugs(filters=filters)).items
    return item


def test_list(world: World, ada: Device, bob: Device) -> None:
    """All that was said of a group hug is in the list, and how it stands."""
    words: Any = {"name": "Party", "description": "We did it", "message": "Come"}
    start, end = world.clock.after(HOUR), world.clock.after(2 * HOUR)
    group_id = group_hug(ada, bob, **words, scheduled_for=start, expires_at=end)
    item = GroupHugItem(
        **words,
        id=group_id,
        creator_id=ada.user_id,
        creator_name="Ada",
        state="scheduled",
        scheduled_for=start,
        expires_at=end,
        created_at=world.clock.after(0),
        joined=False,
        participant_count=1,
    )
    assert bob.request(FetchGroupHugs()) == GroupHugPage(
        data_type="group_hugs", total_count=1, as_of_sequence=1, items=[item]
    )


def test_plain(world: World, ada: Device) -> None:
    """What was not said is left out."""
    group_id = group_hug(ada)
    assert ada.request(FetchGroupHugs()).items == [
        GroupHugItem(
            id=group_id,
            name="Hug",
            creator_id=ada.user_id,
            creator_name="Ada",
            state="active",
            expires_at=world.clock.after(24 * HOUR),
            created_at=world.clock.after(0),
            joined=True,
            participant_count=1,
        )
    ]


def test_in_time(world: World, ada: Device, bob: Device) -> None:
    """The list follows what happens, and what is over stays in it."""
    group_id = group_hug(
        ada, bob, scheduled_for=world.clock.after(HOUR), expires_at=world.clock.after(2 * HOUR)
    )
    seen = []
    for happens in (
        lambda: bob.request(JoinGroupHug(group_hug_id=group_id)),
        lambda: world.clock.move(HOUR),
        lambda: bob.request(LeaveGroupHug(group_hug_id=group_id)),
        lambda: world.clock.move(HOUR),
    ):
        happens()
        (item,) = bob.request(FetchGroupHugs()).items
        seen.append((item.state, item.joined, item.participant_count))
    assert seen == [
        ("scheduled", True, 2),
        ("active", True, 2),
        ("active", False, 1),
        ("ended", False, 1),
    ]


def test_participants(ada: Device, bob: Device) -> None:
    """Who takes part is told where one group hug is asked for, and not in lists."""
    group_id = group_hug(ada, bob)
    group_hug(bob)
    bob.request(JoinGroupHug(group_hug_id=group_id))
    assert single(ada, group_id).participants == [
        Participant(user_id=ada.user_id, name="Ada"),
        Participant(user_id=bob.user_id, name="Bob"),
    ]
    assert not any(item.participants for item in bob.request(FetchGroupHugs()).items)


def test_blocked_participants(world: World, ada: Device, bob: Device) -> None:
    """Those whom one blocks, or who block one, are counted but not named."""
    eve = world.register("Eve")
    group_id = group_hug(ada, bob, eve)
    for one in (bob, eve):
        one.request(JoinGroupHug(group_hug_id=group_id))
    block(world, bob, eve)
    seen = [single(one, group_id) for one in (ada, bob, eve)]
    assert [[p.name for p in item.participants or []] for item in seen] == [
        ["Ada", "Bob", "Eve"],
        ["Ada", "Bob"],
        ["Ada", "Eve"],
    ]
    assert [item.participant_count for item in seen] == [3, 3, 3]


def test_only_ones_own(world: World, ada: Device, bob: Device) -> None:
    """Nobody sees a group hug they do not belong to, also if they know its id."""
    group_id = group_hug(ada, bob)
    eve = world.register("Eve")
    assert (listed(eve), listed(eve, group_hug_id=group_id)) == ([], [])


def test_others(ada: Device, bob: Device) -> None:
    """The list of others is private."""
    refusal = ada.refusal(FetchGroupHugs(user_id=bob.user_id))
    assert isinstance(refusal, Error)
    assert refusal.code == "permission_denied"


def test_by_state(world: World, ada: Device, bob: Device) -> None:
    """One state alone can be asked for."""
    ended = group_hug(ada, bob, expires_at=world.clock.after(1))
    world.clock.move(1)
    active = group_hug(ada, bob)
    cancelled = group_hug(ada, bob)
    ada.request(CancelGroupHug(group_hug_id=cancelled))
    scheduled = group_hug(ada, bob, scheduled_for=world.clock.after(HOUR))
    found = [listed(bob, state=s) for s in ("ended", "active", "cancelled", "scheduled")]
    assert found == [[ended], [active], [cancelled], [scheduled]]


def test_by_time(world: World, ada: Device) -> None:
    """Both bounds of a time filter belong to what is listed."""
    ids = []
    for _ in range(4):
        ids.append(group_hug(ada))
        world.clock.move(60)
    start, end = world.clock.after(-180), world.clock.after(-120)
    assert listed(ada, start_date=start, end_date=end) == [ids[2], ids[1]]


def test_created_by_client_time(world: World, ada: Device) -> None:
    """A group hug that waited in the client's queue is listed by when it was made."""
    first = group_hug(ada)
    at = world.clock.after(-HOUR)
    data = {"name": "Hug", "inviteeIds": []}
    ada.raw({"type": "create_group_hug", "id": "msg-1", "data": data, "timestamp": str(at)})
    items = ada.request(FetchGroupHugs()).items
    assert (items[0].id, items[1].created_at) == (first, at)


@pytest.mark.parametrize(("limit", "offset"), [(2, 0), (3, 1), (100, 4), (2, 5), (1, 6)])
def test_paging(ada: Device, bob: Device, limit: int, offset: int) -> None:
    """Newest first, also of one moment; a page knows the whole count."""
    ids = [group_hug(one, other) for one, other in [(ada, bob), (bob, ada)] * 3][::-1]
    page = bob.request(FetchGroupHugs(limit=limit, offset=offset))
    assert ([item.id for item in page.items], page.total_count) == (
        ids[offset : offset + limit],
        6,
    )


def test_effort(world: World, ada: Device, bob: Device) -> None:
    """A longer page takes no more statements than a short one."""
    for _ in range(6):
        group_hug(ada, bob)
    with world.statements() as few:
        ada.request(FetchGroupHugs(limit=1))
    with world.statements() as many:
        ada.request(FetchGroupHugs(limit=6))
    assert (len(many), len(few) > 0) == (len(few), True)


@on_sqlite
@pytest.mark.parametrize(
    ("filters", "index"),
    [
        (GroupHugFilters(), "COVERING INDEX group_hug_member_user (user_key=?"),
        (
            GroupHugFilters(state="ended"),
            "COVERING INDEX group_hug_member_state (user_key=? AND state",
        ),
    ],
)
def test_index(world: World, ada: Device, filters: GroupHugFilters, index: str) -> None:
    """A list takes what it needs from an index in order, and sorts no more than a page."""
    with world.statements() as statements:
        ada.request(FetchGroupHugs(filters=filters))
    plans = [_plan(world, sql) for sql in statements if "group_hug" in sql]
    assert len(plans) == 2
    for plan in plans:
        assert any(index in step for step in plan)
        assert [step for step in plan if step.startswith("SCAN") and "page" not in step] == []
        assert [step for step in plan if "TEMP B-TREE" in step][1:] == []


def _plan(world: World, sql: str) -> list[str]:
    params = dict.fromkeys(("user", "start", "end", "state", "limit", "offset"), 1)
    with world.database.transaction(write=False) as tx:
        return [str(row[3]) for row in tx.rows(f"EXPLAIN QUERY PLAN {sql}", params)]


@on_sqlite
@pytest.mark.parametrize(
    ("data", "field", "issue"),
    [
        ({"limit": 101}, "data.limit", "out_of_range"),
        ({"filters": {"state": "over"}}, "data.filters.state", "unknown_value"),
        ({"filters": {"groupHugId": ""}}, "data.filters.groupHugId", "invalid_format"),
        ({"filters": {"startDate": "now"}}, "data.filters.startDate", "invalid_format"),
    ],
)
def test_bad_fetch(ada: Device, data: dict[str, object], field: str, issue: str) -> None:
    """What is wrong with a request for group hugs is said."""
    (error,) = ada.raw({"type": "fetch", "id": "msg-1", "data": {"dataType": "group_hugs", **data}})
    assert error.data["details"] == {"field": field, "issue": issue}
