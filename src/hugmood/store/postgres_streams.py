"""Streams on PostgreSQL: heads locked in user order, one statement for a batch.

What is for very many people reaches them in steps (`postgres_backlog.py`).
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import chain, repeat
from typing import Final

from hugmood.store.database import Database, DatabaseError, Transaction, one
from hugmood.store.postgres_backlog import Backlog, Kept
from hugmood.store.postgres_together import array
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
    hidden_authors,
    stretch,
    to_be_told,
)

_SWEEP_USERS: Final = 500
_PRUNED_USERS: Final = 50
_PRUNED_EVENTS: Final = 100
"""Of so many people so many events each are deleted at once: some 10 ms."""
_ORDER_SLACK: Final = 3_600_000
"""How much later, in ms, what is older may come in a stream: as long it is kept after its time."""
_MOST_KNOWN: Final = 1_000_000
"""People of whom it is remembered that they have a head: some 60 MB."""

_IDS = "SELECT nextval('event_id') FROM generate_series(1, :count)"
_IDS_AT_ONCE: Final = 1_000
_INSERT_EVENTS = """
    INSERT INTO event (id, body, author, created_at)
    VALUES (:id, :body, :author, :now)
"""
_ENSURE_HEADS = """
    INSERT INTO stream_head (user_key, last_number, pruned_number)
    SELECT DISTINCT u, 0, 0 FROM unnest(:users::bigint[]) AS t (u) ORDER BY u
    ON CONFLICT DO NOTHING
"""
# Heads are locked in the order of users: any other order deadlocks with other writers. They are
# found by arrays, for in a join the planner reads all of the table.
_LOCK = """
    SELECT count(*) FROM (
        SELECT FROM stream_head WHERE user_key = ANY (:users::bigint[])
        ORDER BY user_key FOR NO KEY UPDATE) AS held
"""
_RAISE = """
    UPDATE stream_head SET last_number = last_number + :events
    WHERE user_key = ANY (:users::bigint[]) RETURNING user_key, last_number - :events
"""
_FILL = """
    INSERT INTO inbox (user_key, number, event_id)
    SELECT * FROM unnest(:users::bigint[], :numbers::bigint[], :events::bigint[]) AS given
"""
_HEADS = "SELECT user_key, last_number FROM stream_head WHERE user_key = ANY(:users::bigint[])"
_HEAD = "SELECT last_number, pruned_number FROM stream_head WHERE user_key = :user"
_INBOX = """
    SELECT inbox.number, event.body, event.author FROM inbox JOIN event ON event.id = inbox.event_id
    WHERE inbox.user_key = :user AND inbox.number > :after
    ORDER BY inbox.number LIMIT :limit
"""
# Whose oldest event may go: the first of a stream tells, for numbers rise with time. To look at
# all of everybody's events would stop the writer for seconds.
_SWEEP = """
    SELECT h.user_key, h.last_number - :events > h.pruned_number OR coalesce((
        SELECT e.created_at FROM inbox i JOIN event e ON e.id = i.event_id
        WHERE i.user_key = h.user_key AND i.number > h.pruned_number
        ORDER BY i.number LIMIT 1) < :oldest, false)
    FROM stream_head h WHERE h.user_key > :after ORDER BY h.user_key LIMIT :users
"""
_STALE = """
    SELECT h.user_key, h.pruned_number, least(h.pruned_number + :most, greatest(
        h.last_number - :events,
        (SELECT max(first.number) FROM (
            SELECT i.number, i.event_id FROM inbox i
            WHERE i.user_key = h.user_key AND i.number > h.pruned_number
            ORDER BY i.number LIMIT :most) AS first
         JOIN event e ON e.id = first.event_id WHERE e.created_at < :oldest)))
    FROM stream_head h WHERE h.user_key = ANY (:users::bigint[]) ORDER BY h.user_key
"""
_PRUNE = """
    DELETE FROM inbox USING unnest(:users::bigint[], :numbers::bigint[]) AS t (u, n)
    WHERE inbox.user_key = t.u AND inbox.number <= t.n
"""
_MARK_PRUNED = """
    UPDATE stream_head SET pruned_number = greatest(pruned_number, t.n)
    FROM unnest(:users::bigint[], :numbers::bigint[]) AS t (u, n) WHERE user_key = t.u
