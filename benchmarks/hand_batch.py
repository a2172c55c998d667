# ruff: noqa: S311, S608 (ids that nobody is to guess are not at stake; SQL is made of constants)
"""The limit of durable commands: the same rows, one batch to a transaction, no server.

Nothing is parsed, checked or sent: a batch of commands comes ready, and everything that
HugMood keeps of it is written by hand in the fewest statements, into HugMood's own tables
on the same engine. What is counted is all the time that this takes: followers are read,
numbers given, and on SQLite the fan-out log is brought into segments as often as it grows
too long. The heads of streams are there before on PostgreSQL, and in memory on SQLite. What
is written is what HugMood would read; only it could not go on after a crash. On PostgreSQL it
is one connection: two are a third faster for moods that nobody hears of, no faster with ten
followers, and with a hundred they wait for each other's heads.
"""

import json
import random
import sqlite3
import time
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import cycle
from operator import itemgetter
from typing import Any, Final, NamedTuple, Protocol

import psycopg

from hugmood.ambient import System
from hugmood.store.opening import sqlite_file

Keys = Sequence[int]

LOG_LIMIT: Final = 100_000
"""Deliveries in the log of SQLite before they are moved; HugMood's own limit."""
CHUNK: Final = 16_000
"""Deliveries moved in one transaction; HugMood's own."""

_MOOD_BODY: Final = (
    b'{"type":"mood_changed","id":"bcast-4bb1f2c0-7c58-4a3e-9d60-2f6a53c1de10","timestamp":'
    b'"2026-11-23T08:00:00.000Z","data":{"userId":"user-019a1b2c3d4e5f60718293a4b5c6d7e8","moodId":'
    b'"mood-019a1b2c3d4e5f60718293a4b5c6d7e8","mood":"happy","intensity":0.8,"isPublic":true,'
    b'"timestamp":"2026-11-23T08:00:00.000Z"}'
)
_HUG_BODY: Final = (
    b'{"type":"hug_received","id":"notif-4bb1f2c0-7c58-4a3e-9d60-2f6a53c1de10","timestamp":'
    b'"2026-11-23T08:00:00.000Z","data":{"hugId":"hug-019a1b2c3d4e5f60718293a4b5c6d7e8","senderId":'
    b'"user-019a1b2c3d4e5f60718293a4b5c6d7e8","senderName":"P1","hugType":"warm","message":'
    b'"Thinking of you","sentAt":"2026-11-23T08:00:00.000Z"}'
)
_MOOD_REPLY: Final = (
    b'{"success":true,"moodId":"mood-019a1b2c3d4e5f60718293a4b5c6d7e8","streakUpdate":'
    b'{"current":1,"best":1,"lastUpdated":"2026-11-23T08:00:00.000Z"}}'
)
_HUG_REPLY: Final = (
    b'{"success":true,"hugId":"hug-019a1b2c3d4e5f60718293a4b5c6d7e8","recipientOnline":true,'
    b'"deliveryStatus":"sent"}'
)
_DAY: Final = 24 * 3600 * 1000
_EPOCH_DAY: Final = 719_163
_MOOD_COLUMNS: Final = """
    id, user_key, mood, intensity, model, affect, is_public, note, tags, occurred_at,
    time_zone, utc_offset, day
"""
_MOOD_VALUES: Final = """
    'happy', 0.8, 'hm-affect-1', 0.62, true, 'Just got some great news!', '["achievement"]'
"""


class Hand(Protocol):
    """Writes batches into one database."""

    def moods(self, authors: Keys) -> None:
        """Keep a public mood of each author, and number it for all who follow them."""
        ...

    def hugs(self, senders: Keys, recipients: Keys) -> None:
        """Keep a hug from each sender to the recipient at the same place."""
        ...

    def close(self) -> None:
        """Let go of the database."""
        ...


def by_hand(url: str) -> Hand:
    """Open a database that nobody else writes to."""
    file = sqlite_file(url)
    return HandSqlite(str(file)) if file else HandPostgres(url)


def rate(write: Callable[[Keys], None], people: Keys, batch: int, seconds: float) -> float:
    """Write batches of commands of these people, in turn; return how many a second."""
    turn = cycle(people)
    done, began = 0, time.perf_counter()
    while (spent := time.perf_counter() - began) < seconds:
        write([next(turn) for _ in range(batch)])
        done += batch
    return done / spent


# ---- SQLite ----

