"""Histories of hugs (decisions: Follows, notifications, fetch)."""

import pytest

from hugmood.features.hugs.messages import (
    Customization,
    FetchHugHistory,
    HugFilters,
    HugHistory,
    HugItem,
)
from hugmood.wire.message import Error
from tests.databases import on_sqlite
from tests.device import Device
from tests.features.people import hug
from tests.world import OFFLINE_GRACE, World

DAY = 24 * 3600
GRACE = OFFLINE_GRACE / 1000


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


def test_history(world: World, ada: Device, bob: Device) -> None:
    """Both see the hug, each with the other's name, and what was said."""
    custom = Customization(color="#FF5733", intensity=0.7, animation="spin")
    sent = hug(ada, bob, message="Hello", customization=custom)
    item = HugItem(
        id=sent.hug_id,
        direction="sent",
        user_id=bob.user_id,
        user_name="Bob",
        hug_type="warm",
        message="Hello",
        customization=custom,
        sent_at=world.clock.after(0),
    )
    assert ada.request(FetchHugHistory()) == HugHistory(
        data_type="hug_history", total_count=1, as_of_sequence=0, items=[item]
    )
    (received,) = bob.request(FetchHugHistory()).items
    assert (received.direction, received.user_id, received.user_name) == (
        "received",
        ada.user_id,
        "Ada",
    )


def test_history_of_plain_hug(world: World, ada: Device, bob: Device) -> None:
    """What was not said of a hug is left out of its history."""
    sent = hug(ada, bob)
    assert bob.request(FetchHugHistory()) == HugHistory(
        data_type="hug_history",
        total_count=1,
        as_of_sequence=1,
        items=[
            HugItem(
                id=sent.hug_id,
                direction="received",
                user_id=ada.user_id,
                user_name="Ada",
                hug_type="warm",
                sent_at=world.clock.after(0),
            )
        ],
    )


def test_history_of_others(ada: Device, bob: Device) -> None:
    """Whom others hug is private."""
    refusal = ada.refusal(FetchHugHistory(user_id=bob.user_id))
    assert isinstance(refusal, Error)
    assert refusal.code == "permission_denied"


def test_history_apart(world: World, ada: Device, bob: Device) -> None:
    """Hugs between others are in nobody else's history."""
    hug(ada, bob)
    assert world.register("Eve").request(FetchHugHistory()).total_count == 0


def to_and_fro(world: World, ada: Device, bob: Device, count: int) -> list[str]:
    """Have the two hug each other in turn, once a minute; the ids, newest first."""
    ids: list[str] = []
    for number in range(count):
        one, other = (ada, bob) if number % 2 else (bob, ada)
        ids.insert(0, hug(one, other).hug_id)
        world.clock.move(60)
    return ids


@pytest.mark.parametrize(("limit", "offset"), [(2, 0), (3, 1), (100, 4), (2, 5), (1, 6)])
def test_paging(world: World, ada: Device, bob: Device, limit: int, offset: int) -> None:
    """Sent and received are one list, newest first; a page knows the whole count."""
    ids = to_and_fro(world, ada, bob, 5)
    page = ada.request(FetchHugHistory(limit=limit, offset=offset))
    assert ([item.id for item in page.items], page.total_count) == (
        ids[offset : offset + limit],
        5,
    )


def test_same_moment(ada: Device, bob: Device) -> None:
    """Hugs of the same moment have an order too, so that pages fit together."""
    ids = [hug(one, other).hug_id for one, other in [(ada, bob), (bob, ada)] * 3]
    pages = [ada.request(FetchHugHistory(limit=1, offset=n)).items[0].id for n in range(6)]
    assert pages == ids[::-1]


def test_history_by_time(world: World, ada: Device, bob: Device) -> None:
    """Both bounds of a time filter belong to what is listed and counted."""
    ids = to_and_fro(world, ada, bob, 5)
    filters = HugFilters(start_date=world.clock.after(-240), end_date=world.clock.after(-120))
    page = ada.request(FetchHugHistory(filters=filters))
    assert ([item.id for item in page.items], page.total_count) == (ids[1:4], 3)


@pytest.mark.parametrize("bounds", [{"start_date": 1}, {"end_date": -1}])
def test_history_beyond_bounds(
    world: World, ada: Device, bob: Device, bounds: dict[str, int]
) -> None:
    """A hug a moment beyond a bound is not listed."""
    hug(ada, bob)
    filters = HugFilters(
        **{name: world.clock.after(offset / 1000) for name, offset in bounds.items()}
    )
    assert ada.request(FetchHugHistory(filters=filters)).total_count == 0


def test_effort(world: World, ada: Device, bob: Device) -> None:
    """A longer page takes no more statements than a short one."""
    to_and_fro(world, ada, bob, 6)
    with world.statements() as few:
        ada.request(FetchHugHistory(limit=1))
    with world.statements() as many:
        ada.request(FetchHugHistory(limit=6))
    assert (len(many), len(few) > 0) == (len(few), True)


@on_sqlite
@pytest.mark.parametrize(
    ("data", "field", "issue"),
    [
        ({"limit": 0}, "data.limit", "out_of_range"),
        ({"filters": {"startDate": "yesterday"}}, "data.filters.startDate", "invalid_format"),
        ({"filters": {"endDate": "2023-08-25T00:00:00"}}, "data.filters.endDate", "invalid_format"),
        ({"filters": {"endDate": 5}}, "data.filters.endDate", "invalid_type"),
        ({"filters": []}, "data.filters", "invalid_type"),
    ],
)
def test_bad_history(ada: Device, data: dict[str, object], field: str, issue: str) -> None:
    """What is wrong with a request for hugs is said."""
    (error,) = ada.raw(
        {"type": "fetch", "id": "msg-1", "data": {"dataType": "hug_history", **data}}
    )
    assert error.data["details"] == {"field": field, "issue": issue}
