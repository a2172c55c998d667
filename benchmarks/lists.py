"""Pages of very long lists: everything that `fetch` lists, 100,000 rows of one person each.

The feed is that of somebody who follows 1,000 people with 100 public moods each. Goal:
what is asked for and how many there are is read from an index, so that no page takes a
second of anybody's patience; the median of each list is printed as CPU time.
"""

import argparse
import json
from typing import Final

import native
from hugmood.ambient import System
from hugmood.store.opening import open_database
from report import Bar, Figure, figure
from service import Person, Service, database_folder, populate, serve

ROWS: Final = 100_000
FOLLOWED: Final = 1_000
"""By the reader of the feed."""

LISTS: Final[dict[str, dict[str, object]]] = {
    "mood_history": {},
    "mood_history of one mood": {"filters": {"moods": ["calm"]}},
    "mood_history of one tag": {"filters": {"tags": ["tag7"]}},
    "hug_history": {},
    "hug_requests": {},
    "group_hugs": {},
    "notifications": {},
    "followers": {},
    "following": {},
    "statuses": {},
    "users": {"query": "pal"},
    "sessions": {},
}
"""What is fetched of the first person, and with what filter; others have lists of their own."""

_NUMBERS: Final = """
    WITH RECURSIVE n (i) AS (SELECT CAST(1 AS bigint) UNION ALL SELECT i + 1 FROM n WHERE i < :rows)
"""
_TABLES: Final = (
    """INSERT INTO account (id, guest, name, time_zone, created_at)
        {n} SELECT 'user-' || i, false, 'Pal ' || i, 'UTC', :now FROM n""",
    """INSERT INTO name_word (word, user_key)
        SELECT 'pal', key FROM account WHERE name LIKE 'Pal %'""",
    """INSERT INTO mood_entry (id, user_key, mood, intensity, model, affect, is_public, tags,
            occurred_at, time_zone, utc_offset, day)
        {n} SELECT 'mood-' || i, :me, CASE WHEN i % 30 = 0 THEN 'calm' ELSE 'happy' END, 0.5,
            'hm-affect-1', 0.5, true, '["tag' || i % 100 || '"]', :now - i * 60000, 'UTC', 0,
            730000 + i / 10 FROM n""",
    """INSERT INTO hug (id, sender_key, recipient_key, hug_type, sent_at)
        {n} SELECT 'hug-' || n.i, CASE WHEN n.i % 2 = 0 THEN :me ELSE :first + n.i END,
            CASE WHEN n.i % 2 = 0 THEN :first + n.i ELSE :me END, 'warm', :now - n.i FROM n""",
    """INSERT INTO hug_request (id, requester_key, target_type, created_at, expires_at)
        {n} SELECT 'req-' || n.i, CASE WHEN n.i % 2 = 0 THEN :me ELSE :first + n.i END,
            'user', :now - n.i, :now + 3600000 FROM n""",
    """INSERT INTO hug_request_target (request_key, user_key, created_at, expires_at)
        SELECT key, CASE WHEN requester_key = :me THEN :first + 1 ELSE :me END, created_at,
            expires_at FROM hug_request""",
    """INSERT INTO group_hug (id, creator_key, name, state, expires_at, created_at)
        {n} SELECT 'grp-' || n.i, :me, 'All', 'active', :now + 3600000, :now - n.i FROM n""",
    """INSERT INTO group_hug_member (group_key, user_key, joined_at, state, created_at)
        SELECT key, creator_key, created_at, 'active', created_at FROM group_hug""",
    """INSERT INTO notification (user_key, id, kind, title, body, created_at)
        {n} SELECT :me, 'notif-' || i, 'system_message', 'Hello', 'There', :now - i FROM n""",
    "INSERT INTO follow {n} SELECT :me, :first + i, :now - i FROM n",
    "INSERT INTO follow {n} SELECT :first + i, :me, :now - i FROM n",
    "INSERT INTO block {n} SELECT :blocker, :first + i, :now - i FROM n",
)
_FEED: Final = (
    "INSERT INTO follow {n} SELECT :first + i, :reader, :now - i FROM n WHERE i <= :followed",
    """INSERT INTO mood_entry (id, user_key, mood, intensity, model, affect, is_public,
            occurred_at, time_zone, utc_offset, day)
        {n} SELECT 'told-' || i, :first + 1 + i % :followed, 'happy', 0.5, 'hm-affect-1', 0.5,
            true, :now - i * 60000, 'UTC', 0, 730000 + i / 10 FROM n""",
)


def measure(*, rounds: int = 3, seconds: float = 1.5, url: str | None = None) -> list[Figure]:
    """Return the server's CPU time for a first page and one in the middle, in ms."""
    with database_folder() as file:
        me, reader, blocker = people = populate(url or file, 3)
        fill(url or file, people)
        with serve(url or file) as service:
            return [
                _measure(service, person, name, where, rounds, seconds)
                for person, names in ((me, [*LISTS]), (reader, ["feed"]), (blocker, ["blocked"]))
                for name in names
                for where in (0, ROWS // 2)
            ]


def fill(url: str, people: list[Person]) -> None:
    """Write all the rows, and have the database look at what it has."""
    me, reader, blocker = (person.key for person in people)
    params = {
        "rows": ROWS,
        "now": System().now(),
        "me": me,
        "reader": reader,
        "blocker": blocker,
        "first": blocker,
        "followed": FOLLOWED,
    }
    database = open_database(url, timeout=60)
    for sql in (*_TABLES, *_FEED, "ANALYZE"):
        with database.transaction(write=True) as tx:
            used = {name: value for name, value in params.items() if f":{name}" in sql + _NUMBERS}
            tx.execute(sql.format(n=_NUMBERS), used)
    database.close()


def _measure(
    service: Service, person: Person, name: str, offset: int, rounds: int, seconds: float
) -> Figure:
    data: dict[str, object] = {
        "dataType": name.split(maxsplit=1)[0],
        "limit": 20,
        "offset": offset,
        **LISTS.get(name, {}),
    }
    cpu = []
    for _ in range(rounds):
        run = native.commands(
            service.target,
            sockets=1,
            messages=[json.dumps({"type": "fetch", "id": "bench-@@", "data": data})],
            init=[person.auth()],
            reply_marker='"type":"fetch_response"',
            seconds=seconds,
            warm=0.2,
        )
        cpu.append((run.cpu_s_per_million or 0) / 1000)
    page = "first page" if offset == 0 else "page in the middle"
    return figure(f"{name}: {page}, CPU", cpu, "ms", bar=Bar("lists", "", name, page))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", help="a new database instead of an SQLite file")
    for line in measure(url=parser.parse_args().url):
        print(line)


if __name__ == "__main__":
    main()
