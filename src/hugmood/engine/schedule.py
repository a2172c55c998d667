"""What is due later: internal commands, kept in the database until their time.

A row is claimed by deleting it, in the transaction that does what it says. So it is done
once, however many processes look, and not lost if one dies half-way.
"""

from typing import Final, NamedTuple

from hugmood.store.database import Transaction

MOST: Final = 100
"""Rows claimed in one transaction."""

_FIRST_RETRY: Final = 1_000
_SLOWEST_RETRY: Final = 3600 * 1000

_PUT = """
    INSERT INTO due (due_at, type, data, attempts, name)
    VALUES (:at, :type, :data, :attempts, :name) ON CONFLICT (name) DO NOTHING
"""
_ANY = "SELECT EXISTS (SELECT 1 FROM due WHERE due_at <= :now)"
_CLAIM = """
    DELETE FROM due WHERE key IN (
        SELECT key FROM due WHERE due_at <= :now ORDER BY due_at, key LIMIT :most {lock})
    RETURNING due_at, key, type, data, attempts, name
"""
_CLAIMS: Final = {
    "sqlite": _CLAIM.format(lock=""),
    "postgres": _CLAIM.format(lock="FOR UPDATE SKIP LOCKED"),
}


class Due(NamedTuple):
    """An internal command whose time has come; `data` is JSON, `at` in ms."""

    at: int
    key: int
    type: str
    data: bytes
    attempts: int
    name: str | None


def put(tx: Transaction, kind: str, data: bytes, at: int, *, name: str | None = None) -> None:
    """Keep a command of this type until then, unless one of this name waits already."""
    row = {"at": at, "type": kind, "data": data.decode(), "attempts": 0, "name": name}
    tx.execute(_PUT, row)


def any_due(tx: Transaction, now: int) -> bool:
    """Tell whether there is something to claim."""
    return bool(tx.rows(_ANY, {"now": now})[0][0])


def claim(tx: Transaction, now: int) -> list[Due]:
    """Take what is due, the longest due first; it is this transaction's to do."""
    rows = tx.rows(_CLAIMS[tx.dialect], {"now": now, "most": MOST})
    return sorted(Due(row[0], row[1], row[2], row[3].encode(), row[4], row[5]) for row in rows)


def put_back(tx: Transaction, due: Due, now: int) -> None:
    """Try again later, ever later: giving up would lose it."""
    wait = min(_FIRST_RETRY << min(due.attempts, 20), _SLOWEST_RETRY)
    row = {"at": now + wait, "attempts": due.attempts + 1, "name": due.name}
    tx.execute(_PUT, row | {"type": due.type, "data": due.data.decode()})
