"""Accounts of one position each, carried along a mark path under a venue's liquidation rule.

An account opens at the close of its entry bar with ``max(N / leverage, initial margin)``. In each
later bar, in this order: funding is paid; a top-up that was on its way arrives and restores the
initial margin as far as the user's reserve goes; a close-out that was ordered is filled at the
bar's close; equity at the bar's worst price for the side is held against ``liquidation level x
maintenance`` (below: close-out ordered, filled ``latency`` bars later at the close, or at the
worst price itself where the latency is 0); equity at the close is held against ``call level x
maintenance``; an account that has come to its exit is closed by its user at the close.

Maintenance is ``N m_i - D_i`` of the tier that N reaches, as in `plimsoll.maths.tiered_margin`;
notional beyond the last tier stays in it. A close-out of notional Q costs ``s + k sqrt(Q)`` of Q
(half spread, square-root law with volatility in k). The fee is taken from what equity is left, so
that a fund never pays a fee; equity below nothing is the deficit.
"""

from __future__ import annotations

import math

from numba import njit

from plimsoll.maths.account_replay_actions import (
    call,
    equity_of,
    fill,
    in_settlement,
    leave,
    maintenance_at,
    open_account,
    side_column,
    top_up,
)
from plimsoll.maths.account_replay_records import (
    ABSENT,
    AMOUNT,
    ANSWER,
    COLLATERAL,
    DUE,
    GONE,
    MAKER,
    OPEN,
    PHASE,
    WAIT,
    Matrix,
    ReplayAccounts,
    ReplayMarkets,
    ReplayRule,
    ReplayTiers,
    Vector,
)
from plimsoll.maths.tiered_margin import notional_of


@njit(cache=True, nogil=True)
def replay_bars(
    accounts: ReplayAccounts,
    markets: ReplayMarkets,
    tiers: ReplayTiers,
    rule: ReplayRule,
    state: Matrix,
    ledger: Matrix,
    events: Matrix,
    start: int,
    stop: int,
) -> int:
    """Carry all accounts over the bars ``start`` to ``stop - 1``; state and ledger are changed.

    Parameters
    ----------
    accounts, markets, tiers, rule
    state : (A, STATES) float64
        Zeros before the first bar.
    ledger : (T, LEDGERS) float64
        Added to, account by account: the order does not depend on how bars are cut into calls.
    events : (E, EVENTS) float64
        Filled as far as it reaches.
    start, stop : int

    Returns
    -------
    int
        Events that happened, which may be more than fit.
    """
    count = 0
    for a in range(accounts.market.size):
        first = max(start, accounts.entry_bar[a])
        if first < stop and state[a, PHASE] != GONE:
            count = _carry(
                a, accounts, markets, tiers, rule, state[a], ledger, events, count, first, stop
            )
    return count


@njit(cache=True, nogil=True)
def _carry(
    a: int,
    accounts: ReplayAccounts,
    markets: ReplayMarkets,
    tiers: ReplayTiers,
    rule: ReplayRule,
    s: Vector,
    ledger: Matrix,
    events: Matrix,
    count: int,
    first: int,
    stop: int,
) -> int:
    m, side, exit_bar = accounts.market[a], accounts.side[a], accounts.exit_bar[a]
    payoff, close = markets.payoff[m], markets.close
    worst = markets.low if side > 0.0 else markets.high
    column = side_column(m, side)
    table, offsets, funding = markets.table, tiers.offsets, markets.funding
    cap, rate, deduction = tiers.cap, tiers.rate, tiers.deduction
    breach, call_level, answers = rule.liquidation_level, rule.call_level, accounts.answer_bars[a]
    for t in range(first, stop):
        price = close[t, m]
        if math.isnan(price) or s[PHASE] == GONE:
            continue
        v = table[t, column]
        low, high = offsets[v], offsets[v + 1]
        if s[PHASE] == ABSENT:
            open_account(a, accounts, tiers, low, high, payoff, price, s, ledger, t)
            continue
        if funding[t, m] != 0.0:
            _fund(funding[t, m], payoff, side, price, s, ledger, t)
        if s[ANSWER] >= 0.0 or s[DUE] >= 0.0:
            count = _arrive(a, markets, tiers, rule, m, side, price, s, ledger, events, count, t)
        if s[DUE] < 0.0 and t >= s[WAIT]:
            at = worst[t, m]
            at = price if math.isnan(at) else at
            kept = maintenance_at(payoff, s, at, low, high, cap, rate, deduction)
            if equity_of(payoff, side, s, at) < breach * kept:
                count = _breach(a, markets, rule, tiers, m, side, at, s, ledger, events, count, t)
            else:
                kept = maintenance_at(payoff, s, price, low, high, cap, rate, deduction)
                called = call_level * kept
                count = call(a, answers, called, payoff, side, price, s, events, count, t)
        if s[PHASE] == OPEN and t >= exit_bar and s[DUE] < 0.0:
            count = leave(a, payoff, side, price, s, ledger, events, count, t)
        if s[PHASE] == GONE:
            return count
    return count


@njit(cache=True, nogil=True)
def _fund(
    paid: float, payoff: int, side: float, price: float, s: Vector, ledger: Matrix, t: int
) -> None:
    amount = paid * side * in_settlement(payoff, notional_of(payoff, s[AMOUNT], 1.0, price), price)
    s[COLLATERAL] -= amount
    ledger[t, MAKER] += amount


@njit(cache=True, nogil=True)
def _arrive(
    a: int,
    markets: ReplayMarkets,
    tiers: ReplayTiers,
    rule: ReplayRule,
    m: int,
    side: float,
    price: float,
    s: Vector,
    ledger: Matrix,
    events: Matrix,
    count: int,
    t: int,
) -> int:
    """A top-up, or the fill of a close-out, that was on its way."""
    payoff, v = markets.payoff[m], markets.table[t, side_column(m, side)]
    low, high = tiers.offsets[v], tiers.offsets[v + 1]
    if 0.0 <= s[ANSWER] <= t:
        count = top_up(a, tiers, low, high, payoff, side, price, s, ledger, events, count, t)
    if 0.0 <= s[DUE] <= t:
        count = fill(a, markets, rule, tiers, m, side, price, s, ledger, events, count, t)
        s[WAIT] = max(s[WAIT], t + 1.0)
    return count


@njit(cache=True, nogil=True)
def _breach(
    a: int,
    markets: ReplayMarkets,
    rule: ReplayRule,
    tiers: ReplayTiers,
    m: int,
    side: float,
    at: float,
    s: Vector,
    ledger: Matrix,
    events: Matrix,
    count: int,
    t: int,
) -> int:
    """Order the close-out; without latency it is filled at once."""
    s[DUE] = t + rule.latency
    if rule.latency > 0:
        return count
    return fill(a, markets, rule, tiers, m, side, at, s, ledger, events, count, t)


@njit(cache=True, nogil=True)
def fund_path(
    start: float, fees: Vector, deficits: Vector, path: Vector, uncovered: Vector
) -> None:
    """Fill the fund (T,) after each bar, and the deficits (T,) it could not pay."""
    held = start
    for t in range(fees.size):
        held += fees[t] - deficits[t]
        uncovered[t] = max(0.0, -held)
        held = max(0.0, held)
        path[t] = held
