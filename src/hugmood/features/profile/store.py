"""Profiles and finding people, in SQL."""

from typing import Final, NamedTuple

from hugmood.store.database import Transaction, one

_PROFILE = """
    SELECT a.id, a.guest, a.name, a.email, a.time_zone, a.created_at,
        (SELECT count(*) FROM follow WHERE followee_key = a.key),
        (SELECT count(*) FROM follow WHERE follower_key = a.key)
    FROM account a WHERE a.key = :user
"""
_AFTER_ALL: Final = "\U0010ffff"
"""Sorts behind all that has the same beginning: no name has this code point."""

# One scan of the index; a person can be found by several words, and counts once.
_FOUND = """
    FROM (
        SELECT user_key, min(word) AS word FROM (
            SELECT user_key, word FROM name_word WHERE word BETWEEN :first AND :last
            UNION ALL
            SELECT w.user_key, w.word FROM account a JOIN name_word w ON w.user_key = a.key
            WHERE a.id = :id
        ) AS hits
        WHERE user_key <> :user
            AND user_key NOT IN (SELECT blocked_key FROM block WHERE blocker_key = :user)
            AND user_key NOT IN (SELECT blocker_key FROM block WHERE blocked_key = :user)
        GROUP BY user_key
    ) AS found
"""
_COUNT = f"SELECT count(*) {_FOUND}"
_PAGE = f"""
    SELECT a.id, a.name,
        EXISTS (SELECT 1 FROM follow WHERE followee_key = a.key AND follower_key = :user),
        EXISTS (SELECT 1 FROM follow WHERE followee_key = :user AND follower_key = a.key)
    FROM (
        SELECT found.user_key, found.word {_FOUND}
        ORDER BY found.word, found.user_key LIMIT :limit OFFSET :offset
    ) AS found JOIN account a ON a.key = found.user_key
    ORDER BY found.word, found.user_key
"""


class Known(NamedTuple):
    """All there is to tell of a person; `created_at` in ms."""

    user_id: str
    guest: bool
    name: str
    email: str | None
    time_zone: str
    created_at: int
    followers: int
    following: int


class Found(NamedTuple):
    """Someone found, and how the two are bound."""

    user_id: str
    name: str
    you_follow: bool
    follows_you: bool


class Wanted(NamedTuple):
    """Whom `user` (key) looks for: a folded beginning of a word, or an id."""

    user: int
    first: str
    id: str


def profile(tx: Transaction, user: int) -> Known | None:
    """Return what there is to tell of a person."""
    row = one(tx.rows(_PROFILE, {"user": user}))
    return Known(*row)._replace(guest=bool(row[1])) if row else None


def page(tx: Transaction, wanted: Wanted, limit: int, offset: int) -> list[Found]:
    """Return a page of those found, by what they were found by."""
    params = _params(wanted) | {"limit": limit, "offset": offset}
    return [Found(row[0], row[1], bool(row[2]), bool(row[3])) for row in tx.rows(_PAGE, params)]


def count(tx: Transaction, wanted: Wanted) -> int:
    """Count those who are found."""
    return int(tx.rows(_COUNT, _params(wanted))[0][0])


def _params(wanted: Wanted) -> dict[str, object]:
    return wanted._asdict() | {"last": wanted.first + _AFTER_ALL}
