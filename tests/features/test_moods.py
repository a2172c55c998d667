"""Moods (protocol: Mood Messages, Fetch Data; decisions: Moods)."""

from typing import Any

import pytest
from msgspec import UNSET

from hugmood.ambient import Instant
from hugmood.features.auth.messages import AuthCredentials
from hugmood.features.follows.messages import FollowUser
from hugmood.features.moods.messages import (
    FetchMoodCatalog,
    FetchMoodHistory,
    Location,
    MoodChanged,
    MoodFilters,
    MoodHistory,
    MoodItem,
    MoodUpdate,
    MoodUpdated,
    StreakUpdate,
)
from hugmood.wire.message import Error, ErrorDetails
from tests.databases import on_sqlite
from tests.device import Device, Message
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


def feel(device: Device, mood: str = "calm", *, at: str | None = None, **more: Any) -> MoodUpdated:  # noqa: ANN401 (passed on)
    """Say how one feels."""
    return device.request(MoodUpdate(**{"mood": mood, "intensity": 0.5, **more}), at=at)


def history(device: Device, **query: Any) -> list[str]:  # noqa: ANN401 (passed on)
    """The ids in a history."""
    return [item.id for item in device.request(FetchMoodHistory(**query)).items]


EXAMPLE: dict[str, Any] = {
    "type": "mood_update",
    "id": "msg-34567",
    "data": {
        "mood": "happy",
        "intensity": 0.8,
        "note": "Just got some great news!",
        "isPublic": True,
        "location": {
            "latitude": 37.7749,
            "longitude": -122.4194,
            "name": "San Francisco",
            "type": "city",
        },
        "tags": ["achievement", "celebration"],
    },
    "timestamp": "2023-08-25T15:30:00.000Z",
}


# The protocol's examples


def test_example(world: World, ada: Device, bob: Device) -> None:
    """A public mood is answered, and told to followers, as in the protocol."""
    world.clock.move_to("2023-08-25T15:30:05.000Z")
    reply = ada.raw(EXAMPLE)[-2]
    mood_id = reply.data["moodId"]
    assert mood_id.startswith("mood-")
    assert reply == Message(
        type="mood_update_response",
        id="msg-34567-resp",
        data={
            "success": True,
            "moodId": mood_id,
            "streakUpdate": {
                "current": 1,
                "best": 1,
                "lastUpdated": "2023-08-25T15:30:05.000Z",
            },
        },
        timestamp="2023-08-25T15:30:05.000Z",
        number=1,
        previous=None,
    )
    told = bob.received[-1]
    assert told.id.startswith("bcast-")
    assert told == Message(
        type="mood_changed",
        id=told.id,
        data={
            "userId": ada.user_id,
            "moodId": mood_id,
            "mood": "happy",
            "intensity": 0.8,
            "isPublic": True,
            "timestamp": "2023-08-25T15:30:00.000Z",
        },
        timestamp="2023-08-25T15:30:05.000Z",
        number=1,
        previous=None,
    )


@on_sqlite
def test_numbered_example(ada: Device) -> None:
    """A client's own `sequenceNumber` is taken and decides nothing."""
    (reply, _) = ada.raw(
        {
            "type": "mood_update",
            "id": "msg-34567",
            "sequenceNumber": 42,
            "data": {"mood": "happy", "intensity": 0.8},
            "timestamp": "2023-08-25T14:30:00.000Z",
        }
    )
    assert (reply.type, reply.number) == ("mood_update_response", 0)


@on_sqlite
def test_error_example(world: World, ada: Device) -> None:
    """A missing mood is answered as in the protocol."""
    world.clock.move_to("2023-08-25T19:10:00.000Z")
    (error,) = ada.raw({"type": "mood_update", "id": "msg-12345", "data": {"intensity": 0.8}})
    assert error.id.startswith("err-")
    assert error == Message(
        type="error",
        id=error.id,
        data={
            "code": "invalid_request",
            "message": "A required field is missing",
            "originalMessageId": "msg-12345",
            "details": {"field": "data.mood", "issue": "required_field_missing"},
        },
        timestamp="2023-08-25T19:10:00.000Z",
        number=0,
        previous=None,
    )


