"""Fees recover the risk cost that made the data; the clamp lies between premium and cushion."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from plimsoll.calibration.fees.adaptive_fee import FeeRule, fee_at, fee_steps, fee_table
from plimsoll.calibration.fees.funding_clamp import ClampRule, funding_clamp
from plimsoll.calibration.fees.funding_intervals import interval_hours
from plimsoll.calibration.fees.publication import clamp_parameters, fee_parameters
from plimsoll.domain.market import HOUR_NS
from plimsoll.domain.parameters import Origin
from plimsoll.errors import InsufficientDataError, ParameterError, UsageError

RULE = FeeRule(base_taker=Decimal("0.0005"), base_maker=Decimal("-0.0001"))


def _days(count: int = 4000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(8)
    ratio = generator.lognormal(0.0, 0.5, count)
    volume = generator.uniform(1e8, 2e8, count)
    cost = np.where(ratio > np.quantile(ratio, 0.75), 2e-5, 5e-6)
    return ratio, volume * cost * generator.exponential(1.0, count), volume


def test_fees_recover_a_known_risk_cost() -> None:
    """Two levels of cost, 0.05 and 0.2 bp: found within four standard errors of each step."""
    steps = fee_steps(*_days(), RULE)
    assert len(steps) == 4
    for step, true in zip(steps, (5e-6, 5e-6, 2e-5, 2e-5), strict=True):
        assert abs(step.risk_cost - true) < 4.0 * step.risk_cost_error
        assert float(step.taker) >= 0.0005 + step.risk_cost - 1e-12
        assert step.maker == Decimal("-0.0001")
    assert [s.taker for s in steps] == sorted(s.taker for s in steps)


def test_fees_of_the_sample_pay_what_it_cost() -> None:
    ratio, loss, volume = _days()
    free = FeeRule(base_taker=Decimal(0), base_maker=Decimal(0), maker_share=Decimal("0.3"))
    steps = fee_steps(ratio, loss, volume, free)
    paid = sum(
        v * float(fee_at(steps, r).taker + fee_at(steps, r).maker)
        for r, v in zip(ratio, volume, strict=True)
    )
    assert paid >= loss.sum()


def test_the_largest_fee_binds_and_is_said() -> None:
    rule = FeeRule(base_taker=Decimal("0.0005"), base_maker=Decimal(0), largest=Decimal("0.00051"))
    steps = fee_steps(*_days(), rule)
    assert steps[-1].bound
    assert steps[-1].taker == Decimal("0.00051")
    assert fee_table(steps, "BTC", "test").column("bound")[-1] is True


def test_fee_inputs_are_checked() -> None:
    ratio, loss, volume = _days(60)
    with pytest.raises(InsufficientDataError, match="take 2 steps"):
        fee_steps(ratio, loss, volume, RULE)
    with pytest.raises(UsageError, match="volatility_ratio"):
        fee_steps(-ratio, loss, volume, RULE)
    with pytest.raises(ParameterError, match="rebate"):
        FeeRule(base_taker=Decimal("0.0001"), base_maker=Decimal("-0.0002"))


def test_the_clamp_takes_the_premium_where_the_cushion_allows_it() -> None:
    premiums = np.random.default_rng(4).normal(0.0, 0.0005, 5000)
    found = funding_clamp(
        premiums, initial_rate=0.05, maintenance_rate=0.025, rule=ClampRule(level=0.99)
    )
    # 99 % of |N(0, 5 bp)| is 2.576 standard deviations, 12.9 bp; ranks of 5,000 give 5 %.
    assert found.needed == pytest.approx(0.0005 * 2.576, rel=0.05)
    assert (
        Decimal(str(found.needed)) <= found.rate <= Decimal(str(found.needed)) + Decimal("0.0001")
    )
    assert found.conflict == ""


def test_a_cushion_too_thin_is_named_with_its_shortfall() -> None:
    premiums = np.full(200, 0.01)
    found = funding_clamp(premiums, initial_rate=0.02, maintenance_rate=0.01, rule=ClampRule())
    assert found.rate == Decimal("0.0025")
    assert found.lacking == pytest.approx(0.0075)
    assert "4.00 times" in found.conflict


def test_a_clamp_is_never_nothing() -> None:
    """No premium ever: a step. A cushion of 3 bp, a quarter of it 0.75 bp: no step fits."""
    idle = funding_clamp(np.zeros(200), initial_rate=0.05, maintenance_rate=0.025, rule=ClampRule())
    assert (idle.rate, idle.lacking, idle.conflict) == (Decimal("0.0001"), 0.0, "")
    with pytest.raises(UsageError, match=r"leave a step of the grid, 0\.0001"):
        funding_clamp(
            np.full(200, 0.01), initial_rate=0.0203, maintenance_rate=0.02, rule=ClampRule()
        )


def test_rates_of_other_intervals_count_in_proportion_to_the_last() -> None:
    """The same premium an hour, paid every four hours and then every hour."""
    rates = np.r_[np.full(300, 0.002), np.full(300, 0.0005)]
    times = HOUR_NS * np.r_[4 * np.arange(300), 4 * 299 + 1 + np.arange(300)]
    rule = ClampRule(level=0.99)
    found = funding_clamp(
        rates, initial_rate=0.1, maintenance_rate=0.05, rule=rule, hours=interval_hours(times)
    )
    assert found.needed == pytest.approx(0.0005, rel=1e-12)
    assert (found.hours, found.rate) == (1.0, Decimal("0.0005"))
    mixed = funding_clamp(rates, initial_rate=0.1, maintenance_rate=0.05, rule=rule)
    assert mixed.needed == 0.002
    with pytest.raises(UsageError, match="positive length"):
        funding_clamp(rates, initial_rate=0.1, maintenance_rate=0.05, rule=rule, hours=[1.0])


def test_a_missing_payment_is_no_interval_of_twice_the_length() -> None:
    for hole in (1, 2, 17, 28):
        times = np.delete(np.arange(30), hole) * 8 * HOUR_NS
        np.testing.assert_array_equal(interval_hours(times), np.full(29, 8.0))
    late = np.arange(30) * 8 * HOUR_NS + np.random.default_rng(1).integers(0, 9_000_000, 30)
    np.testing.assert_array_equal(interval_hours(late), np.full(30, 8.0))
    assert interval_hours([0, HOUR_NS]).size == 0
    with pytest.raises(UsageError, match="rise"):
        interval_hours([0, HOUR_NS, HOUR_NS])


def test_clamp_inputs_are_checked() -> None:
    with pytest.raises(InsufficientDataError, match="100 intervals"):
        funding_clamp([0.1] * 5, initial_rate=0.1, maintenance_rate=0.05, rule=ClampRule())
    with pytest.raises(UsageError, match="below the initial"):
        funding_clamp([0.1] * 500, initial_rate=0.1, maintenance_rate=0.1, rule=ClampRule())


def test_published_fees_and_clamps_lie_on_their_grids() -> None:
    steps = fee_steps(*_days(), RULE)
    found = fee_parameters(steps, "BTC", RULE, owner="risk")
    assert [p.name for p in found[:3]] == ["fee[0].from_volatility_ratio", "fee[0].taker",
                                           "fee[0].maker"]  # fmt: skip
    assert all(float(p.value) >= s.from_ratio for p, s in zip(found[::3], steps, strict=True))
    rule = ClampRule()
    clamp = funding_clamp(np.full(200, 0.01), initial_rate=0.02, maintenance_rate=0.01, rule=rule)
    (published,) = clamp_parameters({"BTC": clamp}, rule, owner="risk")
    assert (published.value, published.origin) == (Decimal("0.0025"), Origin.BOUND)
