"""CSV that spreadsheets read as it is meant (RFC 4180)."""

import csv
import io
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from hugmood.wire import codec
from hugmood.wire.message import Payload

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a cell begins with that spreadsheets compute instead of showing it."""


def head(struct: type[Payload]) -> str:
    """Write the line of names."""
    return _line(columns(struct))


def rows(items: Iterable[Payload]) -> str:
    """Write a line for each; what is absent is an empty cell."""
    return "".join(_line(_cells(item)) for item in items)


def columns(struct: type[Payload]) -> list[str]:
    """Return the names of the columns, as on the wire."""
    return [field.encode_name for field in msgspec.structs.fields(struct)]


def _cells(item: Payload) -> list[str]:
    plain: dict[str, Any] = msgspec.json.decode(codec.encode(item))
    return [_cell(plain.get(name)) for name in columns(type(item))]


def _cell(value: object) -> str:
    """Write a value: lists and objects as JSON, text so that it is no formula."""
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    return msgspec.json.encode(value).decode()


def _line(cells: list[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue()