def test_fetch_example(world: World, ada: Device) -> None:
    """A history is answered as in the protocol."""
    at = ["2023-08-23T20:45:00.000Z", "2023-08-24T15:30:00.000Z"]
    calm = feel(ada, "calm", intensity=0.6, note="Evening meditation", at=at[0]).mood_id
    happy = feel(ada, "happy", intensity=0.8, note="Great day at work", at=at[1]).mood_id
    world.clock.move_to("2023-08-25T18:15:05.000Z")
    (page,) = ada.raw(
        {
            "type": "fetch",
            "id": "msg-12349",
            "data": {
                "dataType": "mood_history",
                "userId": ada.user_id,
                "limit": 10,
                "offset": 0,
                "filters": {
                    "startDate": "2023-08-01T00:00:00.000Z",
                    "endDate": "2023-08-25T23:59:59.999Z",
                },
            },
            "timestamp": "2023-08-25T18:15:00.000Z",
        }
    )
    assert (page.type, page.id) == ("fetch_response", "msg-12349-resp")
    assert page.data == {
        "success": True,
        "dataType": "mood_history",
        "totalCount": 2,
        "asOfSequence": 2,
        "items": [
            {
                "id": happy,
                "mood": "happy",
                "intensity": 0.8,
                "note": "Great day at work",
                "isPublic": False,
                "createdAt": "2023-08-24T15:30:00.000Z",
            },
            {
                "id": calm,
                "mood": "calm",
                "intensity": 0.6,
                "note": "Evening meditation",
                "isPublic": False,
                "createdAt": "2023-08-23T20:45:00.000Z",
            },
        ],
    }


# Who is told


def changed(device: Device, reply: MoodUpdated, *, public: bool) -> MoodChanged:
    """What is told of a calm mood that somebody has just had."""
    return MoodChanged(
        user_id=device.user_id,
        mood_id=reply.mood_id,
        mood="calm",
        intensity=0.5,
        is_public=public,
        timestamp=device.world.clock.after(0),
    )


def test_public(ada: Device, bob: Device) -> None:
    """A public mood is told to followers, without note, tags and place."""
    place = Location(latitude=1, longitude=2)
    reply = feel(ada, is_public=True, note="secret", tags=["work"], location=place)
    assert bob.events() == [changed(ada, reply, public=True)]


def test_private(ada: Device, bob: Device) -> None:
    """A mood is private unless it is said to be public: followers learn nothing."""
    feel(ada)
    assert bob.events() == []


@pytest.mark.parametrize("public", [True, False])
def test_own_devices(ada: Device, public: bool) -> None:  # noqa: FBT001 (a parameter)
    """One's own devices learn of a mood, the one that said it too."""
    tablet = ada.another()
    expected = [changed(ada, feel(ada, is_public=public), public=public)]
    assert (ada.events(), tablet.events()) == (expected, expected)


def test_reply_first(ada: Device) -> None:
    """The one who said it gets the reply before the event."""
    feel(ada)
    assert [m.type for m in ada.received[-2:]] == ["mood_update_response", "mood_changed"]


def test_no_longer_follower(ada: Device, bob: Device) -> None:
    """Who follows no more is told no more."""
    bob.request(FollowUser(target_user_id=ada.user_id, action="unfollow"))
    feel(ada, is_public=True)
    assert bob.events() == []


def test_following_is_one_way(ada: Device, bob: Device) -> None:
    """To be followed is not to follow."""
    feel(bob, is_public=True)
    assert ada.events() == []


def test_guest(world: World, bob: Device) -> None:
    """A guest's public mood is told to those who follow the guest."""
    guest = world.guest()
    bob.request(FollowUser(target_user_id=guest.user_id, action="follow"))
    assert bob.events() == []
    reply = feel(guest, is_public=True)
    assert bob.events() == [changed(guest, reply, public=True)]


