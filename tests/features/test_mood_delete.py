"""Taking an entry back (protocol: `mood_delete`)."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from hugmood.features.analytics.messages import FetchMoodAnalytics
from hugmood.features.badges.messages import FetchBadges
from hugmood.features.moods.messages import (
    FetchFeed,
    FetchMoodHistory,
    MoodChanged,
    MoodDelete,
    MoodDeleted,
    MoodEdit,
    MoodTakenBack,
    MoodUpdate,
    StreakUpdate,
)
from hugmood.wire.message import Error, ErrorDetails
from tests.databases import InMemory, on_sqlite
from tests.device import Device
from tests.features.bonds import block, unfollow
from tests.features.people import feel, follow, history, news
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
def bob(world: World, ada: Device) -> Device:
    """Somebody who follows Ada."""
    bob = world.register("Bob")
    follow(bob, ada)
    ada.events()
    return bob


def delete(device: Device, mood_id: str) -> MoodTakenBack:
    """Take an entry back."""
    return device.request(MoodDelete(mood_id=mood_id))


def gone(device: Device, mood_id: str) -> MoodDeleted:
    """What is told of it."""
    return MoodDeleted(user_id=device.user_id, mood_id=mood_id)


def run(reply: MoodTakenBack) -> tuple[int, int]:
    """The current and the best streak in a reply."""
    assert reply.streak_update
    return reply.streak_update.current, reply.streak_update.best


# What goes


def test_example(world: World, ada: Device) -> None:
    """The entry is gone, and the reply says how the streak stands, on the wire too."""
    mood_id = feel(ada, note="Hello").mood_id
    (reply, event) = ada.raw({"type": "mood_delete", "id": "msg-1", "data": {"moodId": mood_id}})
    streak = {"current": 0, "best": 0, "lastUpdated": "2023-08-25T14:30:00.000Z"}
    assert {"success": True, "moodId": mood_id, "streakUpdate": streak} == reply.data
    assert ("mood_delete_response", "msg-1-resp") == (reply.type, reply.id)
    assert ("mood_deleted", {"userId": ada.user_id, "moodId": mood_id}) == (event.type, event.data)
    assert [] == history(ada)


def test_nothing_left(world: World, ada: Device, bob: Device) -> None:
    """No table has anything of it but who is to forget what."""
    mood_id = feel(ada, "happy", is_public=True, note="Hello Berlin", tags=["one"]).mood_id
    delete(ada, mood_id)
    with world.database.transaction(write=False) as tx:
        assert [(0,)] == [tuple(row) for row in tx.rows("SELECT count(*) FROM mood_entry")]
        assert [(0,)] == [tuple(row) for row in tx.rows("SELECT count(*) FROM mood_day")]
        bodies = [bytes(body) for (body,) in tx.rows("SELECT body FROM event")]
    assert 1 == len([body for body in bodies if mood_id.encode() in body])
    assert [] == [body for body in bodies if b"happy" in body]


def test_others_stay(ada: Device) -> None:
    """Only that entry goes."""
    ids = [feel(ada).mood_id for _ in range(3)]
    delete(ada, ids[1])
    assert [ids[2], ids[0]] == history(ada)


def test_guest(world: World) -> None:
    """Guests can take back what they said."""
    guest = world.guest()
    delete(guest, feel(guest).mood_id)
    assert [] == history(guest)


# What follows from it


def test_streak(world: World, ada: Device) -> None:
    """A day without its only entry is a day missed."""
    ids = [feel(ada, at=f"2023-08-{day}T14:30:00.000Z").mood_id for day in (23, 24, 25)]
    assert [(1, 1), (1, 1), (0, 0)] == [run(delete(ada, ids[n])) for n in (1, 0, 2)]


def test_day_with_another_entry(world: World, ada: Device) -> None:
    """A day that has another entry still counts."""
    ids = [feel(ada).mood_id for _ in range(2)]
    expected = StreakUpdate(current=1, best=1, last_updated=world.clock.after(0))
    assert MoodTakenBack(mood_id=ids[0], streak_update=expected) == delete(ada, ids[0])


def test_day_across_the_date_line(world: World) -> None:
    """What is left of a day says when it began, for the calendar's missing day."""
    world.clock.move_to("2023-08-27T12:00:00.000Z")
    ada = world.register("Zoe", time_zone="Pacific/Kiritimati")
    early = feel(ada, at="2023-08-23T15:00:00.000Z")  # the 24th there
    late = feel(ada, at="2023-08-24T10:00:00.000Z")
    feel(ada, at="2023-08-25T16:00:00.000Z")  # the 26th, 30 hours later
    assert [(2, 2), (1, 1)] == [
        (run(delete(ada, early.mood_id))[1],) * 2,
        (run(delete(ada, late.mood_id))[1],) * 2,
    ]


