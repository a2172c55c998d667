"""Who follows whom, in SQL."""

from collections.abc import Iterable, Sequence
from typing import Final, Literal, NamedTuple

import msgspec

from hugmood.store.database import Pair, Transaction, one

Side = Literal["followers", "following"]

_INSERT = """
    INSERT INTO follow (followee_key, follower_key, created_at)
    VALUES (:followee, :follower, :now) ON CONFLICT DO NOTHING
"""
_DELETE = "DELETE FROM follow WHERE followee_key = :followee AND follower_key = :follower"
_COUNT = "SELECT count(*) FROM follow WHERE followee_key = :followee"
# A row for each would take SQLite three times as long: 5 ms for 10,000.
_FOLLOWERS = {
    "sqlite": "SELECT json_group_array(follower_key) FROM follow WHERE followee_key = :user",
    "postgres": "SELECT follower_key FROM follow WHERE followee_key = :user",
}
_FRIENDS = """
    SELECT f.follower_key FROM follow f JOIN follow back
        ON back.followee_key = f.follower_key AND back.follower_key = f.followee_key
    WHERE f.followee_key = :followee
"""
_FOLLOWS = """
    SELECT 1 FROM follow WHERE followee_key = :followee AND follower_key = :follower
"""
_BLOCKED = """
    SELECT 1 FROM block WHERE blocker_key = :one AND blocked_key = :other
    UNION ALL SELECT 1 FROM block WHERE blocker_key = :other AND blocked_key = :one
"""
_BLOCKED_AMONG = {
    "sqlite": """
        SELECT value FROM json_each(:others) WHERE EXISTS (
            SELECT 1 FROM block WHERE blocker_key = :user AND blocked_key = value
            UNION ALL SELECT 1 FROM block WHERE blocker_key = value AND blocked_key = :user)
    """,
    "postgres": """
        SELECT value FROM (SELECT jsonb_array_elements_text(:others::text::jsonb)::bigint)
            AS others (value) WHERE EXISTS (
            SELECT 1 FROM block WHERE blocker_key = :user AND blocked_key = value
            UNION ALL SELECT 1 FROM block WHERE blocker_key = value AND blocked_key = :user)
    """,
}
_LIST: Final = """
    SELECT a.id, a.name, f.created_at, EXISTS (
        SELECT 1 FROM follow back
        WHERE back.followee_key = f.follower_key AND back.follower_key = f.followee_key)
    FROM follow f JOIN account a ON a.key = f.{other} WHERE f.{mine} = :user
    ORDER BY f.created_at DESC, f.{other} DESC LIMIT :limit OFFSET :offset
"""
_SIDES: Final[dict[Side, dict[str, str]]] = {
    "followers": {"mine": "followee_key", "other": "follower_key"},
    "following": {"mine": "follower_key", "other": "followee_key"},
}
_LISTS: Final = {side: _LIST.format(**columns) for side, columns in _SIDES.items()}
_COUNTS: Final = {
    side: "SELECT count(*) FROM follow WHERE {mine} = :user".format(**columns)
    for side, columns in _SIDES.items()
}


class Followed(NamedTuple):
    """One line of a list; `since` in ms."""

    user_id: str
    name: str
    since: int
    is_friend: bool


def follow(tx: Transaction, followee: int, follower: int, now: int) -> bool:
    """Follow; False if that was so before."""
    return tx.execute(_INSERT, {"followee": followee, "follower": follower, "now": now}) > 0


def unfollow(tx: Transaction, followee: int, follower: int) -> bool:
    """Stop following; False if that was so before."""
    return tx.execute(_DELETE, {"followee": followee, "follower": follower}) > 0


def follower_count(tx: Transaction, followee: int) -> int:
    """Count a person's followers."""
    return int(tx.rows(_COUNT, {"followee": followee})[0][0])


def followers(tx: Transaction, followee: int) -> list[int]:
    """Return the keys of all who follow a person."""
    rows = tx.rows_of(followee, _FOLLOWERS[tx.dialect])
    if tx.dialect == "sqlite":
        return msgspec.json.decode(rows[0][0], type=list[int])
    return [key for (key,) in rows]


def friends(tx: Transaction, user: int) -> list[int]:
    """Return the keys of all who follow a person and are followed back."""
    return [key for (key,) in tx.rows(_FRIENDS, {"followee": user})]


def follows(tx: Transaction, *, follower: int, followee: int) -> bool:
    """Tell whether the one follows the other."""
    params = {"followee": followee, "follower": follower}
    return one(tx.rows(_FOLLOWS, params)) is not None


def blocked(tx: Transaction, one_user: int, other: int) -> bool:
    """Tell whether either of two people blocks the other."""
    return bool(tx.rows_of(_pair(one_user, other), _BLOCKED))


def ask_for_blocks(tx: Transaction, pairs: Iterable[tuple[int, int]]) -> None:
    """Have `blocked` know these pairs of people (keys) already."""
    tx.ask_ahead([_pair(*pair) for pair in pairs], _BLOCKED)


def _pair(one_user: int, other: int) -> Pair:
    """Write two people in one order: it is the same whoever of them blocks."""
    return min(one_user, other), max(one_user, other)


def blocked_among(tx: Transaction, user: int, others: Sequence[int]) -> set[int]:
    """Return those of these people who block a person or are blocked by them."""
    params = {"user": user, "others": str(list(others))}
    return {key for (key,) in tx.rows(_BLOCKED_AMONG[tx.dialect], params)}


def page(tx: Transaction, side: Side, user: int, limit: int, offset: int) -> list[Followed]:
    """Return a page of followers or followed, newest first."""
    params = {"user": user, "limit": limit, "offset": offset}
    rows = tx.rows(_LISTS[side], params)
    return [Followed(row[0], row[1], row[2], bool(row[3])) for row in rows]


def count(tx: Transaction, side: Side, user: int) -> int:
    """Count the whole list."""
    return int(tx.rows(_COUNTS[side], {"user": user})[0][0])
