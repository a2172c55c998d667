"""Days and streaks: pure functions (decisions: Moods)."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hugmood.ambient import Instant
from hugmood.features.moods.days import Day, LocalTime, Streak, local_time, streak, tally


def day(moment: str, time_zone: str = "UTC") -> date:
    """The day to which a moment belongs."""
    return date.fromordinal(local_time(Instant.parse(moment), time_zone).day)


# Where a moment falls


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2023-08-25T04:00:00.000Z", date(2023, 8, 25)),
        ("2023-08-26T03:59:59.999Z", date(2023, 8, 25)),
        ("2023-08-26T04:00:00.000Z", date(2023, 8, 26)),
        ("2024-02-29T04:00:00.000Z", date(2024, 2, 29)),
        ("2024-03-01T03:59:59.999Z", date(2024, 2, 29)),
        ("2023-03-01T03:59:59.999Z", date(2023, 2, 28)),
        ("2024-01-01T03:00:00.000Z", date(2023, 12, 31)),
        ("1970-01-01T05:00:00.000Z", date(1970, 1, 1)),
        ("1969-12-31T23:59:59.999Z", date(1969, 12, 31)),
    ],
)
def test_day(moment: str, expected: date) -> None:
    """A day begins at four in the morning."""
    assert day(moment) == expected


@pytest.mark.parametrize(
    ("moment", "time_zone", "expected"),
    [
        # New York: the clocks go from 2:00 to 3:00, so 3:59 is two hours into the day.
        ("2023-03-12T07:59:59.999Z", "America/New_York", date(2023, 3, 11)),
        ("2023-03-12T08:00:00.000Z", "America/New_York", date(2023, 3, 12)),
        # and back from 2:00 to 1:00: 3:59 comes five hours after midnight.
        ("2023-11-05T08:59:59.999Z", "America/New_York", date(2023, 11, 4)),
        ("2023-11-05T09:00:00.000Z", "America/New_York", date(2023, 11, 5)),
        # Both sides of the date line, at the same moment.
        ("2023-08-25T14:30:00.000Z", "Pacific/Kiritimati", date(2023, 8, 26)),
        ("2023-08-25T14:30:00.000Z", "Pacific/Pago_Pago", date(2023, 8, 24)),
        # Samoa had no 30 December 2011: the day after the 29th is the 31st.
        ("2011-12-30T09:59:59.999Z", "Pacific/Apia", date(2011, 12, 29)),
        ("2011-12-30T14:00:00.000Z", "Pacific/Apia", date(2011, 12, 31)),
        # A zone with a quarter of an hour.
        ("2023-08-24T22:14:59.999Z", "Asia/Kathmandu", date(2023, 8, 24)),
        ("2023-08-24T22:15:00.000Z", "Asia/Kathmandu", date(2023, 8, 25)),
    ],
)
def test_local_day(moment: str, time_zone: str, expected: date) -> None:
    """Four in the morning is what the person's own clock shows."""
    assert day(moment, time_zone) == expected


@pytest.mark.parametrize(
    ("moment", "time_zone", "offset"),
    [
        ("2023-08-25T14:30:00.000Z", "UTC", 0),
        ("2023-08-25T14:30:00.000Z", "America/New_York", -4 * 3600),
        ("2023-12-25T14:30:00.000Z", "America/New_York", -5 * 3600),
        ("2023-08-25T14:30:00.000Z", "Asia/Kathmandu", 20_700),
    ],
)
def test_offset(moment: str, time_zone: str, offset: int) -> None:
    """The offset is that of the moment, in seconds east of UTC."""
    assert local_time(Instant.parse(moment), time_zone).utc_offset == offset


def test_local_time() -> None:
    """Day and offset come together."""
    moment = Instant.parse("2023-08-25T14:30:00.000Z")
    assert local_time(moment, "UTC") == LocalTime(date(2023, 8, 25).toordinal(), 0)


ZONES = st.sampled_from(
    ["UTC", "America/New_York", "Australia/Lord_Howe", "Pacific/Chatham", "Africa/Casablanca"]
)
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 (given UTC)


@given(MOMENTS, ZONES)
def test_days_go_on(moment: datetime, time_zone: str) -> None:
    """A day later is the next day, and an hour later this day or the next.

    But for the hour that is repeated in autumn, which may go back at four o'clock only
    where clocks change that late; they do not in these zones.
    """
    at = int(moment.timestamp() * 1000)
    today = local_time(at, time_zone).day
    later = local_time(at + 3600 * 1000, time_zone).day
    tomorrow = local_time(at + 25 * 3600 * 1000, time_zone).day
    assert (later - today in {0, 1}, tomorrow - today in {1, 2}) == (True, True)


