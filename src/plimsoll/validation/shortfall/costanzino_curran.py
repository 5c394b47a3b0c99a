"""Costanzino and Curran's test: the breaches of every level in the tail at once.

    S = (1/n) sum_t (1 - u_t / a) 1{u_t <= a},   u_t = forecast chance of a loss above the realised

Each term has mean a / 2 and variance a (4 - 3 a) / 12 where the forecast tail is right (Costanzino
and Curran, Journal of Risk Model Validation 9, 2015). Needs the law of the tail only.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from plimsoll.errors import DataFormatError
from plimsoll.measures.sample import check_confidence
from plimsoll.validation.complete_rows import complete_rows
from plimsoll.validation.shortfall.forecast_law import (
    UNDERSTATEMENT,
    larger_losses,
    scaled_label,
)
from plimsoll.validation.tested_forecasts import (
    SIGNIFICANCE,
    Direction,
    ForecastTest,
    Power,
    chosen,
    simulated_power,
)

Vector = NDArray[np.float64]

POWER_PATHS = 2_000


def tail_moments(confidence: float) -> tuple[float, float]:
    """Mean and variance of one term under the null, ``a / 2`` and ``a (4 - 3 a) / 12``."""
    tail = 1.0 - confidence
    return tail / 2.0, tail * (4.0 - 3.0 * tail) / 12.0


def tail_severity(exceedance_chance: ArrayLike, confidence: float) -> Vector:
    """(n,) terms ``(1 - u / a)+`` of exceedance chances u."""
    u = np.asarray(exceedance_chance, dtype=np.float64)
    return np.maximum(1.0 - u / (1.0 - confidence), 0.0)


def costanzino_curran_test(
    exceedance_chance: ArrayLike,
    confidence: float,
    *,
    direction: Direction = Direction.UNDERSTATED,
    understatement: float = UNDERSTATEMENT,
    seed: int = 0,
) -> ForecastTest:
    """Normal test of the mean tail severity.

    Parameters
    ----------
    exceedance_chance : (n,) array_like
        Chance that the forecast law gave to a loss above the realised one (1 - PIT of the loss);
        NaN = not scored.
    confidence : float
    direction : Direction
    understatement : float
        Power is against a normal law whose losses are so much larger.
    seed : int
        Of the power, which is simulated.
    """
    check_confidence(confidence)
    direction = chosen(Direction, direction)
    (u,) = complete_rows(1, exceedance_chance=exceedance_chance)
    if bool(np.any((u < 0.0) | (u > 1.0))):
        raise DataFormatError("must lie in [0, 1]", field="exceedance_chance")
    z = float(_z(u[None, :], confidence)[0])
    return ForecastTest(
        name="costanzino_curran",
        statistic=z,
        p_value=float(normal_p_value(z, direction)),
        reference_law="N(0, 1)",
        null=f"the forecast law is right beyond its {confidence:.4g} quantile",
        alternative=f"tail risk {direction}",
        observations=u.size,
        convention=f"{direction}; mean severity against a/2",
        power_of=partial(_power, u.size, confidence, direction, understatement, seed),
    )


def normal_p_value(statistic: ArrayLike, direction: Direction) -> NDArray[np.float64]:
    """p-value of a statistic that is standard normal, and positive where risk is understated."""
    z = np.asarray(statistic, dtype=np.float64)
    if direction is Direction.UNDERSTATED:
        return np.asarray(special.ndtr(-z))
    if direction is Direction.OVERSTATED:
        return np.asarray(special.ndtr(z))
    return np.asarray(2.0 * special.ndtr(-np.abs(z)))


def _z(u: NDArray[np.float64], confidence: float) -> Vector:
    mean, variance = tail_moments(confidence)
    severity = tail_severity(u, confidence).mean(axis=-1)
    out: Vector = (severity - mean) * math.sqrt(u.shape[-1] / variance)
    return out


def _power(
    rows: int, confidence: float, direction: Direction, understatement: float, seed: int
) -> Power:
    generator = np.random.default_rng(seed)
    decided = []
    for factor in (larger_losses(understatement), 1.0):
        z = np.concatenate(
            [
                _z(special.ndtr(-factor * generator.standard_normal((50, rows))), confidence)
                for _ in range(POWER_PATHS // 50)
            ]
        )
        decided.append(normal_p_value(z, direction) < SIGNIFICANCE)
    return simulated_power(decided[0], decided[1], f"{scaled_label(understatement)} (normal law)")
