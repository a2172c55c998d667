"""A reconnect storm: everybody comes back at once, each with a token and missed events.

What a restart or a broken network does. A socket is done when it has all it missed.
"""

from typing import Final

import native
from hugmood.ambient import Instant, System
from hugmood.features.moods.messages import MoodChanged
from hugmood.store.opening import open_database, open_streams
from hugmood.store.streams import DEFAULT_RETENTION, NewEvent
from hugmood.wire import codec
from native import Storm
from report import Figure, figure
from service import Person, Service, database_folder, populate, serve

MISSED: Final = 20
_GOAL_S: Final = 10


def measure(*, sockets: int = 2000, rounds: int = 3) -> list[Figure]:
    """Return seconds until all have what they missed, and server CPU for each of them."""
    seconds, cpu, slowest = [], [], []
    with database_folder() as url:
        people = populate(url, sockets)
        say(url, people, MISSED)
        with serve(url) as service:
            for _ in range(rounds):
                run = come_back(service, people, MISSED)
                seconds.append(run.seconds)
                cpu.append((run.cpu_s_per_million or 0) / 1000)
                slowest.append((run.max_ms or 0) / 1000)
    name = f"reconnect storm, {sockets:,} x {MISSED} missed"
    return [
        figure(f"{name}: all done", seconds, "s", f"under {_GOAL_S} s"),
        figure(f"{name}: the slowest", slowest, "s"),
        figure(f"{name}: server CPU each", cpu, "ms"),
    ]


def come_back(service: Service, people: list[Person], missed: int) -> Storm:
    """Have all of them connect at once, until each has what they missed: so many events."""
    run = native.storm(
        service.target,
        sockets=len(people),
        init=[person.auth(last=0) for person in people],
        marker='"type":"mood_changed"',
        expect=missed,
    )
    if run.failed or run.lost:
        message = f"{run.failed} of {len(people)} did not get what they missed"
        raise native.LoadgenError(message)
    return run


def say(url: str, people: list[Person], count: int) -> None:
    """Put so many events into everyone's stream, as the writer would."""
    ambient = System()
    now = ambient.now()
    event = codec.encode(
        MoodChanged(
            user_id=people[0].id,
            mood_id=ambient.entity_id("mood"),
            mood="happy",
            intensity=0.8,
            is_public=True,
            timestamp=Instant(now),
        )
    )
    users = [person.key for person in people]
    database = open_database(url, timeout=5)
    streams = open_streams(url, DEFAULT_RETENTION)
    with database.transaction(write=True) as tx:
        for _ in range(count):
            prefix = codec.prefix("mood_changed", ambient.message_id("bcast"), event, now)
            streams.append(tx, [NewEvent(prefix, users)], now)
    while streams.step(database).more:
        pass
    database.close()


if __name__ == "__main__":
    for line in measure():
        print(line)
