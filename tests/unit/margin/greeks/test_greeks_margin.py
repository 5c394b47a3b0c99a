"""The Greeks margin: closed forms, small moves of full revaluation, brute force over the grid."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from coin_books import (
    AT,
    DAYS,
    INSTRUMENTS,
    PRICING,
    SNAPSHOT,
    account,
    book,
    isolated,
    position,
    random_book,
)
from plimsoll.domain.account import Order
from plimsoll.domain.instrument import Option
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.requirement import total_of
from plimsoll.errors import ParameterError, UsageError
from plimsoll.margin.governed import governance
from plimsoll.margin.greeks import Correlations, GreeksMargin, GreeksParameters
from plimsoll.margin.greeks.scenario_bins import Moves, form_values
from plimsoll.scenarios.grid_rules import GridRules, VolSource
from plimsoll.scenarios.grid_table import grid_table, in_numeraire
from plimsoll.scenarios.risk_grid import RiskGrid, VolMove, VolRule

BTC = GreeksParameters(price_range=Decimal("0.16"))
ETH = GreeksParameters(price_range=Decimal("0.2"), maintenance_factor=Decimal("0.7"))
PARAMETERS = {"BTC": BTC, "ETH": ETH}
STEP = 1e-5
RHO = Correlations(underlyings=("BTC", "ETH"), matrix=np.array([[1.0, 0.8], [0.8, 1.0]]))


def prepared(correlations=None, parameters=None, pricing=PRICING, snapshot=SNAPSHOT, **more):
    model = GreeksMargin(pricing=pricing, correlations=correlations, **more)
    return model.prepare(snapshot, parameters or PARAMETERS, INSTRUMENTS)


def margins(ready, *accounts):
    found = ready.requirements(book(*accounts))
    return found.initial, found.maintenance


def test_one_linear_position_is_its_range() -> None:
    """100 x 0.01 BTC of 50,000 = 50,000 at 16 %: 8,000; the same for 50,000 USD inverse."""
    for sign in (1.0, -1.0):
        initial, maintenance = margins(
            prepared(),
            account("linear", position("BTC-LIN", 100.0 * sign)),
            account("inverse", position("BTC-INV", 500.0 * sign)),
            account("spot", position("BTC-SPOT", 1.0 * sign)),
            account("coin", BTC=1.0 * sign),
        )
        np.testing.assert_allclose(initial, 8_000.0, rtol=1e-12)
        np.testing.assert_allclose(maintenance, 6_400.0, rtol=1e-12)


@pytest.mark.parametrize("sides", [(1, 1), (1, -1), (-1, 1), (-1, -1)])
def test_linear_books_are_the_root_of_the_quadratic_form(sides) -> None:
    """sqrt(d' rho d) with d = 16 % of 50,000 and 20 % of 25,000; alone they add up."""
    one, two = position("BTC-LIN", 100.0 * sides[0]), position("ETH-LIN", 1_000.0 * sides[1])
    d = np.array([8_000.0 * sides[0], 5_000.0 * sides[1]])
    (initial,), _ = margins(prepared(RHO), account("a", one, two))
    assert initial == pytest.approx(np.sqrt(d @ RHO.matrix @ d), rel=1e-12)
    (initial,), (maintenance,) = margins(prepared(), account("a", one, two))
    assert initial == pytest.approx(13_000.0, rel=1e-12)
    assert maintenance == pytest.approx(0.8 * 8_000.0 + 0.7 * 5_000.0, rel=1e-12)
    # Beside a little of the other coin the first keeps its own factor.
    little = position("ETH-LIN", 1e-9 * sides[1])
    _, (dusty,) = margins(prepared(), account("a", one, little))
    assert dusty == pytest.approx(0.8 * 8_000.0, rel=1e-9)


def test_full_correlation_lets_a_hedge_across_coins_count_in_full() -> None:
    ones = Correlations(underlyings=("BTC", "ETH"), matrix=np.ones((2, 2)))
    hedge = account("a", position("BTC-LIN", 100.0), position("ETH-LIN", -1_600.0))
    bare = {c: replace(p, standalone_floor=Decimal(0)) for c, p in PARAMETERS.items()}
    equal = {c: replace(p, maintenance_factor=Decimal("0.7")) for c, p in bare.items()}
    assert margins(prepared(ones, equal), hedge)[0][0] == pytest.approx(0.0, abs=1e-9)
    # Factors 0.8 and 0.7 leave 0.1 of 8,000 to maintain, and initial margin is no less.
    (initial,), (maintenance,) = margins(prepared(ones, bare), hedge)
    assert (initial, maintenance) == pytest.approx((800.0, 800.0), rel=1e-12)
    # 100 x 0.01 x 50,000 x 16 % = 8,000 and 1,600 x 0.01 x 2,500 x 20 % = 8,000, a fifth of both
    assert margins(prepared(ones), hedge)[0][0] == pytest.approx(3_200.0, rel=1e-12)


def test_a_quanto_has_a_real_cross_gamma() -> None:
    """0.000001 BTC a dollar of ETH: 50,000 x 2,500 x 1e-6 = 125 USD per unit of x_ETH (1 + x_BTC).

    With correlation 1 the worst is a fall of both: 125 x 0.2 x (1 - 0.16) = 21 long, and short a
    rise of both: 125 x 0.2 x 1.16 = 29.
    """
    ones = Correlations(underlyings=("BTC", "ETH"), matrix=np.ones((2, 2)))
    initial, _ = margins(
        prepared(ones),
        account("long", position("ETH-QUANTO", 1.0)),
        account("short", position("ETH-QUANTO", -1.0)),
    )
    np.testing.assert_allclose(initial, [21.0, 29.0], rtol=1e-12)
    # Alone: 125 x 0.2 and the cross term at its worst, 125 x 0.2 x 0.16
    initial, _ = margins(prepared(), account("long", position("ETH-QUANTO", 1.0)))
    assert initial[0] == pytest.approx(25.0 + 4.0, rel=1e-12)


@pytest.mark.parametrize("numeraire", ["USD", "BTC"])
def test_forms_are_the_second_order_of_full_revaluation(numeraire: str) -> None:
    """Errors over moves of size h shrink with h^3: a tenth of the move, a thousandth of the error.

    The peer is the grid table at sticky strike, spot and volatility moved together.
    """
    pricing = replace(PRICING, numeraire=numeraire)
    ready = prepared(pricing=pricing)
    rule = VolRule(range_up=1.0, range_down=1.0)
    options = {
        m: i for m, i in INSTRUMENTS.items() if isinstance(i, Option) and i.pair.base == "BTC"
    }
    delta_one = {m: INSTRUMENTS[m] for m in ("BTC-INV", "BTC-LIN", "BTC-FUT", "BTC-SPOT")}
    held = {**delta_one, **options}
    at = [ready.rows.markets.index(m) for m in held]
    errors = []
    for h in (1e-2, 1e-3):
        x = h * np.array([1.0, -1.0, 0.5, 0.0, 1.0])
        y = h * np.array([1.0, 1.0, 0.0, 1.0, 0.0])
        grid = RiskGrid(
            names=tuple("abcde"),
            price_moves=x,
            vol_moves=tuple(VolMove.UP if u else VolMove.NONE for u in y),
            fraction=np.ones(5),
        )
        surface = GridRules(vol_source=VolSource.SURFACE)
        table = grid_table(held, SNAPSHOT, grid, replace(rule, range_up=h), rules=surface)
        marks = np.where(ready.rows.has_value[at], ready.rows.mark[at] * ready.rows.size[at], 0.0)
        coin = np.array([i.settle == "BTC" for i in held.values()])
        table = replace(table, value=marks, reason=table.reason)
        growth = np.where(coin[:, None], 1.0 + x, 1.0)
        price = np.where(coin, 50_000.0, 1.0)
        if numeraire == "BTC":
            growth, price = growth / (1.0 + x), price / 50_000.0
        profit = in_numeraire(table, price, growth - 1.0).profit
        zeros = np.zeros((5, 1))
        moves = Moves(spot=np.column_stack([x, zeros]), vol=np.column_stack([y, zeros]))
        value, _ = form_values(ready.forms, moves)
        errors.append(np.abs(value[at] - profit).max(axis=1))
        assert np.all(errors[-1] <= 60.0 * h**3 * np.abs(profit).max() / h)
    enough = errors[0] > 1e-9
    assert enough.sum() > 20
    assert np.all(errors[1][enough] <= 2e-3 * errors[0][enough] + 1e-9)


def test_one_coin_is_the_worst_point_of_the_grid() -> None:
    """Against `form_values` at every point; options of one coin and its futures."""
    ready = prepared(RHO)
    amounts = {"BTC-I-9-1.0-C": -40.0, "BTC-L-30-0.8-P": 25.0, "BTC-INV": 300.0}
    made = account("a", *(position(m, q) for m, q in amounts.items()))
    grid = ready.grid
    x, y = grid.spot * 0.16, np.where(grid.vol > 0, 0.5, -0.25) * np.abs(grid.vol)
    zeros = np.zeros_like(x)
    moves = Moves(spot=np.column_stack([x, zeros]), vol=np.column_stack([y, zeros]))
    values, _ = form_values(ready.forms, moves)
    losses = -sum(q * values[ready.rows.markets.index(m)] for m, q in amounts.items())
    found = prepared().requirements(book(made))
    assert found.initial[0] == pytest.approx(losses.max(), rel=1e-12)
    assert found.binding_scenario is not None
    assert found.binding_scenario[0] == int(np.argmax(losses))
    (told,) = found.explanations("a")
    np.testing.assert_allclose(told.scenarios[0].losses, losses, rtol=1e-9, atol=1e-9)
    together = ready.requirements(book(made))
    assert together.initial[0] >= losses.max() * (1.0 - 1e-12)
    (told,) = together.explanations("a")
    np.testing.assert_allclose(told.scenarios[1].losses, losses, rtol=1e-9, atol=1e-9)


def joint_losses(ready, held: dict[str, float], spot, shifts) -> np.ndarray:
    """(K, V) losses of a book at joint moves of spot (K, J) under every shift, by `form_values`."""
    grid = ready.grid
    found = []
    for shift in shifts:
        vol = np.where(shift > 0.0, shift * grid.up_range, shift * grid.down_range)
        moves = Moves(spot=spot, vol=np.tile(vol, (spot.shape[0], 1)))
        values, _ = form_values(ready.forms, moves)
        found.append(-sum(q * values[ready.rows.markets.index(m)] for m, q in held.items()))
    return np.stack(found, axis=1)


@pytest.mark.parametrize("seed", range(6))
def test_joint_moves_are_the_worst_of_the_ellipsoid(seed: int) -> None:
    """Against 40,000 points of the ellipse: never less than the worst, and 1e-4 above it at most.

    The nearest point is within 0.4 % of the radius, and around a maximum on the rim the loss falls
    with the square of the way along it; in the interior with the square both ways.
    """
    ready, rng = prepared(RHO), np.random.default_rng(seed)
    markets = [m for m in INSTRUMENTS if not m.endswith("QUANTO")]
    held = {m: float(rng.normal() * 20.0) for m in rng.choice(markets, 5, replace=False)}
    made = account("a", *(position(m, q) for m, q in held.items()))
    angle = np.linspace(0.0, 2.0 * np.pi, 1_600, endpoint=False)
    radius = np.linspace(0.0, 1.0, 25)
    ball = (radius[:, None, None] * np.stack([np.cos(angle), np.sin(angle)], -1)).reshape(-1, 2)
    spot = ball @ np.linalg.cholesky(RHO.matrix).T * ready.grid.spot_range
    found = ready.requirements(book(made))
    # Profit made so far with coin-settled contracts is coin held.
    coin = {
        c.market: c.quantity
        for c in found.explanations("a")[0].contributions
        if c.market.endswith("held")
    }
    losses = joint_losses(ready, held, spot, ready.grid.vol_shifts)
    losses += coin_losses(ready, coin, spot)[:, None]
    worst = max(float(losses.max()), 0.0)
    assert worst <= found.initial[0] * (1.0 + 1e-12) + 1e-9
    scale = np.abs(losses).max()
    assert found.initial[0] <= worst + 1e-4 * scale


def coin_losses(ready, held: dict[str, float], spot) -> np.ndarray:
    prices = {"BTC held": (0, 50_000.0), "ETH held": (1, 2_500.0)}
    total = np.zeros(spot.shape[0])
    for name, amount in held.items():
        coin, price = prices[name]
        total -= amount * price * spot[:, coin]
    return total


def test_vegas_of_two_coins_are_within_two_percent_of_the_root_of_the_form() -> None:
    """Straddles hedged in spot: what is left is vega, and the ellipse is tried in 16 steps."""
    ranges = {"vol_range_up": Decimal("0.2"), "vol_range_down": Decimal("0.2")}
    still = {c: replace(p, price_range=Decimal("0.01"), **ranges) for c, p in PARAMETERS.items()}
    ready = prepared(RHO, still)
    shifts = ready.grid.vol_shifts
    for e in ((1.0, -1.0), (1.0, -0.5), (1.0, 0.7), (-0.3, 1.0), (1.0, -0.83)):
        exact = float(np.sqrt(np.array(e) @ RHO.matrix @ np.array(e)))
        largest = float((shifts @ np.array(e)).max())
        assert 0.98 * exact <= largest <= exact * (1.0 + 1e-12)


def test_a_long_call_beside_another_coins_asks_no_more_than_both_alone() -> None:
    """What independent moves gain is counted: the sum of the legs is never passed."""
    ready = prepared(RHO)
    one, two = position("BTC-L-120-1.25-C", 300.0), position("ETH-L-120-1.25-C", 5_000.0)
    initial, _ = margins(ready, account("both", one, two), account("one", one), account("two", two))
    assert initial[0] <= (initial[1] + initial[2]) * (1.0 + 1e-12)
    assert initial[0] > max(initial[1], initial[2])


def test_short_straddles_lose_by_gamma_and_vega_and_long_ones_by_theta() -> None:
    decaying = {"BTC": replace(BTC, horizon_hours=Decimal(24)), "ETH": ETH}
    legs = [("BTC-L-30-1.0-C", 10.0), ("BTC-L-30-1.0-P", 10.0)]
    short = account("short", *(position(m, -q) for m, q in legs))
    long = account("long", *(position(m, q) for m, q in legs))
    found = prepared(parameters=decaying).requirements(book(short, long))
    terms = {t.name: t.initial for t in found.terms}
    assert terms["gamma"][0] > 0.0
    assert terms["vega"][0] > 0.0
    assert terms["theta"][0] < 0.0 < terms["theta"][1]
    assert found.initial[0] > found.initial[1] > 0.0


def test_terms_add_up_and_margins_are_ordered() -> None:
    floored = {k: replace(p, standalone_floor=Decimal("0.3")) for k, p in PARAMETERS.items()}
    for correlations in (None, RHO):
        for parameters in (PARAMETERS, floored):
            ready = prepared(correlations, parameters)
            found = ready.requirements(random_book(30, 5, seed=2))
            initial, maintenance = total_of(found.terms, len(found))
            np.testing.assert_array_equal(found.initial, initial)
            np.testing.assert_array_equal(found.maintenance, maintenance)
            assert np.all(initial >= maintenance)
            assert np.all(maintenance >= 0.0)


@pytest.mark.parametrize("correlations", [None, RHO])
def test_contributions_add_up_and_are_derivatives(correlations) -> None:
    ready = prepared(correlations)
    made = random_book(10, 5, seed=4)
    found, checked = ready.requirements(made), 0
    for unit, name in enumerate(made.accounts):
        (told,) = found.explanations(name)
        by_term = {t.name: t.maintenance for t in told.terms}
        for term in {c.of for c in told.contributions}:
            parts = sum(c.contribution for c in told.contributions if c.of == term)
            assert parts == pytest.approx(by_term[term], rel=1e-9, abs=1e-9 * told.maintenance)
        assert told.initial == found.initial[unit]
        person = made.account(name)
        for row, one in enumerate(person.positions):
            if not isinstance(INSTRUMENTS[one.market], Option):
                continue  # profit made so far would grow with the quantity
            moved = [_grown(ready, person, row, sign * STEP) for sign in (1.0, -1.0)]
            if any(m.binding_scenario[0] != found.binding_scenario[unit] for m in moved):
                continue
            slope = (moved[0].maintenance[0] - moved[1].maintenance[0]) / (2.0 * STEP)
            expected = sum(c.contribution for c in told.contributions if c.market == one.market)
            assert slope == pytest.approx(expected, rel=1e-5, abs=1e-3)
            checked += 1
    assert checked > 10


def _grown(ready, person, row: int, share: float):
    """Requirements with one position grown by a share."""
    held = list(person.positions)
    held[row] = replace(held[row], quantity=held[row].quantity * (1.0 + share))
    return ready.requirements(book(replace(person, positions=tuple(held))))


@pytest.mark.parametrize("name", list(governance(GreeksParameters)))
@pytest.mark.parametrize("side", ["lower", "upper"])
def test_each_parameter_at_its_bounds(name: str, side: str) -> None:
    rule = governance(GreeksParameters)[name]
    value = getattr(rule, side)
    found = prepared(RHO, {c: replace(p, **{name: value}) for c, p in PARAMETERS.items()})
    margin = found.requirements(random_book(6, 4))
    assert np.all(np.isfinite(margin.initial))
    assert np.all(margin.initial >= margin.maintenance)
    beyond = value + (Decimal("0.001") if side == "upper" else Decimal("-0.001"))
    with pytest.raises(ParameterError):
        replace(BTC, **{name: beyond})


def test_reasons_and_refusals() -> None:
    only = prepared(parameters={"BTC": BTC})
    found = only.requirements(
        book(
            account("eth", position("ETH-LIN", 1.0)),
            account("quanto", position("ETH-QUANTO", 1.0)),
            account("coin", position("BTC-LIN", 1.0), ETH=1.0),
            account("good", position("BTC-LIN", 1.0)),
            account("gone", position("NOBODY", 1.0)),
        )
    )
    assert found.parts.reason.tolist() == [
        MarginReason.NO_PARAMETERS,
        MarginReason.NO_PARAMETERS,
        0,
        0,
        MarginReason.UNKNOWN_INSTRUMENT,
    ]
    assert found.unit_reason is not None
    assert found.unit_reason[2] == MarginReason.NO_PARAMETERS
    assert np.isnan(found.initial).tolist() == [True, True, True, False, True]
    dark = prepared(snapshot=replace(SNAPSHOT, surfaces={}))
    lost = dark.requirements(book(account("o", position("BTC-I-30-1.0-C", 1.0))))
    assert lost.parts.reason[0] == MarginReason.NO_FORWARD
    with pytest.raises(UsageError, match="must have correlations"):
        prepared(Correlations(underlyings=("BTC",), matrix=np.ones((1, 1))))
    with pytest.raises(ParameterError, match="eigenvalue"):
        Correlations(underlyings=("BTC", "ETH"), matrix=np.array([[1.0, 1.1], [1.1, 1.0]]))
    with pytest.raises(UsageError, match="must have parameters"):
        prepared(parameters={"BTC": BTC}, pricing=replace(PRICING, numeraire="ETH"))
    with pytest.raises(ParameterError, match="price_points"):
        prepared(price_points=(1.5,))


def test_isolated_units_and_wrong_way_collateral() -> None:
    """2 BTC behind 50,000 USD of inverse: 16 % of 150,000; isolated it stands alone."""
    initial, _ = margins(
        prepared(),
        account("cross", position("BTC-INV", 500.0), BTC=2.0),
        account("apart", isolated("BTC-INV", 500.0, 0.5), BTC=2.0),
    )
    np.testing.assert_allclose(initial, [24_000.0, 16_000.0, 12_000.0], rtol=1e-12)
    held = prepared(collateral_moves=False)
    initial, _ = margins(held, account("cross", position("BTC-INV", 500.0), BTC=2.0))
    assert initial[0] == pytest.approx(8_000.0, rel=1e-12)
    assert (AT, DAYS[0]) == (SNAPSHOT.at_ns, 9)


@pytest.mark.parametrize("correlations", [None, RHO])
def test_open_orders_bound_the_worst_of_fills(correlations) -> None:
    """The loss is sublinear in the positions, so orders alone bound any set of fills."""
    ready = prepared(correlations)
    orders = (
        Order(market="BTC-LIN", quantity=50.0),
        Order(market="ETH-INV", quantity=-400.0),
        Order(market="BTC-I-30-1.0-C", quantity=-9.0),
    )
    held = account("a", position("ETH-LIN", 800.0), USD=5_000.0)
    asked = ready.requirements(book(replace(held, orders=orders)))
    assert asked.maintenance[0] == ready.requirements(book(held)).maintenance[0]
    for mask in range(8):
        fills = [position(o.market, o.quantity) for i, o in enumerate(orders) if mask >> i & 1]
        filled = ready.requirements(book(replace(held, positions=(*held.positions, *fills))))
        assert filled.initial[0] <= asked.initial[0] + 1e-6
    unknown = replace(held, orders=(Order(market="NOBODY", quantity=1.0),))
    assert np.isnan(ready.requirements(book(unknown)).initial[0])
