"""Thresholds against closed forms, simulation, and their own demands."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from scipy import stats

from plimsoll.calibration.thresholds.bonus import lending_threshold
from plimsoll.calibration.thresholds.call_level import call_multiple
from plimsoll.calibration.thresholds.close_out import break_even_fee, calibrated_close_out
from plimsoll.calibration.thresholds.publication import (
    MarketThresholds,
    liquidation_rule,
    threshold_parameters,
    threshold_tables,
)
from plimsoll.calibration.thresholds.quantiles import block_estimate, upper_quantile
from plimsoll.calibration.thresholds.search import search_thresholds
from plimsoll.calibration.thresholds.steps import closing_steps
from plimsoll.calibration.thresholds.volatility import VolatilityAdjusted
from plimsoll.domain.tiers import Tier, TierTable
from plimsoll.errors import (
    EstimationError,
    InsufficientDataError,
    ParameterError,
    PlimsollError,
    UsageError,
)
from plimsoll.margin.liquidation.rules import LiquidationRule, StepSize
from plimsoll.validation.replay.accounts import TYPICAL, drawn_population
from plimsoll.validation.replay.markets import MarkPaths
from plimsoll.validation.replay.venue import CloseOutTerms, ReplayVenue, tier_columns

LOSSES = 0.01 * stats.t.rvs(4, size=4_000, random_state=np.random.default_rng(1))


def test_a_fund_never_pays_a_fee_and_breaks_even() -> None:
    """Income and deficits simulated account by account, apart from the closed form."""
    found = calibrated_close_out(LOSSES, 0.001)
    room, fee = found.price_risk.value, found.fee.value
    left = room + fee - LOSSES  # what an account has after the loss; costs have their own part
    assert float(np.minimum(fee, np.maximum(left, 0.0)).sum()) == pytest.approx(
        float(np.maximum(-left, 0.0).sum()), rel=1e-9
    )
    assert found.maintenance == pytest.approx(room + 0.001 + fee)
    assert float(np.mean(room < LOSSES)) <= 0.01


def test_standard_error_of_a_mean_is_the_known_one() -> None:
    """sd / sqrt(n); 200 draws leave 5 % of doubt: 15 % either way. Blocks of one are no worse."""
    exact = float(LOSSES.std() / LOSSES.size**0.5)
    for block in (1, 20):
        found = block_estimate(LOSSES, lambda x: float(x.mean()), block=block)
        assert found.standard_error == pytest.approx(exact, rel=0.15 if block == 1 else 0.25)


def test_what_does_not_fit_says_by_how_much() -> None:
    with pytest.raises(EstimationError, match="raise it by") as refused:
        calibrated_close_out(LOSSES, 0.02, highest_maintenance=0.05)
    assert "0.05" in str(refused.value)


def test_called_users_have_the_time_they_were_promised() -> None:
    """Exact on the moves themselves, long and short: at most 5 % are closed out too early."""
    worst, kept = np.abs(LOSSES), 0.02
    for short in (False, True):
        level = call_multiple(worst, kept, short=short).value
        needed = kept * (1.0 + worst if short else 1.0 - worst)
        closed = level * kept - worst < needed - 1e-15
        assert 0.04 < float(closed.mean()) <= 0.05


def test_best_split_is_the_closed_form_for_many_steps() -> None:
    """n = A / B with full recovery: A = 0.04, B = 2.326 x 0.04 sqrt(tau / 3)."""
    wait = 30.0 / 86_400.0
    found = closing_steps(1.0, wait, 0.04)
    assert found.steps == pytest.approx(1.0 / (2.326 * (wait / 3.0) ** 0.5), abs=2.0)
    assert found.cost < found.whole_cost
    assert closing_steps(1.0, wait, 0.08).steps == found.steps
    assert closing_steps(1.0, wait, 0.04, recovery=0.0).steps == 1
    assert closing_steps(1e-4, 1.0, 0.04).steps == 1


def test_bonus_and_threshold_leave_room_for_each_other() -> None:
    found = lending_threshold(
        LOSSES, 2.0 * LOSSES, slippage=0.01, gas_usd=20.0, repaid_usd=10_000.0
    )
    fall = 2.0 * upper_quantile(LOSSES, 0.99)
    assert found.bonus.value == pytest.approx(0.01 + 0.002 + upper_quantile(LOSSES, 0.99))
    assert found.threshold.value * (1.0 + found.bonus.value) == pytest.approx(1.0 - fall - 0.01)
    assert found.bonus.standard_error > 0.0
    with pytest.raises(EstimationError, match="left to lend"):
        lending_threshold(LOSSES, LOSSES + 2.0, slippage=0.0, gas_usd=0.0, repaid_usd=1.0)


@pytest.mark.parametrize(
    "losses", [np.zeros(10), np.full(40, np.nan), np.zeros((3, 30)), np.full(40, np.inf)]
)
def test_degenerate_losses_are_refused(losses: np.ndarray) -> None:
    with pytest.raises(PlimsollError):
        calibrated_close_out(losses, 0.0)


def test_calm_losses_need_no_more_than_cost() -> None:
    found = calibrated_close_out(np.zeros(30), 0.001)
    assert (found.maintenance, found.fee.value, found.fee.standard_error) == (0.001, 0.0, 0.0)
    assert break_even_fee(np.zeros(3), 0.0) == 0.0


def test_published_on_the_grid_and_never_below() -> None:
    part = calibrated_close_out(LOSSES, 0.001)
    found = MarketThresholds(
        close_out=part,
        call=call_multiple(np.abs(LOSSES), part.maintenance),
        steps=closing_steps(0.4, 30 / 86_400, 0.04),
        cooldown_seconds=30.0,
        maintenance_rule=VolatilityAdjusted(
            base=part.maintenance,
            elasticity=1.0,
            lower=Decimal("0.005"),
            upper=Decimal("0.2"),
            grid=Decimal("0.0005"),
        ),
    )
    rule = liquidation_rule("A", found)
    assert rule.size is StepSize.SHARE
    assert float(rule.fee_rate) >= part.fee.value
    assert float(rule.share) <= found.steps.share
    values = {p.name: p for p in threshold_parameters({"A": found}, owner="risk")}
    assert float(values["liquidation.close_out_need"].value) >= part.maintenance
    assert float(values["liquidation.call_multiple"].value) >= found.call.value
    assert values["liquidation.break_even_fee_rate"].value == rule.fee_rate
    plain, ruled = threshold_tables({"A": found}, notes=("SYNTHETIC",))
    by_ratio = [cell for cell in ruled.rows[0][1:] if isinstance(cell, float)]
    assert by_ratio == sorted(by_ratio)
    assert plain.rows[0][0] == "A"


def _market(seed: int) -> tuple[MarkPaths, ReplayVenue]:
    draw = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(0.006 * draw.standard_normal((1_200, 1)), axis=0))
    flat = np.full_like(close, 1e-4)
    marks = MarkPaths(
        markets=("A",),
        time_ns=np.arange(1_200, dtype=np.int64) * 300_000_000_000,
        close=close,
        half_spread=flat,
        impact=0.01 * flat,
    )
    tier = Tier(
        cap_usd=None,
        maintenance_rate=Decimal("0.01"),
        initial_rate=Decimal("0.02"),
        max_leverage=Decimal(50),
    )
    table = np.zeros((1_200, 1, 2), dtype=np.int64)
    return marks, ReplayVenue(name="V", tiers=tier_columns([TierTable((tier,))]), table=table)


def _candidates() -> list[CloseOutTerms]:
    rule = LiquidationRule(name="whole", size=StepSize.WHOLE, fee_rate=Decimal("0.001"))
    return [
        CloseOutTerms(liquidation_level=level, call_level=level + 0.5, rule=rule)
        for level in (0.2, 1.0, 3.0)
    ]


def test_search_sees_training_alone_and_trades_fund_against_users() -> None:
    marks, venue = _market(3)
    accounts = drawn_population(TYPICAL, marks, 400, seed=2)
    found = search_thresholds(marks, venue, accounts, _candidates(), train_until=900)
    loss = [one.fund_loss for one in found.scored]
    users = [one.solvent_users for one in found.scored]
    assert loss == sorted(loss, reverse=True)
    assert users == sorted(users)
    assert found.chosen.objective == min(one.objective for one in found.scored)
    scrambled = marks.close.copy()
    scrambled[900:] = 1.0
    other = MarkPaths(
        markets=("A",),
        time_ns=marks.time_ns,
        close=scrambled,
        half_spread=marks.half_spread,
        impact=marks.impact,
    )
    again = search_thresholds(other, venue, accounts, _candidates(), train_until=900)
    assert [s.objective for s in again.scored] == [s.objective for s in found.scored]


def test_wrong_use_is_refused_by_name() -> None:
    marks, venue = _market(3)
    accounts = drawn_population(TYPICAL, marks, 5, seed=2)
    with pytest.raises(UsageError, match="candidates"):
        search_thresholds(marks, venue, accounts, [], train_until=900)
    with pytest.raises(ParameterError, match="maintenance"):
        call_multiple(np.zeros(30), 0.0)
    with pytest.raises(ParameterError, match="size_share"):
        closing_steps(0.0, 0.1, 0.1)
    with pytest.raises(InsufficientDataError):
        call_multiple(np.zeros(3), 0.1)
    with pytest.raises(ParameterError, match="grid"):
        VolatilityAdjusted(
            base=0.1, elasticity=1.0, lower=Decimal("0.001"), upper=Decimal(1), grid=Decimal("0.1")
        )
