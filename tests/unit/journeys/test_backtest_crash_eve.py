"""The crash study on made-up sets and paths: layers, fees, fund and owners add up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from plimsoll.calibration.fund.cover import CoverRequirement
from plimsoll.calibration.fund.requirement import FundTarget
from plimsoll.calibration.fund.ruin import RuinRequirement
from plimsoll.domain.evidence import Verdict
from plimsoll.domain.market import Bars, PriceKind
from plimsoll.domain.parameters import ParameterSet
from plimsoll.domain.tiers import Tier, TierTable
from plimsoll.journeys.backtest_crash import CrashEvent, event_tables
from plimsoll.journeys.backtest_crash_data import _joined, turnover_before
from plimsoll.journeys.backtest_crash_owners import SHARES, worst_together
from plimsoll.journeys.backtest_crash_parts import (
    concentration_rate,
    liquidity_rate,
    margin_layers,
)
from plimsoll.journeys.backtest_crash_set import EveSet, _inputs
from plimsoll.journeys.backtest_crash_waterfall import (
    FUND_SHARES,
    crash_waterfall,
    maintenance_usd,
    paid_by,
)
from plimsoll.margin.add_ons.concentration import ConcentrationParameters
from plimsoll.margin.add_ons.liquidity import LiquidityParameters
from plimsoll.validation.replay.markets import MarkPaths

DAY_NS = 86_400_000_000_000
HOUR_NS = DAY_NS // 24


def number(row: Mapping[str, object], name: str) -> float:
    return float(row[name])  # type: ignore[arg-type]


def ladder(initial: str) -> TierTable:
    rates = [(Decimal("100000"), Decimal(initial)), (Decimal("10000000"), Decimal(initial) * 2)]
    return TierTable(
        tuple(
            Tier(
                cap_usd=cap, maintenance_rate=rate / 2, initial_rate=rate,
                max_leverage=1 / rate,
            )
            for cap, rate in rates
        )
    )  # fmt: skip


def fund_of(usd: int) -> FundTarget:
    ruin = RuinRequirement(
        required_usd=float(usd), standard_error_usd=0.0, expected_loss_annual_usd=0.0,
        inflow_annual_usd=0.0, worst_day_usd=0.0, tail_shape=float("nan"),
        probability_annual=0.001, days=500,
    )  # fmt: skip
    cover = CoverRequirement(
        members=2, required_usd=0.0, scenario="s", defaults=(), all_defaults_usd=0.0
    )
    return FundTarget(
        target_usd=Decimal(usd), binding="ruin", ruin=ruin, covers=(cover,), covers_required=2
    )


def eve(fund_usd: int = 10_000) -> EveSet:
    """Two contracts at 5 %, 10 % with the stressed leg; open interest of one and two million."""
    return EveSet(
        parameters=ParameterSet(
            venue="made",
            valid_from="2025-01-01T00:00:00Z",
            parameters=(),
            seed=0,
            data_digest="",
            problem_digest="",
            code_version="",
            label="",
        ),
        markets=("BTCUSDT", "ETHUSDT"),
        base=(ladder("0.05"), ladder("0.05")),
        stressed=(ladder("0.1"), ladder("0.1")),
        liquidity={c: LiquidityParameters() for c in ("BTC", "ETH")},
        concentration={c: ConcentrationParameters() for c in ("BTC", "ETH")},
        turnover_usd=np.array([4e6, 8e6]),
        interest_usd=np.array([1e6, 2e6]),
        fee=np.array([0.002, 0.002]),
        fund=fund_of(fund_usd),
        why_no_fund="",
        pooled=(False, False),
    )


def halved(bar: int = 24) -> MarkPaths:
    """Half the price gone in one bar, and flat otherwise."""
    shape = (48, 2)
    close = np.full(shape, 100.0)
    close[bar:] = 50.0
    return MarkPaths(
        markets=("BTCUSDT", "ETHUSDT"),
        time_ns=np.arange(48, dtype=np.int64) * HOUR_NS,
        close=close,
        low=close,
        high=close,
        half_spread=np.full(shape, 1e-4),
        impact=np.full(shape, 1e-6),
    )


def test_layers_are_the_ladders_and_the_engines_formulas() -> None:
    made = eve()
    layers = margin_layers(made, 1e5)
    np.testing.assert_allclose(layers.base, 0.048, rtol=1e-12)
    np.testing.assert_allclose(layers.stressed, 0.05, rtol=1e-12)
    # Half of 5 bp, and 4 % a day times the root of a fortieth of a day's turnover.
    assert layers.liquidity[0] == pytest.approx(0.00025 + 0.04 * np.sqrt(1e5 / 4e6), rel=1e-12)
    parameters = ConcentrationParameters()
    by_turnover = float(parameters.participation * parameters.horizon_hours) / 24.0 * 4e6
    by_interest = float(parameters.open_interest_share) * 1e6
    excess = np.sqrt(1e5 / min(by_turnover, by_interest)) - 1.0
    expected = float(parameters.margin_rate) * excess
    assert layers.concentration[0] == pytest.approx(expected, rel=1e-12)
    assert concentration_rate(parameters, 1.0, 4e6, 1e6) == 0.0
    assert liquidity_rate(LiquidityParameters(), 4e6, 4e6) == pytest.approx(0.04025)
    whole = layers.base + layers.stressed + layers.liquidity + layers.concentration + layers.fee
    np.testing.assert_allclose(layers.asked, whole, rtol=1e-15)


@pytest.mark.parametrize("size_usd", [1e5, 1e6, 1e7, 1e9])
def test_no_margin_exceeds_its_notional_and_the_ladder_stands_first(size_usd: float) -> None:
    made = eve()
    layers = margin_layers(made, size_usd)
    ladder = layers.base + layers.stressed + layers.fee
    for m, (adv, held) in enumerate(zip((4e6, 8e6), (1e6, 2e6), strict=True)):
        charged = liquidity_rate(LiquidityParameters(), size_usd, adv)
        charged += concentration_rate(ConcentrationParameters(), size_usd, adv, held)
        assert layers.add_ons[m] == pytest.approx(min(charged, 1.0 - ladder[m]), rel=1e-12)
    assert bool(np.all(layers.asked <= 1.0 + 1e-12))
    if size_usd == 1e9:  # the formulas alone would ask for more than the position
        np.testing.assert_allclose(layers.asked, 1.0, rtol=1e-12)


def test_maintenance_is_marginal_and_the_last_tier_goes_on() -> None:
    tiers = ladder("0.1")
    assert maintenance_usd(tiers, 1e5) == pytest.approx(5_000.0)
    assert maintenance_usd(tiers, 3e5) == pytest.approx(5_000.0 + 2e5 * 0.1)
    assert maintenance_usd(tiers, 2e7) == pytest.approx(5_000.0 + (2e7 - 1e5) * 0.1)


def test_fees_pay_before_the_stock_and_nothing_is_lost() -> None:
    draw = np.random.default_rng(1)
    bar = np.sort(draw.integers(0, 30, 200))
    deficit = draw.random(200) * (draw.random(200) < 0.3)
    fee = 0.1 * draw.random(200)
    fees, fund, left = paid_by(bar, deficit, fee, 5.0)
    np.testing.assert_allclose(fees + fund + left, deficit, atol=1e-12)
    assert fund.sum() == pytest.approx(5.0)
    assert fees.sum() <= fee.sum()
    for b in range(30):  # a later fee never pays an earlier debt
        assert fees[bar <= b].sum() <= fee[bar <= b].sum() + 1e-12
        spent, stock = fees[bar <= b].sum(), fund[bar <= b].sum()
        if stock > 0.0 and deficit[bar == b].sum() > 0.0 and fund[bar == b].sum() > 0.0:
            assert spent == pytest.approx(fee[bar <= b].sum(), rel=1e-9)


def test_a_crash_is_borne_by_somebody() -> None:
    """Half the price gone in a bar: parts add up, and the fund's stock is spent at every size."""
    found = crash_waterfall(halved(), eve(), first=0, last=48, per_market=200, seed=1)
    assert found.imbalance < 1e-12
    assert found.fund.sum() == pytest.approx(10_000.0, rel=1e-9)
    assert float(found.left.min()) > 0.0
    paid = found.left_at[0].sum() - found.left_at.sum(axis=1)
    np.testing.assert_allclose(paid, (np.array(FUND_SHARES) - FUND_SHARES[0]) * 3e6, rtol=1e-9)
    # Shorts gain, and longs whose size asks for half the price or more stand.
    assert bool(np.all((found.closed > 0.1) & (found.closed < 0.6)))
    none = crash_waterfall(halved(), replace(eve(), fund=None), first=0, last=48, per_market=200,
                           seed=1)  # fmt: skip
    assert none.fund.sum() == 0.0
    assert none.left.sum() == pytest.approx(found.left.sum() + 10_000.0, rel=1e-9)


