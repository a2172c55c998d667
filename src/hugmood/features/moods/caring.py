"""Whether what somebody says of themselves should bring a card with help."""

from typing import Final

from hugmood.engine.handling import Ctx
from hugmood.features.moods import day_store
from hugmood.features.moods.store import Entry
from hugmood.features.support.messages import SupportCard
from hugmood.features.support.phrases import speaks_of_self_harm
from hugmood.features.support.service import card_for_pattern, card_for_words

DESPAIR: Final = ("despairing", 0.8)
"""The mood, and from which intensity, that is a reason by itself."""
LOW: Final = -0.6
"""A day whose mean affect is no higher has a score of 2 or less."""
LOW_DAYS: Final = 3
OF_DAYS: Final = 5


def support(ctx: Ctx, entry: Entry, time_zone: str) -> SupportCard | None:
    """Return a card for the writer, who is in this zone now; None without a reason."""
    if entry.note and speaks_of_self_harm(entry.note):
        return card_for_words(time_zone)
    if _despairs(entry) or _low_for_days(ctx, entry):
        return card_for_pattern(ctx, time_zone)
    return None


def _despairs(entry: Entry) -> bool:
    mood, intensity = DESPAIR
    return entry.mood == mood and entry.intensity >= intensity


def _low_for_days(ctx: Ctx, entry: Entry) -> bool:
    # The mean of a day can only become low by an entry that is.
    if entry.affect > LOW:
        return False
    low = day_store.low_days(ctx.tx, entry.user_key, entry.day, OF_DAYS, LOW)
    return low >= LOW_DAYS
