"""Broken dependence by hand: one BTC at 50,000 and twenty ETH at 2,500, both 50,000 dollars.

Two scenarios: both coins fall or rise by 10 %. The worst case of one leg alone is 5,000.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from coin_books import INSTRUMENTS, PRICING, SNAPSHOT, account, book, position, price_scenarios
from plimsoll.domain.account import Account, Order
from plimsoll.domain.scenario import Factor, ScenarioSet, equal_weights
from plimsoll.errors import UsageError
from plimsoll.margin.simulation import (
    PORTFOLIO,
    BrokenBetween,
    LossMeasure,
    SimulationMargin,
    SimulationParameters,
)

TWO = ScenarioSet(
    names=("fall", "rise"),
    factors=(Factor(subject="BTC"), Factor(subject="ETH")),
    shocks=np.array([[-0.1, -0.1], [0.1, 0.1]]),
    weights=equal_weights(2),
)
BTC, COINS, POSITIONS = position("BTC-LIN", 100.0), BrokenBetween.COINS, BrokenBetween.POSITIONS


def prepared(share: str, between: BrokenBetween = COINS, scenarios: ScenarioSet = TWO, **more: str):
    model = SimulationMargin(
        scenarios=scenarios,
        measure=LossMeasure.WORST_CASE,
        pricing=PRICING,
        broken_between=between,
    )
    values = {"standalone_floor": "0", "dependence_break": share} | more
    held = SimulationParameters(**{k: Decimal(v) for k, v in values.items()})
    return model.prepare(SNAPSHOT, {PORTFOLIO: held}, INSTRUMENTS)


def eth(quantity: float) -> Account:
    return account("pair", BTC, position("ETH-LIN", quantity))


BASIS = account("basis", position("BTC-SPOT", 1.0), position("BTC-LIN", -100.0))
CASES = [
    # Long and short as much: joint 0, each alone 5,000: 0.2 x 10,000
    (eth(-2_000.0), COINS, "0", 0.0),
    (eth(-2_000.0), COINS, "0.2", 2_000.0),
    (eth(-2_000.0), COINS, "1", 10_000.0),
    # Half hedged: joint 2,500, alone 5,000 + 2,500: 0.8 x 2,500 + 0.2 x 7,500
    (eth(-1_000.0), COINS, "0.2", 3_500.0),
    (eth(-1_000.0), POSITIONS, "0.2", 3_500.0),
    # Both long: nothing offsets, nothing is lifted
    (eth(2_000.0), COINS, "0.2", 10_000.0),
    # One coin bought spot and sold forward still offsets between coins, not between positions
    (BASIS, COINS, "1", 0.0),
    (BASIS, POSITIONS, "0.2", 2_000.0),
    # One BTC posted against 20 ETH sold: collateral stands with its coin, and is no position
    (account("coin", position("ETH-LIN", -2_000.0), BTC=1.0), COINS, "0.2", 2_000.0),
    (account("coin", position("ETH-LIN", -2_000.0), BTC=1.0), POSITIONS, "0.2", 1_000.0),
    # One BTC posted against 500 inverse contracts of 100 USD sold: dollars, in one coin
    (account("dollars", position("BTC-INV", -500.0), BTC=1.0), COINS, "1", 0.0),
]


@pytest.mark.parametrize(("person", "between", "share", "expected"), CASES)
def test_by_hand(person: Account, between: BrokenBetween, share: str, expected: float) -> None:
    found = prepared(share, between).requirements(book(person))
    assert found.maintenance[0] == pytest.approx(expected, abs=1e-8)
    assert found.initial[0] == pytest.approx(expected, abs=1e-8)


def test_the_lift_is_a_term_of_its_own_and_explained() -> None:
    """Half hedged: 2,500 of the measure and 1,000 by the break; the scenario stays named."""
    found = prepared("0.2").requirements(book(eth(-1_000.0)))
    assert [t.name for t in found.terms] == [
        "worst_case",
        "dependence",
        "floor",
        "link",
        "open_orders",
    ]
    assert found.terms[0].maintenance[0] == pytest.approx(2_500.0, rel=1e-12)
    assert found.terms[1].maintenance[0] == pytest.approx(1_000.0, rel=1e-12)
    (told,) = found.explanations("pair")
    assert told.binding.startswith("Worst case over fall")
    assert sum(t.maintenance for t in told.terms) == told.maintenance
    assert "dependence" not in {t.name for t in prepared("0").requirements(book(eth(1.0))).terms}


def test_the_floor_stands_above_the_broken_dependence() -> None:
    """0.5 x 10,000 is more than 0.2 x 10,000."""
    found = prepared("0.2", standalone_floor="0.5").requirements(book(eth(-2_000.0)))
    assert found.maintenance[0] == pytest.approx(5_000.0, rel=1e-12)
    assert found.binding_scenario is not None
    assert found.binding_scenario[0] == -1


def test_an_order_that_hedges_another_coin_asks_for_its_share() -> None:
    """Sold 20 ETH beside one BTC: joint 0 if filled, alone 10,000; without the fill 5,000.

    theta 0.6: filled 0.4 x 0 + 0.6 x 10,000 = 6,000. The bound takes the joint loss scenario by
    scenario, 5,000 on the fall, where the order gains, and 5,000 - 5,000 + 5,000 on neither:
    0.4 x 5,000 + 0.6 x 10,000 = 8,000.
    """
    person = replace(account("a", BTC), orders=(Order(market="ETH-LIN", quantity=-2_000.0),))
    asked = prepared("0.6").requirements(book(person))
    assert asked.maintenance[0] == pytest.approx(5_000.0, rel=1e-12)
    assert asked.initial[0] == pytest.approx(8_000.0, rel=1e-12)


@pytest.mark.parametrize("between", list(BrokenBetween))
def test_a_quanto_filled_beyond_its_mark_is_bounded(between: BrokenBetween) -> None:
    """What it loses at once is owed in another coin than the one it is of."""
    ready = prepared("0.5", between, price_scenarios(80))
    held = account("a", position("BTC-INV", 20.0), position("ETH-LIN", -300.0), USDC=9_000.0)
    mark = SNAPSHOT.quotes["ETH-QUANTO"].mark
    order = Order(market="ETH-QUANTO", quantity=3_000.0, price=1.2 * mark)
    filled = position("ETH-QUANTO", 3_000.0, 1.2 * mark)
    before, after = (
        ready.requirements(book(person))
        for person in (
            replace(held, orders=(order,)),
            replace(held, positions=(*held.positions, filled)),
        )
    )
    lost = before.equity[0] - after.equity[0]
    assert lost > 1_000.0
    assert before.initial[0] >= after.initial[0] + lost - 1e-8


def test_floors_are_refused_where_more_than_a_floor_lifts() -> None:
    ready = prepared("0", standalone_floor="0.2")
    np.testing.assert_allclose(ready.floors(book(BASIS)), 2_000.0, rtol=1e-12)
    with pytest.raises(UsageError, match="no floor stands for a broken dependence"):
        prepared("0.2").floors(book(BASIS))


def test_a_break_between_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="broken_between"):
        SimulationMargin(scenarios=TWO, broken_between="venues")  # type: ignore[arg-type]