# Runs of days

HOUR = 3600 * 1000
DAY = 24 * HOUR


def noons(*ordinals: int) -> list[Day]:
    """Days with an entry at noon each."""
    return [
        Day(ordinal, ordinal * DAY + 12 * HOUR, ordinal * DAY + 12 * HOUR) for ordinal in ordinals
    ]


def at_noon(days: Iterable[int], today: int) -> tuple[int, int]:
    """The current and the best run of such days, told at noon."""
    found = streak(tally(noons(*days)), today, today * DAY + 12 * HOUR)
    return found.current, found.best


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ([], (0, 0)),
        ([10], (1, 1)),
        ([9], (1, 1)),
        ([8], (0, 1)),
        ([8, 9, 10], (3, 3)),
        ([7, 8, 9], (3, 3)),
        ([6, 7, 8], (0, 3)),
        ([1, 2, 3, 5, 9, 10], (2, 3)),
        ([1, 3, 5, 7, 9], (1, 1)),
        ([1, 2, 4, 5, 6], (0, 3)),
        ([10, 11], (2, 2)),  # ahead by a clock, or by a journey east
    ],
)
def test_streak(days: list[int], expected: tuple[int, int]) -> None:
    """The current run ends on day 10, today, or before; the best is the longest."""
    assert at_noon(days, 10) == expected


def test_streak_over_29_february() -> None:
    """A leap day is a day like any other, and in other years is missed by nobody."""
    leap = [date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1)]
    common = [date(2023, 2, 28), date(2023, 3, 1)]
    found = [at_noon([d.toordinal() for d in run], run[-1].toordinal()) for run in (leap, common)]
    assert found == [(3, 3), (2, 2)]


# Rest days

WEEK = range(1, 8)
FORTNIGHT = range(1, 15)


@pytest.mark.parametrize(
    ("days", "today", "expected"),
    [
        (range(1, 7), 7, Streak(6, 6, 0, 0)),  # six days earn none
        (WEEK, 7, Streak(7, 7, 1, 0)),  # seven days earn one
        (WEEK, 8, Streak(7, 7, 1, 0)),  # today is not over
        (WEEK, 9, Streak(7, 7, 0, 0)),  # day 8 takes it
        (WEEK, 10, Streak(0, 7, 0, 0)),  # day 9 finds none
        ([*WEEK, 9], 9, Streak(8, 8, 0, 1)),  # kept, and not lengthened
        ([*WEEK, 10], 10, Streak(1, 7, 0, 0)),  # what was taken in vain is gone
        (FORTNIGHT, 14, Streak(14, 14, 2, 0)),
        (range(1, 22), 21, Streak(21, 21, 2, 0)),  # no more than two are held
        ([*FORTNIGHT, 17], 17, Streak(15, 15, 0, 2)),
        ([*FORTNIGHT, 16, 18], 18, Streak(16, 16, 0, 2)),
        ([*FORTNIGHT, 18], 18, Streak(1, 14, 0, 0)),
        # The seventh day counts, however many runs it took: 1 to 3, 11 to 14.
        ([1, 2, 3, 11, 12, 13, 14, 16], 16, Streak(5, 5, 0, 1)),
        ([*WEEK, *range(9, 16)], 15, Streak(14, 14, 1, 1)),  # taken and earned anew
    ],
)
def test_rest_days(days: Iterable[int], today: int, expected: Streak) -> None:
    """Seven days earn a rest day, two are held, and missed days take them."""
    assert streak(tally(noons(*days)), today, today * DAY + 12 * HOUR) == expected


# The date line


@pytest.mark.parametrize(("hours", "run"), [(36 * HOUR, 2), (36 * HOUR + 1, 1)])
def test_day_skipped_by_the_calendar(hours: int, run: int) -> None:
    """Entries at most 36 hours apart miss no day, though the calendar says so."""
    before, after = Day(10, 0, 5 * HOUR), Day(12, 5 * HOUR + hours, 99 * HOUR)
    assert streak(tally([before, after]), 12, 99 * HOUR) == Streak(run, run, 0, 0)


@pytest.mark.parametrize(("hours", "run"), [(36 * HOUR, 1), (36 * HOUR + 1, 0)])
def test_day_skipped_until_now(hours: int, run: int) -> None:
    """Whoever has just crossed the date line has still time to go on."""
    assert streak(tally([Day(10, 0, 5 * HOUR)]), 12, 5 * HOUR + hours) == Streak(run, 1, 0, 0)


