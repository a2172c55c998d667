"""On PostgreSQL, what is for very many people reaches a few of them at a time."""

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest

from hugmood.store import postgres_backlog
from hugmood.store.database import Database, DatabaseError, DatabaseUnavailable
from hugmood.store.postgres_streams import PostgresStreams
from hugmood.store.streams import SERVICE, NewEvent, Numbered, Stored
from tests.contract.test_streams import Broken
from tests.databases import Addressed

ADA, BOB, EVE = 1, 2, 3
CROWD = list(range(11, 16))
"""Three steps of people, where `AT_ONCE` is two."""

Told = list[tuple[bytes, dict[int, int]]]


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two people are many."""
    monkeypatch.setattr(postgres_backlog, "AT_ONCE", 2)


@pytest.fixture
def database(postgres_place: Addressed) -> Database:
    """A connection to it."""
    return postgres_place.open()


@pytest.fixture
def streams() -> PostgresStreams:
    """What a node knows of them."""
    return PostgresStreams()


def plain(numbered: list[Numbered]) -> Told:
    """Who was told of what, and by which number."""
    return [(e.prefix, dict(zip(e.users, e.numbers, strict=True))) for e in numbered]


def append(streams: PostgresStreams, database: Database, *events: NewEvent) -> Told:
    """Append in a transaction of their own; return what is told at once."""
    with database.transaction(write=True) as tx:
        return plain(streams.append(tx, events, 1))


def settle(streams: PostgresStreams, database: Database) -> list[Told]:
    """Take all steps there are; return what each told."""
    steps = []
    while (step := streams.step(database)).more:
        steps.append(plain(list(step.told)))
    return steps


def page(database: Database, user: int) -> list[tuple[int, bytes]]:
    """What a stream holds."""
    with database.transaction(write=False) as tx:
        entries: list[Stored] = PostgresStreams().page(tx, user, 0).entries
    return [(entry.number, entry.prefix) for entry in entries]


def waiting(database: Database) -> int:
    """How many rows wait."""
    with database.transaction(write=False) as tx:
        return int(tx.rows("SELECT count(*) FROM fanout")[0][0])


def test_in_steps(streams: PostgresStreams, database: Database) -> None:
    """The author has it at once, the others two at a time, each with the next number."""
    append(streams, database, NewEvent(b"before", [12]))
    assert append(streams, database, NewEvent(b"a", [ADA, *CROWD], ADA)) == [(b"a", {ADA: 1})]
    assert settle(streams, database) == [
        [(b"a", {11: 1, 12: 2})],
        [(b"a", {13: 1, 14: 1})],
        [(b"a", {15: 1})],
    ]
    assert [page(database, user) for user in (ADA, 12, 15)] == [
        [(1, b"a")],
        [(1, b"before"), (2, b"a")],
        [(1, b"a")],
    ]


def test_few(streams: PostgresStreams, database: Database) -> None:
    """What is for few reaches them with the command."""
    assert append(streams, database, NewEvent(b"a", [ADA, BOB], ADA)) == [(b"a", {ADA: 1, BOB: 1})]
    assert (streams.steps_owed, settle(streams, database)) == (0, [])


def test_steps_owed(streams: PostgresStreams, database: Database) -> None:
    """A step is due as long as anybody waits."""
    append(streams, database, NewEvent(b"a", CROWD, ADA))
    owed = []
    while streams.step(database).more:
        owed.append(streams.steps_owed)
    assert (owed, streams.steps_owed) == ([1, 1, 1], 0)


def test_brake(
    streams: PostgresStreams, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where much waits a few steps more are due after a batch; no more than may wait does."""
    monkeypatch.setattr(postgres_backlog, "STEPS_LIMIT", 3)
    monkeypatch.setattr(postgres_backlog, "_HELP", 2)
    monkeypatch.setattr(postgres_backlog, "STEPS_FULL", 10)
    owed = []
    for _ in range(5):
        append(streams, database, NewEvent(b"a", CROWD, ADA))
        owed.append(streams.steps_owed)
    assert owed == [1, 3, 3, 3, 5]


def test_many_and_their_author(streams: PostgresStreams, database: Database) -> None:
    """Whoever is told beside the author counts: as many as may be told at once are."""
    told = append(streams, database, NewEvent(b"a", [ADA, BOB, EVE], ADA))
    assert (told, streams.steps_owed) == ([(b"a", {ADA: 1, BOB: 1, EVE: 1})], 0)


def test_what_the_author_causes_next(streams: PostgresStreams, database: Database) -> None:
    """It goes after what waits, though it is for few; what others cause does not wait."""
    append(streams, database, NewEvent(b"a", [ADA, *CROWD], ADA), NewEvent(b"b", [15], ADA))
    told = append(streams, database, NewEvent(b"c", [15], BOB), NewEvent(b"d", [ADA, 14, 15], ADA))
    assert told == [(b"c", {15: 1}), (b"d", {ADA: 2})]
    settle(streams, database)
    assert page(database, 15) == [(1, b"c"), (2, b"a"), (3, b"b"), (4, b"d")]
    assert append(streams, database, NewEvent(b"e", [15], ADA)) == [(b"e", {15: 5})]


def test_order_kept_by_another_node(streams: PostgresStreams, postgres_place: Addressed) -> None:
    """The author's next event comes by another node: that finds out, and lets it wait."""
    here, there, elsewhere = postgres_place.open(), postgres_place.open(), PostgresStreams()
    append(streams, here, NewEvent(b"a", [ADA, *CROWD], ADA))
    with pytest.raises(DatabaseError):
        append(elsewhere, there, NewEvent(b"b", [15], ADA), NewEvent(b"c", [15], BOB))
    elsewhere.forget()  # as the writer does before it tries again
    told = append(elsewhere, there, NewEvent(b"b", [15], ADA), NewEvent(b"c", [15], BOB))
    assert told == [(b"c", {15: 1})]
    settle(elsewhere, there)
    assert page(here, 15) == [(1, b"c"), (2, b"a"), (3, b"b")]


