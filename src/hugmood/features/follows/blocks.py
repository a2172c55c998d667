"""Blocking, in SQL: who blocks whom, and the streams that leave out the other.

While either of two people blocks the other, neither's events are in the other's stream.
"""

from typing import Final, NamedTuple

from hugmood.engine.handling import Ctx
from hugmood.features.follows.store import blocked
from hugmood.store.database import Transaction

_BLOCK = """
    INSERT INTO block (blocker_key, blocked_key, created_at)
    VALUES (:blocker, :blocked, :now) ON CONFLICT DO NOTHING
"""
_UNBLOCK = "DELETE FROM block WHERE blocker_key = :blocker AND blocked_key = :blocked"
_COUNT = "SELECT count(*) FROM block WHERE blocker_key = :blocker"
_PAGE: Final = """
    SELECT a.id, a.name, b.created_at FROM block b JOIN account a ON a.key = b.blocked_key
    WHERE b.blocker_key = :blocker
    ORDER BY b.created_at DESC, b.blocked_key DESC LIMIT :limit OFFSET :offset
"""


class Blocked(NamedTuple):
    """One line of the list; `since` in ms."""

    user_id: str
    name: str
    since: int


def block(ctx: Ctx, blocker: int, other: int) -> bool:
    """Block, and hide each from the other; False if that was so before."""
    params = {"blocker": blocker, "blocked": other, "now": ctx.now}
    if not ctx.tx.execute(_BLOCK, params):
        return False
    ctx.host.streams.hide(ctx.tx, blocker, other)
    ctx.host.streams.hide(ctx.tx, other, blocker)
    return True


def unblock(ctx: Ctx, blocker: int, other: int) -> None:
    """Block no more; each shows to the other again unless the other blocks too."""
    done = ctx.tx.execute(_UNBLOCK, {"blocker": blocker, "blocked": other})
    if done and not blocked(ctx.tx, blocker, other):
        ctx.host.streams.show(ctx.tx, blocker, other)
        ctx.host.streams.show(ctx.tx, other, blocker)


def page(tx: Transaction, blocker: int, limit: int, offset: int) -> list[Blocked]:
    """Return a page of those whom a person blocks, newest first."""
    params = {"blocker": blocker, "limit": limit, "offset": offset}
    return [Blocked(*row) for row in tx.rows(_PAGE, params)]


def count(tx: Transaction, blocker: int) -> int:
    """Count those whom a person blocks."""
    return int(tx.rows(_COUNT, {"blocker": blocker})[0][0])
