"""The days that have an entry, and what badges ask of the entries, in SQL."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final, NamedTuple

import msgspec

from hugmood.features.moods.days import Day, Tally, tally, with_entry
from hugmood.features.moods.store import Entry
from hugmood.store.database import Row, Transaction, one

REACH: Final = 2_000
"""How many of the newest entries are looked at where all would be too many."""

GLANCE: Final = 3
"""How many of the newest entries are looked at first: mostly they know."""

_ROUNDING: Final = 1e-9
_DAY_MS: Final = 24 * 3600 * 1000
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_WIDEST_DAY: Final = 2 * _DAY_MS
"""No moment of a day is further, in ms, from its noon in UTC, wherever one is."""

_CREDIT = """
    INSERT INTO mood_day (user_key, day, first_at, last_at, counted)
    VALUES (:user, :day, :at, :at, :counted)
    ON CONFLICT (user_key, day) DO UPDATE SET
        first_at = CASE WHEN excluded.first_at < mood_day.first_at
            THEN excluded.first_at ELSE mood_day.first_at END,
        last_at = CASE WHEN excluded.last_at > mood_day.last_at
            THEN excluded.last_at ELSE mood_day.last_at END
"""
_HOLD = "SELECT 1 FROM mood_day WHERE user_key = :user AND day = :day FOR UPDATE"
_UNCREDIT = "DELETE FROM mood_day WHERE user_key = :user AND day = :day"
_RECREDIT = """
    INSERT INTO mood_day (user_key, day, first_at, last_at)
    SELECT user_key, day, min(occurred_at), max(occurred_at) FROM mood_entry
    WHERE user_key = :user AND day = :day AND occurred_at BETWEEN :start AND :end
    GROUP BY user_key, day
"""
_LOW_DAYS = """
    SELECT day FROM mood_entry
    WHERE user_key = :user AND occurred_at BETWEEN :start AND :end
        AND day BETWEEN :first AND :last
    GROUP BY day HAVING avg(affect) <= :affect
"""
_TALLY = """
    SELECT version, days, run, best, rests_held, rests_taken, day, first_at, last_at
    FROM mood_tally LEFT JOIN mood_day
        ON mood_day.user_key = mood_tally.user_key AND mood_day.day = mood_tally.last_day
        AND NOT EXISTS (SELECT 1 FROM mood_day AS other
            WHERE other.user_key = mood_tally.user_key AND NOT other.counted)
    WHERE mood_tally.user_key = :user
"""
_KEEP_TALLY = """
    INSERT INTO mood_tally
        (user_key, version, days, run, best, rests_held, rests_taken, last_day)
    VALUES (:user, :version, :days, :run, :best, :held, :taken, :last_day)
    ON CONFLICT (user_key) DO UPDATE SET
        version = mood_tally.version + 1, days = excluded.days, run = excluded.run,
        best = excluded.best, rests_held = excluded.rests_held,
        rests_taken = excluded.rests_taken,
        last_day = CASE WHEN excluded.version = mood_tally.version + 1
            THEN excluded.last_day ELSE 0 END
"""
_DAYS = "SELECT day, first_at, last_at, counted FROM mood_day WHERE user_key = :user ORDER BY day"
_COUNTED = "UPDATE mood_day SET counted = true WHERE user_key = :user AND day = :day"
_SAID_THAT_DAY = """
    SELECT 1 FROM mood_entry
    WHERE user_key = :user AND occurred_at BETWEEN :start AND :end AND day = :day
        AND mood = :mood
    ORDER BY occurred_at DESC LIMIT 1
"""
_LATEST = f"""
    SELECT day, mood, occurred_at FROM mood_entry WHERE user_key = :user
    ORDER BY occurred_at DESC, key DESC LIMIT {GLANCE}
"""
_NEWEST = """
    (SELECT day, mood, factors FROM mood_entry WHERE user_key = :user
        ORDER BY occurred_at DESC, key DESC LIMIT :reach) AS newest
"""
_WORDS_BY_DAY = f"""
    SELECT DISTINCT day, mood FROM (SELECT day, mood FROM mood_entry WHERE user_key = :user
        ORDER BY occurred_at DESC, key DESC LIMIT {REACH}) AS newest
"""
_MOST_FACTOR_DAYS = {
    "sqlite": f"""
        SELECT count(DISTINCT day) AS days FROM {_NEWEST}, json_each(factors) AS factor
        WHERE factor.key IN (SELECT value FROM json_each(:names))
        GROUP BY factor.key ORDER BY days DESC LIMIT 1
    """,
    "postgres": f"""
        SELECT count(DISTINCT day) AS days FROM {_NEWEST},
            jsonb_object_keys(factors::jsonb) AS factor
        WHERE factor IN (SELECT jsonb_array_elements_text(:names::text::jsonb))
        GROUP BY factor ORDER BY days DESC LIMIT 1
    """,
}


class Counted(NamedTuple):
    """A person's days, counted; `version` is that of the row that says so, 0 for none."""

    tally: Tally | None
    version: int
    kept: bool
    """Whether the row says so: else all days were looked at."""
    uncounted: Sequence[int] = ()
    """Which of these (ordinals) came without being counted: another server took them for counted.

    It had seen them before they were taken back.
    """


class Credited(NamedTuple):
    """A person's days with one more entry, and the day it was credited to."""

    tally: Tally
    day: Day


