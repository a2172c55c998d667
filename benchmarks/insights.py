"""How often insights are wrong, how often they find what is there, and how long it takes.

Simulated diaries: 12 factors, a fifth of the days missing, scores that remember the day
before. 4 kinds of noise, 5 lengths; in half of the diaries nothing goes with the mood,
in the others 3 factors do, each with a correlation of 0.30. False claims are judged at each
noise and length, power at each length. `--quick` simulates a tenth: for a first look, as
so few diaries say little of rates like 0.05.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from time import process_time
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from hugmood.features.analytics.diary import Diary, Factor, diary
from hugmood.features.analytics.insights import examine
from hugmood.features.analytics.scores import Entry
from report import Figure, figure

Floats = NDArray[np.float64]

LENGTHS: Final = (30, 60, 90, 180, 365)
MISSING: Final = 0.2
R: Final = 0.30
TRUE: Final = (0, 4, 8)
"""Of the twelve: a number without memory, one with, and a tag."""
NUMBERS: Final = 8
"""The others are tags."""
FIRST_DAY: Final = 738_000
SATURDAY: Final = 5
TAGGED: Final = 0.3
MOST_FALSE_RATE: Final = 0.05
MOST_ANY_FALSE: Final = 0.065
LEAST_POWER: Final = {180: 0.78, 365: 0.98}


class Noise(NamedTuple):
    """How moods differ from day to day of themselves."""

    name: str
    phi: float
    heavy: bool = False
    seasons: bool = False
    """Wednesdays are worse, Fridays better, and there is a low in the middle."""


NOISES: Final = (
    Noise("independent days", 0.0),
    Noise("AR(1), phi 0.3", 0.3),
    Noise("AR(1), phi 0.6", 0.6),
    Noise("AR(1), phi 0.4, heavy tails, seasons", 0.4, heavy=True, seasons=True),
)


class Cell(NamedTuple):
    """What came of one kind of noise and one length."""

    noise: Noise
    length: int
    any_false: float
    false_rate: float
    power: float

    @property
    def good(self) -> bool:
        """Whether claims are right as often as they should be."""
        return self.false_rate <= MOST_FALSE_RATE and self.any_false <= MOST_ANY_FALSE

    def row(self) -> str:
        """Write it as a row of a Markdown table."""
        figures = f"{self.false_rate:.3f} | {self.any_false:.3f} | {self.power:.2f}"
        return f"| {self.noise.name} | {self.length} | {figures} |{'' if self.good else ' MISSED'}"


def main() -> int:
    """Simulate, measure, print; 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the diaries")
    parser.add_argument("--diaries", type=int, default=400, help="of each kind, for each row")
    options = parser.parse_args()
    diaries = options.diaries // 10 if options.quick else options.diaries
    for line in measure():
        print(line)
    print(f"\n{diaries} diaries without a connection and {diaries // 2} with, for each row:\n")
    print("| noise | days | false discovery rate | any false under the null | power |")
    print("| --- | --- | --- | --- | --- |")
    found = []
    for cell in cells(diaries):
        print(cell.row(), flush=True)
        found.append(cell)
    print()
    good = [power(found, length) >= LEAST_POWER.get(length, 0.0) for length in LENGTHS]
    return 0 if all(good) and all(cell.good for cell in found) else 1


def power(found: Sequence[Cell], length: int) -> float:
    """Print and return the power at this length, over all kinds of noise."""
    mean = float(np.mean([cell.power for cell in found if cell.length == length]))
    goal = f", goal: {LEAST_POWER[length]}" if length in LEAST_POWER else ""
    print(f"power at {length} days, over all noises: {mean:.2f}{goal}")
    return mean


def measure(rounds: int = 20) -> list[Figure]:
    """Time a year with 24 factors, from entries to findings; on a processor, not a clock."""
    entries = year(factors=24)
    times = []
    for _ in range(rounds + 1):
        started = process_time()
        examine(diary(entries))
        times.append((process_time() - started) * 1000)
    return [figure("insights of a year with 24 factors, CPU", times[1:], "ms", "< 100")]


