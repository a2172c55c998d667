"""Looking back: a picture of one's moods, and streaks."""

from collections.abc import Iterable
from typing import Final, cast, get_args

from msgspec import UNSET, UnsetType
from rich.text import Text

from hugmood.features.analytics.messages import FetchMoodAnalytics, MoodAnalytics, TimeRange
from hugmood.features.moods.messages import FetchStreak, StreakShown
from hugmood.terminal.arguments import (
    Meaning,
    Saying,
    at_the_end,
    is_person,
    just,
    names,
    one_of,
    person,
)
from hugmood.terminal.charts import chart
from hugmood.terminal.known import Known
from hugmood.terminal.lines import Lines, count, notice
from hugmood.terminal.shown import Scene, answers

RANGES: Final = get_args(TimeRange)

# What one can say


def _chart(rest: str, known: Known) -> Meaning:
    who, span = person(rest, known) if is_person(rest, known) else (None, rest)
    return FetchMoodAnalytics(
        user_id=who or UNSET,
        time_range=cast("TimeRange", one_of(span or "month", RANGES)),
        include_correlations=True,
    )


def _offer_ranges(rest: str, known: Known) -> Iterable[str]:
    return (*names(rest, known), *at_the_end(rest, RANGES))


SAYINGS: Final = (
    Saying("/chart", "[@WHO] [RANGE]", f"a picture: {', '.join(RANGES)}", _chart, _offer_ranges),
    Saying("/streak", "", "days in a row on which you said how you feel", just(FetchStreak())),
)

# How it is shown


@answers
def mood_analytics(_: FetchMoodAnalytics, reply: MoodAnalytics, _scene: Scene) -> Lines:
    """A picture."""
    return chart(reply.analytics)


@answers
def streak(_: FetchStreak, reply: StreakShown, _scene: Scene) -> Lines:
    """The run now, the longest, and what may be missed."""
    run = reply.streak
    if isinstance(run, UnsetType):
        return notice("You chose to see no streaks: /settings streaks on")
    rest = f"; {count(run.rest_days, 'rest day')} in hand" if run.rest_days else ""
    return Text(f"{count(run.current, 'day')} in a row, {run.best} at best{rest}")