"""
_ERASE = """
    UPDATE event SET body = '' WHERE author = :author AND position(:containing IN body) > 0
"""
_DISOWN = """
    UPDATE event SET body = '', author = 0 WHERE id IN (
        SELECT id FROM event WHERE author = :author LIMIT :most)
"""
_DROP_INBOX = "DELETE FROM inbox WHERE user_key = :user"
_DROP_HEAD = "DELETE FROM stream_head WHERE user_key = :user"
_DROP_EVENTS = """
    DELETE FROM event WHERE id IN (
        SELECT id FROM event WHERE created_at < :oldest LIMIT 1000)
"""


class PostgresStreams(Filters):
    """The streams in one PostgreSQL database; holds only who is known to have a head."""

    def __init__(self, retention: Retention = DEFAULT_RETENTION) -> None:
        """Keep as much of each stream as `retention` says."""
        self._retention = retention
        self._have_heads: set[int] = set()
        self._ids: list[int] = []
        self._backlog = Backlog()

    def append(self, tx: Transaction, events: Sequence[NewEvent], now: int) -> list[Numbered]:
        """Store events and give out their recipients' next numbers, a thousand's at once."""
        if not events:
            return []
        ids = self._next_ids(tx, len(events))
        at_once = self._backlog.put(tx, map(Kept, ids, events))
        behind = self._backlog.ask_behind(tx, at_once)
        numbering = self._numbering(tx, at_once)
        tx.execute_many(  # written while the server raises heads
            _INSERT_EVENTS,
            [
                {"id": key, "body": event.prefix, "author": event.author, "now": now}
                for key, event in zip(ids, events, strict=True)
            ],
        )
        told = numbering()
        if authors := behind():
            # Done again, all of them cause comes after that.
            self._backlog.found_behind(author for (author,) in authors)
            message = "what its author caused before has not reached all"
            raise DatabaseError(message)
        return told

    def _numbering(self, tx: Transaction, events: Sequence[Kept]) -> Callable[[], list[Numbered]]:
        """Raise the heads of the recipients.

        What is returned waits for that, gives them their numbers, and tells what those are
        told who want to hear.
        """
        if not events:
            return list
        filtered = ask_who_filters(tx, [kept.event for kept in events])
        counts = Counter(chain.from_iterable(kept.event.users for kept in events))
        self._ensure_heads(tx, counts.keys())
        raised = _raise(tx, counts)

        def numbers() -> list[Numbered]:
            newest = raised()
            if len(newest) < len(counts):
                # Done again, it is asked who has one: another node may have dropped a stream.
                message = "somebody has no stream any more"
                raise DatabaseError(message)
            numbered = [
                Numbered(event.prefix, event.users, _following(newest, event.users), event.author)
                for _, event in events
            ]
            tx.execute_many(_FILL, [_rows([kept.id for kept in events], numbered)])
            return to_be_told(numbered, filtered())

        return numbers

    def _next_ids(self, tx: Transaction, count: int) -> list[int]:
        """Take ids, of which some are kept in hand: a round trip less."""
        if len(self._ids) < count:
            wanted = max(count, _IDS_AT_ONCE)
            self._ids = sorted(key for (key,) in tx.rows(_IDS, {"count": wanted}))
        ids, self._ids = self._ids[:count], self._ids[count:]
        return ids

    def heads(self, tx: Transaction, users: Sequence[int]) -> list[int]:
        """Return each user's newest number, 0 where there is none."""
        known: dict[int, int] = dict(tx.rows(_HEADS, {"users": array(users)}))
        return [known.get(user, 0) for user in users]

    def position(self, tx: Transaction, user: int) -> int:
        """Return a user's newest number as this transaction sees it."""
        return self.heads(tx, [user])[0]

    def page(self, tx: Transaction, user: int, after: int) -> Stretch:
        """Read at most 100 events or 256 KiB that follow a number."""
        row = one(tx.rows(_HEAD, {"user": user}))
        head, pruned = row or (0, 0)
        wanted = {"user": user, "after": after, "limit": PAGE_MESSAGES + 1}
        entries = [
            Stored(number, bytes(body), author) for number, body, author in tx.rows(_INBOX, wanted)
        ]
        return stretch(entries, after, head, pruned, hidden_authors(tx, user))

    def erase(self, tx: Transaction, author: int, containing: bytes = b"") -> None:
        """Take what this author caused out of all streams; the numbers stay."""
        tx.execute(_ERASE, {"author": author, "containing": containing})

    def disown(self, tx: Transaction, author: int, most: int) -> int:
        """Erase so many events of an author who is no more, and who it was; count them."""
        return tx.execute(_DISOWN, {"author": author, "most": most})

    def drop(self, tx: Transaction, user: int) -> None:
        """Delete a user's stream."""
        self._have_heads.discard(user)
        self._backlog.leave_out(tx, user)
        tx.execute(_DROP_INBOX, {"user": user})
        tx.execute(_DROP_HEAD, {"user": user})

    def _ensure_heads(self, tx: Transaction, users: Collection[int]) -> None:
        unknown = set(users) - self._have_heads
        if unknown:
            tx.execute(_ENSURE_HEADS, {"users": array(unknown)})
            if len(self._have_heads) > _MOST_KNOWN:
                self._have_heads.clear()
            self._have_heads |= unknown

    def forget(self) -> None:
        """Drop what is remembered: a transaction was undone."""
        self._have_heads.clear()

    @property
    def steps_owed(self) -> int:
        """Tell how many steps are due: one while some wait for their number."""
        return self._backlog.steps_owed

    def step(self, database: Database) -> Step:
        """Give some of those who wait for it their number of an event."""
        try:
            with database.transaction(write=True) as tx:
                taken = self._backlog.take(tx)
                told = self._numbering(tx, [taken] if taken and taken.event.users else [])()
        except BaseException:
            self.forget()
            raise
        self._backlog.done(found=taken is not None)
        return Step(taken is not None, told)

    def prune(self, tx: Transaction, after: int, as_of: int) -> int | None:
        """Delete some old events of some users; see `Streams`."""
        oldest = as_of - self._retention.age
        bounds: dict[str, object] = {"events": self._retention.events, "oldest": oldest}
        swept = tx.rows(_SWEEP, bounds | {"after": after, "users": _SWEEP_USERS})
        if not swept:
            return after if tx.execute(_DROP_EVENTS, {"oldest": oldest - _ORDER_SLACK}) else None
        all_stale = [user for user, stale in swept if stale]
        stale = all_stale[:_PRUNED_USERS]
        unfinished = self._prune(tx, stale, bounds)
        if unfinished:
            return unfinished[0] - 1
        return int(stale[-1] if len(stale) < len(all_stale) else swept[-1][0])

    def _prune(self, tx: Transaction, users: Sequence[int], bounds: dict[str, object]) -> list[int]:
        """Delete the old events of these users; return those of whom there may be more."""
        if not users:
            return []
        rows = tx.rows(_STALE, bounds | {"users": array(users), "most": _PRUNED_EVENTS})
        params = {"users": [u for u, _, _ in rows], "numbers": [upto for _, _, upto in rows]}
        tx.execute(_PRUNE, params)
        tx.execute(_MARK_PRUNED, params)
        return [user for user, pruned, upto in rows if upto - pruned == _PRUNED_EVENTS]


