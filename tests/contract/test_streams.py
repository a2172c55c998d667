"""What every kind of streams has to do: one contract for both databases.

On SQLite each test runs twice: on the log as it was written, and compacted.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from random import Random

import pytest

from hugmood.store import backlog
from hugmood.store.backlog import SEGMENT, SEGMENT_SPAN
from hugmood.store.database import Database, DatabaseUnavailable, Transaction
from hugmood.store.streams import (
    DEFAULT_RETENTION,
    PAGE_BYTES,
    PAGE_MESSAGES,
    NewEvent,
    Retention,
    Stored,
    Stretch,
)
from tests.contract.journal import (
    ADA,
    BOB,
    DAY,
    EVE,
    HOUR,
    NOBODY,
    NOW,
    SWEEP,
    Journal,
    OurFailureError,
)
from tests.databases import Place

KINDS = ["sqlite-log", "sqlite-compacted", "postgres"]


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Where the events are: still in SQLite's log, compacted, or in PostgreSQL."""
    name: str = request.param
    return name


@pytest.fixture
def dialect(kind: str) -> str:
    """The database behind it."""
    return kind.partition("-")[0]


@pytest.fixture
def retention() -> Retention:
    """How much is kept; some tests keep less."""
    return DEFAULT_RETENTION


@pytest.fixture
def journal(place: Place, kind: str, retention: Retention) -> Journal:
    """Empty streams."""
    return Journal(place, compacting=kind == "sqlite-compacted", retention=retention)


def numbers(page: Stretch) -> list[int]:
    """The numbers of a page's events."""
    return [number for number, *_ in page.entries]


# Numbers


def test_first_number(journal: Journal) -> None:
    """A stream begins with 1."""
    assert journal.append(NewEvent(b"a", [ADA])) == [{ADA: 1}]


def test_contiguous_numbers(journal: Journal) -> None:
    """An event takes the next number of each recipient's own stream."""
    journal.append(NewEvent(b"a", [ADA, BOB]), NewEvent(b"b", [BOB]))
    appended = journal.append(NewEvent(b"c", [EVE, BOB]), NewEvent(b"d", [ADA, BOB, EVE]))
    assert appended == [{EVE: 1, BOB: 3}, {ADA: 2, BOB: 4, EVE: 2}]


def test_nothing_to_append(journal: Journal) -> None:
    """To append nothing changes nothing."""
    assert (journal.append(), journal.position(ADA)) == ([], 0)


def test_numbers_after_restart(journal: Journal) -> None:
    """Streams go on where they were when their process starts again."""
    journal.append(NewEvent(b"a", [ADA, BOB]), NewEvent(b"b", [ADA]))
    journal.start()
    assert journal.append(NewEvent(b"c", [ADA, BOB])) == [{ADA: 3, BOB: 2}]


def test_numbers_after_rollback(journal: Journal) -> None:
    """Numbers given out in a transaction that was undone are given out again."""
    journal.append(NewEvent(b"a", [ADA]))
    journal.append_in_vain(NewEvent(b"b", [ADA, BOB]), NewEvent(b"c", [ADA]))
    assert journal.append(NewEvent(b"d", [ADA, BOB])) == [{ADA: 2, BOB: 1}]


def test_clock_set_back(journal: Journal) -> None:
    """A clock that is set back does not disturb the order."""
    journal.append(NewEvent(b"a", [ADA]))
    journal.now -= HOUR
    journal.append(NewEvent(b"b", [ADA]))
    journal.start()
    journal.append(NewEvent(b"c", [ADA]))
    assert journal.bodies(ADA) == [b"a", b"b", b"c"]


def test_many_recipients(journal: Journal) -> None:
    """An event for more people than are compacted at once reaches all of them."""
    crowd = list(range(1, backlog.CHUNK_USERS + 1000))
    journal.append(NewEvent(b"a", crowd), NewEvent(b"b", crowd[-1:]))
    journal.compact()
    assert journal.heads(crowd[0], crowd[-2], crowd[-1]) == [1, 1, 2]


