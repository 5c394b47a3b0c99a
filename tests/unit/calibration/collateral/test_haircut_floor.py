"""How far a class speaks for an asset: weights of partial pooling, and who bears all of a floor."""

from __future__ import annotations

import numpy as np
import pytest

from plimsoll.calibration.collateral.floor import (
    FloorPolicy,
    FloorRule,
    class_share,
    class_share_path,
    sampling_variance,
    worst_of_class,
)
from plimsoll.calibration.collateral.haircut import log_risk_of
from plimsoll.errors import ParameterError, UsageError

POOLED = FloorRule(policy=FloorPolicy.POOLED)
RISK = np.array([0.05, 0.09, 0.10, 0.12, 0.30, 0.08])
DAYS = np.array([1500.0, 1500.0, 700.0, 1500.0, 400.0, 900.0])
ADV = np.full(6, 1e9)
CLASSES = ("coin",) * 6


def test_the_weight_is_that_of_partial_pooling() -> None:
    """B = v / (v + tau^2): with one tau for all, 1/B - 1 goes as the days."""
    found = class_share(RISK, DAYS, ADV, CLASSES, POOLED)
    odds = (1.0 / found.weight - 1.0) / DAYS
    np.testing.assert_allclose(odds, odds[0], rtol=1e-9)
    assert bool(np.all((found.weight > 0.0) & (found.weight < 0.5)))
    # Alike assets leave little spread: their class speaks for more of each.
    alike = class_share(np.full(6, 0.1) * (1 + 0.01 * np.arange(6)), DAYS, ADV, CLASSES, POOLED)
    assert bool(np.all(alike.weight > found.weight))


def test_nobody_falls_below_himself_and_the_calm_rise_toward_their_class() -> None:
    found = class_share(RISK, DAYS, ADV, CLASSES, POOLED)
    assert bool(np.all(found.log_risk >= RISK))
    assert found.log_risk[0] > RISK[0]
    assert found.log_risk[4] == RISK[4]


@pytest.mark.parametrize("place", range(6))
def test_the_young_the_illiquid_and_the_unknown_bear_all_of_the_floor(place: int) -> None:
    for days, adv in ((100.0, 1e9), (1500.0, 1e6), (np.nan, 1e9), (1500.0, np.nan)):
        seen, traded = DAYS.copy(), ADV.copy()
        seen[place], traded[place] = days, adv
        found = class_share(RISK, seen, traded, CLASSES, POOLED)
        assert found.weight[place] == 1.0
        assert bool(np.all(np.delete(found.weight, place) < 1.0))
    nothing = RISK.copy()
    nothing[place] = np.nan
    found = class_share(nothing, DAYS, ADV, CLASSES, POOLED)
    assert found.weight[place] == 1.0
    assert np.isnan(found.log_risk[place])


def test_the_class_policy_and_too_few_assets_leave_the_floor_whole() -> None:
    for rule, count in ((FloorRule(), 6), (POOLED, 2)):
        found = class_share(RISK[:count], DAYS[:count], ADV[:count], CLASSES[:count], rule)
        assert found.weight.tolist() == [1.0] * count
        np.testing.assert_array_equal(found.log_risk, RISK[:count])


def test_neither_order_nor_what_comes_later_matters() -> None:
    order = np.random.default_rng(1).permutation(6)
    plain = class_share(RISK, DAYS, ADV, CLASSES, POOLED)
    other = class_share(RISK[order], DAYS[order], ADV, CLASSES, POOLED)
    np.testing.assert_allclose(other.weight, plain.weight[order], rtol=1e-6)
    draw = np.random.default_rng(2)
    risk = 0.1 * np.exp(0.3 * draw.standard_normal((60, 6)))
    days = 300.0 + np.arange(60.0)[:, None] + DAYS[None, :]
    path = class_share_path(risk, days, ADV, CLASSES, POOLED)
    later = np.arange(60)[:, None] >= 40
    wild = class_share_path(np.where(later, 9.0 * risk, risk), days, ADV, CLASSES, POOLED)
    np.testing.assert_array_equal(path.weight[:40], wild.weight[:40])
    np.testing.assert_array_equal(path.log_risk[:40], wild.log_risk[:40])
    now = class_share(risk[35], days[35], ADV, CLASSES, POOLED)
    np.testing.assert_allclose(path.weight[35], now.weight, rtol=1e-12)


def test_an_asset_without_any_risk_at_the_review_is_left_as_it_is() -> None:
    """A price that stood still, and one that was not there: no division, and no number made."""
    risk = np.tile(RISK, (10, 1))
    risk[:, 1], risk[:, 2] = 0.0, np.nan
    risk[5:, 1:3] = 0.2
    found = class_share_path(risk, np.tile(DAYS, (10, 1)), ADV, CLASSES, POOLED)
    np.testing.assert_array_equal(found.log_risk[:, 1:3], risk[:, 1:3])
    assert bool(np.all(found.weight[:7, 1:3] == 1.0))


def test_the_sampling_variance_is_that_of_pareto_quantiles() -> None:
    """An independent look: 4,000 samples of 800 Pareto falls of index 3, 99 % quantile."""
    draw = np.random.default_rng(3).pareto(3.0, (4_000, 800)) + 1.0
    spread = np.log(np.quantile(draw, 0.99, axis=1)).std()
    # Asymptotic in n: eight falls beyond the quantile leave some per cent.
    assert spread == pytest.approx(float(sampling_variance(800.0, 0.99, 3.0)) ** 0.5, rel=0.08)


def test_the_worst_of_a_class_is_any_of_its_assets() -> None:
    worst = np.array([[0.1, 0.3, np.nan], [0.2, 0.3, 0.5]])
    found = worst_of_class(worst, ("a", "a", "b"))
    np.testing.assert_array_equal(found, [[0.3, 0.3, 0.0], [0.3, 0.3, 0.5]])


def test_wrong_rules_and_shapes_are_refused() -> None:
    with pytest.raises(ParameterError):
        FloorRule(tail_index=0.0)
    with pytest.raises(ParameterError):
        FloorRule(own_adv_usd=-1.0)
    with pytest.raises(UsageError):
        class_share(RISK, DAYS, ADV, CLASSES[:3], POOLED)
    assert float(log_risk_of(0.5)) == pytest.approx(np.log(2.0))
