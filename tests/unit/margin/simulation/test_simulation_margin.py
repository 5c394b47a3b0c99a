"""The simulation margin against the measures of brute-force losses; floors, reasons, orders."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from coin_books import (
    INSTRUMENTS,
    PRICING,
    SNAPSHOT,
    account,
    book,
    isolated,
    position,
    price_scenarios,
    random_book,
)
from plimsoll.domain.account import Order
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.parameters import parameter_set
from plimsoll.domain.requirement import total_of
from plimsoll.errors import ParameterError, UsageError
from plimsoll.margin.governed import governance, to_parameters
from plimsoll.margin.simulation import (
    PORTFOLIO,
    LossMeasure,
    SimulationMargin,
    SimulationParameters,
)
from plimsoll.maths.unit_losses import UnitTails
from plimsoll.measures import expected_shortfall, exponential_spectrum, spectral, value_at_risk

SCENARIOS = price_scenarios(300, weighted=True)
PARAMETERS = SimulationParameters()


def prepared(measure=LossMeasure.EXPECTED_SHORTFALL, scenarios=SCENARIOS, **parameters):
    model = SimulationMargin(scenarios=scenarios, measure=measure, pricing=PRICING)
    held = SimulationParameters(**{k: Decimal(v) for k, v in parameters.items()})
    return model.prepare(SNAPSHOT, {PORTFOLIO: held}, INSTRUMENTS)


def brute_losses(ready, made) -> np.ndarray:
    """(A, S) from the table, position by position, in Python."""
    table, out = ready.table, np.zeros((len(made), len(ready.table.scenarios)))
    for a, name in enumerate(made.accounts):
        person = made.account(name)
        for p in person.positions:
            row = table.rows.markets.index(p.market)
            out[a] -= p.quantity * table.profit[row]
            if not table.rows.has_value[row]:
                size, mark = table.rows.size[row], table.rows.mark[row]
                inverse = table.rows.payoff[row] == 1
                made_so_far = (
                    p.quantity
                    * size
                    * (1 / p.entry_price - 1 / mark if inverse else mark - p.entry_price)
                )
                coin = table.currency(table.rows.instruments[row].settle)
                out[a] -= made_so_far * table.currency_profit[coin]
        for coin_name, amount in person.collateral.items():
            out[a] -= amount * table.currency_profit[table.currency(coin_name)]
    return out


@pytest.mark.parametrize("measure", list(LossMeasure))
def test_against_brute_force(measure: LossMeasure) -> None:
    ready, made = prepared(measure, standalone_floor="0"), random_book(8, 6)
    losses, weights = brute_losses(ready, made), SCENARIOS.weights
    measures = {
        LossMeasure.VALUE_AT_RISK: lambda x, c, _: value_at_risk(x, c, weights=weights).value,
        LossMeasure.EXPECTED_SHORTFALL: lambda x, c, _: (
            expected_shortfall(x, c, weights=weights).value
        ),
        LossMeasure.SPECTRAL: lambda x, _, k: (
            spectral(x, exponential_spectrum(k), weights=weights).value
        ),
        LossMeasure.WORST_CASE: lambda x, *_: x.max(),
    }
    found = ready.requirements(made)
    initial = [max(measures[measure](x, 0.99, 100.0), 0.0) for x in losses]
    maintenance = [max(measures[measure](x, 0.975, 50.0), 0.0) for x in losses]
    scale = np.abs(losses).max()
    np.testing.assert_allclose(found.initial, initial, rtol=0, atol=1e-11 * scale)
    np.testing.assert_allclose(found.maintenance, maintenance, rtol=0, atol=1e-11 * scale)
    assert min(initial) > 0.0


def test_terms_add_up_to_the_bit_and_initial_is_never_below_maintenance() -> None:
    found = prepared(standalone_floor="0.4", maintenance_to_initial="0.7").requirements(
        random_book(40, 4)
    )
    initial, maintenance = total_of(found.terms, len(found))
    np.testing.assert_array_equal(found.initial, initial)
    np.testing.assert_array_equal(found.maintenance, maintenance)
    assert np.all(found.initial >= found.maintenance / 0.7 * (1 - 1e-15))
    assert np.all(found.maintenance >= 0.0)


def test_hedged_book_meets_the_floor() -> None:
    """Spot against the perpetual: nothing to lose, so a fifth of both stand-alone margins."""
    made = book(
        account("hedged", position("BTC-SPOT", 2.0), position("BTC-LIN", -200.0)),
        account("spot", position("BTC-SPOT", 2.0)),
        account("short", position("BTC-LIN", -200.0)),
    )
    bare = prepared(standalone_floor="0").requirements(made)
    assert bare.initial[0] == pytest.approx(0.0, abs=1e-6)
    floored = prepared().requirements(made)
    alone = bare.maintenance[1] + bare.maintenance[2]
    assert floored.maintenance[0] == pytest.approx(0.2 * alone, rel=1e-9)
    assert floored.binding_scenario is not None
    assert floored.binding_scenario[0] == -1
    assert floored.explanations("hedged")[0].binding == "the floor"
    np.testing.assert_allclose(floored.initial[1:], bare.initial[1:], rtol=1e-12)


@pytest.mark.parametrize("name", list(governance(SimulationParameters)))
@pytest.mark.parametrize("side", ["lower", "upper"])
def test_each_parameter_at_its_bounds(name: str, side: str) -> None:
    """A book computes there, IM >= MM >= 0, and one place beyond is refused."""
    rule = governance(SimulationParameters)[name]
    value = getattr(rule, side)
    twin = name.replace("initial_", "maintenance_") if name.startswith("initial") else None
    values = {name: str(value)} | ({twin: str(value)} if twin and side == "lower" else {})
    if name in ("maintenance_confidence", "maintenance_aversion") and side == "upper":
        values[name.replace("maintenance", "initial")] = str(value)
    measure = LossMeasure.SPECTRAL if "aversion" in name else LossMeasure.EXPECTED_SHORTFALL
    found = prepared(measure, **values).requirements(random_book(5, 4))
    assert np.all(found.initial >= found.maintenance)
    assert np.all(found.maintenance >= 0.0)
    beyond = value + (Decimal("0.0001") if side == "upper" else Decimal("-0.0001"))
    with pytest.raises(ParameterError):
        SimulationParameters(**{name: beyond})


def test_a_maintenance_level_above_the_initial_one_is_refused() -> None:
    with pytest.raises(ParameterError, match="at most initial_confidence"):
        SimulationParameters(maintenance_confidence=Decimal("0.995"))


def test_parameters_come_from_a_set_or_a_mapping() -> None:
    held = parameter_set(
        venue="v",
        valid_from="2026-01-01T00:00:00Z",
        parameters=to_parameters(PARAMETERS, PORTFOLIO, owner="risk"),
        seed=0,
        data_digest="",
        problem_digest="",
        code_version="",
        label="SYNTHETIC",
    )
    model = SimulationMargin(scenarios=SCENARIOS, pricing=PRICING)
    made = random_book(3, 3)
    from_set = model.prepare(SNAPSHOT, held, INSTRUMENTS).requirements(made)
    np.testing.assert_array_equal(from_set.initial, prepared().requirements(made).initial)
    with pytest.raises(UsageError, match="PORTFOLIO"):
        model.prepare(SNAPSHOT, {"BTC": PARAMETERS}, INSTRUMENTS)


def test_one_bad_account_never_sinks_the_book() -> None:
    good = account("good", position("BTC-LIN", 1.0), USD=10.0)
    bad = [
        account("unknown", position("DOGE-PERP", 1.0)),
        account("nan", position("BTC-LIN", float("nan"))),
        account("ordering", position("BTC-LIN", 1.0)),
    ]
    ordering = replace(bad[2], orders=(Order(market="DOGE-PERP", quantity=1.0),))
    alone = prepared().requirements(book(good))
    found = prepared().requirements(book(good, *bad[:2], ordering))
    assert found.initial[0] == alone.initial[0]
    assert np.isnan(found.initial[1:]).all()
    assert np.isnan(found.maintenance[1:]).all()
    assert found.parts.reason.tolist()[1:3] == [
        MarginReason.UNKNOWN_INSTRUMENT,
        MarginReason.NO_QUANTITY,
    ]
    assert found.unit_reason is not None
    assert found.unit_reason[3] == MarginReason.UNKNOWN_INSTRUMENT


def test_open_orders_bound_the_worst_of_fills() -> None:
    """Measures are monotone: no set of fills asks for more than the orders did."""
    orders = (
        Order(market="BTC-LIN", quantity=50.0, price=49_000.0),
        Order(market="ETH-INV", quantity=-400.0, price=None),
        Order(market="BTC-I-30-1.0-C", quantity=-9.0, price=0.05),
    )
    held = account("a", position("ETH-LIN", 800.0), USD=5_000.0)
    ready = prepared()
    asked = ready.requirements(book(replace(held, orders=orders)))
    for mask in range(8):
        fills = [o for i, o in enumerate(orders) if mask >> i & 1]
        after = [position(o.market, o.quantity, o.price) for o in fills]
        filled = ready.requirements(book(replace(held, positions=(*held.positions, *after))))
        assert filled.initial[0] <= asked.initial[0] + 1e-6
    plain = ready.requirements(book(held))
    assert asked.maintenance[0] == plain.maintenance[0]
    # An order above the market loses 100 points of 0.01 BTC at once: 50 x 0.01 x 1,000 = 500
    worse = replace(held, orders=(Order(market="BTC-LIN", quantity=50.0, price=51_000.0),))
    better = replace(held, orders=(Order(market="BTC-LIN", quantity=50.0, price=50_000.0),))
    gap = [ready.requirements(book(x)).initial[0] for x in (worse, better)]
    assert gap[0] - gap[1] == pytest.approx(500.0, rel=1e-9)


class PlainTails:
    """A kernel in plain numpy, unit by unit: another one behind the same seam."""

    def tails(self, kind, levels, exposures, fills, rows):
        units = exposures.offsets.size - 1
        out = UnitTails(np.zeros((units, 2)), np.zeros((units, 2), dtype=np.int64))
        for u in range(units):
            held = slice(exposures.offsets[u], exposures.offsets[u + 1])
            loss = -exposures.quantity[held] @ rows.instrument[exposures.row[held]]
            loss = loss - exposures.holdings[u] @ rows.currency
            for o in range(fills.offsets[u], fills.offsets[u + 1]):
                cash = np.maximum(fills.paid[o] * rows.currency[fills.currency[o]], 0.0)
                lost = fills.lost[o] - fills.quantity[o] * rows.instrument[fills.row[o]]
                loss = loss + np.maximum(lost + cash, 0.0)
            assert kind == LossMeasure.WORST_CASE.code
            out.value[u], out.scenario[u] = loss.max(), int(np.argmax(loss))
        return out


def test_another_kernel_drops_in_behind_the_seam() -> None:
    made = random_book(6, 4, seed=12)
    person = replace(
        made.account("a0"),
        name="ordering",
        orders=(
            Order(market="BTC-LIN", quantity=30.0, price=51_000.0),
            Order(market="BTC-I-30-1.0-C", quantity=-40.0),
        ),
    )
    with_orders = book(*(made.account(a) for a in made.accounts), person)
    model = SimulationMargin(scenarios=SCENARIOS, measure=LossMeasure.WORST_CASE, pricing=PRICING)
    own = {PORTFOLIO: PARAMETERS}
    one, other = (
        m.prepare(SNAPSHOT, own, INSTRUMENTS).requirements(with_orders)
        for m in (model, replace(model, kernel=PlainTails()))
    )
    scale = float(one.initial.max())
    np.testing.assert_allclose(one.initial, other.initial, rtol=0, atol=1e-12 * scale)
    np.testing.assert_allclose(one.maintenance, other.maintenance, rtol=0, atol=1e-12 * scale)
    np.testing.assert_array_equal(one.binding_scenario, other.binding_scenario)
    assert one.initial[-1] > one.initial[0]


def test_isolated_positions_are_units_of_their_own() -> None:
    long = position("BTC-LIN", 10.0)
    made = book(account("a", long, isolated("BTC-INV", -20.0, 0.01), USD=100.0))
    found = prepared().requirements(made)
    alone = prepared().requirements(book(account("b", long, USD=100.0)))
    assert len(found) == 2
    assert found.initial[0] == pytest.approx(alone.initial[0], rel=1e-12)
    assert found.initial[1] > 0.0


def test_explanations_add_up() -> None:
    made = random_book(6, 5, seed=3)
    for measure in LossMeasure:
        found = prepared(measure).requirements(made)
        for unit, name in enumerate(made.accounts):
            (told,) = found.explanations(name)
            assert told.initial == found.initial[unit]
            assert told.maintenance == found.maintenance[unit]
            assert told.equity == pytest.approx(found.equity[unit], rel=1e-13)
            parts = sum(c.contribution for c in told.contributions)
            term = next(t for t in told.terms if t.name == measure.value)
            assert parts == pytest.approx(term.maintenance, rel=1e-10)
            (losses,) = told.scenarios
            if losses.binding is not None:
                assert losses.names[losses.binding] in told.binding
                assert found.binding_scenario is not None
                assert losses.binding == found.binding_scenario[unit]


def test_a_thin_tail_is_said() -> None:
    """100 equal scenarios: one in the 99 % tail, two and a half in the 97.5 % one."""
    ready = prepared(scenarios=price_scenarios(100))
    (told,) = ready.requirements(random_book(1, 3)).explanations("a0")
    assert "initial tail holds 1.0 effective" in told.notes[1]
    assert "maintenance tail holds 2.5 effective" in told.notes[2]


def test_an_empty_account_needs_nothing() -> None:
    found = prepared(standalone_floor="0.2").requirements(book(account("empty", USD=5.0)))
    assert (found.initial[0], found.maintenance[0]) == (0.0, 0.0)


def test_a_unit_without_a_number_is_explained_by_its_reason() -> None:
    bad = account("bad", position("ETH-LIN", float("nan")), position("BTC-LIN", 1.0))
    found = prepared().requirements(book(bad))
    (told,) = found.explanations("bad")
    assert np.isnan([told.initial, told.maintenance, told.equity]).all()
    assert all(np.isnan(term.initial) for term in told.terms)
    assert told.notes == ("ETH-LIN: the position's size is not a number",)
