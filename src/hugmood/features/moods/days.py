"""Days and streaks: pure functions of local time and of the days that have an entry."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

NIGHT: Final = timedelta(hours=4)
"""A day begins at four in the morning: what is felt at two belongs to the day before."""


_MINUTE: Final = 60_000


class LocalTime(NamedTuple):
    """Where a moment falls for a person: the day as an ordinal, the offset in seconds."""

    day: int
    utc_offset: int


class Streak(NamedTuple):
    """The run of days that ends today or yesterday, and the longest ever."""

    current: int
    best: int


def local_time(milliseconds: int, time_zone: str) -> LocalTime:
    """Place a moment in a person's calendar (IANA zone); the ordinal is `date.toordinal`.

    The day is the date of local time minus four hours; days of 23 and 25 hours are one.
    """
    return _local_minute(milliseconds // _MINUTE, time_zone)


@lru_cache(maxsize=1024)
def _local_minute(minute: int, time_zone: str) -> LocalTime:
    # Clocks are changed, and days begin, at whole minutes.
    moment = datetime.fromtimestamp(minute * 60, ZoneInfo(time_zone))
    offset = moment.utcoffset() or timedelta()
    # Wall-clock arithmetic: four hours back on the dial, whatever the clocks did.
    day = (moment.replace(tzinfo=None) - NIGHT).date().toordinal()
    return LocalTime(day, int(offset.total_seconds()))


def streak(days: Sequence[int], today: int) -> Streak:
    """Count runs of consecutive days; `days` are distinct, in rising order."""
    best = run = 0
    last = None
    current = 0
    for day in days:
        run = run + 1 if last is not None and day == last + 1 else 1
        best = max(best, run)
        last = day
        if day in {today - 1, today}:
            current = run
    return Streak(current, best)
