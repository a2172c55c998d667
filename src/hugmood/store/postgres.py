"""PostgreSQL by psycopg 3, synchronous: for when one machine is not enough."""

import re
from collections.abc import Iterable, Iterator
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
)

_NAMED: Final = re.compile(r"(?<!:):([a-z_]+)")
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

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        """Work on a connection whose transaction has begun."""
        self._connection = connection
        self._changes = 0

    @property
    def changes(self) -> int:
        """How many rows were written."""
        return self._changes

    def rows(self, sql: str, params: Params = NO_PARAMS) -> list[Row]:
        """Run a statement and return all its rows."""
        with _translated():
            cursor = self._connection.execute(_placeholders(sql), params)
            self._note(cursor)
            return cursor.fetchall()

    def execute(self, sql: str, params: Params = NO_PARAMS) -> int:
        """Run a statement that writes; return how many rows it touched."""
        with _translated():
            cursor = self._connection.execute(_placeholders(sql), params)
            self._note(cursor)
            return cursor.rowcount

    def execute_many(self, sql: str, params: Iterable[Params]) -> None:
        """Run one statement for each set of parameters, in one round trip."""
        with _translated(), self._connection.cursor() as cursor:
            cursor.executemany(_placeholders(sql), list(params))
            self._note(cursor)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo all that is done within if it ends by an exception."""
        with _translated(), self._connection.transaction():
            yield

    def _note(self, cursor: psycopg.Cursor[Any]) -> None:
        # Statements that write may return rows: only the server says what it did.
        if not (cursor.statusmessage or "").startswith("SELECT"):
            self._changes += max(0, cursor.rowcount)


class Postgres:
    """A connection to a PostgreSQL server, made when needed and again when lost."""

    def __init__(self, url: str, *, timeout: float = 5.0) -> None:
        """Remember the address; `timeout` in seconds for connecting and for locks."""
        self._url = url
        self._timeout = timeout
        self._connection: psycopg.Connection[Any] | None = None

    def _connected(self) -> psycopg.Connection[Any]:
        if self._connection is None or self._connection.closed:
            milliseconds = int(self._timeout * 1000)
            self._connection = psycopg.connect(
                self._url,
                autocommit=True,
                connect_timeout=max(2, int(self._timeout)),
                application_name="hugmood",
                options=f"-c lock_timeout={milliseconds}",
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
            yield PostgresTransaction(connection)
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