def test_last_of_a_day(world: World) -> None:
    """Where the later entry goes, the earlier one is too long ago to join the days."""
    world.clock.move_to("2023-08-27T12:00:00.000Z")
    ada = world.register("Zoe", time_zone="Pacific/Kiritimati")
    feel(ada, at="2023-08-23T15:00:00.000Z")
    late = feel(ada, at="2023-08-24T10:00:00.000Z")
    feel(ada, at="2023-08-25T16:00:00.000Z")
    assert 1 == run(delete(ada, late.mood_id))[1]


def test_badges_stay(ada: Device) -> None:
    """What was earned is kept."""
    delete(ada, feel(ada).mood_id)
    assert ["first_feeling"] == [one.badge for one in ada.request(FetchBadges()).items]


def test_analytics_follow(ada: Device) -> None:
    """What the entries say is counted afresh."""

    def score() -> object:
        return ada.request(FetchMoodAnalytics(time_range="week")).analytics.average_mood

    first, second = (feel(ada, pleasantness=one).mood_id for one in (1.0, -1.0))
    scores = [score()]
    for one in (first, second):
        delete(ada, one)
        scores.append(score())
    assert [5.0, 0.0, UNSET] == scores


# Who is told


@pytest.mark.parametrize("public", [True, False])
def test_told(ada: Device, bob: Device, *, public: bool) -> None:
    """Whoever was told of it is told that it is gone; of a private one oneself alone."""
    mood_id = feel(ada, is_public=public).mood_id
    phone = ada.another(last=ada.position)
    news(ada), news(bob)
    delete(ada, mood_id)
    expected = [gone(ada, mood_id)]
    assert (expected, expected) == (news(ada), news(phone))
    assert (expected if public else []) == news(bob)


def test_missed(ada: Device, bob: Device) -> None:
    """Who was away gets nothing of it but that it is gone."""
    last = bob.position
    bob.drop()
    mood_id = feel(ada, is_public=True, mood="happy").mood_id
    delete(ada, mood_id)
    phone = bob.another(last=last)
    assert [gone(ada, mood_id)] == phone.events()
    assert "happy" not in str(phone.received)


def test_private_before(ada: Device, bob: Device) -> None:
    """Who saw it before it was private, and went away, is still told to forget it."""
    mood_id = feel(ada, is_public=True).mood_id
    last = bob.position
    bob.drop()
    ada.request(MoodEdit(mood_id=mood_id, is_public=False))
    delete(ada, mood_id)
    assert [gone(ada, mood_id)] == bob.another(last=last).events()


def test_not_told(world: World, ada: Device, bob: Device) -> None:
    """Who follows no more, or is blocked, is not told."""
    eve = world.register("Eve")
    follow(eve, ada)
    mood_id = feel(ada, is_public=True).mood_id
    unfollow(bob, ada)
    block(ada, eve)
    news(bob), news(eve)
    delete(ada, mood_id)
    assert ([], []) == (news(bob), news(eve))


# Twice, together, somebody else's


def test_twice(ada: Device) -> None:
    """The same command is answered as before, another one finds nothing."""
    mood_id = feel(ada).mood_id
    first = ada.request(MoodDelete(mood_id=mood_id), id="msg-same")
    again = ada.another().request(MoodDelete(mood_id=mood_id), id="msg-same")
    refusal = ada.refusal(MoodDelete(mood_id=mood_id))
    assert first == again
    assert isinstance(refusal, Error)
    assert ("not_found", ErrorDetails(field="data.moodId")) == (refusal.code, refusal.details)
    assert 1 == len([one for one in news(ada) if isinstance(one, MoodDeleted)])


def test_edit_after_it(ada: Device) -> None:
    """What is gone cannot be changed."""
    mood_id = feel(ada).mood_id
    delete(ada, mood_id)
    refusal = ada.refusal(MoodEdit(mood_id=mood_id, note="Hello"))
    assert isinstance(refusal, Error)
    assert "not_found" == refusal.code


def test_somebody_elses(ada: Device, bob: Device) -> None:
    """Another's entry is answered as one that there is not, and stays."""
    mood_id = feel(ada, is_public=True).mood_id
    refusals = [bob.refusal(MoodDelete(mood_id=one)) for one in (mood_id, "mood-12345")]
    assert ["not_found"] * 2 == [one.code for one in refusals if isinstance(one, Error)]
    assert refusals[0].message == refusals[1].message
    assert [mood_id] == history(ada)


