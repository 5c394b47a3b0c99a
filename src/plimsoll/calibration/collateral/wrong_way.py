"""Collateral that falls with the position it secures: the joint tail, not the sum of two.

With log falls ``x`` of the collateral and losses ``L`` of a position ``k`` times its worth at the
same times, margin covers the position alone up to its own quantile ``m``. The haircut that
leaves the joint loss covered as often is ``q(k L + loss(x)) - k m``: above the asset's own where
both fall together, below it where one hedges the other. The worst over the exposures is taken, and
never less than the asset's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import InsufficientDataError, ParameterError, UsageError

FloatArray = NDArray[np.float64]

EXPOSURES = (0.5, 1.0, 2.0, 5.0, 10.0)
"""Notional of the position over the worth of the collateral."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongWay:
    """Haircut alone, jointly, the exposure that sets it, and the correlation of the falls."""

    alone: float
    joint: float
    exposure: float
    correlation: float

    @property
    def extra(self) -> float:
        """What joint moves add, at least 0."""
        return max(0.0, self.joint - self.alone)


def wrong_way_haircut(
    collateral_falls: ArrayLike,
    position_losses: ArrayLike,
    *,
    confidence: float = 0.99,
    exposures: Sequence[float] = EXPOSURES,
) -> WrongWay:
    """Return the joint haircut of one collateral against one position.

    Parameters
    ----------
    collateral_falls : (T,) array_like
        Log falls over the horizon.
    position_losses : (T,) array_like
        Losses per dollar of notional over the same horizons, positive = loss.

    Raises
    ------
    UsageError, ParameterError, InsufficientDataError
    """
    falls = np.asarray(collateral_falls, dtype=np.float64)
    losses = np.asarray(position_losses, dtype=np.float64)
    if falls.ndim != 1 or falls.shape != losses.shape:
        raise UsageError(
            "must be moves at the same times", found=(falls.shape, losses.shape), field="falls"
        )
    if not exposures or min(exposures) <= 0.0:
        raise ParameterError("must be positive", found=tuple(exposures), field="exposures")
    known = np.isfinite(falls) & np.isfinite(losses)
    if known.sum() < 100:
        raise InsufficientDataError("must have 100 joint moves", found=int(known.sum()))
    lost, loss = -np.expm1(-falls[known]), losses[known]
    own = max(0.0, float(np.quantile(loss, confidence)))
    alone = max(0.0, float(np.quantile(lost, confidence)))
    joint = [float(np.quantile(k * loss + lost, confidence)) - k * own for k in exposures]
    at = int(np.argmax(joint))
    spread = lost.std() * loss.std()
    correlation = (
        float(np.mean((lost - lost.mean()) * (loss - loss.mean())) / spread) if spread else 0.0
    )
    return WrongWay(
        alone=alone,
        joint=min(1.0, max(alone, joint[at])),
        exposure=float(exposures[at]),
        correlation=correlation,
    )
