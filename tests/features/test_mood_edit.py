"""Changing an entry (protocol: `mood_edit`)."""

from datetime import date
from typing import Any

import pytest
from msgspec import UNSET

from hugmood.features.analytics.messages import FetchMoodAnalytics
from hugmood.features.moods.messages import (
    FetchMoodHistory,
    Location,
    MoodChanged,
    MoodDeleted,
    MoodEdit,
    MoodEdited,
    MoodItem,
    StreakUpdate,
)
from hugmood.features.profile.messages import UpdateProfile
from hugmood.features.settings.messages import UpdateSettings
from hugmood.wire.message import Error, ErrorDetails
from tests.databases import on_sqlite
from tests.device import Device
from tests.features.people import feel, follow, news
from tests.world import World

FULL: dict[str, Any] = {
    "intensity": 0.5,
    "note": "Hello",
    "tags": ["one"],
    "factors": {"sleep": 7.5},
    "pleasantness": 0.25,
    "location": Location(latitude=52.5, longitude=13.4, name="Berlin", type="city"),
}


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
    follow(bob, ada)
    ada.events()
    return bob


def edit(device: Device, mood_id: str, **changes: Any) -> MoodEdited:  # noqa: ANN401 (passed on)
    """Change an entry."""
    return device.request(MoodEdit(mood_id=mood_id, **changes))


def entry(device: Device) -> MoodItem:
    """The only entry."""
    (item,) = device.request(FetchMoodHistory()).items
    return item


def said(device: Device, mood_id: str, **fields: Any) -> MoodChanged:  # noqa: ANN401 (passed on)
    """What is told of a new entry, as `feel` makes it unless said otherwise."""
    usual = {"mood": "calm", "intensity": 0.5, "is_public": True}
    moment = device.world.clock.after(0)
    return MoodChanged(
        **{"user_id": device.user_id, "mood_id": mood_id, "timestamp": moment, **usual, **fields}
    )


def said_again(device: Device, mood_id: str, **fields: Any) -> MoodChanged:  # noqa: ANN401 (passed on)
    """What is told of an entry that was changed."""
    return said(device, mood_id, edited=True, **fields)


def gone(device: Device, mood_id: str) -> MoodDeleted:
    """What is told of an entry that is not to be seen any more."""
    return MoodDeleted(user_id=device.user_id, mood_id=mood_id)


# What changes


def test_example(world: World, ada: Device) -> None:
    """The reply has the entry and the streak, on the wire too."""
    mood_id = feel(ada).mood_id
    message = {"type": "mood_edit", "id": "msg-1", "data": {"moodId": mood_id, "note": "Better"}}
    replies = ada.raw(message)
    reply = next(frame for frame in replies if frame.type == "mood_edit_response")
    streak = {"current": 1, "best": 1, "lastUpdated": "2023-08-25T14:30:00.000Z"}
    assert {"success": True, "moodId": mood_id, "streakUpdate": streak} == reply.data
    assert "msg-1-resp" == reply.id


@pytest.mark.parametrize(
    "changes",
    [
        {"mood": "happy"},
        {"intensity": 1.0},
        {"note": "Bye"},
        {"is_public": True},
        {"tags": ["two", "three"]},
        {"tags": []},
        {"factors": {"walk": 30.0}},
        {"pleasantness": -1.0},
        {"location": Location(latitude=1.0, longitude=2.0)},
        {"mood": "happy", "intensity": 0.1, "note": "Both", "is_public": True},
    ],
)
def test_only_what_is_given(ada: Device, changes: dict[str, Any]) -> None:
    """What is given takes the place of what was there, as a whole; all else stays."""
    mood_id = feel(ada, **FULL).mood_id
    edit(ada, mood_id, **changes)
    whole = {"id": mood_id, "mood": "calm", "is_public": False, **FULL}
    assert MoodItem(**whole | {"created_at": ada.world.clock.after(0)} | changes) == entry(ada)


@pytest.mark.parametrize("field", ["note", "location", "tags", "factors", "pleasantness"])
def test_clear(ada: Device, field: Any) -> None:  # noqa: ANN401 (a word of the protocol)
    """What may be absent can be taken out again."""
    mood_id = feel(ada, **FULL).mood_id
    edit(ada, mood_id, clear=[field, field])
    left = {name: value for name, value in FULL.items() if name != field}
    moment = ada.world.clock.after(0)
    whole = MoodItem(id=mood_id, mood="calm", is_public=False, created_at=moment, **left)
    assert whole == entry(ada)


def test_clear_wins(ada: Device) -> None:
    """What is given and to be cleared is cleared."""
    mood_id = feel(ada).mood_id
    edit(ada, mood_id, note="Hello", clear=["note"])
    assert UNSET is entry(ada).note


def test_location_on_the_grid(ada: Device) -> None:
    """A place that is given later is as coarse as any."""
    edit(ada, feel(ada).mood_id, location=Location(latitude=52.5200, longitude=13.4050))
    assert Location(latitude=52.5, longitude=13.4) == entry(ada).location