def test_two_days_are_never_skipped() -> None:
    """The date line takes one day at most."""
    assert streak(tally([Day(10, 0, 0), Day(13, HOUR, HOUR)]), 13, HOUR) == Streak(1, 1, 0, 0)


def test_day_that_samoa_skipped() -> None:
    """There was no 30 December 2011 in Apia, and nobody there missed a day."""
    moments = ["2011-12-29T20:00:00.000Z", "2011-12-30T20:00:00.000Z", "2011-12-31T20:00:00.000Z"]
    places = [Instant.parse(moment) for moment in moments]
    days = [Day(local_time(at, "Pacific/Apia").day, at, at) for at in places]
    assert [date.fromordinal(day.ordinal).day for day in days] == [29, 31, 1]
    assert streak(tally(days), days[-1].ordinal, places[-1]).current == 3


# Against a slow count


def slow_streak(days: list[Day], today: int, now: int) -> Streak:
    """Walk through the calendar day by day, as a person with a paper diary would."""
    said = {day.ordinal: day for day in days}
    run = best = credited = held = spent = taken = 0
    for ordinal in range(1, max([today, *said]) + 1):
        if ordinal in said:
            credited, run, taken, spent = credited + 1, run + 1, taken + spent, 0
            best = max(best, run)
            held = min(2, held + (credited % 7 == 0))
        elif ordinal < today and not skipped(said, ordinal, today, now):
            if held and run:
                held, spent = held - 1, spent + 1
            else:
                held = run = spent = 0
    return Streak(run, best, held, taken)


def skipped(said: dict[int, Day], ordinal: int, today: int, now: int) -> bool:
    """Whether the calendar of the person left out this day."""
    before = said.get(ordinal - 1)
    if before is None:
        return False
    if ordinal + 1 in said:
        return said[ordinal + 1].first_at - before.last_at <= 36 * HOUR
    return ordinal + 1 == today and now - before.last_at <= 36 * HOUR


@st.composite
def diaries(draw: st.DrawFn) -> tuple[list[Day], int, int]:
    """Days with entries at any hour, with few gaps, and a moment after them."""
    gaps = draw(st.lists(st.sampled_from([1] * 8 + [2, 2, 3, 4]), max_size=60))
    ordinals = [sum(gaps[: count + 1]) for count in range(len(gaps))]
    days = []
    for ordinal in ordinals:
        first = ordinal * DAY + draw(st.integers(0, 24)) * HOUR
        days.append(Day(ordinal, first, first + draw(st.integers(0, 6)) * HOUR))
    today = (ordinals[-1] if ordinals else 1) + draw(st.integers(0, 4))
    return days, today, today * DAY + draw(st.integers(0, 24)) * HOUR


@given(diaries())
def test_streak_by_definition(diary: tuple[list[Day], int, int]) -> None:
    """The runs are what counting day by day finds."""
    days, today, now = diary
    assert streak(tally(days), today, now) == slow_streak(*diary)


JOURNEYS = st.lists(
    st.tuples(MOMENTS, ZONES | st.sampled_from(["Pacific/Kiritimati", "Pacific/Apia"])), max_size=20
)


@given(JOURNEYS)
def test_streak_of_a_traveller(journey: list[tuple[datetime, str]]) -> None:
    """Whatever zones people are in, a run counts days that have an entry, each once."""
    days: dict[int, Day] = {}
    for moment, time_zone in journey:
        at = int(moment.timestamp() * 1000)
        ordinal = local_time(at, time_zone).day
        had = days.get(ordinal, Day(ordinal, at, at))
        days[ordinal] = Day(ordinal, min(had.first_at, at), max(had.last_at, at))
    found = streak(tally([days[o] for o in sorted(days)]), max(days, default=1), 0)
    assert 0 <= found.current <= found.best <= len(days)
    assert (found.best > 0, found.current > 0) == (bool(days), bool(days))


@given(st.integers(0, 1000), st.sampled_from(["America/New_York", "Australia/Lord_Howe"]))
def test_daily_at_five(start: int, time_zone: str) -> None:
    """Whoever writes at five each morning has a run, also where clocks change."""
    zone = ZoneInfo(time_zone)
    mornings = [datetime(2022, 1, 1, 5, tzinfo=zone) + timedelta(days=start + n) for n in range(20)]
    moments = [int(morning.timestamp() * 1000) for morning in mornings]
    days = [Day(local_time(at, time_zone).day, at, at) for at in moments]
    assert streak(tally(days), days[-1].ordinal, moments[-1]).current == 20
