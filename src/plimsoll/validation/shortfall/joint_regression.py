"""Joint linear regression of value-at-risk and expected shortfall.

    q_t = b0 + b1 x_t,   e_t = g0 + g1 z_t < 0     on the scale of returns y, tail probability a

minimise the mean of the homogeneous score ``1{y <= q} (q - y) / (a (-e)) + q / e + ln(-e)``
(Fissler and Ziegel, Annals of Statistics 44, 2016; Dimitriadis and Bayer, Electronic Journal of
Statistics 13, 2019). The search (`plimsoll.maths.joint_tail_regression`) minimises over the
quantile's line and the shortfall's in turn, from a flat start and from perturbed best points.

Domain: the score has no bottom as a shortfall goes to zero beside a quantile above zero. So
``-e`` is at least a thousandth of the median absolute return, and a quantile on the wrong side
of zero is charged nothing for it. All of it is done on returns divided by that median: the result
does not depend on the unit.

The covariance is robust to misspecification: ``H^-1 C H^-1 / n`` with H the second derivative of
the expected score *without* the terms that vanish under correct specification being dropped, and
C the outer product of the scores, with a Newey-West sum where horizons overlap. The two
observations on the fitted line are neither breaches nor not: they count as the fractions that
make the score of the quantile zero (the multipliers of the linear programme).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import special

from plimsoll.errors import EstimationError, InsufficientDataError, UsageError
from plimsoll.maths.joint_tail_regression import descend_jointly
from plimsoll.validation.newey_west import newey_west_covariance

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Index = NDArray[np.int64]

MINIMUM_TAIL = 5
"""Expected breaches below which no regression is tried."""

RESTARTS = 6
"""Perturbed places from which the search starts again."""

_INFEASIBLE = 1e10
_LEAST_DEPTH = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class JointFit:
    """Fitted joint regression, on the scale of returns.

    Parameters
    ----------
    quantile, shortfall : ndarray
        Coefficients b and g.
    loss : float
        Mean score without the constant -1.
    covariance : (p + q, p + q) ndarray
        Of (b, g), robust to misspecification.
    """

    quantile: Vector
    shortfall: Vector
    loss: float
    covariance: Matrix

    @property
    def shortfall_covariance(self) -> Matrix:
        """The block of g."""
        p = self.quantile.size
        return self.covariance[p:, p:]


@njit(cache=True, nogil=True)
def joint_score(
    coefficients: Vector, returns: Vector, x_design: Matrix, z_design: Matrix, tail: float
) -> float:
    """Mean score; huge, and finite for the search's sake, where a shortfall is not negative."""
    p = x_design.shape[1]
    total = 0.0
    for t in range(returns.size):
        q = 0.0
        for j in range(p):
            q += x_design[t, j] * coefficients[j]
        e = 0.0
        for j in range(z_design.shape[1]):
            e += z_design[t, j] * coefficients[p + j]
        if e >= 0.0:
            return _INFEASIBLE
        charge = max(q - returns[t], 0.0) / tail - q
        total += max(charge, 0.0) / -e + np.log(-e)
    return total / returns.size


def fit_joint_regression(
    returns: Vector,
    x_design: Matrix,
    z_design: Matrix,
    tail: float,
    *,
    lags: int = 0,
    seed: int = 0,
    restarts: int = RESTARTS,
) -> JointFit:
    """Fit quantile and shortfall regressions together.

    Parameters
    ----------
    returns : (n,) float64
    x_design, z_design : (n, 2) float64
        Regressors of quantile and shortfall, a column of ones first.
    tail : float
        Probability, 0.025 for 97.5 %.
    lags : int
        Newey-West lags of the covariance, 0 for horizons that do not overlap.
    seed, restarts : int
        Of the perturbed starts, and how many.

    Raises
    ------
    InsufficientDataError
        Fewer than five breaches to be expected.
    UsageError
        More or fewer than two columns.
    EstimationError
        Regressors that do not vary, returns that are mostly zero, a search that leaves the
        domain, or a covariance that cannot be made.
    """
    if returns.size * tail < MINIMUM_TAIL:
        raise InsufficientDataError(
            f"must have {MINIMUM_TAIL / tail:.0f} horizons, for {MINIMUM_TAIL} breaches",
            found=returns.size,
            remedy="take a longer series or a lower confidence",
        )
    if not x_design.shape == z_design.shape == (returns.size, 2):
        raise UsageError("must be (n, 2), ones first", found=f"{x_design.shape}, {z_design.shape}")
    (x, x_map), (z, z_map) = _standardised(x_design), _standardised(z_design)
    unit = float(np.median(np.abs(returns)))
    if not unit > 0.0:
        raise EstimationError("more than half of the returns must differ from zero", found=unit)
    y = np.ascontiguousarray(returns / unit)
    best, met = _least(y, x, z, tail, restarts, seed)
    b, g = x_map @ best[:2], z_map @ best[2:]
    covariance = _covariance(y, x, z, best, met, tail, lags)
    back = np.zeros((4, 4))
    back[:2, :2], back[2:, 2:] = unit * x_map, unit * z_map
    b, g = unit * b, unit * g
    loss = joint_score(np.concatenate((b, g)), returns, x_design, z_design, tail)
    return JointFit(
        quantile=b, shortfall=g, loss=float(loss), covariance=back @ covariance @ back.T
    )


