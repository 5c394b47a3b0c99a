"""Whether each quote of a chain can be fitted, and if not, the gravest reason why."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.instrument import Payoff
from plimsoll.domain.option_chain import BoolArray, FloatArray, OptionChain
from plimsoll.domain.smile_quotes import QuoteStatus


def quote_status(
    chain: OptionChain, forward: FloatArray, tau_years: FloatArray
) -> NDArray[np.int8]:
    """(N,) `QuoteStatus` of each row; where several apply, the one that stands first below.

    A price at or below the intrinsic value, or at or above what the option can be worth at most
    (the forward for a call, the strike for a put), has no volatility; either side decides.
    """
    bid, ask = chain.bid, chain.ask
    low, high = price_bounds(chain, forward)
    no_bid, no_ask = ~(bid != 0.0) | np.isnan(bid), ~(ask != 0.0) | np.isnan(ask)
    reasons = {
        QuoteStatus.INVALID_TERMS: invalid_terms(chain),
        QuoteStatus.EXPIRED: ~(tau_years > 0.0),
        QuoteStatus.DUPLICATED: duplicated(chain),
        QuoteStatus.NO_FORWARD: ~(forward > 0.0),
        QuoteStatus.NEGATIVE_PRICE: (bid < 0.0) | (ask < 0.0),
        QuoteStatus.NO_QUOTE: no_bid & no_ask,
        QuoteStatus.NO_BID: no_bid,
        QuoteStatus.NO_ASK: no_ask,
        QuoteStatus.CROSSED: bid > ask,
        QuoteStatus.ABOVE_BOUND: (bid >= high) | (ask >= high),
        QuoteStatus.BELOW_INTRINSIC: (bid <= low) | (ask <= low),
        QuoteStatus.IN_THE_MONEY: ~out_of_the_money(chain, forward),
    }
    status: NDArray[np.int8] = np.select(
        list(reasons.values()), [int(reason) for reason in reasons], int(QuoteStatus.USABLE)
    ).astype(np.int8)
    return status


def invalid_terms(chain: OptionChain) -> BoolArray:
    """(N,) rows whose strike or expiry is none."""
    strike = chain.strike
    invalid: BoolArray = ~(strike > 0.0) | ~np.isfinite(strike) | (chain.expiry_ns <= 0)
    return invalid


def out_of_the_money(chain: OptionChain, forward: FloatArray) -> BoolArray:
    """(N,) rows without intrinsic value; of an option exactly at the forward, the call."""
    return np.where(chain.is_call, chain.strike >= forward, chain.strike < forward)


def price_bounds(chain: OptionChain, forward: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(N,) intrinsic value and largest value of each option, in the currency of its prices."""
    strike = chain.strike
    with np.errstate(divide="ignore", invalid="ignore"):
        unit = forward if chain.payoff is Payoff.INVERSE else np.ones(len(chain))
        gain = np.where(chain.is_call, forward - strike, strike - forward)
        return np.maximum(gain, 0.0) / unit, np.where(chain.is_call, forward, strike) / unit


def duplicated(chain: OptionChain) -> BoolArray:
    """(N,) rows of an option that stands in the chain more than once.

    Where all its rows show the same bid and ask the first stays: it was merely delivered twice.
    Else none does, because nothing tells which is right.
    """
    order = np.lexsort((chain.is_call, chain.strike, chain.expiry_ns))
    terms = [column[order] for column in (chain.is_call, chain.strike, chain.expiry_ns)]
    twice = np.zeros(len(chain), dtype=np.bool_)
    if len(chain) < 2:
        return twice
    fresh = np.r_[True, np.any([column[1:] != column[:-1] for column in terms], axis=0)]
    group = np.cumsum(fresh) - 1
    size = np.bincount(group)
    prices = [np.nan_to_num(column[order], nan=-np.inf) for column in (chain.bid, chain.ask)]
    start = np.flatnonzero(fresh)[group]
    agrees = np.logical_and.reduce([column == column[start] for column in prices])
    agreed = np.bincount(group, weights=agrees) == size
    twice[order] = (size[group] > 1) & ~(agreed[group] & fresh)
    return twice
