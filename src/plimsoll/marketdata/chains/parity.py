"""Put-call parity: the forward of an expiry, and how far a pair of quotes departs from it.

A call less a put of one strike is a forward less the strike: ``C - P = F - K`` in the quote
currency, ``C - P = 1 - K / F`` in coin (undiscounted). From bids and asks of both follows an
interval, whose half-width is the sum of the two half-spreads.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.instrument import Payoff
from plimsoll.domain.option_chain import BoolArray, FloatArray, IntArray, OptionChain
from plimsoll.domain.smile_quotes import SmileQuotes

_NORMAL_MAD = 1.4826
_MEDIAN_EFFICIENCY = 1.2533
_UNIFORM = 3.0
_EQUALS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ParityForward:
    """A forward of put-call parity, and its standard error; NaN where there is none."""

    forward: float
    error: float


def two_sided(chain: OptionChain) -> BoolArray:
    """(N,) rows with a positive bid and a finite ask not below it."""
    sided: BoolArray = (chain.bid > 0.0) & (chain.ask >= chain.bid) & np.isfinite(chain.ask)
    return sided


def pairs(chain: OptionChain, eligible: BoolArray) -> tuple[IntArray, IntArray]:
    """Return rows of calls and of puts of one strike and expiry, both eligible.

    A strike with more than one eligible call or put has no pair: which one is meant is unknown.
    """
    rows = np.flatnonzero(eligible)
    keys = np.lexsort((~chain.is_call[rows], chain.strike[rows], chain.expiry_ns[rows]))
    rows = rows[keys]
    if len(rows) < 2:
        return rows[:0].astype(np.int64), rows[:0].astype(np.int64)
    strike, expiry = chain.strike[rows], chain.expiry_ns[rows]
    fresh = np.r_[True, (strike[1:] != strike[:-1]) | (expiry[1:] != expiry[:-1])]
    group = np.cumsum(fresh) - 1
    size = np.bincount(group)
    first = np.flatnonzero(fresh)[size == 2]
    first = first[chain.is_call[rows[first]] & ~chain.is_call[rows[first + 1]]]
    return rows[first].astype(np.int64), rows[first + 1].astype(np.int64)


def parity_forward(
    chain: OptionChain, calls: IntArray, puts: IntArray, scale: FloatArray, fewest: int
) -> ParityForward:
    """Return the forward that the pairs of one expiry imply, as a multiple of ``scale``.

    The weighted median of the pairs' own forwards: weights fall with the square of the width,
    and one wild quote does not move it. Its standard error is the larger of what the scatter and
    what the widths say.

    Parameters
    ----------
    calls, puts : (P,) int64
        Rows of the pairs.
    scale : (N,) float64
        What forwards are divided by, row by row: the index seen with the row, so that quotes
        taken minutes apart agree; ones where there is none.
    fewest : int
        Fewest pairs that give a forward.
    """
    middle, half_width = _synthetic(chain, calls, puts)
    level = 0.5 * (scale[calls] + scale[puts])
    middle, half_width = middle / level, half_width / level
    good = np.isfinite(middle) & (middle > 0.0) & (half_width > 0.0)
    middle, half_width = middle[good], half_width[good]
    if len(middle) < fewest:
        return ParityForward(forward=np.nan, error=np.nan)
    # No pair outweighs the third narrowest: one wild quote can look the narrowest of all.
    floor = np.sort(half_width)[min(_EQUALS, len(half_width)) - 1]
    weights = np.maximum(half_width, floor) ** -2.0
    forward = _weighted_median(middle, weights)
    scatter = _NORMAL_MAD * _weighted_median(np.abs(middle - forward), weights)
    effective = weights.sum() ** 2 / np.square(weights).sum()
    error = max(
        _MEDIAN_EFFICIENCY * scatter / np.sqrt(effective), (_UNIFORM * weights.sum()) ** -0.5
    )
    return ParityForward(forward=forward, error=float(error))


def parity_residuals(quotes: SmileQuotes) -> FloatArray:
    """Return by how much each quote and its twin depart from parity, in half-spreads of the pair.

    The twin is the other right of the same strike and expiry. The residual is call less put less
    what the row's forward says, divided by the sum of the two half-spreads (each at least half a
    tick): beyond one in size, no trade inside the spreads reconciles the pair with the forward.
    Positive: the call is dear or the put cheap.

    Returns
    -------
    (N,) float64
        The same for both rows of a pair; NaN without a two-sided twin.
    """
    chain = quotes.chain
    eligible = two_sided(chain) & (quotes.forward > 0.0) & (chain.strike > 0.0)
    calls, puts = pairs(chain, eligible)
    residuals = np.full(len(chain), np.nan)
    forward = 0.5 * (quotes.forward[calls] + quotes.forward[puts])
    strike = chain.strike[calls]
    inverse = chain.payoff is Payoff.INVERSE
    fair = 1.0 - strike / forward if inverse else forward - strike
    (call_mid, call_half), (put_mid, put_half) = (
        _mid_and_half_spread(quotes, rows) for rows in (calls, puts)
    )
    residual = (call_mid - put_mid - fair) / (call_half + put_half)
    residuals[calls], residuals[puts] = residual, residual
    return residuals


def _mid_and_half_spread(quotes: SmileQuotes, rows: IntArray) -> tuple[FloatArray, FloatArray]:
    """Return middle and half-spread of prices; the latter at least half a tick."""
    bid, ask = quotes.chain.bid[rows], quotes.chain.ask[rows]
    half_tick = 0.5 * np.nan_to_num(quotes.tick[rows], nan=0.0)
    return 0.5 * (bid + ask), np.maximum(0.5 * (ask - bid), half_tick)


def _synthetic(chain: OptionChain, calls: IntArray, puts: IntArray) -> tuple[FloatArray, ...]:
    """Return middle and half-width of the forwards that each pair allows."""
    low = chain.bid[calls] - chain.ask[puts]
    high = chain.ask[calls] - chain.bid[puts]
    strike = chain.strike[calls]
    if chain.payoff is Payoff.INVERSE:
        with np.errstate(divide="ignore", invalid="ignore"):
            lowest, highest = strike / (1.0 - low), strike / (1.0 - high)
        impossible = high >= 1.0
        lowest, highest = (np.where(impossible, np.nan, side) for side in (lowest, highest))
    else:
        lowest, highest = strike + low, strike + high
    return 0.5 * (lowest + highest), 0.5 * (highest - lowest)


def _weighted_median(values: FloatArray, weights: FloatArray) -> float:
    """Return the value below and above which half of the weight lies."""
    order: NDArray[np.intp] = np.argsort(values, kind="stable")
    below = np.cumsum(weights[order])
    half = 0.5 * below[-1]
    place = int(np.searchsorted(below, half))
    exact = place + 1 < len(order) and below[place] == half
    above = values[order[place + 1]] if exact else values[order[place]]
    return float(0.5 * (values[order[place]] + above))
