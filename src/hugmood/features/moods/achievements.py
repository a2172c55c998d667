"""Which badges a person's entries have earned.

Everything is found in the entries as they are now, so a badge that was not given when
it was earned, because that was no moment to celebrate, is given later.
Nothing is asked unless the answer may have changed: by a word that was not said that
day, so by every first entry of a day, or by a factor. What costs more than a look at the tally is
asked only while its badge is missing, and only of the newest entries.
"""

from collections.abc import Callable, Collection, Sequence
from functools import cached_property
from typing import Final, NamedTuple

from hugmood.engine.handling import Ctx
from hugmood.features.badges import service as badges
from hugmood.features.badges.catalog import BADGES, Slug
from hugmood.features.moods import day_store
from hugmood.features.moods.catalog import catalog
from hugmood.features.moods.day_store import Credited
from hugmood.features.moods.days import Day, Streak, Tally
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


class Sought(NamedTuple):
    """What an entry may earn."""

    missing: set[Slug]
    """The badges that its author does not have; empty where the entry cannot earn any."""
    said: Sequence[tuple[int, str]]
    """Which words were said on which days before, if one of them is for words."""


def sought(ctx: Ctx, entry: Entry, *, said_before: bool) -> Sought:
    """Ask what an entry may earn that is not kept yet.

    `said_before` tells that another entry of the day has the same mood.
    """
    if said_before and not entry.factors:
        return Sought(set(), ())
    missing = badges.missing(ctx, entry.user_key)
    if said_before or not missing & _FOR_WORDS.keys():
        return Sought(missing, ())
    return Sought(missing, day_store.words_by_day(ctx.tx, entry.user_key))


class Facts:
    """A person's days, counted, and their streak unless they turned streaks off."""

    def __init__(self, ctx: Ctx, tally: Tally, run: Streak | None) -> None:
        """Know what the days come to; they are read when a rule asks for them."""
        self.tally = tally
        self.run = run
        self._ctx = ctx

    @cached_property
    def days(self) -> Sequence[Day]:
        """The days in rising order, this one included."""
        return day_store.days(self._ctx.tx, self._ctx.caller.key)


def celebrate(ctx: Ctx, entry: Entry, credit: Credited, run: Streak | None, sought: Sought) -> None:
    """Give what is earned by now; to be left out of a reply that has a support card."""
    missing = sought.missing
    earned: set[Slug] = set()
    facts = Facts(ctx, credit.tally, run)
    earned |= {slug for slug, rule in _FOR_DAYS.items() if slug in missing and rule(facts)}
    said = {*sought.said, (entry.day, entry.mood)}
    earned |= {slug for slug, rule in _FOR_WORDS.items() if slug in missing and rule(said)}
    earned |= _earned_by_factors(ctx, entry, missing, credit.tally.days)
    for slug in BADGES:
        if slug in earned:
            badges.award(ctx, slug, [entry.user_key])


def _steady_month(facts: Facts) -> bool:
    if facts.tally.days < MONTH:
        return False
    ordinals = [day.ordinal for day in facts.days]
    windows = zip(ordinals, ordinals[MONTH - 1 :], strict=False)
    return any(last - first < MONTH_WINDOW for first, last in windows)


def _welcome_back(facts: Facts) -> bool:
    if facts.tally.days == facts.tally.run:  # no rests are as long as that
        return False
    pairs = zip(facts.days, facts.days[1:], strict=False)
    return any(after.ordinal - before.ordinal > AWAY for before, after in pairs)


_FOR_DAYS: Final[dict[Slug, Callable[[Facts], bool]]] = {
    "first_feeling": lambda facts: facts.tally.days > 0,
    "consistent_tracker": lambda facts: facts.run is not None and facts.run.best >= STREAK,
    "steady_month": _steady_month,
    "hundred_days": lambda facts: facts.tally.days >= HUNDRED,
    "welcome_back": _welcome_back,
    "good_rest": lambda facts: facts.run is not None and facts.run.rests_taken > 0,
}


def _word_explorer(said: Collection[tuple[int, str]]) -> bool:
    words = {word for _, word in said}
    quarters = [entry.quadrant for entry in catalog().moods if entry.mood in words]
    enough_of_each = all(quarters.count(one) >= WORDS_OF_A_QUARTER for one in QUARTERS)
    return len(words) >= WORDS and enough_of_each


def _honest_heart(said: Collection[tuple[int, str]]) -> bool:
    """Look for days with pleasant and unpleasant moods; a neutral one is neither."""
    sides = {entry.mood: entry.quadrant.split()[0] for entry in catalog().moods}
    found = {(day, sides.get(word)) for day, word in said}
    both = sum((day, "unpleasant") in found for day, side in found if side == "pleasant")
    return both >= HONEST


_FOR_WORDS: Final[dict[Slug, Callable[[Collection[tuple[int, str]]], bool]]] = {
    "word_explorer": _word_explorer,
    "honest_heart": _honest_heart,
}


def _earned_by_factors(ctx: Ctx, entry: Entry, missing: set[Slug], days: int) -> set[Slug]:
    if "pattern_seeker" not in missing or not entry.factors or days < PATTERN:
        return set()
    most = day_store.most_factor_days(ctx.tx, entry.user_key, list(entry.factors))
    return {"pattern_seeker"} if most >= PATTERN else set()
