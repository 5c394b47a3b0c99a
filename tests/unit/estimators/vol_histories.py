"""Feature histories and moves of known laws."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plimsoll.estimators.vol_shocks.history import FeatureHistory
from plimsoll.estimators.vol_shocks.moves import SurfaceMoves

Array = NDArray[np.float64]
DAY = 86_400 * 10**9
FIRST = 1_767_258_000 * 10**9  # Thursday 1 January 2026, 09:00 UTC
TENORS = (3.0, 7.0, 14.0, 30.0, 60.0, 90.0, 180.0)


def history(days: int = 60, seed: int = 1, subject: str = "HELM") -> FeatureHistory:
    """Daily random walks of everything."""
    rng = np.random.default_rng(seed)
    shape = (days, len(TENORS))

    def walk(scale: float) -> Array:
        return np.cumsum(scale * rng.standard_normal(shape), axis=0)

    return FeatureHistory(
        subject=subject,
        at_ns=FIRST + DAY * np.arange(days, dtype=np.int64),
        tenors_days=np.array(TENORS),
        spot=95_000.0 * np.exp(np.cumsum(0.03 * rng.standard_normal(days))),
        atm_vol=0.5 * np.exp(walk(0.05)),
        skew=-0.2 + walk(0.02),
        curvature=0.8 + walk(0.05),
    )


def moves(
    level: Array,
    spot: Array | None = None,
    subject: str = "HELM",
    tenors: tuple[float, ...] = TENORS,
) -> SurfaceMoves:
    """Daily moves with the given level moves (M, T); skew and curvature stand still."""
    count = level.shape[0]
    starts = FIRST + DAY * np.arange(count, dtype=np.int64)
    return SurfaceMoves(
        subject=subject,
        period_days=1.0,
        start_ns=starts,
        end_ns=starts + DAY,
        tenors_days=np.array(tenors),
        spot=np.zeros(count) if spot is None else spot,
        level=level,
        skew=np.zeros_like(level),
        curvature=np.zeros_like(level),
    )
