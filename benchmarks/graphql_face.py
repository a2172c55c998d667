"""GraphQL over HTTP, beside the same query on Strawberry's stock view; and what sockets feel of it.

`moodEntries` with 20 rows and 5 fields, asked over a few connections that stay open. What
is counted is the CPU time of the server's processes, all together. Strawberry's schema is
written as its documentation does, on the same tables by the same SQL, without sign-in,
limits or snapshots: that is in its favour.
"""

import http.client
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import fanout
import native
from history import write_history
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
_TICKS: Final = os.sysconf("SC_CLK_TCK")


class Port(NamedTuple):
    """A server to ask, and the processes that it takes."""

    number: int
    pids: list[int]
    token: str = ""


def measure(*, rounds: int = 5, seconds: float = 3) -> list[Figure]:
    """Return requests for each second of CPU, both ways, and the fan-out's p99 beside them."""
    ours, theirs = [], []
    with database_folder() as url:
        people = populate(url, FOLLOWERS + 1)
        befriend(url, people[0], people[1:])
        write_history(url, people[0], ENTRIES)
        with serve(url) as service, _strawberry(url, people[0]) as other:
            port = Port(service.port, list(service.processes.values()), people[0].token)
            _wait_for_graphql(port)
            for _ in range(rounds):
                theirs.append(_ask(other, seconds))
                ours.append(_ask(port, seconds))
            alone, beside = _fan_out(service.target, people, port, rounds, seconds)
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


def _ask(port: Port, seconds: float) -> float:
    """Ask for so long; return the requests for each second of CPU."""
    before = _cpu(port.pids)
    with _asking(port) as done:
        time.sleep(seconds)
    return done.count / (_cpu(port.pids) - before)


class _Done:
    """How many were answered."""

    def __init__(self) -> None:
        self.count = 0
        self.over = False


@contextmanager
def _asking(port: Port) -> Iterator[_Done]:
    """Ask over several connections until the block ends."""
    done = _Done()
    counts = [0] * CONNECTIONS
    threads = [
        threading.Thread(target=_ask_on, args=(port, done, counts, place))
        for place in range(CONNECTIONS)
    ]
    for thread in threads:
        thread.start()
    yield done
    done.over = True
    for thread in threads:
        thread.join()
    done.count = sum(counts)


def _ask_on(port: Port, done: _Done, counts: list[int], place: int) -> None:
    body = json.dumps(QUERY)
    headers = {"Content-Type": "application/json"}
    if port.token:
        headers["Authorization"] = f"Bearer {port.token}"
    connection = http.client.HTTPConnection("127.0.0.1", port.number)
    while not done.over:
        connection.request("POST", "/graphql", body, headers)
        answer = connection.getresponse().read()
        if b'"items":[{' not in answer.replace(b" ", b""):
            raise AssertionError(answer[:500])
        counts[place] += 1
    connection.close()


def _fan_out(
    target: native.Target, people: list[Person], port: Port, rounds: int, seconds: float
) -> tuple[list[float], list[float]]:
    """Return the fan-out's p99 in ms, alone and beside queries, round by round."""
    alone, beside = [], []
    for _ in range(rounds):
        alone.append(fanout.run(target, people, FOLLOWERS, 1, seconds).p99_ms)
        with _asking(port):
            beside.append(fanout.run(target, people, FOLLOWERS, 1, seconds).p99_ms)
    return alone, beside


def _cpu(pids: list[int]) -> float:
    """CPU seconds of processes so far."""
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / _TICKS


def _wait_for_graphql(port: Port) -> None:
    for _ in range(200):
        connection = http.client.HTTPConnection("127.0.0.1", port.number)
        connection.request("POST", "/graphql", "{}", {"Content-Type": "application/json"})
        if connection.getresponse().status != 503:  # noqa: PLR2004 (it is starting)
            return
        time.sleep(0.05)
    raise AssertionError("the GraphQL process did not start")


@contextmanager
def _strawberry(url: str, person: Person) -> Iterator[Port]:
    """Run the other server on the same database."""
    command = [sys.executable, str(Path(__file__).with_name("strawberry_view.py"))]
    arguments = [url.removeprefix("sqlite:///"), str(person.key)]
    with subprocess.Popen(  # noqa: S603 (our own program)
        [*command, *arguments], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield Port(int(process.stdout.readline()), [process.pid])
        finally:
            process.terminate()


if __name__ == "__main__":
    for line in measure():
        print(line)
