"""From entries to scores and their averages: pure functions.

A score is `5 + 5 * affect`, 0 to 10. A day's score is the mean of its entries; averages
over weekdays and whole periods are means of day scores, so that no day counts more for
being written about more. Parts of the day are means of entries: the protocol's example
comes out only so. Nothing is rounded here but shares, which must add up.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

WEEKDAYS: Final = (
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
)
HOURS: Final = (8, 12, 16, 20, 2)
"""Centres of the parts of a day, from morning on: an entry belongs to the nearest."""

RANGE_DAYS: Final = {"day": 1, "week": 7, "month": 30, "year": 365}
"""How many local days back a range goes, today included."""

_ENDS: Final = ((5, 2), (10, 8), (14, 12), (18, 16), (23, 20), (24, 2))
_HOUR: Final = 3_600_000
_SHARES: Final = 100


class Entry(NamedTuple):
    """What analytics need of a mood entry; time in ms, offset in s, day an ordinal."""

    mood: str
    affect: float
    occurred_at: int
    utc_offset: int
    day: int
    tags: Sequence[str] = ()
    factors: dict[str, float] | None = None


class Average(NamedTuple):
    """A mean, and how many days it is of, or entries for a part of the day."""

    mean: float
    n: int


def score(affect: float) -> float:
    """Return 0 to 10 for an affect of -1 to 1."""
    return 5 + 5 * affect


def day_scores(entries: Iterable[Entry]) -> dict[int, float]:
    """Return the score of each day that has an entry, in the order of days."""
    found = defaultdict(list)
    for entry in entries:
        found[entry.day].append(score(entry.affect))
    return {day: mean(found[day]) for day in sorted(found)}


def by_weekday(scores: dict[int, float]) -> dict[int, Average]:
    """Average the days of each weekday that has one; 0 is Monday."""
    found = defaultdict(list)
    for day, value in scores.items():
        found[weekday(day)].append(value)
    return {number: _average(found[number]) for number in sorted(found)}


def by_hour(entries: Iterable[Entry]) -> dict[int, Average]:
    """Average the entries of each part of the day that has one, by its centre."""
    found = defaultdict(list)
    for entry in entries:
        found[hour(entry)].append(score(entry.affect))
    return {centre: _average(found[centre]) for centre in HOURS if centre in found}


def frequency(entries: Iterable[Entry]) -> dict[str, float]:
    """Return each mood's share in hundredths that add up to 1, the most frequent first.

    By largest remainder (Hamilton's method); ties go to the more frequent, then to the
    first in the alphabet.
    """
    counts = Counter(entry.mood for entry in entries)
    total = counts.total()
    moods = sorted(counts, key=lambda mood: (-counts[mood], mood))
    shares = {mood: counts[mood] * _SHARES // total for mood in moods}
    by_rest = sorted(moods, key=lambda mood: -(counts[mood] * _SHARES % total))
    for mood in by_rest[: _SHARES - sum(shares.values())]:
        shares[mood] += 1
    return {mood: share / _SHARES for mood, share in shares.items()}


def weekday(day: int) -> int:
    """Return 0 for Monday to 6 for Sunday; 1 January of the year 1 was a Monday."""
    return (day - 1) % 7


def hour(entry: Entry) -> int:
    """Return the centre of the part of the day, by the clock that the person saw."""
    local = (entry.occurred_at + entry.utc_offset * 1000) // _HOUR % 24
    return next(centre for end, centre in _ENDS if local < end)


def mean(values: Sequence[float]) -> float:
    """Return the arithmetic mean; it may be infinite, as sums of numbers may."""
    return sum(values) / len(values)


def _average(values: Sequence[float]) -> Average:
    return Average(mean(values), len(values))
