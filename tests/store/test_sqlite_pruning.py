"""SQLite deletes what streams need not keep a little at a time, and looks at little for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from hugmood.store import sqlite_streams
from hugmood.store.backlog import SEGMENT_SPAN
from hugmood.store.sqlite import Sqlite
from hugmood.store.sqlite_streams import SqliteStreams
from hugmood.store.streams import NewEvent, Retention
from tests.databases import InMemory
from tests.store.pruning import numbers, prune

AGE: Final = 30 * 24 * 3600 * 1000
BEGAN: Final = 1_000_000_000_000
APART: Final = 2 * SEGMENT_SPAN
"""Milliseconds between two events that are in a segment each."""
USERS: Final = list(range(1, 8))
EACH: Final = 10
"""Segments in the stream of each of these."""


@contextmanager
def empty(template: Path) -> Iterator[Sqlite]:
    """Make a database with its tables, and nothing in them."""
    place = InMemory(template)
    database = place.open()
    assert isinstance(database, Sqlite)
    yield database
    place.close()


def fill(streams: SqliteStreams, database: Sqlite, segments: int) -> None:
    """Give everybody so many segments, of an event each."""
    for place in range(segments):
        with database.transaction(write=True) as tx:
            streams.append(tx, [NewEvent(b"{", USERS)], BEGAN + place * APART)
    while streams.step(database).more:
        pass


def looking(template: Path, segments: int) -> int:
    """Count what SQLite's machine does in a step that finds nothing old."""
    instructions = 0

    def count() -> None:
        nonlocal instructions
        instructions += 1

    with empty(template) as database:
        streams = SqliteStreams(Retention(AGE))
        fill(streams, database, segments)
        with database.transaction(write=True) as tx:
            database._connection.set_progress_handler(count, 1)
            streams.prune(tx, 0, BEGAN)
    return instructions


def test_little_is_looked_at(sqlite_template: Path) -> None:
    """While nothing is old, to look at a stream takes as long however long the stream is.

    Once it took 20 ms of each batch of commands in half a second of every minute.
    """
    assert looking(sqlite_template, segments=EACH) == looking(sqlite_template, segments=2)


@pytest.mark.parametrize("retention", [Retention(AGE), Retention(10 * AGE, events=2)])
def test_a_little_at_a_time(
    sqlite_template: Path, monkeypatch: pytest.MonkeyPatch, retention: Retention
) -> None:
    """However much is to go, a step ends with the user at whom it was enough; in the end all is."""
    monkeypatch.setattr(sqlite_streams, "_PRUNED_SEGMENTS", EACH + 1)
    with empty(sqlite_template) as database:
        streams = SqliteStreams(retention)
        fill(streams, database, EACH + 1)
        as_of = BEGAN + AGE + EACH * APART - SEGMENT_SPAN
        total = (EACH + 1) * len(USERS)
        left = prune(streams, database, as_of)
        steps = [before - after for before, after in zip([total, *left], left, strict=False)]
        gone = EACH if retention.age == AGE else EACH - 1
        assert (max(steps), sum(steps)) == (2 * gone, len(USERS) * gone)
        kept = list(range(gone + 1, EACH + 2))
        assert [numbers(streams, database, user) for user in USERS] == [kept] * len(USERS)