def test_time_stays(world: World, ada: Device) -> None:
    """An entry keeps its moment and its day, wherever one lives by then."""
    mood_id = feel(ada).mood_id
    moment = world.clock.after(0)
    ada.request(UpdateProfile(time_zone="Pacific/Kiritimati"))
    world.clock.move(3600)
    edit(ada, mood_id, intensity=1.0)
    assert moment == entry(ada).created_at
    streak = feel(ada).streak_update  # a day later by the new calendar
    assert 2 == (streak and streak.current)


def test_streak_turned_off(ada: Device) -> None:
    """Who wants to see no streak is told of none."""
    mood_id = feel(ada).mood_id
    ada.request(UpdateSettings(streaks=False))
    assert UNSET is edit(ada, mood_id, note="Hello").streak_update


def test_analytics_follow(ada: Device) -> None:
    """What the entries say is counted afresh."""

    def score() -> object:
        return ada.request(FetchMoodAnalytics(time_range="week")).analytics.average_mood

    mood_id = feel(ada, pleasantness=1.0).mood_id
    before = score()
    edit(ada, mood_id, pleasantness=-1.0)
    assert (10.0, 0.0) == (before, score())


def test_factors_follow(ada: Device) -> None:
    """Insights go by the tags and factors as they are now."""

    def factors() -> set[str]:
        found = ada.request(FetchMoodAnalytics(time_range="week", include_correlations=True))
        return {one.factor for one in found.analytics.factors or []}

    mood_id = feel(ada, tags=["tea"], factors={"sleep": 7.5}).mood_id
    before = factors()
    edit(ada, mood_id, tags=["walk"], clear=["factors"])
    assert ({"tea", "sleep"}, {"walk"}) == (before, factors())


def test_guest(world: World) -> None:
    """Guests have second thoughts too."""
    guest = world.guest()
    edit(guest, feel(guest).mood_id, note="Hello")
    assert "Hello" == entry(guest).note


# Who is told


def test_told_again(ada: Device, bob: Device) -> None:
    """Followers and one's own devices are told how it is now."""
    mood_id = feel(ada, is_public=True).mood_id
    edit(ada, mood_id, mood="happy")
    expected = [said(ada, mood_id), said_again(ada, mood_id, mood="happy")]
    assert (expected, expected) == (news(ada), news(bob))


def test_private_stays_private(ada: Device, bob: Device) -> None:
    """Nobody else hears of a private entry, nor that it was changed."""
    mood_id = feel(ada).mood_id
    edit(ada, mood_id, intensity=1.0, note="Hello")
    assert ([], 2) == (news(bob), len(news(ada)))


def test_told_to_own_devices(ada: Device, bob: Device) -> None:
    """Of what followers never see only one's own devices hear."""
    mood_id = feel(ada, is_public=True).mood_id
    news(ada), news(bob)
    edit(ada, mood_id, **FULL)
    assert ([said_again(ada, mood_id)], []) == (news(ada), news(bob))


def test_made_private(ada: Device, bob: Device) -> None:
    """Followers are told to forget it, oneself that it is private."""
    mood_id = feel(ada, is_public=True).mood_id
    news(ada), news(bob)
    edit(ada, mood_id, is_public=False, intensity=1.0)
    assert [gone(ada, mood_id)] == news(bob)
    assert [said_again(ada, mood_id, intensity=1.0, is_public=False)] == news(ada)
    assert 0 == bob.request(FetchMoodHistory(user_id=ada.user_id)).total_count


def test_made_public(ada: Device, bob: Device) -> None:
    """And the other way round, however often."""
    mood_id = feel(ada).mood_id
    for public in (True, False, True):
        edit(ada, mood_id, is_public=public)
    assert [said(ada, mood_id), gone(ada, mood_id), said(ada, mood_id)] == news(bob)


def test_minor(world: World) -> None:
    """Nobody under 18 has a public entry, by this way either."""
    kim = world.register("Kim", birth_date=date(2008, 1, 1))
    edit(kim, feel(kim).mood_id, is_public=True)
    assert not entry(kim).is_public


def test_missed(ada: Device, bob: Device) -> None:
    """Who was away gets only how it is now."""
    last = bob.position
    bob.drop()
    mood_id = feel(ada, is_public=True).mood_id
    edit(ada, mood_id, mood="happy")
    assert [said_again(ada, mood_id, mood="happy")] == bob.another(last=last).events()


def test_missed_altogether(ada: Device, bob: Device) -> None:
    """What was taken back meanwhile is in nobody's stream."""
    last = bob.position
    bob.drop()
    mood_id = feel(ada, is_public=True).mood_id
    edit(ada, mood_id, is_public=False)
    assert [gone(ada, mood_id)] == bob.another(last=last).events()


def test_forgetting_is_not_forgotten(ada: Device, bob: Device) -> None:
    """Who saw it and went away is told to forget it, though it changed in private since.

    It was lost when everything that named the entry was taken out of streams.
    """
    mood_id = feel(ada, is_public=True).mood_id
    last = bob.position
    bob.drop()
    edit(ada, mood_id, is_public=False)
    edit(ada, mood_id, intensity=1.0)
    assert [gone(ada, mood_id)] == bob.another(last=last).events()