def test_told_in_order(ada: Device, bob: Device) -> None:
    """Moods said one after the other arrive in that order."""
    moods = ["happy", "sad", "calm"]
    for mood in moods:
        feel(ada, mood, is_public=True)
    assert [m.data["mood"] for m in bob.received if m.type == "mood_changed"] == moods


def test_followed_in_the_same_batch(world: World, ada: Device) -> None:
    """Who follows right before a mood, in one transaction with it, is told."""
    eve = world.register("Eve")
    with world.batch():
        eve.send(FollowUser(target_user_id=ada.user_id, action="follow"))
        sent = ada.send(MoodUpdate(mood="calm", intensity=0.5, is_public=True))
    assert eve.events() == [changed(ada, sent.reply(), public=True)]


def test_effort_of_telling(world: World, ada: Device, bob: Device) -> None:
    """A mood takes no more statements for more followers."""
    with world.statements() as few:
        feel(ada, is_public=True)
    for number in range(5):
        follower = world.register(f"P{number}")
        follower.request(FollowUser(target_user_id=ada.user_id, action="follow"))
    with world.statements() as many:
        feel(ada, is_public=True)
    assert (len(many), len(few) > 0) == (len(few), True)


# What may be said


@on_sqlite
@pytest.mark.parametrize(
    ("changes", "field", "issue"),
    [
        ({"mood": "gloomy-ish"}, "data.mood", "unknown_value"),
        ({"mood": ""}, "data.mood", "unknown_value"),
        ({"mood": "Happy"}, "data.mood", "unknown_value"),
        ({"mood": 5}, "data.mood", "invalid_type"),
        ({"intensity": 1.001}, "data.intensity", "out_of_range"),
        ({"intensity": -0.001}, "data.intensity", "out_of_range"),
        ({"intensity": "0.5"}, "data.intensity", "invalid_type"),
        ({"intensity": True}, "data.intensity", "invalid_type"),
        ({"intensity": None}, "data.intensity", "invalid_type"),
        ({"note": "x" * 2001}, "data.note", "too_long"),
        ({"note": None}, "data.note", "invalid_type"),
        ({"isPublic": 1}, "data.isPublic", "invalid_type"),
        ({"tags": ["x"] * 11}, "data.tags", "too_long"),
        ({"tags": ["ok", "x" * 33]}, "data.tags[1]", "too_long"),
        ({"tags": ["ok", ""]}, "data.tags[1]", "invalid_format"),
        ({"tags": ["ok", 5]}, "data.tags[1]", "invalid_type"),
        ({"tags": "work"}, "data.tags", "invalid_type"),
        ({"location": {"longitude": 0}}, "data.location.latitude", "required_field_missing"),
        (
            {"location": {"latitude": 90.1, "longitude": 0}},
            "data.location.latitude",
            "out_of_range",
        ),
        (
            {"location": {"latitude": 0, "longitude": -180.1}},
            "data.location.longitude",
            "out_of_range",
        ),
        (
            {"location": {"latitude": 0, "longitude": 0, "name": "x" * 101}},
            "data.location.name",
            "too_long",
        ),
        (
            {"location": {"latitude": 0, "longitude": 0, "type": "x" * 33}},
            "data.location.type",
            "too_long",
        ),
        ({"factors": {f"f{n}": n for n in range(11)}}, "data.factors", "too_long"),
        ({"factors": {"sleep": "7"}}, "data.factors.sleep", "invalid_type"),
        ({"factors": {"x" * 33: 1}}, "data.factors", "too_long"),
        ({"factors": {"": 1}}, "data.factors", "invalid_format"),
        ({"pleasantness": 1.1}, "data.pleasantness", "out_of_range"),
        ({"pleasantness": -1.1}, "data.pleasantness", "out_of_range"),
    ],
)
def test_bad_mood(ada: Device, changes: dict[str, object], field: str, issue: str) -> None:
    """What is wrong with a mood is said, field by field, and it is not kept."""
    data = {"mood": "calm", "intensity": 0.5, **changes}
    (error,) = ada.raw({"type": "mood_update", "id": "msg-1", "data": data})
    assert (error.data["details"], history(ada)) == ({"field": field, "issue": issue}, [])


