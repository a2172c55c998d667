"""When to show a card, and what it says: kind, plain, and to the writer alone.

Nothing of it is logged, and nothing kept but when a card was last shown for a pattern.
"""

from typing import Final, Literal

from hugmood.engine.handling import Ctx
from hugmood.features.support import store
from hugmood.features.support.helplines import helplines
from hugmood.features.support.messages import SupportCard

PAUSE: Final = 24 * 3600 * 1000
"""A pattern brings no second card for so long, ms; words always bring one."""

TITLE: Final = "You are not alone with this"
MESSAGES: Final = {
    "words": (
        "Thank you for writing it down. If you think of harming yourself, please talk to "
        "somebody now: someone you trust, or one of these. If you are in danger, call your "
        "local emergency number."
    ),
    "pattern": (
        "These days look hard. It can help to tell somebody how you are: someone you trust, "
        "or one of these, who listen to everybody."
    ),
}


def card_for_words(time_zone: str) -> SupportCard:
    """Return the card for a note that speaks of harming oneself."""
    return _card("words", time_zone)


def card_for_pattern(ctx: Ctx, time_zone: str) -> SupportCard | None:
    """Return the card for hard days, None if the caller had one not long ago."""
    if not store.show(ctx.tx, ctx.caller.key, ctx.now, PAUSE):
        return None
    return _card("pattern", time_zone)


def _card(reason: Literal["words", "pattern"], time_zone: str) -> SupportCard:
    known = helplines()
    return SupportCard(
        reason=reason,
        title=TITLE,
        message=MESSAGES[reason],
        helplines=known.near(time_zone),
        as_of=known.as_of,
    )
