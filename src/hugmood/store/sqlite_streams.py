"""Streams on SQLite: a fan-out log, compacted into an inbox in user order.

A random insert per recipient costs SQLite a page each. So an event takes one row in
`fanout`, all recipients and numbers in two blobs; later commits move rows into
`inbox` in user order, many at a time. The writer, being alone, keeps the heads in
memory; they are what the tables say, and are read from them again when in doubt.
"""

import sys
from array import array
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from hugmood.store.database import Database, Row, Transaction, one
from hugmood.store.streams import (
    PAGE_MESSAGES,
    NewEvent,
    Numbered,
    Retention,
    Stretch,
    event_id,
    oldest_id,
    stretch,
)

BACKLOG_LIMIT: Final = 100_000
"""Deliveries that may wait in the log before commands must help to compact it."""

CHUNK: Final = 8_000
"""Deliveries moved in one transaction: well under 20 ms."""

_SWEEP_USERS: Final = 500
_SWEEP_EVERY: Final = 60_000
_WORD: Final = 8
_ORDER: Final = sys.byteorder

_INSERT_EVENT = "INSERT INTO event (id, body) VALUES (:id, :body)"
_INSERT_FANOUT = "INSERT INTO fanout (event_id, users, numbers) VALUES (:id, :users, :numbers)"
_LOG = "SELECT event_id, users, numbers FROM fanout ORDER BY event_id"
_LOG_OF_USER = """
    SELECT event_id, users, numbers FROM fanout WHERE instr(users, :packed) ORDER BY event_id
"""
_HEADS = """
    SELECT user_key, last_number FROM stream_head
    WHERE user_key IN (SELECT value FROM json_each(:users))
"""
_HEAD = "SELECT last_number, pruned_number FROM stream_head WHERE user_key = :user"
_INBOX = """
    SELECT inbox.number, event.body FROM inbox JOIN event ON event.id = inbox.event_id
    WHERE inbox.user_key = :user AND inbox.number > :after
    ORDER BY inbox.number LIMIT :limit
"""
_BODIES = """
    SELECT id, body FROM event WHERE id IN (SELECT value FROM json_each(:ids))
"""
_MOVE = "INSERT INTO inbox (user_key, number, event_id) VALUES (:user, :number, :event)"
_RAISE_HEAD = """
    INSERT INTO stream_head (user_key, last_number, pruned_number) VALUES (:user, :number, 0)
    ON CONFLICT (user_key) DO UPDATE SET last_number = excluded.last_number
"""
_DROP_LOG = "DELETE FROM fanout WHERE event_id <= :event"
_PRUNE = "DELETE FROM inbox WHERE user_key = :user AND number <= :number"
_MARK_PRUNED = """
    UPDATE stream_head SET pruned_number = max(pruned_number, :number) WHERE user_key = :user
"""
_SWEEP = """
    SELECT h.user_key, max(h.last_number - :events, h.pruned_number,
        coalesce((SELECT max(i.number) FROM inbox i
                  WHERE i.user_key = h.user_key AND i.event_id < :oldest), 0)) AS number,
        h.pruned_number
    FROM stream_head h WHERE h.user_key > :after ORDER BY h.user_key LIMIT :users
"""
_DROP_EVENTS = """
    DELETE FROM event WHERE id IN (
        SELECT id FROM event WHERE id < :oldest
        AND id < coalesce((SELECT min(event_id) FROM fanout), :oldest) LIMIT 1000)
"""


class _Sweep(NamedTuple):
    """How far the walk over all users, which prunes by age, has come."""

    after: int
    due: int


