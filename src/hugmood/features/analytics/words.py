"""Findings in words: what goes together, never what causes what."""

from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

from hugmood.features.analytics.insights import Finding, Report, Verdict
from hugmood.features.analytics.scores import WEEKDAYS, by_weekday

_CLEAR: Final = 0.3
_STRONG: Final = 0.5


class Said(NamedTuple):
    """A finding, to be read by the one whom it is about."""

    type: Literal["pattern", "correlation", "trend"]
    title: str
    description: str


def strength(rho: float) -> Literal["slight", "clear", "strong"]:
    """Name the size of a rank correlation."""
    size = abs(rho)
    return "slight" if size < _CLEAR else "clear" if size < _STRONG else "strong"


def said(report: Report, scores: dict[int, float]) -> list[Said]:
    """Say all that was found: the weekend, the trend, then factors, the surest first."""
    found = [*_weekend(report.weekend, scores), *_trend(report.trend)]
    return found + [_factor(verdict, finding) for verdict, finding in clear(report)]


def clear(report: Report) -> list[tuple[Verdict, Finding]]:
    """Return the factors that passed, the strongest correlation first."""
    found = [(verdict, verdict.finding) for verdict in report.verdicts if verdict.finding]
    return sorted(found, key=lambda pair: -abs(pair[1].rho))


def _weekend(finding: Finding | None, scores: dict[int, float]) -> Iterator[Said]:
    if finding is None:
        return
    days = by_weekday(scores)
    best = WEEKDAYS[max(days, key=lambda day: days[day].mean)]
    yield Said(
        "pattern",
        "Weekend Mood Boost" if finding.rho > 0 else "Weekend Mood Dip",
        f"On weekends your mood was {_higher(finding)}{_points(finding)}. "
        f"{best} was your best day on average.",
    )


def _trend(finding: Finding | None) -> Iterator[Said]:
    if finding is None:
        return
    yield Said(
        "trend",
        "Rising Mood" if finding.rho > 0 else "Falling Mood",
        f"Over these {len(finding.pairs.days)} days your mood went "
        f"{'up' if finding.rho > 0 else 'down'}: in their second half it was "
        f"{_higher(finding)} than in the first{_points(finding)}.",
    )


def _factor(verdict: Verdict, finding: Finding) -> Said:
    name = verdict.factor.name
    if verdict.factor.kind == "tag":
        when = f"tagged “{name}”"
    else:
        name = name.replace("_", " ")
        when = f"with more {name}"
    days = "days after days" if finding.pairs.lag else "days"
    return Said(
        "correlation",
        f"{name[:1].upper()}{name[1:]} and Your Mood",
        f"On {days} {when} your mood was {_higher(finding)}{_points(finding)}. "
        f"It is a {strength(finding.rho)} connection, over {len(finding.pairs.days)} days.",
    )


def _higher(finding: Finding) -> str:
    return "higher" if finding.rho > 0 else "lower"


def _points(finding: Finding) -> str:
    # Means and ranks may disagree on a skewed day or two; then ranks are believed.
    size = round(abs(finding.difference), 1)
    if finding.difference * finding.rho <= 0 or not size:
        return ""
    return f", on average by {size} point{'' if size == 1 else 's'}"
