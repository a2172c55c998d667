"""Days where clocks change, dates are skipped and people travel (product rules: Days)."""

from datetime import date

import pytest

from hugmood.features.analytics.messages import FetchMoodAnalytics
from hugmood.features.moods.messages import MoodEdit, MoodUpdated
from hugmood.features.profile.messages import UpdateProfile
from tests.databases import on_sqlite
from tests.features.people import feel
from tests.world import World

DAY = 24 * 3600


@pytest.fixture
def world(world_on_both: World) -> World:
    """A world on each of the databases."""
    return world_on_both


def days(world: World) -> list[tuple[str, int]]:
    """The day and the offset from UTC, in hours, of each entry in the order they came."""
    with world.database.transaction(write=False) as tx:
        rows = tx.rows("SELECT day, utc_offset FROM mood_entry ORDER BY key")
    return [(date.fromordinal(day).isoformat(), offset // 3600) for day, offset in rows]


def at(world: World, moment: str) -> None:
    """Go to a moment: all that is said there is said live."""
    world.clock.move_to(moment)


def run(reply: MoodUpdated) -> tuple[int, int]:
    """The current and the best streak in a reply."""
    assert reply.streak_update
    return reply.streak_update.current, reply.streak_update.best


@on_sqlite
@pytest.mark.parametrize(
    ("zone", "moments", "expected"),
    [
        (  # clocks go forward at two: the day from four to four has 23 hours
            "America/New_York",
            ["2023-03-12T08:59:59Z", "2023-03-12T09:00:00Z", "2023-03-13T07:59:59Z"],
            [("2023-03-12", -4), ("2023-03-12", -4), ("2023-03-12", -4)],
        ),
        (  # the hour that is skipped is in the day before
            "America/New_York",
            ["2023-03-12T06:59:59Z", "2023-03-12T07:00:00Z", "2023-03-12T07:59:59Z"],
            [("2023-03-11", -5), ("2023-03-11", -4), ("2023-03-11", -4)],
        ),
        (  # the hour that comes twice is in one day
            "America/New_York",
            ["2023-11-05T05:30:00Z", "2023-11-05T06:30:00Z", "2023-11-05T08:59:59Z"],
            [("2023-11-04", -4), ("2023-11-04", -5), ("2023-11-04", -5)],
        ),
        (
            "Europe/Berlin",
            ["2023-10-29T00:30:00Z", "2023-10-29T01:30:00Z", "2023-10-29T03:00:00Z"],
            [("2023-10-28", 2), ("2023-10-28", 1), ("2023-10-29", 1)],
        ),
        (  # half an hour's change, south of the equator
            "Australia/Lord_Howe",
            ["2023-09-30T15:29:00Z", "2023-09-30T15:31:00Z", "2023-09-30T17:00:00Z"],
            [("2023-09-30", 10), ("2023-09-30", 11), ("2023-10-01", 11)],
        ),
        (
            "UTC",
            ["2024-02-28T12:00:00Z", "2024-02-29T03:59:59Z", "2024-02-29T04:00:00Z"],
            [("2024-02-28", 0), ("2024-02-28", 0), ("2024-02-29", 0)],
        ),
        (
            "UTC",
            ["2024-03-01T03:59:59Z", "2024-03-01T04:00:00Z"],
            [("2024-02-29", 0), ("2024-03-01", 0)],
        ),
        (
            "Pacific/Kiritimati",
            ["2023-12-31T13:59:59Z", "2023-12-31T14:00:00Z"],
            [("2023-12-31", 14), ("2024-01-01", 14)],
        ),
    ],
)
def test_days_of_entries(
    world: World, zone: str, moments: list[str], expected: list[tuple[str, int]]
) -> None:
    """An entry's day is that of the wall clock less four hours, whatever clocks do."""
    at(world, moments[0])
    ada = world.register(time_zone=zone, remember_me=True)
    for moment in moments:
        at(world, moment)
        feel(ada)
    assert days(world) == expected


@pytest.mark.parametrize(
    ("zone", "first"),
    [
        ("America/New_York", "2023-03-10T13:00:00Z"),
        ("America/New_York", "2023-11-03T13:00:00Z"),
        ("Europe/Berlin", "2023-10-27T12:00:00Z"),
        ("Australia/Lord_Howe", "2023-09-29T04:00:00Z"),
        ("UTC", "2024-02-27T12:00:00Z"),
    ],
)
def test_streak_over_a_change(world: World, zone: str, first: str) -> None:
    """A mood a day is a streak through changes of the clock and leap days."""
    at(world, first)
    ada = world.register(time_zone=zone, remember_me=True)
    told = []
    for _ in range(4):
        told.append(run(feel(ada)))
        world.clock.move(DAY)
    assert told == [(n, n) for n in (1, 2, 3, 4)]


def test_move_changes_no_old_day(world: World) -> None:
    """Old entries stay on the day and in the zone they were made in."""
    ada = world.register(time_zone="Pacific/Kiritimati", remember_me=True)
    feel(ada)
    ada.request(UpdateProfile(time_zone="Pacific/Pago_Pago"))
    feel(ada)
    assert days(world) == [("2023-08-26", 14), ("2023-08-24", -11)]


def test_edit_after_a_move(world: World) -> None:
    """An edit moves an entry to no other day, though one has moved."""
    ada = world.register(time_zone="Pacific/Kiritimati")
    mood_id = feel(ada).mood_id
    ada.request(UpdateProfile(time_zone="Pacific/Pago_Pago"))
    ada.request(MoodEdit(mood_id=mood_id, mood="sad"))
    assert days(world) == [("2023-08-26", 14)]


def test_late_mood_after_a_move(world: World) -> None:
    """A mood that was queued before a move is dated where one lives when it comes."""
    ada = world.register(time_zone="America/New_York")
    ada.request(UpdateProfile(time_zone="Asia/Tokyo"))
    feel(ada, at="2023-08-24T20:00:00.000Z")
    assert days(world) == [("2023-08-25", 9)]


def test_westward_over_the_date_line(world: World) -> None:
    """Who loses a date on the way west to east Asia has missed no day."""
    at(world, "2023-08-25T18:00:00Z")  # 08:00 on the 25th in Honolulu
    ada = world.register(time_zone="Pacific/Honolulu", remember_me=True)
    assert run(feel(ada)) == (1, 1)
    at(world, "2023-08-26T23:00:00Z")  # 08:00 on the 27th in Tokyo, 29 hours later
    ada.request(UpdateProfile(time_zone="Asia/Tokyo"))
    assert (run(feel(ada)), [day for day, _ in days(world)]) == (
        (2, 2),
        ["2023-08-25", "2023-08-27"],
    )


def test_eastward_over_the_date_line(world: World) -> None:
    """Who lives a date twice has one day of it, and a streak goes on."""
    at(world, "2023-08-25T23:00:00Z")  # 08:00 on the 26th in Tokyo
    ada = world.register(time_zone="Asia/Tokyo", remember_me=True)
    assert run(feel(ada)) == (1, 1)
    at(world, "2023-08-26T08:00:00Z")  # 22:00 on the 25th in Honolulu
    ada.request(UpdateProfile(time_zone="Pacific/Honolulu"))
    assert run(feel(ada)) == (2, 2)
    at(world, "2023-08-26T18:00:00Z")  # the 26th again
    assert run(feel(ada)) == (2, 2)


def test_samoa_skips_a_day(world: World) -> None:
    """On 30 December 2011 there was no day in Samoa, and nobody there missed one."""
    at(world, "2011-12-29T22:00:00Z")
    ada = world.register(time_zone="Pacific/Apia", remember_me=True)
    feel(ada)
    at(world, "2011-12-30T22:00:00Z")
    assert (run(feel(ada)), [day for day, _ in days(world)]) == (
        (2, 2),
        ["2011-12-29", "2011-12-31"],
    )


def test_weekdays_where_one_was(world: World) -> None:
    """Analytics count an entry to the weekday that it was where it was made."""
    at(world, "2023-08-25T20:00:00Z")  # Friday; in Auckland Saturday, 08:00
    ada = world.register(time_zone="Pacific/Auckland")
    feel(ada)
    ada.request(UpdateProfile(time_zone="America/New_York"))
    found = ada.request(FetchMoodAnalytics()).analytics
    assert [point.day for point in found.mood_by_day_of_week] == ["Saturday"]
    assert [point.hour for point in found.mood_by_time_of_day] == [8]


def test_leap_day_in_a_week(world: World) -> None:
    """A mood on 29 February is a day of its own in a rolling week."""
    at(world, "2024-02-29T12:00:00Z")
    ada = world.register(remember_me=True)
    feel(ada, "happy")
    at(world, "2024-03-01T12:00:00Z")
    feel(ada, "happy")
    found = ada.request(FetchMoodAnalytics(time_range="week")).analytics
    assert [(point.day, point.n) for point in found.mood_by_day_of_week] == [
        ("Thursday", 1),
        ("Friday", 1),
    ]
