"""What the portfolios of one snapshot lost until the next, mark to mark.

Marks are the chain's own. An option that expired in between is worth its intrinsic value at the
index of the later snapshot, which stands in for the settlement price some hours before; a future,
that index. Funding is not in the loss. A market without a later mark makes its portfolios unknown.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.grids.grid_market import Settlement, future_name, perpetual_name
from plimsoll.calibration.grids.listed_chain import ListedChain
from plimsoll.calibration.grids.portfolio_library import PortfolioLibrary
from plimsoll.domain.option_chain import OptionChain

FloatArray = NDArray[np.float64]


def realised_losses(
    library: PortfolioLibrary,
    before: Sequence[ListedChain],
    after: Sequence[OptionChain],
    *,
    settlement: Settlement = Settlement.INVERSE,
) -> FloatArray:
    """Losses (P,) in dollars, NaN where a mark is missing.

    Parameters
    ----------
    library : PortfolioLibrary
        Built of ``before``.
    before : sequence of ListedChain
    after : sequence of OptionChain
        The later chains as they were read, of the same coins.
    settlement : Settlement
        Linear options are worth ``mark x forward`` dollars, as `grid_market` marks them.
    """
    profit = np.full(len(library.markets), np.nan)
    column = {market: place for place, market in enumerate(library.markets)}
    later = {chain.pair.base: chain for chain in after}
    for chain in before:
        for market, value in _profits(chain, later[chain.coin], column, settlement).items():
            profit[column[market]] = value
    unknown = np.isnan(profit)
    loss = -(library.coins @ np.where(unknown, 0.0, profit))
    return np.where(np.any(library.coins[:, unknown] != 0.0, axis=1), np.nan, loss)


def _profits(
    before: ListedChain, after: OptionChain, column: dict[str, int], settlement: Settlement
) -> dict[str, float]:
    """Dollars of profit per coin of each held market of one coin."""
    linear = settlement is Settlement.LINEAR
    index = float(np.median(after.index[np.isfinite(after.index)]))
    found = {perpetual_name(before.coin): index - before.index}
    for expiry in before.futures_ns:
        start = before.forward_of(expiry)
        end = _forward(after, expiry) if expiry > after.at_ns else index
        profit = end - start if linear else (1.0 - start / end) * index
        found[future_name(before.coin, expiry)] = profit
    marks = dict(zip(after.names, after.mark.tolist(), strict=True))
    for row, name in enumerate(before.names):
        if name in column:
            end = _value(before, row, after.at_ns, index, marks.get(name, np.nan))
            first, last = before.index, index
            if linear:
                first = float(before.forward[row])
                alive = before.expiry_ns[row] > after.at_ns
                last = _forward(after, int(before.expiry_ns[row])) if alive else index
            found[name] = end * last - float(before.mark[row]) * first
    return {market: value for market, value in found.items() if market in column}


def _value(before: ListedChain, row: int, at_ns: int, index: float, mark: float) -> float:
    """Coins of an option at the later snapshot."""
    if before.expiry_ns[row] > at_ns:
        return mark
    sign = 1.0 if before.is_call[row] else -1.0
    return max(sign * (index - float(before.strike[row])), 0.0) / index


def _forward(chain: OptionChain, expiry_ns: int) -> float:
    """Median forward of an expiry; the index where none is shown, NaN without the expiry."""
    rows = chain.expiry_ns == expiry_ns
    for column in (chain.forward, chain.index):
        seen = column[rows & np.isfinite(column)]
        if seen.size:
            return float(np.median(seen))
    return float("nan")
