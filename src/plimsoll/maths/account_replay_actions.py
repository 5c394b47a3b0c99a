"""What happens to one account of `account_replay`: opening, top-up, call, close-out, leaving."""

from __future__ import annotations

import math

from numba import njit

from plimsoll.maths.account_replay_records import (
    ACCOUNT,
    AMOUNT,
    ANSWER,
    BANKRUPT,
    BAR,
    CALL,
    CALLED,
    CLOSED,
    COLLATERAL,
    COST,
    DEFICIT,
    DEFICITS,
    DEPOSITED,
    DUE,
    ENTRY,
    FEE,
    FEES,
    GONE,
    KIND,
    LATER_EQUITY,
    LATER_MAINTENANCE,
    LIQUIDATED,
    MAKER,
    NOTIONAL,
    OPEN,
    PAID_IN,
    PAID_OUT,
    PARTIAL,
    PHASE,
    PRICE,
    RESERVE,
    TOP_UP,
    WAIT,
    WITHDRAWN,
    Matrix,
    ReplayAccounts,
    ReplayMarkets,
    ReplayRule,
    ReplayTiers,
    Vector,
)
from plimsoll.maths.payoffs import INVERSE, profit
from plimsoll.maths.tiered_margin import initial_margin, notional_of, tier_row


@njit(cache=True, nogil=True)
def tier_maintenance(
    notional: float, first: int, last: int, cap: Vector, rate: Vector, deduction: Vector
) -> float:
    """``N m_i - D_i``; beyond the last tier its rate goes on.

    >>> import numpy as np
    >>> caps, rates = np.array([50.0, 600.0]), np.array([0.004, 0.005])
    >>> [tier_maintenance(n, 0, 2, caps, rates, np.array([0.0, 0.05])) for n in (50.0, 100.0)]
    [0.2, 0.45]
    """
    row = tier_row(notional, cap, first, last)
    if row < 0:
        row = last - 1
    kept: float = notional * rate[row] - deduction[row]
    return kept


@njit(cache=True, nogil=True)
def in_settlement(payoff: int, value: float, price: float) -> float:
    """Value in quote currency as settlement currency."""
    return value / price if payoff == INVERSE else value


@njit(cache=True, nogil=True)
def equity_of(payoff: int, side: float, s: Vector, price: float) -> float:
    """Collateral and open profit, settlement currency."""
    gain: float = profit(payoff, side * s[AMOUNT], s[ENTRY], price)
    return float(s[COLLATERAL]) + gain


@njit(cache=True, nogil=True)
def side_column(market: int, side: float) -> int:
    """Column of a market and side in the table of tier tables in force."""
    return 2 * market + (0 if side > 0.0 else 1)


@njit(cache=True, nogil=True)
def maintenance_at(
    payoff: int,
    s: Vector,
    price: float,
    first: int,
    last: int,
    cap: Vector,
    rate: Vector,
    deduction: Vector,
) -> float:
    """Maintenance of what an account holds, settlement currency."""
    notional = notional_of(payoff, s[AMOUNT], 1.0, price)
    kept = tier_maintenance(notional, first, last, cap, rate, deduction)
    return in_settlement(payoff, kept, price)


@njit(cache=True, nogil=True)
def _note(
    events: Matrix, count: int, t: int, a: int, kind: int, price: float, notional: float
) -> int:
    """Write an event if it fits; return how many there are now."""
    if count < events.shape[0]:
        row = events[count]
        row[:] = 0.0
        row[BAR], row[ACCOUNT], row[KIND], row[PRICE], row[NOTIONAL] = t, a, kind, price, notional
        row[LATER_EQUITY], row[LATER_MAINTENANCE] = math.nan, math.nan
    return count + 1


@njit(cache=True, nogil=True)
def initial_of(tiers: ReplayTiers, low: int, high: int, notional: float, leverage: float) -> float:
    row = tier_row(notional, tiers.cap, low, high)
    if row < 0:
        row = high - 1
    kept = notional * tiers.rate[row] - tiers.deduction[row]
    asked = initial_margin(
        notional, tiers.initial_rate[row], 0.0, leverage, tiers.max_leverage[row]
    )
    return float(max(asked, kept))


@njit(cache=True, nogil=True)
def open_account(
    a: int,
    accounts: ReplayAccounts,
    tiers: ReplayTiers,
    low: int,
    high: int,
    payoff: int,
    price: float,
    s: Vector,
    ledger: Matrix,
    t: int,
) -> None:
    notional = notional_of(payoff, accounts.amount[a], 1.0, price)
    deposit = in_settlement(
        payoff, initial_of(tiers, low, high, notional, accounts.leverage[a]), price
    )
    s[AMOUNT], s[COLLATERAL], s[ENTRY], s[PHASE] = accounts.amount[a], deposit, price, OPEN
    s[RESERVE] = accounts.reserve[a] * deposit
    s[DUE], s[ANSWER], s[WAIT], s[CALLED] = -1.0, -1.0, -1.0, 0.0
    s[DEPOSITED] = deposit
    ledger[t, PAID_IN] += deposit


@njit(cache=True, nogil=True)
def top_up(
    a: int,
    tiers: ReplayTiers,
    low: int,
    high: int,
    payoff: int,
    side: float,
    price: float,
    s: Vector,
    ledger: Matrix,
    events: Matrix,
    count: int,
    t: int,
) -> int:
    """Restore the least initial margin, as far as the reserve reaches."""
    s[ANSWER], s[CALLED] = -1.0, 0.0
    notional = notional_of(payoff, s[AMOUNT], 1.0, price)
    wanted = in_settlement(payoff, initial_of(tiers, low, high, notional, math.inf), price)
    paid = min(s[RESERVE], max(0.0, wanted - equity_of(payoff, side, s, price)))
    if paid <= 0.0:
        return count
    s[RESERVE] -= paid
    s[COLLATERAL] += paid
    s[DEPOSITED] += paid
    ledger[t, PAID_IN] += paid
    return _note(events, count, t, a, TOP_UP, price, paid)


