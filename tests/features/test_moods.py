"""Moods (protocol: Mood Messages, Fetch Data; decisions: Moods)."""

from typing import Any

import pytest

from hugmood.features.follows.messages import FollowUser
from hugmood.features.moods.messages import (
    FetchMoodCatalog,
    FetchMoodHistory,
    Location,
    MoodChanged,
    MoodHistory,
    MoodItem,
    MoodUpdate,
    MoodUpdated,
)
from hugmood.wire.message import Error, ErrorDetails
from tests.databases import on_sqlite
from tests.device import Device, Message
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
    reply, *_ = ada.raw(EXAMPLE)
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
    reply, *_ = ada.raw(
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
        "hasMore": False,
        "asOfSequence": 3,
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
    feel(ada)
    assert ada.events() == tablet.events()
    expected = [changed(ada, feel(ada, is_public=public), public=public)]
    assert (ada.events(), tablet.events()) == (expected, expected)


def test_reply_first(ada: Device) -> None:
    """The one who said it gets the reply before the event, and then the first badge."""
    feel(ada)
    assert [m.type for m in ada.received[-3:]] == [
        "mood_update_response",
        "mood_changed",
        "notification",
    ]


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
    feel(ada)  # the first earns a badge
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
        as_of_sequence=2,
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
