"""Paradex's portfolio margin against its published formula, written plainly, one account a time.

Scenarios, weights, vega power and minimum delta: the venue's documentation ("Portfolio Margin").
Orders, funding and fees: the venue's own Python kit, from its description. The kit lets orders
lessen the funding provision; here they never do, so that initial margin covers maintenance.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from paradex_accounts import (
    AT,
    DAY,
    SPOT,
    account,
    instruments,
    margin,
    snapshot,
    underlying,
)
from plimsoll.domain.account import Account, Order
from plimsoll.domain.instrument import Option, OptionRight
from plimsoll.margin.paradex.scenarios import scan_grid

NEAR = [
    (0.16, 0.40),
    *(
        (move, vol)
        for move in (0.12, 0.08, 0.04, 0.0, -0.04, -0.08, -0.12)
        for vol in (0.40, -0.22)
    ),
    (-0.16, 0.40),
]
FAR = [-0.66, -0.33, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0]
WEIGHTS = [0.24, 0.48, 0.32, 0.16, 0.08, 0.0533, 0.04, 0.032]
SCENARIOS = [(m, v, 1.0) for m, v in NEAR] + [
    (m, 0.40, w) for m, w in zip(FAR, WEIGHTS, strict=True)
]
MARKETS = instruments()
QUOTES = snapshot(funding=1e-4).quotes


def normal(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2))


def d1(forward: float, strike: float, deviation: float) -> float:
    return math.log(forward / strike) / deviation + deviation / 2


def black(forward: float, strike: float, deviation: float, is_call: bool) -> float:
    sign = 1.0 if is_call else -1.0
    d = d1(forward, strike, deviation)
    return sign * (forward * normal(sign * d) - strike * normal(sign * (d - deviation)))


def priced(market: str, move: float, shock: float) -> float:
    held = MARKETS[market]
    spot = SPOT[held.pair.base] * (1 + move)
    if not isinstance(held, Option):
        return spot
    days = (held.expiry_ns - AT) / DAY
    stretch = (30 / max(1.0, days)) ** (0.30 if days < 30 else 0.13)
    vol = QUOTES[market].implied_vol_annual * (1 + shock * stretch)
    vol = max(vol, 0.40) if shock > 0 else vol
    call = held.right is OptionRight.CALL
    return black(spot, float(held.strike), vol * math.sqrt(days / 365), call)


def delta(market: str) -> float:
    held = MARKETS[market]
    if not isinstance(held, Option):
        return 1.0
    years = (held.expiry_ns - AT) / DAY / 365
    vol = QUOTES[market].implied_vol_annual
    up = normal(d1(SPOT[held.pair.base], float(held.strike), vol * math.sqrt(years)))
    return up if held.right is OptionRight.CALL else up - 1.0


def fee(market: str) -> float:
    spot, mark = SPOT[MARKETS[market].pair.base], QUOTES[market].mark
    return min(0.0003 * spot, 0.125 * mark) if "PERP" not in market else 0.0003 * mark


def risk_of(base: str, held: dict[str, float], orders: list[Order]) -> float:
    """Larger of scan and minimum delta."""
    worst = 0.0
    for move, shock, weight in SCENARIOS:
        loss = sum(-q * (priced(m, move, shock) - QUOTES[m].mark) for m, q in held.items())
        for order in orders:
            limit = QUOTES[order.market].mark if order.price is None else order.price
            loss += max(0.0, order.quantity * (limit - priced(order.market, move, shock)))
        worst = max(worst, weight * loss)
    deltas = [q * delta(m) for m, q in held.items()]
    ordered = [o.quantity * delta(o.market) for o in orders]
    long, short = (sum(max(s * d, 0.0) for d in deltas) for s in (1, -1))
    most_long = long + sum(max(d, 0.0) for d in ordered)
    most_short = short + sum(max(-d, 0.0) for d in ordered)
    net = max(0.0, most_long - short, most_short - long)
    least = (0.02 * net + 0.01 * (max(most_long, most_short) - net)) * SPOT[base]
    return max(worst, least)


def expected(of: Account) -> tuple[float, float]:
    initial = maintenance = 0.0
    for base in SPOT:
        held = {p.market: p.quantity for p in of.positions if p.market.startswith(base)}
        orders = [o for o in of.orders if o.market.startswith(base)]
        perp = f"{base}-PERP"
        funding = 1e-4 * SPOT[base] * held.get(perp, 0.0)
        with_orders = funding + sum(
            1e-4 * SPOT[base] * o.quantity for o in orders if o.market == perp
        )
        fees = sum(abs(q) * fee(m) for m, q in held.items())
        provision = max(funding, 0.0) + fees
        initial += risk_of(base, held, orders) + max(with_orders, funding, 0.0) + fees
        initial += sum(abs(o.quantity) * fee(o.market) for o in orders)
        maintenance += 0.5 * risk_of(base, held, []) + provision
    return initial, maintenance


def random_account(rng: np.random.Generator, name: str, with_orders: bool) -> Account:
    markets = list(MARKETS)
    held = {m: float(rng.normal()) for m in rng.choice(markets, 6, replace=False).tolist()}
    orders: tuple[Order, ...] = ()
    if with_orders:
        orders = tuple(
            Order(
                market=m,
                quantity=float(rng.normal()),
                price=None if rng.random() < 0.3 else QUOTES[m].mark * float(rng.uniform(0.9, 1.1)),
            )
            for m in rng.choice(markets, 3).tolist()
        )
    return account(name, held, orders=orders)


def test_random_accounts_meet_the_formula() -> None:
    rng = np.random.default_rng(3)
    accounts = [random_account(rng, str(n), with_orders=n % 2 == 1) for n in range(60)]
    found = margin(*accounts, funding=1e-4)
    for unit, held in enumerate(accounts):
        initial, maintenance = expected(held)
        assert float(found.initial[unit]) == pytest.approx(initial, rel=1e-9), held
        assert float(found.maintenance[unit]) == pytest.approx(maintenance, rel=1e-9), held


def test_orders_alone_ask_initial_margin_only() -> None:
    rng = np.random.default_rng(4)
    full = random_account(rng, "a", with_orders=True)
    bare = account("a", orders=full.orders)
    found = margin(bare, funding=1e-4)
    assert float(found.initial[0]) == pytest.approx(expected(bare)[0], rel=1e-9)
    assert found.maintenance[0] == 0.0


def test_published_scenarios_are_the_grid() -> None:
    grid = scan_grid(underlying())
    assert grid.price_moves == pytest.approx([m for m, _, _ in SCENARIOS], abs=1e-15)
    assert grid.fraction.tolist() == [w for _, _, w in SCENARIOS]
    assert [v.value for v in grid.vol_moves] == [
        "up" if shock > 0 else "down" for _, shock, _ in SCENARIOS
    ]


def test_hedging_a_week_s_call_more_than_halves_its_margin() -> None:
    """The venue's FAQ on dated options says so of a short call at the money and its perpetual."""
    call = "BTC-W-100-C"
    found = margin(
        account("naked", {call: -1.0}),
        account("hedged", {call: -1.0, "BTC-PERP": delta(call)}),
    )
    assert found.initial[1] < 0.5 * found.initial[0]
