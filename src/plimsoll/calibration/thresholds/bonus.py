"""What a liquidator must be paid, and the lending threshold that leaves room for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.thresholds.quantiles import Estimate, block_estimate, upper_quantile
from plimsoll.errors import EstimationError, ParameterError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class LendingThreshold:
    """Bonus and threshold, shares of collateral value.

    Parameters
    ----------
    bonus : Estimate
        Slippage, the liquidator's own loss quantile over its holding time, and gas.
    threshold : Estimate
        Largest LT with ``LT (1 + bonus) <= 1 - quantile of the fall over latency - slippage``.
    """

    bonus: Estimate
    threshold: Estimate


def lending_threshold(
    holding_losses: FloatArray,
    latency_losses: FloatArray,
    *,
    slippage: float,
    gas_usd: float,
    repaid_usd: float,
    confidence: float = 0.99,
    block: int = 1,
    seed: int = 0,
) -> LendingThreshold:
    """Calibrate bonus and liquidation threshold of a lending-style market.

    Parameters
    ----------
    holding_losses, latency_losses : (T,) float64
        Losses of the collateral over the liquidator's holding time, and over the time from breach
        to close-out; share of value, positive = loss.
    slippage : float
        Of selling the collateral.
    gas_usd, repaid_usd : float
        Cost of the transaction, and the debt that it repays.
    confidence : float
    block, seed : int

    Raises
    ------
    EstimationError
        Where nothing is left to lend.
    ParameterError, InsufficientDataError
    """
    if not 0.0 <= slippage < 1.0 or not gas_usd >= 0.0 or not repaid_usd > 0.0:
        raise ParameterError(
            "must satisfy 0 <= slippage < 1, gas >= 0, repaid > 0",
            found=(slippage, gas_usd, repaid_usd),
            field="slippage, gas_usd, repaid_usd",
        )
    fixed = slippage + gas_usd / repaid_usd
    bonus = block_estimate(
        holding_losses, lambda x: fixed + upper_quantile(x, confidence), block=block, seed=seed
    )

    def threshold(sample: FloatArray) -> float:
        return (1.0 - upper_quantile(sample, confidence) - slippage) / (1.0 + bonus.value)

    found = block_estimate(latency_losses, threshold, block=block, seed=seed)
    if found.value <= 0.0:
        raise EstimationError(
            "something must be left to lend",
            found=f"{found.value:.6f}",
            field="threshold",
            remedy="shorten the latency or lower the size",
        )
    # The threshold moves with the bonus one for one, nearly; their errors are added as independent.
    share = found.value / (1.0 + bonus.value) * bonus.standard_error
    error = float(np.hypot(found.standard_error, share))
    return LendingThreshold(
        bonus=bonus, threshold=Estimate(value=found.value, standard_error=error)
    )
