"""The gate: what is claimed, what is not, and in which words."""

import subprocess
import sys
from collections.abc import Callable, Mapping

import numpy as np
import pytest

from hugmood.features.analytics import words
from hugmood.features.analytics.diary import MOST_FACTORS, Diary, Factor, diary
from hugmood.features.analytics.insights import (
    Pairs,
    Report,
    Verdict,
    difference,
    examine,
    missing,
)
from hugmood.features.analytics.scores import Entry, weekday

FIRST = 738_000
LOADED = """
import sys
from hugmood.features import load_handlers
from hugmood.features.analytics.service import averages
load_handlers()
averages([])
print(*(name for name in ("numpy", "scipy", "scipy.special") if name in sys.modules))
from hugmood.features.analytics.insights import examine
from hugmood.features.analytics.diary import Diary
examine(Diary({day: day % 3 for day in range(50)}, []))
print(*(name for name in ("numpy", "scipy.special", "scipy.stats") if name in sys.modules))
"""


def entry(day: int, **given: object) -> Entry:
    """An entry of this day."""
    return Entry("calm", 0.0, 0, 0, day)._replace(**given)  # type: ignore[arg-type]


def numbers(name: str, values: Mapping[int, float]) -> Factor:
    """A factor that is a number."""
    return Factor("number", name, dict(values))


def tag(name: str, days: Callable[[int], bool], length: int) -> Factor:
    """A tag on the days for which this is true."""
    return Factor("tag", name, {FIRST + day: float(days(day)) for day in range(length)})


def noise(length: int, seed: int = 1) -> dict[int, float]:
    """A number for each day, by chance."""
    rng = np.random.default_rng(seed)
    return {FIRST + day: float(value) for day, value in enumerate(rng.normal(size=length))}


def scores(length: int, effect: Mapping[int, float], seed: int = 2) -> dict[int, float]:
    """Scores that are chance and what is added to it."""
    return {day: 5 + value + effect.get(day, 0.0) for day, value in noise(length, seed).items()}


def verdict(report: Report, name: str = "sleep") -> Verdict:
    """The verdict on a factor."""
    (found,) = (one for one in report.verdicts if one.factor.name == name)
    return found


# Factors


def test_a_missing_number_is_missing() -> None:
    """A day without the number is no pair, and not a zero."""
    entries = [entry(1, factors={"sleep": 7.0}), entry(2), entry(3, factors={})]
    assert [numbers("sleep", {1: 7.0})] == diary(entries).factors


def test_a_missing_tag_is_no() -> None:
    """A day with an entry that lacks the tag counts as without; one without entry not."""
    entries = [entry(1, tags=["work"]), entry(1), entry(3)]
    assert [Factor("tag", "work", {1: 1.0, 3: 0.0})] == diary(entries).factors


def test_a_number_said_twice() -> None:
    """Of several numbers in a day the mean counts."""
    entries = [entry(1, factors={"sleep": 6.0}), entry(1, factors={"sleep": 8.0})]
    assert [numbers("sleep", {1: 7.0})] == diary(entries).factors


def test_numbers_at_the_end_of_the_range() -> None:
    """Numbers whose sum is no longer finite are as good as missing."""
    entries = [entry(1, factors={"money": 1e308})] * 2
    assert [numbers("money", {})] == diary(entries).factors


def test_the_most_used_factors_count() -> None:
    """Factors have a bound; those with the most days stay, by name where equal."""
    entries = [entry(day, tags=[f"tag {day}", "work"]) for day in range(100)]
    found = [factor.name for factor in diary(entries).factors]
    assert (MOST_FACTORS, ["work", "tag 0", "tag 1", "tag 10"]) == (len(found), found[:4])


# Enough days


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        ([], 21),
        ([7.0, 8.0, 9.0], 18),
        ([float(number) for number in range(20)], 1),
        ([float(number) for number in range(21)], 0),
        ([0.0, 1.0] * 10, 1),
        ([0.0] * 30, 8),
        ([0.0] * 30 + [1.0] * 7, 1),
        ([0.0] * 30 + [1.0] * 8, 0),
        ([0.0] * 3 + [1.0] * 30, 5),
        ([0.0] * 3 + [1.0] * 3, 15),
    ],
)
def test_missing(x: list[float], expected: int) -> None:
    """21 pairs are needed, and of yes and no 8 each."""
    pairs = Pairs("factor", 0, tuple(range(len(x))), x)
    assert expected == missing(pairs)


@pytest.mark.parametrize(("length", "expected"), [(0, 60), (59, 1), (60, 0)])
def test_missing_for_a_trend(length: int, expected: int) -> None:
    """A trend needs 60 days."""
    days = tuple(range(length))
    assert expected == missing(Pairs("trend", 0, days, [float(day) for day in days]))