@on_sqlite
def test_missing_intensity(ada: Device) -> None:
    """A mood needs an intensity."""
    (error,) = ada.raw({"type": "mood_update", "id": "msg-1", "data": {"mood": "calm"}})
    assert error.data["details"] == {"field": "data.intensity", "issue": "required_field_missing"}


def test_largest_mood(ada: Device) -> None:
    """A mood may be as large as every limit allows, and comes back as it was."""
    tags = [f"{n:ä>32}" for n in range(10)]
    factors = {f"{n:ö>32}": n / 7 for n in range(10)}
    feel(ada, intensity=1, note="ñ" * 2000, tags=tags, factors=factors, pleasantness=-1)
    (item,) = ada.request(FetchMoodHistory()).items
    assert (item.note, item.tags, item.factors, item.pleasantness) == (
        "ñ" * 2000,
        tags,
        factors,
        -1,
    )


def test_emptiest_mood(world: World, ada: Device) -> None:
    """Of a mood no more need be said than its name and intensity."""
    reply = feel(ada, intensity=0)
    assert ada.request(FetchMoodHistory()) == MoodHistory(
        data_type="mood_history",
        total_count=1,
        as_of_sequence=1,
        items=[
            MoodItem(
                id=reply.mood_id,
                mood="calm",
                intensity=0,
                is_public=False,
                created_at=world.clock.after(0),
            )
        ],
    )


@on_sqlite
@pytest.mark.parametrize(
    ("latitude", "longitude", "expected"),
    [
        (37.7749, -122.4194, (37.8, -122.4)),
        (90, 180, (90.0, 180.0)),
        (-90, -180, (-90.0, -180.0)),
        (0.0499, -0.0499, (0.0, 0.0)),
        (51.55, 0.06, (51.5, 0.1)),
    ],
)
def test_coarse_place(
    ada: Device, latitude: float, longitude: float, expected: tuple[float, float]
) -> None:
    """A place is kept to a tenth of a degree: nobody's street can be read from it."""
    feel(ada, location=Location(latitude=latitude, longitude=longitude, name="X", type="city"))
    (item,) = ada.request(FetchMoodHistory()).items
    assert item.location == Location(
        latitude=expected[0], longitude=expected[1], name="X", type="city"
    )


@pytest.mark.parametrize(
    ("more", "affect"),
    [({}, 0.5 * 2.343 / 3.25), ({"intensity": 0}, 0), ({"pleasantness": -0.25}, -0.25)],
)
def test_affect(world: World, ada: Device, more: dict[str, Any], affect: float) -> None:
    """A mood counts by its word's valence times intensity, or as the person says."""
    feel(ada, "calm", **more)
    with world.database.transaction(write=False) as tx:
        rows = tx.rows("SELECT model, affect FROM mood_entry")
    assert rows == [("hm-affect-1", pytest.approx(affect))]


# When


@pytest.mark.parametrize("at", ["2023-08-18T14:30:00.000Z", "2023-08-25T14:35:00.000Z"])
def test_queued_by_the_client(ada: Device, bob: Device, at: str) -> None:
    """A client's time from 7 days ago to 5 minutes ahead is when one felt so."""
    feel(ada, is_public=True, at=at)
    (item,) = ada.request(FetchMoodHistory()).items
    (event,) = bob.events()
    assert isinstance(event, MoodChanged)
    assert (str(item.created_at), str(event.timestamp)) == (at, at)


