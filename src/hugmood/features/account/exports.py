"""The files of an export, written a stretch at a time (docs/export.md).

Each part is a list in `data.json` and a file of its own in CSV. Whoever reads gives back
the cursor of the last stretch; nothing is kept in between.
"""

from typing import Final

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from hugmood.ambient import Instant
from hugmood.errors import not_found
from hugmood.features.account import spreadsheet
from hugmood.features.account.messages import VERSION, Cursor, ExportRead
from hugmood.features.account.parts import PARTS, Part, chosen, profile
from hugmood.store.database import Transaction
from hugmood.wire import codec
from hugmood.wire.message import Payload

FORMAT: Final = "hugmood-export"
PAGE: Final = 500
"""Rows in a stretch: some hundred kilobytes, read in some milliseconds."""

DATA: Final = "data.json"
README: Final = "README.txt"
FILES: Final = (README, DATA, *(f"{part.name}.csv" for part in PARTS))

_START: Final = Cursor()
_ABOUT: Final = """\
This is all that HugMood keeps for you, as of the moment in "exportedAt".

data.json   everything, in JSON; HugMood can read it back
*.csv       the same lists for spreadsheets, in UTF-8, one file each

A cell that a spreadsheet could take for a formula has an apostrophe before it. Times are
ISO 8601 with an offset. docs/export.md in HugMood's documentation describes every field.
"""


def read(tx: Transaction, user: int, file: str, cursor: Cursor, now: int) -> ExportRead:
    """Write the next stretch of one of `FILES` for this person (key)."""
    if file == README:
        return ExportRead(text=_ABOUT)
    if file == DATA:
        return _json(tx, user, cursor, now)
    for part in PARTS:
        if file == f"{part.name}.csv":
            return _csv(tx, user, part, cursor)
    raise not_found("data.file", "There is no such file in an export")


def _csv(tx: Transaction, user: int, part: Part, cursor: Cursor) -> ExportRead:
    items, following = _page(tx, user, part, cursor)
    head = spreadsheet.head(part.struct) if cursor == _START else ""
    return ExportRead(text=head + spreadsheet.rows(items), following=following)


def _json(tx: Transaction, user: int, cursor: Cursor, now: int) -> ExportRead:
    part = PARTS[cursor.part]
    items, following = _page(tx, user, part, cursor)
    text = _beginning(tx, user, now) if cursor == _START else ""
    if cursor == Cursor(part=cursor.part):
        text += f',\n"{part.name}": [\n'
    if items:
        lines = ",\n".join(codec.encode(item).decode() for item in items)
        text += f",\n{lines}" if cursor.begun else lines
    if following:
        begun = cursor.begun or bool(items)
        return ExportRead(text=text, following=replace(following, begun=begun))
    text += "\n]"
    if cursor.part + 1 < len(PARTS):
        return ExportRead(text=text, following=Cursor(part=cursor.part + 1))
    return ExportRead(text=f"{text}\n}}\n")


def _beginning(tx: Transaction, user: int, now: int) -> str:
    me = codec.encode(profile(tx, user)).decode()
    choices = codec.encode(chosen(tx, user)).decode()
    return (
        f'{{\n"format": "{FORMAT}",\n"version": {VERSION},\n"exportedAt": "{Instant(now)}",\n'
        f'"profile": {me},\n"settings": {choices}'
    )


def _page(
    tx: Transaction, user: int, part: Part, cursor: Cursor
) -> tuple[list[Payload], Cursor | UnsetType]:
    """Read a page of a part, and say where the next begins."""
    source = part.sources[cursor.source]
    place = {"user": user, "at": cursor.at, "key": cursor.key, "limit": PAGE}
    rows = tx.rows(source.sql, place)
    items = [source.item(*row[2:]) for row in rows]
    if len(rows) == PAGE:
        at, key = rows[-1][:2]
        return items, replace(cursor, at=at, key=key)
    if cursor.source + 1 < len(part.sources):
        return items, Cursor(part=cursor.part, source=cursor.source + 1)
    return items, UNSET
