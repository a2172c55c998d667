"""Each person's stream: contiguous numbers, written with the command that caused them.

`append` gives a batch of events the next numbers of all their recipients at once, in
the transaction of the commands; `page` reads a stretch back. What a stream looks like
in tables differs by database: see `sqlite_streams` and `postgres_streams`.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

from hugmood.store.database import Database, Transaction

PAGE_MESSAGES: Final = 100
PAGE_BYTES: Final = 256 * 1024

_COUNTER_BITS: Final = 20


class NewEvent(NamedTuple):
    """An event to be stored: its message without number, and its recipients' keys."""

    prefix: bytes
    users: Sequence[int]


class Numbered(NamedTuple):
    """An event with its number in each recipient's stream, in the same order."""

    prefix: bytes
    users: Sequence[int]
    numbers: Sequence[int]


class Stretch(NamedTuple):
    """What a stream holds from `start` to `end`; `head` is its newest number.

    `complete` is False where it begins later than was asked: the rest was pruned.
    """

    entries: list[tuple[int, bytes]]
    start: int
    end: int
    head: int
    complete: bool


class Retention(NamedTuple):
    """How much of each stream is kept: `age` in ms, and how many events."""

    age: int = 30 * 24 * 3600 * 1000
    events: int = 10_000


DEFAULT_RETENTION: Final = Retention()


class Streams(Protocol):
    """The durable streams in one kind of database."""

    def append(self, tx: Transaction, events: Sequence[NewEvent], now: int) -> list[Numbered]:
        """Store events and give out their recipients' next numbers."""
        ...

    def heads(self, tx: Transaction, users: Sequence[int]) -> list[int]:
        """Return each user's newest number, 0 where there is none."""
        ...

    def position(self, tx: Transaction, user: int) -> int:
        """Return a user's newest number as this transaction sees it, nothing cached."""
        ...

    def page(self, tx: Transaction, user: int, after: int) -> Stretch:
        """Read at most 100 events or 256 KiB that follow a number."""
        ...

    def forget(self) -> None:
        """Drop what is remembered of the tables: a transaction was undone."""
        ...

    @property
    def crowded(self) -> bool:
        """Tell that housekeeping cannot wait for an idle moment."""
        ...

    def tidy(self, database: Database, now: int) -> bool:
        """Do a bounded piece of housekeeping; True if there is more to do."""
        ...


def event_id(now: int, last: int) -> int:
    """Return an id later than `last`: milliseconds, then 20 bits to tell apart."""
    return max(last + 1, now << _COUNTER_BITS)


def oldest_id(time: int) -> int:
    """Return the smallest id an event of this time (ms) can have."""
    return time << _COUNTER_BITS


def stretch(entries: list[tuple[int, bytes]], after: int, head: int, pruned: int) -> Stretch:
    """Cut entries to one page; `pruned` is the newest number no longer kept.

    `entries` hold all that follows `after`, or one more than a page can take.
    """
    if after > head:
        return Stretch([], head, head, head, complete=False)
    start = max(after, pruned) + 1
    kept = _fitting(entries)
    end = head if len(kept) == len(entries) else kept[-1][0]
    return Stretch(kept, start, max(end, start - 1), head, complete=after >= pruned)


def _fitting(entries: list[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    size = 0
    for count, (_, prefix) in enumerate(entries):
        size += len(prefix)
        if count and (size > PAGE_BYTES or count >= PAGE_MESSAGES):
            return entries[:count]
    return entries
