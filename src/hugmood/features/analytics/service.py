"""Analytics: what someone's entries say, computed once for each state of them."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from msgspec import UNSET
from msgspec.structs import replace

from hugmood.engine.handling import Ctx, Host, handles
from hugmood.errors import denied, not_found
from hugmood.features.analytics import scores, store, words
from hugmood.features.analytics.diary import diary
from hugmood.features.analytics.insights import Finding, Verdict, examine
from hugmood.features.analytics.messages import (
    Analytics,
    Correlation,
    DayOfWeekMood,
    FactorState,
    FetchMoodAnalytics,
    Insight,
    MoodAnalytics,
    TimeOfDayMood,
    Window,
)
from hugmood.features.analytics.scores import Entry
from hugmood.features.auth.store import Account, account_by_id, account_by_key
from hugmood.features.follows.store import blocked
from hugmood.features.moods.days import local_time
from hugmood.features.settings.store import shares

MOST_RESULTS: Final = 256
"""Results kept in each process, a few kilobytes each; the oldest in use goes first."""

CORRELATION_DAYS: Final = 180

NOT_SHARED: Final = "These analytics are not shared with you"


class Question(NamedTuple):
    """What a result depends on: whose entries, in which state, how many days back.

    Averages are of the days `shown`, correlations of those `seen`.
    """

    user: int
    version: store.Version
    today: int
    shown: int
    seen: int
    correlations: bool


class Results:
    """The results last asked for."""

    def __init__(self, most: int = MOST_RESULTS) -> None:
        """Keep so many."""
        self._kept: OrderedDict[Question, Analytics] = OrderedDict()
        self._most = most

    def get(self, question: Question, make: Callable[[], Analytics]) -> Analytics:
        """Return the answer to this question, made where it is not kept."""
        found = self._kept.get(question)
        if found is None:
            found = self._kept[question] = make()
        self._kept.move_to_end(question)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return found


def results(_: Host) -> Results:
    """Make what this process keeps."""
    return Results()


@handles
def fetch_mood_analytics(ctx: Ctx, query: FetchMoodAnalytics) -> MoodAnalytics:
    """Answer for oneself, or for someone who shares analytics with the caller."""
    owner = _owner(ctx, query)
    question = _question(ctx, query, owner)
    analytics = ctx.host.resource(results).get(question, lambda: _analytics(ctx, question))
    return MoodAnalytics(
        data_type=query.data_type,
        user_id=UNSET if owner.key == ctx.caller.key else owner.id,
        analytics=analytics,
        as_of_sequence=ctx.position(),
    )


def _owner(ctx: Ctx, query: FetchMoodAnalytics) -> Account:
    """Find whose analytics are asked for; unknown, unwilling and blocked are one."""
    if not query.user_id or query.user_id == ctx.caller.user_id:
        account = account_by_key(ctx.tx, ctx.caller.key)
        if account is None:
            raise not_found("data", "This account no longer exists")
        return account
    owner = account_by_id(ctx.tx, query.user_id)
    if owner is None or not shares(ctx.tx, owner=owner.key, viewer=ctx.caller.key):
        raise denied(NOT_SHARED)
    if blocked(ctx.tx, owner.key, ctx.caller.key):
        raise denied(NOT_SHARED)
    return owner


def _question(ctx: Ctx, query: FetchMoodAnalytics, account: Account) -> Question:
    # No upper end: who has flown east may have entries of tomorrow.
    today = local_time(ctx.now, account.time_zone).day
    shown = scores.RANGE_DAYS[query.time_range]
    seen = max(shown, CORRELATION_DAYS) if query.include_correlations else shown
    return Question(
        account.key,
        store.version(ctx.tx, account.key, today - seen),
        today,
        shown,
        seen,
        query.include_correlations,
    )


def _analytics(ctx: Ctx, question: Question) -> Analytics:
    entries = store.entries(ctx.tx, question.user, question.today - question.seen)
    since = question.today - question.shown
    found = averages([entry for entry in entries if entry.day > since])
    if not question.correlations:
        return found
    return _with_correlations(ctx, found, entries, question)


def averages(entries: Sequence[Entry]) -> Analytics:
    """Return all that needs no statistics, rounded as it goes out."""
    days = scores.day_scores(entries)
    return Analytics(
        mood_frequency=scores.frequency(entries),
        mood_by_day_of_week=[
            DayOfWeekMood(day=scores.WEEKDAYS[day], average_mood=round(mean, 1), n=n)
            for day, (mean, n) in scores.by_weekday(days).items()
        ],
        mood_by_time_of_day=[
            TimeOfDayMood(hour=hour, average_mood=round(mean, 1), n=n)
            for hour, (mean, n) in scores.by_hour(entries).items()
        ],
        average_mood=round(scores.mean(list(days.values())), 1) if days else UNSET,
    )


def _with_correlations(
    ctx: Ctx, found: Analytics, entries: Sequence[Entry], question: Question
) -> Analytics:
    seen = diary(entries)
    report = examine(seen)
    return replace(
        found,
        correlations=[_correlation(*pair) for pair in words.clear(report)],
        insights=[
            Insight(id=ctx.entity_id("insight"), **said._asdict())
            for said in words.said(report, seen.scores)
        ],
        factors=[_state(verdict) for verdict in report.verdicts],
        window=Window(days=question.seen, n=len(seen.scores)),
    )


def _correlation(verdict: Verdict, finding: Finding) -> Correlation:
    sign = 1 if finding.rho > 0 else -1
    low, high = sorted(round(sign * bound, 2) for bound in finding.interval)
    return Correlation(
        factor=verdict.factor.name,
        correlation_strength=round(abs(finding.rho), 2),
        direction="positive" if sign > 0 else "negative",
        kind=verdict.factor.kind,
        n=verdict.n,
        interval=(low, high),
        lag=finding.pairs.lag,
        difference=round(finding.difference, 1),
    )


def _state(verdict: Verdict) -> FactorState:
    return FactorState(
        factor=verdict.factor.name,
        kind=verdict.factor.kind,
        state=verdict.state,
        n=verdict.n,
        missing=verdict.missing or UNSET,
    )
