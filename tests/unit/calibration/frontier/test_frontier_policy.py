"""Margin policies: what they refuse, that they do not look ahead, and what their parts do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from plimsoll.calibration.frontier.grid import BASE, designed_policies
from plimsoll.calibration.frontier.impulse import VolatilityStep, impulse_response
from plimsoll.calibration.frontier.margins import log_blend_distance, policy_margin
from plimsoll.calibration.frontier.panel_scales import PanelScales, panel_scales
from plimsoll.calibration.frontier.policy import NOMINAL_TAIL, MarginPolicy
from plimsoll.errors import ParameterError, UsageError

STEP = VolatilityStep(days_before=300, markets=6, horizon_hours=8)
TOOLS = (
    {"buffer": 0.25},
    {"stress_weight": 0.25},
    {"long_floor": 0.8},
    {"rise_limit": 0.02, "fall_limit": 0.01},
    {"cap_and_floor": (0.05, 0.95)},
    {"history_weight": 0.5},
)


@pytest.fixture(scope="module")
def scales() -> PanelScales:
    return STEP.scales()


def test_nominal_tail_is_what_a_quarter_buffer_leaves_of_a_cubic_tail() -> None:
    assert pytest.approx(0.00512) == NOMINAL_TAIL


def test_names_of_the_grid_are_unique_and_count_is_bounded() -> None:
    names = [policy.name for policy in designed_policies()]
    assert len(set(names)) == len(names)
    assert 30 <= len(names) <= 60


@pytest.mark.parametrize(
    "change",
    [{"weights": (0.1,)}, {"reach": (0.2, -0.2)}, {"tail": 0.0}, {"fall_limit": 1.5},
     {"cap_and_floor": (0.9, 0.1)}, {"own_half_life_days": 0.0}, {"weights": (2.0,) * 5}],
)  # fmt: skip
def test_policy_refuses_what_is_none(change: dict[str, object]) -> None:
    with pytest.raises(ParameterError):
        MarginPolicy(name="wrong", **change)  # type: ignore[arg-type]


def test_distance_stays_within_reach(scales: PanelScales) -> None:
    wild = replace(BASE, weights=(1.0,) * 5, reach=(-0.07, 0.05))
    distance = log_blend_distance(scales, wild)
    known = distance[np.isfinite(distance)]
    assert known.min() == -0.07
    assert known.max() == 0.05


@pytest.mark.parametrize("tool", [{}, *TOOLS])
def test_a_scrambled_future_changes_no_margin_before_it(tool: dict[str, object]) -> None:
    step = replace(STEP, days_before=260)
    policy = replace(BASE, **tool)  # type: ignore[arg-type]
    other = replace(step, factor=5.0)  # the same moves up to the step, others from there
    one = policy_margin(step.scales(), policy, 8)[: step.days_before]
    two = policy_margin(other.scales(), policy, 8)[: step.days_before]
    assert np.isfinite(one).any()
    np.testing.assert_array_equal(one, two)


def test_margins_are_fractions_and_scale_with_the_moves(scales: PanelScales) -> None:
    calm = policy_margin(scales, BASE, 8)[STEP.days_before - 1]
    louder = replace(STEP, hourly_volatility=2.0 * STEP.hourly_volatility).scales()
    loud = policy_margin(louder, BASE, 8)[STEP.days_before - 1]
    assert (calm > 0.0).all()
    assert (calm[:, 0] < 1.0).all()
    # A long loses 1 - exp(-x) and a short exp(x) - 1 of a log move x, which doubles exactly.
    np.testing.assert_allclose(-np.log1p(-loud[:, 0]), -2.0 * np.log1p(-calm[:, 0]), rtol=1e-6)
    np.testing.assert_allclose(np.log1p(loud[:, 1]), 2.0 * np.log1p(calm[:, 1]), rtol=1e-6)


def test_coverage_of_simulated_moves_is_the_tail() -> None:
    step = replace(STEP, markets=40, days_before=600, factor=1.0)
    found = step.scales()
    margin = policy_margin(found, replace(BASE, tail=0.01), 8)
    loss = found.horizons[8].latest_loss  # worst of a day's three moves known since yesterday
    held = np.isfinite(margin[:-1]) & np.isfinite(loss[1:])
    held[:250] = False
    rate = float((loss[1:] > margin[:-1])[held].mean())
    # At most three moves of 1 % each a day; 31,000 market-side days: s.e. of 0.0010.
    assert rate == pytest.approx(0.03, abs=0.004)


def test_markets_in_another_order_have_the_same_margins(scales: PanelScales) -> None:
    order = np.array([3, 1, 5, 0, 2, 4])
    turned = {
        hours: replace(
            paths,
            moves=replace(
                paths.moves,
                move=np.ascontiguousarray(paths.moves.move[:, order]),
                known=np.ascontiguousarray(paths.moves.known[:, order]),
            ),
            latest_loss=paths.latest_loss[:, order],
            history=paths.history[:, order],
            long_history=paths.long_history[:, order],
        )
        for hours, paths in scales.horizons.items()
    }
    other = replace(
        scales,
        long=scales.long[:, order],
        short=scales.short[:, order],
        learnable=scales.learnable[:, order],
        usable=scales.usable[:, order],
        horizons=turned,
    )
    policy = replace(BASE, history_weight=0.4, buffer=0.25)
    # Sums over markets are taken in another order: the last bits may differ.
    np.testing.assert_allclose(
        policy_margin(other, policy, 8), policy_margin(scales, policy, 8)[:, order], rtol=1e-10
    )


def test_impulse_response_is_bounded_by_reach_and_speed(scales: PanelScales) -> None:
    calm = replace(BASE, name="calm", reach=(-0.05, 0.05))
    still = impulse_response(calm, STEP, scales)
    free = impulse_response(replace(BASE, reach=(-3.0, 3.0)), STEP, scales)
    slow = impulse_response(replace(BASE, rise_limit=0.01, breach_gap=1e9), STEP, scales)
    assert 1.0 < still[-1] < free[-1]
    assert slow[0] <= 1.01 + 1e-12
    assert slow[1] <= 1.01**5 + 1e-12


def test_a_horizon_that_was_not_prepared_is_refused(scales: PanelScales) -> None:
    with pytest.raises(UsageError, match="horizon_hours"):
        policy_margin(scales, BASE, 24)


def test_scales_need_daily_boundaries() -> None:
    from plimsoll.calibration.frontier.impulse import simulated_panel

    panel = simulated_panel(replace(STEP, days_before=250))
    often = replace(
        panel, boundaries=replace(panel.boundaries, time_ns=panel.boundaries.time_ns // 2)
    )
    with pytest.raises(UsageError, match="once a day"):
        panel_scales(often, {}, {})
