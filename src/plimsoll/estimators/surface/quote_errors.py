"""Each quote against the surface and against the venue's own mark.

Judged is every out-of-the-money option with a bid and an ask (not crossed) and an absolute forward
delta of 5 to 95 per cent, whatever a filter made of it: a quote that the fit dropped, or whose
expiry got no smile, counts as missed. The delta is that of `SmileQuotes`: at the venue's own mark
volatility, else at the mid's, so that the choice does not depend on the fit.

A quote whose bid or ask no option can have (negative, or not finite) is missed by the surface and
by the mark alike. Its mid says nothing, so that its delta is known from the mark volatility alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from plimsoll.domain.instrument import Payoff
from plimsoll.domain.option_chain import BoolArray, FloatArray, IntArray
from plimsoll.domain.smile_quotes import SmileQuotes
from plimsoll.domain.surface import VolSurface
from plimsoll.maths.svi import svi_total_variance

DELTA = 0.05
"""Least absolute forward delta of the quotes judged (of an out-of-the-money option)."""
WING_DELTA = 0.02
"""Least absolute forward delta of the wings, which end where the judged quotes begin."""
DAYS = 365.0
VOL_ALLOWANCE = 1e-9
"""A volatility on the bid's or the ask's is inside; this is the rounding of both, in volatility."""
PRICE_ALLOWANCE = 1e-12
"""The same for prices, as a share of the forward."""


class Tenor(StrEnum):
    """Buckets of time to expiry."""

    UNDER_1_DAY = "under 1 d"
    FROM_1_DAY = "1-2 d"
    FROM_2_DAYS = "2-7 d"
    FROM_7_DAYS = "7-30 d"
    FROM_30_DAYS = "30-90 d"
    FROM_90_DAYS = "over 90 d"


EDGES_DAYS = (1.0, 2.0, 7.0, 30.0, 90.0)
"""Where a bucket ends and the next begins; an expiry on an edge belongs to the later one."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class QuoteErrors:
    """N quotes, each against the surface and the venue's mark.

    Parameters
    ----------
    row : (N,) int64
        Row in the chain.
    tau_days, log_moneyness : (N,) float64
    wing : (N,) bool
        Delta of 2 to 5 per cent; the others are judged.
    error_vol : (N,) float64
        Volatility of the surface less the mid's; annual. NaN without a smile, or where bid or ask
        is impossible.
    half_spread_vol : (N,) float64
    inside, within_tick : (N,) bool
        At or between bid and ask; the same with one price tick more on either side.
    mark_known, mark_inside, mark_within_tick : (N,) bool
        The same for the venue's own mark volatility.
    """

    row: IntArray
    tau_days: FloatArray
    log_moneyness: FloatArray
    wing: BoolArray
    error_vol: FloatArray
    half_spread_vol: FloatArray
    inside: BoolArray
    within_tick: BoolArray
    mark_known: BoolArray
    mark_inside: BoolArray
    mark_within_tick: BoolArray

    def __len__(self) -> int:
        return int(self.row.size)

    @property
    def errors_in_half_spreads(self) -> FloatArray:
        """(N,) signed error over half the spread; infinite without a smile or a spread."""
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = self.error_vol / self.half_spread_vol
        missed = np.isnan(ratio) & ~(self.error_vol == 0.0)
        filled: FloatArray = np.where(
            missed, np.inf, np.nan_to_num(ratio, posinf=np.inf, neginf=-np.inf)
        )
        return filled

    def where(self, mask: BoolArray) -> Self:
        """Return the quotes under a mask."""
        return type(self)(**{f.name: getattr(self, f.name)[mask] for f in fields(self)})

    def tenor(self) -> IntArray:
        """(N,) position in `Tenor`."""
        return np.searchsorted(EDGES_DAYS, self.tau_days, side="right").astype(np.int64)

    @classmethod
    def joined(cls, parts: Iterable[Self]) -> Self:
        """Return the quotes of many surfaces as one."""
        every = tuple(parts)
        return cls(**{f.name: _joined([getattr(p, f.name) for p in every]) for f in fields(cls)})


