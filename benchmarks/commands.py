"""Durable commands: how many moods are acknowledged a second, and how soon.

Each client has one command outstanding and sends the next on its acknowledgement; the
row is on disk (SQLite, `synchronous=FULL`) before that. In turn with it: the same while
the gateway also fans out to 1,000 sockets, and a C server that only answers.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import fanout
import native
from native import Commands
from report import Figure, figure
from service import Person, Service, befriend, database_folder, populate, serve

MESSAGE = (
    '{"type":"mood_update","id":"bench-@@","data":{"mood":"happy","intensity":0.8,'
    '"note":"Just got some great news!","isPublic":true,"tags":["achievement"]}}'
)
AUDIENCE = 1000
_LEAD = 3.0
"""Seconds the fan-out needs to get going, and goes on after the measured window."""


def measure(*, clients: int = 256, rounds: int = 5, seconds: float = 3) -> list[Figure]:
    """Return rate and latency, alone and beside fan-out, and the busy one's share."""
    with database_folder() as url:
        people = populate(url, clients + AUDIENCE + 1)
        audience, authors = people[: AUDIENCE + 1], people[AUDIENCE + 1 :]
        befriend(url, audience[0], audience[1:])
        with serve(url) as service, native.sendloop(reply_only=True) as limit:
            quiet, busy, bare = [], [], []
            for _ in range(rounds):
                bare.append(native.commands(limit.target, sockets=clients, messages=[MESSAGE]))
                quiet.append(_run(service, authors, seconds))
                with _fanning_out(service, audience, seconds):
                    busy.append(_run(service, authors, seconds))
    return _figures(clients, quiet, busy, bare)


def _run(service: Service, authors: list[Person], seconds: float) -> Commands:
    return native.commands(
        service.target,
        sockets=len(authors),
        messages=[MESSAGE],
        init=[person.auth() for person in authors],
        seconds=seconds,
    )


@contextmanager
def _fanning_out(service: Service, audience: list[Person], seconds: float) -> Iterator[None]:
    started = threading.Event()

    def fan_out() -> None:
        started.set()
        native.fanout(
            service.target,
            subscribers=AUDIENCE,
            message=fanout.MESSAGE,
            init=[person.auth() for person in audience[1:]],
            publisher_init=audience[0].auth(),
            warm=_LEAD,
            seconds=seconds + _LEAD,
        )

    thread = threading.Thread(target=fan_out)
    thread.start()
    started.wait()
    yield
    thread.join()


def _figures(
    clients: int, quiet: list[Commands], busy: list[Commands], bare: list[Commands]
) -> list[Figure]:
    name = f"mood_update, {clients} clients"
    rates = [run.acknowledged_per_s for run in quiet]
    shares = [run.acknowledged_per_s / alone for run, alone in zip(busy, rates, strict=True)]
    return [
        figure(f"{name}: acknowledged", rates, "/s", "at least 5,000/s"),
        figure(f"{name}: p50", [run.p50_ms for run in quiet], "ms"),
        figure(f"{name}: p99", [run.p99_ms for run in quiet], "ms"),
        figure(f"{name}: beside fan-out / alone", shares, "x", "at least 0.6"),
        figure(
            f"{name}: server CPU each",
            [run.cpu_s_per_million or 0 for run in quiet],
            "us",
        ),
        figure(
            f"{name}: C server without a disk",
            [run.acknowledged_per_s for run in bare],
            "/s",
        ),
    ]


if __name__ == "__main__":
    for line in measure():
        print(line)
