"""How old people are: nobody under 13, and those under 18 are protected.

Who gave no date of birth counts as grown up. Days are those of UTC.
"""

from datetime import UTC, date, datetime
from typing import Final

from hugmood.ambient import Instant

YOUNGEST: Final = 13
GROWN_UP: Final = 18
OLDEST: Final = 130


def age(birth: date, now: int) -> int:
    """Return someone's age in years at a moment (ms); negative before their birth."""
    today = Instant(now).datetime.date()
    return today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))


def is_minor(birth: date | None, now: int) -> bool:
    """Tell whether someone is under 18 at a moment (ms)."""
    return birth is not None and age(birth, now) < GROWN_UP


def grown_up_at(birth: date) -> int:
    """Return when someone is 18, in ms; of those born on 29 February the day after."""
    year = birth.year + GROWN_UP
    # No leap year is 18 years after another.
    leaps = birth.month == 2 and birth.day == 29  # noqa: PLR2004 (the day itself)
    day = date(year, 3, 1) if leaps else birth.replace(year=year)
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000
