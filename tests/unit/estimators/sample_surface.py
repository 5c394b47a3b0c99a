"""A small surface of three expiries with round numbers."""

from __future__ import annotations

import numpy as np

from plimsoll.domain.instrument import Pair, Payoff
from plimsoll.domain.surface import SviSmile, VarianceClock, VolSurface

DAY = 86_400 * 10**9
AT = 1_770_000_000 * 10**9
DAYS = (7, 30, 90)


def smile(days: int, forward: float, covariance: np.ndarray | None = None) -> SviSmile:
    tau = days / 365
    return SviSmile(
        expiry_ns=AT + days * DAY,
        tau_years=tau,
        variance_years=tau,
        forward=forward,
        a=0.1 * tau,
        b=0.3 * np.sqrt(tau),
        rho=-0.3,
        m=0.01,
        sigma=0.2,
        covariance=covariance,
    )


def surface(covariance: np.ndarray | None = None) -> VolSurface:
    return VolSurface(
        at_ns=AT,
        pair=Pair(base="BTC", quote="USD"),
        settle="BTC",
        payoff=Payoff.INVERSE,
        index=100.0,
        clock=VarianceClock(),
        smiles=tuple(smile(days, 100.0 * np.exp(0.05 * days / 365), covariance) for days in DAYS),
    )
