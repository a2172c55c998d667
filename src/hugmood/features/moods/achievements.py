"""Which badges a person's entries have earned.

Everything is found in the entries as they are now, so a badge that was not given when
it was earned, because that was no moment to celebrate, is given on a later day.
Nothing is asked unless the answer may have changed: by the first entry of a day, by a
word that was not said that day, by a factor. What costs more than a look at the days is
asked only while its badge is missing, and only of the newest entries.
"""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Final

from hugmood.engine.handling import Ctx
from hugmood.features.badges import service as badges
from hugmood.features.badges.catalog import BADGES, Slug
from hugmood.features.moods import day_store
from hugmood.features.moods.catalog import catalog
from hugmood.features.moods.day_store import Credited
from hugmood.features.moods.days import Day, Streak
from hugmood.features.moods.store import Entry

STREAK: Final = 7
MONTH: Final = 30
MONTH_WINDOW: Final = 35
HUNDRED: Final = 100
AWAY: Final = 7
WORDS: Final = 12
WORDS_OF_A_QUARTER: Final = 2
QUARTERS: Final = ("pleasant high", "pleasant low", "unpleasant high", "unpleasant low")
HONEST: Final = 7
PATTERN: Final = 21


class Facts:
    """A person's days, and their streak unless they turned streaks off."""

    def __init__(self, ctx: Ctx, count: int, run: Streak | None) -> None:
        """Know how many days there are; they are read when a rule asks for them."""
        self.count = count
        self.run = run
        self._ctx = ctx

    @cached_property
    def days(self) -> Sequence[Day]:
        """The days in rising order, this one included."""
        return day_store.days(self._ctx.tx, self._ctx.caller.key)


def celebrate(
    ctx: Ctx, entry: Entry, credit: Credited, run: Streak | None, *, said_before: bool
) -> None:
    """Give what is earned by now; to be left out of a reply that has a support card.

    `said_before` tells that another entry of the day has the same mood.
    """
    # It is the only entry of its day, and of one moment.
    new_day = credit.day.first_at == credit.day.last_at
    new_word = new_day or not said_before
    if not new_word and not entry.factors:
        return
    missing = badges.missing(ctx, entry.user_key)
    earned: set[Slug] = set()
    if new_day:
        facts = Facts(ctx, credit.tally.days, run)
        earned |= {slug for slug, rule in _RULES.items() if slug in missing and rule(facts)}
    if new_word:
        earned |= _earned_by_words(ctx, entry, missing)
    earned |= _earned_by_factors(ctx, entry, missing, credit.tally.days)
    for slug in BADGES:
        if slug in earned:
            badges.award(ctx, slug, [entry.user_key])


def _steady_month(facts: Facts) -> bool:
    ordinals = [day.ordinal for day in facts.days]
    windows = zip(ordinals, ordinals[MONTH - 1 :], strict=False)
    return any(last - first < MONTH_WINDOW for first, last in windows)


def _welcome_back(facts: Facts) -> bool:
    pairs = zip(facts.days, facts.days[1:], strict=False)
    return any(after.ordinal - before.ordinal > AWAY for before, after in pairs)


_RULES: Final[dict[Slug, Callable[[Facts], bool]]] = {
    "first_feeling": lambda facts: facts.count > 0,
    "consistent_tracker": lambda facts: facts.run is not None and facts.run.best >= STREAK,
    "steady_month": _steady_month,
    "hundred_days": lambda facts: facts.count >= HUNDRED,
    "welcome_back": _welcome_back,
    "good_rest": lambda facts: facts.run is not None and facts.run.rests_taken > 0,
}


def _earned_by_words(ctx: Ctx, entry: Entry, missing: set[Slug]) -> set[Slug]:
    wanted = missing & {"word_explorer", "honest_heart"}
    if not wanted:
        return set()
    said = day_store.words_by_day(ctx.tx, entry.user_key)
    earned: set[Slug] = set()
    if _explores({word for _, word in said}):
        earned.add("word_explorer")
    if _honest_days(said) >= HONEST:
        earned.add("honest_heart")
    return earned & wanted


def _explores(words: set[str]) -> bool:
    quarters = [entry.quadrant for entry in catalog().moods if entry.mood in words]
    enough_of_each = all(quarters.count(one) >= WORDS_OF_A_QUARTER for one in QUARTERS)
    return len(words) >= WORDS and enough_of_each


def _honest_days(said: Sequence[tuple[int, str]]) -> int:
    """Count the days with pleasant and unpleasant moods; a neutral one is neither."""
    sides = {entry.mood: entry.quadrant.split()[0] for entry in catalog().moods}
    found = {(day, sides.get(word)) for day, word in said}
    return sum((day, "unpleasant") in found for day, side in found if side == "pleasant")


def _earned_by_factors(ctx: Ctx, entry: Entry, missing: set[Slug], days: int) -> set[Slug]:
    if "pattern_seeker" not in missing or not entry.factors or days < PATTERN:
        return set()
    most = day_store.most_factor_days(ctx.tx, entry.user_key, list(entry.factors))
    return {"pattern_seeker"} if most >= PATTERN else set()
