"""The gate: which factors go with the mood, and which only seem to. Pure functions.

What is claimed has passed all of it; docs/insights.md explains and measures it. numpy is
loaded at the first use, since most processes never get here.
"""

from collections import defaultdict
from collections.abc import Sequence
from statistics import median
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from hugmood.features.analytics.diary import Diary, Factor
from hugmood.features.analytics.messages import State
from hugmood.features.analytics.scores import mean, weekday

if TYPE_CHECKING:
    from hugmood.features.analytics.regression import Floats

LEAST_PAIRS: Final = 21
LEAST_EACH: Final = 8
"""Days with and days without, where there is only yes and no."""
TREND_PAIRS: Final = 60
TREND_ALPHA: Final = 0.01
FALSE_RATE: Final = 0.05
"""q of Benjamini & Hochberg (1995): the share of false claims among claims."""
LEAST_R: Final = 0.10
LAGS: Final = (0, 1)
SATURDAY: Final = 5

Kind = Literal["factor", "weekend", "trend"]


class Pairs(NamedTuple):
    """Days that have a score and a value, which is that of `lag` days earlier."""

    kind: Kind
    lag: int
    days: tuple[int, ...]
    x: list[float]


class Finding(NamedTuple):
    """What passed the gate; `interval` is rho's, 95 %; `difference` in points of score."""

    pairs: Pairs
    p: float
    adjusted: float
    rho: float
    interval: tuple[float, float]
    difference: float


class Verdict(NamedTuple):
    """What is known of a factor: from `n` pairs of days, `missing` more are needed."""

    factor: Factor
    state: State
    n: int
    missing: int
    finding: Finding | None


class Report(NamedTuple):
    """All that a diary says."""

    verdicts: list[Verdict]
    weekend: Finding | None
    trend: Finding | None


def examine(diary: Diary) -> Report:
    """Put every factor, the weekend and the trend through the gate, all at once."""
    asked = [_lagged(diary, factor, lag) for factor in diary.factors for lag in LAGS]
    asked += [_weekend(diary), _trend(diary)]
    lacking = [missing(pairs) for pairs in asked]
    enough = [pairs for pairs, lack in zip(asked, lacking, strict=True) if not lack]
    found = _findings(diary, enough)
    findings = [found.get(id(pairs)) for pairs in asked]
    verdicts = []
    for place, factor in enumerate(diary.factors):
        own = slice(place * len(LAGS), (place + 1) * len(LAGS))
        n = max(len(pairs.days) for pairs in asked[own])
        verdicts.append(_verdict(factor, n, min(lacking[own]), findings[own]))
    return Report(verdicts, *findings[-2:])


def missing(pairs: Pairs) -> int:
    """Count how many more days are needed before anything can be said."""
    if pairs.kind == "trend":
        return max(0, TREND_PAIRS - len(pairs.days))
    lack = max(0, LEAST_PAIRS - len(pairs.days))
    if len(set(pairs.x)) <= 2:  # noqa: PLR2004 (yes and no)
        without = pairs.x.count(min(pairs.x, default=0.0))
        counts = (without, len(pairs.x) - without)
        lack = max(lack, sum(max(0, LEAST_EACH - count) for count in counts))
    return lack


