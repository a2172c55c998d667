"""What every database has to do: one contract for SQLite and PostgreSQL."""

import sqlite3
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from hugmood.store.database import Database, DatabaseError, DatabaseUnavailable, Transaction, one
from hugmood.store.opening import open_database
from hugmood.store.postgres import Postgres
from hugmood.store.sqlite import Sqlite
from tests.databases import Place, on_sqlite

INSERT = """
    INSERT INTO stream_head (user_key, last_number, pruned_number) VALUES (:user, :last, 0)
"""
INSERT_OR_NOT = f"{INSERT} ON CONFLICT DO NOTHING"
SELECT = "SELECT user_key, last_number FROM stream_head ORDER BY user_key"
ADD = "UPDATE stream_head SET last_number = last_number + 1"
REMEMBER = """
    INSERT INTO remembered_reply (command, payload, reply, created_at)
    VALUES (:command, :payload, :reply, :created_at)
"""
BIG = "INSERT INTO event (id, body) VALUES (1, zeroblob(1000000))"
SHORT = 0.05
"""Seconds to wait where waiting is in vain."""


class OurFailureError(Exception):
    """Something that goes wrong in the middle."""


@pytest.fixture
def database(place: Place) -> Database:
    """A connection."""
    return place.open()


def insert(tx: Transaction, user: int, last: int = 0) -> None:
    """Write a row."""
    tx.execute(INSERT, {"user": user, "last": last})


def rows(database: Database) -> list[tuple[int, int]]:
    """Read all rows."""
    with database.transaction(write=False) as tx:
        return [(user, last) for user, last in tx.rows(SELECT)]


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
    """A transaction that reads sees the same throughout, whatever is committed meanwhile."""
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


# Errors


def failure_of(database: Database, *statements: str) -> type[DatabaseError]:
    """Run statements of which one fails, and return the type of its error."""
    try:
        with database.transaction(write=True) as tx:
            for statement in statements:
                tx.execute(statement)
    except DatabaseError as error:
        return type(error)
    raise AssertionError("nothing failed")


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO stream_head (user_key, last_number, pruned_number) VALUES (1, 0, 0)",
        "INSERT INTO stream_head (user_key, last_number) VALUES (2, 0)",
        "INSERT INTO mood_day (user_key, day) VALUES (99, 1)",
        "INSERT INTO no_such_table VALUES (1)",
        "INSERT INTO stream_head (no_such_column) VALUES (1)",
        "THIS IS NO SQL",
    ],
    ids=["unique", "not null", "foreign key", "table", "column", "syntax"],
)
def test_statement_error(database: Database, statement: str) -> None:
    """A statement's own fault says nothing of the database as a whole."""
    with database.transaction(write=True) as tx:
        insert(tx, 1)
    assert failure_of(database, statement) is DatabaseError


def test_missing_parameter(database: Database) -> None:
    """A parameter that was not given is the statement's own fault."""
    with pytest.raises(DatabaseError) as caught, database.transaction(write=True) as tx:
        tx.execute(INSERT, {"user": 1})
    assert caught.type is DatabaseError


def test_locked(place: Place, database: Database) -> None:
    """Waiting in vain for a lock that somebody holds means that it is not available."""
    impatient = place.open(timeout=SHORT)
    with database.transaction(write=True) as tx:
        insert(tx, 1)
    with database.transaction(write=True) as tx:
        tx.execute(ADD)
        assert failure_of(impatient, ADD) is DatabaseUnavailable


def test_read_only(place: Place) -> None:
    """A database that takes no writes is not available for them."""
    database = place.open()
    make_read_only(database)
    assert failure_of(database, INSERT_ONE) is DatabaseUnavailable


def test_read_only_reads(place: Place) -> None:
    """A database that takes no writes can be read."""
    database = place.open()
    make_read_only(database)
    assert rows(database) == []


INSERT_ONE = "INSERT INTO stream_head (user_key, last_number, pruned_number) VALUES (1, 0, 0)"


def make_read_only(database: Database) -> None:
    """Have it refuse writes, as a standby server or a file without permission does."""
    if isinstance(database, Sqlite):
        database._connection.execute("PRAGMA query_only = ON")
    elif isinstance(database, Postgres):
        database._connected().execute("SET default_transaction_read_only = on")