class SqliteStreams:
    """The streams in one SQLite file; the writer has one, each reader its own."""

    def __init__(self, retention: Retention = Retention()) -> None:
        """Know nothing yet; the heads are read when first needed."""
        self._retention = retention
        self._heads: dict[int, int] | None = None
        self._last_event = 0
        self._backlog = 0
        self._sweep = _Sweep(0, 0)

    def append(self, tx: Transaction, events: Sequence[NewEvent], now: int) -> list[Numbered]:
        """Store events and give out their recipients' next numbers."""
        if not events:
            return []
        heads = self._load(tx, {user for event in events for user in event.users})
        numbered, rows = [], []
        for event in events:
            numbers = array("q", [heads[user] + 1 for user in event.users])
            heads.update(zip(event.users, numbers, strict=True))
            self._last_event = event_id(now, self._last_event)
            self._backlog += len(numbers)
            numbered.append(Numbered(event.prefix, event.users, numbers))
            rows.append(
                {
                    "id": self._last_event,
                    "body": event.prefix,
                    "users": array("q", event.users).tobytes(),
                    "numbers": numbers.tobytes(),
                }
            )
        tx.execute_many(_INSERT_EVENT, rows)
        tx.execute_many(_INSERT_FANOUT, rows)
        return numbered

    def heads(self, tx: Transaction, users: Sequence[int]) -> list[int]:
        """Return each user's newest number, 0 where there is none."""
        heads = self._load(tx, set(users))
        return [heads[user] for user in users]

    def position(self, tx: Transaction, user: int) -> int:
        """Return a user's newest number as this transaction sees it, nothing cached."""
        row = one(tx.rows(_HEAD, {"user": user}))
        tail = _tail(tx, user)
        return max([row[0] if row else 0, *(number for number, _ in tail)])

    def page(self, tx: Transaction, user: int, after: int) -> Stretch:
        """Read at most 100 events or 256 KiB that follow a number."""
        row = one(tx.rows(_HEAD, {"user": user}))
        last, pruned = row if row else (0, 0)
        tail = _tail(tx, user)
        head = max([last, *(number for number, _ in tail)])
        wanted = {"user": user, "after": after, "limit": PAGE_MESSAGES + 1}
        entries = [(number, body) for number, body in tx.rows(_INBOX, wanted)]
        room = PAGE_MESSAGES + 1 - len(entries)
        newer = [entry for entry in tail if entry[0] > after]
        entries += _with_bodies(tx, newer[:room])
        return stretch(entries, after, head, pruned)

    def forget(self) -> None:
        """Drop the remembered heads: a transaction was undone."""
        self._heads = None

    def tidy(self, database: Database, now: int) -> bool:
        """Compact a chunk of the log, or else prune a few users' old events."""
        if self._backlog or self._heads is None:
            with database.transaction(write=True) as tx:
                moved = self._compact(tx)
            self._backlog = max(0, self._backlog - moved) if moved else 0
            return self._backlog > 0
        if now < self._sweep.due:
            return False
        with database.transaction(write=True) as tx:
            return self._prune(tx, now)

    @property
    def crowded(self) -> bool:
        """Tell that the log is too long to wait for an idle moment."""
        return self._backlog > BACKLOG_LIMIT

    # Within

    def _load(self, tx: Transaction, users: set[int]) -> dict[int, int]:
        heads = self._heads
        if heads is None:
            heads = self._heads = self._read_log(tx)
        missing = users - heads.keys()
        if missing:
            known: dict[int, int] = dict(tx.rows(_HEADS, {"users": str(sorted(missing))}))
            heads.update((user, known.get(user, 0)) for user in missing)
        return heads

    def _read_log(self, tx: Transaction) -> dict[int, int]:
        heads: dict[int, int] = {}
        self._backlog = 0
        (newest,) = tx.rows("SELECT coalesce(max(id), 0) FROM event")[0]
        self._last_event = max(self._last_event, newest)
        for _, users, numbers in tx.rows(_LOG):
            heads.update(zip(_words(users), _words(numbers), strict=True))
            self._backlog += len(users) // _WORD
        return heads

    def _compact(self, tx: Transaction) -> int:
        rows = _oldest(tx.rows(_LOG + " LIMIT 1000"))
        if not rows:
            return 0
        moved = sorted(
            (user, number, event)
            for event, users, numbers in rows
            for user, number in zip(_words(users), _words(numbers), strict=True)
        )
        tx.execute_many(_MOVE, [{"user": u, "number": n, "event": e} for u, n, e in moved])
        newest = {user: number for user, number, _ in moved}
        tx.execute_many(_RAISE_HEAD, [{"user": u, "number": n} for u, n in newest.items()])
        tx.execute(_DROP_LOG, {"event": rows[-1][0]})
        return len(moved)

    def _prune(self, tx: Transaction, now: int) -> bool:
        oldest = oldest_id(now - self._retention.age)
        rows = tx.rows(
            _SWEEP,
            {
                "events": self._retention.events,
                "oldest": oldest,
                "after": self._sweep.after,
                "users": _SWEEP_USERS,
            },
        )
        stale = [{"user": user, "number": upto} for user, upto, pruned in rows if upto > pruned]
        tx.execute_many(_PRUNE, stale)
        tx.execute_many(_MARK_PRUNED, stale)
        if len(rows) == _SWEEP_USERS:
            self._sweep = _Sweep(rows[-1][0], self._sweep.due)
            return True
        # Every inbox is clean now, so nothing points to these any more.
        if tx.execute(_DROP_EVENTS, {"oldest": oldest}):
            return True
        self._sweep = _Sweep(0, now + _SWEEP_EVERY)
        return False


def _words(packed: bytes) -> "array[int]":
    words = array("q")
    words.frombytes(packed)
    return words


def _oldest(rows: Iterable[Row]) -> list[Row]:
    """Take rows from the start of the log up to a chunk, and at least one."""
    chosen: list[Row] = []
    size = 0
    for row in rows:
        size += len(row[1]) // _WORD
        if chosen and size > CHUNK:
            break
        chosen.append(row)
    return chosen


def _tail(tx: Transaction, user: int) -> list[tuple[int, int]]:
    """Return the (number, event) of this user that are still in the log."""
    packed = array("q", [user]).tobytes()
    found = []
    for event, users, numbers in tx.rows(_LOG_OF_USER, {"packed": packed}):
        at = users.find(packed)
        while at >= 0 and at % _WORD:  # bytes of two neighbours can look like a key
            at = users.find(packed, at + 1)
        if at >= 0:
            found.append((int.from_bytes(numbers[at : at + _WORD], _ORDER, signed=True), event))
    return found


def _with_bodies(tx: Transaction, tail: list[tuple[int, int]]) -> list[tuple[int, bytes]]:
    if not tail:
        return []
    bodies: dict[int, bytes] = dict(tx.rows(_BODIES, {"ids": str([event for _, event in tail])}))
    return [(number, bodies[event]) for number, event in tail]