def benjamini_hochberg(p_values: Sequence[float], rate: float) -> list[bool]:
    """Tell which hypotheses to reject so that this share of them is wrong at most."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    good = [k for k, i in enumerate(order, 1) if p_values[i] <= rate * k / len(order)]
    rejected = set(order[: max(good, default=0)])
    return [i in rejected for i in range(len(p_values))]


def difference(x: Sequence[float], y: Sequence[float]) -> float:
    """Return how much higher y is, on average, where x is more than its median."""
    middle = median(x)
    more = [value > middle for value in x]
    if not any(more):
        more = [value >= middle for value in x]
    high = [score for score, is_more in zip(y, more, strict=True) if is_more]
    low = [score for score, is_more in zip(y, more, strict=True) if not is_more]
    return mean(high) - mean(low) if low else 0.0


def _lagged(diary: Diary, factor: Factor, lag: int) -> Pairs:
    values = factor.values
    days = tuple([day for day in diary.scores if day - lag in values])
    return Pairs("factor", lag, days, [values[day - lag] for day in days])


def _weekend(diary: Diary) -> Pairs:
    days = tuple(diary.scores)
    return Pairs("weekend", 0, days, [float(weekday(day) >= SATURDAY) for day in days])


def _trend(diary: Diary) -> Pairs:
    days = tuple(diary.scores)
    return Pairs("trend", 0, days, [float(day) for day in days])


def _verdict(factor: Factor, n: int, lack: int, findings: Sequence[Finding | None]) -> Verdict:
    clear = [finding for finding in findings if finding]
    if clear:
        best = min(clear, key=lambda finding: finding.p)
        return Verdict(factor, "clear", len(best.pairs.days), 0, best)
    return Verdict(factor, "need_more_data" if lack else "none_found", n, lack, None)


def _findings(diary: Diary, asked: Sequence[Pairs]) -> dict[int, Finding]:
    """Test all of these; by the identity of the pairs, those that pass."""
    if not asked:
        return {}
    tested = _tested(diary, asked)
    passed = benjamini_hochberg([p for _, p in tested], FALSE_RATE)
    found = {}
    for pairs, (r, p), significant in zip(asked, tested, passed, strict=True):
        too_weak = abs(r) < LEAST_R or (pairs.kind == "trend" and p >= TREND_ALPHA)
        finding = None if too_weak or not significant else _finding(diary, pairs, r, p)
        if finding is not None:
            found[id(pairs)] = finding
    return found


def _finding(diary: Diary, pairs: Pairs, r: float, p: float) -> Finding | None:
    import numpy as np  # noqa: PLC0415 (see the top)

    from hugmood.features.analytics import regression  # noqa: PLC0415

    scores = [diary.scores[day] for day in pairs.days]
    days, x, y = (np.array(values, float) for values in (pairs.days, pairs.x, scores))
    rho = regression.spearman(x, y)
    if rho * r <= 0:
        return None
    interval = regression.spearman_interval(days, x, y)
    return Finding(pairs, p, r, rho, interval, difference(pairs.x, scores))


def _tested(diary: Diary, asked: Sequence[Pairs]) -> list[tuple[float, float]]:
    """Return partial r and p of each; those of the same days share the work."""
    groups = defaultdict(list)
    for place, pairs in enumerate(asked):
        groups[pairs.kind, pairs.days].append(place)
    found = [(0.0, 1.0)] * len(asked)
    for (kind, days), places in groups.items():
        scores = [diary.scores[day] for day in days]
        results = _partial(kind, days, scores, [asked[place].x for place in places])
        for place, result in zip(places, results, strict=True):
            found[place] = result
    return found


def _partial(
    kind: Kind, days: Sequence[int], scores: Sequence[float], xs: Sequence[Sequence[float]]
) -> list[tuple[float, float]]:
    import numpy as np  # noqa: PLC0415 (see the top)

    from hugmood.features.analytics import regression  # noqa: PLC0415

    def prepared(values: Sequence[float]) -> "Floats":
        x = np.array(values, float)
        as_it_is = kind == "trend" or len(set(values)) <= 2  # noqa: PLR2004 (yes and no)
        return x - x.mean() if as_it_is else regression.normal_scores(x)

    at = np.array(days, float)
    other = regression.nuisance(at, weekdays=kind != "weekend", drift=kind != "trend")
    columns = np.column_stack([prepared(x) for x in xs])
    y = regression.normal_scores(np.array(scores, float))
    found = regression.partial(at, y, columns, other)
    return list(zip(found.r.tolist(), found.p.tolist(), strict=True))
