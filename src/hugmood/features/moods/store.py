"""Mood entries in SQL."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from hugmood.store.database import Row, Transaction, one

_INSERT = """
    INSERT INTO mood_entry (id, user_key, mood, intensity, model, affect, pleasantness,
        is_public, note, tags, factors, latitude, longitude, place_name, place_type,
        occurred_at, time_zone, utc_offset, day)
    VALUES (:id, :user_key, :mood, :intensity, :model, :affect, :pleasantness,
        :is_public, :note, :tags, :factors, :latitude, :longitude, :place_name, :place_type,
        :occurred_at, :time_zone, :utc_offset, :day)
"""
_FIND = """
    SELECT id, user_key, mood, intensity, model, affect, pleasantness,
        is_public, note, tags, factors, latitude, longitude, place_name, place_type,
        occurred_at, time_zone, utc_offset, day
    FROM mood_entry WHERE id = :id AND user_key = :user
"""
_HOLD = {"sqlite": _FIND, "postgres": f"{_FIND} FOR UPDATE"}
_UPDATE = """
    UPDATE mood_entry SET mood = :mood, intensity = :intensity, model = :model, affect = :affect,
        pleasantness = :pleasantness, is_public = :is_public, note = :note, tags = :tags,
        factors = :factors, latitude = :latitude, longitude = :longitude,
        place_name = :place_name, place_type = :place_type, revision = revision + 1
    WHERE id = :id
"""
_COLUMNS = """
    id, mood, intensity, is_public, note, tags, factors, pleasantness,
    latitude, longitude, place_name, place_type, occurred_at
"""
_LIST = """
    FROM mood_entry WHERE user_key = :user AND occurred_at BETWEEN :start AND :end
"""
_PUBLIC = " AND is_public"
_MOODS = {
    "sqlite": " AND mood IN (SELECT value FROM json_each(:moods))",
    "postgres": " AND mood IN (SELECT jsonb_array_elements_text(:moods::text::jsonb))",
}
# Only rows that may match are read as JSON: that costs ten times as much.
_HAS = {"sqlite": "instr(tags, :{})", "postgres": "strpos(tags, :{}::text)"}
_LETTERS = "abcdefghij"  # as many as a filter may have tags
_TAGS = {
    "sqlite": """ AND tags IS NOT NULL AND ({likely}) AND EXISTS (
        SELECT 1 FROM json_each(tags) AS own
        WHERE own.value IN (SELECT value FROM json_each(:tags)))""",
    "postgres": """ AND tags IS NOT NULL AND ({likely}) AND EXISTS (
        SELECT 1 FROM jsonb_array_elements_text(tags::jsonb) AS own
        WHERE own IN (SELECT jsonb_array_elements_text(:tags::text::jsonb)))""",
}
_PLACE = "SELECT occurred_at, key FROM mood_entry WHERE id = :id AND user_key = :user"
_AFTER = " AND (occurred_at, key) < (:after_at, :after_key)"
_PAGE = " ORDER BY occurred_at DESC, key DESC LIMIT :limit OFFSET :offset"


class Place(NamedTuple):
    """Where, in degrees, already on the coarse grid."""

    latitude: float
    longitude: float
    name: str | None
    type: str | None


class Entry(NamedTuple):
    """A mood entry; times in ms, `day` an ordinal, `affect` is v times intensity."""

    id: str
    user_key: int
    mood: str
    intensity: float
    model: str
    affect: float
    pleasantness: float | None
    is_public: bool
    note: str | None
    tags: list[str] | None
    factors: dict[str, float] | None
    place: Place | None
    occurred_at: int
    time_zone: str
    utc_offset: int
    day: int


class Listed(NamedTuple):
    """A mood entry as it is listed."""

    id: str
    mood: str
    intensity: float
    is_public: bool
    note: str | None
    tags: list[str] | None
    factors: dict[str, float] | None
    pleasantness: float | None
    place: Place | None
    occurred_at: int


class Wanted(NamedTuple):
    """Which entries of one person; bounds in ms are inclusive, None means any."""

    user: int
    public_only: bool
    start: int
    end: int
    moods: list[str] | None = None
    tags: list[str] | None = None


def insert(tx: Transaction, entry: Entry) -> None:
    """Keep an entry."""
    tx.write_of(entry.user_key, _INSERT, _row(entry))


def insert_many(tx: Transaction, entries: Iterable[Entry]) -> None:
    """Keep entries."""
    tx.execute_many(_INSERT, [_row(entry) for entry in entries])


def _row(entry: Entry) -> dict[str, Any]:
    params = entry._asdict()
    place = params.pop("place")
    params |= {
        "tags": _json(entry.tags),
        "factors": _json(entry.factors),
        "latitude": place and place.latitude,
        "longitude": place and place.longitude,
        "place_name": place and place.name,
        "place_type": place and place.type,
    }
    return params


def held(tx: Transaction, user: int, entry_id: str) -> Entry | None:
    """Find a person's entry, which nobody else changes before this is committed."""
    row = one(tx.rows(_HOLD[tx.dialect], {"id": entry_id, "user": user}))
    if row is None:
        return None
    place = None if row[11] is None else Place(*row[11:15])
    said = [bool(row[7]), row[8], _parsed(row[9]), _parsed(row[10]), place]
    return Entry._make([*row[:7], *said, *row[15:]])