def quote_errors(quotes: SmileQuotes, surface: VolSurface | None) -> QuoteErrors:
    """Compare the quotes that count with a surface and with the venue's mark volatility."""
    rows = _counted_rows(quotes)
    vol = _surface_vols(quotes, surface, rows)
    mark = quotes.chain.mark_vol[rows]
    bid_vol, ask_vol = quotes.bid_vol[rows], quotes.ask_vol[rows]
    possible = ~_impossible(quotes)[rows]
    inside = (possible & _between(v, bid_vol, ask_vol, VOL_ALLOWANCE) for v in (vol, mark))
    within = (possible & _within_tick(quotes, rows, v) for v in (vol, mark))
    of_surface, of_mark = zip(inside, within, strict=True)
    return QuoteErrors(
        row=rows,
        tau_days=quotes.tau_years[rows] * DAYS,
        log_moneyness=quotes.log_moneyness[rows],
        wing=np.abs(quotes.forward_delta[rows]) < DELTA,
        error_vol=np.where(possible, vol - quotes.mid_vol[rows], np.nan),
        half_spread_vol=0.5 * (ask_vol - bid_vol),
        inside=of_surface[0],
        within_tick=of_surface[1],
        mark_known=np.isfinite(mark),
        mark_inside=of_mark[0],
        mark_within_tick=of_mark[1],
    )


def _counted_rows(quotes: SmileQuotes) -> IntArray:
    """Rows of two-sided out-of-the-money quotes with a delta of 2 per cent or more."""
    chain = quotes.chain
    k = quotes.log_moneyness
    with np.errstate(invalid="ignore"):
        out_of_the_money = np.where(chain.is_call, k >= 0.0, k < 0.0)
        ordered = (chain.bid > 0.0) & (chain.ask >= chain.bid)
        two_sided = ordered | (_impossible(quotes) & (chain.mark_vol > 0.0))
        delta = np.abs(quotes.forward_delta)
        counted = (delta >= WING_DELTA) & (delta <= 1.0 - WING_DELTA)
        mask = out_of_the_money & two_sided & counted & (quotes.tau_years > 0.0)
    return np.flatnonzero(mask).astype(np.int64)


def _impossible(quotes: SmileQuotes) -> BoolArray:
    """(N,) quotes with a bid and an ask, one of them a price that no option can have."""
    bid, ask = quotes.chain.bid, quotes.chain.ask
    with np.errstate(invalid="ignore"):
        wrong = (bid < 0.0) | (ask < 0.0) | np.isinf(bid) | np.isinf(ask)
        given = (bid != 0.0) & (ask != 0.0) & ~np.isnan(bid) & ~np.isnan(ask)
    impossible: BoolArray = wrong & given
    return impossible


def _surface_vols(quotes: SmileQuotes, surface: VolSurface | None, rows: IntArray) -> FloatArray:
    vol = np.full(rows.size, np.nan)
    expiry, k = quotes.chain.expiry_ns[rows], quotes.log_moneyness[rows]
    for smile in () if surface is None else surface.smiles:
        mine = expiry == smile.expiry_ns
        vol[mine] = np.sqrt(svi_total_variance(smile.raw, k[mine]) / smile.tau_years)
    return vol


def _between(value: FloatArray, low: FloatArray, high: FloatArray, allowance: float) -> BoolArray:
    with np.errstate(invalid="ignore"):
        inside: BoolArray = (value >= low - allowance) & (value <= high + allowance)
    return inside


def _within_tick(quotes: SmileQuotes, rows: IntArray, vol: FloatArray) -> BoolArray:
    chain, tick = quotes.chain, quotes.tick[rows]
    unit = 1.0 if chain.payoff is Payoff.INVERSE else quotes.forward[rows]
    price = unit * _share_of_forward(
        quotes.log_moneyness[rows], vol * np.sqrt(quotes.tau_years[rows]), chain.is_call[rows]
    )
    low, high = chain.bid[rows] - tick, chain.ask[rows] + tick
    allowance = PRICE_ALLOWANCE * unit
    with np.errstate(invalid="ignore"):
        within: BoolArray = (price >= low - allowance) & (price <= high + allowance)
    return within


def _share_of_forward(k: FloatArray, deviation: FloatArray, is_call: BoolArray) -> FloatArray:
    """Undiscounted Black price over the forward; an inverse option's price in coin."""
    with np.errstate(invalid="ignore", divide="ignore"):
        d1 = -k / deviation + 0.5 * deviation
    sign = np.where(is_call, 1.0, -1.0)
    price: FloatArray = sign * (ndtr(sign * d1) - np.exp(k) * ndtr(sign * (d1 - deviation)))
    return price


def _joined(parts: list[NDArray[Any]]) -> NDArray[Any]:
    return np.concatenate(parts) if parts else np.empty(0)
