"""Analytics (protocol: Analytics and Insights; decisions: Moods, Account and settings)."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec import UNSET

from hugmood.ambient import Instant
from hugmood.features.analytics.messages import (
    Analytics,
    DayOfWeekMood,
    FactorState,
    FetchMoodAnalytics,
    MoodAnalytics,
    TimeOfDayMood,
    TimeRange,
    Window,
)
from hugmood.features.analytics.service import Question, Results
from hugmood.features.analytics.store import Version
from hugmood.features.auth.store import account_by_id
from hugmood.features.moods import store
from hugmood.features.moods.days import local_time
from hugmood.features.moods.messages import MoodUpdate
from hugmood.store.database import Transaction
from hugmood.wire.message import Error
from tests.device import Device, Message
from tests.world import World

SEED = json.loads((Path(__file__).parent / "seed_analytics.json").read_text("utf-8"))
DATES = dict(zip(["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"], range(21, 28), strict=True))
"""A week of August 2023."""
NOON = 12 * 3600 * 1000
DAY = 24 * 3600 * 1000


@pytest.fixture
def world(world_on_both: World) -> World:
    """A world on each of the databases."""
    return world_on_both


@pytest.fixture
def ada(world: World) -> Device:
    """Somebody who stays signed in."""
    return world.register("Ada", remember_me=True)


def analytics(device: Device, time_range: TimeRange = "month", *, why: bool = False) -> Analytics:
    """What the entries of some time say; `why` asks for correlations too."""
    query = FetchMoodAnalytics(time_range=time_range, include_correlations=why)
    return device.request(query).analytics


def feel(device: Device, moment: str, pleasantness: float = 0.0, mood: str = "calm") -> None:
    """Have somebody say how they feel at a moment."""
    device.world.clock.move_to(moment)
    device.request(MoodUpdate(mood=mood, intensity=0.5, pleasantness=pleasantness))


def keep_diary(device: Device, days: int, **columns: list[Any]) -> None:
    """Give somebody entries at noon of so many days up to today, without saying them one by one.

    `columns` have a value for each day: `affect`, `tags`, `factors`.
    """
    now = device.world.clock.now()
    today = now // DAY * DAY + NOON
    with device.world.database.transaction(write=True) as tx:
        account = account_by_id(tx, device.user_id)
        assert account is not None
        for place in range(days):
            own = {name: values[place] for name, values in columns.items()}
            write_entry(tx, account.key, today - (days - 1 - place) * DAY, own)


def write_entry(tx: Transaction, user: int, at: int, columns: dict[str, Any]) -> None:
    """Put an entry into the table."""
    plain = store.Entry(
        id=f"mood-{at:020}", user_key=user, mood="calm", intensity=0.5, model="hm-affect-1",
        affect=0.0, pleasantness=None, is_public=False, note=None, tags=None, factors=None,
        place=None, occurred_at=at, time_zone="UTC", utc_offset=0, day=local_time(at, "UTC").day,
    )  # fmt: skip
    store.insert(tx, plain._replace(**columns))


# The protocol's example

BADGES = 2
"""What the seed's entries earn: a badge for the first, and one for the seventh day."""


def live_the_seed(device: Device) -> None:
    """Say the entries that the example is of, as they happened."""
    for day, hour, mood, intensity in SEED["entries"]:
        moment = f"2023-08-{DATES[day]}T{hour:02}:00:00.000Z"
        feel(device, moment, SEED["valence"][mood] * intensity, mood)


def test_example(world: World, ada: Device) -> None:
    """Every number of the protocol's example comes out, and is on the wire as there."""
    world.clock.move_to("2023-08-21T06:00:00.000Z")
    live_the_seed(ada)
    (reply,) = ada.raw(
        {
            "type": "fetch",
            "id": "msg-12350",
            "data": {"dataType": "mood_analytics", "timeRange": "week"},
        }
    )
    expect = SEED["expect"]
    assert reply == Message(
        type="fetch_response",
        id="msg-12350-resp",
        data={
            "success": True,
            "dataType": "mood_analytics",
            "analytics": {
                "moodFrequency": expect["moodFrequency"],
                "moodByDayOfWeek": [
                    {"day": f"{day}day", "averageMood": mean, "n": 1}
                    for day, mean in zip(
                        ["Mon", "Tues", "Wednes", "Thurs", "Fri", "Satur", "Sun"],
                        expect["byDay"],
                        strict=True,
                    )
                ],
                "moodByTimeOfDay": [
                    {"hour": int(hour), "averageMood": mean, "n": 5}
                    for hour, mean in expect["byHour"].items()
                ],
                "averageMood": expect["averageMood"],
            },
            "asOfSequence": len(SEED["entries"]) + BADGES,
        },
        timestamp=str(Instant(world.clock.now())),
        number=len(SEED["entries"]) + BADGES,
        previous=None,
    )


# What is looked at


