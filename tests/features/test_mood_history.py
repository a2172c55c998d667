"""Histories of moods (protocol: Fetch Data Messages; decisions: Moods)."""

from typing import Any

import pytest
from msgspec import UNSET

from hugmood.ambient import Instant
from hugmood.features.follows.messages import FollowUser
from hugmood.features.moods.messages import (
    FetchMoodHistory,
    Location,
    MoodFilters,
    MoodHistory,
    MoodItem,
)
from hugmood.wire.message import Error, ErrorDetails
from tests.databases import on_sqlite
from tests.device import Device
from tests.features.people import feel, history
from tests.world import World

DAY = 24 * 3600


@pytest.fixture
def world(world_on_both: World) -> World:
    """A world on each of the databases."""
    return world_on_both


@pytest.fixture
def ada(world: World) -> Device:
    """Somebody."""
    return world.register("Ada")


@pytest.fixture
def bob(world: World, ada: Device) -> Device:
    """Somebody who follows Ada."""
    bob = world.register("Bob")
    bob.request(FollowUser(target_user_id=ada.user_id, action="follow"))
    ada.events()
    return bob


def test_private_in_history_of_others(ada: Device, bob: Device) -> None:
    """Others see the public moods of somebody, and of them only what was told."""
    place = Location(latitude=1, longitude=2)
    private: dict[str, Any] = {
        "note": "secret",
        "tags": ["work"],
        "factors": {"sleep": 7.5},
        "location": place,
    }
    feel(ada, **private)
    public = feel(ada, is_public=True, pleasantness=0.5, **private)
    assert bob.request(FetchMoodHistory(user_id=ada.user_id)) == MoodHistory(
        data_type="mood_history",
        total_count=1,
        as_of_sequence=1,
        items=[
            MoodItem(
                id=public.mood_id,
                mood="calm",
                intensity=0.5,
                is_public=True,
                created_at=ada.world.clock.after(0),
            )
        ],
    )


def test_strangers_see_public(world: World, ada: Device) -> None:
    """Public moods can be seen without following."""
    reply = feel(ada, is_public=True)
    assert history(world.guest(), user_id=ada.user_id) == [reply.mood_id]


def test_tags_of_others(ada: Device, bob: Device) -> None:
    """By a filter for tags nothing can be found out about the tags of others."""
    reply = feel(ada, is_public=True, tags=["work"])
    found = [
        history(bob, user_id=ada.user_id, filters=MoodFilters(tags=[tag]))
        for tag in ("work", "play")
    ]
    assert found == [[reply.mood_id], [reply.mood_id]]


def test_history_of_nobody(ada: Device) -> None:
    """There is no history of whom there is not."""
    refusal = ada.refusal(FetchMoodHistory(user_id="user-12345"))
    assert isinstance(refusal, Error)
    assert (refusal.code, refusal.details) == ("not_found", ErrorDetails(field="data.userId"))


def test_history_apart(ada: Device, bob: Device) -> None:
    """One's own history has nothing of others."""
    feel(ada, is_public=True)
    assert history(bob) == []


@pytest.mark.parametrize(("limit", "offset"), [(2, 0), (3, 1), (100, 4), (2, 5)])
def test_paging(ada: Device, limit: int, offset: int) -> None:
    """A page begins with the newest, is as long as asked, and knows the whole count."""
    ids = [feel(ada, at=f"2023-08-25T0{n}:00:00.000Z").mood_id for n in range(5)][::-1]
    page = ada.request(FetchMoodHistory(limit=limit, offset=offset))
    assert ([item.id for item in page.items], page.total_count) == (
        ids[offset : offset + limit],
        5,
    )


def test_newest_first(ada: Device) -> None:
    """The order is that of when one felt so, and only then of when it came."""
    at = ["2023-08-25T02:00:00.000Z", "2023-08-25T01:00:00.000Z", "2023-08-25T02:00:00.000Z"]
    first, second, third = (feel(ada, at=moment).mood_id for moment in at)
    assert history(ada) == [third, first, second]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (MoodFilters(), [4, 3, 2, 1, 0]),
        (MoodFilters(start_date=Instant.parse("2023-08-25T03:00:00Z")), [4, 3]),
        (MoodFilters(end_date=Instant.parse("2023-08-25T01:00:00Z")), [1, 0]),
        (
            MoodFilters(
                start_date=Instant.parse("2023-08-25T01:00:00.001Z"),
                end_date=Instant.parse("2023-08-25T02:59:59.999Z"),
            ),
            [2],
        ),
        (MoodFilters(moods=["sad"]), [1]),
        (MoodFilters(moods=["sad", "happy"]), [2, 1]),
        (MoodFilters(moods=[]), []),
        (MoodFilters(moods=["no such mood", "'; --"]), []),
        (MoodFilters(tags=["work"]), [4, 3]),
        (MoodFilters(tags=["work", "früh"]), [4, 3, 0]),
        (MoodFilters(tags=[]), []),
        (MoodFilters(tags=["wor"]), []),
        (MoodFilters(moods=["calm"], tags=["sport"]), [3]),
        (
            MoodFilters(
                moods=["calm"], tags=["work"], end_date=Instant.parse("2023-08-25T03:00:00Z")
            ),
            [3],
        ),
    ],
)
def test_filters(ada: Device, filters: MoodFilters, expected: list[int]) -> None:
    """Bounds are included, a list means any of it, all filters hold at once."""
    moods = ["calm", "sad", "happy", "calm", "calm"]
    tags = [["früh"], UNSET, UNSET, ["work", "sport"], ["work"]]
    ids = [
        feel(ada, mood, tags=some, at=f"2023-08-25T0{n}:00:00.000Z").mood_id
        for n, (mood, some) in enumerate(zip(moods, tags, strict=True))
    ]
    page = ada.request(FetchMoodHistory(filters=filters))
    found = [ids.index(item.id) for item in page.items]
    assert (found, page.total_count) == (expected, len(expected))


