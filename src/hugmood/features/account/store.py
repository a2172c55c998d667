"""What an account leaves behind, in SQL: taken away a bounded piece at a time."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from hugmood.store.database import Transaction, one


class Rows(NamedTuple):
    """The rows of a table that hang on an account by one of its columns.

    `identity` are the columns of the primary key. `through` is the table in between and
    the column that names it, where the rows hang on something of the account's.
    """

    table: str
    column: str
    identity: str
    through: tuple[str, str] | None = None


MANY: Final = (
    Rows("follow", "followee_key", "followee_key, follower_key"),
    Rows("follow", "follower_key", "followee_key, follower_key"),
    Rows("hug", "sender_key", "key"),
    Rows("hug", "recipient_key", "key"),
    Rows("group_hug_member", "user_key", "group_key, user_key"),
    Rows("group_hug_member", "creator_key", "group_key, user_key", ("group_hug", "group_key")),
    Rows("group_hug", "creator_key", "key"),
    Rows("hug_request_target", "user_key", "request_key, user_key"),
    Rows(
        "hug_request_target",
        "requester_key",
        "request_key, user_key",
        ("hug_request", "request_key"),
    ),
    Rows("hug_request", "requester_key", "key"),
    Rows("mood_entry", "user_key", "key"),
    Rows("mood_day", "user_key", "user_key, day"),
    Rows("notification", "user_key", "key"),
    Rows("block", "blocker_key", "blocker_key, blocked_key"),
    Rows("block", "blocked_key", "blocker_key, blocked_key"),
    Rows("analytics_share", "owner_key", "owner_key, viewer_key"),
    Rows("analytics_share", "viewer_key", "owner_key, viewer_key"),
    Rows("stream_filter", "user_key", "user_key, author_key"),
    Rows("stream_filter", "author_key", "user_key, author_key"),
    Rows("remembered_reply", "user_key", "key"),
    Rows("session", "user_key", "id"),
)
"""What there can be much of. All else goes with the account's own row, by the database."""

_DELETE = """
    DELETE FROM {table} WHERE ({identity}) IN (
        SELECT {identity} FROM {table} WHERE {condition} LIMIT :most)
"""
_CLOSE = """
    UPDATE account SET deleted_at = :now, id = :stand_in, name = :name, email = NULL,
        password_hash = NULL, birth_date = NULL
    WHERE key = :user AND deleted_at IS NULL
"""
_END_SESSIONS = """
    UPDATE session SET revoked_at = :now WHERE user_key = :user AND revoked_at IS NULL
"""
_SESSIONS = """
    SELECT id FROM session
    WHERE user_key = :user AND coalesce(next_expires_at, expires_at) > :now
"""
_BY_EMAIL = "SELECT key, id FROM account WHERE email = :email"
_FORGET_NAMES = "DELETE FROM name_word WHERE user_key = :user"
_FORGET_STATUS = "DELETE FROM status WHERE user_key = :user"
_DELETE_ACCOUNT = "DELETE FROM account WHERE key = :user AND deleted_at IS NOT NULL"
_KNOWN_MOODS: Final = {
    "sqlite": """
        SELECT id FROM mood_entry
        WHERE user_key = :user AND id IN (SELECT value FROM json_each(:ids))
    """,
    "postgres": """
        SELECT id FROM mood_entry
        WHERE user_key = :user AND id IN (SELECT jsonb_array_elements_text(:ids::text::jsonb))
    """,
}

GONE_NAME: Final = "Deleted account"
"""What lists show in the moments until the rows are gone."""


def by_email(tx: Transaction, email: str) -> tuple[int, str] | None:
    """Return the key and the id of the account with this address."""
    row = one(tx.rows(_BY_EMAIL, {"email": email}))
    return (row[0], row[1]) if row else None


def close(tx: Transaction, user: int, stand_in: str, now: int) -> bool:
    """Make an account one that nobody finds and nobody signs in to; its address is free.

    `stand_in` takes the place of its id. False if that was so before.
    """
    names = {"user": user, "now": now, "stand_in": stand_in, "name": GONE_NAME}
    closed = tx.execute(_CLOSE, names) > 0
    tx.execute(_END_SESSIONS, {"user": user, "now": now})
    tx.execute(_FORGET_NAMES, {"user": user})
    tx.execute(_FORGET_STATUS, {"user": user})
    return closed


def sessions_to_cut(tx: Transaction, user: int, now: int) -> list[str]:
    """Return the sessions whose sockets may be open, revoked or not."""
    return [key for (key,) in tx.rows(_SESSIONS, {"user": user, "now": now})]


def delete_rows(tx: Transaction, user: int, most: int) -> int:
    """Delete rows that hang on an account; `most` of them or, if there are fewer, all."""
    left = most
    for rows in MANY:
        if left <= 0:
            break
        left -= tx.execute(_statement(rows), {"user": user, "most": left})
    return most - left


def delete_account(tx: Transaction, user: int) -> bool:
    """Delete the row of an account that was closed, and what still hangs on it.

    False if that was done before.
    """
    return tx.execute(_DELETE_ACCOUNT, {"user": user}) > 0


def _statement(rows: Rows) -> str:
    condition = f"{rows.column} = :user"
    if rows.through:
        table, link = rows.through
        condition = f"{link} IN (SELECT key FROM {table} WHERE {condition})"
    return _DELETE.format(table=rows.table, identity=rows.identity, condition=condition)


def known_moods(tx: Transaction, user: int, ids: Sequence[str]) -> set[str]:
    """Return those of these ids that are entries of this person."""
    params = {"user": user, "ids": msgspec.json.encode(ids).decode()}
    return {found for (found,) in tx.rows(_KNOWN_MOODS[tx.dialect], params)}
