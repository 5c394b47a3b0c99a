"""Thresholds of every market from its own moves, and what stands where a market has none."""

from __future__ import annotations

import numpy as np
import pytest
from parts_moves import moves_of

from plimsoll.calibration.parts.liquidation import LiquidationSettings, liquidation_part
from plimsoll.domain.parameters import Origin

SETTINGS = LiquidationSettings(confidence=0.99, label="made")


def test_maintenance_is_the_quantile_with_cost_and_the_mean_excess_as_fee() -> None:
    one = moves_of("AUSDT", seed=1)
    found = {p.name: p for p in liquidation_part([one], SETTINGS).parameters}
    losses = one.losses[:, one.binding_side]
    # The definition: the 99th of a hundred ordered losses, and what lies above it, on average.
    ordered = np.sort(losses)
    quantile = ordered[int(np.ceil(0.99 * losses.size)) - 1]
    fee = np.maximum(losses - quantile, 0.0).mean()
    wanted = quantile + one.cost + fee
    published = float(found["liquidation.close_out_need"].value)
    assert 0.0 <= published - wanted < 0.0005  # up to the step
    assert found["liquidation.close_out_need"].standard_error is not None


def test_the_call_level_leaves_time_to_react_in_all_but_the_stated_share() -> None:
    one = moves_of("AUSDT", seed=2)
    found = {p.name: p for p in liquidation_part([one], SETTINGS).parameters}
    side = one.binding_side
    maintenance = liquidation_part([one], SETTINGS).tables[0].rows[0][6]
    kappa = float(found["liquidation.call_multiple"].value)
    worst = one.worst_losses[:, side]
    sign = 1.0 if side == 1 else -1.0
    late = kappa * maintenance - worst < maintenance * (1.0 + sign * worst)
    assert late.mean() <= 0.05


def test_maintenance_follows_volatility_within_its_bounds() -> None:
    part = liquidation_part([moves_of("AUSDT", seed=3, ratio=2.0)], SETTINGS)
    found = {p.name: float(p.value) for p in part.parameters}
    prefix = "liquidation.close_out_need_by_volatility."
    lowest, usual, highest = (found[prefix + n] for n in ("lowest", "usual", "highest"))
    assert lowest <= usual <= highest
    # Today's volatility is twice the usual: what is published for the usual is half of today's.
    assert usual == pytest.approx(found["liquidation.close_out_need"] / 2.0, abs=0.0006)
    assert highest == pytest.approx(3.0 * usual, abs=0.002)


def test_a_market_without_moves_takes_its_class_and_says_so() -> None:
    own = moves_of("AUSDT", seed=4)
    young = moves_of("BUSDT", seed=5, rows=10)
    alone = moves_of("CUSDT", seed=6, rows=10, risk_class="thin")
    part = liquidation_part([own, young, alone], SETTINGS)
    by = {p.key: p for p in part.parameters}
    lent = by["BUSDT/liquidation.close_out_need"]
    assert lent.value == by["AUSDT/liquidation.close_out_need"].value
    assert lent.origin is Origin.CLASS_FLOOR
    assert "CUSDT/liquidation.close_out_need" not in by
    rows = {row[0]: row[1:3] for row in part.tables[-1].rows}
    assert rows == {
        "BUSDT": ("too_short_history", "widest of its class"),
        "CUSDT": ("too_short_history", "nothing"),
    }


def test_what_does_not_fit_under_the_highest_maintenance_tells_the_relaxation() -> None:
    settings = LiquidationSettings(confidence=0.99, highest_maintenance=0.001, label="made")
    part = liquidation_part([moves_of("AUSDT", seed=7)], settings)
    assert part.parameters == ()
    ((market, reason, stands, about),) = part.tables[-1].rows
    assert (market, reason, stands) == ("AUSDT", "fit_failed", "nothing")
    assert "raise it by" in str(about)
