"""Rows to write and read where it does not matter what they mean."""

from hugmood.store.database import Database, Transaction

INSERT = """
    INSERT INTO stream_head (user_key, last_number, pruned_number) VALUES (:user, :last, 0)
"""
INSERT_OR_NOT = f"{INSERT} ON CONFLICT DO NOTHING"
SELECT = "SELECT user_key, last_number FROM stream_head ORDER BY user_key"
ADD = "UPDATE stream_head SET last_number = last_number + 1"
ADD_TO = f"{ADD} WHERE user_key = :user"
REMEMBER = """
    INSERT INTO remembered_reply (user_key, command, payload, reply, created_at)
    VALUES (1, :command, :payload, :reply, :created_at)
"""
BIG = "INSERT INTO event (id, body) VALUES (1, zeroblob(1000000))"
SHORT = 0.05
"""Seconds to wait where waiting is in vain."""


class OurFailureError(Exception):
    """Something that goes wrong in the middle."""


def insert(tx: Transaction, user: int, last: int = 0) -> None:
    """Write a row."""
    tx.execute(INSERT, {"user": user, "last": last})


def rows(database: Database) -> list[tuple[int, int]]:
    """Read all rows."""
    with database.transaction(write=False) as tx:
        return [(user, last) for user, last in tx.rows(SELECT)]
