"""The part of the documentation that is written by a run: charts, and tables of all figures."""

from pathlib import Path
from typing import Final

from charts import Chart, contents
from report import Run, Section

PAGE: Final = Path(__file__).resolve().parents[1] / "docs" / "performance.md"
FOLDER: Final = PAGE.with_suffix("")
FIGURES: Final = FOLDER / "figures.json"
_KEY: Final = (
    "Bars are medians, thin lines go from the least to the most, and red marks are goals. The same "
    f"figures are in [{FIGURES.name}]({FIGURES.relative_to(PAGE.parent)})."
)
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def write(run: Run) -> None:
    """Put the run's charts and its table between the markers."""
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{text(run)}{END}{after}", "utf-8")


def text(run: Run) -> str:
    """Return what belongs between the markers."""
    lines = [
        str(run),
        "",
        _KEY,
        "",
        *(line for content in contents(run.figures) for line in _chart(content.chart)),
        *(line for section in run.sections if section.figures for line in _table(section)),
    ]
    return "\n".join([*lines, ""])


def _table(section: Section) -> list[str]:
    return [
        f"### {section.title}, measured",
        "",
        "| what | median | spread | goal |",
        "| --- | --- | --- | --- |",
        *(figure.row() for figure in section.figures),
        "",
    ]


def picture(chart: Chart) -> Path:
    """Return where a chart is drawn."""
    return FOLDER / f"{chart.name}.svg"


def _chart(chart: Chart) -> list[str]:
    where = picture(chart).relative_to(PAGE.parent)
    return [f"**{chart.title}.** {chart.reading}", "", f"![{chart.alt}]({where})", ""]
