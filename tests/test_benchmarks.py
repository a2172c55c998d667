import re

import msgspec

import page
import peers_fanout
from charts import MET, MISSED, contents
from native import Fanout, Use
from report import Bar, Figure, Run, Section, figure

MEASURED = Run.from_json(page.FIGURES.read_bytes())


def test_figures_are_kept() -> None:
    """A run reads as it was written, goals and places in charts included."""
    run = Run(
        "2026-11-23",
        "2 cores",
        [
            Section("Start", [figure("start to ready", [1.2, 0.9, 1.1], "s", "under 1 s")]),
            Section(
                "Memory",
                [figure("memory", [6.905], "KB", bar=Bar("memory", "", "5,000", "HugMood"))],
            ),
        ],
    )
    assert run == Run.from_json(run.to_json())


def test_kept_figures_stay_the_same() -> None:
    """What is kept in the documentation is written again byte by byte."""
    assert page.FIGURES.read_bytes() == MEASURED.to_json()


def test_page_has_kept_figures() -> None:
    """Table and charts on the page are those of the figures beside it."""
    _, _, rest = page.PAGE.read_text("utf-8").partition(f"{page.BEGIN}\n")
    written, _, _ = rest.partition(page.END)
    assert page.text(MEASURED) == written


def test_page_shows_every_chart() -> None:
    """Each chart that there is something to draw for is drawn, and shown with words for it."""
    shown = re.findall(r"!\[.+\]\((.+\.svg)\)", page.PAGE.read_text("utf-8"))
    drawn = {path.relative_to(page.PAGE.parent).as_posix() for path in page.FOLDER.glob("*.svg")}
    assert drawn == set(shown)
    assert [
        f"performance/{content.chart.name}.svg" for content in contents(MEASURED.figures)
    ] == shown


def test_charts_are_whole() -> None:
    """No panel has two bars of one series beside one label: one would hide the other."""
    for content in contents(MEASURED.figures):
        for rows in content.panels.values():
            assert len(rows) == len({(row.label, row.series) for row in rows})


def test_goals_go_one_way() -> None:
    """Beside its goal a figure is better above one, whether more or less of it is wanted."""
    figures = [
        Figure("rate", 10_000, 4_000, 20_000, "/s", "at least 5,000/s"),
        Figure("time", 3, 2, 6, "s", "under 1.5 s"),
        Figure("more than alone", 10, -5, 40, "ms", "at most 20 ms"),
    ]
    (goals,) = contents(figures)
    rows = [(row.series, row.median, row.least, row.most) for row in goals.panels[""]]
    assert rows == [(MET, 2, 0.8, 4), (MISSED, 0.5, 0.25, 0.75), (MET, 2, 0.5, 100)]


def _fanout() -> Fanout:
    """A measurement of a server with one process."""
    window = dict.fromkeys(Fanout.__struct_fields__, 1)
    use = dict.fromkeys(Use.__struct_fields__, 1) | {"name": "gateway"}
    return msgspec.convert(window | {"processes": [use]}, Fanout)


def test_peers_have_charts() -> None:
    """Each peer's CPU time and p99 is in a chart, and what has a goal in another."""
    results = {name: [_fanout()] for name in (peers_fanout.LIMIT, peers_fanout.HUGMOOD, "ws")}
    figures = peers_fanout._figures(1000, 1, results)
    drawn = {content.chart.name: content.labels for content in contents(figures)}
    assert drawn == {
        "peers": ["HugMood's gateway", "HugMood", "ws"],
        "peers-p99": ["HugMood", "ws"],
        "ahead": ["ws"],
    }
