"""Reading ahead and writing later: nobody can tell it from one statement after the other."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hugmood.features.auth.store import Account, account_by_key, insert_account
from hugmood.features.badges import store as badges
from hugmood.features.badges.store import Award
from hugmood.features.follows.blocks import _BLOCK as BLOCK
from hugmood.features.follows.blocks import _UNBLOCK as UNBLOCK
from hugmood.features.follows.store import ask_for_blocks, blocked, follow, followers
from hugmood.features.hugs.messages import SendHug
from hugmood.features.moods import day_store
from hugmood.features.moods.days import Day, tally
from hugmood.features.moods.messages import FetchMoodHistory, MoodUpdate
from hugmood.store.database import Database, DatabaseError, Transaction
from hugmood.store.postgres_together import MOST_ROWS, Insertion
from tests.databases import Addressed
from tests.device import Device
from tests.postgresql import PostgresServer
from tests.world import World

PEOPLE: Final = 4


@pytest.fixture(scope="module")
def database(postgres_server: PostgresServer) -> Iterator[Database]:
    """One on the server, for all: SQLite neither reads ahead nor writes later."""
    with postgres_server.database() as url:
        place = Addressed(url)
        yield place.open()
        place.close()


class _UndoneError(Exception):
    """Ends a transaction that shall leave nothing."""


@contextmanager
def people(database: Database, count: int = PEOPLE) -> Iterator[tuple[Transaction, list[int]]]:
    """A transaction in which there are so many people, by their keys; it leaves nothing."""
    with suppress(_UndoneError), database.transaction(write=True) as tx:
        accounts = [Account(0, f"user-{n}", True, "", "UTC") for n in range(count)]  # noqa: FBT003
        keys = [insert_account(tx, account, 0) for account in accounts]
        yield tx, [key for key in keys if key is not None]
        raise _UndoneError


def counting(tx: Transaction) -> list[tuple[str, object]]:
    """Return a list that has each statement that is sent from now on."""
    sent: list[tuple[str, object]] = []
    send = tx._send  # type: ignore[attr-defined]

    def noted(sql: str, params: object) -> object:
        sent.append((sql, params))
        return send(sql, params)

    tx._send = noted  # type: ignore[attr-defined]
    return sent


def write_day(tx: Transaction, user: int, day: int, at: int) -> None:
    """Put off a row, and ask nothing."""
    tx.write_of(user, day_store._CREDIT, {"user": user, "day": day, "at": at, "counted": True})


# In any order

someone = st.integers(0, PEOPLE - 1)
days = st.integers(700_000, 700_009)
moments = st.integers(0, 1 << 40)
steps = st.one_of(
    st.tuples(st.just("expect"), st.lists(someone, max_size=6)),
    st.tuples(st.just("read"), someone),
    st.tuples(st.just("write"), someone, days, moments),
    st.tuples(st.just("delete"), someone, days),
    st.tuples(st.just("undo"), someone, days, moments),
)
Model = defaultdict[int, list[Day]]


@settings(max_examples=100, deadline=None)
@given(st.lists(steps, max_size=30))
def test_any_order(database: Database, story: list[tuple[str, Any]]) -> None:
    """Whatever is expected, read, written, deleted and undone: what is read is what is so."""
    with people(database) as (tx, keys):
        model: Model = defaultdict(list)
        for name, *values in story:
            STEPS[name](tx, keys, model, *values)
        assert [day_store.days(tx, key) for key in keys] == [model[key] for key in keys]


def _expect(tx: Transaction, keys: list[int], _: Model, those: list[int]) -> None:
    tx.expect([keys[number] for number in those])


def _read(tx: Transaction, keys: list[int], model: Model, who: int) -> None:
    assert day_store.days(tx, keys[who]) == model[keys[who]]
    assert day_store.counted(tx, keys[who]).tally == tally(model[keys[who]])


def _write(tx: Transaction, keys: list[int], model: Model, who: int, day: int, at: int) -> None:
    before = day_store.counted(tx, keys[who])
    found = day_store.credit(tx, keys[who], before, day, at)
    known = {one.ordinal: one for one in model[keys[who]]}
    own = known.get(day, Day(day, at, at))
    known[day] = Day(day, min(own.first_at, at), max(own.last_at, at))
    model[keys[who]] = [known[ordinal] for ordinal in sorted(known)]
    assert found == (tally(model[keys[who]]), known[day])


def _delete(tx: Transaction, keys: list[int], model: Model, who: int, day: int) -> None:
    day_store.recredit_day(tx, keys[who], day)  # there is no entry that credits it
    model[keys[who]] = [one for one in model[keys[who]] if one.ordinal != day]


def _undo(tx: Transaction, keys: list[int], _: Model, who: int, day: int, at: int) -> None:
    with suppress(_UndoneError), tx.savepoint():
        day_store.credit(tx, keys[who], day_store.counted(tx, keys[who]), day, at)
        day_store.days(tx, keys[who])
        raise _UndoneError


STEPS: Final[dict[str, Callable[..., None]]] = {
    "expect": _expect,
    "read": _read,
    "write": _write,
    "delete": _delete,
    "undo": _undo,
}


pair = st.tuples(someone, someone)
about_pairs = st.one_of(
    st.tuples(st.just("expect"), st.lists(someone, max_size=6)),
    st.tuples(st.just("ask ahead"), st.lists(pair, max_size=6)),
    st.tuples(st.just("read"), pair),
    st.tuples(st.just("write"), someone, days, moments),
    st.tuples(st.just("block"), pair),
    st.tuples(st.just("unblock"), pair),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(about_pairs, max_size=30))
def test_pairs_in_any_order(database: Database, story: list[tuple[str, Any]]) -> None:
    """Whatever is asked ahead of two people: who blocks whom is what is so."""
    with people(database) as (tx, keys):
        blocks: set[tuple[int, int]] = set()
        model: Model = defaultdict(list)
        for name, *values in story:
            if name in {"expect", "write"}:
                STEPS[name](tx, keys, model, *values)
            elif name == "ask ahead":
                ask_for_blocks(tx, [(keys[one], keys[other]) for one, other in values[0]])
            else:
                _block_or_look(tx, blocks, name, *(keys[number] for number in values[0]))


def _block_or_look(
    tx: Transaction, blocks: set[tuple[int, int]], name: str, one: int, other: int
) -> None:
    params = {"blocker": one, "blocked": other}
    if name == "block":
        tx.execute(BLOCK, params | {"now": 0})
        blocks.add((one, other))
    elif name == "unblock":
        tx.execute(UNBLOCK, params)
        blocks.discard((one, other))
    assert blocked(tx, one, other) is not blocks.isdisjoint({(one, other), (other, one)})


# How much is asked


def test_other_tables(database: Database) -> None:
    """What is put off waits while only other tables are read, and no longer."""
    with people(database) as (tx, keys):
        tx.expect(keys)
        write_day(tx, keys[0], 700_000, 1)
        sent = counting(tx)
        tx.rows("SELECT count(*) FROM follow")
        before = len(sent)
        tx.rows("SELECT count(*) FROM mood_day")
        assert (before, len(sent)) == (1, 3)


def test_asked_once(database: Database) -> None:
    """What is asked of one is asked of those who come next, in the same statement."""
    with people(database, 10) as (tx, keys):
        sent = counting(tx)
        for place in range(10):
            tx.expect(keys[place:])
            assert account_by_key(tx, keys[place])
        assert len(sent) == 1


def test_pairs_asked_once(database: Database) -> None:
    """What is asked ahead of pairs is one statement, whichever of the two asks."""
    with people(database, 10) as (tx, keys):
        sent = counting(tx)
        ask_for_blocks(tx, pairwise(keys))
        for one, other in pairwise(keys):
            assert (blocked(tx, one, other), blocked(tx, other, one)) == (False, False)
        assert len(sent) == 1


def test_alike_in_name(database: Database) -> None:
    """What is put off waits while a column is asked for that has its table in its name."""
    with people(database) as (tx, keys):
        tx.expect(keys)
        write_day(tx, keys[0], 700_000, 1)
        sent = counting(tx)
        tx.rows("SELECT 1 AS mood_day_or_not")
        assert len(sent) == 1


def test_written_once(database: Database) -> None:
    """Rows that are put off are inserted by one statement, before the next question."""
    with people(database, 10) as (tx, keys):
        tx.expect(keys)
        sent = counting(tx)
        for key in keys:
            write_day(tx, key, 700_000, 1)
        (count,) = tx.rows("SELECT count(*) FROM mood_day WHERE day = 700000")
        assert (len(sent), count) == (2, (10,))


def test_not_expected(database: Database) -> None:
    """Of who is not expected nobody else is asked, and nothing is put off."""
    with people(database) as (tx, keys):
        sent = counting(tx)
        for key in keys:
            account_by_key(tx, key)
            write_day(tx, key, 700_000, 1)
        assert len(sent) == 2 * PEOPLE


def test_after_another_writes(database: Database) -> None:
    """After a statement that writes all is asked again, but of a few: more may be written."""
    with people(database, 400) as (tx, keys):
        sent = counting(tx)
        for place in range(100):
            tx.expect(keys[place:])
            account_by_key(tx, keys[place])
            tx.execute("DELETE FROM mood_day WHERE user_key = 0")
        longest = max(len(str(params)) for _, params in sent[2:])
        assert (len(sent), longest < len(str(keys)) / 2) == (200, True)


def test_rows_of_some(database: Database) -> None:
    """Rows of which it is said whose they are leave what is known of others."""
    with people(database, 400) as (tx, keys):
        tx.expect(keys)
        assert badges.held(tx, keys[0]) == set()
        badges.give(tx, [Award(keys[0], "first_feeling", "badge-1", 0)])
        sent = counting(tx)
        assert badges.held(tx, keys[1]) == set()
        assert sent == []
        assert badges.held(tx, keys[0]) == {"first_feeling"}


def test_no_more_rows_than_the_statement_says(database: Database) -> None:
    """A statement with a limit of its own is asked once, however many rows it returns."""
    sql = "SELECT word FROM name_word WHERE user_key = :user LIMIT 200"
    with people(database) as (tx, keys):
        rows = [{"word": str(n), "user": key} for n in range(MOST_ROWS + 5) for key in keys[:2]]
        tx.execute_many("INSERT INTO name_word (word, user_key) VALUES (:word, :user)", rows)
        sent = counting(tx)
        tx.expect(keys)
        assert [len(tx.rows_of(key, sql)) for key in keys] == [MOST_ROWS + 5] * 2 + [0, 0]
        assert len(sent) == 1


def test_too_many_rows(database: Database) -> None:
    """Who has more rows than are read ahead has all of them."""
    with people(database, MOST_ROWS + 3) as (tx, keys):
        for other in keys[2:]:
            follow(tx, keys[0], other, 0)
        follow(tx, keys[1], keys[0], 0)
        for place in range(2):
            tx.expect(keys[place:2])
            expected = sorted(keys[2:]) if place == 0 else [keys[0]]
            assert sorted(followers(tx, keys[place])) == expected


def test_changes_count_what_is_put_off(database: Database) -> None:
    """Who fails after such a row has something to undo."""
    with people(database) as (tx, keys):
        tx.expect(keys)
        before = tx.changes
        write_day(tx, keys[0], 700_000, 1)
        assert tx.changes == before + 1


# What is written


@pytest.mark.parametrize(
    "text",
    ["plain", 'it\'s "quoted"', "back\\slash", "{braces}, [brackets]", "\n\t\x7f", "🫂 ß ☕", ""],
)
def test_texts(database: Database, text: str) -> None:
    """Text arrives as it was."""
    with people(database) as (tx, keys):
        rows = [{"word": text, "user": key} for key in keys]
        tx.execute_many("INSERT INTO name_word (word, user_key) VALUES (:word, :user)", rows)
        assert tx.rows("SELECT word FROM name_word") == [(text,)] * PEOPLE


def test_bytes(database: Database) -> None:
    """Bytes arrive as they were, all there are."""
    body = bytes(range(256))
    sql = "INSERT INTO event (id, body, author, created_at) VALUES (:id, :body, 0, :at)"
    rows = [{"id": number, "body": body, "at": 1 << 41} for number in (-1, -2)]
    with people(database) as (tx, _):
        tx.execute_many(sql.replace("0,", ":author,"), [row | {"author": 0} for row in rows])
        found = tx.rows("SELECT body, created_at FROM event WHERE id < 0")
        assert [(bytes(kept), at) for kept, at in found] == [(body, 1 << 41)] * 2


def test_empty(database: Database) -> None:
    """To insert nothing is nothing."""
    with people(database) as (tx, _):
        tx.execute_many("INSERT INTO name_word (word, user_key) VALUES (:word, :user)", [])
        assert tx.rows("SELECT count(*) FROM name_word") == [(0,)]


def test_same_thing_twice(database: Database) -> None:
    """Rows of which one updates what another inserts are taken one after the other."""
    with people(database) as (tx, keys):
        entries = [{"user": keys[0], "day": 700_000, "at": at, "counted": True} for at in (5, 3, 8)]
        tx.execute_many(day_store._CREDIT, entries)
        assert day_store.days(tx, keys[0]) == [Day(700_000, 3, 8)]


def test_question_about_another(database: Database) -> None:
    """A row that is put off waits on while others are asked about, and is there for its own."""
    with people(database) as (tx, keys):
        tx.expect(keys)
        write_day(tx, keys[0], 700_000, 1)
        sent = counting(tx)
        assert day_store.days(tx, keys[1]) == []
        before = [sql.split()[0] for sql, _ in sent]
        assert day_store.days(tx, keys[0]) == [Day(700_000, 1, 1)]
        assert (before, [sql.split()[0] for sql, _ in sent[1:]]) == (
            ["SELECT"],
            ["INSERT", "SELECT"],
        )


def test_row_that_may_not_be(database: Database) -> None:
    """A row that is put off and may not be fails with the next question about its user."""
    nobody = 1 << 40
    with people(database) as (tx, keys):
        tx.expect(keys)
        write_day(tx, nobody, 700_000, 1)
        with pytest.raises(DatabaseError):
            day_store.days(tx, nobody)


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO hug (id) VALUES (:id), (:other)",
        "INSERT INTO hug (id, at) VALUES (:id, 1)",
        "INSERT INTO hug (id) VALUES (:id, :at)",
        "INSERT INTO hug (id) SELECT :id",
        "INSERT INTO hug (id) VALUES (:id) RETURNING id",
        "UPDATE hug SET id = :id",
    ],
)
def test_not_one_row(sql: str) -> None:
    """Statements of another kind are left as they are."""
    assert Insertion.read(sql) is None


# The whole way


@pytest.fixture
def crowd(world_on_both: World) -> list[Device]:
    """Some people, of whom the first is followed by the others."""
    return [world_on_both.register(f"P{number}") for number in range(6)]


def test_batch_of_moods(world_on_both: World, crowd: list[Device]) -> None:
    """Moods that come together, of one person also twice, are kept as if one by one."""
    with world_on_both.batch():
        for device in [*crowd, crowd[0], crowd[3]]:
            device.send(MoodUpdate(mood="calm", intensity=1))
    counts = [device.request(FetchMoodHistory()).total_count for device in crowd]
    assert counts == [2, 1, 1, 2, 1, 1]


def test_mixed_batch(world_on_both: World, crowd: list[Device]) -> None:
    """So it is with other commands between them."""
    with world_on_both.batch():
        sent = []
        for device, other in pairwise(crowd):
            sent.append(device.send(MoodUpdate(mood="calm", intensity=1)))
            device.send(SendHug(recipient_id=other.user_id, hug_type="warm"))
            sent.append(device.send(MoodUpdate(mood="happy", intensity=1)))
    streaks = [each.reply().streak_update for each in sent]
    assert [streak and streak.current for streak in streaks] == [1] * 10
    assert crowd[0].request(FetchMoodHistory()).total_count == 2


def test_same_id_in_a_batch(world_on_both: World, crowd: list[Device]) -> None:
    """The same id twice in one batch is one mood."""
    with world_on_both.batch():
        for _ in range(2):
            crowd[0].send(MoodUpdate(mood="calm", intensity=1), id="same")
    assert crowd[0].request(FetchMoodHistory()).total_count == 1