def test_the_worst_of_all_contracts_together_is_that_of_a_plain_search() -> None:
    draw = np.random.default_rng(4)
    close = 100.0 * np.exp(np.cumsum(0.02 * draw.standard_normal((48, 2)), axis=0))
    marks = replace(halved(), close=close, low=0.99 * close, high=1.01 * close)
    weight = np.array([1.0, 3.0])
    found = worst_together(marks, weight, 0, 5, 20)
    assert marks.low is not None
    deepest = max(
        float((1.0 - marks.low[s + k] / close[s]) @ weight) for s in range(5, 20)
        for k in range(1, 9)
    )  # fmt: skip
    assert float(found.moves @ weight) == pytest.approx(deepest, rel=1e-12)


def test_every_table_adds_up_and_claims_no_coverage() -> None:
    event = CrashEvent(key="made", title="Made", since="1970-01-01T00:00", until="1970-01-02T00:00")
    tables, check = event_tables(event, eve(), halved(), per_market=200, seed=1)
    assert check.verdict is Verdict.HOLDS
    assert "arithmetic alone" in check.name
    assert "no coverage is claimed" in check.demanded
    by = {table.name: table for table in tables}
    for row in by["crash_paths_made"]:
        loss = number(row, "move_8") + number(row, "cost")
        names = ("base", "stressed", "liquidity", "concentration", "fee", "left")
        assert sum(number(row, n) for n in names) == pytest.approx(loss, rel=1e-12)
    *_, whole, _, _ = by["crash_waterfall_made"].rows
    total = np.array(whole[3:], dtype=np.float64)
    assert total[1:8].sum() == pytest.approx(total[0], rel=1e-9)
    owners = {row["owner"]: row for row in by["crash_owners_made"]}
    first = owners[f"owner 1 long ({SHARES[0]:.0%})"]
    margin = sum(number(first, n) for n in ("base", "stressed", "add_ons", "fee"))
    assert margin + number(first, "beyond") == pytest.approx(number(first, "loss"), rel=1e-12)
    # Two contracts at half their price: a tenth of three million dollars loses half, and closing.
    assert number(first, "loss") > 0.15
    two = owners["largest 2 long"]
    assert number(two, "fund") == pytest.approx(0.01)
    assert number(two, "left") == pytest.approx(number(two, "beyond") - 0.01)


