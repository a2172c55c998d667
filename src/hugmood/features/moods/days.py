"""Days and streaks: pure functions of local time and of the days that have an entry."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

NIGHT: Final = timedelta(hours=4)
"""A day begins at four in the morning: what is felt at two belongs to the day before."""
REST_EVERY: Final = 7
"""Days with an entry that earn one rest day."""
MOST_RESTS: Final = 2
DATE_LINE: Final = 36 * 3600 * 1000
"""Two entries so close, in ms, miss no day between them, whatever the calendar says."""

_MINUTE: Final = 60_000


class LocalTime(NamedTuple):
    """Where a moment falls for a person: the day as an ordinal, the offset in seconds."""

    day: int
    utc_offset: int


class Day(NamedTuple):
    """A day with an entry: its ordinal, and when its first and last entries are dated, ms."""

    ordinal: int
    first_at: int
    last_at: int


class Tally(NamedTuple):
    """What a person's days come to, up to the last of them."""

    days: int
    run: int
    """Days in the run that the last one belongs to."""
    best: int
    rests_held: int
    rests_taken: int
    """Rest days ever taken before coming back in time."""
    last: Day


class Streak(NamedTuple):
    """A run of days that may have rest days in it, which do not count."""

    current: int
    best: int
    rests_held: int
    """Rest days that the current run may still take."""
    rests_taken: int
    """Rest days ever taken before coming back in time."""


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


def tally(days: Sequence[Day]) -> Tally | None:
    """Count days, which are distinct and in rising order; None where there are none."""
    found: Tally | None = None
    for day in days:
        found = with_next(found, day)
    return found


def with_next(before: Tally | None, day: Day) -> Tally:
    """Count one more day, later than all that are counted.

    Every seventh day earns a rest day, two may be held. A missed day takes one, and where
    there is none it ends the run.
    """
    if before is None:
        return Tally(days=1, run=1, best=1, rests_held=0, rests_taken=0, last=day)
    run, held, taken = before.run, before.rests_held, before.rests_taken
    missed = _missed(before.last, day.ordinal, day.first_at)
    if missed > held:
        run = held = 0
    else:
        held -= missed
        taken += missed
    count = before.days + 1
    if count % REST_EVERY == 0:
        held = min(held + 1, MOST_RESTS)
    return Tally(count, run + 1, max(before.best, run + 1), held, taken, day)


def with_entry(before: Tally | None, ordinal: int, at: int) -> Tally | None:
    """Count one more entry, on this day, dated `at` (ms); None where all have to be counted anew.

    That is so for an entry before the last day, and for one that makes the last day begin earlier.
    """
    if before is None or ordinal > before.last.ordinal:
        return with_next(before, Day(ordinal, at, at))
    if ordinal < before.last.ordinal or at < before.last.first_at:
        return None
    return before._replace(last=before.last._replace(last_at=max(before.last.last_at, at)))


def streak(counted: Tally | None, today: int, now: int) -> Streak:
    """Tell how the streak stands today (an ordinal), `now` in ms.

    Today is not missed before it is over.
    """
    if counted is None:
        return Streak(0, 0, 0, 0)
    missed = _missed(counted.last, today, now)
    if missed > counted.rests_held:
        return Streak(0, counted.best, 0, counted.rests_taken)
    held = counted.rests_held - missed
    return Streak(counted.run, counted.best, held, counted.rests_taken)


def _missed(day: Day, later: int, at: int) -> int:
    """Count the days between a day and a later one, on which something is said then."""
    missed = max(0, later - day.ordinal - 1)
    # Who crosses the date line westward has a day less in the calendar.
    return 0 if missed == 1 and at - day.last_at <= DATE_LINE else missed