@pytest.mark.parametrize("user", [1, 256, 65_537, 1 << 32, 1 << 56, (1 << 63) - 1])
def test_neighbouring_keys(journal: Journal, user: int) -> None:
    """Users are told apart whatever the bytes of their keys and their neighbours'."""
    others = [key for key in (1, 256, 65_537, 1 << 32, 1 << 56, (1 << 63) - 1) if key != user]
    journal.append(NewEvent(b"a", others), NewEvent(b"b", [*others[:2], user, *others[2:]]))
    assert (journal.bodies(user), journal.position(user)) == ([b"b"], 1)


# Heads


def test_heads(journal: Journal) -> None:
    """The writer knows everyone's newest number, 0 for a stream that has not begun."""
    journal.append(NewEvent(b"a", [ADA, BOB]), NewEvent(b"b", [BOB]))
    assert journal.heads(BOB, NOBODY, ADA) == [2, 0, 1]


def test_heads_after_restart(journal: Journal) -> None:
    """The writer finds the newest numbers in the database."""
    journal.append(NewEvent(b"a", [ADA, BOB]), NewEvent(b"b", [BOB]))
    journal.start()
    assert journal.heads(BOB, NOBODY, ADA) == [2, 0, 1]


def test_heads_within(journal: Journal) -> None:
    """The writer's heads count what the same transaction appended."""
    with journal.database.transaction(write=True) as tx:
        journal.streams.append(tx, [NewEvent(b"a", [ADA])], NOW)
        assert journal.streams.heads(tx, [ADA]) == [1]


def test_heads_after_rollback(journal: Journal) -> None:
    """What was undone is in nobody's head."""
    journal.append(NewEvent(b"a", [ADA]))
    journal.append_in_vain(NewEvent(b"b", [ADA]))
    assert journal.heads(ADA) == [1]


def test_position(journal: Journal) -> None:
    """Another process sees the newest number, as it goes up."""
    seen = [journal.position(ADA)]
    for _ in range(3):
        journal.append(NewEvent(b"a", [ADA]))
        seen.append(journal.position(ADA))
    assert seen == [0, 1, 2, 3]


def test_uncommitted_position(journal: Journal) -> None:
    """Another process sees nothing of what is not committed."""
    with journal.database.transaction(write=True) as tx:
        journal.streams.append(tx, [NewEvent(b"a", [ADA])], NOW)
        seen = journal.position(ADA)
    assert seen == 0


# Pages


def test_whole_page(journal: Journal) -> None:
    """A page holds one's own events, as they were appended."""
    journal.append(NewEvent(b"a", [ADA, BOB]), NewEvent(b"b", [BOB]))
    journal.append(NewEvent(bytes(range(256)), [ADA]))
    assert journal.page(ADA) == Stretch(
        [Stored(1, b"a"), Stored(2, bytes(range(256)))], start=1, end=2, head=2, complete=True
    )


def test_page_from_the_middle(journal: Journal) -> None:
    """A page begins after the number that is named."""
    journal.append(*(NewEvent(body, [ADA]) for body in (b"a", b"b", b"c")))
    assert journal.page(ADA, 1) == Stretch(
        [Stored(2, b"b"), Stored(3, b"c")], start=2, end=3, head=3, complete=True
    )


def test_page_at_the_head(journal: Journal) -> None:
    """After the newest event there is nothing, and nothing is missing."""
    journal.append(NewEvent(b"a", [ADA]))
    assert journal.page(ADA, 1) == Stretch([], start=2, end=1, head=1, complete=True)


def test_page_of_nobody(journal: Journal) -> None:
    """A stream that has not begun is empty, and nothing is missing."""
    assert journal.page(NOBODY) == Stretch([], start=1, end=0, head=0, complete=True)


def test_ahead(journal: Journal) -> None:
    """A number that was never given out is answered with the head, and not complete."""
    journal.append(NewEvent(b"a", [ADA]))
    assert journal.page(ADA, 7) == Stretch([], start=1, end=1, head=1, complete=False)


def test_page_across_log(journal: Journal) -> None:
    """A page joins what is compacted and what is not."""
    journal.append(NewEvent(b"a", [ADA]))
    journal.compact()
    journal._compacting = False
    journal.append(NewEvent(b"b", [ADA]))
    assert journal.page(ADA).entries == [Stored(1, b"a"), Stored(2, b"b")]


