"""Joint linear regression of value-at-risk and expected shortfall.

    q_t = x_t'b,   e_t = z_t'g < 0     on the scale of returns y, tail probability a

minimise the mean of the homogeneous score ``1{y <= q} (q - y) / (a (-e)) + q / e + ln(-e)``
(Fissler and Ziegel, Annals of Statistics 44, 2016; Dimitriadis and Bayer, Electronic Journal of
Statistics 13, 2019). The score has kinks in b and several dents: Nelder-Mead from the exact
quantile regression, restarted from perturbed best points until they bring nothing.

The covariance is robust to misspecification: ``H^-1 C H^-1 / n`` with H the second derivative of
the expected score *without* the terms that vanish under correct specification being dropped, and
C the outer product of the scores, with a Newey-West sum where horizons overlap.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import optimize, special

from plimsoll.errors import EstimationError, InsufficientDataError
from plimsoll.maths.quantile_regression import quantile_regression

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

MINIMUM_TAIL = 5
"""Expected breaches below which no regression is tried."""

RESTARTS = 6
"""Vain perturbations after which the search ends."""

_INFEASIBLE = 1e10
_LONGEST = 40


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
        if returns[t] <= q:
            total += (q - returns[t]) / (tail * -e)
        total += q / e + np.log(-e)
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
    x_design, z_design : (n, p) and (n, q) float64
        Regressors of quantile and shortfall, a column of ones first.
    tail : float
        Probability, 0.025 for 97.5 %.
    lags : int
        Newey-West lags of the covariance, 0 for horizons that do not overlap.
    seed, restarts : int
        Of the perturbations, and how many vain ones end the search.

    Raises
    ------
    InsufficientDataError
        Fewer than five breaches to be expected.
    EstimationError
        Regressors that do not vary, or a covariance that cannot be made.
    """
    if returns.size * tail < MINIMUM_TAIL:
        raise InsufficientDataError(
            f"must have {MINIMUM_TAIL / tail:.0f} horizons, for {MINIMUM_TAIL} breaches",
            found=returns.size,
            remedy="take a longer series or a lower confidence",
        )
    x_map, z_map = _standardising(x_design), _standardising(z_design)
    x, z = np.ascontiguousarray(x_design @ x_map), np.ascontiguousarray(z_design @ z_map)
    start = _start(returns, x, z, tail)
    best = minimised(start, returns, x, z, tail, restarts=restarts, seed=seed)
    p = x.shape[1]
    b, g = x_map @ best[:p], z_map @ best[p:]
    covariance = _covariance(returns, x_design, z_design, b, g, tail, lags)
    loss = joint_score(np.concatenate((b, g)), returns, x_design, z_design, tail)
    return JointFit(quantile=b, shortfall=g, loss=float(loss), covariance=covariance)


def minimised(
    start: Vector,
    returns: Vector,
    x: Matrix,
    z: Matrix,
    tail: float,
    *,
    restarts: int,
    seed: int,
) -> Vector:
    """Best coefficients found from ``start``; stops after ``restarts`` vain perturbations."""
    generator = np.random.default_rng(seed)
    arguments = (returns, x, z, tail)
    value, best = _descend(start, arguments)
    vain, tried = 0, 0
    while vain < restarts and tried < _LONGEST:
        step = (0.05 + 0.25 * np.abs(best)) * generator.standard_normal(best.size)
        found, at = _descend(best + step, arguments)
        vain = 0 if found < value - 1e-10 else vain + 1
        if found < value:
            value, best = found, at
        tried += 1
    return best


def _descend(
    start: Vector, arguments: tuple[Vector, Matrix, Matrix, float]
) -> tuple[float, Vector]:
    """Smallest score and its place, by two runs of Nelder-Mead."""

    def score(coefficients: Vector) -> float:
        return float(joint_score(coefficients, *arguments))

    options: dict[str, float] = {"xatol": 1e-7, "fatol": 1e-11, "maxfev": 4_000}
    at, value = start, math.inf
    for _ in range(2):
        found = optimize.minimize(score, at, method="Nelder-Mead", options=options)  # type: ignore[call-overload]
        at, value = np.asarray(found.x, dtype=np.float64), float(found.fun)
    return value, at


def _start(returns: Vector, x: Matrix, z: Matrix, tail: float) -> Vector:
    b = quantile_regression(x, returns, tail)
    broke = returns <= x @ b + 1e-12
    level = float(returns[broke].mean()) if broke.any() else float(returns.min())
    flat = np.zeros(z.shape[1])
    flat[0] = min(level, -1e-9)
    if int(broke.sum()) > z.shape[1]:
        g = np.linalg.lstsq(z[broke], returns[broke], rcond=None)[0]
        if bool(np.all(z @ g < 0.0)):
            return np.concatenate((b, g))
    return np.concatenate((b, flat))


def _standardising(design: Matrix) -> Matrix:
    """Matrix that turns columns (1, x) into (1, (x - mean) / sd)."""
    mean, spread = design[:, 1:].mean(axis=0), design[:, 1:].std(axis=0)
    if bool(np.any(spread <= 1e-10 * np.maximum(np.abs(mean), 1e-300))):
        raise EstimationError(
            "forecasts must vary over the series",
            found="a constant column",
            remedy="use the intercept test",
        )
    out = np.diag(np.append(1.0, 1.0 / spread))
    out[0, 1:] = -mean / spread
    return out


def _covariance(
    returns: Vector, x: Matrix, z: Matrix, b: Vector, g: Vector, tail: float, lags: int
) -> Matrix:
    q, e = x @ b, z @ g
    broke = returns <= q
    surplus = e - q + np.where(broke, q - returns, 0.0) / tail
    density = _density(returns, q, e, tail)
    p = x.shape[1]
    hessian = np.empty((p + z.shape[1], p + z.shape[1]))
    hessian[:p, :p] = _weighted(x, x, density / (tail * -e))
    hessian[:p, p:] = _weighted(x, z, (broke / tail - 1.0) / e**2)
    hessian[p:, :p] = hessian[:p, p:].T
    hessian[p:, p:] = _weighted(z, z, 1.0 / e**2 - 2.0 * surplus / e**3)
    score = np.column_stack(
        (x * ((broke / tail - 1.0) / -e)[:, None], z * (surplus / e**2)[:, None])
    )
    score = score - score.mean(axis=0)
    middle = score.T @ score
    for lag in range(1, min(lags, returns.size - 1) + 1):
        cross = score[lag:].T @ score[:-lag]
        middle += (1.0 - lag / (lags + 1.0)) * (cross + cross.T)
    try:
        bread = np.linalg.inv(hessian)
    except np.linalg.LinAlgError:
        raise EstimationError("the score's second derivative must be regular") from None
    out: Matrix = bread @ (middle / returns.size) @ bread.T / returns.size
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
