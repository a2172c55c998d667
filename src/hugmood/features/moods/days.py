"""Days and streaks: pure functions of local time and of the days that have an entry."""

from bisect import bisect_left
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


def credited(days: Sequence[Day], ordinal: int, at: int) -> list[Day]:
    """Return the days, in rising order, as they are with one more entry on one, dated `at` (ms)."""
    place = bisect_left(days, ordinal, key=lambda day: day.ordinal)
    if place == len(days) or days[place].ordinal != ordinal:
        return [*days[:place], Day(ordinal, at, at), *days[place:]]
    known = days[place]
    widened = Day(ordinal, min(known.first_at, at), max(known.last_at, at))
    return [*days[:place], widened, *days[place + 1 :]]


def streak(days: Sequence[Day], today: int, now: int) -> Streak:
    """Count runs of days; `days` are distinct, in rising order, `now` in ms.

    Every seventh day earns a rest day, two may be held. A missed day takes one, and where
    there is none it ends the run. Today is not missed before it is over.
    """
    best = run = held = taken = 0
    for count, day in enumerate(days, 1):
        missed = _missed(days[count - 2], day.ordinal, day.first_at) if count > 1 else 0
        if missed > held:
            run = held = 0
        else:
            held -= missed
            taken += missed
        run += 1
        best = max(best, run)
        if count % REST_EVERY == 0:
            held = min(held + 1, MOST_RESTS)
    missed = _missed(days[-1], today, now) if days else 0
    if missed > held:
        return Streak(0, best, 0, taken)
    return Streak(run, best, held - missed, taken)


def _missed(day: Day, later: int, at: int) -> int:
    """Count the days between a day and a later one, on which something is said then."""
    missed = max(0, later - day.ordinal - 1)
    # Who crosses the date line westward has a day less in the calendar.
    return 0 if missed == 1 and at - day.last_at <= DATE_LINE else missed
