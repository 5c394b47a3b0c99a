"""Breach rates of one method: pooled, by side, year, crisis and market."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.market import DAY_NS
from plimsoll.validation.binomial import chi_square_survival
from plimsoll.validation.breaches.coverage_power import kupiec_power
from plimsoll.validation.comparison.method_score import Kupiec, Rate
from plimsoll.validation.likelihood import unconditional_ratio
from plimsoll.validation.newey_west import DEFAULT_LAGS, daily_sums, variance_of_sum

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

SIGNIFICANCE = 0.05
KUPIEC_ALTERNATIVES = (0.015, 0.02)
"""True breach rates that the power of the count of rejections is told for."""
WORST_SHARE = 0.25


def clustered_rate(breaches: BoolArray, scored: BoolArray, time_ns: IntArray) -> Rate:
    """Breach rate of (S, ...) pairs with its Newey-West standard error over days (5 lags)."""
    broke = breaches.reshape(breaches.shape[0], -1).sum(axis=1).astype(np.float64)
    held = scored.reshape(scored.shape[0], -1).sum(axis=1).astype(np.float64)
    total = float(held.sum())
    if not total:
        return Rate(rate=float("nan"), standard_error=float("nan"), pairs=0)
    rate = float(broke.sum()) / total
    daily = daily_sums(broke - rate * held, time_ns)
    error = float(np.sqrt(variance_of_sum(daily, DEFAULT_LAGS))) / total
    return Rate(rate=rate, standard_error=error, pairs=int(total))


def rates_by_year(breaches: BoolArray, scored: BoolArray, time_ns: IntArray) -> dict[int, Rate]:
    """Breach rate of each calendar year (UTC) that has a scored pair."""
    year = time_ns.astype("datetime64[ns]").astype("datetime64[Y]").astype(np.int64) + 1970
    out = {}
    for one in np.unique(year):
        rows = year == one
        if scored[rows].any():
            out[int(one)] = clustered_rate(breaches[rows], scored[rows], time_ns[rows])
    return out


def rates_in_windows(
    breaches: BoolArray,
    scored: BoolArray,
    time_ns: IntArray,
    windows: Mapping[str, tuple[int, int]],
) -> dict[str, Rate]:
    """Breach rate of the starts from the first to the last day of each window, both included."""
    out = {}
    for name, (first_ns, last_ns) in windows.items():
        rows = (time_ns >= first_ns) & (time_ns < last_ns + DAY_NS)
        if scored[rows].any():
            out[name] = clustered_rate(breaches[rows], scored[rows], time_ns[rows])
    return out


def worst_quartile(breaches: BoolArray, scored: BoolArray) -> float:
    """Mean breach rate of the quarter of the markets that broke most; sides of one together."""
    count = scored.sum(axis=(0, 2))
    rate = np.sort(breaches.sum(axis=(0, 2))[count > 0] / count[count > 0])
    return float(rate[-max(1, round(WORST_SHARE * rate.size)) :].mean())


def kupiec_rejections(breaches: BoolArray, scored: BoolArray, target: float) -> Kupiec:
    """Count market-sides whose proportion of failures is rejected at 5 %, by direction."""
    count = scored.sum(axis=0).ravel()
    broke = breaches.sum(axis=0).ravel()[count > 0]
    count = count[count > 0]
    p_value = chi_square_survival(unconditional_ratio(broke, count, target), 1)
    rejected = p_value < SIGNIFICANCE
    high = broke / count > target
    return Kupiec(
        too_high=int(np.sum(rejected & high)),
        too_low=int(np.sum(rejected & ~high)),
        market_sides=int(count.size),
    )


def kupiec_powers(scored: BoolArray, target: float) -> dict[float, float]:
    """Chance that a market-side whose true rate is another is rejected: mean over market-sides.

    Exact for independent breaches; those of one market cluster, so that fewer are found.
    """
    counts, sides = np.unique(scored.sum(axis=0).ravel(), return_counts=True)
    held, sides = counts[counts > 0], sides[counts > 0]
    return {
        other: float(
            np.average([kupiec_power(int(n), target, other).value for n in held], weights=sides)
        )
        for other in KUPIEC_ALTERNATIVES
    }