_PRAGMAS: Final = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "wal_autocheckpoint = 10000",
    "cache_size = -65536",
    "foreign_keys = ON",
    "temp_store = MEMORY",
)
_FOLLOWERS: Final = """
    SELECT followee_key, follower_key FROM follow
    WHERE followee_key IN (SELECT value FROM json_each(?)) ORDER BY followee_key
"""
_MOOD: Final = f"""
    INSERT INTO mood_entry ({_MOOD_COLUMNS}) VALUES (?, ?, {_MOOD_VALUES}, ?, 'UTC', 0, ?)
"""
_CREDIT: Final = """
    INSERT INTO mood_day (user_key, day, first_at, last_at) VALUES (?1, ?2, ?3, ?3)
    ON CONFLICT (user_key, day) DO UPDATE SET last_at = excluded.last_at
"""
_HUG: Final = """
    INSERT INTO hug (id, sender_key, recipient_key, hug_type, message, sent_at)
    VALUES (?, ?, ?, 'warm', 'Thinking of you', ?)
"""
_EVENT: Final = "INSERT INTO event (id, body, author) VALUES (?, ?, ?)"
_LOG: Final = "INSERT INTO fanout (event_id, users, numbers) VALUES (?, ?, ?)"
_REPLY: Final = """
    INSERT INTO remembered_reply (command, payload, reply, created_at, user_key)
    VALUES (?, ?, ?, ?, ?) ON CONFLICT (user_key, command) DO NOTHING
"""
_SEGMENT: Final = """
    INSERT INTO inbox (user_key, last_number, last_event, events) VALUES (?, ?, ?, ?)
"""
_DROP_LOG: Final = "DELETE FROM fanout WHERE event_id <= ?"


class _Told(NamedTuple):
    """An event and who hears of it."""

    author: int
    users: Keys
    body: bytes