def test_in_one_transaction(world: World, ada: Device, bob: Device) -> None:
    """An entry that is changed and taken back with others leaves nothing behind."""
    last = bob.position
    mood_id = feel(ada, is_public=True).mood_id
    with world.batch():
        new = ada.send(MoodUpdate(mood="happy", intensity=0.5, is_public=True))
        ada.send(MoodEdit(mood_id=mood_id, mood="sad"))
        ada.send(MoodDelete(mood_id=mood_id))
        late = ada.send(MoodEdit(mood_id=mood_id, mood="happy"))
    refusal = late.refusal()
    assert isinstance(refusal, Error)
    assert "not_found" == refusal.code
    expected = [new.reply().mood_id, mood_id]
    missed = bob.another(last=last).events()
    assert expected == [e.mood_id for e in missed if isinstance(e, MoodChanged | MoodDeleted)]
    assert [MoodChanged, MoodDeleted] == [type(event) for event in missed]


@on_sqlite
@pytest.mark.parametrize(
    ("data", "issue"),
    [
        ({}, "required_field_missing"),
        ({"moodId": 5}, "invalid_type"),
        ({"moodId": None}, "invalid_type"),
    ],
)
def test_bad(ada: Device, data: dict[str, object], issue: str) -> None:
    """Which entry, must be said."""
    (error,) = ada.raw({"type": "mood_delete", "id": "msg-1", "data": data})
    assert {"field": "data.moodId", "issue": issue} == error.data["details"]


def test_effort(ada: Device) -> None:
    """It costs no more with many entries than with one."""
    first, *more = (feel(ada).mood_id for _ in range(7))
    with ada.world.statements() as few:
        delete(ada, first)
    for one in more[1:]:
        delete(ada, one)
    with ada.world.statements() as many:
        delete(ada, more[0])
    assert (len(few), True) == (len(many), len(few) > 0)


STEPS = st.lists(
    st.tuples(st.sampled_from(["add", "edit", "delete"]), st.integers(0, 3), st.booleans()),
    max_size=12,
)


@given(steps=STEPS, leaves=st.integers(0, 11))
@settings(max_examples=40, deadline=None)
def test_any_order(sqlite_template: Path, steps: list[tuple[str, int, bool]], leaves: int) -> None:
    """Whatever is said, changed and taken back: who keeps what they are told has the feed.

    One follower listens all the time; one goes away in the middle and comes back.
    """
    with World(InMemory(sqlite_template), limited=False) as world:
        live_through(world, steps, leaves)


def live_through(world: World, steps: list[tuple[str, int, bool]], leaves: int) -> None:
    """Take these steps; one of two followers goes away before one of them."""
    ada, bob, eve = (world.register(name) for name in ("Ada", "Bob", "Eve"))
    follow(bob, ada), follow(eve, ada)
    entries: list[str] = []
    for number, (what, which, public) in enumerate(steps):
        if number == leaves:
            eve.drop()
        act(ada, entries, what, which, public=public)
    phone = eve.another(last=eve.position) if leaves < len(steps) else eve
    known = {item.id: item.mood for item in bob.request(FetchFeed(limit=100)).items}
    assert known == kept(bob) == kept(eve, phone)


def act(ada: Device, entries: list[str], what: str, which: int, *, public: bool) -> None:
    """Add an entry, or do something to one that is there or is gone."""
    if what == "add":
        entries.append(feel(ada, is_public=public).mood_id)
    elif which < len(entries):
        mood_id = entries[which]
        if what == "edit":
            mood = "happy" if which % 2 else "sad"
            ada.send(MoodEdit(mood_id=mood_id, mood=mood, is_public=public))
        else:
            ada.send(MoodDelete(mood_id=mood_id))


def kept(*devices: Device) -> dict[str, str]:
    """What somebody knows who does as they are told, on these devices in turn."""
    known: dict[str, str] = {}
    for device in dict.fromkeys(devices):
        for event in device.events():
            if isinstance(event, MoodChanged):
                known[event.mood_id] = event.mood
            elif isinstance(event, MoodDeleted):
                known.pop(event.mood_id, None)
    return known


def test_history_is_empty_for_all(ada: Device, bob: Device) -> None:
    """Neither history nor feed has it."""
    delete(ada, feel(ada, is_public=True).mood_id)
    assert 0 == bob.request(FetchMoodHistory(user_id=ada.user_id)).total_count
    assert 0 == bob.request(FetchFeed()).total_count
