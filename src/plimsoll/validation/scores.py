"""Scores of forecasts (lower is better), and what a breach cost.

Losses, value-at-risk and expected shortfall are positive losses in one unit. Scores choose between
models, p-values do not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import UsageError
from plimsoll.measures.sample import check_confidence

Array = NDArray[np.float64]


def quantile_score(loss: ArrayLike, value_at_risk: ArrayLike, confidence: float) -> Array:
    """Pinball loss ``(1{L >= v} - a)(L - v)``, ``a = 1 - confidence``; broadcasts, NaN stays.

    Minimised in expectation by the true quantile. In units of the loss.

    Examples
    --------
    >>> quantile_score([3.0, 1.0], 2.0, 0.9)
    array([0.9, 0.1])
    """
    check_confidence(confidence)
    excess = np.asarray(loss, dtype=np.float64) - np.asarray(value_at_risk, dtype=np.float64)
    out: Array = np.maximum(confidence * excess, (confidence - 1.0) * excess)
    return out


def fz0_score(
    loss: ArrayLike, value_at_risk: ArrayLike, expected_shortfall: ArrayLike, confidence: float
) -> Array:
    """Joint score of value-at-risk v and expected shortfall e, homogeneous of degree zero.

    ``(L - v)+ / (a e) + v / e + ln e - 1``, ``a = 1 - confidence``: FZ0 of Patton, Ziegel and
    Chen (Journal of Econometrics, 2019, eq. 6) with losses positive. Broadcasts, NaN stays.

    Raises
    ------
    UsageError
        Where the shortfall is not positive or under the value-at-risk.

    Examples
    --------
    >>> round(float(fz0_score(1.0, 2.0, 2.5, 0.99)), 12)
    0.716290731874
    """
    check_confidence(confidence)
    v = np.asarray(value_at_risk, dtype=np.float64)
    e = np.asarray(expected_shortfall, dtype=np.float64)
    if bool(np.any(e <= 0.0)) or bool(np.any(e < v)):
        raise UsageError(
            "must be positive and at least the value-at-risk",
            found=float(np.nanmin(e)),
            field="expected_shortfall",
            remedy="FZ0 has no value there: score the quantile alone",
        )
    excess = np.maximum(np.asarray(loss, dtype=np.float64) - v, 0.0)
    out: Array = excess / ((1.0 - confidence) * e) + v / e + np.log(e) - 1.0
    return out


@dataclass(frozen=True, slots=True, kw_only=True)
class Exceedance:
    """What breaches cost, as a share of notional and of the margin.

    Parameters
    ----------
    breaches, observations : int
    worst : float
        Largest loss above the margin; 0 where nothing broke.
    worst_share : float
        Largest ``loss / margin - 1`` of a breach; 0 where nothing broke.
    mean : float
        Mean loss above the margin, given a breach; NaN where nothing broke.
    mean_per_observation : float
        Uncovered loss over all observations.
    """

    breaches: int
    observations: int
    worst: float
    worst_share: float
    mean: float
    mean_per_observation: float


def exceedance(margin: ArrayLike, loss: ArrayLike) -> Exceedance:
    """Measure losses above the margin; pairs with a NaN are not scored.

    Examples
    --------
    >>> found = exceedance([0.1, 0.1, 0.2], [0.15, 0.05, 0.25])
    >>> found.breaches, round(found.worst, 12), round(found.worst_share, 12)
    (2, 0.05, 0.5)
    """
    held, lost = np.broadcast_arrays(
        np.asarray(margin, dtype=np.float64), np.asarray(loss, dtype=np.float64)
    )
    scored = np.isfinite(held) & np.isfinite(lost)
    excess = lost[scored] - held[scored]
    broke = excess > 0.0
    over = excess[broke]
    with np.errstate(divide="ignore"):  # a breach of no margin at all is infinite
        share = over / held[scored][broke]
    return Exceedance(
        breaches=int(broke.sum()),
        observations=int(scored.sum()),
        worst=float(over.max()) if over.size else 0.0,
        worst_share=float(share.max()) if over.size else 0.0,
        mean=float(over.mean()) if over.size else float("nan"),
        mean_per_observation=float(over.sum() / scored.sum()) if scored.any() else float("nan"),
    )