@pytest.mark.parametrize("at", ["2023-08-18T14:29:59.999Z", "2023-08-25T14:35:00.001Z"])
def test_incredible_time(ada: Device, at: str) -> None:
    """A client's time beyond that is refused."""
    refusal = ada.refusal(MoodUpdate(mood="calm", intensity=0.5), at=at)
    assert isinstance(refusal, Error)
    assert (refusal.details, history(ada)) == (
        ErrorDetails(field="timestamp", issue="out_of_range"),
        [],
    )


@on_sqlite
@pytest.mark.parametrize("at", ["2023-08-25T16:30:00+02:00", "2023-08-25T14:30:00Z"])
def test_other_forms_of_time(ada: Device, at: str) -> None:
    """A client's time may have any offset and precision; it is kept in UTC."""
    feel(ada, at=at)
    (item,) = ada.request(FetchMoodHistory()).items
    assert str(item.created_at) == "2023-08-25T14:30:00.000Z"


# Streaks


def run(reply: MoodUpdated) -> tuple[int, int]:
    """The current and the best streak in a reply."""
    return reply.streak_update.current, reply.streak_update.best


def daily(device: Device, pattern: str) -> list[tuple[int, int]]:
    """Feel something on each day marked `x`; the streaks that were told.

    A session lasts a day: each day begins with a new one.
    """
    world, told = device.world, []
    for mark in pattern:
        fresh = world.connect()
        fresh.sign_in(AuthCredentials(email=device.email, password=device.password))
        if mark == "x":
            told.append(run(feel(fresh)))
        fresh.drop()
        world.clock.move(DAY)
    return told


def test_first_day(world: World, ada: Device) -> None:
    """A first mood is a streak of one day, told with the time of now."""
    assert feel(ada).streak_update == StreakUpdate(
        current=1, best=1, last_updated=world.clock.after(0)
    )


def test_same_day(ada: Device) -> None:
    """More moods on one day are one day."""
    assert [run(feel(ada)) for _ in range(3)] == [(1, 1)] * 3


def test_day_after_day(ada: Device) -> None:
    """A day more is a day more."""
    assert daily(ada, "xxx") == [(1, 1), (2, 2), (3, 3)]


def test_gap(ada: Device) -> None:
    """A day without a mood ends a streak; the best stays."""
    assert daily(ada, "xx x") == [(1, 1), (2, 2), (1, 2)]


def test_streak_of_the_example(ada: Device) -> None:
    """Five days after a gap, and twelve before it, are the protocol's example."""
    assert daily(ada, "x" * 12 + " " + "x" * 5)[-1] == (5, 12)


def test_gap_filled(ada: Device) -> None:
    """A queued mood that arrives late credits its own day, and joins two streaks."""
    daily(ada, "x x")
    late = ada.world.connect()
    late.sign_in(AuthCredentials(email=ada.email, password=ada.password))
    assert run(feel(late, at="2023-08-26T12:00:00.000Z")) == (3, 3)


def test_late_mood_without_today(ada: Device) -> None:
    """A mood of days ago credits a day that is no longer current."""
    assert run(feel(ada, at="2023-08-20T12:00:00.000Z")) == (0, 1)


def test_yesterday_counts(ada: Device) -> None:
    """A streak up to yesterday is current: today is not over."""
    assert run(feel(ada, at="2023-08-24T12:00:00.000Z")) == (1, 1)


def test_ahead_into_tomorrow(world: World) -> None:
    """A client's clock a few minutes ahead may be in tomorrow already."""
    world.clock.move_to("2023-08-26T03:58:00.000Z")
    ada = world.register()
    feel(ada)
    assert run(feel(ada, at="2023-08-26T04:01:00.000Z")) == (2, 2)


