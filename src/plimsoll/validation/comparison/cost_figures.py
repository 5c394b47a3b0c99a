"""What the coverage costs: mean margin, cost at equal coverage, cycles and rises."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plimsoll.validation.comparison.method_score import Rises
from plimsoll.validation.comparison.sample import ComparisonSample
from plimsoll.validation.procyclicality import CALL_DAYS, procyclicality

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


def equal_coverage_cost(
    margin: FloatArray, loss: FloatArray, reference_breaches: int, reference_mean: float
) -> float:
    """Mean margin over the reference's, once one scale gives it the reference's breach rate.

    EX POST: the scale is found on the period itself, so this compares costs and is no forecast.

    Parameters
    ----------
    margin, loss : (M,) float64
        Scored pairs.
    reference_breaches : int
    reference_mean : float
        Breaches and mean margin of the reference method on the same pairs.

    Examples
    --------
    >>> equal_coverage_cost(np.full(4, 0.2), np.array([0.1, 0.3, 0.2, 0.5]), 1, 0.4)
    1.0
    """
    # Any scale between the two ratios leaves so many above: their mean, capped by the outermost.
    ordered = np.sort(loss / margin)
    place = loss.size - min(reference_breaches, loss.size - 1)
    scale = 0.5 * float(ordered[place - 1] + ordered[min(place, loss.size - 1)])
    return scale * float(margin.mean()) / reference_mean


def cycle_figures(
    sample: ComparisonSample,
    margin: FloatArray,
    markets: BoolArray,
    *,
    until_ns: int | None = None,
) -> tuple[float, dict[int, Rises]]:
    """Peak-to-trough of the trailing year, and largest rises, of the margins set in the period.

    Parameters
    ----------
    margin : (D, N, 2) float64
    markets : (N,) bool
        Those that are scored.
    until_ns : int, optional
        Only margins set before; by default up to the last start.
    """
    rows = sample.in_period()
    if until_ns is not None:
        rows &= sample.boundary_ns < until_ns
    held = np.where(sample.seasoned_boundary[:, :, None], margin, np.nan)
    paths = held[rows][:, markets].reshape(int(rows.sum()), -1)
    found = procyclicality(paths, steps_per_day=sample.boundaries_per_day)
    rises = {
        days: Rises(
            median=_quantile(found.largest_call[days], 0.5),
            p90=_quantile(found.largest_call[days], 0.9),
        )
        for days in CALL_DAYS
    }
    return _quantile(found.trailing_peak_to_trough, 0.5), rises


def _quantile(values: FloatArray, level: float) -> float:
    known = values[np.isfinite(values)]
    return float(np.quantile(known, level)) if known.size else float("nan")
