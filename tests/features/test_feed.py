"""The feed (protocol: fetch of `feed`): what those one follows say."""

from typing import Any

import pytest

from hugmood.ambient import Instant
from hugmood.features.moods import feed_store
from hugmood.features.moods.feed_store import Wanted
from hugmood.features.moods.messages import (
    Feed,
    FeedFilters,
    FeedItem,
    FetchFeed,
    MoodDelete,
    MoodEdit,
)
from hugmood.wire.message import Error
from tests.databases import on_sqlite
from tests.device import Device
from tests.features.bonds import block, unblock, unfollow
from tests.features.leaving import leave
from tests.features.people import feel, follow
from tests.world import World


@pytest.fixture
def world(world_on_both: World) -> World:
    """A world on each of the databases."""
    return world_on_both


@pytest.fixture
def ada(world: World) -> Device:
    """Somebody."""
    return world.register("Ada")


@pytest.fixture
def eve(world: World) -> Device:
    """Another."""
    return world.register("Eve")


@pytest.fixture
def bob(world: World, ada: Device, eve: Device) -> Device:
    """Somebody who follows both."""
    bob = world.register("Bob")
    follow(bob, ada)
    follow(bob, eve)
    return bob


def say(device: Device, mood: str = "calm", *, at: str | None = None, **more: Any) -> str:  # noqa: ANN401 (passed on)
    """Say for all to hear how one feels; the entry's id."""
    moment = f"2023-08-25T{at}:00.000Z" if at else None
    return feel(device, mood, at=moment, is_public=True, **more).mood_id


def feed(device: Device, **query: Any) -> list[str]:  # noqa: ANN401 (passed on)
    """The ids in somebody's feed."""
    return [item.id for item in device.request(FetchFeed(**query)).items]


def test_empty(ada: Device) -> None:
    """Who follows nobody has nothing in it."""
    say(ada)
    assert ada.request(FetchFeed()) == Feed(
        data_type="feed", total_count=0, as_of_sequence=ada.position, items=[]
    )


def test_item(world: World, ada: Device, bob: Device) -> None:
    """It says who feels how since when, and no more than was told."""
    private: dict[str, Any] = {
        "note": "Hello",
        "tags": ["one"],
        "factors": {"sleep": 8.0},
        "pleasantness": 0.1,
    }
    mood_id = say(ada, "happy", **private)
    assert bob.request(FetchFeed()) == Feed(
        data_type="feed",
        total_count=1,
        as_of_sequence=bob.position,
        items=[
            FeedItem(
                id=mood_id,
                user_id=ada.user_id,
                user_name="Ada",
                mood="happy",
                intensity=0.5,
                created_at=world.clock.after(0),
            )
        ],
    )


def test_guest(world: World, ada: Device) -> None:
    """Guests follow nobody, and may ask all the same."""
    say(ada)
    assert [] == feed(world.guest())


def test_public_only(ada: Device, bob: Device) -> None:
    """Private entries are not in it."""
    feel(ada)
    assert [] == feed(bob)


def test_not_ones_own(bob: Device) -> None:
    """One's own moods are not in it: they have a history."""
    say(bob)
    assert [] == feed(bob)


def test_newest_first(ada: Device, eve: Device, bob: Device) -> None:
    """The order is that of when they felt so, and only then of when it came."""
    said = [(ada, "02:00"), (eve, "03:00"), (ada, "01:00"), (eve, "02:00"), (ada, "03:00")]
    ids = [say(device, at=moment) for device, moment in said]
    assert [ids[n] for n in (4, 1, 3, 0, 2)] == feed(bob)


@pytest.mark.parametrize(("limit", "offset"), [(2, 0), (3, 2), (100, 5), (1, 5), (2, 6), (20, 90)])
def test_paging(ada: Device, eve: Device, bob: Device, limit: int, offset: int) -> None:
    """A page is a part of the whole, and knows how long that is."""
    ids = [say([ada, eve][n % 4 == 0], at=f"0{n}:00") for n in range(6)][::-1]
    page = bob.request(FetchFeed(limit=limit, offset=offset))
    assert (ids[offset : offset + limit], 6) == ([item.id for item in page.items], page.total_count)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (FeedFilters(), [4, 3, 2, 1, 0]),
        (FeedFilters(start_date=Instant.parse("2023-08-25T03:00:00Z")), [4, 3]),
        (FeedFilters(end_date=Instant.parse("2023-08-25T01:00:00Z")), [1, 0]),
        (
            FeedFilters(
                start_date=Instant.parse("2023-08-25T01:00:00.001Z"),
                end_date=Instant.parse("2023-08-25T02:59:59.999Z"),
            ),
            [2],
        ),
        (FeedFilters(moods=["sad"]), [1]),
        (FeedFilters(moods=["sad", "happy"]), [2, 1]),
        (FeedFilters(moods=[]), []),
        (FeedFilters(moods=["no such mood", "'; --"]), []),
        (FeedFilters(moods=["calm"], end_date=Instant.parse("2023-08-25T03:00:00Z")), [3, 0]),
    ],
)
def test_filters(
    ada: Device, eve: Device, bob: Device, filters: FeedFilters, expected: list[int]
) -> None:
    """Bounds are included, a list means any of it, all filters hold at once."""
    moods = ["calm", "sad", "happy", "calm", "calm"]
    ids = [say([ada, eve][n % 2], mood, at=f"0{n}:00") for n, mood in enumerate(moods)]
    page = bob.request(FetchFeed(filters=filters))
    found = [ids.index(item.id) for item in page.items]
    assert (expected, len(expected)) == (found, page.total_count)


