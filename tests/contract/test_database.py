"""What every database has to do: one contract for SQLite and PostgreSQL."""

from contextlib import suppress

import pytest

from hugmood.store.database import Database, DatabaseError, one
from tests.contract.rows import (
    ADD,
    INSERT,
    INSERT_OR_NOT,
    REMEMBER,
    SELECT,
    OurFailureError,
    insert,
    rows,
)
from tests.databases import Place, on_sqlite


@pytest.fixture
def database(place: Place) -> Database:
    """A connection."""
    return place.open()


# Transactions


def test_commit(place: Place, database: Database) -> None:
    """What was written is there for another connection when the block has ended."""
    with database.transaction(write=True) as tx:
        insert(tx, 1)
    assert rows(place.open()) == [(1, 0)]


def test_uncommitted(place: Place, database: Database) -> None:
    """What is not committed is there for nobody else."""
    with database.transaction(write=True) as tx:
        insert(tx, 1)
        assert rows(place.open()) == []


def test_own_writes(database: Database) -> None:
    """A transaction sees what it wrote itself."""
    with database.transaction(write=True) as tx:
        insert(tx, 1)
        assert tx.rows(SELECT) == [(1, 0)]


def test_rollback(database: Database) -> None:
    """An exception undoes all of the transaction."""
    with suppress(OurFailureError), database.transaction(write=True) as tx:
        insert(tx, 1)
        insert(tx, 2)
        raise OurFailureError
    assert rows(database) == []


def test_exception_passes(database: Database) -> None:
    """The exception that undid a transaction comes out of it unchanged."""
    failure = OurFailureError()
    with pytest.raises(OurFailureError) as caught, database.transaction(write=True):
        raise failure
    assert caught.value is failure


def test_after_rollback(database: Database) -> None:
    """After a transaction that failed the next one works."""
    with suppress(OurFailureError), database.transaction(write=True):
        raise OurFailureError
    with database.transaction(write=True) as tx:
        insert(tx, 1)
    assert rows(database) == [(1, 0)]


def test_after_failed_statement(database: Database) -> None:
    """After a transaction with a statement that failed the next one works."""
    with suppress(DatabaseError), database.transaction(write=True) as tx:
        tx.execute("INSERT INTO no_such_table VALUES (1)")
    with database.transaction(write=True) as tx:
        insert(tx, 1)
    assert rows(database) == [(1, 0)]


def test_snapshot(place: Place, database: Database) -> None:
    """A transaction that reads sees the same throughout, whatever others do."""
    with database.transaction(write=False) as reading:
        before = reading.rows(SELECT)
        with place.open().transaction(write=True) as tx:
            insert(tx, 1)
        assert reading.rows(SELECT) == before


# Savepoints


def test_savepoint_undone(database: Database) -> None:
    """A savepoint that ends by an exception undoes what was done within, and no more."""
    with database.transaction(write=True) as tx:
        insert(tx, 1)
        with suppress(OurFailureError), tx.savepoint():
            insert(tx, 2)
            raise OurFailureError
        insert(tx, 3)
    assert rows(database) == [(1, 0), (3, 0)]


def test_savepoint_kept(database: Database) -> None:
    """A savepoint that ends well changes nothing."""
    with database.transaction(write=True) as tx, tx.savepoint():
        insert(tx, 1)
    assert rows(database) == [(1, 0)]


def test_savepoint_after_failed_statement(database: Database) -> None:
    """A statement that fails in a savepoint leaves the transaction usable."""
    with database.transaction(write=True) as tx:
        insert(tx, 1)
        with suppress(DatabaseError), tx.savepoint():
            insert(tx, 1)
        insert(tx, 2)
    assert rows(database) == [(1, 0), (2, 0)]


def test_savepoint_in_savepoint(database: Database) -> None:
    """Of two savepoints, one in the other, the inner is undone alone."""
    with database.transaction(write=True) as tx, tx.savepoint():
        insert(tx, 1)
        with suppress(OurFailureError), tx.savepoint():
            insert(tx, 2)
            raise OurFailureError
    assert rows(database) == [(1, 0)]


