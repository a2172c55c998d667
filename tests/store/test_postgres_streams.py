"""Several nodes number the streams in one PostgreSQL database."""

import pytest

from hugmood.store.database import Database, DatabaseError
from hugmood.store.postgres_streams import PostgresStreams
from hugmood.store.streams import NewEvent
from tests.databases import Addressed

ADA, BOB = 1, 2


@pytest.fixture
def database(postgres_place: Addressed) -> Database:
    """An empty one."""
    return postgres_place.open()


def append(streams: PostgresStreams, database: Database) -> list[list[int]]:
    """Tell both of something; return their numbers."""
    with database.transaction(write=True) as tx:
        return [list(done.numbers) for done in streams.append(tx, [NewEvent(b"{", [ADA, BOB])], 1)]


def test_stream_dropped_elsewhere(database: Database) -> None:
    """Who is remembered to have a stream that another node dropped: found out, and begun anew."""
    here, there = PostgresStreams(), PostgresStreams()
    append(here, database)
    with database.transaction(write=True) as tx:
        there.drop(tx, ADA)
    with pytest.raises(DatabaseError):
        append(here, database)
    here.forget()  # as the writer does when a transaction fails
    assert append(here, database) == [[1, 2]]


def test_begun_anew(database: Database) -> None:
    """Who has a stream again, after it was dropped here, has it from the first number."""
    streams = PostgresStreams()
    append(streams, database)
    with database.transaction(write=True) as tx:
        streams.drop(tx, ADA)
    assert append(streams, database) == [[1, 2]]
