"""PostgreSQL deletes what streams need not keep a little at a time, and looks at little for it."""

from typing import Any, Final

import pytest

from hugmood.store import postgres_streams
from hugmood.store.database import Database
from hugmood.store.postgres_streams import PostgresStreams
from hugmood.store.streams import NewEvent, Retention
from tests.databases import Addressed
from tests.store.pruning import numbers, prune

AGE: Final = 30 * 24 * 3600 * 1000
BEGAN: Final = 1_000_000_000_000
USERS: Final = list(range(1, 8))
EACH: Final = 10
"""Events in the stream of each of these."""


@pytest.fixture
def database(postgres_place: Addressed) -> Database:
    """An empty one, at which the server never has a look."""
    return postgres_place.open()


@pytest.fixture
def streams() -> PostgresStreams:
    """Streams that keep events for thirty days."""
    return PostgresStreams(Retention(AGE))


def append(streams: PostgresStreams, database: Database, at: int, *users: int) -> None:
    """Tell these people of something that happens then."""
    with database.transaction(write=True) as tx:
        streams.append(tx, [NewEvent(b"{", users)], at)


def _scanned(plan: dict[str, Any], table: str) -> float:
    """Count the rows of a table that a statement read."""
    own = plan["Actual Rows"] * plan["Actual Loops"] if plan.get("Relation Name") == table else 0
    return float(own + sum(_scanned(part, table) for part in plan.get("Plans", ())))


def test_little_is_looked_at(streams: PostgresStreams, database: Database) -> None:
    """While nothing is old, one event of each stream is looked at, however many there are.

    Once it was all of everybody's where the server knew little of the tables: a second, once
    a minute, in which no command was answered.
    """
    for at in range(EACH):
        append(streams, database, BEGAN + at, *USERS)
    bounds = {"events": 10_000, "oldest": BEGAN - 1, "after": 0, "users": 500}
    with database.transaction(write=False) as tx:
        sql = f"EXPLAIN (ANALYZE, FORMAT JSON) {postgres_streams._SWEEP}"
        plan = tx.rows(sql, bounds)[0][0][0]["Plan"]
    assert (_scanned(plan, "inbox"), _scanned(plan, "event")) == (len(USERS), len(USERS))


@pytest.mark.parametrize("retention", [Retention(AGE), Retention(10 * AGE, events=2)])
def test_a_little_at_a_time(
    database: Database, monkeypatch: pytest.MonkeyPatch, retention: Retention
) -> None:
    """However much is to go, a step deletes no more than it may, and in the end all is gone."""
    monkeypatch.setattr(postgres_streams, "_PRUNED_USERS", 2)
    monkeypatch.setattr(postgres_streams, "_PRUNED_EVENTS", 3)
    streams = PostgresStreams(retention)
    for at in range(EACH):
        append(streams, database, BEGAN + at, *USERS)
    append(streams, database, BEGAN + AGE, *USERS)
    total = (EACH + 1) * len(USERS)
    left = prune(streams, database, BEGAN + AGE + EACH)
    steps = [before - after for before, after in zip([total, *left], left, strict=False)]
    assert max(steps) == 2 * 3
    kept = [EACH + 1] if retention.age == AGE else [EACH, EACH + 1]
    assert [numbers(streams, database, user) for user in USERS] == [kept] * len(USERS)


def test_sooner_and_later(streams: PostgresStreams, database: Database) -> None:
    """What happened a little sooner may come later in a stream: it is gone with what is before.

    So it is where two nodes' clocks differ, or an event waited for its turn.
    """
    append(streams, database, BEGAN + 60_000, *USERS)
    append(streams, database, BEGAN, *USERS)
    prune(streams, database, BEGAN + AGE + 1)
    before = numbers(streams, database, USERS[0])
    prune(streams, database, BEGAN + AGE + 60_001)
    assert (before, numbers(streams, database, USERS[0])) == ([1, 2], [])
