"""What the portfolios of a snapshot lose under the reference scenarios: full revaluation.

Options by Black's formula at their own shocked forward and volatility with a day less to run;
those that settle within the period are worth their payoff at the settlement price, the mean of the
last half hour before expiry on the way there; what they pay in coin is held to the end. In dollars:
inverse contracts are turned into dollars at the scenario's index.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.grids.grid_market import Settlement, future_name
from plimsoll.calibration.grids.listed_chain import ListedChain
from plimsoll.calibration.grids.portfolio_library import PortfolioLibrary
from plimsoll.calibration.grids.reference_scenarios import ReferenceScenarios
from plimsoll.calibration.grids.surface_cells import SCORE_EDGES, TENOR_EDGES_DAYS, cell_of
from plimsoll.maths.black76_grid import ScenarioShocks, flat_grid_prices

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_DAYS_A_YEAR = 365.0
SETTLEMENT_HOURS = 0.5
"""Length of the window before expiry whose mean is the settlement price (Deribit)."""


def reference_losses(
    library: PortfolioLibrary,
    chains: Sequence[ListedChain],
    scenarios: ReferenceScenarios,
    *,
    settlement: Settlement = Settlement.INVERSE,
    days: float = 1.0,
) -> FloatArray:
    """Losses (P, S) in dollars; a gain is negative.

    Parameters
    ----------
    library : PortfolioLibrary
    chains : sequence of ListedChain
        Those that the library was built of.
    scenarios : ReferenceScenarios
    settlement : Settlement
    days : float
        Length of the margin period.
    """
    column = {market: place for place, market in enumerate(library.markets)}
    loss = np.zeros((len(library), len(scenarios)))
    for chain in chains:
        own = scenarios.coins.index(chain.coin)
        names, profit = _profits(chain, scenarios, own, column, settlement, days)
        loss -= library.coins[:, [column[name] for name in names]] @ profit
    return loss


def _profits(
    chain: ListedChain,
    scenarios: ReferenceScenarios,
    own: int,
    column: dict[str, int],
    settlement: Settlement,
    days: float,
) -> tuple[list[str], FloatArray]:
    """Profit of one coin of each held market of a coin: names, and (N, S) in dollars."""
    spot, basis = np.exp(scenarios.spot[own]), scenarios.basis[own]
    names, rows = [], []
    for market, tenor in _delta_one(chain):
        if market in column:
            price = (
                chain.index if tenor < 0 else chain.forward_of(int(market.split("-")[-1]) * 10**9)
            )
            moved = spot if tenor < 0 else spot * np.exp(basis[:, tenor])
            names.append(market)
            rows.append(_delta_one_profit(price, chain.index, moved, spot, settlement))
    held = np.array([r for r, n in enumerate(chain.names) if n in column], dtype=np.int64)
    settles = _DAYS_A_YEAR * chain.years[held] <= days
    for part, profits in ((held[~settles], _option_profits), (held[settles], _settled_profits)):
        if part.size:
            names += [chain.names[row] for row in part.tolist()]
            rows += list(profits(chain, part, scenarios, own, settlement, days))
    return names, np.array(rows).reshape(len(names), len(scenarios))


def _delta_one(chain: ListedChain) -> list[tuple[str, int]]:
    """Perpetual (tenor -1) and futures with their tenor."""
    left = [(e, (e - chain.at_ns) / 86_400e9) for e in chain.futures_ns]
    futures = [
        (future_name(chain.coin, e), int(np.searchsorted(TENOR_EDGES_DAYS, d, side="right")))
        for e, d in left
    ]
    return [(f"{chain.coin}-PERPETUAL", -1), *futures]


def _delta_one_profit(
    price: float, index: float, moved: FloatArray, spot: FloatArray, settlement: Settlement
) -> FloatArray:
    """Of a contract on one coin: ``price`` dollars' worth where it is inverse, 1 - F0/F1 coins."""
    if settlement is Settlement.LINEAR:
        return price * (moved - 1.0)
    return np.asarray(index * spot * (1.0 - 1.0 / moved), dtype=np.float64)


def _option_profits(
    chain: ListedChain,
    held: IntArray,
    scenarios: ReferenceScenarios,
    own: int,
    settlement: Settlement,
    days: float,
) -> FloatArray:
    """(N, S) dollars of the options at ``held``."""
    inverse = settlement is Settlement.INVERSE
    payoff = "inverse" if inverse else "linear"
    tenor, strike = cell_of(_DAYS_A_YEAR * chain.years[held], chain.score[held])
    width = len(SCORE_EDGES) + 1
    used, group = np.unique(tenor * width + strike, return_inverse=True)
    t, k = used // width, used % width
    spot = scenarios.spot[own]
    forward = np.exp(spot[None, :] + scenarios.basis[own].T[t])
    shocks = ScenarioShocks(
        forward_returns=forward - 1.0, vol_scale=np.exp(scenarios.volatility[own][:, t, k].T)
    )
    f, strikes, sigma = chain.forward[held], chain.strike[held], chain.mark_vol[held]
    call, years = chain.is_call[held], chain.years[held]
    still = ScenarioShocks(forward_returns=np.zeros((1, 1)))
    now = flat_grid_prices(
        f,
        strikes,
        years,
        sigma,
        call,
        shocks=still,
        group=np.zeros(held.size, dtype=np.int64),
        payoff=payoff,
    )
    left = np.maximum(years - days / _DAYS_A_YEAR, 0.0)
    then = flat_grid_prices(
        f, strikes, left, sigma, call, shocks=shocks, group=group.astype(np.int64), payoff=payoff
    )
    if not inverse:
        return np.asarray(then - now, dtype=np.float64)
    return np.asarray(chain.index * (then * np.exp(spot) - now), dtype=np.float64)


def _settled_profits(
    chain: ListedChain,
    held: IntArray,
    scenarios: ReferenceScenarios,
    own: int,
    settlement: Settlement,
    days: float,
) -> FloatArray:
    """(N, S) dollars of the options at ``held`` that settle within the period."""
    linear = settlement is Settlement.LINEAR
    end = np.exp(scenarios.spot[own])
    price = chain.index * _settlement_moves(scenarios, own, chain.years[held], days)
    sign = np.where(chain.is_call[held], 1.0, -1.0)[:, None]
    payoff = np.maximum(sign * (price - chain.strike[held][:, None]), 0.0)
    then = payoff if linear else payoff / price * (chain.index * end)
    unit = chain.forward[held] if linear else np.full(held.size, chain.index)
    return np.asarray(then - (chain.mark[held] * unit)[:, None], dtype=np.float64)


def _settlement_moves(
    scenarios: ReferenceScenarios, own: int, years: FloatArray, days: float
) -> FloatArray:
    """(N, S) settlement price over index: the way there in the middle of the window."""
    if scenarios.path is None:
        return np.broadcast_to(np.exp(scenarios.spot[own]), (years.size, len(scenarios)))
    path = scenarios.path[own]
    last = path.shape[1] - 1
    hours = 24.0 * _DAYS_A_YEAR * years - 0.5 * SETTLEMENT_HOURS
    at = np.clip(hours * last / (24.0 * days), 0.0, last)
    before = np.minimum(np.floor(at).astype(np.int64), last - 1)
    part = (at - before)[:, None]
    return np.asarray(
        np.exp((1.0 - part) * path[:, before].T + part * path[:, before + 1].T), dtype=np.float64
    )