def test_nothing_yet(ada: Device) -> None:
    """Without entries there are no averages, not even of 0."""
    assert ada.request(FetchMoodAnalytics()) == MoodAnalytics(
        analytics=Analytics(mood_frequency={}, mood_by_day_of_week=[], mood_by_time_of_day=[]),
        as_of_sequence=0,
    )


def test_nothing_yet_with_correlations(ada: Device) -> None:
    """Asked for correlations, one without entries has none."""
    found = analytics(ada, why=True)
    assert ([], [], []) == (found.correlations, found.insights, found.factors)
    assert (UNSET, Window(days=180, n=0)) == (found.average_mood, found.window)


def test_one_entry(ada: Device) -> None:
    """One entry is the mean of itself."""
    feel(ada, "2023-08-25T15:00:00.000Z", 0.4)
    assert analytics(ada, "day") == Analytics(
        mood_frequency={"calm": 1.0},
        mood_by_day_of_week=[DayOfWeekMood(day="Friday", average_mood=7.0, n=1)],
        mood_by_time_of_day=[TimeOfDayMood(hour=16, average_mood=7.0, n=1)],
        average_mood=7.0,
    )


@pytest.mark.parametrize(
    ("time_range", "days"), [("day", 1), ("week", 7), ("month", 30), ("year", 365)]
)
def test_range(ada: Device, time_range: TimeRange, days: int) -> None:
    """A range is so many local days, today the last of them."""
    keep_diary(ada, 400, affect=[1.0] * (400 - days) + [0.0] * days)
    found = analytics(ada, time_range)
    assert (5.0, days) == (found.average_mood, sum(day.n for day in found.mood_by_day_of_week))


def test_a_day_begins_at_four(world: World) -> None:
    """What is felt at half past three in one's own zone still is of the day before."""
    ada = world.register("Ada", time_zone="America/New_York", remember_me=True)
    feel(ada, "2023-08-26T07:30:00.000Z", 1.0)
    assert [("Friday", 2)] == [
        (day.day, hour.hour)
        for day in analytics(ada, "day").mood_by_day_of_week
        for hour in analytics(ada, "day").mood_by_time_of_day
    ]
    world.clock.move_to("2023-08-26T08:00:00.000Z")
    assert UNSET == analytics(ada, "day").average_mood


def test_each_sees_their_own(world: World, ada: Device) -> None:
    """Another's entries, public as they may be, are not counted."""
    bob = world.register("Bob")
    ada.request(MoodUpdate(mood="sad", intensity=1.0, is_public=True))
    assert {} == analytics(bob).mood_frequency


def test_own_id(ada: Device) -> None:
    """Asking for oneself by id is asking for oneself."""
    feel(ada, "2023-08-25T15:00:00.000Z", 0.4)
    assert 7.0 == ada.request(FetchMoodAnalytics(user_id=ada.user_id)).analytics.average_mood


@pytest.mark.parametrize("known", [True, False])
def test_others_are_denied(world: World, ada: Device, known: bool) -> None:  # noqa: FBT001 (a case)
    """Nobody sees another's analytics, nor learns whether there is such a person."""
    bob = world.register("Bob")
    refusal = ada.refusal(FetchMoodAnalytics(user_id=bob.user_id if known else "user-nobody"))
    assert isinstance(refusal, Error)
    assert ("permission_denied", "These analytics are not shared with you") == (
        refusal.code,
        refusal.message,
    )


def test_unknown_range(ada: Device) -> None:
    """A range that there is not is refused."""
    (reply,) = ada.raw(
        {"type": "fetch", "id": "m", "data": {"dataType": "mood_analytics", "timeRange": "decade"}}
    )
    assert {"field": "data.timeRange", "issue": "unknown_value"} == reply.data["details"]


# Correlations


def chance(length: int, seed: int) -> list[float]:
    """Numbers by chance, within what affect may be."""
    return np.clip(np.random.default_rng(seed).normal(0, 0.3, length), -1, 1).tolist()  # type: ignore[no-any-return]


def test_correlation(ada: Device) -> None:
    """Sleep that goes with mood is found, with figures and in words."""
    affect = chance(100, 1)
    sleep = [7 + 2 * a + b for a, b in zip(affect, chance(100, 2), strict=True)]
    keep_diary(ada, 100, affect=affect, factors=[{"sleep": value} for value in sleep])
    found = analytics(ada, why=True)
    assert found.correlations
    (one,) = found.correlations
    assert ("sleep", "positive", "number", 100, 0, "clear") == (
        one.factor, one.direction, one.kind, one.n, one.lag, one.state,
    )  # fmt: skip
    assert 0.7 < one.interval[0] < one.correlation_strength < one.interval[1] <= 1
    assert [FactorState(factor="sleep", kind="number", state="clear", n=100)] == found.factors
    assert found.insights
    assert [("correlation", "Sleep and Your Mood")] == [(i.type, i.title) for i in found.insights]
    assert found.insights[0].id.startswith("insight-")


