"""Tails of equally likely scenarios against those of weights: other searches, the same bits.

A further scenario without weight, in which every unit gains more than in any other, changes no
measure but takes the search of unequal weights.
"""

from __future__ import annotations

import numpy as np
import pytest

from plimsoll.margin.joint.loss_measure import LossMeasure, measured
from plimsoll.maths.equal_tails import equally_likely
from plimsoll.maths.unit_losses import ProfitRows, UnitExposures, UnitFills

UNITS, ROWS, COINS = 40, 30, 2
LEVELS = {
    LossMeasure.VALUE_AT_RISK: ((0.99, 0.95), (0.6, 0.999)),
    LossMeasure.EXPECTED_SHORTFALL: ((0.99, 0.975), (0.5, 0.9999)),
    LossMeasure.SPECTRAL: ((50.0, 2.0),),
    LossMeasure.WORST_CASE: ((0.0, 0.0),),
}


def _units(rng: np.random.Generator, whole: bool) -> tuple[UnitExposures, UnitFills]:
    count = UNITS * 3
    quantity, held = rng.normal(size=count), rng.normal(size=(UNITS, COINS))
    if whole:  # many equal losses
        quantity, held = np.round(quantity), np.round(held)
    orders = np.concatenate([[0], np.cumsum(rng.integers(0, 3, UNITS))])
    size = int(orders[-1])
    fills = UnitFills(
        orders,
        rng.integers(0, ROWS, size),
        rng.normal(size=size),
        rng.integers(0, COINS, size),
        rng.normal(size=size),
        np.maximum(rng.normal(size=size), 0.0),
    )
    held = np.column_stack([held, np.ones(UNITS)])  # of what gains in the further scenario alone
    return UnitExposures(
        np.arange(UNITS + 1) * 3, rng.integers(0, ROWS, count), quantity, held
    ), fills


def _rows(rng: np.random.Generator, scenarios: int, whole: bool) -> tuple[ProfitRows, ProfitRows]:
    table = rng.standard_t(3, (ROWS, scenarios))
    coins = np.vstack([rng.normal(size=(COINS, scenarios)), np.zeros(scenarios)])
    if whole:
        table, coins = np.round(table), np.round(coins)
    weights = np.full(scenarios, 1.0 / scenarios)
    gain = np.array([0.0] * COINS + [1e9])
    longer = ProfitRows(
        np.column_stack([table, np.zeros(ROWS)]),
        np.column_stack([coins, gain]),
        np.append(weights, 0.0),
    )
    return ProfitRows(table, coins, weights), longer


@pytest.mark.parametrize("ordering", [False, True])
@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("scenarios", [2, 33, 97, 129, 250, 500, 1000])
def test_equal_weights_are_weights(scenarios: int, whole: bool, ordering: bool) -> None:
    rng = np.random.default_rng(scenarios)
    exposures, fills = _units(rng, whole)
    equal, longer = _rows(rng, scenarios, whole)
    assert equally_likely(equal.weights)
    assert not equally_likely(longer.weights)
    asked = fills if ordering else None
    for measure, pairs in LEVELS.items():
        for levels in pairs:
            found = measured(measure, levels, exposures, equal, fills=asked)
            peer = measured(measure, levels, exposures, longer, fills=asked)
            np.testing.assert_array_equal(found.value, peer.value, err_msg=measure)
            np.testing.assert_array_equal(found.scenario, peer.scenario, err_msg=measure)


def test_the_scenario_told_has_the_loss() -> None:
    """Value-at-risk is the loss of its scenario; of equal losses the later ones are the worse."""
    table = np.array([[-1.0, -5.0, -5.0, 2.0, -5.0, 0.0]])
    exposures = UnitExposures(np.array([0, 1]), np.array([0]), np.ones(1), np.zeros((1, 0)))
    rows = ProfitRows(table, np.zeros((0, 6)), np.full(6, 1.0 / 6.0))
    for confidence, scenario in ((0.9, 4), (0.8, 2), (0.6, 1), (0.4, 0)):
        found = measured(LossMeasure.VALUE_AT_RISK, (confidence, confidence), exposures, rows)
        assert found.scenario.tolist() == [[scenario, scenario]]
        assert found.value[0, 0] == -table[0, scenario]
