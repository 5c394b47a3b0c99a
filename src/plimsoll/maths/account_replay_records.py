"""Columns of accounts, markets, tiers, rule, state and events of `account_replay`."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Codes = NDArray[np.int64]
Matrix = NDArray[np.float64]
IndexMatrix = NDArray[np.int64]

CALL, TOP_UP, PARTIAL, LIQUIDATED, BANKRUPT, CLOSED = 0, 1, 2, 3, 4, 5

# Columns of an account's state.
AMOUNT, COLLATERAL, RESERVE, ENTRY, PHASE, DUE, ANSWER, WAIT, CALLED = 0, 1, 2, 3, 4, 5, 6, 7, 8
DEPOSITED, WITHDRAWN = 9, 10
STATES = 11
ABSENT, OPEN, GONE = 0.0, 1.0, 2.0

# Columns of an event; of a close-out: what was closed, and what it would have been worth.
BAR, ACCOUNT, KIND, PRICE, NOTIONAL, COST, FEE, DEFICIT, LATER_EQUITY, LATER_MAINTENANCE = range(10)
EVENTS = 10

FEES, DEFICITS, MAKER, PAID_IN, PAID_OUT = 0, 1, 2, 3, 4
LEDGERS = 5


class ReplayAccounts(NamedTuple):
    """(A,) accounts; amounts in base units (linear) or contract value (inverse), not signed."""

    market: Codes
    side: Vector  # 1 long, -1 short
    amount: Vector
    leverage: Vector  # wished for; the venue's initial margin is the least
    entry_bar: Codes
    exit_bar: Codes
    reserve: Vector  # what the user can bring after opening, share of the opening deposit
    answer_bars: Codes  # bars from call to top-up, -1: calls are not answered


class ReplayMarkets(NamedTuple):
    """T bars of M markets."""

    payoff: Codes  # (M,)
    close: Matrix  # (T, M)
    low: Matrix
    high: Matrix
    funding: Matrix  # paid by longs over the bar, fraction
    half_spread: Matrix
    impact: Matrix  # k of the square-root law, per square root of quote currency
    table: IndexMatrix  # (T, 2 M) tier table in force: column 2 m for longs, 2 m + 1 for shorts
    next_call: Codes  # (T,) bar of the next margin call after a bar, -1: beyond the end


class ReplayTiers(NamedTuple):
    """Tier tables one after the other; table v has the rows offsets[v] to offsets[v + 1] - 1."""

    offsets: Codes
    cap: Vector
    rate: Vector
    deduction: Vector
    initial_rate: Vector
    max_leverage: Vector


class ReplayRule(NamedTuple):
    """How the venue acts; levels are multiples of maintenance, times are in bars."""

    liquidation_level: float
    call_level: float
    share: float
    whole_below: float
    backstop_below: float
    fee_rate: float
    cooldown: int
    latency: int
