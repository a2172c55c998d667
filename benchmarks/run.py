"""All benchmarks, one after the other; `--write` puts charts and table into the documentation.

`--quick` runs fewer and shorter rounds: for a first look, not for quoting.
"""

import argparse
import os
import platform
import resource
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
import peers_fanout
import refused
import replay
import storm
from hugmood.gateway import hub
from report import Figure, Run


def main() -> None:
    """Measure, print, and on request write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md")
    options = parser.parse_args()
    write = _writer() if options.write else None
    figures, broken = _measure(quick=options.quick)
    if write:
        write(Run(f"{datetime.now(UTC):%Y-%m-%d}", _machine(), figures))
    if broken:
        sys.exit(f"{broken} benchmarks broke down, and are left out")


def _writer() -> Callable[[Run], None]:
    """Load what writes, which only `make bench` installs: before, not after half an hour."""
    import plots  # noqa: PLC0415 (who only measures needs no matplotlib)

    return plots.write


def _measure(*, quick: bool) -> tuple[list[Figure], int]:
    """Return all figures, and how many benchmarks broke down: the others are not lost by that."""
    rounds, seconds = (1, 1.5) if quick else (5, 3.0)
    figures: list[Figure] = []
    beside = partial(peers_fanout.measure, peers=peers_fanout.MAIN)
    benchmarks = [
        partial(fanout.measure, rounds=rounds, seconds=seconds),
        # Shorter than alone, and without variants: together they would take longer than the rest.
        partial(beside, subscribers=(100, 1000), rounds=rounds, seconds=1),
        partial(beside, subscribers=(5000,), rounds=rounds, seconds=2),
        partial(commands.measure, rounds=rounds, seconds=seconds),
        partial(refused.measure, rounds=rounds, seconds=seconds),
        partial(history.measure, rounds=min(rounds, 3)),
        partial(lists.measure, rounds=min(rounds, 3)),
        partial(graphql_face.measure, rounds=min(rounds, 3)),
        partial(idle.measure, rounds=min(rounds, 3)),
        partial(idle.measure, sockets=_most_sockets(), rounds=1, start=False),
        partial(storm.measure, sockets=5_000, rounds=min(rounds, 3)),
        partial(replay.measure, rounds=rounds),
        partial(durable.main_figures, rounds=min(rounds, 3), seconds=seconds),
    ]
    broken = 0
    for measure in benchmarks:
        try:
            batch = measure()
        except Exception:  # noqa: BLE001 (whatever it is, it is told)
            traceback.print_exc()
            broken += 1
            continue
        for line in batch:
            print(line, flush=True)
        figures += batch
    return figures, broken


def _most_sockets() -> int:
    """As many as are wanted, or as one process may have open here."""
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return min(20_000, allowed // 1_000 * 1_000 - 1_000)


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
