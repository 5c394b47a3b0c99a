"""Implied volatilities of a chain's bids, asks and mids, and what a tick of each is worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from plimsoll.domain.instrument import Payoff
from plimsoll.domain.option_chain import FloatArray, OptionChain
from plimsoll.maths.implied_vol import implied_volatility, vol_per_tick

_NEAR_THE_MONEY = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainVols:
    """(N,) annual volatilities; NaN where the price has none."""

    bid: FloatArray
    ask: FloatArray
    mid: FloatArray
    per_tick: FloatArray


def chain_vols(
    chain: OptionChain, forward: FloatArray, tau_years: FloatArray, tick: FloatArray
) -> ChainVols:
    """Return the implied volatilities of bid, ask and their mean, whatever their status."""
    inverse = chain.payoff is Payoff.INVERSE
    bid, ask = (np.where(np.isfinite(side), side, np.nan) for side in (chain.bid, chain.ask))
    found = implied_volatility(
        np.concatenate([bid, ask, 0.5 * (bid + ask)]),
        np.tile(forward, 3),
        np.tile(chain.strike, 3),
        np.tile(tau_years, 3),
        np.tile(chain.is_call, 3),
        inverse=inverse,
    )
    bid_vol, ask_vol, mid_vol = found.sigma.reshape(3, -1)
    per_tick = vol_per_tick(tick, forward, chain.strike, tau_years, mid_vol, inverse=inverse)
    return ChainVols(bid=bid_vol, ask=ask_vol, mid=mid_vol, per_tick=per_tick)


def log_moneyness(strike: FloatArray, forward: FloatArray) -> FloatArray:
    """(N,) ``ln(K / F)``, near the money from the exact difference; NaN without either."""
    with np.errstate(divide="ignore", invalid="ignore"):
        excess = (strike - forward) / forward
        near = np.abs(excess) < _NEAR_THE_MONEY
        k = np.where(near, np.log1p(np.where(near, excess, 0.0)), np.log(strike / forward))
    return np.where((strike > 0.0) & (forward > 0.0), k, np.nan)


def forward_delta(
    is_call: np.ndarray, k: FloatArray, tau_years: FloatArray, vol: FloatArray
) -> FloatArray:
    """(N,) ``N(d1)`` of calls and ``N(d1) - 1`` of puts at the given volatility."""
    with np.errstate(divide="ignore", invalid="ignore"):
        deviation = vol * np.sqrt(tau_years)
        d1 = 0.5 * deviation - k / deviation
    d1 = np.where(deviation > 0.0, d1, np.nan)
    return np.where(is_call, ndtr(d1), -ndtr(-d1))