def test_filtered_beyond_a_page(ada: Device, bob: Device) -> None:
    """What is wanted is found behind more of what is not than fits a page."""
    wanted = say(ada, "sad", at="01:00")
    for n in range(2, 6):
        say(ada, at=f"0{n}:00")
    assert [wanted] == feed(bob, limit=1, filters=FeedFilters(moods=["sad"]))


# Who


def test_follow_and_unfollow(ada: Device, eve: Device, bob: Device) -> None:
    """It has what those say whom one follows now, from before that too."""
    of_ada, of_eve = say(ada), say(eve)
    unfollow(bob, ada)
    without = feed(bob)
    follow(bob, ada)
    assert ([of_eve], [of_eve, of_ada]) == (without, feed(bob))


@pytest.mark.parametrize("ada_blocks", [True, False])
def test_block(ada: Device, eve: Device, bob: Device, *, ada_blocks: bool) -> None:
    """Whichever of two people blocks the other, the feed has nothing of it."""
    say(ada)
    of_eve = say(eve)
    one, other = (ada, bob) if ada_blocks else (bob, ada)
    block(one, other)
    during = feed(bob)
    unblock(one, other)
    assert [of_eve] == during == feed(bob)


def test_second_thoughts(ada: Device, bob: Device) -> None:
    """It shows what holds now."""
    first, second, third = (say(ada) for _ in range(3))
    ada.request(MoodDelete(mood_id=first))
    ada.request(MoodEdit(mood_id=second, is_public=False))
    ada.request(MoodEdit(mood_id=third, mood="sad"))
    (item,) = bob.request(FetchFeed()).items
    assert (third, "sad") == (item.id, item.mood)


def test_account_gone(world: World, ada: Device, bob: Device) -> None:
    """Who left is in nobody's feed."""
    say(ada)
    leave(ada)
    world.clock.move(5)
    assert 0 == bob.request(FetchFeed()).total_count


def test_anothers(ada: Device, bob: Device) -> None:
    """Whom others follow is private; one's own id is one's own feed."""
    refusal = ada.refusal(FetchFeed(user_id=bob.user_id))
    assert isinstance(refusal, Error)
    assert "permission_denied" == refusal.code
    assert [say(ada)] == feed(bob, user_id=bob.user_id)


# Effort


def test_effort(ada: Device, eve: Device, bob: Device) -> None:
    """A longer page of more people takes no more statements than a short one."""
    with bob.world.statements() as few:
        feed(bob, limit=1)
    for _ in range(3):
        say(ada)
        say(eve)
    with bob.world.statements() as many:
        assert 6 == len(feed(bob, limit=100))
    assert (len(few), True) == (len(many), len(few) > 0)


@pytest.mark.parametrize("moods", [None, ["calm"]])
def test_index(world: World, moods: list[str] | None) -> None:
    """Public entries are read from their index, as far as the page goes."""
    wanted = Wanted(1, start=0, end=1, moods=moods)
    explain = {"sqlite": "EXPLAIN QUERY PLAN", "postgres": "EXPLAIN"}
    with world.database.transaction(write=True) as tx:
        if tx.dialect == "postgres":
            # Of an empty table it would read all.
            tx.execute("SET LOCAL enable_seqscan = off", {})
        conditions = feed_store._conditions(tx, wanted)
        page = feed_store._PAGES[tx.dialect].format(wanted=conditions)
        params = feed_store._params(wanted)
        bounds = {"limit": 1, "offset": 0, "reach": 1}
        for sql, more in ((page, bounds), (feed_store._COUNT.format(wanted=conditions), {})):
            plan = tx.rows(f"{explain[tx.dialect]} {sql}", params | more)
            steps = "\n".join(str(row[-1]) for row in plan)
            assert "mood_entry_public" in steps
            assert "SCAN one" not in steps


@on_sqlite
@pytest.mark.parametrize(
    ("data", "field", "issue"),
    [
        ({"limit": 0}, "data.limit", "out_of_range"),
        ({"offset": -1}, "data.offset", "out_of_range"),
        ({"filters": []}, "data.filters", "invalid_type"),
        ({"filters": {"moods": ["x"] * 31}}, "data.filters.moods", "too_long"),
        ({"filters": {"startDate": "yesterday"}}, "data.filters.startDate", "invalid_format"),
    ],
)
def test_bad_query(ada: Device, data: dict[str, object], field: str, issue: str) -> None:
    """What is wrong with a query is said."""
    message = {"type": "fetch", "id": "msg-1", "data": {"dataType": "feed", **data}}
    (error,) = ada.raw(message)
    assert {"field": field, "issue": issue} == error.data["details"]
