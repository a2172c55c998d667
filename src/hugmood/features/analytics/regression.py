"""Regression with noise that remembers the day before, and the statistics around it.

The only module here that loads numpy and scipy: `insights` imports it at its first use.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtr

Floats = NDArray[np.float64]

PHI_LEAST: Final = -0.2
PHI_MOST: Final = 0.9
KNOTS_FROM: Final = 120
KNOT_EVERY: Final = 60
"""Days; a shorter diary has a straight trend alone."""
DUMMIES_FROM: Final = 42
"""Pairs from which each weekday has a level of its own, not only the weekend."""
CONFIDENCE: Final = 1.959963984540054
"""The normal quantile of 0.975: intervals are of 95 %."""

_BLOM: Final = 0.375
_NOTHING_LEFT: Final = 1e-9
_FEWEST: Final = 4.0


class Partial(NamedTuple):
    """Each column's partial correlation with y and its p value; phi of the noise."""

    r: Floats
    p: Floats
    phi: float


def ranks(values: Floats) -> Floats:
    """Rank values from 1; ties share the mean of their ranks."""
    order = np.sort(values)
    below, upto = np.searchsorted(order, values), np.searchsorted(order, values, "right")
    found: Floats = (below + upto + 1) / 2
    return found


def normal_scores(values: Floats) -> Floats:
    """Replace values by the normal quantiles of their ranks (Blom 1958)."""
    n = len(values)
    found: Floats = ndtri((ranks(values) - _BLOM) / (n + 1 - 2 * _BLOM))
    return found


def spearman(x: Floats, y: Floats) -> float:
    """Return Spearman's rho; 0 where one of them does not vary."""
    a, b = ranks(x), ranks(y)
    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / size if size > 0 else 0.0


def spearman_interval(days: Floats, x: Floats, y: Floats) -> tuple[float, float]:
    """Return the 95 % interval of Spearman's rho.

    Fisher's z with the variance `(1 + rho^2 / 2) / (n - 3)` of Bonett & Wright (2000),
    where n is the effective one for two series that remember (Bartlett 1935).
    """
    rho = spearman(x, y)
    memory = _memory(days, ranks(x)) * _memory(days, ranks(y))
    n = max(_FEWEST, len(days) * min(1.0, (1 - memory) / (1 + memory)))
    z = np.arctanh(np.clip(rho, -0.999999, 0.999999))
    reach = CONFIDENCE * np.sqrt((1 + rho**2 / 2) / (n - 3))
    return float(np.tanh(z - reach)), float(np.tanh(z + reach))


def nuisance(days: Floats, *, weekdays: bool = True, drift: bool = True) -> Floats:
    """Return the columns of what is not the factor's doing, each day a row.

    An intercept; `weekdays`: a level for each weekday, or for the weekend where there
    are too few days; `drift`: a line in time, which in long diaries may bend.
    """
    columns = [np.ones_like(days)]
    if weekdays:
        columns += _weekday_columns(days)
    if drift:
        span = days[-1] - days[0] + 1
        time = (days - days[0]) / span
        bends = round(span / KNOT_EVERY) - 1 if span >= KNOTS_FROM else 0
        columns.append(time)
        columns += [np.maximum(0, time - k / (bends + 1)) for k in range(1, bends + 1)]
    return np.column_stack(columns)


def partial(days: Floats, y: Floats, xs: Floats, other: Floats) -> Partial:
    """Correlate each column of `xs` with `y`, given the columns of `other`.

    Generalised least squares: the noise of y is AR(1) over calendar days. The p value is
    that of the column's t in a regression of its own. A column that `other` explains
    has r 0 and p 1.
    """
    phi = noise_phi(days, y - _explained(y, _basis(other)))
    y, xs, other = (whiten(days, part, phi) for part in (y, xs, other))
    basis = _basis(other)
    freedom = len(days) - basis.shape[1] - 1
    y, xs = _unexplained(y[:, None], basis), _unexplained(xs, basis)
    r = np.clip(xs.T @ y[:, 0], -1.0, 1.0)
    with np.errstate(divide="ignore"):
        t = np.abs(r) * np.sqrt(freedom / (1 - r**2))
    return Partial(r, 2 * stdtr(freedom, -t), phi)


def noise_phi(days: Floats, residuals: Floats) -> float:
    """Estimate how much of a day's noise stays for the next, from consecutive days.

    With Kendall's (1954) correction for small samples; within `PHI_LEAST` and `PHI_MOST`.
    """
    near = np.flatnonzero(np.diff(days) == 1)
    square = float(residuals @ residuals) / len(residuals)
    if len(near) == 0 or square <= 0:
        return 0.0
    raw = float(residuals[near] @ residuals[near + 1]) / len(near) / square
    return min(PHI_MOST, max(PHI_LEAST, raw + (1 + 3 * raw) / len(near)))


def whiten(days: Floats, values: Floats, phi: float) -> Floats:
    """Take from each row what the row before foretells, over gaps by phi to their power."""
    carried = np.power(phi, np.diff(days))
    scale = np.sqrt(1 - carried**2)
    if values.ndim > 1:
        carried, scale = carried[:, None], scale[:, None]
    found: Floats = np.concatenate([values[:1], (values[1:] - carried * values[:-1]) / scale])
    return found


def _basis(columns: Floats) -> Floats:
    # By singular values, so that a weekday or a stretch that is never there does no harm.
    left, sizes, _ = np.linalg.svd(columns, full_matrices=False)
    found: Floats = left[:, sizes > _NOTHING_LEFT * sizes[0]]
    return found


def _explained(values: Floats, basis: Floats) -> Floats:
    found: Floats = basis @ (basis.T @ values)
    return found


def _unexplained(values: Floats, basis: Floats) -> Floats:
    """Return what the basis leaves of each column, at length 1; 0 where that is nothing."""
    rest = values - _explained(values, basis)
    before, after = np.linalg.norm(values, axis=0), np.linalg.norm(rest, axis=0)
    left = after > _NOTHING_LEFT * before
    found: Floats = np.where(left, rest / np.where(left, after, 1.0), 0.0)
    return found


def _weekday_columns(days: Floats) -> list[Floats]:
    numbers = (days - 1) % 7
    if len(days) < DUMMIES_FROM:
        return [(numbers >= 5).astype(np.float64)]  # noqa: PLR2004 (Saturday)
    return [(numbers == number).astype(np.float64) for number in range(1, 7)]


def _memory(days: Floats, values: Floats) -> float:
    return noise_phi(days, values - values.mean())
