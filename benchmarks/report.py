"""How figures are told: the median of several rounds, their spread, and the goal."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

import msgspec

_NUMBER: Final = re.compile(r"\d[\d,]*(?:\.\d+)?")
_WHOLE: Final = 100
"""From here on two decimals say nothing."""


@dataclass(frozen=True)
class Bar:
    """Where a chart of `charts.py` has a figure.

    In which of its panels, beside which label, and with the colour of which series.
    """

    chart: str
    panel: str
    label: str
    series: str


@dataclass(frozen=True)
class Figure:
    """One figure of several rounds; `goal` in words, empty where there is none."""

    name: str
    median: float
    least: float
    most: float
    unit: str
    goal: str = ""
    bar: Bar | None = None

    def __str__(self) -> str:
        """Write it as one line for a terminal."""
        line = (
            f"{self.name:52} {short(self.median):>9} {self.unit:5} "
            f"({short(self.least)} to {short(self.most)})"
        )
        return f"{line:92} goal: {self.goal}" if self.goal else line

    def row(self) -> str:
        """Write it as a row of a Markdown table."""
        spread = f"{short(self.least)} to {short(self.most)}"
        return f"| {self.name} | {short(self.median)} {self.unit} | {spread} | {self.goal} |"

    @property
    def bound(self) -> float | None:
        """The number in the goal, in this figure's unit."""
        found = _NUMBER.search(self.goal)
        return float(found[0].replace(",", "")) if found else None


@dataclass(frozen=True)
class Section:
    """What one scenario gave."""

    title: str
    figures: list[Figure]


@dataclass(frozen=True)
class Run:
    """All figures of one run, and when and where they were measured."""

    day: str
    machine: str
    sections: list[Section]

    @property
    def figures(self) -> list[Figure]:
        """All of them."""
        return [figure for section in self.sections for figure in section.figures]

    def __str__(self) -> str:
        """Say when and where."""
        return f"Measured on {self.day}: {self.machine}."

    def to_json(self) -> bytes:
        """Write everything, for people to read as well."""
        return msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n"

    @classmethod
    def from_json(cls, text: bytes) -> "Run":
        """Read what `to_json` wrote."""
        return msgspec.json.decode(text, type=cls)


def figure(
    name: str, values: Sequence[float], unit: str, goal: str = "", bar: Bar | None = None
) -> Figure:
    """Make a figure of the values that the rounds gave."""
    return Figure(name, median(values), min(values), max(values), unit, goal, bar)


def short(value: float) -> str:
    """Write a number with as many digits as are enough."""
    return f"{value:,.0f}" if value >= _WHOLE else f"{value:.2f}"