def test_other_entries_stay_told(ada: Device, bob: Device) -> None:
    """Only what was told of this entry leaves the streams."""
    last = bob.position
    bob.drop()
    first, second = (feel(ada, is_public=True).mood_id for _ in range(2))
    edit(ada, second, mood="happy")
    expected = [said(ada, first), said_again(ada, second, mood="happy")]
    assert expected == bob.another(last=last).events()


# Nothing, twice, together


def test_nothing_changes(world: World, ada: Device, bob: Device) -> None:
    """An edit to what is there already is answered and told to nobody."""
    mood_id = feel(ada, is_public=True, **FULL).mood_id
    news(bob), news(ada)
    reply = edit(ada, mood_id, mood="calm", is_public=True, **FULL)
    streak = StreakUpdate(current=1, best=1, last_updated=world.clock.after(0))
    assert MoodEdited(mood_id=mood_id, streak_update=streak) == reply
    assert edit(ada, mood_id) == edit(ada, mood_id, clear=[]) == reply
    assert ([], []) == (news(ada), news(bob))


def test_twice(ada: Device, bob: Device) -> None:
    """A command that is sent again does nothing, though the entry changed since."""
    mood_id = feel(ada, is_public=True).mood_id
    command = MoodEdit(mood_id=mood_id, mood="happy")
    first = ada.request(command, id="msg-same")
    edit(ada, mood_id, mood="sad")
    again = ada.another().request(command, id="msg-same")
    assert (first, "sad", 3) == (again, entry(ada).mood, len(news(bob)))


def test_in_one_transaction(ada: Device, bob: Device) -> None:
    """Edits that are handled together happen one after the other."""
    last = bob.position
    mood_id = feel(ada, is_public=True).mood_id
    with ada.world.batch():
        for mood in ("happy", "sad"):
            ada.send(MoodEdit(mood_id=mood_id, mood=mood))
    moods = [event.mood for event in news(bob) if isinstance(event, MoodChanged)]
    assert ["calm", "happy", "sad"] == moods
    assert [said_again(ada, mood_id, mood="sad")] == bob.another(last=last).events()


# What is refused


def test_somebody_elses(ada: Device, bob: Device) -> None:
    """Another's entry is answered as one that there is not, and stays as it is."""
    mood_id = feel(ada, is_public=True).mood_id
    refusals = [
        bob.refusal(MoodEdit(mood_id=one, mood="sad")) for one in (mood_id, "mood-12345", "")
    ]
    assert ["not_found", "not_found"] == [r.code for r in refusals[:2] if isinstance(r, Error)]
    assert refusals[0].message == refusals[1].message
    assert ErrorDetails(field="data.moodId") == refusals[0].details
    assert "calm" == entry(ada).mood


@on_sqlite
@pytest.mark.parametrize(
    ("data", "field", "issue"),
    [
        ({"moodId": None}, "data.moodId", "invalid_type"),
        ({"mood": "no such mood"}, "data.mood", "unknown_value"),
        ({"mood": "x" * 65}, "data.mood", "too_long"),
        ({"intensity": 1.1}, "data.intensity", "out_of_range"),
        ({"note": None}, "data.note", "invalid_type"),
        ({"note": "x" * 2001}, "data.note", "too_long"),
        ({"isPublic": None}, "data.isPublic", "invalid_type"),
        ({"tags": ["x" * 33]}, "data.tags[0]", "too_long"),
        ({"pleasantness": -2}, "data.pleasantness", "out_of_range"),
        ({"location": {"latitude": 91, "longitude": 0}}, "data.location.latitude", "out_of_range"),
        ({"clear": ["mood"]}, "data.clear[0]", "unknown_value"),
        ({"clear": ["note"] * 6}, "data.clear", "too_long"),
        ({"clear": "note"}, "data.clear", "invalid_type"),
    ],
)
def test_bad_edit(ada: Device, data: dict[str, Any], field: str, issue: str) -> None:
    """What is wrong with an edit is said, and nothing is changed."""
    mood_id = feel(ada, note="Hello").mood_id
    before = entry(ada)
    message = {"moodId": mood_id, "note": "Bye"} | data
    (error,) = ada.raw({"type": "mood_edit", "id": "msg-1", "data": message})
    assert {"field": field, "issue": issue} == error.data["details"]
    assert before == entry(ada)


@on_sqlite
def test_without_id(ada: Device) -> None:
    """Which entry, must be said."""
    (error,) = ada.raw({"type": "mood_edit", "id": "msg-1", "data": {"note": "Bye"}})
    assert {"field": "data.moodId", "issue": "required_field_missing"} == error.data["details"]


def test_effort(ada: Device) -> None:
    """An edit costs no more with many entries than with one."""
    first = feel(ada).mood_id
    with ada.world.statements() as few:
        edit(ada, first, mood="sad")
    for _ in range(5):
        feel(ada)
    with ada.world.statements() as many:
        edit(ada, first, mood="happy")
    assert (len(few), True) == (len(many), len(few) > 0)
