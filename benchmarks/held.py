"""How long others are held while one mood is written that 10,000 people are to hear of.

A few clients send moods that nobody hears of, each with one outstanding, while one
author tells a whole crowd something four times a second; and alone.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import native
from caller import calling
from commands import MESSAGE as MOOD
from crowd import SIZE, Crowd
from native import Commands
from report import Figure, figure
from service import Service, settle

OTHERS: Final = 32
"""Clients beside the author whom the whole crowd follows."""
GOAL: Final = "at most 20 ms"
BIG_EVERY: Final = 0.25
"""Seconds between two moods of that author."""
_PATIENCE_S: Final = 20.0


def measure(
    name: str, service: Service, crowd: Crowd, *, rounds: int = 3, seconds: float = 3
) -> list[Figure]:
    """Return the others' latencies, alone and beside; `name` is that of the database."""
    alone, beside = [], []
    settle(service, patience=_PATIENCE_S)
    for _ in range(rounds):
        alone.append(_others(service, crowd, seconds))
        with _telling_everybody(service, crowd):
            beside.append(_others(service, crowd, seconds))
        settle(service, patience=_PATIENCE_S)
    what = f"{name}, {OTHERS} clients beside F={SIZE:,}"
    return [
        figure(f"{what}: p99 alone", [run.p99_ms for run in alone], "ms"),
        figure(f"{what}: the longest alone", [run.max_ms for run in alone], "ms"),
        figure(f"{what}: p99", [run.p99_ms for run in beside], "ms"),
        figure(f"{what}: the longest", [run.max_ms for run in beside], "ms"),
        figure(f"{what}: p99, more than alone", _more(alone, beside, "p99_ms"), "ms", GOAL),
        figure(f"{what}: the longest, more than alone", _more(alone, beside, "max_ms"), "ms", GOAL),
    ]


@contextmanager
def _telling_everybody(service: Service, crowd: Crowd) -> Iterator[None]:
    """Have one author tell the whole crowd, time and again, until the block ends."""
    over = threading.Event()
    (author,) = crowd.authors[SIZE]

    def tell() -> None:
        with calling(service.target, author.auth()) as caller:
            while not over.wait(BIG_EVERY):
                caller.mood_update(MOOD)

    thread = threading.Thread(target=tell)
    thread.start()
    yield
    over.set()
    thread.join()


def _more(alone: list[Commands], beside: list[Commands], what: str) -> list[float]:
    """How much longer something takes beside the big moods, round by round."""
    return [
        float(getattr(after, what) - getattr(before, what))
        for before, after in zip(alone, beside, strict=True)
    ]


def _others(service: Service, crowd: Crowd, seconds: float) -> Commands:
    people = crowd.authors[0][:OTHERS]
    return native.commands(
        service.target,
        sockets=OTHERS,
        messages=[MOOD],
        init=[person.auth() for person in people],
        seconds=seconds,
        warm=0.5,
    )
