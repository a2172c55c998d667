"""How databases fail: one contract for SQLite and PostgreSQL."""

import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Barrier

import psycopg
import pytest

from hugmood.store.database import Database, DatabaseError, DatabaseUnavailable, Transaction
from hugmood.store.opening import open_database
from hugmood.store.postgres import Postgres
from hugmood.store.sqlite import Sqlite
from tests.contract.rows import ADD, ADD_TO, BIG, INSERT, SHORT, insert, rows
from tests.databases import Place, on_sqlite


@pytest.fixture
def database(place: Place) -> Database:
    """A connection."""
    return place.open()


PATIENCE = 5.0
"""Seconds to wait for a lock: PostgreSQL looks for deadlocks after one."""


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


@pytest.mark.parametrize("dialect", ["postgres"])
def test_deadlock(place: Place) -> None:
    """Of two that wait for each other one fails, and the database is there as before.

    A whole batch of commands was answered with an error, where it could be repeated.
    """
    database, other = place.open(timeout=PATIENCE), place.open(timeout=PATIENCE)
    with database.transaction(write=True) as tx:
        insert(tx, 1)
        insert(tx, 2)
    crossed = Barrier(2)

    def failure(one: Database, users: tuple[int, int]) -> type[DatabaseError] | None:
        try:
            with one.transaction(write=True) as tx:
                tx.execute(ADD_TO, {"user": users[0]})
                crossed.wait()
                tx.execute(ADD_TO, {"user": users[1]})
        except DatabaseError as error:
            return type(error)
        return None

    with ThreadPoolExecutor() as pool:
        failures = pool.map(failure, (database, other), ((1, 2), (2, 1)))
    assert {*failures} == {None, DatabaseError}
    assert rows(database) == [(1, 1), (2, 1)]


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


INSERT_N = "INSERT INTO stream_head (user_key, last_number, pruned_number) VALUES (:n, :n, :n)"
INSERT_ONE = "INSERT INTO stream_head (user_key, last_number, pruned_number) VALUES (1, 0, 0)"


def make_read_only(database: Database) -> None:
    """Have it refuse writes, as a standby server or a file without permission does."""
    if isinstance(database, Sqlite):
        database._connection.execute("PRAGMA query_only = ON")
    elif isinstance(database, Postgres):
        pipeline = database._connected()
        pipeline.wait(pipeline.send("SET default_transaction_read_only = on"))


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


@pytest.mark.parametrize("dialect", ["postgres"])
@pytest.mark.parametrize("statement", ["UPDATE stream_head SET pruned_number = :n", INSERT_N])
def test_server_gone_unasked(place: Place, database: Database, statement: str) -> None:
    """A connection lost while statements are sent that nobody waits for is told in the same way.

    Once the writer would have died of the driver's own error.
    """
    with pytest.raises(DatabaseUnavailable):
        send_when_cut(place, database, lambda tx, n: tx.execute_many(statement, [{"n": n}]))


@pytest.mark.parametrize("dialect", ["postgres"])
def test_server_gone_when_asked(place: Place, database: Database) -> None:
    """So it is where questions are sent whose answers come later."""
    with pytest.raises(DatabaseUnavailable):
        send_when_cut(place, database, lambda tx, _: tx.ask("SELECT 1"))


def send_when_cut(
    place: Place, database: Database, send: Callable[[Transaction, int], object]
) -> None:
    """Lose the connection in a transaction, and send until that is noticed, waiting for nothing."""
    with database.transaction(write=True) as tx:
        tx.execute_many(INSERT_N, [{"n": 0}])  # what else is asked first is known then
        cut(place, tx)
        for n in range(1, 5):
            send(tx, n)
        pytest.fail("nobody noticed")


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
