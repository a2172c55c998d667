"""Fan-out: one author, N followers online, against a C loop of `send()` calls.

The limit sends the same frames with a number for each recipient and does nothing else.
HugMood signs people in, stores each mood, gives every follower's stream its next number
and has that on disk before the author's reply. The two are measured in turn.
"""

from collections.abc import Sequence

import native
from native import Fanout, Target
from report import Bar, Figure, figure
from service import Person, befriend, database_folder, populate, serve

MESSAGE = (
    '{"type":"mood_update","id":"bench-@@","data":{"mood":"happy","intensity":0.8,"isPublic":true}}'
)
GOALS = {1: "at most 1.5", 8: "at most 0.5"}
"""For the gateway's CPU time, by moods outstanding."""
TOGETHER = {8: "at most 3.0"}
"""For the CPU time of gateway and writer together."""


def measure(*, subscribers: int = 1000, rounds: int = 5, seconds: float = 3) -> list[Figure]:
    """Return CPU time a delivery over the limit's, with one and with eight outstanding."""
    figures: list[Figure] = []
    with database_folder() as url:
        people = populate(url, subscribers + 1)
        befriend(url, people[0], people[1:])
        with serve(url) as service, native.sendloop() as limit:
            for outstanding in GOALS:
                limits, ours = [], []
                for _ in range(rounds):
                    limits.append(run(limit.target, [], subscribers, outstanding, seconds))
                    ours.append(run(service.target, people, subscribers, outstanding, seconds))
                figures += _figures(limits, ours, outstanding)
    return figures


def run(
    target: Target,
    people: Sequence[Person],
    subscribers: int,
    outstanding: int,
    seconds: float,
    warm: float = 1,
) -> Fanout:
    """Measure once."""
    return native.fanout(
        target,
        subscribers=subscribers,
        message=MESSAGE,
        init=[person.auth() for person in people[1:]] or ["{}"],
        publisher_init=people[0].auth() if people else "{}",
        outstanding=outstanding,
        seconds=seconds,
        warm=warm,
        verify=True,
    )


def _figures(limits: list[Fanout], ours: list[Fanout], outstanding: int) -> list[Figure]:
    base = [per_million(run, "sendloop") for run in limits]
    gateway = [per_million(run, "gateway") for run in ours]
    writer = [per_million(run, "engine-write") for run in ours]
    subscribers = ours[0].sockets
    label = f"{outstanding} outstanding"
    name = f"fan-out to {subscribers:,}, {label}"
    return [
        figure(
            f"{name}: gateway / C loop",
            [mine / limit for mine, limit in zip(gateway, base, strict=True)],
            "x",
            GOALS[outstanding],
            Bar("fan-out", "over the C loop", label, "gateway"),
        ),
        figure(
            f"{name}: gateway + writer / C loop",
            [(g + w) / limit for g, w, limit in zip(gateway, writer, base, strict=True)],
            "x",
            bar=Bar("fan-out", "over the C loop", label, "gateway + writer"),
        ),
        *(
            figure(f"{name}: {who}", cpu, "us", bar=Bar("fan-out", "CPU time", label, who))
            for who, cpu in {"C loop": base, "gateway": gateway, "writer": writer}.items()
        ),
        figure(
            f"{name}: gateway + writer",
            [g + w for g, w in zip(gateway, writer, strict=True)],
            "us",
            TOGETHER.get(outstanding, ""),
            Bar("fan-out", "CPU time", label, "gateway + writer"),
        ),
    ]


def per_million(run: Fanout, process: str) -> float:
    """Return a process's CPU seconds per million deliveries: microseconds for one."""
    used = run.process(process).cpu_s_per_million
    assert used is not None
    return used


if __name__ == "__main__":
    for line in measure():
        print(line)
