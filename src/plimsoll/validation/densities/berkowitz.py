"""Berkowitz's tests of forecast laws (Journal of Business and Economic Statistics 19, 2001).

``z = Phi^-1(PIT)`` is standard normal and independent where the laws are right. The density test
is the likelihood ratio of an AR(1) with free mean, variance and coefficient; the tail test that of
a free mean and variance with all losses below the tail censored, so that only the tail counts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from plimsoll.errors import DataFormatError, EstimationError, InsufficientDataError, UsageError
from plimsoll.validation.binomial import chi_square_survival
from plimsoll.validation.tested_forecasts import (
    SIGNIFICANCE,
    ForecastTest,
    Power,
    chosen,
    simulated_power,
)

Vector = NDArray[np.float64]

UNDERSTATEMENT = 0.20
POWER_PATHS = 500
_ROOT = 0.999


class Start(StrEnum):
    """What the likelihood makes of the first observation.

    ``exact``: a draw from the stationary law, as in the paper. ``conditional``: given, so the
    likelihood has n - 1 terms, in closed form; pairs across unscored rows are left out.
    """

    EXACT = "exact"
    CONDITIONAL = "conditional"


@dataclass(frozen=True, slots=True, kw_only=True)
class NormalAutoregression:
    """Fitted ``z_t - m = r (z_{t-1} - m) + s e_t`` and its likelihood ratio against (0, 0, 1)."""

    mean: float
    autocorrelation: float
    sigma: float
    log_likelihood: float
    ratio: float
    observations: int


def normal_scores(probability_transform: ArrayLike) -> Vector:
    """(n,) ``Phi^-1`` of the probability that the law gave to no larger a loss; NaN stays.

    Raises
    ------
    DataFormatError
        A transform outside (0, 1): the law thought the outcome impossible.
    """
    u = np.atleast_1d(np.asarray(probability_transform, dtype=np.float64))
    bad = ~np.isnan(u) & ~((u > 0.0) & (u < 1.0))
    if bool(bad.any()):
        row = int(np.flatnonzero(bad)[0])
        raise DataFormatError(
            "must lie strictly between 0 and 1",
            found=float(u[row]),
            field="probability_transform",
            row=row,
            remedy="use a law with unbounded tails, or the empirical one with (n + 1) ranks",
        )
    out: Vector = special.ndtri(u)
    return out


def fit_autoregression(scores: Vector, start: Start = Start.EXACT) -> NormalAutoregression:
    """Maximum likelihood of an AR(1) with normal innovations."""
    if start is Start.EXACT and bool(np.isnan(scores).any()):
        raise UsageError(
            "must have no unscored rows",
            found=int(np.isnan(scores).sum()),
            remedy="use the conditional likelihood",
            field="scores",
        )
    pair = ~np.isnan(scores[:-1]) & ~np.isnan(scores[1:])
    x, y = scores[:-1][pair], scores[1:][pair]
    if x.size < 3:
        raise InsufficientDataError("must have three pairs of neighbours", found=x.size)
    if float(np.ptp(x)) == 0.0:
        raise EstimationError("normal scores must vary", found=float(x[0]))
    return _exact(scores, x, y) if start is Start.EXACT else _conditional(x, y)


def berkowitz_test(
    probability_transform: ArrayLike,
    *,
    start: Start = Start.EXACT,
    understatement: float = UNDERSTATEMENT,
    seed: int = 0,
) -> ForecastTest:
    """Density test, chi2(3): mean 0, variance 1 and no autocorrelation of the normal scores.

    Parameters
    ----------
    probability_transform : (n,) array_like
        Chance that the forecast law gave to no larger a loss; NaN = not scored.
    start : Start
    understatement : float
        Power is against losses so much larger that volatility is too small by this share.
    seed : int
        Of the power, which is simulated.
    """
    start = chosen(Start, start)
    fit = fit_autoregression(normal_scores(probability_transform), start)
    return ForecastTest(
        name="berkowitz",
        statistic=fit.ratio,
        p_value=float(chi_square_survival(fit.ratio, 3)),
        reference_law="chi2(3)",
        null="losses are independent draws from the forecast laws",
        alternative="another mean, variance or autocorrelation of the normal scores",
        observations=fit.observations,
        convention=(
            f"{start} likelihood; mean {fit.mean:.3f}, sigma {fit.sigma:.3f}, "
            f"autocorrelation {fit.autocorrelation:.3f}"
        ),
        power_of=partial(_density_power, fit.observations, start, understatement, seed),
    )


def berkowitz_tail_test(
    probability_transform: ArrayLike,
    confidence: float,
    *,
    understatement: float = UNDERSTATEMENT,
    seed: int = 0,
) -> ForecastTest:
    """Tail test, chi2(2): mean 0 and variance 1 of the scores, censored below the tail.

    Where nothing lies in the tail the supremum of the likelihood is 1: the ratio is
    ``-2 n ln(confidence)``, Kupiec's for no breach.
    """
    if not 0.0 < confidence < 1.0:
        raise UsageError("must lie in (0, 1)", found=confidence, field="confidence")
    z = normal_scores(probability_transform)
    z = z[~np.isnan(z)]
    if z.size < 1:
        raise InsufficientDataError("must have a scored horizon", found=0)
    ratio = tail_ratio(z, confidence)
    return ForecastTest(
        name="berkowitz_tail",
        statistic=ratio,
        p_value=float(chi_square_survival(ratio, 2)),
        reference_law="chi2(2)",
        null=f"the forecast laws are right beyond their {confidence:.4g} quantile",
        alternative="another mean or variance of the normal scores of the tail",
        observations=z.size,
        convention=f"censored below {confidence:.4g}",
        power_of=partial(_tail_power, z.size, confidence, understatement, seed),
    )


def tail_ratio(scores: Vector, confidence: float) -> float:
    """Likelihood ratio of the censored normal law, by Newton's method.

    In ``h = 1 / s`` and ``d = m / s`` the log-likelihood is concave (Olsen, Econometrica 46,
    1978), so the steps end at its one maximum.
    """
    cut = float(special.ndtri(confidence))
    tail = scores[scores > cut]
    censored = scores.size - tail.size
    if tail.size == 0:
        return -2.0 * censored * float(special.log_ndtr(cut))
    if censored == 0 and float(np.ptp(tail)) == 0.0:
        raise EstimationError("normal scores must vary", found=float(tail[0]))
    at = np.array([0.0, 1.0])
    value = first = _censored(at, tail, censored, cut)
    for _ in range(200):
        gradient, hessian = _derivatives(at, tail, censored, cut)
        step = -np.linalg.solve(hessian, gradient)
        length = 1.0
        while at[1] + length * step[1] <= 0.0:
            length *= 0.5
        moved = _censored(at + length * step, tail, censored, cut)
        while moved < value and length > 1e-12:
            length *= 0.5
            moved = _censored(at + length * step, tail, censored, cut)
        at, gain, value = at + length * step, moved - value, moved
        if gain < 1e-13 * max(1.0, abs(value)):
            break
    return max(0.0, 2.0 * (value - first))


def _censored(at: Vector, tail: Vector, censored: int, cut: float) -> float:
    d, h = at
    inside = -0.5 * float(np.sum((h * tail - d) ** 2)) + tail.size * math.log(h)
    return inside + censored * float(special.log_ndtr(h * cut - d))


def _derivatives(at: Vector, tail: Vector, censored: int, cut: float) -> tuple[Vector, Vector]:
    d, h = at
    m, w = tail.size, h * cut - d
    mills = math.exp(-0.5 * w * w - float(special.log_ndtr(w))) / math.sqrt(2.0 * math.pi)
    fall = mills * (w + mills)
    residual = h * tail - d
    gradient = np.array(
        [
            residual.sum() - censored * mills,
            m / h - np.sum(tail * residual) + censored * cut * mills,
        ]
    )
    cross = tail.sum() + censored * cut * fall
    last = -np.sum(tail * tail) - m / h**2 - censored * cut * cut * fall
    return gradient, np.array([[-m - censored * fall, cross], [cross, last]])


def _conditional(x: Vector, y: Vector) -> NormalAutoregression:
    n = x.size
    dx, dy = x - x.mean(), y - y.mean()
    slope = float(dx @ dy / (dx @ dx))
    variance = float(np.mean((dy - slope * dx) ** 2))
    fitted = -0.5 * n * (math.log(2.0 * math.pi * variance) + 1.0)
    mean = (y.mean() - slope * x.mean()) / (1.0 - slope) if slope != 1.0 else float("inf")
    return NormalAutoregression(
        mean=float(mean),
        autocorrelation=slope,
        sigma=math.sqrt(variance),
        log_likelihood=fitted,
        ratio=max(0.0, 2.0 * (fitted - _standard_normal(y))),
        observations=n,
    )


def _exact(z: Vector, x: Vector, y: Vector) -> NormalAutoregression:
    def loss(rho: float) -> float:
        return -_concentrated(rho, z[0], x, y)[0]

    # Two starts: the likelihood of a short series may have two humps.
    found = [
        optimize.minimize_scalar(
            loss, bounds=bounds, method="bounded", options={"xatol": 1e-10, "maxiter": 200}
        )
        for bounds in ((-_ROOT, _ROOT), (-0.5, 0.5))
    ]
    rho = float(min(found, key=lambda f: float(f.fun)).x)
    fitted, mean, variance = _concentrated(rho, z[0], x, y)
    return NormalAutoregression(
        mean=mean,
        autocorrelation=rho,
        sigma=math.sqrt(variance),
        log_likelihood=fitted,
        ratio=max(0.0, 2.0 * (fitted - _standard_normal(z))),
        observations=z.size,
    )


def _concentrated(rho: float, first: float, x: Vector, y: Vector) -> tuple[float, float, float]:
    """Log-likelihood at the best mean and variance for this autocorrelation."""
    n, edge = x.size + 1, 1.0 - rho * rho
    top = edge * first + (1.0 - rho) * float(np.sum(y - rho * x))
    mean = top / (edge + x.size * (1.0 - rho) ** 2)
    residual = y - mean - rho * (x - mean)
    variance = (edge * (first - mean) ** 2 + float(residual @ residual)) / n
    value = -0.5 * n * (math.log(2.0 * math.pi * variance) + 1.0) + 0.5 * math.log(edge)
    return value, mean, variance


def _standard_normal(z: Vector) -> float:
    return -0.5 * float(z @ z) - 0.5 * z.size * math.log(2.0 * math.pi)


def _density_power(rows: int, start: Start, understatement: float, seed: int) -> Power:
    generator = np.random.default_rng(seed)
    length = rows + int(start is Start.CONDITIONAL)
    decided = []
    for factor in (1.0 / (1.0 - understatement), 1.0):
        ratios = [
            fit_autoregression(factor * generator.standard_normal(length), start).ratio
            for _ in range(POWER_PATHS)
        ]
        decided.append(np.asarray(chi_square_survival(ratios, 3)) < SIGNIFICANCE)
    return simulated_power(decided[0], decided[1], _label(understatement))


def _tail_power(rows: int, confidence: float, understatement: float, seed: int) -> Power:
    generator = np.random.default_rng(seed)
    decided = []
    for factor in (1.0 / (1.0 - understatement), 1.0):
        ratios = [
            tail_ratio(factor * generator.standard_normal(rows), confidence)
            for _ in range(POWER_PATHS)
        ]
        decided.append(np.asarray(chi_square_survival(ratios, 2)) < SIGNIFICANCE)
    return simulated_power(decided[0], decided[1], _label(understatement))


def _label(understatement: float) -> str:
    return f"volatility understated by {understatement:.0%}"