# Changes


def test_changes_by_execute(database: Database) -> None:
    """A statement that wrote is counted."""
    with database.transaction(write=True) as tx:
        before = tx.changes
        insert(tx, 1)
        assert tx.changes > before


def test_changes_by_execute_many(database: Database) -> None:
    """Many statements that wrote are counted."""
    with database.transaction(write=True) as tx:
        before = tx.changes
        tx.execute_many(INSERT, [{"user": 1, "last": 0}])
        assert tx.changes > before


def test_changes_by_returning(database: Database) -> None:
    """A statement that wrote and returned rows is counted.

    On PostgreSQL it was not: a new account of a command that was then refused stayed.
    """
    with database.transaction(write=True) as tx:
        before = tx.changes
        assert tx.rows(f"{INSERT} RETURNING user_key", {"user": 1, "last": 0}) == [(1,)]
        assert tx.changes > before


def test_changes_by_reading(database: Database) -> None:
    """Reading is not counted."""
    with database.transaction(write=True) as tx:
        insert(tx, 1)
        before = tx.changes
        tx.rows(SELECT)
        assert tx.changes == before


def test_changes_of_nothing(database: Database) -> None:
    """A statement that touched no row is not counted: there is nothing to undo."""
    with database.transaction(write=True) as tx:
        insert(tx, 1)
        before = tx.changes
        tx.execute(INSERT_OR_NOT, {"user": 1, "last": 0})
        assert tx.changes == before


# Statements


def test_rows_touched(database: Database) -> None:
    """A statement says how many rows it touched."""
    with database.transaction(write=True) as tx:
        tx.execute_many(INSERT, ({"user": user, "last": 0} for user in (1, 2, 3)))
        assert tx.execute(f"{ADD} WHERE user_key > :user", {"user": 1}) == 2


def test_rows_touched_in_vain(database: Database) -> None:
    """A statement that found everything as it should be touched no row."""
    with database.transaction(write=True) as tx:
        insert(tx, 1)
        assert tx.execute(INSERT_OR_NOT, {"user": 1, "last": 0}) == 0


def test_many_of_none(database: Database) -> None:
    """A statement for each of no parameters does nothing."""
    with database.transaction(write=True) as tx:
        tx.execute_many(INSERT, [])
    assert rows(database) == []


def test_largest_integers(database: Database) -> None:
    """Integers of 64 bits come back as they were."""
    largest = (1 << 63) - 1
    with database.transaction(write=True) as tx:
        insert(tx, largest, -largest - 1)
    assert rows(database) == [(largest, -largest - 1)]


def test_bytes(database: Database) -> None:
    """Bytes come back as they were, any of them."""
    every = bytes(range(256))
    with database.transaction(write=True) as tx:
        tx.execute(REMEMBER, {"command": b"c", "payload": b"", "reply": every, "created_at": 0})
        assert tx.rows("SELECT payload, reply FROM remembered_reply") == [(b"", every)]


@pytest.mark.parametrize("text", ["", "100 % :name %s 'x'", "a\\b\n", "雪 ❄️ \U0001f917"])
def test_text(database: Database, text: str) -> None:
    """Text comes back as it was, whatever it means in SQL."""
    with database.transaction(write=False) as tx:
        answer = tx.rows("SELECT CAST(:text AS text), 7 % 4, '50 %'", {"text": text})
    assert answer == [(text, 3, "50 %")]


def test_null(database: Database) -> None:
    """None is NULL both ways."""
    with database.transaction(write=False) as tx:
        assert tx.rows("SELECT CAST(:nothing AS text)", {"nothing": None}) == [(None,)]


def test_one() -> None:
    """`one` takes the row there is, or None."""
    assert (one([(1, 2)]), one([])) == ((1, 2), None)


# SQLite's own promises


@on_sqlite
@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1)],
)
def test_durable(database: Database, pragma: str, value: str | int) -> None:
    """Commits are on disk (`synchronous` 2 is FULL), and readers do not wait."""
    with database.transaction(write=False) as tx:
        assert tx.rows(f"PRAGMA {pragma}") == [(value,)]
