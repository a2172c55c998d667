"""Badges in SQL: who has which, and what counts towards those that need counting."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from hugmood.features.badges.catalog import Slug
from hugmood.store.database import Transaction

# The key decides, however many writers find at once that a badge is earned.
_INSERT = """
    INSERT INTO badge (user_key, badge, id, earned_at)
    VALUES (:user, :badge, :id, :earned_at) ON CONFLICT (user_key, badge) DO NOTHING
"""
_GIVEN = {
    "sqlite": "SELECT id FROM badge WHERE id IN (SELECT value FROM json_each(:ids))",
    "postgres": """
        SELECT id FROM badge
        WHERE id IN (SELECT jsonb_array_elements_text(:ids::text::jsonb))
    """,
}
_HELD = "SELECT badge FROM badge WHERE user_key = :user"
_LIST = """
    SELECT user_key, badge, id, earned_at FROM badge
    WHERE user_key = :user ORDER BY earned_at DESC, id DESC
"""
_COUNT_UP = """
    INSERT INTO badge_progress (user_key, badge, subject)
    SELECT :user, :badge, :subject
    WHERE NOT EXISTS (SELECT 1 FROM badge WHERE user_key = :user AND badge = :badge)
    ON CONFLICT DO NOTHING
"""
_REACHED = {
    "sqlite": """
        SELECT user_key FROM badge_progress
        WHERE badge = :badge AND user_key IN (SELECT value FROM json_each(:users))
        GROUP BY user_key HAVING count(*) >= :goal
    """,
    "postgres": """
        SELECT user_key FROM badge_progress
        WHERE badge = :badge
            AND user_key IN (SELECT jsonb_array_elements_text(:users::text::jsonb)::bigint)
        GROUP BY user_key HAVING count(*) >= :goal
    """,
}


class Award(NamedTuple):
    """A badge that somebody (key) has; `id` is the award's own, time in ms."""

    user: int
    badge: Slug
    id: str
    earned_at: int


def give(tx: Transaction, awards: Sequence[Award]) -> list[Award]:
    """Give badges; return those that were not had before."""
    tx.execute_many(_INSERT, [award._asdict() for award in awards], of="user")
    ids = msgspec.json.encode([award.id for award in awards]).decode()
    given = {award_id for (award_id,) in tx.rows(_GIVEN[tx.dialect], {"ids": ids})}
    return [award for award in awards if award.id in given]


def held(tx: Transaction, user: int) -> set[Slug]:
    """Return the badges that somebody has."""
    return {badge for (badge,) in tx.rows_of(user, _HELD)}


def awards(tx: Transaction, user: int) -> list[Award]:
    """Return what somebody has, newest first: never more than there are badges."""
    return [Award(*row) for row in tx.rows(_LIST, {"user": user})]


def count_up(tx: Transaction, users: Iterable[int], badge: Slug, subject: str) -> None:
    """Note for each of these people that this counts, once, unless they have the badge."""
    params = [{"user": user, "badge": badge, "subject": subject} for user in users]
    tx.execute_many(_COUNT_UP, params)


def reached(tx: Transaction, users: Sequence[int], badge: Slug, goal: int) -> list[int]:
    """Return those of these people for whom enough has come together."""
    params = {"users": str(list(users)), "badge": badge, "goal": goal}
    return [user for (user,) in tx.rows(_REACHED[tx.dialect], params)]
