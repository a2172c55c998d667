"""GraphQL over HTTP, beside the same query on Strawberry's stock view; and what sockets feel of it.

`moodEntries` with 20 rows and 5 fields, asked over a few connections that stay open. What
is counted is the CPU time of the server's processes, all together. Strawberry's schema is
written as its documentation does, on the same tables by the same SQL, without sign-in,
limits or snapshots: that is in its favour.

Any work beside the fan-out, and be it a loop that has nothing to do with it, slows it down
where cores are few. So the fan-out also runs beside Strawberry, a server of its own asked as
hard: what HugMood's own queries cost it more than that would be HugMood's doing.
"""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
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
PAUSE: Final = 0.15
"""Seconds that a connection rests after an answer: some 200 requests a second of them all."""
ALONE, STEADY, SATURATING = "alone", "200 queries/s", "saturating queries"
LEAD: Final = 2.0
"""Seconds that the queries begin before the fan-out, and go on after it."""

Load = Callable[[float], float]
"""Asks for so many seconds."""


def measure(*, rounds: int = 5, seconds: float = 3, controls: bool = True) -> list[Figure]:
    """Return requests for each second of CPU, both ways, and the fan-out's p99 beside them.

    Without `controls` it is beside the steady load alone.
    """
    ours, theirs = [], []
    with database_folder() as url:
        people = populate(url, FOLLOWERS + 1)
        befriend(url, people[0], people[1:])
        write_history(url, people[0], ENTRIES)
        with serve(url) as service, _strawberry(url, people[0]) as other:
            for _ in range(rounds):
                theirs.append(_ask(other, seconds))
                ours.append(_ask(service.target, seconds, people[0].token))
            loads = _loads(service.target, other if controls else None, people[0].token)
            felt = _fan_out(service.target, people, loads, rounds, seconds)
    ratios = [mine / other for mine, other in zip(ours, theirs, strict=True)]
    name = "GraphQL, moodEntries of 20 with 5 fields"
    return [
        figure(f"{name}: requests per CPU second", ours, "/s", "at least 1,200/s"),
        figure(f"{name}: Strawberry's stock view", theirs, "/s"),
        figure(f"{name}: HugMood / Strawberry", ratios, "x"),
        *_felt(felt),
    ]


def _felt(p99: dict[str, list[float]]) -> list[Figure]:
    """Return what the fan-out felt of each load, over what it took alone in the same round."""
    alone = p99.pop(ALONE)
    return [
        figure(
            f"fan-out to 1,000, p99: beside {load} / alone",
            [beside / before for beside, before in zip(values, alone, strict=True)],
            "x",
            "at most 1.5" if load == STEADY else "",
        )
        for load, values in p99.items()
    ] + [figure("fan-out to 1,000, p99: alone", alone, "ms")]


def _ask(target: Target, seconds: float, token: str = "", pause: float = 0) -> float:
    """Ask for so long; return the requests for each second of CPU."""
    done = native.requests(
        replace(target, path="/graphql"),
        sockets=CONNECTIONS,
        body=json.dumps(QUERY),
        reply_marker='"items":',
        header=f"Authorization: Bearer {token}" if token else None,
        seconds=seconds,
        pause=pause,
    )
    return done.answered / done.cpu_s


def _loads(target: Target, other: Target | None, token: str) -> dict[str, Load | None]:
    """Return what runs beside the fan-out, by name; with another server also what controls it."""
    loads: dict[str, Load | None] = {
        ALONE: None,
        STEADY: lambda seconds: _ask(target, seconds, token, PAUSE),
    }
    if other:
        loads |= {
            f"{STEADY} of Strawberry": lambda seconds: _ask(other, seconds, pause=PAUSE),
            SATURATING: lambda seconds: _ask(target, seconds, token),
            f"{SATURATING} of Strawberry": lambda seconds: _ask(other, seconds),
        }
    return loads


def _fan_out(
    target: Target,
    people: list[Person],
    loads: dict[str, Load | None],
    rounds: int,
    seconds: float,
) -> dict[str, list[float]]:
    """Return the fan-out's p99 in ms, alone and beside each load, round by round."""
    p99: dict[str, list[float]] = {load: [] for load in loads}
    for _ in range(rounds):
        for load, ask in loads.items():
            with _beside(ask, seconds + 2 * LEAD):
                run = fanout.run(target, people, FOLLOWERS, 1, seconds)
            p99[load].append(run.p99_ms)
    return p99


@contextmanager
def _beside(ask: Load | None, seconds: float) -> Iterator[None]:
    """Have it asked meanwhile, from a little before."""
    if ask is None:
        yield
        return
    asking = threading.Thread(target=ask, args=(seconds,))
    asking.start()
    time.sleep(LEAD)
    yield
    asking.join()


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
