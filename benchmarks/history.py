"""A page of a long history: what it costs to read twenty of 10,000 moods, and to count."""

from datetime import UTC, datetime
from typing import Final

import native
from hugmood.ambient import System
from hugmood.features.moods import store
from hugmood.features.moods.store import Entry
from hugmood.store.opening import open_database
from report import Figure, figure
from service import Person, database_folder, populate, serve

ENTRIES: Final = 10_000
OFFSETS: Final = {"first page": 0, "page in the middle": ENTRIES // 2}

_HOUR: Final = 3600 * 1000
_GOAL: Final = "under 3 ms"


def measure(*, clients: int = 8, rounds: int = 3, seconds: float = 2) -> list[Figure]:
    """Return the server's CPU time for a page, in milliseconds, all processes together."""
    cpu: dict[str, list[float]] = {where: [] for where in OFFSETS}
    with database_folder() as url:
        people = populate(url, clients)
        for person in people:
            write_history(url, person)
        with serve(url) as service:
            for _ in range(rounds):
                for where, offset in OFFSETS.items():
                    run = native.commands(
                        service.target,
                        sockets=clients,
                        messages=[_fetch(offset)],
                        init=[person.auth() for person in people],
                        reply_marker='"type":"fetch_response"',
                        seconds=seconds,
                    )
                    cpu[where].append((run.cpu_s_per_million or 0) / 1000)
    name = f"mood_history of {ENTRIES:,}"
    return [figure(f"{name}: {where}, CPU", cpu[where], "ms", _GOAL) for where in OFFSETS]


def _fetch(offset: int) -> str:
    return (
        '{"type":"fetch","id":"bench-@@","data":{"dataType":"mood_history","limit":20,'
        f'"offset":{offset}}}}}'
    )


def write_history(url: str, person: Person, entries: int = ENTRIES) -> None:
    """Have somebody say how they feel every hour for so many hours."""
    ambient = System()
    now = ambient.now()
    database = open_database(url, timeout=5)
    with database.transaction(write=True) as tx:
        store.insert_many(tx, (_entry(ambient, person, now - n * _HOUR) for n in range(entries)))
    database.close()


def _entry(ambient: System, person: Person, at: int) -> Entry:
    return Entry(
        id=ambient.entity_id("mood"),
        user_key=person.key,
        mood="happy",
        intensity=0.8,
        model="hm-affect-1",
        affect=0.7,
        pleasantness=None,
        is_public=True,
        note="Just got some great news!",
        tags=["achievement"],
        factors=None,
        place=None,
        occurred_at=at,
        time_zone="UTC",
        utc_offset=0,
        day=datetime.fromtimestamp(at / 1000, UTC).date().toordinal(),
    )


if __name__ == "__main__":
    for line in measure():
        print(line)