def counted(tx: Transaction, user: int) -> Counted:
    """Count a person's days: as it was kept, or else all of them."""
    row = one(tx.rows_of(user, _TALLY))
    if row is None:
        return _all_counted(tx.rows_of(user, _DAYS), version=0)
    version, count, run, best, held, taken, *last = row
    if last[0] is None:
        return _all_counted(tx.rows_of(user, _DAYS), version)
    return Counted(Tally(count, run, best, held, taken, Day(*last)), version, kept=True)


def _all_counted(rows: Sequence[Row], version: int) -> Counted:
    uncounted = tuple(row[0] for row in rows if not row[3])
    return Counted(tally([Day(*row[:3]) for row in rows]), version, kept=False, uncounted=uncounted)


def credit(tx: Transaction, user: int, before: Counted, day: int, at: int) -> Credited:
    """Note that this day (ordinal) has an entry, dated then (ms), and count it.

    `before` is what `counted` says in the same transaction. Where another server counted
    meanwhile what is kept is void, and the next one to ask counts anew.
    """
    after = with_entry(before.tally, day, at)
    last = before.tally.last.ordinal if before.tally else None
    stands = before.kept and after is not None and last == day
    tx.write_of(user, _CREDIT, {"user": user, "day": day, "at": at, "counted": not stands})
    if after is not None:
        if not stands:
            _keep(tx, user, after, before)
        return Credited(after, after.last)
    rows = tx.rows_of(user, _DAYS)
    whole = _all_counted(rows, before.version)
    if whole.tally is None:
        raise AssertionError(user)  # the day was credited just now
    _keep(tx, user, whole.tally, whole)
    return Credited(whole.tally, next(Day(*row[:3]) for row in reversed(rows) if row[0] == day))


def _keep(tx: Transaction, user: int, tally: Tally, before: Counted) -> None:
    row = {"days": tally.days, "run": tally.run, "best": tally.best, "held": tally.rests_held}
    row |= {"taken": tally.rests_taken, "last_day": tally.last.ordinal}
    tx.write_of(user, _KEEP_TALLY, {"user": user, "version": before.version + 1, **row})
    if before.uncounted:
        tx.execute_many(_COUNTED, [{"user": user, "day": day} for day in before.uncounted])


def _void(user: int) -> dict[str, int]:
    """Write a row that says nothing, and that whoever counts meanwhile does not expect."""
    names = ("days", "run", "best", "held", "taken", "last_day")
    return {"user": user, "version": 1, **dict.fromkeys(names, 0)}


def credit_days(tx: Transaction, entries: Iterable[Entry]) -> None:
    """Note the days of many entries."""
    entries = list(entries)
    tx.execute_many(
        _CREDIT,
        [
            {"user": one.user_key, "day": one.day, "at": one.occurred_at, "counted": True}
            for one in entries
        ],
    )
    users = sorted({one.user_key for one in entries})
    tx.execute_many(_KEEP_TALLY, [_void(user) for user in users])


def recredit_day(tx: Transaction, user: int, day: int) -> None:
    """Count a day (ordinal) afresh after an entry of it is gone or has moved."""
    if tx.dialect == "postgres":  # of two writers the second counts what the first left
        tx.rows(_HOLD, {"user": user, "day": day})
    tx.execute(_UNCREDIT, {"user": user, "day": day})
    tx.execute(_RECREDIT, {"user": user, "day": day} | _moments(day))
    tx.execute(_KEEP_TALLY, _void(user))


def days(tx: Transaction, user: int) -> list[Day]:
    """Return all days with an entry, in rising order."""
    return [Day(*row[:3]) for row in tx.rows_of(user, _DAYS)]


def low_days(tx: Transaction, user: int, last: int, count: int, affect: float) -> int:
    """Of so many days up to the last (ordinal) count those with no higher mean affect."""
    bounds = {"first": last - count + 1, "last": last, "affect": affect + _ROUNDING}
    start, end = _moments(last - count + 1)["start"], _moments(last)["end"]
    params = bounds | {"user": user, "start": start, "end": end}
    return len(tx.rows(_LOW_DAYS, params))


def said_that_day(tx: Transaction, user: int, day: int, mood: str) -> bool:
    """Tell whether an entry of this day (ordinal) has this mood."""
    moments = _moments(day)
    latest = tx.rows_of(user, _LATEST)
    if any((day, mood) == (of_day, word) for of_day, word, _ in latest):
        return True
    if len(latest) < GLANCE or latest[-1][2] < moments["start"]:
        return False  # these were all that the day has
    params = {"user": user, "day": day, "mood": mood, **moments}
    return one(tx.rows(_SAID_THAT_DAY, params)) is not None


def words_by_day(tx: Transaction, user: int) -> list[tuple[int, str]]:
    """Return which moods were had on which days, of the newest entries."""
    return [(day, word) for day, word in tx.rows_of(user, _WORDS_BY_DAY)]


def most_factor_days(tx: Transaction, user: int, names: list[str]) -> int:
    """Count the days that have one of these factors, the one that most days have."""
    params = {"user": user, "reach": REACH, "names": msgspec.json.encode(names).decode()}
    row = one(tx.rows(_MOST_FACTOR_DAYS[tx.dialect], params))
    return row[0] if row else 0


def _moments(day: int) -> dict[str, int]:
    """Bound, in ms, the moments that a day can have anywhere, for an index by time."""
    noon = (day - _EPOCH_DAY) * _DAY_MS + _DAY_MS // 2
    return {"start": noon - _WIDEST_DAY, "end": noon + _WIDEST_DAY}
