"""Unit losses and their tails against numpy's sums and `plimsoll.measures`."""

from __future__ import annotations

import numpy as np
import pytest

from plimsoll.margin.joint.loss_measure import LossMeasure, measured, tail_of
from plimsoll.maths.unit_losses import (
    ProfitRows,
    UnitExposures,
    UnitFills,
    UnitTails,
    no_fills,
    unit_tails,
    unit_tails_parallel,
)
from plimsoll.measures import (
    expected_shortfall,
    exponential_spectrum,
    spectral,
    value_at_risk,
)


def _case(scenarios: int, weighted: bool, seed: int = 3, ties: bool = False):
    rng = np.random.default_rng(seed)
    units, rows, coins = 23, 40, 3
    counts = rng.integers(0, 9, units)
    counts[0] = 0
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    table = rng.standard_t(3, (rows, scenarios))
    if ties:
        table = np.round(table)
    weights = rng.random(scenarios) if weighted else np.full(scenarios, 1.0 / scenarios)
    if weighted:
        weights[rng.integers(0, scenarios, scenarios // 5)] = 0.0
    quantity = np.round(rng.normal(size=offsets[-1]) * 3) if ties else rng.normal(size=offsets[-1])
    exposures = UnitExposures(
        offsets,
        rng.integers(0, rows, offsets[-1]),
        quantity,
        np.where(rng.random((units, coins)) < 0.5, 0.0, np.round(rng.normal(size=(units, coins)))),
    )
    currency = (
        np.round(rng.normal(size=(coins, scenarios)))
        if ties
        else rng.normal(size=(coins, scenarios))
    )
    return exposures, ProfitRows(table, currency, weights / weights.sum())


def _losses(exposures: UnitExposures, rows: ProfitRows) -> np.ndarray:
    unit = np.repeat(np.arange(exposures.offsets.size - 1), np.diff(exposures.offsets))
    out = -exposures.holdings @ rows.currency
    np.add.at(out, unit, -exposures.quantity[:, None] * rows.instrument[exposures.row])
    return out


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("scenarios", [1, 33, 128, 257, 500, 1000])
def test_against_the_measures(scenarios: int, weighted: bool, ties: bool) -> None:
    """Tolerance 1e-12 of the largest loss: other orders of summation."""
    exposures, rows = _case(scenarios, weighted and scenarios > 10, ties=ties)
    losses, weights = _losses(exposures, rows), rows.weights
    atol = 1e-12 * np.abs(losses).max()
    for levels in ((0.99, 0.95), (0.975, 0.6), (0.9999, 0.5)):
        var = measured(LossMeasure.VALUE_AT_RISK, levels, exposures, rows)
        shortfall = measured(LossMeasure.EXPECTED_SHORTFALL, levels, exposures, rows)
        for k, level in enumerate(levels):
            expected = [value_at_risk(x, level, weights=weights).value for x in losses]
            np.testing.assert_allclose(var.value[:, k], expected, rtol=0, atol=atol)
            at_scenario = losses[np.arange(losses.shape[0]), var.scenario[:, k]]
            np.testing.assert_allclose(at_scenario, expected, rtol=0, atol=atol)
            expected = [expected_shortfall(x, level, weights=weights).value for x in losses]
            np.testing.assert_allclose(shortfall.value[:, k], expected, rtol=0, atol=atol)
    for aversion in ((50.0, 2.0), (1000.0, 400.0)):
        found = measured(LossMeasure.SPECTRAL, aversion, exposures, rows)
        for k, a in enumerate(aversion):
            spectrum = exponential_spectrum(a)
            expected = [spectral(x, spectrum, weights=weights).value for x in losses]
            np.testing.assert_allclose(found.value[:, k], expected, rtol=0, atol=10 * atol)
    worst = measured(LossMeasure.WORST_CASE, (0.0, 0.0), exposures, rows)
    if not weighted or scenarios <= 10:
        np.testing.assert_allclose(worst.value[:, 0], losses.max(axis=1), rtol=0, atol=atol)
    np.testing.assert_array_equal(worst.value[:, 0], worst.value[:, 1])


def test_the_worst_case_counts_scenarios_without_weight() -> None:
    rng = np.random.default_rng(5)
    table = rng.normal(size=(1, 300))
    table[0, 117] = -100.0
    weights = rng.random(300)
    weights[117] = 0.0
    exposures = UnitExposures(np.array([0, 1]), np.array([0]), np.ones(1), np.zeros((1, 0)))
    rows = ProfitRows(table, np.zeros((0, 300)), weights / weights.sum())
    found = measured(LossMeasure.WORST_CASE, (0.0, 0.0), exposures, rows)
    assert (found.value[0, 0], found.scenario[0, 0]) == (100.0, 117)


def test_parallel_runs_give_the_same_bits() -> None:
    exposures, rows = _case(1000, weighted=True)
    units = exposures.offsets.size - 1
    out = [UnitTails(np.empty((units, 2)), np.empty((units, 2), dtype=np.int64)) for _ in range(2)]
    for kernel, one in zip((unit_tails, unit_tails_parallel), out, strict=True):
        levels, orders = np.array([0.99, 0.9]), no_fills(units)
        kernel(LossMeasure.EXPECTED_SHORTFALL.code, levels, exposures, orders, rows, one)
    np.testing.assert_array_equal(out[0].value, out[1].value)
    np.testing.assert_array_equal(out[0].scenario, out[1].scenario)


@pytest.mark.parametrize("measure", list(LossMeasure))
def test_fills_count_where_they_lose(measure: LossMeasure) -> None:
    """Against numpy: every order's loss cut off at 0, added, and the measure of the sum."""
    exposures, rows = _case(300, weighted=True)
    rng, units = np.random.default_rng(8), exposures.offsets.size - 1
    counts = rng.integers(0, 4, units)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    count = int(offsets[-1])
    fills = UnitFills(
        offsets,
        rng.integers(0, rows.instrument.shape[0], count),
        rng.normal(size=count),
        rng.integers(0, rows.currency.shape[0], count),
        rng.normal(size=count),
        np.maximum(rng.normal(size=count), 0.0),
    )
    losses = _losses(exposures, rows)
    owner = np.repeat(np.arange(units), counts)
    each = (
        fills.lost[:, None]
        - fills.quantity[:, None] * rows.instrument[fills.row]
        + np.maximum(fills.paid[:, None] * rows.currency[fills.currency], 0.0)
    )
    np.add.at(losses, owner, np.maximum(each, 0.0))
    level = 80.0 if measure is LossMeasure.SPECTRAL else 0.97
    found = measured(measure, (level, level), exposures, rows, fills=fills).value[:, 0]
    for unit, loss in enumerate(losses):
        scenarios, shares = tail_of(measure, level, loss, rows.weights)
        assert found[unit] == pytest.approx(shares @ loss[scenarios], rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("measure", list(LossMeasure))
def test_shares_of_the_tail_add_up_to_one_and_to_the_measure(measure: LossMeasure) -> None:
    exposures, rows = _case(400, weighted=True)
    losses = _losses(exposures, rows)
    level = 80.0 if measure is LossMeasure.SPECTRAL else 0.97
    found = measured(measure, (level, level), exposures, rows).value[:, 0]
    for unit, loss in enumerate(losses):
        scenarios, shares = tail_of(measure, level, loss, rows.weights)
        assert shares.sum() == pytest.approx(1.0, abs=1e-13)
        assert shares @ loss[scenarios] == pytest.approx(found[unit], rel=1e-12, abs=1e-12)
        assert np.all(np.diff(loss[scenarios]) <= 0.0)
