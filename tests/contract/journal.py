"""Streams as a writer has them, and as an independent reader sees them."""

from collections.abc import Iterator
from contextlib import suppress

from hugmood.store.sqlite import Sqlite
from hugmood.store.sqlite_streams import SqliteStreams
from hugmood.store.streams import NewEvent, Numbered, Retention, Stretch
from tests.databases import Place, streams_for

NOW = 1_700_000_000_000
HOUR = 3600 * 1000
DAY = 24 * HOUR
SWEEP = 60_000
"""How often old events are looked for, ms."""
ADA, BOB, EVE = 1, 2, 3
NOBODY = 99

Numbers = dict[int, int]
"""The number that each recipient's stream gave to an event."""


class OurFailureError(Exception):
    """Something that goes wrong in the middle."""


class Journal:
    """Streams as a writer has them, and as an independent reader sees them."""

    def __init__(self, place: Place, *, compacting: bool, retention: Retention) -> None:
        self._place = place
        self._retention = retention
        self._compacting = compacting
        self.now = NOW
        self._round: tuple[int, int] | None = None
        self.database = place.open()
        self._reading = place.open()
        if isinstance(self.database, Sqlite):  # nothing crashes here
            self.database._connection.execute("PRAGMA synchronous = OFF")
        self.start()

    def clear(self) -> None:
        """Begin again with nothing."""
        tables = ["inbox", "event", "stream_head", "fanout"]
        tables += ["authored"] if self._place.dialect == "sqlite" else []
        with self.database.transaction(write=True) as tx:
            for table in tables:
                tx.execute(f"DELETE FROM {table}")  # noqa: S608 (our own tables)
        self.now = NOW
        self._round = None
        self.start()

    def start(self) -> None:
        """Start anew, knowing nothing but what is in the database."""
        self.streams = streams_for(self._place, self._retention)
        self._reader = streams_for(self._place, self._retention)

    def append(self, *events: NewEvent) -> list[Numbers]:
        """Append in a transaction of their own, and see to it that it reaches all."""
        with self.database.transaction(write=True) as tx:
            numbered = self.streams.append(tx, events, self.now)
        if self._compacting:
            self.compact()
        elif self._place.dialect == "postgres" and self.streams.steps_owed:
            numbered += self.settle()
        if len(numbered) > len(events):
            return _joined(numbered, events)
        assert [event.prefix for event in numbered] == [event.prefix for event in events]
        return [_numbers(event) for event in numbered]

    def settle(self) -> list[Numbered]:
        """Take all steps there are; return what reached its recipients by them."""
        told: list[Numbered] = []
        more = True
        while more:
            more, some = self.streams.step(self.database)
            told += some
        return told

    def fill(self, user: int, count: int, *, size: int = 1) -> None:
        """Append so many events for one user."""
        self.append(*(NewEvent(bytes(size), [user]) for _ in range(count)))

    def append_in_vain(self, *events: NewEvent) -> None:
        """Append in a transaction that is undone."""
        with suppress(OurFailureError), self.database.transaction(write=True) as tx:
            self.streams.append(tx, events, self.now)
            raise OurFailureError
        self.streams.forget()

    def erase(self, author: int, containing: bytes = b"") -> None:
        """Take out what somebody caused."""
        with self.database.transaction(write=True) as tx:
            self.streams.erase(tx, author, containing)

    def disown(self, author: int, most: int) -> int:
        """Erase some of what somebody caused, and who it was."""
        with self.database.transaction(write=True) as tx:
            return self.streams.disown(tx, author, most)

    def compact(self) -> None:
        """Empty SQLite's log, but do not look for old events yet."""
        while isinstance(self.streams, SqliteStreams) and self.streams._backlog.size:
            self.streams.step(self.database)

    def tidy(self) -> None:
        """Do all the housekeeping there is."""
        self.now += SWEEP
        while self.streams.step(self.database).more:
            pass
        while self.prune_some():  # a round may be under way
            pass
        while self.prune_some():
            pass

    def prune_some(self) -> bool:
        """Take a step of a round of pruning; False at its end."""
        after, as_of = self._round or (0, self.now)
        with self.database.transaction(write=True) as tx:
            further = self.streams.prune(tx, after, as_of)
        self._round = None if further is None else (further, as_of)
        return further is not None

    def page(self, user: int, after: int = 0) -> Stretch:
        """Read as another process does."""
        with self._reading.transaction(write=False) as tx:
            return self._reader.page(tx, user, after)

    def pages(self, user: int, after: int = 0) -> Iterator[Stretch]:
        """Read on until there is no more."""
        while True:
            page = self.page(user, after)
            yield page
            after = page.end
            if after >= page.head:
                return

    def bodies(self, user: int) -> list[bytes]:
        """Read all there is."""
        return [body for page in self.pages(user) for _, body, _ in page.entries]

    def heads(self, *users: int) -> list[int]:
        """The newest numbers, as the writer knows them."""
        with self.database.transaction(write=True) as tx:
            return self.streams.heads(tx, users)

    def position(self, user: int) -> int:
        """The newest number, as another process sees it."""
        with self._reading.transaction(write=False) as tx:
            return self._reader.position(tx, user)


def _joined(numbered: list[Numbered], events: tuple[NewEvent, ...]) -> list[Numbers]:
    """Put together again what reached its recipients in steps; events must differ."""
    joined: dict[bytes, Numbers] = {event.prefix: {} for event in events}
    assert len(joined) == len(events)
    for part in numbered:
        joined[part.prefix] |= _numbers(part)
    return list(joined.values())


def _numbers(event: Numbered) -> Numbers:
    return dict(zip(event.users, event.numbers, strict=True))
