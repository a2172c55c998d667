"""The main ratios in less than a minute: to see at once that nothing got much slower.

One round each, shorter and smaller than in `run.py`: not for quoting.
"""

from collections.abc import Callable
from functools import partial

import commands
import fanout
import graphql_face
import idle
import replay
from report import Figure

BENCHMARKS: tuple[Callable[[], list[Figure]], ...] = (
    partial(fanout.measure, rounds=1, seconds=1),
    partial(commands.measure, rounds=1, seconds=1),
    partial(graphql_face.measure, rounds=1, seconds=1, controls=False),
    partial(replay.measure, rounds=1),
    partial(idle.measure, sockets=3000, rounds=1),
)


def main() -> None:
    """Measure and print."""
    for measure in BENCHMARKS:
        for line in measure():
            print(line, flush=True)


if __name__ == "__main__":
    main()
