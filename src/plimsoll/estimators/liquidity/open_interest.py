"""Open interest: who holds it, and how long it would take to close."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from plimsoll.errors import DataFormatError, EstimationError, InsufficientDataError
from plimsoll.estimators.liquidity.arguments import check_positive


@dataclass(frozen=True, slots=True, kw_only=True)
class Concentration:
    """How unevenly positions of one side are held.

    Parameters
    ----------
    herfindahl : float
        Sum of squared shares: 1 one holder, ``1 / n`` for n equal ones.
    effective_holders : float
        Its inverse.
    top_share : float
        Share of the ``top`` largest.
    top, holders : int
    """

    herfindahl: float
    effective_holders: float
    top_share: float
    top: int
    holders: int


def concentration(positions: ArrayLike, *, top: int = 1) -> Concentration:
    """Measure the concentration of one side's positions by owner.

    Parameters
    ----------
    positions : (n,) float64
        Sizes by owner, not negative: longs and shorts apart. Zeros are no holders.
    top : int

    Raises
    ------
    DataFormatError, InsufficientDataError
    """
    sizes = np.asarray(positions, dtype=np.float64)
    if sizes.ndim != 1 or not np.isfinite(sizes).all() or np.any(sizes < 0.0):
        raise DataFormatError(
            "must be finite sizes of one side, none negative",
            found=f"shape {sizes.shape}",
            field="positions",
            remedy="take longs and shorts apart, by absolute size",
        )
    if top < 1:
        raise DataFormatError("must be at least 1", found=top, field="top")
    held = sizes[sizes > 0.0]
    if not held.size:
        raise InsufficientDataError("somebody must hold something", found=0, field="positions")
    shares = np.sort(held / held.sum())[::-1]
    herfindahl = float(shares @ shares)
    return Concentration(
        herfindahl=herfindahl,
        effective_holders=1.0 / herfindahl,
        top_share=float(shares[:top].sum()),
        top=top,
        holders=held.size,
    )


def days_to_liquidate(
    open_interest_usd: float, daily_volume_usd: float, *, participation: float = 0.1
) -> float:
    """Days that closing takes: ``OI / (phi V)``.

    Parameters
    ----------
    open_interest_usd, daily_volume_usd : float
    participation : float
        phi, share of turnover that the closing may be.

    Raises
    ------
    EstimationError
        Where nothing trades: it cannot be closed at all.

    Examples
    --------
    >>> days_to_liquidate(5e7, 1e8, participation=0.1)
    5.0
    """
    check_positive(participation, "participation")
    if not (np.isfinite(open_interest_usd) and open_interest_usd >= 0.0):
        raise DataFormatError(
            "must not be negative", found=open_interest_usd, field="open_interest_usd"
        )
    if not (np.isfinite(daily_volume_usd) and daily_volume_usd > 0.0):
        raise EstimationError(
            "a market must trade for its open interest to be closed",
            found=daily_volume_usd,
            field="daily_volume_usd",
        )
    return open_interest_usd / (participation * daily_volume_usd)
