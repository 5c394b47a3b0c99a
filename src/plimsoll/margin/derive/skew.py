"""Skew scenarios of PMRM_2: how far a smile is tilted or bent at a strike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.scenarios.risk_grid import VolMove

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class SkewShape:
    """With k = ln(K/F), or |k| where both wings move, volatility is multiplied by
    ``1 + k cap / k*``, the second part held at ``cap`` above the forward and at ``-cap`` below.

    ``cap = cap0 + slope sqrt(T)`` and ``k* = max(minimum, sqrt(T) width (vol + scale sqrt(T)))``.

    Parameters
    ----------
    linear_cap, linear_slope, abs_cap, abs_slope : float
    minimum_k_star, width, vol, vol_scale : float
    """

    linear_cap: float
    linear_slope: float
    abs_cap: float
    abs_slope: float
    minimum_k_star: float
    width: float
    vol: float
    vol_scale: float

    def multipliers(
        self, move: VolMove, moneyness: FloatArray, tau_years: FloatArray
    ) -> FloatArray:
        """Return the factors (N,) of volatilities; never negative.

        A negative cap turns the tilt around; above the forward it is then a ceiling for
        ``k cap / k*`` as it is where it is positive, and below it ``-cap`` is a floor.
        """
        root = np.sqrt(tau_years)
        linear = move is VolMove.SKEW_LINEAR
        cap = (self.linear_cap if linear else self.abs_cap) + root * (
            self.linear_slope if linear else self.abs_slope
        )
        k = moneyness if linear else np.abs(moneyness)
        star = np.maximum(
            self.minimum_k_star, root * self.width * (self.vol + root * self.vol_scale)
        )
        with np.errstate(divide="ignore", invalid="ignore"):  # k* of 0: nothing below the cap
            tilt = np.where(k == 0.0, 0.0, k * cap / star)
        tilt = np.where(np.isnan(tilt), 0.0, tilt)
        held = np.where(k >= 0.0, np.minimum(tilt, cap), np.maximum(tilt, -cap))
        return np.maximum(1.0 + held, 0.0)
