"""Open orders of simulation, Greeks and hybrid: never less than any fills, little for closing.

A book after fills is made by hand here: positions of a market become one at the mark, what is paid
leaves the collateral, and what a limit beyond the mark loses at once leaves equity. Tolerance 1e-9
of the numbers: sums in another order.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from functools import cache
from itertools import product

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coin_books import (
    INSTRUMENTS,
    PRICING,
    SNAPSHOT,
    account,
    book,
    isolated,
    position,
    price_scenarios,
)
from plimsoll.domain.account import Account, Order
from plimsoll.domain.instrument import Option, Payoff, Spot
from plimsoll.margin.greeks import Correlations, GreeksMargin, GreeksParameters
from plimsoll.margin.hybrid import HybridMargin, HybridParameters
from plimsoll.margin.simulation import (
    PORTFOLIO,
    BrokenBetween,
    LossMeasure,
    SimulationMargin,
    SimulationParameters,
)

MARKETS = (
    "BTC-LIN",
    "BTC-INV",
    "ETH-LIN",
    "BTC-SPOT",
    "BTC-L-30-1.0-C",
    "BTC-I-30-1.0-C",
    "BTC-I-9-0.8-P",
    "ETH-L-120-1.25-C",
)
PRICE = {"BTC": 50_000.0, "ETH": 2_500.0, "USDC": 1.0}
OF_SIMULATION = ("shortfall", "quantile", "worst", "floored", "coins", "apart")
NAMES = (*OF_SIMULATION, "greeks", "together", "hybrid")
RHO = Correlations(underlyings=("BTC", "ETH"), matrix=np.array([[1.0, 0.8], [0.8, 1.0]]))
EXAMPLES = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@cache
def prepared(name: str):
    own = {PORTFOLIO: SimulationParameters()}
    ranges = dict.fromkeys(("BTC", "ETH"), GreeksParameters())
    shortfall = SimulationMargin(scenarios=price_scenarios(120), pricing=PRICING)
    greeks = GreeksMargin(pricing=PRICING)
    if name == "hybrid":
        model = HybridMargin(legs={"shortfall": shortfall, "greeks": greeks})
        held = HybridParameters(legs={"shortfall": own, "greeks": ranges})
        return model.prepare(SNAPSHOT, held, INSTRUMENTS)
    if name in ("greeks", "together"):
        model = replace(greeks, correlations=RHO if name == "together" else None)
        floors = {c: replace(p, standalone_floor=Decimal("0.3")) for c, p in ranges.items()}
        return model.prepare(SNAPSHOT, floors, INSTRUMENTS)
    measures = {"quantile": LossMeasure.VALUE_AT_RISK, "worst": LossMeasure.WORST_CASE}
    if name == "floored":
        own = {
            PORTFOLIO: SimulationParameters(
                standalone_floor=Decimal("0.6"), maintenance_to_initial=Decimal("0.5")
            )
        }
    if name in ("coins", "apart"):
        own = {PORTFOLIO: SimulationParameters(dependence_break=Decimal("0.4"))}
        shortfall = replace(
            shortfall, broken_between=BrokenBetween(name if name == "coins" else "positions")
        )
    model = replace(shortfall, measure=measures.get(name, LossMeasure.EXPECTED_SHORTFALL))
    return model.prepare(SNAPSHOT, own, INSTRUMENTS)


def paid(order: Order, share: float) -> tuple[str, float, float]:
    """Currency, amount of it paid for a fill, and what is lost at once in dollars."""
    instrument, mark = INSTRUMENTS[order.market], SNAPSHOT.quotes[order.market].mark
    size = 1.0 if isinstance(instrument, Spot) else float(instrument.required_contract_size())
    amount, at = order.quantity * share * size, order.price or mark
    valued = isinstance(instrument, Option | Spot)
    if instrument.payoff is Payoff.INVERSE and not valued:
        lost = max(amount * (1.0 / mark - 1.0 / at), 0.0)
    else:
        lost = max(amount * (at - mark), 0.0)
    spent = amount * mark + lost if valued else lost
    return instrument.settle, spent, lost * PRICE[instrument.settle]


def filled(person: Account, shares: tuple[float, ...]) -> tuple[Account, float]:
    """The account with shares of its orders filled, and what that lost at once."""
    sizes = {p.market: p.quantity for p in person.positions}
    cash, lost = dict(person.collateral), 0.0
    for order, share in zip(person.orders, shares, strict=True):
        sizes[order.market] = sizes.get(order.market, 0.0) + order.quantity * share
        coin, spent, gone = paid(order, share)
        cash[coin] = cash.get(coin, 0.0) - spent
        lost += gone
    held = tuple(position(m, q) for m, q in sizes.items() if q != 0.0)
    return replace(person, name="filled", positions=held, orders=(), collateral=cash), lost


@st.composite
def people(draw: st.DrawFn) -> Account:
    """Positions at their marks, and orders that mostly close or enlarge them."""
    dollars = st.sampled_from([-40_000.0, -10_000.0, 10_000.0, 25_000.0])

    def sized(market: str) -> float:
        instrument, mark = INSTRUMENTS[market], SNAPSHOT.quotes[market].mark
        size = 1.0 if isinstance(instrument, Spot) else float(instrument.required_contract_size())
        inverse = instrument.payoff is Payoff.INVERSE and not isinstance(instrument, Option)
        coin = PRICE[instrument.pair.base]
        return draw(dollars) / (size if inverse else size * (coin if mark else 1.0))

    held = {m: sized(m) for m in draw(st.lists(st.sampled_from(MARKETS), unique=True, max_size=3))}
    orders = []
    for _ in range(draw(st.integers(1, 4))):
        market = draw(st.sampled_from([*held, *held, *MARKETS]))
        quantity = draw(st.sampled_from([-1.0, -0.5, -1.5, 0.7])) * held.get(market, sized(market))
        limit = draw(st.sampled_from([None, 0.98, 1.0, 1.03]))
        price = None if limit is None else SNAPSHOT.quotes[market].mark * limit
        orders.append(Order(market=market, quantity=quantity, price=price))
    coins = draw(st.sampled_from([{}, {"BTC": 0.4}, {"USDC": 5_000.0, "ETH": -2.0}]))
    made = account("a", *(position(m, q) for m, q in held.items()), **coins)
    return replace(made, orders=tuple(orders))


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
@EXAMPLES
def test_no_fills_ask_more_than_the_orders_did(name: str, data: st.DataObject) -> None:
    person = data.draw(people())
    ready, plain = prepared(name), replace(person, name="plain", orders=())
    count = len(person.orders)
    part = tuple(data.draw(st.floats(0.0, 1.0)) for _ in range(count))
    ways = [*product((0.0, 1.0), repeat=count), part]
    after = [filled(person, shares) for shares in ways]
    accounts = [person, plain, *(replace(a, name=f"f{n}") for n, (a, _) in enumerate(after))]
    alone = [replace(account(f"o{n}"), orders=(o,)) for n, o in enumerate(person.orders)]
    found = ready.requirements(book(*accounts, *alone))
    asked, without = found.initial[:2].tolist()
    slack = 1e-9 * (float(np.abs(found.initial).max()) + 1.0)
    needed = [x + lost for x, (_, lost) in zip(found.initial[2:], after, strict=False)]
    assert max(needed) <= asked + slack
    assert asked >= without
    assert found.maintenance[0] == found.maintenance[1]
    if name != "quantile":  # a quantile is not subadditive
        assert asked <= without + float(found.initial[len(accounts) :].sum()) + slack


@pytest.mark.parametrize("market", [m for m in MARKETS if m != "BTC-I-9-0.8-P"])
@pytest.mark.parametrize("name", NAMES)
def test_closing_a_lone_position_costs_nothing(name: str, market: str) -> None:
    """Whole or in part, long or short, at the market; what an order opens it does ask."""
    ready = prepared(name)
    for sign in (1.0, -1.0):
        held = account("a", position(market, 30.0 * sign))
        closing = [
            replace(held, name=f"close {x}", orders=(Order(market=market, quantity=x * sign),))
            for x in (-30.0, -12.0)
        ]
        more = replace(held, name="more", orders=(Order(market=market, quantity=9.0 * sign),))
        asked = ready.requirements(book(held, *closing, more)).initial
        np.testing.assert_allclose(asked[1:3], asked[0], rtol=1e-9, atol=1e-9)
        if asked[0] > 0.0:
            assert asked[3] > asked[0] * 1.01


@pytest.mark.parametrize("name", NAMES)
def test_closing_a_put_paid_in_coins_leaves_the_coins(name: str) -> None:
    """30 x 0.1 x 0.05 = 0.15 BTC are paid for it: a put gains where they lose, so they ask more."""
    held = account("a", position("BTC-I-9-0.8-P", 30.0))
    close = replace(held, name="b", orders=(Order(market="BTC-I-9-0.8-P", quantity=-30.0),))
    asked = prepared(name).requirements(book(held, close, account("c", BTC=0.15))).initial
    assert asked[0] < asked[2] * (1.0 + 1e-12)
    assert asked[2] * (1.0 - 1e-9) <= asked[1] <= asked[0] + asked[2]


@pytest.mark.parametrize("name", NAMES)
def test_closing_beyond_the_mark_costs_what_it_loses(name: str) -> None:
    """Sold at 49,000 beside a mark of 50,000: 20 x 0.01 x 1,000 = 200 at most, 0 at least."""
    held = account("a", position("BTC-LIN", 20.0))
    order = Order(market="BTC-LIN", quantity=-20.0, price=49_000.0)
    asked = prepared(name).requirements(book(held, replace(held, name="b", orders=(order,))))
    assert 0.0 <= asked.initial[1] - asked.initial[0] <= 200.0 * (1.0 + 1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_closing_one_leg_of_a_hedge_costs_what_is_left(name: str) -> None:
    """Spot against a perpetual; buying the perpetual back leaves the spot alone.

    Where 0.4 of positions' own margins count, the bound takes the spot's loss and, before the fill,
    both positions alone: 0.6 x spot + 0.4 x (spot + perpetual).
    """
    hedge = account("a", position("BTC-SPOT", 1.0), position("BTC-LIN", -100.0))
    close = replace(hedge, name="b", orders=(Order(market="BTC-LIN", quantity=100.0),))
    spot = account("c", position("BTC-SPOT", 1.0))
    sold = account("d", position("BTC-LIN", -100.0))
    asked = prepared(name).requirements(book(hedge, close, spot, sold)).initial
    both = 0.4 * asked[3] if name == "apart" else 0.0
    assert asked[1] == pytest.approx(max(asked[0], asked[2] + both), rel=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_orders_beside_isolated_positions_ask(name: str) -> None:
    aside = account("a", isolated("BTC-LIN", 10.0, 500.0))
    order = replace(aside, name="b", orders=(Order(market="BTC-LIN", quantity=10.0),))
    found = prepared(name).requirements(book(aside, order))
    assert found.initial[1] > found.initial[0] == 0.0


def test_many_orders_of_greeks_are_bounded_by_six_tried_and_the_rest_alone() -> None:
    """Ten sides: still no less than all combinations, and no more than the sum."""
    options = [m for m in INSTRUMENTS if m.startswith(("BTC-L-", "ETH-L-"))][:10]
    rng = np.random.default_rng(3)
    orders = tuple(Order(market=m, quantity=float(rng.normal() * 10.0)) for m in options)
    held = account("a", position("BTC-LIN", 15.0))
    person = replace(held, orders=orders)
    masks = [tuple(float(m >> i & 1) for i in range(10)) for m in range(0, 1024, 7)]
    some = [replace(filled(person, m)[0], name=f"f{n}") for n, m in enumerate(masks)]
    alone = [replace(account(f"o{n}"), orders=(o,)) for n, o in enumerate(orders)]
    for name in ("greeks", "together"):
        found = prepared(name).requirements(book(person, replace(held, name="p"), *some, *alone))
        asked = float(found.initial[0])
        assert found.initial[2 : 2 + len(some)].max() <= asked * (1.0 + 1e-12)
        whole = found.initial[1] + found.initial[2 + len(some) :].sum()
        assert asked <= whole * (1.0 + 1e-12)