def cells(diaries: int) -> Iterator[Cell]:
    """Simulate every kind of noise at every length; the same at each run."""
    for noise in NOISES:
        for length in LENGTHS:
            rng = np.random.default_rng([length, round(noise.phi * 10)])
            null = [wrong(noise, length, rng, true=()) for _ in range(diaries)]
            real = [wrong(noise, length, rng, true=TRUE) for _ in range(diaries // 2)]
            yield Cell(
                noise,
                length,
                any_false=float(np.mean([false > 0 for false, _ in null])),
                false_rate=float(np.mean([false / max(1, false + hit) for false, hit in real])),
                power=float(np.mean([hit / len(TRUE) for _, hit in real])),
            )


def wrong(
    noise: Noise, length: int, rng: np.random.Generator, *, true: tuple[int, ...]
) -> tuple[int, int]:
    """Simulate a diary; count the false claims and those that are right."""
    report = examine(simulated(noise, length, rng, true))
    claimed = {place for place, verdict in enumerate(report.verdicts) if verdict.finding}
    beside = (report.weekend is not None) + (report.trend is not None)
    return len(claimed - set(true)) + beside, len(claimed & set(true))


def simulated(noise: Noise, length: int, rng: np.random.Generator, true: tuple[int, ...]) -> Diary:
    """Make a diary with scores in tenths, 0 to 10, and a fifth of the days missing."""
    numbers = np.arange(FIRST_DAY, FIRST_DAY + length)
    factors = _factors(rng, numbers)
    mood = np.sqrt(1 - R**2 * len(true)) * _ar1(rng, length, noise.phi, heavy=noise.heavy)
    for place in true:
        mood += R * factors[place]
    if noise.seasons:
        mood += np.array([0, 0, -0.4, 0, 0.4, 0, 0])[(numbers - 1) % 7]
        mood += 0.5 * np.cos(np.linspace(0, 2 * np.pi, length))
    scores = np.round(np.clip(6 + 1.3 * mood, 0, 10), 1)
    there = np.flatnonzero(rng.random(length) >= MISSING)
    days = numbers[there].tolist()
    return Diary(
        dict(zip(days, scores[there].tolist(), strict=True)),
        [
            Factor(
                "number" if place < NUMBERS else "tag",
                f"factor {place}",
                dict(zip(days, values[there].tolist(), strict=True)),
            )
            for place, values in enumerate(factors)
        ],
    )


def year(factors: int) -> list[Entry]:
    """Make the entries of a year, three a day, with so many numbers and tags."""
    rng = np.random.default_rng(1)
    half = factors // 2
    return [
        Entry(
            "calm",
            float(rng.uniform(-1, 1)),
            0,
            0,
            FIRST_DAY + day,
            [f"tag {k}" for k in np.flatnonzero(rng.random(factors - half) < TAGGED)],
            {f"number {k}": float(rng.normal()) for k in range(half)},
        )
        for day in range(365)
        for _ in range(3)
    ]


def _factors(rng: np.random.Generator, days: NDArray[np.int64]) -> list[Floats]:
    """Make 4 numbers without memory, 4 with, 2 tags by chance and 2 by weekday; variance 1."""
    weekday = (days - 1) % 7 < SATURDAY
    chances = [np.full(len(days), 0.4)] * 2 + [np.where(weekday, 0.7, 0.2)] * 2
    tags = [(rng.random(len(days)) < chance).astype(float) for chance in chances]
    return [
        *(rng.normal(size=len(days)) for _ in range(4)),
        *(_ar1(rng, len(days), 0.5) for _ in range(4)),
        *((tag - chance.mean()) / np.sqrt(0.24) for tag, chance in zip(tags, chances, strict=True)),
    ]


def _ar1(rng: np.random.Generator, length: int, phi: float, *, heavy: bool = False) -> Floats:
    """Make noise of variance 1; `heavy`: of t with 4 degrees of freedom."""
    draws = rng.standard_t(4, size=length) / np.sqrt(2) if heavy else rng.normal(size=length)
    draws[1:] *= np.sqrt(1 - phi**2)
    return np.asarray(lfilter([1.0], [1.0, -phi], draws), float)


if __name__ == "__main__":
    sys.exit(main())