def _least(
    y: Vector, x: Vector, z: Vector, tail: float, restarts: int, seed: int
) -> tuple[Vector, Index]:
    """Coefficients of the least score found, and the two observations on the quantile's line."""
    quantile = float(np.quantile(y, tail))
    depth = max(-float(y[y <= quantile].mean()), 10.0 * _LEAST_DEPTH)
    best, best_met = np.array([quantile, 0.0, -depth, 0.0]), np.zeros(2, dtype=np.int64)
    value = descend_jointly(x, z, y, tail, _LEAST_DEPTH, best, best_met)
    generator = np.random.default_rng(seed)
    for _ in range(restarts):
        line = best + 0.25 * np.abs(best[[0, 0, 2, 2]]) * generator.standard_normal(4)
        met = np.zeros(2, dtype=np.int64)
        found = descend_jointly(x, z, y, tail, _LEAST_DEPTH, line, met)
        # Not for a difference of rounding: the unit of the data must not choose.
        if found < value - 1e-10:
            value, best, best_met = found, line, met
    if not float(np.min(-(best[2] + best[3] * z))) > 2.0 * _LEAST_DEPTH:
        raise EstimationError(
            "the fitted shortfall must stay below zero for every forecast",
            found=f"loss {value:.4g} at the edge of the domain",
            remedy="take a longer series, or the intercept test",
        )
    return best, best_met


def _standardised(design: Matrix) -> tuple[Vector, Matrix]:
    """Regressor of mean 0 and variance 1, and the matrix that takes its coefficients back."""
    column = design[:, 1]
    mean, spread = float(column.mean()), float(column.std())
    if spread <= 1e-10 * max(abs(mean), 1e-300):
        raise EstimationError(
            "forecasts must vary over the series",
            found="a constant column",
            remedy="use the intercept test",
        )
    back = np.array([[1.0, -mean / spread], [0.0, 1.0 / spread]])
    return np.ascontiguousarray((column - mean) / spread), back


def _breached(y: Vector, x: Vector, line: Vector, e: Vector, met: Index, tail: float) -> Vector:
    """(n,) 1 under the line, 0 above, and in between for the two observations on it.

    ``sum (d / a - 1) (1, x) / -e = 0`` decides the two.
    """
    out: Vector = (y < line[0] + line[1] * x).astype(np.float64)
    out[met] = 0.0
    moment = np.vstack((np.ones(x.size), x)) / -e
    on_line = np.linalg.solve(moment[:, met], tail * moment.sum(axis=1) - moment @ out)
    out[met] = np.clip(on_line, 0.0, 1.0)
    return out


def _covariance(
    y: Vector, x: Vector, z: Vector, line: Vector, met: Index, tail: float, lags: int
) -> Matrix:
    q, e = line[0] + line[1] * x, line[2] + line[3] * z
    ones = np.ones(y.size)
    x_design, z_design = np.column_stack((ones, x)), np.column_stack((ones, z))
    broke = _breached(y, x, line, e, met, tail)
    surplus = e - q + np.maximum(q - y, 0.0) / tail
    hessian = np.empty((4, 4))
    hessian[:2, :2] = _weighted(x_design, x_design, _density(y, q, e, tail) / (tail * -e))
    hessian[:2, 2:] = _weighted(x_design, z_design, (broke / tail - 1.0) / e**2)
    hessian[2:, :2] = hessian[:2, 2:].T
    hessian[2:, 2:] = _weighted(z_design, z_design, 1.0 / e**2 - 2.0 * surplus / e**3)
    score = np.column_stack(
        (
            x_design * ((broke / tail - 1.0) / -e)[:, None],
            z_design * (surplus / e**2)[:, None],
        )
    )
    middle = newey_west_covariance(score - score.mean(axis=0), lags)
    try:
        bread = np.linalg.inv(hessian)
    except np.linalg.LinAlgError:
        raise EstimationError("the score's second derivative must be regular") from None
    out: Matrix = bread @ (middle / y.size) @ bread.T / y.size
    return out


def _weighted(left: Matrix, right: Matrix, weight: Vector) -> Matrix:
    out: Matrix = left.T @ (right * weight[:, None]) / left.shape[0]
    return out


def _density(returns: Vector, q: Vector, e: Vector, tail: float) -> Vector:
    """(n,) density of each return at its quantile.

    Residuals in units of the shortfall are taken as alike: density 0 of them over -e. Bandwidth of
    Hall and Sheather (1988), as share of the sample between tail - h and tail + h.
    """
    scaled = np.sort((returns - q) / -e)
    z = special.ndtri(tail)
    height = np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi)
    h = (1.5 * height**2 / (2.0 * z * z + 1.0) * special.ndtri(0.975) ** 2 / returns.size) ** (
        1.0 / 3.0
    )
    low, high = max(tail - h, 0.5 / returns.size), min(tail + h, 1.0 - 0.5 / returns.size)
    width = float(np.quantile(scaled, high) - np.quantile(scaled, low))
    if not width > 0.0:
        raise EstimationError("returns near the quantile must differ", found=width)
    out: Vector = (high - low) / width / -e
    return out
