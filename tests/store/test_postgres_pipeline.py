"""Statements on their way to PostgreSQL: in order, and whatever fails on the way."""

from collections.abc import Iterator

import psycopg
import pytest

from hugmood.store.postgres_pipeline import Pipeline
from tests.postgresql import PostgresServer

MEGABYTE = 1 << 20
PREPARE_AFTER = 2
MOST_PREPARED = 3


@pytest.fixture(scope="module")
def url(postgres_server: PostgresServer) -> Iterator[str]:
    """A database on the server, for all."""
    with postgres_server.database() as url:
        yield url


@pytest.fixture
def pipeline(url: str) -> Iterator[Pipeline]:
    """One with an empty table; it prepares early, and little."""
    connection = psycopg.connect(url, autocommit=True)
    connection.execute("DROP TABLE IF EXISTS thing")
    connection.execute("CREATE TABLE thing (number int CHECK (number < 1000), word text)")
    connection.prepare_threshold, connection.prepared_max = PREPARE_AFTER, MOST_PREPARED
    pipeline = Pipeline(connection)
    yield pipeline
    pipeline.close()


def ask(pipeline: Pipeline, sql: str, **params: object) -> list[tuple[object, ...]]:
    """Run a statement and return its rows."""
    return pipeline.rows(pipeline.wait(pipeline.send(sql, params)))


def insert(pipeline: Pipeline, number: int) -> None:
    """Send a row, and do not wait."""
    pipeline.send("INSERT INTO thing (number) VALUES (:number)", {"number": number})


def numbers(pipeline: Pipeline) -> list[object]:
    """Return what the table has."""
    return [number for (number,) in ask(pipeline, "SELECT number FROM thing ORDER BY number")]


def test_answers_in_any_order(pipeline: Pipeline) -> None:
    """Whoever is waited for first, each has its own answer."""
    sent = []
    for n in range(10):
        sent.append(pipeline.send("SELECT :n::int", {"n": n}))
        if n % 3 == 0:
            pipeline.sync()
    found = {n: pipeline.rows(pipeline.wait(sent[n])) for n in (7, 2, 9, 0, 1, 3, 4, 5, 6, 8)}
    assert found == {n: [(n,)] for n in range(10)}


def test_same_name_twice(pipeline: Pipeline) -> None:
    """A parameter may stand in a statement more than once, beside casts."""
    assert ask(pipeline, "SELECT :a::int, :b::text, :a::int", a=1, b=":c") == [(1, ":c", 1)]


def test_missing_parameter(pipeline: Pipeline) -> None:
    """It is said before anything is sent."""
    with pytest.raises(psycopg.ProgrammingError, match="word"):
        pipeline.send("SELECT :number, :word", {"number": 1})
    assert ask(pipeline, "SELECT 1") == [(1,)]


def test_failure_stops_the_rest(pipeline: Pipeline) -> None:
    """After a failure nothing else of the transaction is done, not even the commit."""
    pipeline.send("BEGIN")
    for number in (1, 2, 3000, 4):
        insert(pipeline, number)
    with pytest.raises(psycopg.errors.CheckViolation):
        pipeline.wait(pipeline.send("COMMIT"))
    pipeline.roll_back()
    assert numbers(pipeline) == []


def test_answer_from_before_a_failure(pipeline: Pipeline) -> None:
    """Who waits after a failure is told of it; the next one is served again."""
    before = pipeline.send("SELECT 1")
    pipeline.sync()
    insert(pipeline, 1000)
    after = pipeline.send("SELECT 2")
    with pytest.raises(psycopg.errors.CheckViolation):
        pipeline.wait(after)
    assert pipeline.rows(pipeline.wait(before)) == [(1,)]
    with pytest.raises(psycopg.OperationalError, match="failed"):
        pipeline.wait(after)
    assert ask(pipeline, "SELECT 3") == [(3,)]


def test_savepoint(pipeline: Pipeline) -> None:
    """What failed since a savepoint is undone, and what was before is kept."""
    pipeline.send("BEGIN")
    insert(pipeline, 1)
    pipeline.send("SAVEPOINT here")
    insert(pipeline, 2)
    insert(pipeline, 2000)
    pipeline.roll_back_to("here")
    insert(pipeline, 3)
    pipeline.wait(pipeline.send("COMMIT"))
    assert numbers(pipeline) == [1, 3]


def test_more_statements_than_are_prepared(pipeline: Pipeline) -> None:
    """The server keeps as many prepared statements as it may, and all work."""
    for turn in range(3 * PREPARE_AFTER):
        for number in range(3 * MOST_PREPARED):
            assert ask(pipeline, f"SELECT {number}, :turn::int", turn=turn) == [(number, turn)]
    assert ask(pipeline, "SELECT count(*) <= :n::int FROM pg_prepared_statements", n=3) == [(True,)]


def test_prepared_in_vain(pipeline: Pipeline) -> None:
    """A statement that cannot be prepared fails each time, and nothing else does."""
    for _ in range(2 * PREPARE_AFTER):
        with pytest.raises(psycopg.errors.UndefinedTable):
            ask(pipeline, "SELECT * FROM nothing")
        pipeline.roll_back()
    pipeline.wait(pipeline.send("CREATE TABLE nothing (number int)"))
    assert ask(pipeline, "SELECT * FROM nothing") == []
    pipeline.wait(pipeline.send("DROP TABLE nothing"))


def test_table_changes(pipeline: Pipeline) -> None:
    """A prepared statement whose table was changed fails once, and is prepared anew."""
    for _ in range(2 * PREPARE_AFTER):
        ask(pipeline, "SELECT * FROM thing")
    pipeline.wait(pipeline.send("ALTER TABLE thing ADD COLUMN more int"))
    with pytest.raises(psycopg.errors.FeatureNotSupported):
        ask(pipeline, "SELECT * FROM thing")
    pipeline.roll_back()
    assert ask(pipeline, "SELECT * FROM thing") == []


def test_much_both_ways(pipeline: Pipeline) -> None:
    """Neither side waits for the other to read, however much is on its way."""
    words = [letter * MEGABYTE for letter in "abcdefghijklmnopqrst"]
    sent = []
    for word in words:
        sent.append(pipeline.send("SELECT :word::text", {"word": word}))
        pipeline.sync()
    pipeline.start()
    assert [pipeline.rows(pipeline.wait(one)) for one in sent] == [[(word,)] for word in words]


def test_connection_lost(pipeline: Pipeline, url: str) -> None:
    """Who waits is told that the server is gone, and so is who comes after that."""
    ((server,),) = ask(pipeline, "SELECT pg_backend_pid()")
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [server])
    for _ in range(2):
        with pytest.raises(psycopg.OperationalError):
            ask(pipeline, "SELECT 1")
    assert pipeline.closed
