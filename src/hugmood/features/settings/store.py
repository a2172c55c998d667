"""What people chose to let others see and do, in SQL."""

from typing import Final, NamedTuple

from hugmood.features.settings.messages import Audience
from hugmood.store.database import Transaction, one

_SETTINGS = "SELECT hugs_from, status_to, streaks FROM settings WHERE user_key = :user"


class Settings(NamedTuple):
    """One person's choices."""

    hugs_from: Audience = "everyone"
    status_to: Audience = "everyone"
    streaks: bool = True


NOTHING_CHOSEN: Final = Settings()


def settings(tx: Transaction, user: int) -> Settings:
    """Return what a person chose."""
    row = one(tx.rows(_SETTINGS, {"user": user}))
    return Settings(row[0], row[1], bool(row[2])) if row else NOTHING_CHOSEN
