"""Days and streaks: pure functions (decisions: Moods)."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hugmood.ambient import Instant
from hugmood.features.moods.days import LocalTime, Streak, local_time, streak


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


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ([], Streak(0, 0)),
        ([10], Streak(1, 1)),
        ([9], Streak(1, 1)),
        ([8], Streak(0, 1)),
        ([8, 9, 10], Streak(3, 3)),
        ([7, 8, 9], Streak(3, 3)),
        ([6, 7, 8], Streak(0, 3)),
        ([1, 2, 3, 5, 9, 10], Streak(2, 3)),
        ([1, 3, 5, 7, 9], Streak(1, 1)),
        ([1, 2, 4, 5, 6], Streak(0, 3)),
    ],
)
def test_streak(days: list[int], expected: Streak) -> None:
    """The current run ends on day 10, today, or before; the best is the longest."""
    assert streak(days, 10) == expected


def test_streak_over_29_february() -> None:
    """A leap day is a day like any other, and in other years is missed by nobody."""
    leap = [date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1)]
    common = [date(2023, 2, 28), date(2023, 3, 1)]
    found = [streak([d.toordinal() for d in run], run[-1].toordinal()) for run in (leap, common)]
    assert found == [Streak(3, 3), Streak(2, 2)]


@given(st.sets(st.integers(min_value=1, max_value=40)), st.integers(min_value=1, max_value=41))
def test_streak_by_definition(days: set[int], today: int) -> None:
    """The runs are what counting day by day finds."""

    def run_to(end: int) -> int:
        return 1 + run_to(end - 1) if end in days else 0

    current = run_to(today) or run_to(today - 1)
    best = max(map(run_to, days), default=0)
    assert streak(sorted(days), today) == Streak(current, best)
