"""Price ticks of a chain: the venue's rule, or what the prices themselves show."""

from __future__ import annotations

import numpy as np

from plimsoll.domain.instrument import Payoff
from plimsoll.domain.option_chain import BoolArray, FloatArray, OptionChain
from plimsoll.domain.price_tick import PriceTicks
from plimsoll.domain.smile_quotes import TickSource

DERIBIT_INVERSE = PriceTicks((0.005,), (0.0001, 0.0005))
"""Coin-settled options on BTC and ETH: 0.0001 coin below 0.005, 0.0005 from there."""

_LARGEST_POWER, _SMALLEST_POWER = 3, -8
_ON_TICK = 1e-6
_SHARE_ON_TICK = 0.99
_FEWEST_PRICES = 10


def chain_ticks(
    chain: OptionChain, ticks: PriceTicks | None
) -> tuple[PriceTicks | None, TickSource]:
    """Return the ticks of a chain and where they come from.

    Given ones come first; coin-settled options follow Deribit's rule; for others the ticks are
    inferred from bids and asks, and are None where those are too few.
    """
    if ticks is not None:
        return ticks, TickSource.GIVEN
    if chain.payoff is Payoff.INVERSE:
        return DERIBIT_INVERSE, TickSource.DERIBIT
    return inferred_ticks(np.concatenate([chain.bid, chain.ask])), TickSource.INFERRED


def inferred_ticks(prices: FloatArray) -> PriceTicks | None:
    """Return the largest tick of 1, 2 or 5 times a power of ten that 99 % of prices stand on.

    Parameters
    ----------
    prices : (N,) float64
        Zeros, negative and infinite ones and NaN do not count.

    Returns
    -------
    PriceTicks or None
        None for fewer than 10 prices, or where no tick from 5000 down to 1e-8 fits.

    >>> inferred_ticks(np.array([5.0, 2.5, 12.5, 40.0] * 3)).ticks
    (0.5,)
    """
    seen = prices[(prices > 0.0) & np.isfinite(prices)]
    if len(seen) < _FEWEST_PRICES:
        return None
    for power in range(_LARGEST_POWER, _SMALLEST_POWER - 1, -1):
        for digit in (5.0, 2.0, 1.0):
            tick = digit * 10.0**power if power >= 0 else digit / 10.0**-power
            if np.mean(on_tick(seen, np.full(len(seen), tick))) >= _SHARE_ON_TICK:
                return PriceTicks((), (tick,))
    return None


def on_tick(prices: FloatArray, ticks: FloatArray) -> BoolArray:
    """(N,) whether each price is a whole number of its ticks, to a millionth of one."""
    steps = prices / ticks
    fits: BoolArray = np.abs(steps - np.round(steps)) <= _ON_TICK * np.maximum(1.0, steps * 1e-6)
    return fits


def quote_ticks(chain: OptionChain, ticks: PriceTicks | None) -> FloatArray:
    """(N,) the smaller of the ticks at bid and ask; at the mark where there is neither."""
    if ticks is None:
        return np.full(len(chain), np.nan)
    both = np.fmin(ticks.at(chain.bid), ticks.at(chain.ask))
    at_mark = np.nan_to_num(ticks.at(chain.mark), nan=ticks.ticks[0])
    return np.where(np.isnan(both), at_mark, both)
