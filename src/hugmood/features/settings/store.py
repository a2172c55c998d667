"""What people chose to let others see and do, in SQL."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from hugmood.features.settings.messages import Audience
from hugmood.store.database import Transaction, one

_SETTINGS = "SELECT hugs_from, status_to, streaks FROM settings WHERE user_key = :user"
_CHOOSE = """
    INSERT INTO settings (user_key, hugs_from, status_to, streaks)
    VALUES (:user, :hugs_from, :status_to, :streaks)
    ON CONFLICT (user_key) DO UPDATE SET hugs_from = excluded.hugs_from,
        status_to = excluded.status_to, streaks = excluded.streaks
"""
_VIEWERS = """
    SELECT a.id FROM analytics_share s JOIN account a ON a.key = s.viewer_key
    WHERE s.owner_key = :owner ORDER BY s.viewer_key
"""
_SHARES = "SELECT 1 FROM analytics_share WHERE owner_key = :owner AND viewer_key = :viewer"
_SHARE = "INSERT INTO analytics_share (owner_key, viewer_key) VALUES (:owner, :viewer)"
_UNSHARE_ALL = "DELETE FROM analytics_share WHERE owner_key = :owner"
_UNSHARE = f"{_UNSHARE_ALL} AND viewer_key = :viewer"


class Settings(NamedTuple):
    """One person's choices."""

    hugs_from: Audience = "everyone"
    status_to: Audience = "everyone"
    streaks: bool = True


NOTHING_CHOSEN: Final = Settings()


def settings(tx: Transaction, user: int) -> Settings:
    """Return what a person chose."""
    row = one(tx.rows_of(user, _SETTINGS))
    return Settings(row[0], row[1], bool(row[2])) if row else NOTHING_CHOSEN


def ask_for_settings(tx: Transaction, users: Sequence[int]) -> None:
    """Have `settings` know these people (keys) already."""
    tx.ask_ahead(users, _SETTINGS)


def choose(tx: Transaction, user: int, chosen: Settings) -> None:
    """Keep what a person chose."""
    tx.execute(_CHOOSE, {"user": user, **chosen._asdict()})


def wants_streaks(tx: Transaction, user: int) -> bool:
    """Tell whether a person wants to hear of streaks."""
    return settings(tx, user).streaks


def viewers(tx: Transaction, owner: int) -> list[str]:
    """Return the ids of those who may see a person's analytics, oldest account first."""
    return [user_id for (user_id,) in tx.rows(_VIEWERS, {"owner": owner})]


def shares(tx: Transaction, *, owner: int, viewer: int) -> bool:
    """Tell whether the owner shares analytics with this person."""
    return one(tx.rows(_SHARES, {"owner": owner, "viewer": viewer})) is not None


def share(tx: Transaction, owner: int, keys: Iterable[int]) -> None:
    """Share analytics with these people and with nobody else."""
    tx.execute(_UNSHARE_ALL, {"owner": owner})
    tx.execute_many(_SHARE, [{"owner": owner, "viewer": key} for key in keys])


def unshare(tx: Transaction, *, owner: int, viewer: int) -> None:
    """Share analytics with this person no more."""
    tx.execute(_UNSHARE, {"owner": owner, "viewer": viewer})
