"""Nolde and Ziegel's conditional calibration tests of value-at-risk and shortfall together.

Identification functions, on the scale of losses with tail probability a = 1 - confidence:

    V1 = a - 1{L > v},     V2 = v - e + (L - v) 1{L > v} / a

have mean zero where both forecasts are right (Annals of Applied Statistics 11, 2017). The simple
test multiplies them by constants, the general one by functions of the forecasts and their sigma.
"""

from __future__ import annotations

from enum import StrEnum
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from plimsoll.errors import EstimationError, UsageError
from plimsoll.measures.sample import check_confidence
from plimsoll.validation.binomial import chi_square_survival
from plimsoll.validation.complete_rows import check_shortfall, complete_rows
from plimsoll.validation.shortfall.forecast_law import (
    UNDERSTATEMENT,
    TailLaw,
    draw_breaches,
    excess_stretch,
    understated_label,
)
from plimsoll.validation.tested_forecasts import (
    SIGNIFICANCE,
    ForecastTest,
    Power,
    chosen,
    simulated_power,
)

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

POWER_PATHS = 400


class Sides(StrEnum):
    """What the test rejects.

    ``two_sided``: any deviation, by a Wald statistic. ``one_sided``: positive means of the
    multiplied V1 or V2, as esback does it: it rejects a shortfall too small, but *too few*
    breaches. ``understated``: -V1 in place of V1, so that too many breaches count too.
    """

    TWO_SIDED = "two_sided"
    ONE_SIDED = "one_sided"
    UNDERSTATED = "understated"


class Correction(StrEnum):
    """How several one-sided p-values become one.

    ``bonferroni``: smallest times their number (what esback 0.3.1 reports). ``hommel``: valid
    under any dependence, and never below Simes by more than the harmonic sum.
    """

    BONFERRONI = "bonferroni"
    HOMMEL = "hommel"


def identification(
    loss: Vector, value_at_risk: Vector, expected_shortfall: Vector, confidence: float
) -> Matrix:
    """(n, 2) V1 and V2."""
    tail = 1.0 - confidence
    broke = loss > value_at_risk
    excess = np.where(broke, loss - value_at_risk, 0.0)
    return np.column_stack((tail - broke, value_at_risk - expected_shortfall + excess / tail))


def conditional_calibration_test(
    loss: ArrayLike,
    value_at_risk: ArrayLike,
    expected_shortfall: ArrayLike,
    confidence: float,
    *,
    sigma: ArrayLike | None = None,
    sides: Sides = Sides.TWO_SIDED,
    correction: Correction = Correction.BONFERRONI,
    understatement: float = UNDERSTATEMENT,
    seed: int = 0,
) -> ForecastTest:
    """Simple test, or the general one where ``sigma`` is given.

    Parameters
    ----------
    loss, value_at_risk, expected_shortfall : (n,) array_like
        Positive losses; NaN = not scored.
    confidence : float
    sigma : (n,) array_like, optional
        Forecast standard deviation, for the general test functions: two-sided
        ``((e - v) / (a s), 1 / s)``, one-sided ``(1, v)`` on V1 and ``(1, 1 / s)`` on V2.
    sides : Sides
    correction : Correction
        Of the one-sided p-values.
    understatement : float
        Power is against a shortfall too small by this share (losses drawn from `TailLaw`).
    seed : int

    Returns
    -------
    ForecastTest
        The statistic is the Wald form, or the largest one-sided t.

    Raises
    ------
    EstimationError
        Nothing broke: V1 does not vary, and no covariance can be made.
    """
    check_confidence(confidence)
    sides, correction = chosen(Sides, sides), chosen(Correction, correction)
    columns = {"loss": loss, "value_at_risk": value_at_risk, "es": expected_shortfall}
    lost, level, mean, scale = complete_rows(2, **columns, sigma=1.0 if sigma is None else sigma)
    check_shortfall(level, mean)
    if sigma is not None and not bool(np.all(scale > 0.0)):
        raise UsageError("must be positive", found=float(scale.min()), field="sigma")
    moments = _moments(lost, level, mean, confidence, None if sigma is None else scale, sides)
    if not bool(np.any(lost > level)):
        raise EstimationError(
            "must have a breach", found=0, remedy="test the breach rate: kupiec_test", field="loss"
        )
    general = sigma is not None
    statistic, p_value, law = _judged(moments, sides, correction)
    return ForecastTest(
        name="conditional_calibration_general" if general else "conditional_calibration_simple",
        statistic=statistic,
        p_value=p_value,
        reference_law=law,
        null="value-at-risk and shortfall are right given the past",
        alternative="either differs" if sides is Sides.TWO_SIDED else "shortfall understated",
        observations=lost.size,
        convention=str(sides) if sides is Sides.TWO_SIDED else f"{sides}, {correction}",
        power_of=partial(
            _power,
            level,
            mean,
            confidence,
            scale if general else None,
            sides,
            correction,
            understatement,
            seed,
        ),
    )


