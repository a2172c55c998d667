"""Reading an export back: the file is checked as a whole, then taken in piece by piece."""

import zipfile
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from hugmood.ambient import Instant, sortable_id
from hugmood.features.account import store
from hugmood.features.account.exports import DATA
from hugmood.features.account.parts import MoodRow, SettingsRow
from hugmood.features.moods import store as moods
from hugmood.features.moods.catalog import catalog
from hugmood.features.moods.day_store import credit_days
from hugmood.features.moods.days import NIGHT
from hugmood.features.moods.entries import snapped
from hugmood.features.moods.store import Entry, Place
from hugmood.features.settings.store import Settings, choose
from hugmood.store.database import Database, Transaction
from hugmood.wire.message import Payload, given

PIECE: Final = 500
"""Entries in one transaction: some milliseconds, so that a live server goes on."""

_LARGEST: Final = 1 << 30
_DAY: Final = timedelta(days=1)


class Export(Payload, frozen=True, kw_only=True):
    """What is read of `data.json`; the rest of it is other people's as well."""

    format: Literal["hugmood-export"]
    version: Literal[1]
    settings: SettingsRow
    moods: list[MoodRow]


class Taken(NamedTuple):
    """How many entries are new, and how many were there before."""

    new: int
    known: int


def read_export(file: Path) -> Export:
    """Read the archive and check its form; ValueError, with a line for people, if bad."""
    try:
        with zipfile.ZipFile(file) as archive:
            if archive.getinfo(DATA).file_size > _LARGEST:
                message = f"{DATA} is larger than 1 GiB"
                raise ValueError(message)
            data = archive.read(DATA)
    except KeyError as error:
        message = f"{file.name} has no {DATA} in it: this is no export of HugMood's"
        raise ValueError(message) from error
    except (OSError, zipfile.BadZipFile) as error:
        message = f"{file.name} cannot be read: {error}"
        raise ValueError(message) from error
    return parse(data)


def parse(data: bytes) -> Export:
    """Read `data.json`; ValueError names the line or the field that is wrong."""
    try:
        export = msgspec.json.decode(data, type=Export, dec_hook=_instant)
    except msgspec.ValidationError as error:
        problem, _, path = str(error).partition(" - at `$")
        message = f"{DATA}, {path.strip('.`') or 'as a whole'}: {problem}"
        raise ValueError(message) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        message = f"{DATA}, line {_line(data)}: {error}"
        raise ValueError(message) from error
    for index, row in enumerate(export.moods):
        _check(f"{DATA}, moods[{index}]", row)
    return export


def take(
    database: Database,
    user: tuple[int, str],
    export: Export,
    progress: Callable[[int], None],
) -> Taken:
    """Take entries and settings into an account (key and id); what is there stays.

    One that was interrupted is simply run again: an entry is known by its first id.
    """
    key, user_id = user
    rows = iter(export.moods)
    new = 0
    while piece := list(islice(rows, PIECE)):
        with database.transaction(write=True) as tx:
            new += _add(tx, key, user_id, piece)
        progress(len(piece))
    with database.transaction(write=True) as tx:
        chosen = export.settings
        choose(tx, key, Settings(chosen.hugs_from, chosen.status_to, chosen.streaks))
    return Taken(new, len(export.moods) - new)


def _add(tx: Transaction, key: int, user_id: str, piece: Sequence[MoodRow]) -> int:
    entries = [_entry(key, _own_id(user_id, row), row) for row in piece]
    wanted = [row.id for row in piece] + [entry.id for entry in entries]
    known = store.known_moods(tx, key, wanted)
    new = {
        entry.id: entry
        for row, entry in zip(piece, entries, strict=True)
        if not known & {row.id, entry.id}
    }
    moods.insert_many(tx, new.values())
    credit_days(tx, new.values())
    return len(new)


def _own_id(user_id: str, row: MoodRow) -> str:
    """Make the id of an entry here, always the same: the first one may be another's."""
    entropy = blake2b(f"{user_id}\0{row.id}".encode(), digest_size=10).digest()
    return sortable_id("mood", Instant.parse(row.occurred_at), entropy)


def _entry(key: int, entry_id: str, row: MoodRow) -> Entry:
    moment = _moment(row)
    return Entry(
        id=entry_id,
        user_key=key,
        mood=row.mood,
        intensity=row.intensity,
        model=row.model,
        affect=row.affect,
        pleasantness=given(row.pleasantness),
        is_public=row.is_public,
        note=given(row.note),
        tags=given(row.tags),
        factors=given(row.factors),
        place=_place(row),
        occurred_at=Instant.parse(row.occurred_at),
        time_zone=row.time_zone,
        utc_offset=int((moment.utcoffset() or timedelta()).total_seconds()),
        day=date.fromisoformat(row.day).toordinal(),
    )


def _place(row: MoodRow) -> Place | None:
    latitude, longitude = given(row.latitude), given(row.longitude)
    if latitude is None or longitude is None:
        return None
    # What was written by hand may be finer than what is kept.
    return Place(
        snapped(latitude), snapped(longitude), given(row.place_name), given(row.place_type)
    )


def _check(where: str, row: MoodRow) -> None:
    """Check what types cannot say; ValueError names the field."""
    for field, fault in _faults(row):
        message = f"{where}.{field}: {fault}"
        raise ValueError(message)


def _faults(row: MoodRow) -> Iterator[tuple[str, str]]:
    if catalog().find(row.mood) is None:
        yield "mood", "this mood is not in the catalogue"
    try:
        moment = _moment(row)
    except ValueError:
        yield "occurredAt", "this is no moment in ISO 8601 with an offset"
        return
    try:
        ZoneInfo(row.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield "timeZone", "this is no IANA time zone"
    try:
        day = date.fromisoformat(row.day)
    except ValueError:
        yield "day", "this is no date in ISO 8601"
        return
    if abs(day - (moment - NIGHT).date()) > _DAY:
        yield "day", "this is not the day of occurredAt"


def _moment(row: MoodRow) -> datetime:
    Instant.parse(row.occurred_at)  # an offset is needed
    return datetime.fromisoformat(row.occurred_at)


def _line(data: bytes) -> int:
    """Return the line up to which it can be read: where the fault is, or just before."""
    try:
        msgspec.json.decode(data)
    except msgspec.DecodeError as error:
        place = str(error).rpartition("byte ")[2].rstrip(")")
        return data.count(b"\n", 0, int(place)) + 1 if place.isdigit() else data.count(b"\n") + 1
    return 1


def _instant(kind: type, value: Any) -> Any:  # noqa: ANN401 (msgspec's hook)
    if kind is not Instant or not isinstance(value, str):
        raise NotImplementedError(kind)
    return Instant.parse(value)