def update(tx: Transaction, entry: Entry) -> None:
    """Keep an entry as it is now; when it was stays as it is."""
    tx.execute(_UPDATE, _row(entry))


def delete(tx: Transaction, entry: Entry) -> None:
    """Delete an entry."""
    tx.execute("DELETE FROM mood_entry WHERE id = :id", {"id": entry.id})


def place_of(
    tx: Transaction, user: int, entry_id: str, *, public_only: bool
) -> tuple[int, int] | None:
    """Find where a person's entry is in the order of lists: its time in ms and its key."""
    sql = _PLACE + (_PUBLIC if public_only else "")
    row = one(tx.rows(sql, {"id": entry_id, "user": user}))
    return (row[0], row[1]) if row else None


def page(
    tx: Transaction,
    wanted: Wanted,
    limit: int,
    offset: int,
    after: tuple[int, int] | None = None,
) -> list[Listed]:
    """Return a page of entries, newest first, beginning behind a place in the list."""
    sql, params = _where(tx, wanted)
    if after is not None:
        sql += _AFTER
        params |= {"after_at": after[0], "after_key": after[1]}
    rows = tx.rows(f"SELECT {_COLUMNS} {sql} {_PAGE}", params | {"limit": limit, "offset": offset})
    return [_listed(row) for row in rows]


def count(tx: Transaction, wanted: Wanted) -> int:
    """Count the entries that are wanted."""
    sql, params = _where(tx, wanted)
    return int(tx.rows(f"SELECT count(*) {sql}", params)[0][0])


def _where(tx: Transaction, wanted: Wanted) -> tuple[str, dict[str, object]]:
    sql = _LIST
    params: dict[str, object] = {
        "user": wanted.user,
        "start": wanted.start,
        "end": wanted.end,
    }
    if wanted.public_only:
        sql += _PUBLIC
    if wanted.moods is not None:
        sql += _MOODS[tx.dialect]
        params["moods"] = _json(wanted.moods)
    if wanted.tags is not None:
        texts = {
            f"tag_{letter}": _json(tag) for letter, tag in zip(_LETTERS, wanted.tags, strict=False)
        }
        likely = [f"{_HAS[tx.dialect].format(name)} > 0" for name in texts]
        sql += _TAGS[tx.dialect].format(likely=" OR ".join(likely or ["false"]))
        params |= {"tags": _json(wanted.tags), **texts}
    return sql, params


def _listed(row: Row) -> Listed:
    place = None if row[8] is None else Place(*row[8:12])
    said = [bool(row[3]), row[4], _parsed(row[5]), _parsed(row[6]), row[7], place, row[12]]
    return Listed._make([*row[:3], *said])


def _json(value: object) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()


def _parsed(text: str | None) -> Any:  # noqa: ANN401 (what was put in comes out)
    return None if text is None else msgspec.json.decode(text)
