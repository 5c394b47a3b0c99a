"""What positions and the agreement add to a quantile of exposure: Euler's allocation.

On one path the exposure at t, where it is positive, is a sum,

    V(t) - V(t - m) + threshold + stale - initial amounts      where collateral was called,
    V(t) + stale - initial amounts                             where it was not,

with V the sum of the positions' values and ``stale`` what the minimum transfer left uncalled (or
did not give back). The share of a part in a quantile is its mean given that the exposure is the
quantile (Tasche, 1999): here over the paths next to it in rank, scaled by the quantile over their
mean exposure so that shares add up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.maths.exposure_paths import CollateralTerms

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

NEAR = 0.005
"""Share of the paths on either side of the quantile."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CalledCollateral:
    """Collateral on n paths at one time of close-out.

    Parameters
    ----------
    called : (n,) float64
        Whether collateral that depends on the value was due when the last call was met: 0 or 1.
    threshold : (n,) float64
        What thresholds kept back of it, signed.
    stale : (n,) float64
        Due less held, because of the minimum transfer.
    """

    called: FloatArray
    threshold: FloatArray
    stale: FloatArray


def near_quantile(exposure: FloatArray, quantile: float) -> IntArray:
    """Paths whose exposures (n,) stand next to a positive quantile in rank, all of them exposed."""
    order = np.argsort(exposure, kind="stable")
    ranked = exposure[order]
    reach = max(round(NEAR * exposure.size), 0)
    first = int(np.searchsorted(ranked, quantile, side="left"))
    last = int(np.searchsorted(ranked, quantile, side="right"))
    found = order[max(first - reach, 0) : max(last, first + 1) + reach]
    return found[exposure[found] > 0.0].astype(np.int64)


def called_collateral(value: FloatArray, terms: CollateralTerms, at: int) -> CalledCollateral:
    """Follow the calls on paths of values (T, n) up to what arrived for a close-out at ``at``."""
    last = max(at - terms.lag_steps, 0)
    held, due = np.zeros(value.shape[1]), np.zeros(value.shape[1])
    for t in range(last + 1):
        due = np.maximum(value[t] - terms.threshold, 0.0)
        due = due - np.maximum(-value[t] - terms.own_threshold, 0.0)
        held = np.where(np.abs(due - held) >= terms.minimum_transfer, due, held)
    theirs, ours = value[last] > terms.threshold, -value[last] > terms.own_threshold
    kept = np.where(theirs, terms.threshold, 0.0)
    if np.isfinite(terms.own_threshold):
        kept = kept - np.where(ours, terms.own_threshold, 0.0)
    return CalledCollateral(
        called=(theirs | ours).astype(np.float64), threshold=kept, stale=due - held
    )


def value_shares(values: FloatArray, collateral: CalledCollateral, lag: int, at: int) -> FloatArray:
    """(n,) what one position's values (T, n) add to the exposure at ``at`` on each path."""
    out: FloatArray = values[at] - collateral.called * values[max(at - lag, 0)]
    return out


def scaled_to(quantile: float, parts: Sequence[FloatArray]) -> list[float]:
    """Means of each part (n,), scaled to add up to the quantile."""
    means = [float(part.mean()) for part in parts]
    total = sum(means)
    return [mean * (quantile / total) for mean in means]
