"""PostgreSQL by psycopg 3, synchronous: for when one machine is not enough."""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final

import psycopg
from psycopg import pq

from hugmood.store.database import (
    NO_PARAMS,
    DatabaseError,
    DatabaseUnavailable,
    Dialect,
    Params,
    Row,
    UserKey,
)
from hugmood.store.postgres_together import MOST_AT_ONCE, Insertion, ReadAhead

_NAMED: Final = re.compile(r"(?<!:):([a-z_][a-z_0-9]*)")
_TYPES: Final = """
    SELECT attname, format_type(atttypid, NULL) FROM pg_attribute
    WHERE attrelid = :name::text::regclass AND attnum > 0 AND NOT attisdropped
"""
_PLANNING: Final = "-c enable_seqscan=off -c jit=off"
"""Every question has its index. A plan made while a table is small would read all of it, and be
kept when the table has grown, until the server looks at the table again: up to a minute."""
_UNAVAILABLE: Final = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.ReadOnlySqlTransaction,
)


@lru_cache(maxsize=1024)
def _placeholders(sql: str) -> bytes:
    """Write `:name` as psycopg wants it; casts (`::text`) stay."""
    return _NAMED.sub(r"%(\1)s", sql.replace("%", "%%")).encode()


class PostgresTransaction:
    """Statements within one transaction on PostgreSQL."""

    dialect: Dialect = "postgres"
    asks_ahead: bool = True

    def __init__(self, connection: psycopg.Connection[Any], types: "ColumnTypes") -> None:
        """Work on a connection whose transaction has begun."""
        self._connection = connection
        self._types = types
        self._changes = 0
        self._ahead = ReadAhead(self._fetched)
        self._put_off: dict[Insertion, dict[int, Params]] = {}
        """Rows to be inserted, by user."""

    @property
    def changes(self) -> int:
        """How many rows were written, or will be."""
        return self._changes + sum(len(rows) for rows in self._put_off.values())

    def rows(self, sql: str, params: Params = NO_PARAMS) -> list[Row]:
        """Run a statement and return all its rows."""
        self._write_before(sql)
        cursor = self._run(sql, params)
        if _wrote(cursor):
            self._written(cursor)
        with _translated():
            return cursor.fetchall()

    def execute(self, sql: str, params: Params = NO_PARAMS) -> int:
        """Run a statement that writes; return how many rows it touched."""
        self.write_now()
        cursor = self._run(sql, params)
        self._written(cursor)
        return cursor.rowcount

    def execute_many(self, sql: str, params: Iterable[Params]) -> None:
        """Run one statement for each set of parameters, in one round trip."""
        self.write_now()
        rows = list(params)
        insertion = _insertion(sql)
        if insertion and insertion.may_repeat:
            self._insert(insertion, rows)
            return
        with _translated(), self._connection.cursor() as cursor:
            cursor.executemany(_placeholders(sql), rows)
            self._written(cursor)

    def expect(self, users: Sequence[int]) -> None:
        """Say whose command is next, and who comes after that."""
        self._ahead.expect(users)

    def rows_of(self, user: UserKey, sql: str) -> list[Row]:
        """Run a statement about one user, or find what it said of them already."""
        return self._ahead.rows_of(user, sql)

    def ask_ahead(self, users: Sequence[UserKey], sql: str) -> None:
        """Run a statement about each of these users, all at once."""
        self._ahead.ask(users, sql)

    def write_of(self, user: int, sql: str, params: Params) -> None:
        """Insert a row of one user, with those of others if any are expected."""
        insertion = _insertion(sql)
        if insertion is None or not self._ahead.expecting:
            self.execute(sql, params)
            return
        if user in self._put_off.get(insertion, ()):
            self.write_now()
        self._put_off.setdefault(insertion, {})[user] = params
        self._ahead.forget_user(user, insertion.table)

    def write_now(self) -> None:
        """Insert what was put off."""
        put_off, self._put_off = self._put_off, {}
        for insertion, rows in put_off.items():
            self._changes += len(rows)
            self._insert(insertion, list(rows.values()), news=False)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo all that is done within if it ends by an exception."""
        self.write_now()
        try:
            with _translated(), self._connection.transaction():
                yield
                self.write_now()
        except BaseException:
            self._put_off.clear()
            self._ahead.forget()
            raise

    def _write_before(self, sql: str) -> None:
        """Insert what was put off, unless this statement only reads other tables."""
        reads = sql.lstrip().startswith("SELECT")
        if not reads or any(insertion.table in sql for insertion in self._put_off):
            self.write_now()

    def _fetched(self, sql: str, params: Params) -> list[Row]:
        self._write_before(sql)
        cursor = self._run(sql, params)
        with _translated():
            return cursor.fetchall()

    def _insert(self, insertion: Insertion, rows: list[Params], *, news: bool = True) -> None:
        """Insert rows together; it is `news` unless `rows_of` was made to forget it."""
        sql = insertion.sql(self._types.of(self._connection, insertion.table))
        for begin in range(0, len(rows), MOST_AT_ONCE):
            part = rows[begin : begin + MOST_AT_ONCE]
            cursor = self._run(sql, {"rows": insertion.rows(part)})
            if news:
                self._written(cursor)

    def _run(self, sql: str, params: Params) -> psycopg.Cursor[Any]:
        with _translated():
            return self._connection.execute(_placeholders(sql), params)

    def _written(self, cursor: psycopg.Cursor[Any]) -> None:
        self._changes += max(0, cursor.rowcount)
        self._ahead.forget()


def _wrote(cursor: psycopg.Cursor[Any]) -> bool:
    # Statements that write may return rows: only the server says what it did.
    return not (cursor.statusmessage or "").startswith("SELECT")


@lru_cache(maxsize=1024)
def _insertion(sql: str) -> Insertion | None:
    return Insertion.read(sql)


class ColumnTypes:
    """The types of the columns of tables, asked once for each connection."""

    def __init__(self) -> None:
        """Know none."""
        self._types: dict[str, dict[str, str]] = {}

    def of(self, connection: psycopg.Connection[Any], table: str) -> dict[str, str]:
        """Return them by column."""
        if table not in self._types:
            with _translated():
                found = connection.execute(_placeholders(_TYPES), {"name": table})
                self._types[table] = dict(found.fetchall())
        return self._types[table]


class Postgres:
    """A connection to a PostgreSQL server, made when needed and again when lost."""

    def __init__(self, url: str, *, timeout: float = 5.0) -> None:
        """Remember the address; `timeout` in seconds for connecting and for locks."""
        self._url = url
        self._timeout = timeout
        self._connection: psycopg.Connection[Any] | None = None
        self._types = ColumnTypes()

    def _connected(self) -> psycopg.Connection[Any]:
        if self._connection is None or self._connection.closed:
            milliseconds = int(self._timeout * 1000)
            self._types = ColumnTypes()
            self._connection = psycopg.connect(
                self._url,
                autocommit=True,
                connect_timeout=max(2, int(self._timeout)),
                application_name="hugmood",
                options=f"-c lock_timeout={milliseconds} {_PLANNING}",
            )
        return self._connection

    @contextmanager
    def transaction(self, *, write: bool) -> Iterator[PostgresTransaction]:
        """Begin; commit at the end, or roll back on an exception.

        A transaction that only reads sees one snapshot throughout.
        """
        with _translated():
            connection = self._connected()
            mode = "READ COMMITTED" if write else "REPEATABLE READ READ ONLY"
            connection.execute(f"BEGIN ISOLATION LEVEL {mode}")
        try:
            transaction = PostgresTransaction(connection, self._types)
            yield transaction
            transaction.write_now()
            with _translated():
                connection.execute("COMMIT")
        except BaseException:
            self._roll_back(connection)
            raise

    def _roll_back(self, connection: psycopg.Connection[Any]) -> None:
        try:
            if connection.pgconn.transaction_status != pq.TransactionStatus.IDLE:
                connection.execute("ROLLBACK")
        except psycopg.Error:
            connection.close()

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except _UNAVAILABLE as error:
        raise DatabaseUnavailable(_told(error)) from None
    except psycopg.Error as error:
        raise DatabaseError(_told(error)) from None


def _told(error: psycopg.Error) -> str:
    """Say what is wrong without PostgreSQL's DETAIL, which repeats people's data."""
    diagnosis = error.diag
    if diagnosis.message_primary:
        return f"{diagnosis.message_primary} ({diagnosis.sqlstate})"
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