@on_sqlite
@pytest.mark.parametrize(
    ("time_zone", "first", "second", "expected"),
    [
        ("UTC", "2023-08-25T03:59:59.999Z", "2023-08-25T04:00:00.000Z", 2),
        ("UTC", "2023-08-24T04:00:00.000Z", "2023-08-25T03:59:59.999Z", 1),
        ("America/New_York", "2023-08-25T07:59:59.999Z", "2023-08-25T08:00:00.000Z", 2),
        ("America/New_York", "2023-08-24T08:00:00.000Z", "2023-08-25T07:59:59.999Z", 1),
        ("Pacific/Kiritimati", "2023-08-24T13:59:59.999Z", "2023-08-24T14:00:00.000Z", 2),
        ("Pacific/Pago_Pago", "2023-08-24T14:59:59.999Z", "2023-08-24T15:00:00.000Z", 2),
    ],
)
def test_day_of_the_person(
    world: World, time_zone: str, first: str, second: str, expected: int
) -> None:
    """A day ends at four in the morning where the person lives."""
    ada = world.register("Zoe", time_zone=time_zone)
    feel(ada, at=first)
    assert run(feel(ada, at=second))[1] == expected


@pytest.mark.parametrize(
    ("time_zone", "moments", "best"),
    [
        (  # a day of 23 hours, from four to four
            "America/New_York",
            ["2023-03-11T09:00:00Z", "2023-03-12T08:00:00Z", "2023-03-13T08:00:00Z"],
            3,
        ),
        (  # a day of 25 hours
            "America/New_York",
            ["2023-11-04T08:00:00Z", "2023-11-05T09:00:00Z", "2023-11-06T09:00:00Z"],
            3,
        ),
        ("UTC", ["2024-02-28T12:00:00Z", "2024-02-29T12:00:00Z", "2024-03-01T12:00:00Z"], 3),
        ("UTC", ["2024-02-28T12:00:00Z", "2024-03-01T12:00:00Z"], 1),
        ("UTC", ["2023-02-28T12:00:00Z", "2023-03-01T12:00:00Z"], 2),
        ("UTC", ["2023-12-31T12:00:00Z", "2024-01-01T12:00:00Z"], 2),
    ],
)
def test_days_of_another_length(
    world: World, time_zone: str, moments: list[str], best: int
) -> None:
    """Days of 23 and 25 hours and leap days are days like any other."""
    world.clock.move_to(moments[-1])
    ada = world.register("Zoe", time_zone=time_zone)
    told = [feel(ada, at=moment) for moment in moments]
    assert run(told[-1])[1] == best


# History


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
    """The order is that of when one felt so, not of when it came; then of when it came."""
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
    """Bounds belong to what is listed, a list means any of it, all filters hold at once."""
    moods = ["calm", "sad", "happy", "calm", "calm"]
    tags = [["früh"], UNSET, UNSET, ["work", "sport"], ["work"]]
    ids = [
        feel(ada, mood, tags=some, at=f"2023-08-25T0{n}:00:00.000Z").mood_id
        for n, (mood, some) in enumerate(zip(moods, tags, strict=True))
    ]
    page = ada.request(FetchMoodHistory(filters=filters))
    found = [ids.index(item.id) for item in page.items]
    assert (found, page.total_count) == (expected, len(expected))


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
    """A mood after a long streak takes no more statements than the first."""
    with ada.world.statements() as few:
        feel(ada, at="2023-08-18T14:30:00.000Z")
    for day in range(19, 25):
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


# The catalogue


@on_sqlite
def test_catalog(ada: Device) -> None:
    """The catalogue has the protocol's own moods, their norms and whose they are."""
    found = ada.request(FetchMoodCatalog())
    norms = {entry.mood: (entry.valence, entry.arousal) for entry in found.mood_catalog}
    assert norms["happy"] == (8.242, 6.938)
    assert {"happy", "calm", "sad", "anxious", "angry"} <= norms.keys()
    assert "Glasgow Norms" in found.source


@on_sqlite
def test_every_mood(ada: Device) -> None:
    """Every mood in the catalogue can be had."""
    for entry in ada.request(FetchMoodCatalog()).mood_catalog:
        feel(ada, entry.mood)
        ada.world.clock.move(1)