@pytest.mark.parametrize("count", [PAGE_MESSAGES, PAGE_MESSAGES + 1])
def test_most_messages(journal: Journal, count: int) -> None:
    """A page holds a hundred events, and says how many there are."""
    journal.fill(ADA, count)
    page = journal.page(ADA)
    assert (numbers(page), page.end, page.head) == (list(range(1, 101)), 100, count)


def test_page_after_page(journal: Journal) -> None:
    """Page after page brings every event once, in order."""
    journal.fill(ADA, 2 * PAGE_MESSAGES + 50)
    found = [numbers(page) for page in journal.pages(ADA, 20)]
    assert found == [list(range(21, 121)), list(range(121, 221)), list(range(221, 251))]


@pytest.mark.parametrize(("size", "fitting"), [(PAGE_BYTES // 2, 2), (PAGE_BYTES // 2 + 1, 1)])
def test_most_bytes(journal: Journal, size: int, fitting: int) -> None:
    """A page holds 256 KiB, and says how many events there are."""
    journal.fill(ADA, 3, size=size)
    page = journal.page(ADA)
    assert (len(page.entries), page.end, page.head) == (fitting, fitting, 3)


def test_large_event(journal: Journal) -> None:
    """An event larger than a page has one of its own: nobody is stuck before it."""
    journal.fill(ADA, 2, size=PAGE_BYTES + 1)
    assert [numbers(page) for page in journal.pages(ADA)] == [[1], [2]]


# Retention by age


def test_kept_by_age(journal: Journal) -> None:
    """Events are kept for thirty days."""
    journal.append(NewEvent(b"a", [ADA]))
    journal.now += 30 * DAY - 2 * SWEEP
    journal.tidy()
    assert journal.page(ADA) == Stretch([Stored(1, b"a")], start=1, end=1, head=1, complete=True)


def test_pruned_by_age(journal: Journal) -> None:
    """Events older than thirty days are gone, and a page says so."""
    journal.append(NewEvent(b"a", [ADA]))
    journal.now += 20 * DAY
    journal.tidy()
    journal.append(NewEvent(b"b", [ADA]))
    journal.now += 10 * DAY
    journal.tidy()
    assert journal.page(ADA) == Stretch([Stored(2, b"b")], start=2, end=2, head=2, complete=False)


def test_all_pruned(journal: Journal) -> None:
    """Where all is gone a page is empty, not complete, and reaches the head."""
    journal.fill(ADA, 3)
    journal.now += 31 * DAY
    journal.tidy()
    assert journal.page(ADA) == Stretch([], start=4, end=3, head=3, complete=False)


def test_nothing_missed_of_pruned(journal: Journal) -> None:
    """Who has seen all that is gone misses nothing."""
    journal.append(NewEvent(b"a", [ADA]))
    journal.now += 31 * DAY
    journal.tidy()
    journal.append(NewEvent(b"b", [ADA]))
    assert journal.page(ADA, 1) == Stretch([Stored(2, b"b")], start=2, end=2, head=2, complete=True)


def test_numbers_after_all_pruned(journal: Journal) -> None:
    """Numbers go on where all is gone, after a restart too."""
    journal.fill(ADA, 3)
    journal.now += 31 * DAY
    journal.tidy()
    journal.start()
    assert journal.append(NewEvent(b"b", [ADA])) == [{ADA: 4}]


def test_position_after_all_pruned(journal: Journal) -> None:
    """The newest number is known where all is gone."""
    journal.fill(ADA, 3)
    journal.now += 31 * DAY
    journal.tidy()
    journal.start()
    assert (journal.position(ADA), journal.heads(ADA)) == (3, [3])


def test_pruned_twice(journal: Journal) -> None:
    """What grows again after all was gone is pruned again in its time."""
    for _ in range(2):
        journal.fill(ADA, 3)
        journal.now += 31 * DAY
        journal.tidy()
    assert journal.page(ADA) == Stretch([], start=7, end=6, head=6, complete=False)


def test_pruned_for_each(journal: Journal) -> None:
    """An old event is gone for all; what is newer stays for each."""
    journal.append(NewEvent(b"a", [ADA, BOB]))
    journal.now += 31 * DAY
    journal.append(NewEvent(b"b", [BOB, EVE]))
    journal.tidy()
    assert [journal.bodies(user) for user in (ADA, BOB, EVE)] == [[], [b"b"], [b"b"]]


def test_kept_with_its_neighbours(journal: Journal) -> None:
    """An event kept for the sake of a newer one near it is kept with its body."""
    journal.append(NewEvent(b"a", [ADA, BOB]))
    journal.now += HOUR - 1000
    journal.append(NewEvent(b"b", [ADA]))
    journal.now += 30 * DAY - HOUR // 2
    journal.tidy()
    assert (journal.page(ADA).entries[-1], journal.bodies(BOB)) == (Stored(2, b"b"), [])


def test_space_given_back(journal: Journal) -> None:
    """Old events' bodies do not stay in the database."""
    journal.fill(ADA, 3)
    journal.now += 32 * DAY
    journal.tidy()
    with journal.database.transaction(write=False) as tx:
        assert tx.rows("SELECT count(*) FROM event") == [(0,)]


def test_more_users_than_a_step(journal: Journal) -> None:
    """Housekeeping comes round to everyone, though it looks at some users at a time."""
    crowd = list(range(1, 1202))
    journal.append(NewEvent(b"a", crowd))
    journal.now += 31 * DAY
    journal.tidy()
    assert [journal.page(user).complete for user in (1, 500, 501, 1201)] == [False] * 4


# Retention by count


@pytest.mark.parametrize("retention", [Retention(events=250)])
def test_kept_by_count(journal: Journal, retention: Retention) -> None:
    """The newest events are kept, however many come at once."""
    journal.fill(ADA, retention.events)
    journal.tidy()
    assert journal.page(ADA).complete


@pytest.mark.parametrize("retention", [Retention(events=250)])
def test_pruned_by_count(journal: Journal, kind: str, retention: Retention) -> None:
    """As many as promised are kept, on SQLite up to a segment more."""
    journal.fill(ADA, 1000)
    journal.tidy()
    page = journal.page(ADA)
    slack = 0 if kind == "postgres" else SEGMENT - 1
    assert (page.complete, 751 - slack <= page.start <= 751) == (False, True)


@pytest.mark.parametrize("retention", [Retention(events=250)])
def test_pages_after_pruning(journal: Journal, retention: Retention) -> None:
    """Only the first page after what is gone is not complete."""
    journal.fill(ADA, 1000)
    journal.tidy()
    assert [page.complete for page in journal.pages(ADA)][:3] == [False, True, True]


@pytest.mark.parametrize("retention", [Retention(events=250)])
def test_others_not_pruned(journal: Journal, retention: Retention) -> None:
    """One who gets much does not cost another anything."""
    journal.append(NewEvent(b"a", [ADA, BOB]))
    journal.fill(ADA, 1000)
    journal.tidy()
    assert journal.bodies(BOB) == [b"a"]


# Housekeeping


def test_nothing_to_do(journal: Journal) -> None:
    """Compacting ends."""
    journal.fill(ADA, 3)
    journal.tidy()
    assert not journal.streams.step(journal.database).more


def test_tidy_first(journal: Journal) -> None:
    """Housekeeping may be the first thing that a new process does."""
    journal.fill(ADA, 3)
    journal.start()
    journal.tidy()
    assert journal.append(NewEvent(b"a", [ADA])) == [{ADA: 4}]


def test_slow_round(journal: Journal) -> None:
    """A round of pruning that takes hours leaves no stream without its bodies.

    What was old at its end was not at its beginning; segments were kept, bodies not.
    """
    began = journal.now
    journal.append(NewEvent(b"a", [ADA]))
    journal.now += SEGMENT_SPAN - 1
    journal.append(NewEvent(b"b", [ADA]))
    journal.compact()
    as_of = began + 30 * DAY
    with journal.database.transaction(write=True) as tx:
        after = journal.streams.prune(tx, 0, as_of)
    journal.now = as_of + DAY
    while after is not None:
        with journal.database.transaction(write=True) as tx:
            after = journal.streams.prune(tx, after, as_of)
    assert journal.bodies(ADA) == [b"a", b"b"]


@pytest.mark.parametrize("kind", ["sqlite-log"])
@pytest.mark.parametrize("steps", range(8))
def test_compacting_broken_off(
    journal: Journal, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    """Killed between any two steps, and going on, it leaves each event once."""
    monkeypatch.setattr(backlog, "CHUNK_USERS", 1)
    monkeypatch.setattr(backlog, "CHUNK_ROWS", 1)
    crowd = [ADA, BOB, EVE]
    journal.append(NewEvent(b"a", crowd), NewEvent(b"b", crowd[1:]))
    for _ in range(steps):
        journal.streams.step(journal.database)
    journal.append(NewEvent(b"c", crowd))
    expected = [[b"a", b"c"], [b"a", b"b", b"c"], [b"a", b"b", b"c"]]
    assert expected == [journal.bodies(user) for user in crowd]
    journal.start()
    assert expected == [journal.bodies(user) for user in crowd]
    assert [2, 3, 3] == journal.heads(*crowd) == [journal.position(user) for user in crowd]
    journal.compact()
    assert expected == [journal.bodies(user) for user in crowd]
    assert journal.append(NewEvent(b"d", crowd)) == [{ADA: 3, BOB: 4, EVE: 4}]


@pytest.mark.parametrize("kind", ["sqlite-log"])
def test_compacting_in_vain(journal: Journal) -> None:
    """A step that fails is done again."""
    journal.append(NewEvent(b"a", [ADA, BOB]))
    for _ in range(2):  # it moves, it drops
        with pytest.raises(DatabaseUnavailable):
            journal.streams.step(Broken(journal.database))
        journal.streams.step(journal.database)
    assert [[b"a"], [b"a"]] == [journal.bodies(user) for user in (ADA, BOB)]
    assert not journal.streams.step(journal.database).more


class Broken:
    """A database whose disk is full when a transaction is to be committed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def transaction(self, *, write: bool) -> Iterator[Transaction]:
        """Undo what is done within."""
        with self._database.transaction(write=write) as tx:
            yield tx
            raise DatabaseUnavailable("the disk is full")

    def close(self) -> None:
        """Do nothing."""


@pytest.mark.parametrize("kind", ["sqlite-log"])
def test_crowded(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log that grows too long asks for housekeeping, until it is compacted."""
    monkeypatch.setattr(backlog, "BACKLOG_LIMIT", 5)
    found = [bool(journal.streams.steps_owed)]
    journal.append(NewEvent(b"a", [ADA, BOB, EVE]), NewEvent(b"b", [ADA, BOB, EVE]))
    found.append(bool(journal.streams.steps_owed))
    journal.compact()
    assert [*found, bool(journal.streams.steps_owed)] == [False, True, False]


@pytest.mark.parametrize("kind", ["sqlite-log"])
def test_crowded_after_restart(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log that was long when its process died is long when it starts again."""
    monkeypatch.setattr(backlog, "BACKLOG_LIMIT", 5)
    journal.append(NewEvent(b"a", [ADA, BOB, EVE]), NewEvent(b"b", [ADA, BOB, EVE]))
    journal.start()
    journal.heads(ADA)
    assert bool(journal.streams.steps_owed)


@pytest.mark.parametrize("kind", ["postgres"])
def test_never_crowded(journal: Journal) -> None:
    """Without a log housekeeping can always wait."""
    journal.fill(ADA, 100)
    assert not bool(journal.streams.steps_owed)


@pytest.mark.parametrize("kind", ["postgres"])
def test_two_writers(place: Place, retention: Retention) -> None:
    """Writers in two processes neither deadlock nor give out a number twice."""
    journals = [Journal(place, compacting=False, retention=retention) for _ in range(2)]
    chance = Random(1)  # noqa: S311 (the same each time)
    crowds = [[[ADA, *chance.sample(range(2, 400), 150)] for _ in range(25)] for _ in journals]

    def write(journal: Journal, batches: list[list[int]]) -> list[int]:
        return [journal.append(NewEvent(b"a", users))[0][ADA] for users in batches]

    with ThreadPoolExecutor() as pool:
        given = [number for some in pool.map(write, journals, crowds) for number in some]
    assert sorted(given) == list(range(1, 51))


# Who caused an event


def hide(journal: Journal, author: int, *, from_: int) -> None:
    """Leave out of the one's stream what the other causes."""
    with journal.database.transaction(write=True) as tx:
        journal.streams.hide(tx, from_, author)


@pytest.fixture
def people(journal: Journal) -> Journal:
    """Streams of people who have accounts."""
    with journal.database.transaction(write=True) as tx:
        for key in (ADA, BOB, EVE):
            tx.execute(
                "INSERT INTO account (id, guest, name, created_at) VALUES (:id, :no, '', 0)",
                {"id": str(key), "no": False},
            )
    return journal


def test_author(journal: Journal) -> None:
    """An event tells who caused it, live and in a page."""
    with journal.database.transaction(write=True) as tx:
        (live,) = journal.streams.append(tx, [NewEvent(b"a", [ADA], BOB)], NOW)
    assert (live.author, journal.page(ADA).entries) == (BOB, [Stored(1, b"a", BOB)])


def test_hidden(people: Journal) -> None:
    """A hidden author's event takes a number; it is neither told nor in a page."""
    hide(people, BOB, from_=ADA)
    appended = people.append(NewEvent(b"a", [ADA, EVE], BOB), NewEvent(b"b", [ADA], EVE))
    assert appended == [{EVE: 1}, {ADA: 2}]
    assert people.page(ADA) == Stretch([Stored(2, b"b", EVE)], 1, 2, 2, complete=True)


def test_hidden_afterwards(people: Journal) -> None:
    """What came before somebody was hidden is in no page any more."""
    people.append(NewEvent(b"a", [ADA, EVE], BOB))
    hide(people, BOB, from_=ADA)
    assert (people.bodies(ADA), people.bodies(EVE)) == ([], [b"a"])
    assert people.page(ADA) == Stretch([], 1, 1, 1, complete=True)


def test_hidden_twice_shown_once(people: Journal) -> None:
    """Hiding twice is hiding once; what is shown again is all there."""
    hide(people, BOB, from_=ADA)
    hide(people, BOB, from_=ADA)
    people.append(NewEvent(b"a", [ADA], BOB))
    with people.database.transaction(write=True) as tx:
        people.streams.show(tx, ADA, BOB)
    assert people.append(NewEvent(b"b", [ADA], BOB)) == [{ADA: 2}]
    assert people.bodies(ADA) == [b"a", b"b"]


def test_nobody_hides_the_service(people: Journal) -> None:
    """What the service itself says is never hidden."""
    hide(people, BOB, from_=ADA)
    assert people.append(NewEvent(b"a", [ADA])) == [{ADA: 1}]


def test_page_of_hidden(people: Journal) -> None:
    """A page full of hidden events is empty, and leads on to the next."""
    hide(people, BOB, from_=ADA)
    people.append(*(NewEvent(b"a", [ADA], BOB) for _ in range(PAGE_MESSAGES)))
    people.append(NewEvent(b"b", [ADA], EVE))
    first, second = people.pages(ADA)
    assert (first.entries, first.end) == ([], PAGE_MESSAGES)
    assert second.entries == [Stored(PAGE_MESSAGES + 1, b"b", EVE)]


def test_erased(journal: Journal) -> None:
    """What an author caused is gone from all streams; the numbers stay."""
    journal.append(NewEvent(b"a", [ADA, EVE], BOB), NewEvent(b"b", [ADA], EVE))
    journal.erase(BOB)
    assert (journal.bodies(ADA), journal.bodies(EVE)) == ([b"b"], [])
    assert journal.page(ADA).end == 2


def test_erased_in_part(journal: Journal) -> None:
    """Only that author's events which contain something are erased."""
    journal.append(*(NewEvent(body, [ADA], BOB) for body in (b"mood-1 x", b"mood-2 x")))
    journal.append(NewEvent(b"mood-1 x", [ADA], EVE))
    journal.erase(BOB, b"mood-1")
    assert journal.bodies(ADA) == [b"mood-2 x", b"mood-1 x"]


def test_erased_after_restart(journal: Journal) -> None:
    """What was caused before the process began is found, in the log or out of it."""
    journal.append(NewEvent(b"a", [ADA], BOB), NewEvent(b"b", [ADA], EVE))
    journal.start()
    journal.erase(BOB)
    assert journal.bodies(ADA) == [b"b"]


@pytest.mark.parametrize("kind", ["sqlite-log"])
def test_erased_half_way(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    """An author's events are found while some have left the log and others have not."""
    monkeypatch.setattr(backlog, "CHUNK_ROWS", 2)
    monkeypatch.setattr(backlog, "LEAST", 1.0)
    for body in (b"a", b"b", b"c", b"d"):
        journal.append(NewEvent(body, [ADA], BOB))
    journal.streams.step(journal.database)
    journal.streams.step(journal.database)
    journal.append(NewEvent(b"e", [ADA], BOB))
    with journal.database.transaction(write=False) as tx:
        assert tx.rows("SELECT count(*) FROM fanout") == [(3,)]
    journal.erase(BOB)
    assert journal.bodies(ADA) == []


def test_erased_in_vain(journal: Journal) -> None:
    """What is erased in a transaction that is undone is still there, and can be erased."""
    journal.append(NewEvent(b"a", [ADA], BOB))
    with suppress(OurFailureError), journal.database.transaction(write=True) as tx:
        journal.streams.disown(tx, BOB, 9)
        raise OurFailureError
    journal.streams.forget()
    assert journal.bodies(ADA) == [b"a"]
    assert (journal.disown(BOB, 9), journal.bodies(ADA)) == (1, [])


def test_disowned(journal: Journal) -> None:
    """A bit at a time nothing is left of an author, and nothing tells who it was."""
    journal.append(*(NewEvent(b"a", [ADA], BOB) for _ in range(5)))
    journal.append(NewEvent(b"b", [ADA], EVE))
    counts = [journal.disown(BOB, 2) for _ in range(4)]
    journal.compact()
    with journal.database.transaction(write=False) as tx:
        of_bob = tx.rows("SELECT count(*) FROM event WHERE author = :bob", {"bob": BOB})
    assert (counts, of_bob, journal.bodies(ADA)) == ([2, 2, 1, 0], [(0,)], [b"b"])


@pytest.mark.parametrize("kind", ["sqlite-log"])
def test_disowned_half_way(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is leaving the log counts once: a piece that seemed smaller looked like the last."""
    monkeypatch.setattr(backlog, "CHUNK_ROWS", 2)
    monkeypatch.setattr(backlog, "LEAST", 1.0)
    for body in (b"a", b"b", b"c", b"d"):
        journal.append(NewEvent(body, [ADA], BOB))
    journal.streams.step(journal.database)
    journal.streams.step(journal.database)
    counts = [journal.disown(BOB, 3) for _ in range(3)]
    assert (counts, journal.bodies(ADA)) == ([3, 1, 0], [])


@pytest.mark.parametrize("kind", ["sqlite-compacted"])
def test_old_events_are_not_listed(journal: Journal) -> None:
    """With an old event goes what says who caused it."""
    journal.append(NewEvent(b"a", [ADA], BOB), NewEvent(b"b", [ADA], EVE))
    journal.now += 29 * DAY
    journal.append(NewEvent(b"c", [ADA], BOB))
    journal.now += 2 * DAY
    journal.tidy()
    with journal.database.transaction(write=False) as tx:
        left = tx.rows("SELECT authored.author, body FROM authored JOIN event ON id = event_id")
        assert tx.rows("SELECT count(*) FROM authored") == [(len(left),)]
    assert left == [(BOB, b"c")]


def test_dropped(journal: Journal) -> None:
    """The stream of one who is no more holds nothing; others' are as they were."""
    journal.append(NewEvent(b"a", [ADA, BOB]))
    journal.compact()
    with journal.database.transaction(write=True) as tx:
        journal.streams.drop(tx, ADA)
    assert (journal.position(ADA), journal.bodies(ADA)) == (0, [])
    assert journal.bodies(BOB) == [b"a"]
