"""Whom one can talk to, by the country that a time zone lies in."""

from functools import cache
from importlib.resources import files
from typing import Final

import msgspec
from msgspec import Struct

from hugmood.features.support.messages import Helpline

_COUNTRY, _ZONE = 0, 2
_COLUMNS: Final = 3


class Listed(Helpline, frozen=True, kw_only=True):
    """A helpline in the file, and where and when (`YYYY-MM-DD`) it was looked up."""

    source: str
    checked: str

    def shown(self) -> Helpline:
        """Return what a card shows of it."""
        return Helpline(**{name: getattr(self, name) for name in Helpline.__struct_fields__})


class Helplines(Struct, frozen=True, rename="camel"):
    """The file `helplines.json`; `as_of` is the day on which it was last gone through."""

    as_of: str
    comment: str
    international: list[Listed]
    countries: dict[str, list[Listed]]

    def near(self, time_zone: str) -> list[Helpline]:
        """Return those of the country of an IANA zone, and those for everybody after."""
        here = self.countries.get(country(time_zone) or "", [])
        return [line.shown() for line in (*here, *self.international)]


@cache
def helplines() -> Helplines:
    """Read the file, once."""
    text = files(__package__).joinpath("helplines.json").read_bytes()
    return msgspec.json.decode(text, type=Helplines)


def country(time_zone: str) -> str | None:
    """Return the country (ISO 3166-1) that a zone, or what it is another name of, lies in."""
    known = _countries()
    return known.get(time_zone) or known.get(_links().get(time_zone, ""))


@cache
def _countries() -> dict[str, str]:
    """Read the country of each zone from the time zone database (`zone.tab`)."""
    rows = [line.split("\t") for line in _lines("zone.tab") if not line.startswith("#")]
    return {row[_ZONE]: row[_COUNTRY] for row in rows if len(row) >= _COLUMNS}


@cache
def _links() -> dict[str, str]:
    """Read which zone each other name stands for (`tzdata.zi`: `L zone name`)."""
    rows = [line.split() for line in _lines("tzdata.zi") if line.startswith("L ")]
    return {name: zone for _, zone, name in rows}


def _lines(name: str) -> list[str]:
    return files("tzdata").joinpath("zoneinfo", name).read_text(encoding="utf-8").splitlines()
