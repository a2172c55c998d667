"""Streams on SQLite: a fan-out log, compacted into segments in user order.

A random insert per recipient costs SQLite a page each. So an event takes one row in
`fanout`, all recipients and numbers in two blobs; later commits move what is in many such
rows into `inbox`, user by user (`backlog.py`), where a row is a segment: up to a hundred
consecutive events of one user. When events leave the log, `authored` lists them by author.
The writer, being alone, keeps the heads in memory, and who has and who caused what in the
log; they are what the tables say, and are read from them again when in doubt.
"""

import sys
from array import array
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Final

from hugmood.store.backlog import SEGMENT_SPAN, Backlog
from hugmood.store.database import Database, Transaction, one
from hugmood.store.streams import (
    DEFAULT_RETENTION,
    PAGE_MESSAGES,
    Filters,
    NewEvent,
    Numbered,
    Retention,
    Step,
    Stored,
    Stretch,
    ask_who_filters,
    event_id,
    hidden_authors,
    oldest_id,
    stretch,
    to_be_told,
)

_SWEEP_USERS: Final = 200
"""Users looked at in one transaction, where the oldest segment of each says if any is old."""
_PRUNED_SEGMENTS: Final = 500
"""Segments deleted in one transaction; the user at whom it is enough is still finished."""
_WORD: Final = 8
_ORDER: Final = sys.byteorder

_INSERT_EVENT = "INSERT INTO event (id, body, author) VALUES (:id, :body, :author)"
_INSERT_FANOUT = "INSERT INTO fanout (event_id, users, numbers) VALUES (:id, :users, :numbers)"
_LOG = """
    SELECT event_id, users, numbers, author FROM fanout JOIN event ON event.id = event_id
    ORDER BY event_id
"""
_LOG_SIZES = """
    SELECT event_id, length(users) FROM fanout WHERE event_id <= :upto
    ORDER BY event_id LIMIT :rows
"""
_LOG_OF_USER = """
    SELECT event_id, users, numbers FROM fanout WHERE instr(users, :packed) ORDER BY event_id
"""
_HEADS = """
    SELECT wanted.value, max(
        coalesce((SELECT max(last_number) FROM inbox WHERE user_key = wanted.value), 0),
        coalesce((SELECT last_number FROM stream_head WHERE user_key = wanted.value), 0))
    FROM json_each(:users) AS wanted
"""
_PRUNED = "SELECT pruned_number FROM stream_head WHERE user_key = :user"
_SEGMENTS = """
    SELECT last_number, events FROM inbox
    WHERE user_key = :user AND last_number > :after ORDER BY last_number LIMIT :limit
"""
_BODIES = """
    SELECT id, body, author FROM event WHERE id IN (SELECT value FROM json_each(:ids))
"""
_INSERT_SEGMENT = """
    INSERT INTO inbox (user_key, last_number, last_event, events)
    VALUES (:user, :number, :event, :events)
"""
_DROP_LOG = "DELETE FROM fanout WHERE event_id <= :event"
_NEXT_USERS = """
    WITH RECURSIVE users (key) AS (
        SELECT min(user_key) FROM inbox WHERE user_key > :after
        UNION ALL
        SELECT (SELECT min(user_key) FROM inbox WHERE user_key > users.key)
        FROM users WHERE users.key IS NOT NULL LIMIT :limit)
    SELECT key FROM users WHERE key IS NOT NULL
"""
_STALE = """
    WITH ends AS (
        SELECT value AS user,
            (SELECT min(last_number) FROM inbox WHERE user_key = value) AS first,
            (SELECT max(last_number) FROM inbox WHERE user_key = value) AS head
        FROM json_each(:users))
    SELECT user, head, (
        SELECT max(last_number) FROM inbox
        WHERE user_key = user AND (last_event < :oldest OR last_number <= head - :events))
    FROM ends JOIN inbox ON user_key = user AND last_number = first
    WHERE last_event < :oldest OR last_number <= head - :events ORDER BY user
"""
_PRUNE = "DELETE FROM inbox WHERE user_key = :user AND last_number <= :number"
_MARK_PRUNED = """
    INSERT INTO stream_head (user_key, last_number, pruned_number)
    VALUES (:user, :head, :number) ON CONFLICT (user_key) DO UPDATE
    SET last_number = excluded.last_number, pruned_number = excluded.pruned_number
"""
_LIST_AUTHORS = """
    INSERT OR IGNORE INTO authored (author, event_id)
    SELECT author, id FROM event
    WHERE id IN (SELECT event_id FROM fanout WHERE event_id <= :event) AND author <> 0
    ORDER BY author, id
"""
_ERASE = """
    UPDATE event SET body = x'' WHERE author = :author AND instr(body, :containing) AND id IN (
        SELECT event_id FROM authored WHERE author = :author
        UNION ALL SELECT value FROM json_each(:logged))
"""
_AUTHORED = "SELECT event_id FROM authored WHERE author = :author LIMIT :most"
_DISOWN = """
    UPDATE event SET body = x'', author = 0
    WHERE id IN (SELECT value FROM json_each(:events)) AND author = :author
"""
_UNLIST = """
    DELETE FROM authored
    WHERE author = :author AND event_id IN (SELECT value FROM json_each(:events))
"""
_DROP_INBOX = "DELETE FROM inbox WHERE user_key = :user"
_DROP_HEAD = "DELETE FROM stream_head WHERE user_key = :user"
_OLD_EVENTS = """
    SELECT id, author FROM event
    WHERE id < :oldest AND id < coalesce((SELECT min(event_id) FROM fanout), :oldest)
    ORDER BY id LIMIT 1000
"""
_DROP_EVENTS = "DELETE FROM event WHERE id <= :last"
_UNLIST_OLD = """
    DELETE FROM authored
    WHERE author IN (SELECT value FROM json_each(:authors)) AND event_id <= :last
"""


