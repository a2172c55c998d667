"""PostgreSQL by psycopg 3, synchronous: for when one machine is not enough."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache, partial
from typing import Final

import psycopg
from psycopg import pq

from hugmood.store.database import (
    NO_PARAMS,
    DatabaseError,
    DatabaseUnavailable,
    Dialect,
    Params,
    Row,
    Subject,
)
from hugmood.store.postgres_pipeline import Pipeline, Sent, touched, wrote
from hugmood.store.postgres_together import (
    MOST_AT_ONCE,
    Habits,
    Insertion,
    ReadAhead,
    tells_of,
)

_TYPES: Final = """
    SELECT attname, format_type(atttypid, NULL) FROM pg_attribute
    WHERE attrelid = :name::text::regclass AND attnum > 0 AND NOT attisdropped
"""
_PLANNING: Final = "-c enable_seqscan=off -c enable_bitmapscan=off -c jit=off"
"""Every question has its index. A plan made while a table is small would read all of it, and be
kept when the table has grown, until the server looks at the table again: up to a minute."""
MOST_PUT_OFF: Final = 128
"""Rows that are put off; then PostgreSQL inserts them while the next commands are handled."""

_CONFLICTS: Final = (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)
"""PostgreSQL ended one of two that were in each other's way; what is repeated succeeds."""
_UNAVAILABLE: Final = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.ReadOnlySqlTransaction,
)


