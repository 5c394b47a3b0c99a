"""What maintenance must cover, and the liquidation fee that it leaves room for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.thresholds.quantiles import Estimate, block_estimate, upper_quantile
from plimsoll.errors import EstimationError, ParameterError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseOut:
    """Maintenance and fee, shares of notional.

    Parameters
    ----------
    price_risk : Estimate
        Quantile of the loss over latency and close-out.
    cost : float
        Of closing, from the cost curve.
    fee : Estimate
        Smallest fee whose income pays the deficits: E[fee taken] = E[deficit].
    maintenance : float
        The sum: the quantile, then the cost, then the fee, so that no fund pays a fee.
    """

    price_risk: Estimate
    cost: float
    fee: Estimate
    maintenance: float


def calibrated_close_out(
    losses: FloatArray,
    cost: float,
    *,
    confidence: float = 0.99,
    highest_maintenance: float = 1.0,
    least_fee: float = 0.0,
    block: int = 1,
    seed: int = 0,
) -> CloseOut:
    """Calibrate maintenance and fee on losses over latency and close-out.

    Parameters
    ----------
    losses : (T,) float64
        Share of notional, positive = loss, of consecutive windows.
    cost : float
        Of closing the position.
    confidence : float
    highest_maintenance : float
        Of the venue's structure.
    least_fee : float
    block : int
        Length of the bootstrap's blocks, in windows.
    seed : int

    Raises
    ------
    EstimationError
        Where quantile, cost and fee do not fit under the highest maintenance: by how much it must
        be relaxed is ``found``.
    ParameterError, InsufficientDataError
    """
    if not (np.isfinite(cost) and cost >= 0.0):
        raise ParameterError("must be finite and not negative", found=cost, field="cost")
    risk = block_estimate(losses, lambda x: upper_quantile(x, confidence), block=block, seed=seed)

    def fee_of(sample: FloatArray) -> float:
        room = upper_quantile(sample, confidence)
        return max(least_fee, break_even_fee(sample, room))

    fee = block_estimate(losses, fee_of, block=block, seed=seed)
    needed = risk.value + cost + fee.value
    if needed > highest_maintenance:
        raise EstimationError(
            f"quantile, cost and fee must fit under the highest maintenance {highest_maintenance}",
            found=f"{risk.value:.6f} + {cost:.6f} + {fee.value:.6f} = {needed:.6f}",
            field="highest_maintenance",
            remedy=f"raise it by {needed - highest_maintenance:.6f}, or lower the largest size",
        )
    return CloseOut(price_risk=risk, cost=cost, fee=fee, maintenance=needed)


def break_even_fee(losses: FloatArray, room: float) -> float:
    """Smallest fee f with mean(min(f, what is left)) >= mean(deficit), under maintenance room + f.

    Costs are paid out of their own part of the maintenance. With maintenance ``room + f`` an
    account has ``room + f - loss`` left: the fee as far as it reaches, or a deficit. So the balance
    is ``E[min(f, max(room + f - loss, 0))] - E[max(loss - room - f, 0)] =
    f - E[max(loss - room, 0)]``: the break-even fee is the mean excess over the room.

    >>> break_even_fee(np.array([0.0, 0.0, 0.0, 0.04]), 0.02)
    0.005
    """
    return float(np.mean(np.maximum(losses - room, 0.0)))
