"""The statistics behind insights, against others' programs."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats
from statsmodels.regression.linear_model import OLS
from statsmodels.stats.multitest import multipletests
from statsmodels.tsa.arima_process import arma_generate_sample

from hugmood.features.analytics import regression
from hugmood.features.analytics.insights import benjamini_hochberg
from hugmood.features.analytics.regression import Floats


@pytest.fixture(params=range(5))
def rng(request: pytest.FixtureRequest) -> np.random.Generator:
    """Five sources of numbers, the same at each run."""
    return np.random.default_rng(request.param)


def with_gaps(rng: np.random.Generator, length: int) -> Floats:
    """Days, a fifth of them missing."""
    found: Floats = (738_000 + np.flatnonzero(rng.random(length) > 0.2)).astype(np.float64)
    return found


def memory(rng: np.random.Generator, days: Floats, phi: float) -> Floats:
    """AR(1) noise on these days."""
    length = int(days[-1] - days[0]) + 1
    noise = arma_generate_sample([1, -phi], [1], length, distrvs=lambda size: rng.normal(size=size))
    found: Floats = np.asarray(noise, float)[(days - days[0]).astype(int)]
    return found


# Ranks


@pytest.mark.parametrize("decimals", [0, 1, 6])
def test_ranks(rng: np.random.Generator, decimals: int) -> None:
    """Ranks are scipy's, with many ties and without."""
    values = np.round(rng.normal(size=100), decimals)
    assert stats.rankdata(values).tolist() == regression.ranks(values).tolist()


@pytest.mark.parametrize("decimals", [0, 6])
def test_spearman(rng: np.random.Generator, decimals: int) -> None:
    """Rho is scipy's, ties or not."""
    x = np.round(rng.normal(size=50), decimals)
    y = np.round(x + rng.normal(size=50), decimals)
    assert stats.spearmanr(x, y).statistic == pytest.approx(regression.spearman(x, y))


def test_spearman_of_what_never_changes() -> None:
    """Where one side is constant there is no correlation, and no division by zero."""
    assert regression.spearman(np.ones(9), np.arange(9.0)) == 0


def test_normal_scores(rng: np.random.Generator) -> None:
    """Scores are Blom's: the normal quantiles of (rank - 3/8) / (n + 1/4)."""
    values = np.round(rng.exponential(size=40), 1)
    expected = stats.norm.ppf((stats.rankdata(values) - 0.375) / 40.25)
    assert expected.tolist() == pytest.approx(regression.normal_scores(values).tolist())


def test_interval_without_memory(rng: np.random.Generator) -> None:
    """Far apart days have no memory: the interval is Bonett and Wright's."""
    x = rng.normal(size=60)
    y = x + rng.normal(size=60)
    rho = float(stats.spearmanr(x, y).statistic)
    reach = stats.norm.ppf(0.975) * np.sqrt((1 + rho**2 / 2) / 57)
    expected = np.tanh([np.arctanh(rho) - reach, np.arctanh(rho) + reach])
    found = regression.spearman_interval(np.arange(0.0, 120, 2), x, y)
    assert expected.tolist() == pytest.approx(found)


def test_memory_widens_the_interval(rng: np.random.Generator) -> None:
    """Days that resemble the day before count for less."""
    days = np.arange(200.0)
    x, y = memory(rng, days, 0.8), memory(rng, days, 0.8)
    near = regression.spearman_interval(days, x, y)
    far = regression.spearman_interval(days * 2, x, y)
    assert near[1] - near[0] > far[1] - far[0]


# Nuisance


@pytest.mark.parametrize(
    ("length", "columns"),
    [(30, 3), (41, 3), (42, 8), (119, 8), (120, 9), (180, 10), (365, 13)],
)
def test_nuisance(length: int, columns: int) -> None:
    """Weekdays from 42 pairs on, and from 120 days on a bend about every 60."""
    found = regression.nuisance(np.arange(738_000.0, 738_000 + length))
    assert (length, columns) == found.shape
    assert np.linalg.matrix_rank(found) == columns


def test_bends_are_spread_evenly() -> None:
    """180 days have two bends, 60 and 120 days in."""
    found = regression.nuisance(np.arange(738_000.0, 738_180))
    assert [60, 120] == [int(np.flatnonzero(column)[0]) - 1 for column in found.T[-2:]]


# Regression


def full_whitening(days: Floats, phi: float) -> Floats:
    """The inverse of the Cholesky factor of AR(1) noise, as in any textbook on GLS."""
    covariance = phi ** np.abs(days[:, None] - days[None, :])
    found: Floats = np.linalg.inv(np.linalg.cholesky(covariance))
    return found


@pytest.mark.parametrize("phi", [-0.2, 0.0, 0.5, 0.9])
def test_whitening(rng: np.random.Generator, phi: float) -> None:
    """Whitening over gaps is that of the full covariance matrix."""
    days = with_gaps(rng, 80)
    values = rng.normal(size=(len(days), 3))
    expected = full_whitening(days, phi) @ values
    assert np.allclose(expected, regression.whiten(days, values, phi))


