"""From entries to scores and averages: pure functions (protocol: fetch mood_analytics)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hugmood.ambient import Instant
from hugmood.features.analytics.scores import (
    Average,
    Entry,
    by_hour,
    by_weekday,
    day_scores,
    frequency,
    hour,
    score,
    weekday,
)
from hugmood.features.moods.days import local_time


def entry(moment: str, affect: float = 0.0, *, mood: str = "calm", zone: str = "UTC") -> Entry:
    """An entry of this moment, placed in the person's calendar."""
    at = Instant.parse(moment)
    local = local_time(at, zone)
    return Entry(mood, affect, at, local.utc_offset, local.day)


@pytest.mark.parametrize(("affect", "expected"), [(-1, 0), (0, 5), (0.36, 6.8), (1, 10)])
def test_score(affect: float, expected: float) -> None:
    """A score goes from 0 to 10, and 5 is neither good nor bad."""
    assert expected == pytest.approx(score(affect))


def test_day_score_is_the_mean_of_its_entries() -> None:
    """Days come in order, whatever the order of entries; two at night is the day before."""
    entries = [
        entry("2023-08-26T12:00:00.000Z", 1.0),
        entry("2023-08-25T12:00:00.000Z", 0.2),
        entry("2023-08-26T02:00:00.000Z", -0.4),
    ]
    assert [4.5, 10.0] == pytest.approx(list(day_scores(entries).values()))


def test_nothing_makes_nothing() -> None:
    """Without entries there are no figures, and no zeros in their place."""
    assert ({}, {}, {}, {}) == (day_scores([]), by_weekday({}), by_hour([]), frequency([]))


def test_days_weigh_the_same() -> None:
    """A weekday is the mean of its days, however many entries each has."""
    entries = [entry(f"2023-08-21T{hour}:00:00.000Z", 1.0) for hour in (10, 11, 12)]
    entries.append(entry("2023-08-28T12:00:00.000Z", -1.0))
    assert {0: Average(5.0, 2)} == by_weekday(day_scores(entries))


@pytest.mark.parametrize(
    ("clock", "centre"),
    [
        ("04:00", 2), ("04:59", 2), ("05:00", 8), ("09:59", 8), ("10:00", 12), ("13:59", 12),
        ("14:00", 16), ("17:59", 16), ("18:00", 20), ("22:59", 20), ("23:00", 2), ("00:00", 2),
        ("03:59", 2),
    ],
)  # fmt: skip
def test_part_of_the_day(clock: str, centre: int) -> None:
    """An entry belongs to the nearest of 8, 12, 16, 20 and, at night, 2 o'clock."""
    assert hour(entry(f"2023-08-25T{clock}:00.000Z")) == centre


def test_parts_of_the_day_in_order() -> None:
    """Morning comes first, night last, and what is empty is left out."""
    entries = [entry(f"2023-08-25T{at}:00.000Z") for at in ("02:00", "20:00", "08:00")]
    assert [8, 20, 2] == list(by_hour(entries))


def test_part_of_the_day_means_entries() -> None:
    """Two entries of one evening and one of another weigh the same."""
    entries = [
        entry("2023-08-24T20:00:00.000Z", 1.0),
        entry("2023-08-24T21:00:00.000Z", 1.0),
        entry("2023-08-25T20:00:00.000Z", -0.5),
    ]
    assert {20: Average(7.5, 3)} == by_hour(entries)


@pytest.mark.parametrize(
    ("moment", "centre"),
    [
        # New York in winter and in summer: seven o'clock on the wall both times.
        ("2023-03-11T12:00:00.000Z", 8),
        ("2023-03-13T11:00:00.000Z", 8),
        # Half past one comes twice when the clocks go back: both are night.
        ("2023-11-05T05:30:00.000Z", 2),
        ("2023-11-05T06:30:00.000Z", 2),
    ],
)
def test_hour_is_what_the_clock_showed(moment: str, centre: int) -> None:
    """Summer time moves no entry into another part of the day."""
    assert hour(entry(moment, zone="America/New_York")) == centre


def test_day_of_23_hours_is_one_day() -> None:
    """On the day when clocks go forward, evening and the night after it are one day."""
    entries = [
        entry("2023-03-12T08:30:00.000Z", 1.0, zone="America/New_York"),
        entry("2023-03-13T07:30:00.000Z", 0.0, zone="America/New_York"),
    ]
    assert {6: Average(7.5, 1)} == by_weekday(day_scores(entries))


@given(st.dates())
def test_weekday(day: object) -> None:
    """Weekdays are those of the calendar."""
    assert hasattr(day, "toordinal")
    assert hasattr(day, "weekday")
    assert day.weekday() == weekday(day.toordinal())


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({"calm": 1}, {"calm": 1.0}),
        ({"calm": 1, "sad": 1, "happy": 1}, {"calm": 0.34, "happy": 0.33, "sad": 0.33}),
        ({"calm": 2, "sad": 1}, {"calm": 0.67, "sad": 0.33}),
        ({"calm": 999, "sad": 1}, {"calm": 1.0, "sad": 0.0}),
    ],
)
def test_frequency(counts: dict[str, int], expected: dict[str, float]) -> None:
    """Shares are in hundredths; what is left goes to the largest remainders."""
    moods = [mood for mood, count in counts.items() for _ in range(count)]
    found = frequency([entry("2023-08-25T12:00:00.000Z", mood=mood) for mood in moods])
    assert list(expected.items()) == list(found.items())


@given(st.lists(st.sampled_from("abcdefghij"), min_size=1))
def test_frequencies_sum_to_one(moods: list[str]) -> None:
    """Whatever is rounded, the shares add up, each within a hundredth of the true one."""
    found = frequency([entry("2023-08-25T12:00:00.000Z", mood=mood) for mood in moods])
    assert 100 == sum(round(share * 100) for share in found.values())
    assert all(abs(share - moods.count(m) / len(moods)) < 0.01 for m, share in found.items())