@njit(cache=True, nogil=True)
def call(
    a: int,
    answers: int,
    called: float,
    payoff: int,
    side: float,
    price: float,
    s: Vector,
    events: Matrix,
    count: int,
    t: int,
) -> int:
    if equity_of(payoff, side, s, price) >= called:
        if s[ANSWER] < 0.0:
            s[CALLED] = 0.0
        return count
    if s[CALLED] == 1.0:
        return count
    s[CALLED] = 1.0
    if answers >= 0 and s[RESERVE] > 0.0:
        s[ANSWER] = t + max(1, answers)
    return _note(events, count, t, a, CALL, price, notional_of(payoff, s[AMOUNT], 1.0, price))


@njit(cache=True, nogil=True)
def fill(
    a: int,
    markets: ReplayMarkets,
    rule: ReplayRule,
    tiers: ReplayTiers,
    m: int,
    side: float,
    price: float,
    s: Vector,
    ledger: Matrix,
    events: Matrix,
    count: int,
    t: int,
) -> int:
    """Close a step, or all: costs, fee as far as equity reaches, deficit."""
    payoff, v = markets.payoff[m], markets.table[t, side_column(m, side)]
    s[DUE] = -1.0
    notional = notional_of(payoff, s[AMOUNT], 1.0, price)
    low, high = tiers.offsets[v], tiers.offsets[v + 1]
    kept = tier_maintenance(notional, low, high, tiers.cap, tiers.rate, tiers.deduction)
    floor = rule.backstop_below * in_settlement(payoff, kept, price)
    sound = equity_of(payoff, side, s, price) >= max(0.0, floor)
    step = rule.share < 1.0 and notional > rule.whole_below and sound
    amount = rule.share * s[AMOUNT] if step else s[AMOUNT]
    later = _later(markets, tiers, t, m, side, s)
    closed = notional_of(payoff, amount, 1.0, price)
    rate = min(1.0, markets.half_spread[t, m] + markets.impact[t, m] * math.sqrt(closed))
    cost = in_settlement(payoff, rate * closed, price)
    gain = profit(payoff, side * amount, s[ENTRY], price)
    s[COLLATERAL] += gain - cost
    s[AMOUNT] = s[AMOUNT] - amount if step else 0.0
    fee = in_settlement(payoff, rule.fee_rate * closed, price)
    fee = min(fee, max(0.0, equity_of(payoff, side, s, price)))
    s[COLLATERAL] -= fee
    ledger[t, MAKER] += cost - gain
    ledger[t, FEES] += fee
    deficit, kind = 0.0, PARTIAL
    if step:
        s[WAIT] = t + max(1, rule.cooldown)
    else:
        deficit = max(0.0, -s[COLLATERAL])
        kind = BANKRUPT if deficit > 0.0 else LIQUIDATED
        _end(s, ledger, t)
    if count < events.shape[0]:
        _note(events, count, t, a, kind, price, closed)
        row = events[count]
        row[COST], row[FEE], row[DEFICIT] = cost, fee, deficit
        row[LATER_EQUITY], row[LATER_MAINTENANCE] = later
    return count + 1


@njit(cache=True, nogil=True)
def _later(
    markets: ReplayMarkets, tiers: ReplayTiers, t: int, m: int, side: float, s: Vector
) -> tuple[float, float]:
    """Equity and maintenance of the position at the next call, had nothing been closed."""
    at, payoff = markets.next_call[t], markets.payoff[m]
    if at < 0:
        return math.nan, math.nan
    price, v = markets.close[at, m], markets.table[at, side_column(m, side)]
    notional = notional_of(payoff, s[AMOUNT], 1.0, price)
    low, high = tiers.offsets[v], tiers.offsets[v + 1]
    kept = tier_maintenance(notional, low, high, tiers.cap, tiers.rate, tiers.deduction)
    return equity_of(payoff, side, s, price), in_settlement(payoff, kept, price)


@njit(cache=True, nogil=True)
def leave(
    a: int,
    payoff: int,
    side: float,
    price: float,
    s: Vector,
    ledger: Matrix,
    events: Matrix,
    count: int,
    t: int,
) -> int:
    """The user closes at the mark."""
    closed = notional_of(payoff, s[AMOUNT], 1.0, price)
    gain = profit(payoff, side * s[AMOUNT], s[ENTRY], price)
    s[COLLATERAL] += gain
    ledger[t, MAKER] -= gain
    s[AMOUNT] = 0.0
    deficit = max(0.0, -s[COLLATERAL])
    _end(s, ledger, t)
    if count < events.shape[0]:
        _note(events, count, t, a, CLOSED, price, closed)
        events[count, DEFICIT] = deficit
    return count + 1


@njit(cache=True, nogil=True)
def _end(s: Vector, ledger: Matrix, t: int) -> None:
    """Pay out what is left; what is missing is the deficit."""
    if s[COLLATERAL] < 0.0:
        ledger[t, DEFICITS] -= s[COLLATERAL]
    else:
        s[WITHDRAWN] = s[COLLATERAL]
        ledger[t, PAID_OUT] += s[COLLATERAL]
    s[COLLATERAL], s[PHASE] = 0.0, GONE