def test_few_days_say_what_they_lack() -> None:
    """Under 21 pairs nothing is tested, however close the two go together."""
    sleep = noise(20)
    found = examine(
        Diary({day: 5 + value for day, value in sleep.items()}, [numbers("sleep", sleep)])
    )
    assert (
        Report([Verdict(numbers("sleep", sleep), "need_more_data", 20, 1, None)], None, None)
        == found
    )


@pytest.mark.parametrize("found", [Diary({}, []), Diary({FIRST: 5.0}, [])])
def test_next_to_nothing(found: Diary) -> None:
    """No day, or one, says nothing, and breaks nothing."""
    assert Report([], None, None) == examine(found)


@pytest.mark.parametrize("value", [0.0, 7.5])
def test_a_constant_factor(value: float) -> None:
    """What never changes cannot be compared: eight other days are missing."""
    sleep = numbers("sleep", dict.fromkeys(range(FIRST, FIRST + 100), value))
    found = verdict(examine(Diary(scores(100, {}), [sleep])))
    assert ("need_more_data", 8) == (found.state, found.missing)


def test_a_constant_mood() -> None:
    """A mood that never changes goes with nothing."""
    found = Diary(dict.fromkeys(range(FIRST, FIRST + 100), 7.5), [numbers("sleep", noise(100))])
    assert ("none_found", None, None) == (
        verdict(examine(found)).state,
        examine(found).weekend,
        examine(found).trend,
    )


# Claims


def test_a_number_that_counts() -> None:
    """More sleep, higher mood: found, with its size and its sign."""
    sleep = noise(100)
    found = verdict(examine(Diary(scores(100, sleep), [numbers("sleep", sleep)]))).finding
    assert found is not None
    assert (0, 100, True) == (found.pairs.lag, len(found.pairs.days), found.p < 1e-6)
    assert 0.5 < found.interval[0] < found.rho < found.interval[1] < 0.9
    assert 1.0 < found.difference < 2.5


def test_a_tag_that_counts() -> None:
    """Days with the tag are worse by what was taken from them."""
    work = tag("work", lambda day: day % 3 == 0, 150)
    effect = {day: -2 * value for day, value in work.values.items()}
    found = verdict(examine(Diary(scores(150, effect), [work])), "work").finding
    assert found is not None
    assert found.rho < 0
    assert -2.0 == pytest.approx(found.difference, abs=0.4)


def test_the_day_before() -> None:
    """What shows only the day after is found there."""
    sleep = noise(150)
    effect = {day + 1: value for day, value in sleep.items()}
    found = verdict(examine(Diary(scores(150, effect), [numbers("sleep", sleep)]))).finding
    assert found is not None
    assert (1, 149) == (found.pairs.lag, len(found.pairs.days))


def test_a_gap_between_factor_and_mood() -> None:
    """The day before is the calendar's, not the last one written."""
    sleep = {day: value for day, value in noise(100).items() if day % 2 == 0}
    found = {day: value for day, value in scores(100, {}).items() if day % 2 == 1}
    report = examine(Diary(found, [numbers("sleep", sleep)]))
    assert ("none_found", 50) == (verdict(report).state, verdict(report).n)


def test_chance_is_not_claimed() -> None:
    """Twelve factors of chance, on a hundred days: all tested, nothing claimed."""
    factors = [numbers(f"factor {seed}", noise(100, seed)) for seed in range(10, 22)]
    report = examine(Diary(scores(100, {}), factors))
    assert ({"none_found"}, None) == ({one.state for one in report.verdicts}, report.weekend)


def test_weekdays_explain_a_tag() -> None:
    """A tag of weekends, when weekends are good, is the weekend's doing."""
    free = tag("free", lambda day: weekday(FIRST + day) >= 5, 150)
    effect = {day: 2 * value for day, value in free.values.items()}
    report = examine(Diary(scores(150, effect), [free]))
    assert ("none_found", True) == (verdict(report, "free").state, report.weekend is not None)


def test_a_drift_explains_a_number() -> None:
    """Two things that both rise over the months have nothing to do with each other."""
    rising = {day: value + (day - FIRST) / 20 for day, value in noise(150).items()}
    effect = {day: (day - FIRST) / 20 for day in rising}
    report = examine(Diary(scores(150, effect), [numbers("sleep", rising)]))
    assert ("none_found", True) == (verdict(report).state, report.trend is not None)


