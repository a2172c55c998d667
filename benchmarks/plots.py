"""Draw the charts of the documentation again, and write its tables, from the last run's figures.

`run.py --write` does it for a new one. The same figures become the same files, byte by byte,
with the same matplotlib: letters are drawn as paths, and nothing depends on the day.
"""

import argparse
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import accumulate, cycle
from math import floor, log10
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Sheet
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

import page
from charts import MET, MISSED, Chart, Content, Row, contents
from report import Run

# Okabe and Ito's colours, which all kinds of colour vision tell apart.
_COLOURS: Final = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9")
_FIXED: Final = {MET: "#0072B2", MISSED: "#E69F00"}
_LIMIT: Final = "#999999"

# White around them sets them off from any bar.
_GOAL: Final[dict[str, Any]] = {
    "color": "#D55E00",
    "linewidth": 2.5,
    "solid_capstyle": "butt",
    "path_effects": [withStroke(linewidth=4.5, foreground="white")],
}
_SPREAD: Final[dict[str, Any]] = {
    "color": "black",
    "linewidth": 1.2,
    "solid_capstyle": "butt",
    "path_effects": [withStroke(linewidth=3, foreground="white")],
}
_WORDS: Final[dict[str, Any]] = {
    "xytext": (4, 0),
    "textcoords": "offset points",
    "va": "center",
    "fontsize": 7.5,
}
_STYLE: Final = {
    "svg.fonttype": "path",
    "svg.hashsalt": "hugmood",
    "font.family": "DejaVu Sans",  # it comes with matplotlib
    "font.size": 9,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.grid.axis": "x",
    "axes.spines.left": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 10,
    "grid.color": "#dddddd",
    "ytick.major.size": 0,
}
_WIDTH, _BAR, _GAP, _AROUND = 10.0, 0.2, 0.6, 1.6
"""Inches, but the gap between groups, which is told in bars."""
_LETTER, _MARGIN = 0.06, 0.02
"""Inches that a letter takes, on average; share of an axis before its first bar."""


def write(run: Run) -> None:
    """Keep the figures, draw them, and write the page."""
    page.FOLDER.mkdir(exist_ok=True)
    page.FIGURES.write_bytes(run.to_json())
    for old in page.FOLDER.glob("*.svg"):
        old.unlink()
    for content in contents(run.figures):
        draw(content, str(run))
    page.write(run)


def draw(content: Content, caption: str) -> None:
    """Write one chart's file."""
    with mpl.rc_context(_STYLE):
        sheet = _sheet(content, caption)
        metadata = {"Title": content.chart.title, "Date": None, "Creator": None}
        sheet.savefig(page.picture(content.chart), facecolor="white", metadata=metadata)


def _sheet(content: Content, caption: str) -> Sheet:
    groups = _groups(content)
    bars = sum(size + _GAP for size in groups.values())
    sheet = Sheet(figsize=(_WIDTH, bars * _BAR + _AROUND), layout="constrained")
    sheet.supxlabel(caption, x=0.01, ha="left", fontsize=7, color="#666666")
    panels = sheet.subplots(1, len(content.panels), sharey=True, squeeze=False)[0]
    inches = (_WIDTH - max(map(len, groups)) * _LETTER) / len(content.panels)
    colours = _colours(content)
    for axes, (title, rows) in zip(panels, content.panels.items(), strict=True):
        axes.set_title(title, loc="left")
        axes.set_xlabel(content.chart.panels[title])
        base = _base(content.chart, rows)
        _scale(axes, content.chart)
        _bars(axes, rows, base, _starts(groups), colours)
        _make_room(axes, content.chart, base, rows, inches)
    middles = [start + (groups[label] - 1) / 2 for label, start in _starts(groups).items()]
    panels[0].set_yticks(middles, list(groups))
    panels[0].set_ylim(bars - 0.5, -0.5 - _GAP / 2)
    _head(sheet, content.chart.title, _keys(content, colours))
    return sheet


def _groups(content: Content) -> dict[str, int]:
    """Return how many bars stand beside each label, in the panel that has most of them."""
    groups: Counter[str] = Counter(dict.fromkeys(content.labels, 0))
    for rows in content.panels.values():
        groups |= Counter(row.label for row in rows)
    return groups


def _starts(groups: Mapping[str, int]) -> dict[str, float]:
    """Return where the first bar of each group is, from the top, counted in bars."""
    ends = accumulate((size + _GAP for size in groups.values()), initial=0.0)
    return dict(zip(groups, ends, strict=False))


def _colours(content: Content) -> dict[str, str]:
    fixed = _FIXED | {content.chart.limit: _LIMIT}
    rest = cycle(_COLOURS)
    return {series: fixed.get(series) or next(rest) for series in content.series}


def _head(sheet: Sheet, title: str, keys: Sequence[Patch | Line2D]) -> None:
    """Write the title and, below it, what colours and marks are."""
    sheet.legend(
        handles=keys,
        loc="outside upper left",
        ncols=len(keys),
        frameon=False,
        title=title,
        title_fontproperties={"size": 12, "weight": "bold"},
        alignment="left",
    )


def _scale(axes: Axes, chart: Chart) -> None:
    if chart.powers:
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.12g}"))
        axes.xaxis.set_minor_locator(NullLocator())
    if chart.powers and chart.base:  # times something: seldom more than two powers of ten
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.axvline(chart.base, color="black", linewidth=1)


def _bars(
    axes: Axes,
    rows: Sequence[Row],
    base: float,
    starts: Mapping[str, float],
    colours: Mapping[str, str],
) -> None:
    above: Counter[str] = Counter()
    for row in rows:
        y = starts[row.label] + above[row.label]
        above[row.label] += 1
        axes.barh(y, row.median - base, left=base, height=0.9, color=colours[row.series])
        axes.plot([row.least, row.most], [y, y], **_SPREAD)
        if row.goal:
            axes.plot([row.goal] * 2, [y - 0.5, y + 0.5], **_GOAL)
        axes.annotate(row.text, (_end(row, base), y), **_WORDS)


def _base(chart: Chart, rows: Sequence[Row]) -> float:
    """Return where bars begin: at the power of ten below all where the chart does not say."""
    if chart.base is not None:
        return chart.base
    return float(10 ** floor(log10(min(row.least for row in rows))))


def _make_room(axes: Axes, chart: Chart, base: float, rows: Sequence[Row], inches: float) -> None:
    """Let the axis end where the words at the ends of the bars do."""
    scale, back = (log10, _power) if chart.powers else (float, float)
    low = min(scale(min(base, row.least)) for row in rows)
    high = max(
        low + (scale(_end(row, base)) - low) / (1 - (len(row.text) + 2) * _LETTER / inches)
        for row in rows
    )
    axes.set_xlim(back(low - (high - low) * _MARGIN * (low < scale(base))), back(high))


def _end(row: Row, base: float) -> float:
    return max(base, row.most, row.goal or 0)


def _power(exponent: float) -> float:
    return float(10**exponent)


def _keys(content: Content, colours: Mapping[str, str]) -> list[Patch | Line2D]:
    """Say what colours and marks are; one colour alone needs no word."""
    keys: list[Patch | Line2D] = [
        Patch(color=colour, label=series) for series, colour in colours.items() if len(colours) > 1
    ]
    keys.append(Line2D([], [], label="least to most", **_SPREAD))
    if any(row.goal for rows in content.panels.values() for row in rows):
        keys.append(Line2D([], [], label="goal", **_GOAL))
    return keys


def main() -> None:
    """Draw what is kept."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    write(Run.from_json(page.FIGURES.read_bytes()))


if __name__ == "__main__":
    main()
