"""How figures are told: the median of several rounds, their spread, and the goal."""

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
    unit: str
    goal: str = ""

    def __str__(self) -> str:
        """Write it as one line for a terminal."""
        line = (
            f"{self.name:52} {_short(self.median):>9} {self.unit:5} "
            f"({_short(self.least)} to {_short(self.most)})"
        )
        return f"{line:92} goal: {self.goal}" if self.goal else line

    def row(self) -> str:
        """Write it as a row of a Markdown table."""
        spread = f"{_short(self.least)} to {_short(self.most)}"
        return f"| {self.name} | {_short(self.median)} {self.unit} | {spread} | {self.goal} |"


def figure(name: str, values: Sequence[float], unit: str, goal: str = "") -> Figure:
    """Make a figure of the values that the rounds gave."""
    return Figure(name, median(values), min(values), max(values), unit, goal)


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"  # noqa: PLR2004 (two digits are enough)
