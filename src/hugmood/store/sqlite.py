"""SQLite: one file, one writer, write-ahead log, every commit on disk."""

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

from hugmood.store.database import (
    NO_PARAMS,
    DatabaseError,
    DatabaseUnavailable,
    Dialect,
    Params,
    Row,
    Subject,
    about,
)

MINIMUM_VERSION: Final = (3, 35)
"""RETURNING and upserts as they are written here came with it."""

_CHECKPOINT_PAGES: Final = 40_000
"""Pages of the log at which SQLite makes a checkpoint within the commit, whatever it takes."""
_CHECKPOINT_CHANGES: Final = 2_000
"""Rows written between two checkpoints beside the writer."""
_LONG_LOG_PAGES: Final = 10_000
"""Pages of the log from which on it is to begin anew."""
_FEW_PAGES: Final = 200
"""Pages copied by the thread at once, in 3 ms, after which the writer copies what is left."""
_CACHE_KIB: Final = 64 * 1024
_STATEMENTS: Final = 256

_PER_STATEMENT: Final = (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.DataError)


class SqliteTransaction:
    """Statements within one transaction on SQLite."""

    dialect: Dialect = "sqlite"
    asks_ahead: bool = False

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Work on a connection whose transaction has begun."""
        self._connection = connection

    @property
    def changes(self) -> int:
        """How many rows were written since the connection was made."""
        return self._connection.total_changes

    def rows(self, sql: str, params: Params = NO_PARAMS) -> list[Row]:
        """Run a statement and return all its rows."""
        try:
            return self._connection.execute(sql, params).fetchall()
        except sqlite3.Error as error:
            raise _translated(error) from error

    def ask(self, sql: str, params: Params = NO_PARAMS) -> Callable[[], list[Row]]:
        """Run a statement now; what is returned returns its rows."""
        rows = self.rows(sql, params)
        return lambda: rows

    def execute(self, sql: str, params: Params = NO_PARAMS) -> int:
        """Run a statement that writes; return how many rows it touched."""
        try:
            return self._connection.execute(sql, params).rowcount
        except sqlite3.Error as error:
            raise _translated(error) from error

    def execute_many(self, sql: str, params: Iterable[Params], *, of: str = "") -> None:  # noqa: ARG002 (nothing is read ahead)
        """Run one statement for each set of parameters, prepared once."""
        try:
            self._connection.executemany(sql, params)
        except sqlite3.Error as error:
            raise _translated(error) from error

    def expect(self, users: Sequence[int], kind: str = "") -> None:
        """Do nothing: to ask once for many saves nothing where the database is this process."""

    def rows_of(self, subject: Subject, sql: str) -> list[Row]:
        """Run a statement about one user, or about two."""
        return self.rows(sql, about(subject))

    def ask_ahead(self, subjects: Sequence[Subject], sql: str) -> None:
        """Do nothing."""

    def write_of(self, user: int, sql: str, params: Params) -> None:  # noqa: ARG002 (the shape of all)
        """Insert a row."""
        self.execute(sql, params)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo all that is done within if it ends by an exception."""
        self.execute("SAVEPOINT command")
        try:
            yield
        except BaseException:
            # A full disk or an I/O error may have undone the whole transaction already.
            if self._connection.in_transaction:
                self.execute("ROLLBACK TO command")
                self.execute("RELEASE command")
            raise
        self.execute("RELEASE command")


