"""Tests of the times between breaches: Haas's sum of ratios, and Weibull gaps.

Gaps are counted in scored horizons.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize

from plimsoll.errors import EstimationError, InsufficientDataError
from plimsoll.validation.binomial import check_rate, chi_square_survival
from plimsoll.validation.breaches.hit_chain import AFTER_BREACH, clustered, independent
from plimsoll.validation.breaches.hit_simulation import chain_rejections
from plimsoll.validation.breaches.scored_hits import scored_hits
from plimsoll.validation.likelihood import first_failure_ratio, unconditional_ratio
from plimsoll.validation.tested_forecasts import ForecastTest

Vector = NDArray[np.float64]
Flags = NDArray[np.bool_]

POWER_PATHS = 1_000
_LARGEST_SHAPE = 100.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gaps:
    """Times between breaches, the first and the last open where the series does not break there.

    Parameters
    ----------
    length : (m,) float64
        In scored horizons.
    closed : (m,) bool
        False for a gap of which only the shortest possible length is known.
    """

    length: Vector
    closed: Flags


@dataclass(frozen=True, slots=True, kw_only=True)
class WeibullGaps:
    """Weibull law of the gaps with hazard ``scale ** shape * shape * d ** (shape - 1)``.

    Shape 1 is no memory; under 1 breaches cluster.
    """

    shape: float
    log_likelihood: float
    exponential_log_likelihood: float

    @property
    def ratio(self) -> float:
        """Twice the gain in log-likelihood over no memory."""
        return max(0.0, 2.0 * (self.log_likelihood - self.exponential_log_likelihood))


def gaps_of(breaches: ArrayLike) -> Gaps:
    """Gaps with both open ends (Christoffersen and Pelletier, 2004, section 3).

    The first is open unless the first horizon broke, the last unless the last did.

    Examples
    --------
    >>> found = gaps_of([0, 0, 1, 0, 1, 0])
    >>> found.length.tolist(), found.closed.tolist()
    ([3.0, 2.0, 1.0], [False, True, False])
    """
    hits = scored_hits(breaches).listed()
    at = np.flatnonzero(hits) + 1.0
    if at.size == 0:
        return Gaps(length=np.array([float(hits.size)]), closed=np.zeros(1, dtype=np.bool_))
    length, closed = np.diff(at), np.ones(at.size - 1, dtype=np.bool_)
    if not hits[0]:
        length, closed = np.append(at[0], length), np.append(False, closed)
    if not hits[-1]:
        length, closed = np.append(length, hits.size - at[-1]), np.append(closed, False)
    return Gaps(length=length, closed=closed)


def fit_weibull_gaps(gaps: Gaps) -> WeibullGaps:
    """Maximum likelihood of the shape; the scale is concentrated out.

    The profile's slope falls in the shape, so its root is the one maximum.

    Raises
    ------
    InsufficientDataError
        No closed gap (fewer than two breaches).
    EstimationError
        All gaps alike: the likelihood rises without bound.
    """
    closed = int(gaps.closed.sum())
    if closed < 1:
        raise InsufficientDataError(
            "must have two breaches, which close one gap",
            found=f"{gaps.length.size} open gaps",
            remedy="test the breach rate only, or take a longer series",
        )
    logs = np.log(gaps.length)
    if _slope(_LARGEST_SHAPE, logs, gaps.closed) > 0.0:
        raise EstimationError(
            "gaps must differ", found="breaches at equal distances", field="breaches"
        )
    root = optimize.brentq(_slope, 1e-6, _LARGEST_SHAPE, args=(logs, gaps.closed), xtol=1e-13)
    return WeibullGaps(
        shape=float(root),
        log_likelihood=_profile(float(root), logs, gaps.closed),
        exponential_log_likelihood=_profile(1.0, logs, gaps.closed),
    )


def _slope(shape: float, logs: Vector, closed: Flags) -> float:
    """Derivative of the profile by the shape, over the number of closed gaps."""
    weights = np.exp(shape * (logs - logs.max()))
    mean_log = float(np.sum(weights * logs) / np.sum(weights))
    return 1.0 / shape + float(logs[closed].mean()) - mean_log


def _profile(shape: float, logs: Vector, closed: Flags) -> float:
    m, top = int(closed.sum()), float(logs.max())
    log_sum = shape * top + math.log(float(np.sum(np.exp(shape * (logs - top)))))
    level = m * (math.log(m) - log_sum + math.log(shape) - 1.0)
    return level + (shape - 1.0) * float(logs[closed].sum())


def weibull_duration_test(
    breaches: ArrayLike, breach_rate: float, *, after_breach: float = AFTER_BREACH, seed: int = 0
) -> ForecastTest:
    """Weibull gaps against no memory, chi2(1) (Christoffersen and Pelletier, 2004).

    ``breach_rate`` is used for the power only, which is simulated.
    """
    check_rate(breach_rate)
    series = scored_hits(breaches)
    fit = fit_weibull_gaps(gaps_of(breaches))
    return ForecastTest(
        name="weibull_duration",
        statistic=fit.ratio,
        p_value=float(chi_square_survival(fit.ratio, 1)),
        reference_law="chi2(1)",
        null="gaps between breaches have no memory (shape 1)",
        alternative="breaches cluster (shape under 1) or repel (over 1)",
        observations=series.observations,
        convention=f"both ends censored; shape {fit.shape:.4f}",
        power_of=partial(
            chain_rejections,
            weibull_p_value,
            series.observations,
            independent(breach_rate),
            clustered(breach_rate, after_breach),
            POWER_PATHS,
            seed,
        ),
    )


def weibull_p_value(hits: Flags) -> float:
    """p-value of one series; 1 where the test cannot be made."""
    try:
        return float(chi_square_survival(fit_weibull_gaps(gaps_of(hits)).ratio, 1))
    except (InsufficientDataError, EstimationError):
        return 1.0


def haas_ratio(hits: Flags, breach_rate: float) -> float:
    """Sum of the time-until-failure ratios of every closed gap, the first from the start."""
    at = np.flatnonzero(hits) + 1.0
    return float(np.sum(first_failure_ratio(np.diff(at, prepend=0.0), breach_rate)))


def haas_test(
    breaches: ArrayLike,
    breach_rate: float,
    *,
    mixed: bool = False,
    after_breach: float = AFTER_BREACH,
    seed: int = 0,
) -> ForecastTest:
    """Haas's time between failures (2001): chi2(x), one degree per breach.

    ``mixed`` adds the proportion of failures, chi2(x + 1). Where nothing broke there is no gap:
    statistic 0, p 1, power as ever. The sum leans on every gap being long: its true size is above
    5 % where breaches are few, so read the size beside it.
    """
    check_rate(breach_rate)
    series = scored_hits(breaches)
    listed = series.listed()
    degrees = series.breaches + int(mixed)
    return ForecastTest(
        name="haas_mixed" if mixed else "haas_time_between_failures",
        statistic=_haas_statistic(listed, breach_rate, mixed),
        p_value=haas_p_value(listed, breach_rate, mixed),
        reference_law=f"chi2({degrees})",
        null=f"every gap between breaches is geometric with rate {breach_rate:.4g}",
        alternative="gaps too short or too long",
        observations=series.observations,
        convention="first gap from the start, last gap left out",
        power_of=partial(
            chain_rejections,
            partial(haas_p_value, breach_rate=breach_rate, mixed=mixed),
            series.observations,
            independent(breach_rate),
            clustered(2.0 * breach_rate, after_breach),
            POWER_PATHS,
            seed,
        ),
    )


def _haas_statistic(hits: Flags, breach_rate: float, mixed: bool) -> float:
    extra = float(unconditional_ratio(hits.sum(), hits.size, breach_rate)) if mixed else 0.0
    return (haas_ratio(hits, breach_rate) if hits.any() else 0.0) + extra


def haas_p_value(hits: Flags, breach_rate: float, mixed: bool = False) -> float:
    """p-value of one series; 1 where there is nothing to sum."""
    degrees = int(hits.sum()) + int(mixed)
    if degrees == 0:
        return 1.0
    return float(chi_square_survival(_haas_statistic(hits, breach_rate, mixed), degrees))
