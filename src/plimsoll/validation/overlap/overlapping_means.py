"""Tests of a mean over overlapping horizons: by Newey-West, or by a block bootstrap.

Horizons that start every hour and last a day share 23 hours with their neighbours: n of them hold
the information of far fewer. Coverage and shortfall tests of such series are tests that a mean
series (breach less rate, identification function) is zero, with an error that knows the overlap.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from plimsoll.errors import EstimationError, InsufficientDataError, ParameterError
from plimsoll.measures.sample import check_confidence
from plimsoll.validation.binomial import binomial_pmf, check_rate
from plimsoll.validation.breaches.scored_hits import scored_hits
from plimsoll.validation.complete_rows import check_shortfall, complete_rows
from plimsoll.validation.newey_west import variance_of_sum
from plimsoll.validation.overlap.block_indices import BlockResampling, drawn_rows
from plimsoll.validation.pooled import mid_p_values
from plimsoll.validation.shortfall.forecast_law import (
    UNDERSTATEMENT,
    larger_losses,
    understated_label,
)
from plimsoll.validation.tested_forecasts import (
    SIGNIFICANCE,
    Direction,
    ForecastTest,
    Power,
    chosen,
)

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class NeweyWest:
    """Standard error by Newey-West with so many lags, at least the overlap."""

    lags: int

    @property
    def label(self) -> str:
        """The method in words."""
        return f"Newey-West, {self.lags} lags"


Method = NeweyWest | BlockResampling


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanError:
    """Mean of a series that depends on its own past, with its standard error."""

    mean: float
    standard_error: float
    method: str


def mean_error(values: Vector, method: Method) -> MeanError:
    """Mean and standard error of a series in time order."""
    if values.size < 2:
        raise InsufficientDataError("must have two horizons", found=values.size)
    mean = float(values.mean())
    if isinstance(method, NeweyWest):
        error = math.sqrt(float(variance_of_sum(values - mean, method.lags))) / values.size
        return MeanError(mean=mean, standard_error=error, method=method.label)
    resampled = (values - mean)[drawn_rows(values.size, method)].mean(axis=1)
    label = f"{method.kind} blocks of {method.length:g}, {method.replications} resamples"
    return MeanError(mean=mean, standard_error=float(resampled.std(ddof=1)), method=label)


def overlapping_coverage_test(
    breaches: ArrayLike,
    breach_rate: float,
    *,
    overlap: int,
    method: Method | None = None,
    direction: Direction = Direction.TWO_SIDED,
    other_rate: float | None = None,
) -> ForecastTest:
    """Is the breach rate of overlapping horizons the target?

    The count is judged on its effective sample: breaches and horizons divided by the design effect
    (variance of the rate over the binomial one, at least 1), in the binomial tail, mid-p, as
    `plimsoll.validation.pooled` does for panels.

    Parameters
    ----------
    breaches : (n,) array_like
        0, 1, or NaN (not scored, left out).
    breach_rate : float
    overlap : int
        Starts within one horizon: 24 for daily horizons that start hourly.
    method : NeweyWest or BlockResampling, optional
        Newey-West with twice the overlap by default.
    direction : Direction
        Understated: too many breaches.
    """
    check_rate(breach_rate)
    direction = chosen(Direction, direction)
    used = _checked(method, overlap)
    hits = scored_hits(breaches).listed().astype(np.float64)
    found = mean_error(hits, used)
    effect = _design_effect(hits, found.standard_error, overlap)
    count, trials = hits.sum() / effect, hits.size / effect
    few, many = mid_p_values(count, trials, breach_rate)
    p_value = {
        Direction.UNDERSTATED: many,
        Direction.OVERSTATED: few,
        Direction.TWO_SIDED: min(1.0, 2.0 * min(few, many)),
    }[direction]
    return ForecastTest(
        name="overlapping_coverage",
        statistic=found.mean,
        p_value=p_value,
        reference_law=f"binomial, effective sample {trials:.0f}",
        null=f"the breach rate is {breach_rate:.4g}",
        alternative="another breach rate" if direction is Direction.TWO_SIDED else str(direction),
        observations=hits.size,
        convention=f"{direction}, {found.method}, design effect {effect:.2f}, mid-p",
        power_of=partial(
            effective_count_power, trials, breach_rate, other_rate or 2.0 * breach_rate, direction
        ),
    )


def overlapping_shortfall_test(
    loss: ArrayLike,
    value_at_risk: ArrayLike,
    expected_shortfall: ArrayLike,
    confidence: float,
    *,
    overlap: int,
    method: Method | None = None,
    direction: Direction = Direction.UNDERSTATED,
    understatement: float = UNDERSTATEMENT,
) -> ForecastTest:
    """Is the shortfall of overlapping horizons right? The mean of Acerbi-Szekely's Z2 terms.

    ``1 - L 1{L > v} / (a e)`` has mean 0; its mean is divided by its standard error, normal law.
    Arguments as in `overlapping_coverage_test`; power by normal approximation.
    """
    check_confidence(confidence)
    direction = chosen(Direction, direction)
    used = _checked(method, overlap)
    lost, level, mean = complete_rows(
        2, loss=loss, value_at_risk=value_at_risk, expected_shortfall=expected_shortfall
    )
    check_shortfall(level, mean)
    terms = 1.0 - np.where(lost > level, lost, 0.0) / ((1.0 - confidence) * mean)
    found = mean_error(terms, used)
    if not found.standard_error > 0.0:
        raise EstimationError(
            "must have a breach",
            found=0,
            remedy="test the breach rate: overlapping_coverage_test",
        )
    z = found.mean / found.standard_error
    return ForecastTest(
        name="overlapping_shortfall",
        statistic=z,
        p_value=_normal_p(z, direction),
        reference_law="N(0, 1)",
        null="the shortfall is as forecast",
        alternative=f"shortfall {direction}",
        observations=lost.size,
        convention=f"{direction}, Z2 {found.mean:.4f}, {found.method}",
        power_of=partial(
            shift_power,
            (1.0 - larger_losses(understatement)) / found.standard_error,
            direction,
            understated_label(understatement),
        ),
    )


def shift_power(shift: float, direction: Direction, label: str) -> Power:
    """Power of a normal test whose statistic moves by ``shift`` (negative: understated)."""
    one, two = special.ndtri(1.0 - SIGNIFICANCE), special.ndtri(1.0 - SIGNIFICANCE / 2.0)
    value = {
        Direction.UNDERSTATED: special.ndtr(-shift - one),
        Direction.OVERSTATED: special.ndtr(shift - one),
        Direction.TWO_SIDED: special.ndtr(-shift - two) + special.ndtr(shift - two),
    }[direction]
    return Power(
        value=float(value),
        size=float("nan"),
        standard_error=0.0,
        alternative=label,
        method="normal approximation",
    )


def effective_count_power(
    trials: float, breach_rate: float, other_rate: float, direction: Direction
) -> Power:
    """Power of the mid-p test on an effective sample rounded to whole horizons."""
    n = max(1, round(trials))
    pmf = binomial_pmf(n, breach_rate)
    few = np.cumsum(pmf) - 0.5 * pmf
    many = np.cumsum(pmf[::-1])[::-1] - 0.5 * pmf
    p_values = {
        Direction.UNDERSTATED: many,
        Direction.OVERSTATED: few,
        Direction.TWO_SIDED: np.minimum(1.0, 2.0 * np.minimum(few, many)),
    }[direction]
    rejected = p_values < SIGNIFICANCE
    chances = [binomial_pmf(n, rate)[rejected].sum() for rate in (other_rate, breach_rate)]
    return Power(
        value=float(chances[0]),
        size=float(chances[1]),
        standard_error=0.0,
        alternative=f"breach rate {other_rate:.4g}",
        method=f"exact, effective sample {n}",
    )


def _normal_p(z: float, direction: Direction) -> float:
    """p-value of a statistic that is negative where risk is understated."""
    if direction is Direction.TWO_SIDED:
        return float(2.0 * special.ndtr(-abs(z)))
    return float(special.ndtr(z if direction is Direction.UNDERSTATED else -z))


def _checked(method: Method | None, overlap: int) -> Method:
    if overlap < 1:
        raise ParameterError("must be at least 1", found=overlap, field="overlap")
    if method is None:
        return NeweyWest(lags=2 * (overlap - 1))
    reach = method.lags + 1 if isinstance(method, NeweyWest) else method.length
    if reach < overlap:
        raise ParameterError(f"must reach over the overlap of {overlap}", found=reach)
    return method


def _design_effect(hits: Vector, error: float, overlap: int) -> float:
    """Variance of the rate over the binomial one; the overlap itself where nothing varies."""
    rate = float(hits.mean())
    if rate in (0.0, 1.0):
        return float(min(overlap, hits.size))
    return max(1.0, error**2 * hits.size / (rate * (1.0 - rate)))
