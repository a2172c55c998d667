"""Replay: somebody comes back who missed as much as is kept, and reads all of it."""

from typing import Final

from report import Figure, figure
from service import database_folder, populate, serve
from storm import come_back, say

MISSED: Final = 10_000
READERS: Final = 4
"""At once; what is told is for one of them."""


def measure(*, rounds: int = 5) -> list[Figure]:
    """Return server CPU for one replay, and how long it takes."""
    cpu, seconds = [], []
    with database_folder() as url:
        people = populate(url, READERS)
        say(url, people, MISSED)
        with serve(url) as service:
            for _ in range(rounds):
                run = come_back(service, people, MISSED)
                cpu.append(1e3 * run.cpu_s / READERS)
                seconds.append(run.seconds)
    name = f"replay of {MISSED:,} events"
    return [
        figure(f"{name}: server CPU", cpu, "ms", "under 150 ms"),
        figure(f"{name}: {READERS} at once", seconds, "s"),
    ]


if __name__ == "__main__":
    for line in measure():
        print(line)
