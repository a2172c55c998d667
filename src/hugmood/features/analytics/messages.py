"""Analytics, on the wire (protocol: fetch of `mood_analytics`)."""

from typing import Literal

from msgspec import UNSET, UnsetType

from hugmood.wire.message import Id, Payload, Query, Reply, Variant

TimeRange = Literal["day", "week", "month", "year"]
Direction = Literal["positive", "negative"]
FactorKind = Literal["number", "tag"]
State = Literal["clear", "none_found", "need_more_data"]


class DayOfWeekMood(Payload, frozen=True, kw_only=True):
    """The mean score of `n` days that fall on this weekday."""

    day: str
    average_mood: float
    n: int


class TimeOfDayMood(Payload, frozen=True, kw_only=True):
    """The mean score of the `n` entries around this hour."""

    hour: int
    average_mood: float
    n: int


class Correlation(Payload, frozen=True, kw_only=True):
    """A factor that passed the gate; what the figures are is in docs/insights.md."""

    factor: str
    correlation_strength: float
    direction: Direction
    kind: FactorKind
    n: int
    interval: tuple[float, float]
    lag: int
    difference: float
    state: Literal["clear"] = "clear"


class FactorState(Payload, frozen=True, kw_only=True):
    """What is known of a factor; `missing` is how many more days are needed."""

    factor: str
    kind: FactorKind
    state: State
    n: int
    missing: int | UnsetType = UNSET


class Window(Payload, frozen=True, kw_only=True):
    """What correlations look at: so many days back, `n` of them with an entry."""

    days: int
    n: int


class Insight(Payload, frozen=True, kw_only=True):
    """A finding, in words."""

    id: str
    type: Literal["pattern", "correlation", "trend"]
    title: str
    description: str


class Analytics(Payload, frozen=True, kw_only=True):
    """All figures; the last four are there if correlations were asked for."""

    mood_frequency: dict[str, float]
    mood_by_day_of_week: list[DayOfWeekMood]
    mood_by_time_of_day: list[TimeOfDayMood]
    average_mood: float | UnsetType = UNSET
    correlations: list[Correlation] | UnsetType = UNSET
    insights: list[Insight] | UnsetType = UNSET
    factors: list[FactorState] | UnsetType = UNSET
    window: Window | UnsetType = UNSET


class MoodAnalytics(Reply, frozen=True, kw_only=True):
    """What the entries of some time say."""

    data_type: Literal["mood_analytics"] = "mood_analytics"
    user_id: str | UnsetType = UNSET
    """Whose they are, where they are not the caller's own."""
    analytics: Analytics
    as_of_sequence: int


class FetchMoodAnalytics(Query[MoodAnalytics], frozen=True, kw_only=True):
    """Averages over a rolling day, week, month or year, and correlations if asked for."""

    variant = Variant("fetch", "dataType", "mood_analytics")

    data_type: Literal["mood_analytics"] = "mood_analytics"
    user_id: Id | UnsetType = UNSET
    time_range: TimeRange = "month"
    include_correlations: bool = False
