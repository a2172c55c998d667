"""When a card was last shown for how somebody's days were, in SQL."""

from hugmood.store.database import Transaction

_SHOW = """
    INSERT INTO support_card (user_key, shown_at) VALUES (:user, :now)
    ON CONFLICT (user_key) DO UPDATE SET shown_at = excluded.shown_at
    WHERE support_card.shown_at <= :before
"""


def show(tx: Transaction, user: int, now: int, pause: int) -> bool:
    """Note that a card is shown; False if one was within the last `pause` ms."""
    return tx.execute(_SHOW, {"user": user, "now": now, "before": now - pause}) > 0