@pytest.mark.parametrize("length", [30, 60, 180, 365])
def test_partial(rng: np.random.Generator, length: int) -> None:
    """Partial r and p are those of the factor's t in a whitened regression."""
    days = with_gaps(rng, length)
    other = regression.nuisance(days)
    xs = np.column_stack([memory(rng, days, 0.5), rng.random(len(days)) < 0.4])
    y = memory(rng, days, 0.6) + 0.3 * xs[:, 0]
    found = regression.partial(days, y, xs, other)
    whiten = full_whitening(days, found.phi)
    for place, x in enumerate(xs.T):
        fitted = OLS(whiten @ y, whiten @ np.column_stack([x, other])).fit()
        t = float(fitted.tvalues[0])
        r = t / np.sqrt(t**2 + fitted.df_resid)
        assert (r, float(fitted.pvalues[0])) == pytest.approx((found.r[place], found.p[place]))


def test_phi(rng: np.random.Generator) -> None:
    """Phi is the lag-1 autocorrelation of residuals, corrected as by Kendall."""
    days = np.arange(100.0)
    noise = memory(rng, days, 0.5)
    raw = np.mean(noise[1:] * noise[:-1]) / np.mean(noise**2)
    assert raw + (1 + 3 * raw) / 99 == pytest.approx(regression.noise_phi(days, noise))


def test_phi_is_hardly_biased() -> None:
    """Over many diaries of 60 days, with gaps, phi comes out as it went in."""
    rng = np.random.default_rng(1)
    found = []
    for _ in range(400):
        days = with_gaps(rng, 60)
        noise = memory(rng, days, 0.4)
        found.append(regression.noise_phi(days, noise - noise.mean()))
    assert 0.4 == pytest.approx(np.mean(found), abs=0.03)


@pytest.mark.parametrize(
    ("days", "noise", "expected"),
    [
        (np.arange(50.0), np.tile([1.0, -1.0], 25), -0.2),
        (np.arange(50.0), np.repeat([1.0, -1.0], 25), 0.9),
        (np.arange(0, 100.0, 2), np.repeat([1.0, -1.0], 25), 0.0),
        (np.arange(50.0), np.zeros(50), 0.0),
    ],
)
def test_phi_has_bounds(days: Floats, noise: Floats, expected: float) -> None:
    """Phi stays within bounds, and is 0 where no two days are consecutive or all is told."""
    assert expected == regression.noise_phi(days, noise)


def weekend(days: Floats) -> Floats:
    """1 on Saturdays and Sundays."""
    found: Floats = ((days - 1) % 7 >= 5).astype(float)
    return found


@pytest.mark.parametrize(
    "make", [weekend, np.copy, np.ones_like], ids=["weekend", "time", "constant"]
)
def test_what_the_calendar_explains(
    rng: np.random.Generator, make: Callable[[Floats], Floats]
) -> None:
    """A factor that is nothing but weekdays or time is no finding: r 0, p 1."""
    days = with_gaps(rng, 100)
    other = regression.nuisance(days)
    found = regression.partial(days, rng.normal(size=len(days)), make(days)[:, None], other)
    assert (0.0, 1.0) == (found.r[0], found.p[0])


@pytest.mark.parametrize("make", [weekend, np.zeros_like], ids=["weekend", "constant"])
def test_mood_that_the_calendar_explains(
    rng: np.random.Generator, make: Callable[[Floats], Floats]
) -> None:
    """A mood that never changes, or by weekday only, goes with nothing."""
    days = with_gaps(rng, 100)
    xs = rng.normal(size=(len(days), 2))
    found = regression.partial(days, make(days), xs, regression.nuisance(days))
    assert ([0.0, 0.0], [1.0, 1.0]) == (found.r.tolist(), found.p.tolist())


def test_weekdays_that_never_come(rng: np.random.Generator) -> None:
    """Who writes on Mondays only gets figures all the same."""
    days = 737_996 + 7 * np.arange(50.0)
    x = rng.normal(size=len(days))
    found = regression.partial(days, x + rng.normal(size=50), x[:, None], regression.nuisance(days))
    assert found.p[0] < 0.01


def test_perfect_correlation() -> None:
    """Mood that is the factor itself has r 1, and no warning for a division by zero."""
    days = np.arange(50.0)
    x = np.random.default_rng(1).normal(size=50)
    found = regression.partial(days, x, x[:, None], regression.nuisance(days))
    assert (1.0, 0.0) == pytest.approx((found.r[0], found.p[0]))


# Many tests at once


@pytest.mark.parametrize("count", [1, 2, 26, 100])
def test_benjamini_hochberg(rng: np.random.Generator, count: int) -> None:
    """The tests that pass are those that statsmodels lets pass."""
    p_values = rng.beta(0.3, 1, size=count).tolist()
    expected = multipletests(p_values, alpha=0.05, method="fdr_bh")[0]
    assert expected.tolist() == benjamini_hochberg(p_values, 0.05)
