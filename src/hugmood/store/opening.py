"""From a database's address to the database."""

from pathlib import Path
from typing import Final

from hugmood.store.database import Database
from hugmood.store.sqlite import Sqlite
from hugmood.store.sqlite_streams import SqliteStreams
from hugmood.store.streams import Retention, Streams

_SQLITE: Final = "sqlite:///"


def sqlite_file(url: str) -> Path | None:
    """Return the file of an SQLite address (`sqlite:///...`), None for PostgreSQL."""
    return Path(url.removeprefix(_SQLITE)) if url.startswith(_SQLITE) else None


def open_database(url: str, *, timeout: float, writes_much: bool = False) -> Database:
    """Open a database; wait `timeout` seconds for a lock or an answer.

    Who `writes_much` has checkpoints made beside: on SQLite in a thread, PostgreSQL does so itself.

    Raises `DatabaseUnavailable` where SQLite's file cannot be opened.
    """
    file = sqlite_file(url)
    if file:
        database = Sqlite(str(file), timeout=timeout)
        if writes_much:
            database.checkpoint_beside()
        return database
    # psycopg takes a tenth of a second to import, and most servers never need it.
    from hugmood.store.postgres import Postgres  # noqa: PLC0415

    return Postgres(url, timeout=timeout)


def open_streams(url: str, retention: Retention) -> Streams:
    """Make the streams that belong to this kind of database."""
    if sqlite_file(url):
        return SqliteStreams(retention)
    from hugmood.store.postgres_streams import PostgresStreams  # noqa: PLC0415

    return PostgresStreams(retention)
