"""All benchmarks, one after the other; `--write` puts charts and table into the documentation.

`--quick` runs fewer and shorter rounds: for a first look, not for quoting.
"""

import argparse
import os
import platform
import sqlite3
import sys
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import commands
import durable
import fanout
import graphql_face
import history
import idle
import lists
import pace
import peers_fanout
import refused
import replay
import storm
from apart import allow_many_sockets
from hugmood.gateway import hub
from report import Figure, Run, Section

Measure = Callable[[], list[Figure]]


def main() -> None:
    """Measure, print, and on request write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md")
    options = parser.parse_args()
    write = _writer() if options.write else None
    sections, broken = _measure(quick=options.quick)
    if write:
        write(Run(f"{datetime.now(UTC):%Y-%m-%d}", _machine(), sections))
    if broken:
        sys.exit(f"{broken} benchmarks broke down, and are left out")


def _writer() -> Callable[[Run], None]:
    """Load what writes, which only `make bench` installs: before, not after half an hour."""
    import plots  # noqa: PLC0415 (who only measures needs no matplotlib)

    return plots.write


def _measure(*, quick: bool) -> tuple[list[Section], int]:
    """Return all figures, and how many benchmarks broke down: the others are not lost by that."""
    rounds, seconds = (1, 1.5) if quick else (5, 3.0)
    beside = partial(peers_fanout.measure, peers=peers_fanout.MAIN, rounds=rounds)
    most_sockets = min(20_000, allow_many_sockets())
    benchmarks: dict[str, list[Measure]] = {
        "Fan-out": [partial(fanout.measure, rounds=rounds, seconds=seconds)],
        # Shorter than alone, and without variants: together they would take longer than the rest.
        "Fan-out beside others": [
            partial(beside, subscribers=(100, 1000), seconds=1),
            partial(beside, subscribers=(5000,), seconds=2),
        ],
        "Durable commands": [partial(commands.measure, rounds=rounds, seconds=seconds)],
        "Durable commands, by followers": [
            partial(durable.measure, rounds=rounds, seconds=seconds),
        ],
        "Refused messages": [partial(refused.measure, rounds=rounds, seconds=seconds)],
        "A long history": [partial(history.measure, rounds=rounds)],
        "Very long lists": [partial(lists.measure, rounds=rounds)],
        "GraphQL": [partial(graphql_face.measure, rounds=rounds)],
        "Idle memory": [
            partial(idle.measure, rounds=rounds),
            partial(idle.measure, sockets=most_sockets, rounds=rounds, start=False),
        ],
        "Reconnect storm": [partial(storm.measure, sockets=5_000, rounds=rounds)],
        "Replay": [partial(replay.measure, rounds=rounds)],
    }
    broken = 0
    sections = []
    for title, measures in benchmarks.items():
        print(f"\n{title}", flush=True)
        section = Section(title, [])
        times = pace.measure()
        for measure in measures:
            try:
                section.figures.extend(_told(measure()))
            except Exception:  # noqa: BLE001 (whatever it is, it is told)
                traceback.print_exc()
                broken += 1
        section.figures.extend(_told([pace.told([*times, *pace.measure()])]))
        sections.append(section)
    return sections, broken


def _told(figures: list[Figure]) -> list[Figure]:
    for line in figures:
        print(line, flush=True)
    return figures


def _machine() -> str:
    model = next(
        (line.partition(":")[2].strip() for line in _cpu_lines() if line.startswith("model name")),
        platform.machine(),
    )
    return (
        f"{os.cpu_count()} cores ({model}), {platform.system()} {platform.release()}, "
        f"Python {sys.version.split()[0]} ({_build()}), SQLite {sqlite3.sqlite_version}"
    )


def _build() -> str:
    """Tell one build of Python from another: how it was optimised is a matter of a third."""
    compiled = not (hub.__file__ or "").endswith(".py")
    return f"{platform.python_build()[1]}; HugMood {'' if compiled else 'not '}compiled"


def _cpu_lines() -> list[str]:
    return Path("/proc/cpuinfo").read_text().splitlines()


if __name__ == "__main__":
    main()