class SqliteStreams(Filters):
    """The streams in one SQLite file; the writer has one, each reader its own."""

    def __init__(self, retention: Retention = DEFAULT_RETENTION) -> None:
        """Know nothing yet; the heads are read when first needed."""
        self._retention = retention
        self._heads: dict[int, int] | None = None
        self._last_event = 0
        self._backlog = Backlog()

    def append(self, tx: Transaction, events: Sequence[NewEvent], now: int) -> list[Numbered]:
        """Store events and give out their recipients' next numbers."""
        if not events:
            return []
        heads = self._load(tx, chain.from_iterable(event.users for event in events))
        numbered, rows = [], []
        for event in events:
            users = array("q", event.users)
            numbers = array("q", [head + 1 for head in map(heads.__getitem__, event.users)])
            heads.update(zip(event.users, numbers, strict=True))
            self._last_event = event_id(now, self._last_event)
            self._backlog.add(self._last_event, event.users, event.author)
            numbered.append(Numbered(event.prefix, users, numbers, event.author))
            rows.append(
                {
                    "id": self._last_event,
                    "body": event.prefix,
                    "author": event.author,
                    "users": users.tobytes(),
                    "numbers": numbers.tobytes(),
                }
            )
        tx.execute_many(_INSERT_EVENT, rows)
        tx.execute_many(_INSERT_FANOUT, rows)
        return to_be_told(numbered, ask_who_filters(tx, events)())

    def heads(self, tx: Transaction, users: Sequence[int]) -> list[int]:
        """Return each user's newest number, 0 where there is none."""
        heads = self._load(tx, users)
        return [heads[user] for user in users]

    def position(self, tx: Transaction, user: int) -> int:
        """Return a user's newest number as this transaction sees it, nothing cached."""
        return _standing(tx, user)[1]

    def page(self, tx: Transaction, user: int, after: int) -> Stretch:
        """Read at most 100 events or 256 KiB that follow a number."""
        tail, head = _standing(tx, user)
        pruned = one(tx.rows(_PRUNED, {"user": user}))
        known = _compacted(tx, user, after) + [entry for entry in tail if entry[0] > after]
        entries = _with_bodies(tx, known[: PAGE_MESSAGES + 1])
        hidden = hidden_authors(tx, user)
        return stretch(entries, after, head, pruned[0] if pruned else 0, hidden)

    def erase(self, tx: Transaction, author: int, containing: bytes = b"") -> None:
        """Take what this author caused out of all streams; the numbers stay."""
        self._load(tx)
        logged = str(self._backlog.caused_by(author))
        tx.execute(_ERASE, {"author": author, "containing": containing, "logged": logged})

    def disown(self, tx: Transaction, author: int, most: int) -> int:
        """Erase so many events of an author who is no more, and who it was; count them."""
        self._load(tx)
        listed = [event for (event,) in tx.rows(_AUTHORED, {"author": author, "most": most})]
        # What is leaving the log is in both; and all count, for fewer than `most` are the last.
        events = [*dict.fromkeys([*listed, *self._backlog.caused_by(author)])][:most]
        self._backlog.disowned(author, events)
        params = {"author": author, "events": str(events)}
        tx.execute(_UNLIST, params)
        tx.execute(_DISOWN, params)
        return len(events)

    def drop(self, tx: Transaction, user: int) -> None:
        """Delete a user's stream; what the log still has of it is pruned in time."""
        tx.execute(_DROP_INBOX, {"user": user})
        tx.execute(_DROP_HEAD, {"user": user})

    def forget(self) -> None:
        """Drop what is remembered: a transaction was undone."""
        self._heads = None
        self._backlog = Backlog()

    def step(self, database: Database) -> Step:
        """Move some users' events into segments, or drop from the log what is moved."""
        if self._heads is None:
            with database.transaction(write=False) as tx:
                self._load(tx)
        backlog = self._backlog
        if not backlog.size:
            return Step(more=False)
        cycle = backlog.begin(self._last_event, self._heads or {})
        users = cycle.chunk(backlog.part)
        if users:
            with database.transaction(write=True) as tx:
                tx.execute_many(_INSERT_SEGMENT, cycle.segments(users))
            backlog.moved(users)
        else:
            with database.transaction(write=True) as tx:
                deliveries, last = _drop_log(tx, cycle.upto, backlog.rows)
            backlog.dropped(deliveries, last=last)
        return Step(more=True)

    def prune(self, tx: Transaction, after: int, as_of: int) -> int | None:
        """Delete the old events of some users; see `Streams`."""
        oldest = oldest_id(as_of - self._retention.age)
        wanted = {"after": after, "limit": _SWEEP_USERS}
        users = [key for (key,) in tx.rows(_NEXT_USERS, wanted)]
        bounds = {"users": str(users), "oldest": oldest, "events": self._retention.events}
        pruned = 0
        for user, head, upto in tx.rows(_STALE, bounds):
            stale = {"user": user, "number": upto, "head": head}
            pruned += tx.execute(_PRUNE, stale)
            tx.execute(_MARK_PRUNED, stale)
            if pruned >= _PRUNED_SEGMENTS:
                return int(user)
        if users:
            return int(users[-1])
        # Every inbox is clean now: segments still kept begin after this.
        unused = oldest_id(as_of - self._retention.age - SEGMENT_SPAN)
        return after if _drop_events(tx, unused) else None

    @property
    def steps_owed(self) -> int:
        """Tell how many steps are due although somebody waits: the log is too long."""
        return self._backlog.steps_owed

    # Within

    def _load(self, tx: Transaction, users: Iterable[int] = ()) -> dict[int, int]:
        heads = self._heads
        if heads is None:
            heads = self._heads = self._read_log(tx)
        missing = [user for user in users if user not in heads]
        if missing:
            known: dict[int, int] = dict(tx.rows(_HEADS, {"users": str(sorted(set(missing)))}))
            heads.update((user, known.get(user, 0)) for user in missing)
        return heads

    def _read_log(self, tx: Transaction) -> dict[int, int]:
        """Read who has what in the log, less what a cycle that was broken off has moved."""
        heads: dict[int, int] = {}
        (newest,) = tx.rows("SELECT coalesce(max(id), 0) FROM event")[0]
        self._last_event = max(self._last_event, newest)
        log = [
            (event, _words(users), _words(numbers), author)
            for event, users, numbers, author in tx.rows(_LOG)
        ]
        for _, users, numbers, _ in log:
            heads.update(zip(users, numbers, strict=True))
        moved: dict[int, int] = dict(tx.rows(_HEADS, {"users": str(sorted(heads))}))
        backlog = self._backlog = Backlog()
        for event, users, numbers, author in log:
            pairs = zip(users, numbers, strict=True)
            backlog.add(event, [user for user, number in pairs if number > moved[user]], author)
        backlog.found(sum(len(users) for _, users, _, _ in log))
        return heads