def test_negative_correlation(ada: Device) -> None:
    """Strength has no sign: the direction says it, and the interval is of the strength."""
    affect = chance(100, 1)
    work = [9 - 2 * a + b for a, b in zip(affect, chance(100, 2), strict=True)]
    keep_diary(ada, 100, affect=affect, factors=[{"work_hours": value} for value in work])
    (one,) = analytics(ada, why=True).correlations or []
    assert ("negative", True) == (one.direction, one.difference < 0)
    assert 0.7 < one.interval[0] < one.correlation_strength < one.interval[1] <= 1


def test_states(ada: Device) -> None:
    """Every factor is listed, with what is known of it or what is missing."""
    tags = [["work"] if day % 2 else ["trip"] if day > 95 else [] for day in range(100)]
    factors = [{"sleep": 7 + value} if day > 85 else {} for day, value in enumerate(chance(100, 2))]
    keep_diary(ada, 100, affect=chance(100, 1), tags=tags, factors=factors)
    found = analytics(ada, why=True)
    assert [] == found.correlations == found.insights
    assert [
        FactorState(factor="work", kind="tag", state="none_found", n=100),
        FactorState(factor="sleep", kind="number", state="need_more_data", n=14, missing=7),
        FactorState(factor="trip", kind="tag", state="need_more_data", n=100, missing=6),
    ] == found.factors


@pytest.mark.parametrize(("time_range", "days"), [("day", 180), ("month", 180), ("year", 365)])
def test_window(ada: Device, time_range: TimeRange, days: int) -> None:
    """Correlations look at half a year at least, and say so; averages do not."""
    keep_diary(ada, 400, affect=[0.0] * 399 + [1.0])
    found = analytics(ada, time_range, why=True)
    assert Window(days=days, n=days) == found.window
    assert analytics(ada, time_range) == Analytics(
        mood_frequency=found.mood_frequency,
        mood_by_day_of_week=found.mood_by_day_of_week,
        mood_by_time_of_day=found.mood_by_time_of_day,
        average_mood=found.average_mood,
    )


# What it costs


@pytest.mark.parametrize("why", [False, True])
def test_statements(world: World, ada: Device, why: bool) -> None:  # noqa: FBT001 (a case)
    """However many entries there are, it is the same few statements."""
    keep_diary(ada, 1)
    with world.statements() as few:
        analytics(ada, why=why)
    world.clock.move(200 * 24 * 3600)
    bob = world.register("Bob")
    keep_diary(bob, 150, tags=[[f"tag {day % 30}"] for day in range(150)])
    with world.statements() as many:
        analytics(bob, why=why)
    assert (3, few) == (len([sql for sql in few if "mood_entry" in sql or "account" in sql]), many)


def test_kept_until_something_changes(world: World, ada: Device) -> None:
    """Asked again, entries are not read again; a new one is seen at once."""
    feel(ada, "2023-08-25T15:00:00.000Z", 0.4)
    first = ada.request(FetchMoodAnalytics(include_correlations=True))
    with world.statements() as statements:
        assert first == ada.request(FetchMoodAnalytics(include_correlations=True))
    assert [] == [sql for sql in statements if "affect" in sql]
    feel(ada, "2023-08-25T15:01:00.000Z", 0.8)
    assert 8.0 == analytics(ada, why=True).average_mood


def test_a_deleted_entry_is_forgotten(world: World, ada: Device) -> None:
    """What is deleted is in no average, also if another takes its place."""
    keep_diary(ada, 2, affect=[1.0, 0.0])
    assert 7.5 == analytics(ada).average_mood
    with world.database.transaction(write=True) as tx:
        tx.execute("DELETE FROM mood_entry WHERE affect = 0")
    assert 10.0 == analytics(ada).average_mood
    keep_diary(ada, 1, affect=[-1.0], id=["mood-of-another-id"])
    assert 5.0 == analytics(ada).average_mood


def test_days_go_by(world: World, ada: Device) -> None:
    """What was kept yesterday is not yesterday's news."""
    feel(ada, "2023-08-25T15:00:00.000Z", 0.4)
    assert 7.0 == analytics(ada, "day").average_mood
    world.clock.move_to("2023-08-26T15:00:00.000Z")
    assert UNSET == analytics(ada, "day").average_mood


def test_results_have_a_bound() -> None:
    """Of more results than there is room for, the one not asked for longest is dropped."""
    results = Results(2)
    empty = Analytics(mood_frequency={}, mood_by_day_of_week=[], mood_by_time_of_day=[])
    made: list[bool] = []

    def ask(today: int) -> None:
        def make() -> Analytics:
            made[-1] = True
            return empty

        made.append(False)
        results.get(
            Question(1, Version(1, "mood-1", 0, 0), today, 30, 30, correlations=False), make
        )

    for today in [1, 2, 1, 3, 1, 2]:
        ask(today)
    assert [True, True, False, True, False, True] == made