def _raise(tx: Transaction, counts: Mapping[int, int]) -> Callable[[], dict[int, int]]:
    """Make room for so many events of each user.

    What is returned waits for that, and tells the newest number before them.
    """
    alike: defaultdict[int, list[int]] = defaultdict(list)
    for user, count in counts.items():
        alike[count].append(user)
    tx.execute_many(_LOCK, [{"users": array(sorted(counts))}])
    answers = [
        tx.ask(_RAISE, {"users": array(users), "events": count}) for count, users in alike.items()
    ]
    return lambda: dict(chain.from_iterable(answer() for answer in answers))


def _following(newest: dict[int, int], users: Sequence[int]) -> list[int]:
    """Give out the next number of each."""
    numbers = [newest[user] + 1 for user in users]
    newest.update(zip(users, numbers, strict=True))
    return numbers


def _rows(ids: Sequence[int], numbered: Sequence[Numbered]) -> dict[str, str]:
    """Write who has which event under which number, as three columns."""
    owners = chain.from_iterable(
        repeat(key, len(event.users)) for key, event in zip(ids, numbered, strict=True)
    )
    return {
        "users": array(chain.from_iterable(event.users for event in numbered)),
        "numbers": array(chain.from_iterable(event.numbers for event in numbered)),
        "events": array(owners),
    }
