"""A diary: a score for each day, and what else is known of the days. Pure functions."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from math import isfinite
from typing import Final, NamedTuple

from hugmood.features.analytics.messages import FactorKind
from hugmood.features.analytics.scores import Entry, day_scores, mean

MOST_FACTORS: Final = 50
"""Those of the most days; which they are must not depend on how the days were."""


class Factor(NamedTuple):
    """Something that differs from day to day; a day without a value is missing."""

    kind: FactorKind
    name: str
    values: dict[int, float]


class Diary(NamedTuple):
    """Scores by day, in the order of days, and factors."""

    scores: dict[int, float]
    factors: list[Factor]


def diary(entries: Sequence[Entry]) -> Diary:
    """Put entries together: numbers and tags are factors, the most used first."""
    found = [*_numbers(entries), *_tags(entries)]
    found.sort(key=lambda factor: (-_used(factor), factor.kind, factor.name))
    return Diary(day_scores(entries), found[:MOST_FACTORS])


def _numbers(entries: Iterable[Entry]) -> Iterable[Factor]:
    said: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for entry in entries:
        for name, value in (entry.factors or {}).items():
            said[name][entry.day].append(value)
    for name, days in said.items():
        values = {day: mean(numbers) for day, numbers in days.items()}
        # Numbers at the end of the range add up to infinity: as good as missing.
        yield Factor("number", name, {day: v for day, v in values.items() if isfinite(v)})


def _tags(entries: Iterable[Entry]) -> Iterable[Factor]:
    tagged = defaultdict(set)
    days = set()
    for entry in entries:
        days.add(entry.day)
        for tag in entry.tags:
            tagged[tag].add(entry.day)
    for tag, those in tagged.items():
        yield Factor("tag", tag, {day: float(day in those) for day in days})


def _used(factor: Factor) -> int:
    return len(factor.values) if factor.kind == "number" else int(sum(factor.values.values()))