@on_sqlite
def test_full(database: Database) -> None:
    """A full disk means that the database is not available."""
    assert isinstance(database, Sqlite)
    pages = database._connection.execute("PRAGMA page_count").fetchone()[0]
    database._connection.execute(f"PRAGMA max_page_count = {pages}")
    assert failure_of(database, BIG) is DatabaseUnavailable


@on_sqlite
def test_after_full(database: Database) -> None:
    """After a transaction that found the disk full a smaller one works."""
    assert isinstance(database, Sqlite)
    pages = database._connection.execute("PRAGMA page_count").fetchone()[0]
    database._connection.execute(f"PRAGMA max_page_count = {pages}")
    failure_of(database, BIG)
    with database.transaction(write=True) as tx:
        insert(tx, 1)
    assert rows(database) == [(1, 0)]


@pytest.mark.parametrize("name", ["a_file/below.db", "a_folder"])
def test_no_such_file(tmp_path: Path, name: str) -> None:
    """A file that cannot be opened means that the database is not available."""
    (tmp_path / "a_file").write_bytes(b"")
    (tmp_path / "a_folder").mkdir()
    with pytest.raises(DatabaseUnavailable):
        open_database(f"sqlite:///{tmp_path / name}", timeout=SHORT)


def test_no_database_file(tmp_path: Path) -> None:
    """A file that is something else is not available as a database."""
    (tmp_path / "picture.db").write_bytes(b"\x89PNG" * 1000)
    with pytest.raises(DatabaseUnavailable):
        open_database(f"sqlite:///{tmp_path / 'picture.db'}", timeout=SHORT)


def test_old_sqlite(monkeypatch: pytest.MonkeyPatch) -> None:
    """An SQLite that lacks what the statements need is refused when it is opened."""
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 34, 1))
    with pytest.raises(DatabaseUnavailable, match="too old"):
        Sqlite(":memory:")


def test_no_such_server(tmp_path: Path) -> None:
    """A server that does not answer means that the database is not available."""
    database = open_database(f"postgresql://nobody@/none?host={tmp_path}", timeout=SHORT)
    with pytest.raises(DatabaseUnavailable):
        rows(database)


@pytest.mark.parametrize("dialect", ["postgres"])
def test_server_gone(place: Place, database: Database) -> None:
    """A connection lost in a transaction means that the database is not available."""
    with pytest.raises(DatabaseUnavailable):
        use_when_cut(place, database)


@pytest.mark.parametrize("dialect", ["postgres"])
def test_server_back(place: Place, database: Database) -> None:
    """A lost connection is made again by the next transaction."""
    with suppress(DatabaseUnavailable):
        use_when_cut(place, database)
    assert rows(database) == []


@pytest.mark.parametrize("dialect", ["postgres"])
def test_server_gone_in_savepoint(place: Place, database: Database) -> None:
    """A connection lost before a savepoint's end is told in the same way."""
    with pytest.raises(DatabaseUnavailable):
        use_when_cut(place, database, savepoint=True)


def use_when_cut(place: Place, database: Database, *, savepoint: bool = False) -> None:
    """Lose the connection in a transaction, and go on with it."""
    with database.transaction(write=True) as tx:
        if savepoint:
            with tx.savepoint():
                cut(place, tx)
        else:
            cut(place, tx)
            insert(tx, 1)


def cut(place: Place, tx: Transaction) -> None:
    """End the server's side of a connection."""
    ((pid,),) = tx.rows("SELECT pg_backend_pid()")
    with psycopg.connect(place.url, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])


@on_sqlite
def test_undone_in_savepoint(database: Database) -> None:
    """Where SQLite itself undid the transaction, a savepoint passes on the reason.

    It tripped over the missing savepoint, and later statements were committed alone.
    """
    failure = DatabaseUnavailable("disk I/O error")
    with pytest.raises(DatabaseUnavailable) as caught:
        fail_when_undone(database, failure)
    assert caught.value is failure


def fail_when_undone(database: Database, failure: DatabaseUnavailable) -> None:
    """Do as SQLite does on a grave error in a savepoint: undo all, then say why."""
    assert isinstance(database, Sqlite)
    with database.transaction(write=True) as tx, tx.savepoint():
        database._connection.execute("ROLLBACK")
        raise failure


# SQLite's own promises


@on_sqlite
@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1)],
)
def test_durable(database: Database, pragma: str, value: str | int) -> None:
    """Every commit is on disk (`synchronous` 2 is FULL), readers and writer do not wait."""
    with database.transaction(write=False) as tx:
        assert tx.rows(f"PRAGMA {pragma}") == [(value,)]