def test_nobody_waits_for_the_service(streams: PostgresStreams, database: Database) -> None:
    """What nobody caused is in no order: the next of it does not wait."""
    append(streams, database, NewEvent(b"a", CROWD, SERVICE))
    assert append(streams, database, NewEvent(b"b", [15], SERVICE)) == [(b"b", {15: 1})]


@pytest.mark.parametrize("steps", range(4))
def test_restart(streams: PostgresStreams, database: Database, steps: int) -> None:
    """Killed after any step: who starts next goes on, and each has it once."""
    append(streams, database, NewEvent(b"a", [ADA, *CROWD], ADA))
    for _ in range(steps):
        streams.step(database)
    again = PostgresStreams()
    settle(again, database)
    assert append(again, database, NewEvent(b"b", [ADA, 15], ADA)) == [(b"b", {ADA: 2, 15: 2})]
    assert [page(database, user) for user in CROWD[:-1]] == [[(1, b"a")]] * 4


def test_step_undone(streams: PostgresStreams, database: Database) -> None:
    """A step that fails at its end is done again, and tells nobody before."""
    append(streams, database, NewEvent(b"a", [ADA, *CROWD], ADA))
    with pytest.raises(DatabaseUnavailable):
        streams.step(Broken(database))
    assert [len(told[0][1]) for told in settle(streams, database)] == [2, 2, 1]
    assert [page(database, user) for user in CROWD] == [[(1, b"a")]] * 5


def test_append_undone(streams: PostgresStreams, database: Database) -> None:
    """What was undone waits for nobody."""
    with (
        pytest.raises(DatabaseUnavailable),
        Broken(database).transaction(write=True) as tx,
    ):
        streams.append(tx, [NewEvent(b"a", [ADA, *CROWD], ADA)], 1)
    streams.forget()
    assert settle(streams, database) == []
    assert append(streams, database, NewEvent(b"b", [15], ADA)) == [(b"b", {15: 1})]


def test_erased_meanwhile(streams: PostgresStreams, database: Database) -> None:
    """What is taken back reaches nobody any more."""
    append(streams, database, NewEvent(b"a", [ADA, *CROWD], ADA))
    streams.step(database)
    with database.transaction(write=True) as tx:
        streams.erase(tx, ADA)
    assert settle(streams, database) == [[], []]
    assert append(streams, database, NewEvent(b"b", CROWD[-2:], BOB)) == [(b"b", {14: 1, 15: 1})]


def test_dropped_meanwhile(streams: PostgresStreams, database: Database) -> None:
    """Who is no more gets no stream again; the others have theirs."""
    append(streams, database, NewEvent(b"a", CROWD, ADA))
    with database.transaction(write=True) as tx:
        for user in (11, 12, 13):
            streams.drop(tx, user)
    assert settle(streams, database) == [[], [(b"a", {14: 1})], [(b"a", {15: 1})]]
    with database.transaction(write=False) as tx:
        assert tx.rows("SELECT user_key FROM stream_head ORDER BY 1") == [(14,), (15,)]


def test_hidden_meanwhile(streams: PostgresStreams, database: Database) -> None:
    """Who hides the author before it reaches them is not told, but has the number."""
    with database.transaction(write=True) as tx:
        for key in (1, *range(2, 16)):
            account = {"id": str(key), "no": False}
            tx.execute(
                "INSERT INTO account (id, guest, name, created_at) VALUES (:id, :no, '', 0)",
                account,
            )
    append(streams, database, NewEvent(b"a", CROWD, ADA))
    with database.transaction(write=True) as tx:
        streams.hide(tx, 11, ADA)
    assert settle(streams, database)[0] == [(b"a", {12: 1})]
    assert append(streams, database, NewEvent(b"b", [11], BOB)) == [(b"b", {11: 2})]


def test_any_order(postgres_place: Addressed) -> None:
    """Nodes that write and take steps at once: each has all of it, once, and in order.

    That is the order in which each author caused it, where one node did it.
    """
    chance = Random(1)  # noqa: S311 (the same each time)
    authors = {0: [ADA, BOB], 1: [EVE, 4]}
    caused: dict[int, list[tuple[bytes, list[int]]]] = defaultdict(list)

    def node(which: int) -> None:
        database, streams = postgres_place.open(timeout=30), PostgresStreams()
        for turn in range(60):
            if turn == 30:
                streams = PostgresStreams()  # it starts again
            author = chance.choice(authors[which])
            users = sorted(chance.sample(CROWD, chance.randint(1, 5)))
            body = b"%d-%d" % (author, turn)
            caused[author].append((body, users))
            event = NewEvent(body, users, author)
            try:
                append(streams, database, event)
            except DatabaseError:  # as the writer does
                streams.forget()
                append(streams, database, event)
            for _ in range(chance.randint(0, 2)):
                streams.step(database)
        settle(streams, database)

    with ThreadPoolExecutor() as pool:
        list(pool.map(node, [0, 1]))
    database = postgres_place.open()
    settle(PostgresStreams(), database)
    assert waiting(database) == 0
    for user in CROWD:
        found = page(database, user)
        assert [number for number, _ in found] == list(range(1, len(found) + 1))
        for author, events in caused.items():
            expected = [body for body, users in events if user in users]
            assert [body for _, body in found if body.startswith(b"%d-" % author)] == expected
        assert len(found) == sum(user in users for said in caused.values() for _, users in said)