class HandSqlite:
    """Batches on SQLite: the fan-out log, and segments made of it in user order."""

    def __init__(self, file: str) -> None:
        """Open the file as HugMood does; its streams must be empty."""
        self._connection = sqlite3.connect(file, isolation_level=None)
        for pragma in _PRAGMAS:
            self._connection.execute(f"PRAGMA {pragma}")
        self._ambient = System()
        self._heads: defaultdict[int, int] = defaultdict(int)
        self._waiting: defaultdict[int, array[int]] = defaultdict(lambda: array("q"))
        self._logged = 0
        self._last_event = 0

    def moods(self, authors: Keys) -> None:
        """Keep a mood of each author."""
        now = self._ambient.now()
        day = now // _DAY + _EPOCH_DAY
        rows = [(self._ambient.entity_id("mood"), author, now, day) for author in authors]
        self._connection.execute("BEGIN IMMEDIATE")
        followers = self._followers(authors)
        self._connection.executemany(_MOOD, rows)
        self._connection.executemany(_CREDIT, [(author, day, now) for author in authors])
        self._tell([_Told(author, followers[author], _MOOD_BODY) for author in authors], now)
        self._remember(authors, _MOOD_REPLY, now)
        self._connection.execute("COMMIT")
        self._compact()

    def hugs(self, senders: Keys, recipients: Keys) -> None:
        """Keep a hug of each sender."""
        now = self._ambient.now()
        pairs = list(zip(senders, recipients, strict=True))
        self._connection.execute("BEGIN IMMEDIATE")
        rows = [(self._ambient.entity_id("hug"), *pair, now) for pair in pairs]
        self._connection.executemany(_HUG, rows)
        self._tell([_Told(sender, [to], _HUG_BODY) for sender, to in pairs], now)
        self._remember(senders, _HUG_REPLY, now)
        self._connection.execute("COMMIT")
        self._compact()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _followers(self, authors: Keys) -> dict[int, list[int]]:
        """Return whom an event of each author is for: themselves, and who follows them."""
        found = {author: [author] for author in authors}
        for author, follower in self._connection.execute(_FOLLOWERS, [json.dumps([*found])]):
            found[author].append(follower)
        return found

    def _tell(self, events: Iterable[_Told], now: int) -> None:
        rows, log, heads = [], [], self._heads
        for author, users, body in events:
            self._last_event = event = max(self._last_event + 1, now << 20)
            rows.append((event, body, author))
            numbers = array("q", [heads[user] + 1 for user in users])
            heads.update(zip(users, numbers, strict=True))
            log.append((event, array("q", users), numbers))
            for user in users:
                self._waiting[user].append(event)
            self._logged += len(users)
        self._connection.executemany(_EVENT, rows)
        self._connection.executemany(_LOG, log)

    def _remember(self, users: Keys, reply: bytes, now: int) -> None:
        rows = [(random.randbytes(16), b"fingerprint here", reply, now, user) for user in users]
        self._connection.executemany(_REPLY, rows)

    def _compact(self) -> None:
        """Move the log into segments once it is long enough, a chunk to a transaction."""
        if self._logged < LOG_LIMIT:
            return
        segments = sorted(_segments(self._waiting, self._heads), key=itemgetter(0))
        size = max(1, len(segments) * CHUNK // self._logged)
        for start in range(0, len(segments), size):
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(_SEGMENT, segments[start : start + size])
            self._connection.execute("COMMIT")
        self._connection.execute(_DROP_LOG, [self._last_event])
        self._waiting.clear()
        self._logged = 0


def _segments(
    waiting: dict[int, "array[int]"], heads: dict[int, int]
) -> Iterable[tuple[int, int, int, "array[int]"]]:
    """Make one segment of what waits for each user, for none has more than fit."""
    return ((user, heads[user], events[-1], events) for user, events in waiting.items())


# ---- PostgreSQL ----

_CLAIM: Final = """
    new AS (
        INSERT INTO remembered_reply (command, payload, reply, created_at, user_key)
        SELECT command, 'fingerprint here', %(reply)b, %(now)s, author FROM given
        ON CONFLICT (user_key, command) DO NOTHING RETURNING command),
    fresh AS MATERIALIZED (
        SELECT given.*, nextval('event_id') AS event FROM given JOIN new USING (command))
"""
_TELL: Final = """
    told AS (
        INSERT INTO event (id, body, author, created_at)
        SELECT event, %(body)b, author, %(now)s FROM fresh),
    fan AS MATERIALIZED (
        SELECT user_key, event, row_number() OVER (PARTITION BY user_key ORDER BY event) AS place
        FROM heard),
    share AS MATERIALIZED (
        SELECT user_key, count(*) AS events FROM fan GROUP BY user_key),
    held AS MATERIALIZED (
        SELECT user_key FROM stream_head WHERE user_key = ANY (ARRAY (SELECT user_key FROM share))
        ORDER BY user_key FOR NO KEY UPDATE),
    raised AS (
        UPDATE stream_head h SET last_number = h.last_number + share.events
        FROM share WHERE h.user_key = share.user_key
            AND h.user_key = ANY (ARRAY (SELECT user_key FROM held))
        RETURNING h.user_key, h.last_number - share.events AS base)
    INSERT INTO inbox (user_key, number, event_id)
    SELECT fan.user_key, raised.base + fan.place, fan.event FROM fan JOIN raised USING (user_key)
"""
_MOOD_BATCH: Final = f"""
    WITH given AS (
        SELECT * FROM unnest(%(ids)b::text[], %(authors)b::bigint[], %(commands)b::bytea[])
            AS t (id, author, command)),
    {_CLAIM},
    kept AS (
        INSERT INTO mood_entry ({_MOOD_COLUMNS})
        SELECT id, author, {_MOOD_VALUES}, %(now)s, 'UTC', 0, %(day)s FROM fresh),
    credited AS (
        INSERT INTO mood_day (user_key, day, first_at, last_at)
        SELECT DISTINCT author, %(day)s::int, %(now)s::bigint, %(now)s::bigint FROM fresh
        ON CONFLICT (user_key, day) DO UPDATE SET last_at = excluded.last_at),
    heard AS (
        SELECT follower_key AS user_key, event FROM fresh JOIN follow ON followee_key = author
        UNION ALL SELECT author, event FROM fresh),
    {_TELL}
"""
_HUG_BATCH: Final = f"""
    WITH given AS (
        SELECT * FROM unnest(%(ids)b::text[], %(authors)b::bigint[], %(recipients)b::bigint[],
            %(commands)b::bytea[]) AS t (id, author, recipient, command)),
    {_CLAIM},
    kept AS (
        INSERT INTO hug (id, sender_key, recipient_key, hug_type, message, sent_at)
        SELECT id, author, recipient, 'warm', 'Thinking of you', %(now)s FROM fresh),
    heard AS (SELECT recipient AS user_key, event FROM fresh),
    {_TELL}
"""
_HEADS: Final = """
    INSERT INTO stream_head (user_key, last_number, pruned_number)
    SELECT key, 0, 0 FROM account ON CONFLICT DO NOTHING
"""


class HandPostgres:
    """Batches on PostgreSQL: one statement each, heads locked in user order."""

    def __init__(self, url: str) -> None:
        """Connect, and give everybody a head."""
        self._connection = psycopg.connect(url, autocommit=True, prepare_threshold=0)
        self._connection.execute(_HEADS)
        self._ambient = System()

    def moods(self, authors: Keys) -> None:
        """Keep a mood of each author."""
        day = self._ambient.now() // _DAY + _EPOCH_DAY
        params = self._params("mood", authors, _MOOD_BODY, _MOOD_REPLY) | {"day": day}
        self._connection.execute(_MOOD_BATCH.encode(), params)

    def hugs(self, senders: Keys, recipients: Keys) -> None:
        """Keep a hug of each sender."""
        params = self._params("hug", senders, _HUG_BODY, _HUG_REPLY)
        self._connection.execute(_HUG_BATCH.encode(), params | {"recipients": list(recipients)})

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _params(self, kind: str, authors: Keys, body: bytes, reply: bytes) -> dict[str, Any]:
        return {
            "ids": [self._ambient.entity_id(kind) for _ in authors],
            "authors": list(authors),
            "commands": [random.randbytes(16) for _ in authors],
            "body": body,
            "reply": reply,
            "now": self._ambient.now(),
        }