class Sqlite:
    """A database in a file, or with the path `:memory:` in this process alone."""

    def __init__(self, path: str, *, timeout: float = 5.0) -> None:
        """Open the file, making it and its folder; wait `timeout` s for a lock.

        Raises `DatabaseUnavailable` where that is not possible.
        """
        if sqlite3.sqlite_version_info < MINIMUM_VERSION:
            message = f"SQLite {sqlite3.sqlite_version} is too old: 3.35 or later is needed"
            raise DatabaseUnavailable(message)
        try:
            if path != ":memory:":
                _private(Path(path))
            self._connection = sqlite3.connect(
                path, timeout=timeout, isolation_level=None, cached_statements=_STATEMENTS
            )
            self._set_up()
        except (sqlite3.Error, OSError) as error:
            raise _translated(error) from error
        self._transaction = SqliteTransaction(self._connection)
        self._checkpointer: Checkpointer | None = None

    def checkpoint_beside(self) -> None:
        """Have another thread copy the log into the file: 30 ms that no command waits for."""
        ((_, _, path),) = self._connection.execute("PRAGMA database_list").fetchall()
        if path:  # a database in memory has no file, and no log
            self._checkpointer = Checkpointer(path, self._connection)

    def _set_up(self) -> None:
        for pragma in (
            "journal_mode = WAL",
            "synchronous = FULL",
            f"wal_autocheckpoint = {_CHECKPOINT_PAGES}",
            f"cache_size = -{_CACHE_KIB}",
            "foreign_keys = ON",
            "secure_delete = ON",  # else what people took back stays readable in free pages
            "temp_store = MEMORY",
        ):
            self._connection.execute(f"PRAGMA {pragma}")

    @contextmanager
    def transaction(self, *, write: bool) -> Iterator[SqliteTransaction]:
        """Begin; commit at the end, or roll back on an exception."""
        # IMMEDIATE takes the write lock now: later it could fail half-way.
        self._transaction.execute("BEGIN IMMEDIATE" if write else "BEGIN")
        try:
            yield self._transaction
            self._transaction.execute("COMMIT")
            if write and self._checkpointer:
                self._checkpointer.committed()
        except BaseException:
            # A full disk or an I/O error may have rolled back already.
            if self._connection.in_transaction:
                self._transaction.execute("ROLLBACK")
            raise

    def close(self) -> None:
        """Let go of the file."""
        if self._checkpointer:
            self._checkpointer.stop()
        self._connection.close()


class Checkpointer:
    """Copies the write-ahead log into the file, by a connection and a thread of its own.

    The log begins anew when the writer finds all of it copied; what comes while the thread
    copies is not. So where the log is long the thread copies again and again, until it has so
    little to copy that as little comes meanwhile. That the writer copies itself: more of it
    would hold up its commit for 30 ms and longer.
    """

    def __init__(self, path: str, writer: sqlite3.Connection) -> None:
        """Look after the log of this file, to which only this connection writes."""
        self._path = path
        self._writer = writer
        self._copied = writer.total_changes
        self._log_pages = 0
        """How many there are, all copied when the thread last ended; 0 if not all."""
        self._pages_at_once = 0
        """How many the thread copied then."""
        self._wanted = threading.Event()
        """Set until the thread has copied."""
        self._over = False
        self._copier = threading.Thread(target=self._run, name="checkpoints", daemon=True)
        self._copier.start()

    def committed(self) -> None:
        """Note that something is in the log; have it copied when it is enough to be worth it."""
        changes = self._writer.total_changes - self._copied
        is_long = self._log_pages >= _LONG_LOG_PAGES
        if self._wanted.is_set() or not (is_long or changes >= _CHECKPOINT_CHANGES):
            return
        self._copied = self._writer.total_changes
        if is_long and 0 <= self._pages_at_once <= _FEW_PAGES:
            _copy_log(self._writer)
            self._log_pages = 0  # where somebody still reads in it the thread will say so
        else:
            self._wanted.set()

    def stop(self) -> None:
        """Copy a last time, and end."""
        self._over = True
        self._wanted.set()
        self._copier.join()

    def _run(self) -> None:
        connection = sqlite3.connect(self._path, isolation_level=None, timeout=0)
        with closing(connection):
            while not self._over:
                self._wanted.wait()
                pages = _copy_log(connection)
                self._pages_at_once = pages - self._log_pages
                self._log_pages = pages
                self._wanted.clear()


def _copy_log(connection: sqlite3.Connection) -> int:
    """Copy what can be copied of the write-ahead log; return its pages if that was all."""
    # Where it fails nothing is lost: SQLite's own checkpoint is still to come.
    with suppress(sqlite3.Error):
        ((_, pages, copied),) = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        return int(pages) if copied == pages else 0
    return 0


def _private(file: Path) -> None:
    """Make the file readable by its owner alone; SQLite's other files follow it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)


def _translated(error: sqlite3.Error | OSError) -> DatabaseError:
    # SQLITE_ERROR is what SQLite calls a statement that makes no sense.
    wrong = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR
    kind = DatabaseError if wrong or isinstance(error, _PER_STATEMENT) else DatabaseUnavailable
    return kind(str(error))