class PostgresTransaction:
    """Statements within one transaction on PostgreSQL."""

    dialect: Dialect = "postgres"
    asks_ahead: bool = True

    def __init__(self, pipeline: Pipeline, types: "ColumnTypes", habits: Habits) -> None:
        """Work on a connection whose transaction has begun."""
        self._pipeline = pipeline
        self._types = types
        self._changes = 0
        self._ahead = ReadAhead(self._asked_about, self._sync, habits)
        self._put_off: dict[Insertion, dict[int, Params]] = {}
        """Rows to be inserted, by user."""

    @property
    def changes(self) -> int:
        """How many rows were written, or will be."""
        return self._changes + sum(map(len, self._put_off.values()))

    def rows(self, sql: str, params: Params = NO_PARAMS) -> list[Row]:
        """Run a statement and return all its rows."""
        self._write_before(sql)
        result = self._run(sql, params)
        if wrote(result):
            self._written(touched(result))
        with _translated():
            return self._pipeline.rows(result)

    def ask(self, sql: str, params: Params = NO_PARAMS) -> Callable[[], list[Row]]:
        """Send a question; what is returned waits for its answer."""
        answer = self._asked(sql, params)
        self._sync()
        return answer

    def execute(self, sql: str, params: Params = NO_PARAMS) -> int:
        """Run a statement that writes; return how many rows it touched."""
        self.write_now()
        count = touched(self._run(sql, params))
        self._written(count)
        return count

    def execute_many(self, sql: str, params: Iterable[Params], *, of: str = "") -> None:
        """Send one statement for each set of parameters; they are waited for later."""
        self.write_now()
        rows = list(params)
        insertion = _insertion(sql)
        if insertion and insertion.may_repeat:
            self._insert(insertion, rows)
            if not of:
                self._ahead.forget_table(insertion.table)
            for user in {row[of] for row in rows} if of else ():
                self._ahead.forget_user(user, insertion.table)
            return
        for row in rows:
            self._send(sql, row)
        self._start()
        self._written(len(rows))

    def expect(self, users: Sequence[int], kind: str = "") -> None:
        """Say whose command is next, and who comes after that."""
        self._ahead.expect(users, kind)

    def rows_of(self, subject: Subject, sql: str) -> list[Row]:
        """Run a statement about one user or two, or find what it said of them already."""
        return self._ahead.rows_of(subject, sql)

    def ask_ahead(self, subjects: Sequence[Subject], sql: str) -> None:
        """Run a statement about each of these, all at once."""
        self._ahead.ask(subjects, sql)

    def write_of(self, user: int, sql: str, params: Params) -> None:
        """Insert a row of one user, with those of others if any are expected."""
        insertion = _insertion(sql)
        if insertion is None or not self._ahead.expecting:
            self.execute(sql, params)
            return
        put_off = self._put_off.setdefault(insertion, {})
        if user in put_off or len(put_off) >= MOST_PUT_OFF:
            self.write_now()
            put_off = self._put_off.setdefault(insertion, {})
        put_off[user] = params
        self._ahead.forget_user(user, insertion.table)

    def write_now(self) -> None:
        """Insert what was put off; `rows_of` was made to forget it then."""
        put_off, self._put_off = self._put_off, {}
        for insertion, rows in put_off.items():
            self._insert(insertion, list(rows.values()))

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo all that is done within if it ends by an exception."""
        self.write_now()
        self._send("SAVEPOINT command", NO_PARAMS)
        try:
            yield
            self.write_now()
            self._run("RELEASE command")
        except BaseException:
            self._put_off.clear()
            self._ahead.forget()
            with _translated():
                self._pipeline.roll_back_to("command")
            raise

    def _write_before(self, sql: str) -> None:
        """Insert what was put off, unless this statement only reads other tables."""
        reads = sql.lstrip().startswith("SELECT")
        if not reads or any(tells_of(insertion.table, sql) for insertion in self._put_off):
            self.write_now()

    def _asked_about(
        self, subjects: Sequence[Subject], sql: str, params: Params
    ) -> Callable[[], list[Row]]:
        """Send a question about these: what is put off of others may wait on."""
        for insertion, rows in self._put_off.items():
            if tells_of(insertion.table, sql) and not _all_others(subjects, rows):
                self.write_now()
                break
        return partial(self._rows, self._send(sql, params))

    def _asked(self, sql: str, params: Params) -> Callable[[], list[Row]]:
        self._write_before(sql)
        return partial(self._rows, self._send(sql, params))

    def _rows(self, sent: Sent) -> list[Row]:
        with _translated():
            return self._pipeline.rows(self._pipeline.wait(sent))

    def _insert(self, insertion: Insertion, rows: list[Params]) -> None:
        sql = insertion.sql(self._types.of(self._pipeline, insertion.table))
        for begin in range(0, len(rows), MOST_AT_ONCE):
            part = rows[begin : begin + MOST_AT_ONCE]
            self._send(sql, {"rows": insertion.rows(part)})
        self._start()
        self._changes += len(rows)

    def _run(self, sql: str, params: Params = NO_PARAMS) -> pq.abc.PGresult:
        sent = self._send(sql, params)
        with _translated():
            return self._pipeline.wait(sent)

    def _send(self, sql: str, params: Params) -> Sent:
        with _translated():
            return self._pipeline.send(sql, params)

    def _start(self) -> None:
        with _translated():
            self._pipeline.start()

    def _sync(self) -> None:
        with _translated():
            self._pipeline.sync()

    def _written(self, count: int) -> None:
        self._changes += count
        self._ahead.forget()


def _all_others(subjects: Sequence[Subject], rows: Mapping[int, Params]) -> bool:
    """Tell whether surely none of these rows is of one of them, so by the keys of users."""
    return all(isinstance(subject, int) and subject not in rows for subject in subjects)


@lru_cache(maxsize=1024)
def _insertion(sql: str) -> Insertion | None:
    return Insertion.read(sql)


class ColumnTypes:
    """The types of the columns of tables, asked once for each connection."""

    def __init__(self) -> None:
        """Know none."""
        self._types: dict[str, dict[str, str]] = {}

    def of(self, pipeline: Pipeline, table: str) -> dict[str, str]:
        """Return them by column."""
        if table not in self._types:
            with _translated():
                found = pipeline.wait(pipeline.send(_TYPES, {"name": table}))
                self._types[table] = dict(pipeline.rows(found))
        return self._types[table]


class Postgres:
    """A connection to a PostgreSQL server, made when needed and again when lost."""

    def __init__(self, url: str, *, timeout: float = 5.0) -> None:
        """Remember the address; `timeout` in seconds for connecting and for locks."""
        self._url = url
        self._timeout = timeout
        self._pipeline: Pipeline | None = None
        self._types = ColumnTypes()
        self._habits = Habits()

    def _connected(self) -> Pipeline:
        if self._pipeline is None or self._pipeline.closed:
            milliseconds = int(self._timeout * 1000)
            self._types = ColumnTypes()
            connection = psycopg.connect(
                self._url,
                autocommit=True,
                connect_timeout=max(2, int(self._timeout)),
                application_name="hugmood",
                options=f"-c lock_timeout={milliseconds} {_PLANNING}",
            )
            self._pipeline = Pipeline(connection)
        return self._pipeline

    @contextmanager
    def transaction(self, *, write: bool) -> Iterator[PostgresTransaction]:
        """Begin; commit at the end, or roll back on an exception.

        A transaction that only reads sees one snapshot throughout.
        """
        with _translated():
            pipeline = self._connected()
            mode = "READ COMMITTED" if write else "REPEATABLE READ READ ONLY"
            pipeline.send(f"BEGIN ISOLATION LEVEL {mode}")  # answered with what follows
        try:
            transaction = PostgresTransaction(pipeline, self._types, self._habits)
            yield transaction
            transaction.write_now()
            with _translated():
                pipeline.wait(pipeline.send("COMMIT"))
        except BaseException:
            self._roll_back(pipeline)
            raise

    def _roll_back(self, pipeline: Pipeline) -> None:
        try:
            pipeline.roll_back()
        except psycopg.Error:
            pipeline.close()

    def close(self) -> None:
        """Close the connection."""
        if self._pipeline is not None:
            self._pipeline.close()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except _CONFLICTS as error:  # psycopg has them among the operational errors
        raise DatabaseError(_told(error)) from None
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
