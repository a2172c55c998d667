"""The databases that tests run on, each with the newest schema and nothing in it."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final, Protocol

import pytest

from hugmood.store import migrate
from hugmood.store.database import Database, Dialect
from hugmood.store.opening import open_database, open_streams
from hugmood.store.sqlite import Sqlite
from hugmood.store.streams import DEFAULT_RETENTION, Retention, Streams

_TIMEOUT: Final = 1.0

on_sqlite = pytest.mark.parametrize("dialect", ["sqlite"])
"""For a test that comes to nothing a database could do otherwise."""
on_postgres = pytest.mark.parametrize("dialect", ["postgres"])
"""For a test of what PostgreSQL alone does, such as several servers on one database."""


class Place(Protocol):
    """Where a database is; it can be opened several times, as by several processes."""

    dialect: Dialect
    url: str

    def open(self, *, timeout: float = _TIMEOUT) -> Database:
        """Make a connection."""
        ...

    def close(self) -> None:
        """Close every connection that was made."""
        ...


class Addressed:
    """A database that has an address: a file, or one on a server."""

    def __init__(self, url: str) -> None:
        self.dialect: Dialect = "sqlite" if url.startswith("sqlite:") else "postgres"
        self.url = url
        self._opened: list[Database] = []

    def open(self, *, timeout: float = _TIMEOUT) -> Database:
        """Make a connection that waits so many seconds for a lock or an answer."""
        database = open_database(self.url, timeout=timeout)
        self._opened.append(database)
        return database

    def close(self) -> None:
        """Close every connection that was made."""
        for database in self._opened:
            database.close()


class InMemory:
    """SQLite without a file: one connection for all, fast."""

    dialect: Dialect = "sqlite"
    url = "sqlite:///:memory:"

    def __init__(self, template: Path) -> None:
        self._database = Sqlite(":memory:")
        with closing(sqlite3.connect(template)) as source:
            source.backup(self._database._connection)

    def open(self, *, timeout: float = _TIMEOUT) -> Database:
        """Return the only connection."""
        return self._database

    def close(self) -> None:
        """Close it."""
        self._database.close()


def migrated_file(file: Path) -> Path:
    """Make an SQLite file with the newest schema."""
    migrate.upgrade(f"sqlite:///{file}")
    return file


def in_file(template: Path, file: Path) -> Addressed:
    """Copy a migrated SQLite file; several connections can be made to the copy."""
    shutil.copyfile(template, file)
    return Addressed(f"sqlite:///{file}")


def streams_for(place: Place, retention: Retention = DEFAULT_RETENTION) -> Streams:
    """Make new streams, as a process does that has just started."""
    return open_streams(place.url, retention)
