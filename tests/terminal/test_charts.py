"""Moods drawn with characters."""

import pytest

from hugmood.features.analytics.messages import (
    Analytics,
    DayOfWeekMood,
    FactorState,
    Insight,
    TimeOfDayMood,
)
from hugmood.terminal.charts import bar, chart

EMPTY = Analytics(mood_frequency={}, mood_by_day_of_week=[], mood_by_time_of_day=[])
FULL = Analytics(
    mood_frequency={"calm": 0.25, "happy": 0.75},
    mood_by_day_of_week=[
        DayOfWeekMood(day="Monday", average_mood=2.5, n=3),
        DayOfWeekMood(day="Sunday", average_mood=10.0, n=1),
    ],
    mood_by_time_of_day=[TimeOfDayMood(hour=8, average_mood=5.0, n=4)],
    average_mood=6.25,
    insights=[Insight(id="insight-1", type="pattern", title="Weekends", description="They help.")],
    factors=[
        FactorState(factor="sleep", kind="number", state="need_more_data", n=9, missing=12),
        FactorState(factor="te\x1b[2Ja", kind="tag", state="none_found", n=40),
        FactorState(factor="run", kind="tag", state="clear", n=40),
    ],
)


@pytest.mark.parametrize(
    ("share", "drawn"),
    [(0, ""), (1, "████"), (0.5, "██"), (0.03125, "▏"), (0.96875, "███▉"), (7, "████"), (-1, "")],
)
def test_bar(share: float, drawn: str) -> None:
    """A bar is as long as its share, to an eighth of a character."""
    assert bar(share, 4) == drawn


def test_nothing() -> None:
    """Without entries there is a hint, and no empty axes."""
    assert [str(line) for line in chart(EMPTY)] == ["Nothing to draw yet: /mood says how you feel"]


def test_whole_chart() -> None:
    """Averages, bars with their counts, words by frequency, and what is known of factors."""
    assert [str(line) for line in chart(FULL)] == [
        "on average 6.2 of 10",
        "weekdays",
        "  Mon ███████▌ 2.5  of 3",
        "  Sun ██████████████████████████████ 10.0  of 1",
        "hours",
        "  08h ███████████████ 5.0  of 4",
        "words",
        "  happy ██████████████████████▌ 75%",
        "  calm  ███████▌ 25%",
        "★ Weekends: They help.",
        "· sleep needs 12 more days before anything can be said",
        "· te[2Ja: nothing that could not be chance",
        "· run goes with your mood",
    ]
