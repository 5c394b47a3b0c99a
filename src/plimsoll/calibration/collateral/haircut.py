"""The haircut: what is lost until collateral is sold, with the cost of selling and of exchange.

With the log fall ``v`` that is exceeded with 1 % over the liquidation horizon, the relative cost
``c(Q)`` of selling ``Q`` dollars and a currency leg ``f``::

    H(Q) = 1 - exp(-(v + c(Q) + f))

Not below half of the worst move that an asset of its class has made (`floored`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import InsufficientDataError, ParameterError
from plimsoll.maths.block_bootstrap import block_bootstrap_quantiles

FloatArray = NDArray[np.float64]

FLOOR_SHARE = 0.5
"""Of the worst move of the class over the horizon, below which no haircut lies."""
LEAST_FALLS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class TailEstimate:
    """A log fall exceeded with a small probability, with its error over resampled days."""

    value: float
    standard_error: float
    observations: int


def haircut_of(log_risk: ArrayLike, cost: ArrayLike = 0.0, exchange: ArrayLike = 0.0) -> FloatArray:
    """Return ``1 - exp(-(v + c + f))`` of log falls, relative costs and a currency leg.

    Raises
    ------
    ParameterError
        For a negative part.

    >>> round(float(haircut_of(0.1, 0.02)), 6)
    0.11308
    """
    parts = [np.asarray(part, dtype=np.float64) for part in (log_risk, cost, exchange)]
    for name, part in zip(("log_risk", "cost", "exchange"), parts, strict=True):
        if (part < 0.0).any():
            raise ParameterError("must not be negative", found=float(part.min()), field=name)
    return np.asarray(-np.expm1(-(parts[0] + parts[1] + parts[2])))


def log_risk_of(loss: ArrayLike) -> FloatArray:
    """Return the log fall of a share lost: a forecast of a long, as a haircut takes it."""
    return np.asarray(-np.log1p(-np.asarray(loss, dtype=np.float64)))


def floored(haircut: ArrayLike, worst_class_loss: float, share: float = FLOOR_SHARE) -> FloatArray:
    """Return haircuts not below ``share`` of the worst loss of the class (simple)."""
    if not 0.0 <= worst_class_loss <= 1.0:
        raise ParameterError("must lie in [0, 1]", found=worst_class_loss, field="worst_class_loss")
    return np.maximum(np.asarray(haircut, dtype=np.float64), share * worst_class_loss)


def log_falls(log_price: ArrayLike, horizon_bars: int) -> FloatArray:
    """Return the log falls (positive: lost) of a price over a horizon from every bar, holes out.

    Raises
    ------
    ParameterError
    """
    if horizon_bars < 1:
        raise ParameterError("must be at least 1", found=horizon_bars, field="horizon_bars")
    price = np.asarray(log_price, dtype=np.float64)
    falls = price[:-horizon_bars] - price[horizon_bars:]
    return falls[np.isfinite(falls)]


def tail_of_falls(
    falls: FloatArray,
    confidence: float,
    *,
    bars_per_day: int,
    block_days: int = 10,
    replicates: int = 200,
    seed: int = 0,
) -> TailEstimate:
    """Return the empirical quantile (type 7, not below 0), and its error by blocks of days.

    Parameters
    ----------
    falls : (n,) float64
        In time order; overlapping ones may be.

    Raises
    ------
    InsufficientDataError
        For fewer than `LEAST_FALLS`.
    """
    if falls.size < LEAST_FALLS:
        raise InsufficientDataError(
            f"must have at least {LEAST_FALLS} moves over the horizon",
            found=int(falls.size),
            field="falls",
        )
    block = min(block_days * bars_per_day, falls.size)
    drawn = block_bootstrap_quantiles(
        np.array(falls), confidence, 0.1, False, block, replicates, seed
    )
    value = max(0.0, float(np.quantile(falls, confidence)))
    return TailEstimate(
        value=value, standard_error=float(np.std(drawn, ddof=1)), observations=int(falls.size)
    )