def wald(moments: Matrix) -> float:
    """``n m' W^-1 m`` with uncentred covariance W of the (n, k) moments."""
    n, mean = moments.shape[0], moments.mean(axis=0)
    covariance = moments.T @ moments / n
    return float(n * mean @ np.linalg.solve(covariance, mean))


def combined_p_value(p_values: ArrayLike, correction: Correction) -> float:
    """One p-value of several, whatever their dependence.

    Examples
    --------
    >>> combined_p_value([0.01, 0.4], Correction.BONFERRONI)
    0.02
    >>> round(combined_p_value([0.01, 0.4], Correction.HOMMEL), 12)
    0.03
    """
    p = np.sort(np.asarray(p_values, dtype=np.float64))
    rank = np.arange(1, p.size + 1)
    if correction is Correction.BONFERRONI:
        return float(min(1.0, p.size * p[0]))
    return float(min(1.0, p.size * np.sum(1.0 / rank) * np.min(p / rank)))


def _moments(
    loss: Vector,
    level: Vector,
    mean: Vector,
    confidence: float,
    sigma: Vector | None,
    sides: Sides,
) -> Matrix:
    v = identification(loss, level, mean, confidence)
    if sides is Sides.UNDERSTATED:
        v = v * np.array([-1.0, 1.0])
    if sigma is None:
        return v
    if sides is Sides.TWO_SIDED:
        weight = (mean - level) / (1.0 - confidence)
        return ((weight * v[:, 0] + v[:, 1]) / sigma)[:, None]
    return np.column_stack((v[:, 0], np.abs(level) * v[:, 0], v[:, 1], v[:, 1] / sigma))


def _judged(moments: Matrix, sides: Sides, correction: Correction) -> tuple[float, float, str]:
    n, k = moments.shape
    if sides is Sides.TWO_SIDED:
        statistic = wald(moments)
        return statistic, float(chi_square_survival(statistic, k)), f"chi2({k})"
    t = np.sqrt(n) * moments.mean(axis=0) / np.sqrt(np.mean(moments * moments, axis=0))
    p_value = combined_p_value(special.ndtr(-t), correction)
    return float(t.max()), p_value, f"N(0, 1), largest of {k}"


def _power(
    level: Vector,
    mean: Vector,
    confidence: float,
    sigma: Vector | None,
    sides: Sides,
    correction: Correction,
    understatement: float,
    seed: int,
) -> Power:
    law = TailLaw(value_at_risk=level, expected_shortfall=mean, confidence=confidence)
    decided = []
    for share, offset in ((understatement, 1), (0.0, 2)):
        stretch = excess_stretch(level, mean, share)
        p_values = []
        for piece in draw_breaches(law, level, paths=POWER_PATHS, seed=seed + offset):
            larger = level[piece.row] + stretch[piece.row] * (piece.loss - level[piece.row])
            for path in range(piece.paths):
                lost = np.zeros(level.size)
                mine = piece.path == path
                lost[piece.row[mine]] = larger[mine]
                moments = _moments(lost, level, mean, confidence, sigma, sides)
                p_values.append(_judged(moments, sides, correction)[1] if mine.any() else 1.0)
        decided.append(np.array(p_values) < SIGNIFICANCE)
    return simulated_power(decided[0], decided[1], understated_label(understatement))
