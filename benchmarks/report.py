"""How figures are told: the median of several rounds, and their spread."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Figure:
    """One figure of several rounds; `goal` in words, empty where there is none."""

    name: str
    median: float
    least: float
    most: float
    unit: str = "x"
    goal: str = ""

    def __str__(self) -> str:
        """Write it as one line."""
        text = f"{self.name:58} {self.median:9.2f} {self.unit:6} ({self.least:.2f} to {self.most:.2f})"
        return f"{text}  goal: {self.goal}" if self.goal else text


def spread(name: str, values: Sequence[float], unit: str = "x", goal: str = "") -> Figure:
    """Make a figure of the values that the rounds gave."""
    return Figure(name, median(values), min(values), max(values), unit, goal)
