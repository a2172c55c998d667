"""How fast the machine is just now: the same work each time, and nothing beside it.

Shared machines differ from hour to hour by a half. Where this took longer than in another
run, so did everything that is not a ratio.
"""

import time
from typing import Final

from report import Figure, figure

NAME: Final = "the machine's pace: fixed work in Python, alone"
_ROUNDS: Final = 5
_STEPS: Final = 200_000


def measure() -> list[float]:
    """Return the CPU time of some rounds of it, in ms."""
    return [_once() for _ in range(_ROUNDS)]


def told(times: list[float]) -> Figure:
    """Make a figure of these."""
    return figure(NAME, times, "ms")


def _once() -> float:
    began = time.process_time()
    kept: dict[int, tuple[int, str]] = {}
    for step in range(_STEPS):
        kept[step % 977] = step, str(step)
    return (time.process_time() - began) * 1000