def _bars(market: str, first: int, count: int, seed: int) -> Bars:
    draw = np.random.default_rng(seed)
    return Bars(
        market=market,
        time_ns=(first + np.arange(count, dtype=np.int64)) * HOUR_NS,
        close=100.0 * np.exp(np.cumsum(0.01 * draw.standard_normal(count))),
        interval_ns=HOUR_NS,
        price_kind=PriceKind.SPOT_CLOSE,
        volume=np.full(count, 10.0),
    )


def test_nothing_after_the_eve_is_looked_at() -> None:
    bars = {name: _bars(name, 0, 400, k) for k, name in enumerate(("BTCUSDT", "ETHUSDT", "XUSDT"))}
    at = 240 * HOUR_NS
    wild = {
        name: replace(b, close=np.where(b.time_ns >= at, 7.0 * b.close, b.close))
        for name, b in bars.items()
    }
    held, other = (_inputs(b, {"BTCUSDT", "ETHUSDT"}, at) for b in (bars, wild))
    np.testing.assert_array_equal(held.history.close, other.history.close)
    assert held.lent is not None
    assert other.lent is not None
    np.testing.assert_array_equal(held.lent.close, other.lent.close)
    assert held.history.markets == ("BTCUSDT", "ETHUSDT")
    plain, later = (turnover_before(b["BTCUSDT"], at) for b in (bars, wild))
    assert plain == later


def test_the_later_file_goes_before_the_earlier_one() -> None:
    early, late = _bars("BTCUSDT", 0, 50, 1), _bars("BTCUSDT", 40, 50, 2)
    found = _joined(early, late)
    assert np.array_equal(found.time_ns, np.arange(90) * HOUR_NS)
    assert np.array_equal(found.close[40:], late.close)
    assert np.array_equal(found.close[:40], early.close[:40])
    assert _joined(None, late) is late
