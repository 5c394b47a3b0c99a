"""All figures of one method on one horizon."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A breach rate with its standard error (clustered by day) and the pairs behind it."""

    rate: float
    standard_error: float
    pairs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Kupiec:
    """Market-sides whose own breach rate Kupiec's test rejects at 5 %."""

    too_high: int
    too_low: int
    market_sides: int

    @property
    def share(self) -> float:
        """Rejected share of the market-sides."""
        return (self.too_high + self.too_low) / self.market_sides


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusteredMean:
    """A pooled mean with its standard error, clustered by day, and p-values against zero.

    Parameters
    ----------
    mean, standard_error : float
    p_two_sided, p_positive : float
        By resampled days; NaN where there are too few to resample.
    count : int
        What the mean is over.
    power : float
        Chance that the two-sided test at 5 % finds a shortfall 10 % too small.
    """

    mean: float
    standard_error: float
    p_two_sided: float
    p_positive: float
    count: int
    power: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rises:
    """Largest rise of the margin over so many days: median and 90th percentile of market-sides."""

    median: float
    p90: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Half:
    """Figures of every second coin."""

    breach_rate: float
    mean_margin: float
    equal_coverage_cost: float
    fz0: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreDifference:
    """Mean score less the benchmark's: negative speaks for the method (Diebold-Mariano).

    Parameters
    ----------
    mean, standard_error, statistic : float
    p_better : float
        One-sided.
    power : float
        Chance that the one-sided test at 5 % finds a true difference of ``difference``.
    difference : float
    """

    mean: float
    standard_error: float
    statistic: float
    p_better: float
    power: float
    difference: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MethodScore:
    """How one method did.

    Parameters
    ----------
    name, title : str
    horizon_hours : int
    markets : int
    pooled, long, short : Rate
    years : mapping of int to Rate
    crises : mapping of str to Rate
    worst_quartile : float
        Mean breach rate of the quarter of the markets that broke most (both sides together).
    kupiec : Kupiec
    mean_margin : float
        Share of notional, mean over scored pairs.
    equal_coverage_cost : float
        EX POST: mean margin after one common scale brings the pooled breach rate to the
        reference method's, over the reference's mean margin. NaN without a reference.
    fz0, quantile_score : float
    shortfall_residual : ClusteredMean
        McNeil and Frey: ``(loss - ES) / VaR`` on breaches; positive: ES too small.
    shortfall_z : ClusteredMean
        Acerbi and Szekely's Z2 as a loss: ``loss 1{breach} / (a ES) - 1``; positive: too small.
    peak_to_trough : float
        Highest over lowest margin in a trailing year, mean over time, median of market-sides.
    rises : mapping of int to Rises
        By days: 1, 5, 20.
    even, odd : Half
    against_benchmark, quantile_against_benchmark : ScoreDifference or None
        By FZ0 and by quantile loss; None for the benchmark itself, or without it.
    daily_fz0, daily_quantile_score : (days,) float64
        Means over the pairs of each scored day, in order.
    """

    name: str
    title: str
    horizon_hours: int
    markets: int
    pooled: Rate
    long: Rate
    short: Rate
    years: Mapping[int, Rate]
    crises: Mapping[str, Rate]
    worst_quartile: float
    kupiec: Kupiec
    mean_margin: float
    equal_coverage_cost: float
    fz0: float
    quantile_score: float
    shortfall_residual: ClusteredMean
    shortfall_z: ClusteredMean
    peak_to_trough: float
    rises: Mapping[int, Rises]
    even: Half
    odd: Half
    against_benchmark: ScoreDifference | None
    quantile_against_benchmark: ScoreDifference | None
    daily_fz0: FloatArray
    daily_quantile_score: FloatArray