def _words(packed: bytes) -> "array[int]":
    words = array("q")
    words.frombytes(packed)
    return words


def _drop_log(tx: Transaction, upto: int, most: int) -> tuple[int, bool]:
    """Drop the oldest rows up to an event; return how many deliveries, and if it was all."""
    sizes = tx.rows(_LOG_SIZES, {"upto": upto, "rows": most})
    if sizes:
        tx.execute(_LIST_AUTHORS, {"event": sizes[-1][0]})
        tx.execute(_DROP_LOG, {"event": sizes[-1][0]})
    return sum(size for _, size in sizes) // _WORD, len(sizes) < most


def _drop_events(tx: Transaction, oldest: int) -> bool:
    """Drop some events with smaller ids than this, which no stream has; False for none."""
    old = tx.rows(_OLD_EVENTS, {"oldest": oldest})
    if old:
        authors = str(sorted({author for _, author in old}))
        tx.execute(_UNLIST_OLD, {"authors": authors, "last": old[-1][0]})
        tx.execute(_DROP_EVENTS, {"last": old[-1][0]})
    return bool(old)


def _standing(tx: Transaction, user: int) -> tuple[list[tuple[int, int]], int]:
    """Return the (number, event) of this user that only the log has, and the newest number."""
    compacted: int = tx.rows(_HEADS, {"users": str([user])})[0][1]
    tail = _tail(tx, user, compacted)
    return tail, tail[-1][0] if tail else compacted


