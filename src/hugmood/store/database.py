"""What a database is to the engine; SQLite and PostgreSQL stand behind it.

SQL is written by hand for both, with named parameters `:name`, and set-based: one
statement for many rows, never a statement per row.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final, Literal, Protocol

Dialect = Literal["sqlite", "postgres"]
Params = Mapping[str, Any]
Row = tuple[Any, ...]
UserKey = int | str
"""A user, by the key in our tables or by the id on the wire."""
Pair = tuple[int, int]
"""Two users, by their keys."""
Subject = UserKey | Pair
"""Whom a question is about."""

NO_PARAMS: Final[Params] = {}


class DatabaseError(Exception):
    """A statement failed; the transaction it was in must be undone."""


class DatabaseUnavailable(DatabaseError):  # noqa: N818 (a state, not a statement's error)
    """The database as a whole does not work now: gone, locked, full, read-only."""


class Transaction(Protocol):
    """Statements within one transaction."""

    @property
    def dialect(self) -> Dialect:
        """Which SQL is spoken, for the few statements that differ."""
        ...

    @property
    def changes(self) -> int:
        """How many times something was written; tells if there is a thing to undo."""
        ...

    def rows(self, sql: str, params: Params = NO_PARAMS) -> list[Row]:
        """Run a statement and return all its rows."""
        ...

    def ask(self, sql: str, params: Params = NO_PARAMS) -> Callable[[], list[Row]]:
        """Send a question; what is returned is called once, for the answer as of now."""
        ...

    def execute(self, sql: str, params: Params = NO_PARAMS) -> int:
        """Run a statement that writes; return how many rows it touched."""
        ...

    def execute_many(self, sql: str, params: Iterable[Params], *, of: str = "") -> None:
        """Run one statement for each set of parameters.

        That one of them failed may be told later, at the latest with the commit. `of` names
        the parameter that is the user whose `rows_of` alone tells of the row, if there is one.
        """
        ...

    def expect(self, users: Sequence[int], kind: str = "") -> None:
        """Say whose command is next, and who will send the like of it after that (keys).

        What `rows_of` asks of the first may then be asked of all of them at once, and what
        `write_of` is given be written with theirs. Who is told nothing does neither. What
        the last command of a `kind` asked may be asked before the next one does.
        """
        ...

    def rows_of(self, subject: Subject, sql: str) -> list[Row]:
        """Run a statement about one user, its only parameter `:user`: the key or the id.

        Or one about two of them, whose parameters are `:one` and `:other`.
        What others committed since this transaction began may be missing from the answer:
        it must not be what a lock was taken for.
        """
        ...

    @property
    def asks_ahead(self) -> bool:
        """Tell whether `ask_ahead` saves anything here."""
        ...

    def ask_ahead(self, subjects: Sequence[Subject], sql: str) -> None:
        """Ask now what `rows_of` will be asked of these, if nothing is written before."""
        ...

    def write_of(self, user: int, sql: str, params: Params) -> None:
        """Insert a row that only this user's `rows_of` tells of, before that is asked.

        The statement must be `INSERT INTO ... (...) VALUES (:a, ...)`, whatever follows.
        """
        ...

    def savepoint(self) -> AbstractContextManager[None]:
        """Undo all that is done within if it ends by an exception."""
        ...


class Database(Protocol):
    """A connection to a database, used by one thread."""

    def transaction(self, *, write: bool) -> AbstractContextManager[Transaction]:
        """Begin; commit at the end, or roll back on an exception.

        When the block ends without one, the work is on disk. Raises
        `DatabaseUnavailable` where it could not be begun or committed.
        """
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


def about(subject: Subject) -> Params:
    """Return the parameters of a statement about one user, or about two."""
    if isinstance(subject, tuple):
        return dict(zip(("one", "other"), subject, strict=True))
    return {"user": subject}


def one(rows: list[Row]) -> Row | None:
    """Return the only row, or None."""
    return rows[0] if rows else None