def test_raw_and_adjusted_agree() -> None:
    """What turns its sign when weekdays are allowed for is not claimed."""
    free = {day: float(weekday(day) >= 5) for day in range(FIRST, FIRST + 350)}
    sleep = {day: value + 8 * free[day] for day, value in noise(350).items()}
    effect = {day: 6 * free[day] - 0.5 * noise(350)[day] for day in free}
    assert (
        "none_found"
        == verdict(examine(Diary(scores(350, effect), [numbers("sleep", sleep)]))).state
    )


def test_a_small_correlation_is_not_claimed() -> None:
    """What is sure but tiny, as in years of days, is not worth a word."""
    sleep = noise(2000)
    effect = {day: 0.07 * value for day, value in sleep.items()}
    small = verdict(examine(Diary(scores(2000, effect, seed=4), [numbers("sleep", sleep)])))
    effect = {day: 0.14 * value for day, value in sleep.items()}
    large = verdict(examine(Diary(scores(2000, effect, seed=4), [numbers("sleep", sleep)])))
    assert ("none_found", "clear") == (small.state, large.state)


def test_a_trend_must_be_surer() -> None:
    """A slope with p 0.02 would pass as a factor's, and is not claimed as a trend."""
    rising = {FIRST + day: day / 150 for day in range(100)}
    steeper = {FIRST + day: day / 75 for day in range(100)}
    assert None is examine(Diary(scores(100, rising, seed=8), [])).trend
    assert None is not examine(Diary(scores(100, steeper, seed=8), [])).trend


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        ([1, 2, 3, 4], [1, 2, 6, 7], 5.0),
        ([0, 0, 1], [5, 7, 4], -2.0),
        ([0, 1, 1], [5, 7, 8], 2.5),
        ([3, 3], [5, 6], 0.0),
    ],
)
def test_difference(x: list[float], y: list[float], expected: float) -> None:
    """The difference is that between days above the median and the others."""
    assert expected == difference(x, y)


# Words


def told(length: int, effect: Mapping[int, float], *factors: Factor) -> list[words.Said]:
    """What is said of this diary."""
    found = Diary(scores(length, effect), list(factors))
    return words.said(examine(found), found.scores)


@pytest.mark.parametrize(
    ("rho", "word"),
    [(0.1, "slight"), (-0.29, "slight"), (0.3, "clear"), (-0.49, "clear"), (0.5, "strong")],
)
def test_strength(rho: float, word: str) -> None:
    """Below 0.3 is slight, below 0.5 clear, the rest strong."""
    assert word == words.strength(rho)


def test_words_for_a_number() -> None:
    """What goes together is said, never a cause."""
    sleep = noise(100)
    assert [
        words.Said(
            "correlation",
            "Work hours and Your Mood",
            "On days with more work hours your mood was lower, on average by 1.3 points. "
            "It is a strong connection, over 100 days.",
        )
    ] == told(100, {d: -v for d, v in sleep.items()}, numbers("work_hours", sleep))


def test_words_for_the_day_before() -> None:
    """The day after is called so."""
    sleep = noise(150)
    (found,) = told(150, {d + 1: v for d, v in sleep.items()}, numbers("sleep", sleep))
    assert found.description.startswith("On days after days with more sleep your mood was higher,")


def test_words_for_a_tag() -> None:
    """A tag stands in quotation marks, as it was written."""
    work = tag("my_cat", lambda day: day % 3 == 0, 150)
    (found,) = told(150, {day: 2 * value for day, value in work.values.items()}, work)
    assert "My_cat and Your Mood" == found.title
    assert found.description.startswith("On days tagged “my_cat” your mood was higher,")


def test_words_for_the_weekend() -> None:
    """The seed's title, and the best day."""
    effect = {day: 2.0 for day in range(FIRST, FIRST + 150) if weekday(day) >= 5}
    effect |= {day: 3.0 for day in effect if weekday(day) == 5}
    (found,) = told(150, effect)
    assert ("pattern", "Weekend Mood Boost") == (found.type, found.title)
    assert found.description.endswith("Saturday was your best day on average.")


def test_words_for_a_trend() -> None:
    """A trend compares the two halves."""
    (found,) = told(150, {FIRST + day: -day / 30 for day in range(150)})
    assert ("trend", "Falling Mood") == (found.type, found.title)
    assert found.description.startswith("Over these 150 days your mood went down: ")


def test_words_name_no_cause() -> None:
    """No finding says that something is because of something."""
    sleep = noise(100)
    found = told(100, sleep, numbers("sleep", sleep))
    assert not any(word in one.description for one in found for word in ("because", "cause", "due"))


# Loading


def test_numpy_is_loaded_at_first_use() -> None:
    """Handlers and averages do without numpy; insights never load scipy.stats."""
    run = [sys.executable, "-c", LOADED]
    out = subprocess.run(run, check=True, capture_output=True, text=True).stdout
    assert ["", "numpy scipy.special"] == out.splitlines()
