"""GraphQL over HTTP, beside the same query on Strawberry's stock view; and what sockets feel of it.

`moodEntries` with 20 rows and 5 fields, asked over a few connections that stay open. What
is counted is the CPU time of the server's processes, all together. Strawberry's schema is
written as its documentation does, on the same tables by the same SQL, without sign-in,
limits or snapshots: that is in its favour.
"""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import fanout
import native
from history import write_history
from native import Target
from report import Figure, figure
from service import Person, befriend, database_folder, populate, serve

QUERY: Final = {
    "query": """query ($limit: Int) {
        moodEntries(limit: $limit) { items { id mood intensity note createdAt } } }""",
    "variables": {"limit": 20},
}
ENTRIES: Final = 200
CONNECTIONS: Final = 32
FOLLOWERS: Final = 1_000
LEAD: Final = 2.0
"""Seconds that the queries begin before the fan-out, and go on after it."""


def measure(*, rounds: int = 5, seconds: float = 3) -> list[Figure]:
    """Return requests for each second of CPU, both ways, and the fan-out's p99 beside them."""
    ours, theirs = [], []
    with database_folder() as url:
        people = populate(url, FOLLOWERS + 1)
        befriend(url, people[0], people[1:])
        write_history(url, people[0], ENTRIES)
        with serve(url) as service, _strawberry(url, people[0]) as other:
            for _ in range(rounds):
                theirs.append(_ask(other, seconds))
                ours.append(_ask(service.target, seconds, people[0].token))
            alone, beside = _fan_out(service.target, people, rounds, seconds)
    ratios = [mine / other for mine, other in zip(ours, theirs, strict=True)]
    slower = [after / before for before, after in zip(alone, beside, strict=True)]
    name = "GraphQL, moodEntries of 20 with 5 fields"
    return [
        figure(f"{name}: requests per CPU second", ours, "/s", "at least 1,200/s"),
        figure(f"{name}: Strawberry's stock view", theirs, "/s"),
        figure(f"{name}: HugMood / Strawberry", ratios, "x"),
        figure("fan-out to 1,000, p99: beside queries / alone", slower, "x", "at most 1.5"),
        figure("fan-out to 1,000, p99: alone", alone, "ms"),
    ]


def _ask(target: Target, seconds: float, token: str = "") -> float:
    """Ask for so long; return the requests for each second of CPU."""
    done = native.requests(
        replace(target, path="/graphql"),
        sockets=CONNECTIONS,
        body=json.dumps(QUERY),
        reply_marker='"items":',
        header=f"Authorization: Bearer {token}" if token else None,
        seconds=seconds,
    )
    return done.answered / done.cpu_s


def _fan_out(
    target: Target, people: list[Person], rounds: int, seconds: float
) -> tuple[list[float], list[float]]:
    """Return the fan-out's p99 in ms, alone and beside queries, round by round."""
    alone, beside = [], []
    for _ in range(rounds):
        alone.append(fanout.run(target, people, FOLLOWERS, 1, seconds).p99_ms)
        asking = threading.Thread(target=_ask, args=(target, seconds + 2 * LEAD, people[0].token))
        asking.start()
        time.sleep(LEAD)
        beside.append(fanout.run(target, people, FOLLOWERS, 1, seconds).p99_ms)
        asking.join()
    return alone, beside


@contextmanager
def _strawberry(url: str, person: Person) -> Iterator[Target]:
    """Run the other server on the same database."""
    command = [sys.executable, str(Path(__file__).with_name("strawberry_view.py"))]
    arguments = [url.removeprefix("sqlite:///"), str(person.key)]
    with subprocess.Popen(  # noqa: S603 (our own program)
        [*command, *arguments], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield Target(int(process.stdout.readline()), {"strawberry": process.pid})
        finally:
            process.terminate()


if __name__ == "__main__":
    for line in measure():
        print(line)
