"""Whom a support card names, by where somebody lives (product: Safety and privacy)."""

import re
from datetime import date
from importlib.resources import files
from zoneinfo import available_timezones

import pytest
from msgspec import UNSET

from hugmood.features.support.helplines import helplines

KNOWN = helplines()
COUNTRIES = sorted(KNOWN.countries)
EVERYWHERE = ["Find A Helpline", "Befrienders Worldwide"]


def near(time_zone: str) -> list[str]:
    """The names on a card of somebody in this zone."""
    return [one.name for one in KNOWN.near(time_zone)]


def test_date() -> None:
    """The file says when it was checked."""
    assert date(2026, 1, 1) < date.fromisoformat(KNOWN.as_of)


def test_countries() -> None:
    """Every country is one of those that the time zone database knows (ISO 3166-1)."""
    table = files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8")
    codes = {line[:2] for line in table.splitlines() if not line.startswith("#")}
    assert set() == set(COUNTRIES) - codes
    assert len(COUNTRIES) > 20


@pytest.mark.parametrize("country", ["", *COUNTRIES])
def test_way_to_reach(country: str) -> None:
    """Each has a name and a way to reach it, and links are https."""
    some = KNOWN.countries[country] if country else KNOWN.international
    assert some
    for one in some:
        assert one.name.strip() == one.name != ""
        assert one.phone or one.text or one.url
        assert one.url is UNSET or re.fullmatch(r"https://[a-z0-9.-]+[a-z]", one.url)
        assert one.phone is UNSET or re.fullmatch(r"\d[\d -]*\d", one.phone)
        assert one.hours in {UNSET, "24/7"}


@pytest.mark.parametrize(
    ("time_zone", "first"),
    [
        ("America/New_York", "988 Suicide & Crisis Lifeline"),
        ("Pacific/Honolulu", "988 Suicide & Crisis Lifeline"),
        ("US/Eastern", "988 Suicide & Crisis Lifeline"),
        ("America/Toronto", "9-8-8: Suicide Crisis Helpline"),
        ("Europe/London", "Samaritans"),
        ("Europe/Berlin", "TelefonSeelsorge"),
        ("Europe/Vienna", "Telefonseelsorge"),
        ("Asia/Kolkata", "Tele-MANAS"),
        ("Asia/Calcutta", "Tele-MANAS"),
        ("Asia/Seoul", "\uc790\uc0b4\uc608\ubc29 \uc0c1\ub2f4\uc804\ud654"),
        ("ROK", "\uc790\uc0b4\uc608\ubc29 \uc0c1\ub2f4\uc804\ud654"),
    ],
)
def test_country_first(time_zone: str, first: str) -> None:
    """Those of one's country come first, under older names of its zone too."""
    assert (first, EVERYWHERE) == (near(time_zone)[0], near(time_zone)[-2:])


@pytest.mark.parametrize("time_zone", ["UTC", "Etc/GMT+5", "Africa/Tunis", "no zone", ""])
def test_fall_back(time_zone: str) -> None:
    """Where no country is known, or none of its helplines, there are those for everybody."""
    assert EVERYWHERE == near(time_zone)


def test_every_zone() -> None:
    """Nobody gets an empty card, wherever they are."""
    assert [] == [zone for zone in available_timezones() if near(zone)[-2:] != EVERYWHERE]
