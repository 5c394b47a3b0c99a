"""Grids, sizes, requirements, limits: numbers by hand, and what is refused."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from plimsoll.calibration.problem import Structure
from plimsoll.calibration.tiers import (
    ClassCost,
    Ladder,
    LimitRules,
    OpenInterestScaling,
    RateKind,
    TierGrid,
    at_once,
    cap_grid,
    cheaper_way,
    closing_scaling_gain,
    empirical,
    fit_chosen_count,
    fit_ladder,
    is_aggregation_needed,
    limit_parameters,
    log_uniform,
    manipulation_bound,
    market_limits,
    over_tiers,
    split_gain,
    tier_parameters,
    tier_tables,
    turnover_model,
    uniform_notional,
    worked_off,
)
from plimsoll.domain.parameters import parameter_set
from plimsoll.errors import (
    DataFormatError,
    EstimationError,
    InsufficientDataError,
    ParameterError,
    UsageError,
)
from plimsoll.estimators.liquidity.estimate import LiquidityEstimate, Source

TOP = 1_000_000
SIZES = np.geomspace(1_000.0, TOP, 40)
COST = ClassCost(volatility_daily=0.05, turnover_usd=2e7)
GRID = TierGrid(caps_usd=cap_grid(5_000, TOP), rate_step=Decimal("0.001"))


def liquidity(volatility: float = 0.05, turnover: float = 2e7) -> LiquidityEstimate:
    return LiquidityEstimate(
        market="X", source=Source.BARS, at_ns=0, observations=100, relative_spread=0.001,
        spread_low=0.0008, spread_high=0.002, daily_volatility=volatility,
        daily_volume_usd=turnover, impact=1.0, impact_low=0.5, impact_high=1.5,
        depth_usd=float("nan"), depth_bps=float("nan"), notional_usd=np.array([1e3, 1e6]),
        cost=np.array([0.001, 0.01]), cost_low=np.array([0.0005, 0.005]),
        cost_high=np.array([0.0015, 0.015]), cost_worst=np.array([0.0015, 0.015]),
        extrapolated=np.ones(2),
    )  # fmt: skip


def test_sizes_have_the_means_of_their_densities() -> None:
    """Mean size: (b - a) / ln(b / a) log-uniform, (a + b) / 2 uniform; 0.1 % of 240 bins."""
    low, high = 1e3, 1e6
    for sizes, mean in (
        (log_uniform(low, high), (high - low) / np.log(high / low)),
        (uniform_notional(low, high), 0.5 * (low + high)),
    ):
        assert float(sizes.weight @ sizes.notional_usd) == pytest.approx(mean, rel=1e-3)
    tiers = over_tiers(1e3, (5e3, 1e5, 1e6))
    inside = np.searchsorted([5e3, 1e5], tiers.notional_usd)
    shares = np.bincount(inside, weights=tiers.weight)
    # A bin that a cap falls into counts for the tier its middle is in: 3 % wide at most.
    np.testing.assert_allclose(shares, 1.0 / 3.0, atol=0.005)
    assert empirical([5.0, 1.0, 5.0]).weight.tolist() == pytest.approx([1 / 3, 2 / 3])


def test_a_ladder_is_the_brackets_of_a_venue() -> None:
    """BTCUSDT of Binance in October 2024 at three million: 0.65 % less 950."""
    caps = tuple(Decimal(x) for x in (50_000, 600_000, 3_000_000))
    rates = tuple(Decimal(x) for x in ("0.004", "0.005", "0.0065"))
    ladder = Ladder(caps_usd=caps, rates=rates)
    assert float(ladder.maintenance_usd(3e6)) == pytest.approx(3e6 * 0.0065 - 950.0)
    assert np.isnan(ladder.maintenance_usd(3.1e6))
    whole = Ladder(caps_usd=caps, rates=rates, kind=RateKind.WHOLE)
    assert whole.maintenance_usd([5e4, 5.1e4]).tolist() == pytest.approx([200.0, 255.0])


def test_at_once_is_risk_fee_and_cost() -> None:
    found = at_once(SIZES, 0.02, COST, fee=0.001, price_error=0.002, cost_error=COST.error)
    expected = 0.02 + 0.001 + 0.0005 + 0.05 * np.sqrt(SIZES / 2e7)
    np.testing.assert_allclose(found.rate, expected, rtol=1e-12)
    # One tier to the top: errors add in squares, 0.002 and a quarter of the impact there.
    error = np.hypot(0.002, 0.25 * 0.05 * np.sqrt(TOP / 2e7))
    assert found.marginal_errors([TOP])[0] == pytest.approx(error)


def test_worked_off_the_horizon_grows_with_size_and_respects_participation() -> None:
    found = worked_off(SIZES, 0.02, liquidity(), participation=0.1, fee=0.001)
    hours = found.horizon_hours
    assert hours[0] == pytest.approx(1.0)
    assert np.all(np.diff(hours) >= -1e-12)
    assert np.all(hours >= 24.0 * SIZES / (0.1 * 2e7) - 1e-9)
    # Price risk: all of the first hour, and a third of the variance of the time beyond it.
    grown = 0.02 * (1.0 + (np.sqrt(hours) - 1.0) / np.sqrt(3.0))
    np.testing.assert_allclose(found.price, grown, rtol=1e-12)
    once = at_once(SIZES, 0.02, liquidity(), fee=0.001)
    np.testing.assert_array_equal(cheaper_way(found, once).rate, np.minimum(found.rate, once.rate))


def test_the_number_of_tiers_stops_where_no_further_one_is_worth_it() -> None:
    requirement, sizes = at_once(SIZES, 0.02, COST), log_uniform(1e3, TOP)
    eager = fit_chosen_count(requirement, sizes, GRID, least_gain=0.002)
    lazy = fit_chosen_count(requirement, sizes, GRID, least_gain=0.05)
    assert len(lazy.ladder.rates) < len(eager.ladder.rates)
    means = [c.mean for c in eager.counts if c.mean is not None]
    assert means == sorted(means, reverse=True)
    flat = fit_chosen_count(at_once(SIZES, 0.02, lambda n: 0.0 * n), sizes, GRID)
    assert flat.ladder.rates == (Decimal("0.020"),)


def test_infeasible_limits_are_named_with_the_least_relaxation() -> None:
    requirement, sizes = at_once(SIZES, 0.02, COST), log_uniform(1e3, TOP)
    low = TierGrid(caps_usd=GRID.caps_usd, rate_step=Decimal("0.001"), maximum_rate=Decimal("0.02"))
    with pytest.raises(EstimationError, match="maximum_rate"):
        fit_ladder(requirement, sizes, low, tiers=3)
    steep = at_once(np.array([1e5, TOP]), np.array([0.01, 0.2]), lambda n: 0.0 * n)
    caps = (Decimal(100_000), Decimal(TOP))
    tight = TierGrid(caps_usd=caps, rate_step=Decimal("0.01"), maximum_rate=Decimal("0.22"))
    fit_ladder(steep, sizes, tight, tiers=2)  # the first tier is raised until the rise fits
    with pytest.raises(ParameterError, match="largest size"):
        fit_ladder(steep, sizes, TierGrid(caps_usd=cap_grid(5_000, 2 * TOP)), tiers=2)


def test_limits_are_rounded_down_and_say_what_bound() -> None:
    """Turnover of 20 million: 2 million a day, 10 million in five days, half a million in six h."""
    found = market_limits(2e7, depth_usd=1e4, manipulation_usd=7.9e6)
    assert found.open_interest_usd == 5_000_000
    assert found.open_interest_bound == "cost of moving the index"
    assert found.position_usd == 200_000
    assert found.position_bound == "depth"
    assert found.scaling.lower_cap_usd == 2_000_000
    assert all(p.value <= 7_900_000 for p in limit_parameters("X", found))
    assert manipulation_bound([0.01, 0.05], [1e4, 2e5], safety=2.0) == pytest.approx(5e5)


def test_open_interest_scaling_bounds_what_splitting_saves() -> None:
    ladder = Ladder(
        caps_usd=(Decimal(100_000), Decimal(TOP)), rates=(Decimal("0.01"), Decimal("0.1"))
    )
    assert split_gain(ladder, TOP, 10).split_usd == pytest.approx(10_000.0)
    assert is_aggregation_needed(ladder)
    scaling = OpenInterestScaling(
        lower_cap_usd=Decimal(1_000_000), upper_cap_usd=Decimal(2_000_000)
    )
    terms = {"notional_usd": 1e6, "accounts": 10}
    calm = closing_scaling_gain(ladder, scaling, other_usd=0.0, **terms)  # type: ignore[arg-type]
    busy = closing_scaling_gain(ladder, scaling, other_usd=8e5, **terms)  # type: ignore[arg-type]
    full = closing_scaling_gain(ladder, scaling, other_usd=1e6, **terms)  # type: ignore[arg-type]
    assert calm > busy > full == 0.0


def test_turnover_follows_the_largest_position() -> None:
    """An exact power law is found again, and its lower quartile is on the line."""
    limits = {f"M{n}": 10.0 ** (5 + n) for n in range(6)}
    model = turnover_model({m: 3.0 * p**0.9 for m, p in limits.items()}, limits)
    assert model.slope == pytest.approx(0.9)
    assert model.turnover_usd(1e7) == pytest.approx(3.0 * 1e7**0.9, rel=1e-9)
    same = turnover_model(dict.fromkeys(limits, 5e6), dict.fromkeys(limits, 1e6))
    assert same.turnover_usd(1e6) == pytest.approx(5e6)
    with pytest.raises(InsufficientDataError):
        turnover_model({"M1": 1.0}, limits)


def test_parameters_make_a_tier_table_and_tables_print() -> None:
    requirement = at_once(SIZES, 0.02, COST, price_error=0.001, cost_error=COST.error)
    fitted = fit_ladder(requirement, log_uniform(1e3, TOP), GRID, tiers=4, proven=False)
    structure = Structure()
    parameters = tier_parameters(
        "X", fitted, reaction_risk=0.05, reaction_error=0.004, structure=structure
    )
    found = parameter_set(
        venue="v", valid_from="2024-10-01", parameters=parameters, seed=0, data_digest="",
        problem_digest="", code_version="", label="SYNTHETIC",
    ).tiers("X")  # fmt: skip
    assert tuple(t.maintenance_rate for t in found.tiers) == fitted.ladder.rates
    assert all(t.max_leverage in structure.leverage_grid for t in found.tiers)
    errors = [p.standard_error for p in parameters if p.name.endswith("maintenance_rate")]
    assert all(e is not None and e > Decimal("0.001") for e in errors)
    for table in tier_tables({"X": fitted}, {"X": market_limits(2e7)}):
        assert table.rows
        assert "X" in table.markdown()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: cap_grid(0, 10),
        lambda: TierGrid(caps_usd=()),
        lambda: TierGrid(caps_usd=GRID.caps_usd, rate_step=Decimal(2)),
        lambda: TierGrid(caps_usd=GRID.caps_usd, maximum_step=Decimal("0.0001")),
        lambda: log_uniform(10.0, 1.0),
        lambda: empirical([]),
        lambda: empirical([-1.0]),
        lambda: at_once(SIZES, float("nan"), COST),
        lambda: at_once(SIZES, 0.02, ClassCost(volatility_daily=0.05, turnover_usd=0.0)),
        lambda: worked_off(SIZES, 0.0, liquidity()),
        lambda: worked_off(SIZES, 0.02, liquidity(turnover=0.0)),
        lambda: market_limits(0.0),
        lambda: market_limits(float("nan")),
        lambda: LimitRules(free_days=5.0, full_days=5.0),
        lambda: manipulation_bound([0.0], [1.0]),
        lambda: Ladder(caps_usd=(Decimal(1),), rates=()),
        lambda: split_gain(Ladder(caps_usd=(Decimal(1),), rates=(Decimal("0.1"),)), 2.0, 1),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(wrong: object) -> None:
    with np.errstate(divide="ignore"), pytest.raises((UsageError, DataFormatError)):
        wrong()  # type: ignore[operator]