def _tail(tx: Transaction, user: int, compacted: int) -> list[tuple[int, int]]:
    """Return the (number, event) of this user that are in the log and not in segments."""
    packed = array("q", [user]).tobytes()
    found = []
    for event, users, numbers in tx.rows(_LOG_OF_USER, {"packed": packed}):
        at = users.find(packed)
        while at >= 0 and at % _WORD:  # bytes of two neighbours can look like a key
            at = users.find(packed, at + 1)
        if at >= 0:
            number = int.from_bytes(numbers[at : at + _WORD], _ORDER, signed=True)
            if number > compacted:
                found.append((number, event))
    return found


def _compacted(tx: Transaction, user: int, after: int) -> list[tuple[int, int]]:
    """Return the (number, event) after a number that stand in segments, a page and one."""
    wanted = {"user": user, "after": after, "limit": PAGE_MESSAGES + 1}
    found: list[tuple[int, int]] = []
    for last, packed in tx.rows(_SEGMENTS, wanted):
        events = _words(packed)
        first = last - len(events) + 1
        skip = max(0, after + 1 - first)
        found += enumerate(events[skip:], first + skip)
        if len(found) > PAGE_MESSAGES:
            break
    return found


def _with_bodies(tx: Transaction, known: list[tuple[int, int]]) -> list[Stored]:
    if not known:
        return []
    ids = str([event for _, event in known])
    bodies = {event: (body, author) for event, body, author in tx.rows(_BODIES, {"ids": ids})}
    return [Stored(number, *bodies[event]) for number, event in known]
