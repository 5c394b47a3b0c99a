"""Acerbi and Szekely's Z3: the shortfall of every forecast, seen through the realised ranks.

    Z3 = 1 - (1/T) sum_t S_t(U) / E[S_t(V)],   S_t(U) = mean of the k = floor(T (1 - c)) largest
                                               losses that law t gives to the probabilities U

U are the realised exceedance probabilities, V independent uniform ones. Mean 0 where the law is
right, negative where its tail is too light. Since all T laws see the same k smallest U, the sum
over t is one function of u, made once (a spline in ln u): a path costs k evaluations, not k T.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import interpolate, special

from plimsoll.errors import InsufficientDataError, UsageError
from plimsoll.measures.sample import check_confidence
from plimsoll.validation.shortfall.forecast_law import (
    UNDERSTATEMENT,
    ForecastLaw,
    ScaledLaw,
    larger_losses,
    scaled_label,
)
from plimsoll.validation.tested_forecasts import (
    SIGNIFICANCE,
    ForecastTest,
    Power,
    check_paths,
    simulated_p_value,
    simulated_power,
)

Vector = NDArray[np.float64]

DEFAULT_PATHS = 20_000
POWER_PATHS = 1_000
_NODES = 256
_SMALLEST = 1e-13
_PANELS, _ORDER = 16, 12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MeanTailLoss:
    """The mean over horizons of the loss at exceedance probability u over its expected shortfall.

    Parameters
    ----------
    tail_count : int
        The k of the statistic.
    horizons : int
    spline : CubicSpline
        In ln u.
    """

    tail_count: int
    horizons: int
    spline: interpolate.CubicSpline

    def z3(self, chances: Vector) -> Vector:
        """(paths,) Z3 of (paths, k) smallest exceedance probabilities."""
        log_u = np.log(np.clip(chances, _SMALLEST, 1.0 - 1e-12))
        out: Vector = 1.0 - self.spline(log_u).mean(axis=-1)
        return out


def mean_tail_loss(law: ForecastLaw, confidence: float) -> MeanTailLoss:
    """Prepare Z3 of a law."""
    check_confidence(confidence)
    rows = law.horizons
    count = math.floor(rows * (1.0 - confidence) + 1e-9)
    if count < 1:
        raise InsufficientDataError(
            f"must have at least {math.ceil(1.0 / (1.0 - confidence))} horizons for one tail loss",
            found=rows,
        )
    expected = _expected_tail_mean(law, count)
    if not bool(np.all(expected > 0.0)):
        raise UsageError("expected tail losses must be positive", found=float(expected.min()))
    nodes = np.linspace(math.log(_SMALLEST), math.log1p(-1e-12), _NODES)
    values = [float(np.mean(_losses(law, math.exp(s)) / expected)) for s in nodes]
    return MeanTailLoss(
        tail_count=count, horizons=rows, spline=interpolate.CubicSpline(nodes, values)
    )


def acerbi_szekely_z3(
    loss: ArrayLike,
    confidence: float,
    *,
    law: ForecastLaw,
    paths: int = DEFAULT_PATHS,
    seed: int,
    understatement: float = UNDERSTATEMENT,
) -> ForecastTest:
    """Z3 with a p-value from simulated uniform ranks.

    Parameters
    ----------
    loss : (n,) array_like
        Positive losses, a number in every row.
    law : ForecastLaw
    paths, seed : int
    understatement : float
        Power is against losses so much larger that the forecast is too small by this share.
    """
    check_paths(paths)
    lost = np.asarray(loss, dtype=np.float64)
    if lost.shape != (law.horizons,) or not bool(np.isfinite(lost).all()):
        raise UsageError(
            f"must be a series of {law.horizons} numbers", found=lost.shape, field="loss"
        )
    tail = mean_tail_loss(law, confidence)
    chances = np.sort(law.exceedance(lost))[: tail.tail_count]
    found = float(tail.z3(chances))
    null = tail.z3(_smallest_uniforms(tail, paths, np.random.default_rng(seed)))
    p_value, error = simulated_p_value(int(np.sum(null <= found)), paths)
    return ForecastTest(
        name="acerbi_szekely_z3",
        statistic=found,
        p_value=p_value,
        reference_law=f"{paths} simulated paths",
        null="losses are draws from the forecast laws",
        alternative="tail of the forecast laws too light (negative statistic)",
        observations=lost.size,
        convention=f"mean of the {tail.tail_count} largest",
        standard_error=error,
        critical_value=float(np.quantile(null, SIGNIFICANCE)),
        power_of=partial(_power, law, tail, seed, understatement),
    )


def _power(law: ForecastLaw, tail: MeanTailLoss, seed: int, understatement: float) -> Power:
    generator = np.random.default_rng(seed + 1)
    null = tail.z3(_smallest_uniforms(tail, 20 * POWER_PATHS, generator))
    larger = ScaledLaw(law=law, factor=larger_losses(understatement))
    rows = np.arange(law.horizons)
    found = np.empty(POWER_PATHS)
    for path in range(POWER_PATHS):
        drawn = larger.quantile(generator.random(rows.size), rows)
        found[path] = tail.z3(np.sort(law.exceedance(drawn))[: tail.tail_count])
    label = scaled_label(understatement)
    return simulated_power(found < np.quantile(null, SIGNIFICANCE), None, label)


def _smallest_uniforms(
    tail: MeanTailLoss, paths: int, generator: np.random.Generator
) -> NDArray[np.float64]:
    """(paths, k) smallest of n uniform numbers, by their exponential spacings."""
    spacing = np.cumsum(generator.standard_exponential((paths, tail.tail_count)), axis=1)
    rest = generator.standard_gamma(tail.horizons + 1 - tail.tail_count, paths)
    out: NDArray[np.float64] = spacing / (spacing[:, -1] + rest)[:, None]
    return out


def _expected_tail_mean(law: ForecastLaw, count: int) -> Vector:
    """(T,) expectation of the mean of the ``count`` largest losses of T uniform ranks.

    ``(T / k) * integral of I_{1-p}(T - k, k) L_t(p) dp`` (Acerbi and Szekely, 2014), by panels of
    Gauss-Legendre in ln p.
    """
    rows = law.horizons
    x, w = np.polynomial.legendre.leggauss(_ORDER)
    edges = np.linspace(math.log(1e-18), 0.0, _PANELS * 4 + 1)
    total = np.zeros(rows)
    for low, high in pairwise(edges):
        p = np.exp(0.5 * (high - low) * (x + 1.0) + low)
        share = special.betainc(rows - count, count, 1.0 - p) if rows > count else np.ones(p.size)
        for chance, weight in zip(p, 0.5 * (high - low) * w * p * share, strict=True):
            if weight > 1e-18:
                total += weight * _losses(law, float(chance))
    out: Vector = total * rows / count
    return out


def _losses(law: ForecastLaw, chance: float) -> Vector:
    rows = np.arange(law.horizons)
    return law.quantile(np.full(rows.size, chance), rows)
