"""What each chart of the documentation shows, and how to read it; `plots.py` draws them.

A benchmark says of a figure which chart has it, and where (`report.Bar`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from report import Bar, Figure, short

OVERVIEW: Final = "goals"
OWN_OVERVIEW: Final = "ahead"
"""There are dozens of these goals, so that they have a chart of their own."""
MET, MISSED = "better than the goal", "short of the goal"
_MOST_TIMES: Final = 100
"""What took no time at all is as many times better than its goal as an axis has room for."""


@dataclass(frozen=True)
class Chart:
    """Panels with horizontal bars; its name is that of the file."""

    name: str
    title: str
    reading: str
    """How to read it, for the page."""
    panels: Mapping[str, str]
    """What stands below the axis of each, by its title."""
    base: float | None = 0
    """Where bars begin; None on an axis by powers of ten that has no such place."""
    powers: bool = False
    """Whether the axis goes by powers of ten."""
    limit: str = ""
    """The series that nobody can be better than: it is grey."""

    @property
    def alt(self) -> str:
        """What those hear who do not see it."""
        begins_with_word = not self.title[1].isupper()
        title = self.title[0].lower() + self.title[1:] if begins_with_word else self.title
        return f"Bar chart: {title}. The tables have all numbers."


@dataclass(frozen=True)
class Row:
    """One bar with its spread, and the words at its end."""

    label: str
    series: str
    median: float
    least: float
    most: float
    text: str
    goal: float | None = None


@dataclass(frozen=True)
class Content:
    """What a chart shows of a run; panels without figures are left out."""

    chart: Chart
    panels: dict[str, list[Row]]

    @property
    def labels(self) -> list[str]:
        """All labels, in the order in which they were measured."""
        return list(dict.fromkeys(row.label for rows in self.panels.values() for row in rows))

    @property
    def series(self) -> list[str]:
        """All series, likewise."""
        return list(dict.fromkeys(row.series for rows in self.panels.values() for row in rows))


_CPU_OVER: Final = "CPU time of a delivery, times that of the C loop"
_P99_OVER: Final = "p99 until the last receipt, times that of the C loop"
_OVER_PEER: Final = "CPU time of HugMood's gateway, times that of the other"
_RATE: Final = "acknowledged a second, each grid line ten times the last"

CHARTS: Final = (
    Chart(
        OVERVIEW,
        "How far each figure is from its goal",
        "Each bar begins at the goal: one that ends at 2 is twice as good as was asked for, one "
        "that ends at 0.5 half as good.",
        {"": "times as good as the goal"},
        base=1,
        powers=True,
    ),
    Chart(
        "fan-out",
        "What one delivery of the fan-out to 1,000 followers costs",
        "Shorter is better; the grey bars are the C program that only sends, and on the right the "
        "same is told in times of it.",
        {"CPU time": "microseconds a delivery", "over the C loop": "times the C loop's"},
        limit="C loop",
    ),
    Chart(
        "peers",
        "CPU time of a delivery, beside what people would use instead",
        "Shorter is better, and 1 is the C program that only sends; only HugMood stores what it "
        "sends, signs people in and counts for each of them.",
        {"1 outstanding": _CPU_OVER, "8 outstanding": _CPU_OVER},
        base=1,
        powers=True,
    ),
    Chart(
        "peers-p99",
        "Time until the last receipt, beside what people would use instead",
        "Shorter is better: one in a hundred moods takes longer than this until the last follower "
        "has it, and 1 is the C program that only sends.",
        {"1 outstanding": _P99_OVER, "8 outstanding": _P99_OVER},
        base=1,
        powers=True,
    ),
    Chart(
        OWN_OVERVIEW,
        "CPU time of HugMood's gateway over that of others",
        "Left of 1 the gateway needs less than the other does.",
        {"1 outstanding": _OVER_PEER, "8 outstanding": _OVER_PEER},
        base=1,
        powers=True,
    ),
    Chart(
        "commands",
        "Durable commands, by the author's followers",
        "Longer is better; the grey bars are the same rows written by hand without a server, F is "
        "the number of followers, and each line of the grid is ten times the one before.",
        {"SQLite": _RATE, "PostgreSQL": _RATE},
        base=None,
        powers=True,
        limit="by hand, no server",
    ),
    Chart(
        "lists",
        "A page of 20 out of 100,000 rows",
        "Shorter is better: what the server works for one page, and each line of the grid is ten "
        "times the one before.",
        {"": "milliseconds of CPU time a page"},
        base=None,
        powers=True,
    ),
    Chart(
        "memory",
        "What a silent socket takes of the memory",
        "Shorter is better: what all processes together grow by for each socket that signed in.",
        {"": "KB of resident memory a socket"},
    ),
)


def contents(figures: Sequence[Figure]) -> list[Content]:
    """Return what there is to draw; charts without figures are left out."""
    rows: dict[str, dict[str, list[Row]]] = {
        chart.name: {panel: [] for panel in chart.panels} for chart in CHARTS
    }
    for figure in figures:
        for bar, row in _rows(figure):
            rows[bar.chart][bar.panel].append(row)
    filled = {
        name: {panel: rows for panel, rows in panels.items() if rows}
        for name, panels in rows.items()
    }
    return [Content(chart, filled[chart.name]) for chart in CHARTS if filled[chart.name]]


def _rows(figure: Figure) -> Iterator[tuple[Bar, Row]]:
    bar = figure.bar
    if bar:
        yield bar, _row(figure, bar)
    if figure.bound and (bar is None or bar.chart != OWN_OVERVIEW):
        yield Bar(OVERVIEW, "", "", ""), _beside_goal(figure, figure.bound)


def _row(figure: Figure, bar: Bar) -> Row:
    told = (figure.median, figure.least, figure.most)
    return Row(bar.label, bar.series, *told, _words(figure), figure.bound)


def _beside_goal(figure: Figure, bound: float) -> Row:
    """Tell how many times better than its goal a figure is, whichever way is better."""
    if figure.goal.startswith("at least"):
        times = [value / bound for value in (figure.median, figure.least, figure.most)]
    else:
        least_told = bound / _MOST_TIMES
        times = [
            bound / max(value, least_told) for value in (figure.median, figure.most, figure.least)
        ]
    middle, least, most = times
    return Row(figure.name, MET if middle >= 1 else MISSED, middle, least, most, _words(figure))


def _words(figure: Figure) -> str:
    goal = f" (goal: {figure.goal})" if figure.goal else ""
    return f"{short(figure.median)} {figure.unit}{goal}".replace(" us", " µs")
