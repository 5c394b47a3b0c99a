"""What the quotes of an expiry say of its smile by themselves: no model, and how well they know it.

Mids are interpolated linearly between neighbouring out-of-the-money strikes, at the forward and at
``REACH`` deviations (sigma sqrt(tau)) on both sides of it, about where 25 delta lie:

    level      v0
    skew       (v+ - v-) / (2 x)
    curvature  (v+ + v- - 2 v0) / x^2,        x = REACH

so that all three are volatilities, skew and curvature per deviation as a surface's own are. A mid
lies anywhere between its bid and ask: its noise is half the spread over the root of three.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.smile_quotes import SmileQuotes

FloatArray = NDArray[np.float64]

REACH = 0.6744897501960817
"""Deviations from the forward of an option of 25 delta, as far as the smile is flat."""
MEASURES = 3
_TO_LEVEL = np.array([0.0, 1.0, 0.0])
_TO_SKEW = np.array([-0.5, 0.0, 0.5]) / REACH
_TO_CURVATURE = np.array([1.0, -2.0, 1.0]) / REACH**2
_COMBINED = np.array([_TO_LEVEL, _TO_SKEW, _TO_CURVATURE])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class QuotedSmile:
    """Level, skew and curvature of an expiry from its mids, with their noise; annual fractions.

    Parameters
    ----------
    value, noise : (3,) float64
        NaN where the strikes do not reach so far.
    """

    value: FloatArray
    noise: FloatArray


def quoted_smile(quotes: SmileQuotes, expiry_ns: int) -> QuotedSmile:
    """Measure an expiry by its usable quotes: out of the money, with a bid and an ask."""
    rows = np.flatnonzero(quotes.usable & (quotes.chain.expiry_ns == expiry_ns))
    rows = rows[np.argsort(quotes.log_moneyness[rows], kind="stable")]
    k, vol = quotes.log_moneyness[rows], quotes.mid_vol[rows]
    spread = (quotes.ask_vol[rows] - quotes.bid_vol[rows]) / np.sqrt(12.0)
    if rows.size < 2:
        return QuotedSmile(value=np.full(MEASURES, np.nan), noise=np.full(MEASURES, np.nan))
    level = float(_interpolation(k, 0.0) @ vol)
    deviation = level * float(np.sqrt(quotes.tau_years[rows[0]]))
    places = np.array([_interpolation(k, x * deviation) for x in (-REACH, 0.0, REACH)])
    by_quote = _COMBINED @ places
    return QuotedSmile(value=by_quote @ vol, noise=np.sqrt(by_quote**2 @ spread**2))


def _interpolation(k: FloatArray, at: float) -> FloatArray:
    """Weights of the quotes in the value at a moneyness, linear between both neighbours."""
    weights = np.full(k.size, np.nan)
    if not k[0] <= at <= k[-1]:
        return weights
    after = min(max(int(np.searchsorted(k, at)), 1), k.size - 1)
    gap = float(k[after] - k[after - 1])
    share = (at - float(k[after - 1])) / gap if gap > 0.0 else 0.5
    weights[:] = 0.0
    weights[after - 1], weights[after] = 1.0 - share, share
    return weights
