"""Each person's stream: contiguous numbers, written with the command that caused them.

`append` gives a batch of events the next numbers of all their recipients at once, in
the transaction of the commands; `page` reads a stretch back. What a stream looks like
in tables differs by database: see `sqlite_streams` and `postgres_streams`.
"""

from collections.abc import Callable, Container, Sequence
from typing import Final, NamedTuple, Protocol

from hugmood.store.database import Database, Row, Transaction

PAGE_MESSAGES: Final = 100
PAGE_BYTES: Final = 256 * 1024

_COUNTER_BITS: Final = 20


SERVICE: Final = 0
"""The author of what nobody caused; no account has this key."""


class NewEvent(NamedTuple):
    """An event to be stored: its message without number, and its recipients' keys.

    `author` is the key of the person who caused it: some recipients may not want to
    hear of that person.
    """

    prefix: bytes
    users: Sequence[int]
    author: int = SERVICE


class Numbered(NamedTuple):
    """An event with its number in each recipient's stream, in the same order.

    Recipients who filter its author have their number too, but are left out here.
    """

    prefix: bytes
    users: Sequence[int]
    numbers: Sequence[int]
    author: int = SERVICE


class Stored(NamedTuple):
    """An event in one user's stream."""

    number: int
    prefix: bytes
    author: int = SERVICE


class Stretch(NamedTuple):
    """What a stream holds from `start` to `end`; `head` is its newest number.

    Events that were erased, or whose author is filtered, are left out of `entries`, and
    counted by the bounds. `complete` is False where it begins later than was asked: the
    rest was pruned.
    """

    entries: list[Stored]
    start: int
    end: int
    head: int
    complete: bool


class Retention(NamedTuple):
    """How much of each stream is kept: `age` in ms, and how many events."""

    age: int = 30 * 24 * 3600 * 1000
    events: int = 10_000


class Step(NamedTuple):
    """What a step of further work did: `told` have their numbers now; is there `more` to do?"""

    more: bool
    told: Sequence[Numbered] = ()


DEFAULT_RETENTION: Final = Retention()


class Streams(Protocol):
    """The durable streams in one kind of database."""

    def append(self, tx: Transaction, events: Sequence[NewEvent], now: int) -> list[Numbered]:
        """Store events and give out their recipients' next numbers.

        For many people that may be left to steps, after the transaction; what is returned
        is for those who have their numbers now.
        """
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

    def hide(self, tx: Transaction, user: int, author: int) -> None:
        """Leave what this author causes out of a user's stream, live and in pages."""
        ...

    def show(self, tx: Transaction, user: int, author: int) -> None:
        """Undo `hide`."""
        ...

    def erase(self, tx: Transaction, author: int, containing: bytes = b"") -> None:
        """Take what this author caused out of all streams; the numbers stay.

        With `containing` only the events whose message has these bytes in it.
        """
        ...

    def disown(self, tx: Transaction, author: int, most: int) -> int:
        """Erase so many events of an author who is no more, and who it was; count them."""
        ...

    def drop(self, tx: Transaction, user: int) -> None:
        """Delete a user's stream, who is no more."""
        ...

    def forget(self) -> None:
        """Drop what is remembered of the tables: a transaction was undone."""
        ...

    @property
    def steps_owed(self) -> int:
        """Tell how many steps are due now, as they cannot wait for an idle moment."""
        ...

    def step(self, database: Database) -> Step:
        """Do some of what is left after transactions, in one of its own."""
        ...

    def prune(self, tx: Transaction, after: int, as_of: int) -> int | None:
        """Delete the old events of some users whose keys follow `after`.

        Returns what to go on after, None when all is done. `as_of` (ms) decides what is
        old, and must be the same from the first step to the last.
        """
        ...


def event_id(now: int, last: int) -> int:
    """Return an id later than `last`: milliseconds, then 20 bits to tell apart."""
    return max(last + 1, now << _COUNTER_BITS)


def oldest_id(time: int) -> int:
    """Return the smallest id an event of this time (ms) can have."""
    return time << _COUNTER_BITS


def stretch(
    entries: list[Stored], after: int, head: int, pruned: int, hidden: Container[int]
) -> Stretch:
    """Cut entries to one page; `pruned` is the newest number no longer kept.

    `entries` hold all that follows `after`, or one more than a page can take; those of
    `hidden` authors and those erased, which are empty, are taken out at last.
    """
    if after > head:
        return Stretch([], head, head, head, complete=False)
    start = max(after, pruned) + 1
    kept = _fitting(entries)
    end = head if len(kept) == len(entries) else kept[-1].number
    shown = [entry for entry in kept if entry.prefix and entry.author not in hidden]
    return Stretch(shown, start, max(end, start - 1), head, complete=after >= pruned)


def _fitting(entries: list[Stored]) -> list[Stored]:
    size = 0
    for count, entry in enumerate(entries):
        size += len(entry.prefix)
        if count and (size > PAGE_BYTES or count >= PAGE_MESSAGES):
            return entries[:count]
    return entries


_FILTERED: Final = {
    "sqlite": """
        SELECT author_key, user_key FROM stream_filter
        WHERE author_key IN (SELECT value FROM json_each(:authors))
    """,
    "postgres": """
        SELECT author_key, user_key FROM stream_filter
        WHERE author_key IN (SELECT jsonb_array_elements_text(:authors::text::jsonb)::bigint)
    """,
}
_HIDDEN: Final = "SELECT author_key FROM stream_filter WHERE user_key = :user"
_HIDE: Final = """
    INSERT INTO stream_filter (user_key, author_key) VALUES (:user, :author)
    ON CONFLICT DO NOTHING
"""
_SHOW: Final = "DELETE FROM stream_filter WHERE user_key = :user AND author_key = :author"


class Filters:
    """Whose events each user's stream leaves out; the same in every database."""

    def hide(self, tx: Transaction, user: int, author: int) -> None:
        """Leave what this author causes out of a user's stream, live and in pages."""
        tx.execute(_HIDE, {"user": user, "author": author})

    def show(self, tx: Transaction, user: int, author: int) -> None:
        """Undo `hide`."""
        tx.execute(_SHOW, {"user": user, "author": author})


def hidden_authors(tx: Transaction, user: int) -> set[int]:
    """Return those whose events this user's stream leaves out."""
    return {author for (author,) in tx.rows(_HIDDEN, {"user": user})}


def ask_who_filters(tx: Transaction, events: Sequence[NewEvent]) -> Callable[[], list[Row]]:
    """Ask who filters whom of the authors of these events, as `Transaction.ask` does."""
    authors = {event.author for event in events if event.author != SERVICE}
    return tx.ask(_FILTERED[tx.dialect], {"authors": str(sorted(authors))})


def to_be_told(numbered: list[Numbered], filters: Sequence[Row]) -> list[Numbered]:
    """Take out the recipients who filter the author of an event."""
    filtered = set(filters)
    return [_without(event, filtered) for event in numbered] if filtered else numbered


def _without(event: Numbered, filtered: set[tuple[int, ...]]) -> Numbered:
    told = [
        (user, number)
        for user, number in zip(event.users, event.numbers, strict=True)
        if (event.author, user) not in filtered
    ]
    return event._replace(users=[u for u, _ in told], numbers=[n for _, n in told])
