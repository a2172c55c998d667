"""What analytics read of mood entries, in SQL."""

from typing import NamedTuple

import msgspec

from hugmood.features.analytics.scores import Entry
from hugmood.store.database import Row, Transaction

# The index is by time, and a local day is never more than a day from that of UTC.
_OF_DAYS = """
    FROM mood_entry WHERE user_key = :user AND occurred_at >= :since AND day > :after
"""
_VERSION = f"SELECT count(*), max(id), sum(occurred_at), sum(revision) {_OF_DAYS}"
_ENTRIES = f"""
    SELECT mood, affect, occurred_at, utc_offset, day, tags, factors
    {_OF_DAYS} ORDER BY occurred_at, key
"""
_EPOCH_DAY = 719_163
_DAY = 24 * 3600 * 1000


class Version(NamedTuple):
    """Changes whenever an entry comes, goes or is changed."""

    entries: int
    newest: str | None
    moments: int | None
    revisions: int | None


def version(tx: Transaction, user: int, after: int) -> Version:
    """Tell which entries there are since, not including, this day (an ordinal)."""
    return Version(*tx.rows(_VERSION, _params(user, after))[0])


def entries(tx: Transaction, user: int, after: int) -> list[Entry]:
    """Return the entries since, not including, this day, the oldest first."""
    return [_entry(row) for row in tx.rows(_ENTRIES, _params(user, after))]


def _params(user: int, after: int) -> dict[str, int]:
    return {"user": user, "after": after, "since": (after - _EPOCH_DAY) * _DAY}


def _entry(row: Row) -> Entry:
    mood, affect, occurred_at, utc_offset, day, tags, factors = row
    return Entry(
        mood,
        affect,
        occurred_at,
        utc_offset,
        day,
        msgspec.json.decode(tags, type=list[str]) if tags else (),
        msgspec.json.decode(factors, type=dict[str, float]) if factors else None,
    )