@pytest.mark.parametrize("tag", ['say "work"', "work\\", '"', "%", "a\tb", "früh", "\U0001f642"])
def test_filter_by_odd_tags(ada: Device, tag: str) -> None:
    """Tags with quotes and the like are found, and nothing that only looks like them."""
    reply = feel(ada, tags=["x", tag])
    assert history(ada, filters=MoodFilters(tags=[tag])) == [reply.mood_id]
    assert history(ada, filters=MoodFilters(tags=["work", tag[1:] or "y"])) == []


def test_page_behind_an_entry(ada: Device) -> None:
    """Pages that begin behind the last entry of the one before fit, whatever is added."""
    ids = [feel(ada).mood_id for _ in range(5)][::-1]
    pages = []
    query = FetchMoodHistory(limit=2)
    for _ in range(3):
        page = ada.request(query)
        pages.append(([item.id for item in page.items], page.has_more, page.total_count))
        query = FetchMoodHistory(limit=2, after=page.items[-1].id)
        feel(ada)
    assert [(ids[:2], True, 5), (ids[2:4], True, 6), (ids[4:], False, 7)] == pages


def test_page_behind_entries_of_one_moment(ada: Device) -> None:
    """Entries of the same time are told apart."""
    at = "2023-08-25T12:00:00.000Z"
    ids = [feel(ada, at=at).mood_id for _ in range(3)][::-1]
    assert ids[1:] == history(ada, after=ids[0])


def test_page_behind_what_is_not_there(ada: Device, bob: Device) -> None:
    """Nobody begins behind an entry that is gone, another's, or one they do not see."""
    private = feel(bob).mood_id
    for whose in (ada, bob):
        refusal = ada.refusal(FetchMoodHistory(after=private, user_id=whose.user_id))
        assert isinstance(refusal, Error)
        assert ("not_found", ErrorDetails(field="data.after")) == (refusal.code, refusal.details)


def test_effort_of_history(ada: Device) -> None:
    """A longer page takes no more statements than a short one."""
    for _ in range(6):
        feel(ada, tags=["work"])
    with ada.world.statements() as few:
        ada.request(FetchMoodHistory(limit=1))
    with ada.world.statements() as many:
        ada.request(FetchMoodHistory(limit=6))
    assert (len(many), len(few) > 0) == (len(few), True)


def test_effort_of_streak(ada: Device) -> None:
    """A mood after a long streak takes no more statements than the second."""
    feel(ada, at="2023-08-18T14:30:00.000Z")  # the first earns a badge
    with ada.world.statements() as few:
        feel(ada, at="2023-08-19T14:30:00.000Z")
    for day in range(20, 25):
        feel(ada, at=f"2023-08-{day}T14:30:00.000Z")
    with ada.world.statements() as many:
        feel(ada)
    assert (len(many), len(few) > 0) == (len(few), True)


@on_sqlite
@pytest.mark.parametrize(
    ("data", "field", "issue"),
    [
        ({"limit": 101}, "data.limit", "out_of_range"),
        ({"filters": {"startDate": "2023-08-25"}}, "data.filters.startDate", "invalid_format"),
        ({"filters": {"endDate": 5}}, "data.filters.endDate", "invalid_type"),
        ({"filters": {"moods": ["x"] * 31}}, "data.filters.moods", "too_long"),
        ({"filters": {"tags": ["x" * 33]}}, "data.filters.tags[0]", "too_long"),
        ({"filters": {"tags": ["x"] * 11}}, "data.filters.tags", "too_long"),
        ({"filters": None}, "data.filters", "invalid_type"),
    ],
)
def test_bad_history(ada: Device, data: dict[str, object], field: str, issue: str) -> None:
    """What is wrong with a request for moods is said."""
    (error,) = ada.raw(
        {"type": "fetch", "id": "msg-1", "data": {"dataType": "mood_history", **data}}
    )
    assert error.data["details"] == {"field": field, "issue": issue}


@on_sqlite
@pytest.mark.parametrize(
    ("data", "details"),
    [
        ({}, {"field": "data.dataType", "issue": "required_field_missing"}),
        ({"dataType": "nothing"}, {"field": "data.dataType", "issue": "unknown_value"}),
        ({"dataType": 5}, {"field": "data.dataType", "issue": "invalid_type"}),
    ],
)
def test_unknown_fetch(ada: Device, data: dict[str, object], details: dict[str, str]) -> None:
    """What cannot be fetched is refused by the field that names it."""
    (error,) = ada.raw({"type": "fetch", "id": "msg-1", "data": data})
    assert error.data["details"] == details
