"""Contracts of a venue as trades of a netting set, in dollars.

A contract marked at F moves by what its coin's price S moves by: ``F S(t) / S(0)``. So a linear
one of Q coins is ``Q F / S(0)`` coins bought at S(0), and an inverse one of N dollars, whose profit
in coin is ``N (1/F - 1/F(t))``, is ``N / F`` coins bought at S(0): linear in dollars. The value of
an inverse option is the linear one's times spot over forward. Of a future within its settlement
window only the share that still floats is traded (`plimsoll.scenarios.settlement_share`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.instrument import Instrument, Option, Payoff
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.market import MarketSnapshot
from plimsoll.margin.exposure.netting_set import Trade, TradeKind
from plimsoll.margin.underlying import underlying
from plimsoll.margin.units.market_rows import MarketRows
from plimsoll.maths import payoffs
from plimsoll.maths.black76 import price
from plimsoll.scenarios.grid_options import OptionRows, option_rows
from plimsoll.scenarios.grid_rules import GridRules
from plimsoll.scenarios.settlement_share import floating_shares

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ContractTrades:
    """One trade per contract of N, for a quantity of one, and its value now.

    Parameters
    ----------
    trades : tuple of N Trade or None
        None where ``reason`` says why.
    value : (N,) float64
        By the model, not the mark: exposure is what changes from here.
    reason : (N,) int64
    """

    trades: tuple[Trade | None, ...]
    value: FloatArray
    reason: IntArray

    def of(self, row: int, quantity: float) -> tuple[Trade, float]:
        """Trade and value now of ``quantity`` contracts."""
        trade = self.trades[row]
        assert trade is not None  # else the position had a reason
        scaled = replace(trade, quantity=trade.quantity * quantity)
        return scaled, quantity * float(self.value[row])


def contract_trades(
    instruments: Mapping[str, Instrument],
    snapshot: MarketSnapshot,
    rows: MarketRows,
    coins: tuple[str, ...],
    spot: FloatArray,
    rules: GridRules,
) -> ContractTrades:
    """Turn contracts into trades; quantos and coins without dynamics get a reason."""
    share = floating_shares(instruments, snapshot)
    unknown = np.where(np.isnan(share), int(MarginReason.NO_FORWARD), 0)
    reason = rows.with_reasons(unknown.astype(np.int64))[:-1].copy()
    for n, instrument in enumerate(instruments.values()):
        if reason[n] == 0:
            reason[n] = int(_unfit(instrument, coins))
    at = {market: n for n, market in enumerate(instruments)}
    options = {m: i for m, i in instruments.items() if isinstance(i, Option) and reason[at[m]] == 0}
    trades: list[Trade | None] = [None] * len(instruments)
    value = np.zeros(len(instruments))
    for market, instrument in instruments.items():
        n = at[market]
        if reason[n] == 0 and not isinstance(instrument, Option):
            coin = underlying(instrument)
            whole = _delta_one(rows, n, coin, float(spot[coins.index(coin)]))
            trades[n] = replace(whole, quantity=whole.quantity * float(share[n]))
    if options:
        held = option_rows(options, snapshot, rules)
        for k, (market, option) in enumerate(options.items()):
            n = at[market]
            reason[n] = held.reason[k]
            if reason[n] == 0:
                s = float(spot[coins.index(underlying(option))])
                trades[n], value[n] = _option(option, held, k, s)
    return ContractTrades(trades=tuple(trades), value=value, reason=reason)


def _unfit(instrument: Instrument, coins: tuple[str, ...]) -> MarginReason:
    if instrument.payoff is Payoff.QUANTO:
        return MarginReason.NOT_MARGINED
    return MarginReason.NONE if underlying(instrument) in coins else MarginReason.NO_PARAMETERS


def _delta_one(rows: MarketRows, n: int, coin: str, spot: float) -> Trade:
    size, mark = float(rows.size[n]), float(rows.mark[n])
    inverse = rows.payoff[n] == payoffs.INVERSE
    quantity = size / mark if inverse else size * float(rows.settle_price[n]) * mark / spot
    return Trade(kind=TradeKind.FORWARD, coin=coin, quantity=quantity, strike=spot)


def _option(option: Option, held: OptionRows, k: int, spot: float) -> tuple[Trade, float]:
    forward, tau = float(held.forward[k]), float(held.tau_years[k])
    scale = float(held.units[k] * held.discount[k]) * (spot / forward if held.inverse[k] else 1.0)
    trade = Trade(
        kind=TradeKind.CALL if held.is_call[k] else TradeKind.PUT,
        coin=underlying(option),
        quantity=scale,
        strike=float(held.strike[k]),
        expiry_years=tau,
        carry_annual=float(np.log(forward / spot)) / tau,
        vol_annual=float(held.sigma[k]),
    )
    call = bool(held.is_call[k])
    worth = price(forward, trade.strike, tau, trade.vol_annual, call)
    return trade, scale * float(worth)
