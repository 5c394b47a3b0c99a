"""Revaluation of delta-one payoffs, against the figures of the reference and hand arithmetic."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from plimsoll.domain.instrument import (
    Instrument,
    Option,
    OptionRight,
    Pair,
    Payoff,
    Perpetual,
    Spot,
)
from plimsoll.domain.market import MarketSnapshot, Quote
from plimsoll.domain.scenario import Factor, ScenarioSet, equal_weights
from plimsoll.errors import UsageError
from plimsoll.scenarios import RevaluationReason, revalue

BTC_USD = Pair(base="BTC", quote="USD")
INSTRUMENTS: dict[str, Instrument] = {
    "LINEAR": Perpetual(
        pair=Pair(base="BTC", quote="USDT"),
        settle="USDT",
        payoff=Payoff.LINEAR,
        contract_size=Decimal(1),
    ),
    "INVERSE": Perpetual(
        pair=BTC_USD, settle="BTC", payoff=Payoff.INVERSE, contract_size=Decimal(50_000)
    ),
    "QUANTO": Perpetual(
        pair=Pair(base="ETH", quote="USD"),
        settle="BTC",
        payoff=Payoff.QUANTO,
        contract_size=Decimal("0.000001"),
    ),
    "SPOT": Spot(pair=BTC_USD),
}
SNAPSHOT = MarketSnapshot(
    at_ns=0,
    quotes={m: Quote(mark=50_000.0, index=50_000.0) for m in ("LINEAR", "INVERSE", "SPOT")}
    | {"QUANTO": Quote(mark=2_000.0, index=2_000.0)},
)
SCENARIOS = ScenarioSet(
    names=("down", "still", "up"),
    factors=(Factor(subject="BTC"), Factor(subject="ETH")),
    shocks=np.array([[-0.16, -0.5], [0.0, 0.0], [0.16, 0.25]]),
    weights=equal_weights(3),
)


def test_the_table() -> None:
    table = revalue(INSTRUMENTS, SNAPSHOT, SCENARIOS)
    assert table.settle == ("USDT", "BTC", "BTC", "USD")
    # 50,000 x -16 %, 50,000 x 16 %; tolerance: one rounding of a mark of 5e4
    np.testing.assert_allclose(table.row("LINEAR"), [-8000.0, 0.0, 8000.0], atol=1e-9)
    np.testing.assert_allclose(table.row("SPOT"), [-8000.0, 0.0, 8000.0], atol=1e-9)
    # 0.000001 BTC a dollar: 2,000 x -50 % x 1e-6, 2,000 x 25 % x 1e-6
    np.testing.assert_allclose(table.row("QUANTO"), [-0.001, 0.0, 0.0005], rtol=1e-12)


def test_inverse_convexity_of_the_reference() -> None:
    """-16 % costs 19.05 % of the coins, +16 % yields 13.79 % (`reference/methodology.md`, 1.1)."""
    down, still, up = revalue(INSTRUMENTS, SNAPSHOT, SCENARIOS).row("INVERSE")
    assert (round(down * 100, 2), still, round(up * 100, 2)) == (-19.05, 0.0, 13.79)
    assert down == pytest.approx(-0.16 / 0.84, rel=1e-13)
    assert up == pytest.approx(0.16 / 1.16, rel=1e-13)


def test_a_market_may_have_a_factor_of_its_own() -> None:
    scenarios = ScenarioSet(
        names=("basis",),
        factors=(Factor(subject="BTC"), Factor(subject="LINEAR")),
        shocks=np.array([[0.0, 0.01]]),
        weights=equal_weights(1),
    )
    held = {m: INSTRUMENTS[m] for m in ("LINEAR", "SPOT")}
    factors = {"LINEAR": Factor(subject="LINEAR"), "SPOT": Factor(subject="BTC")}
    table = revalue(held, SNAPSHOT, scenarios, factors)
    np.testing.assert_allclose(table.profit, [[500.0], [0.0]], atol=1e-9)


def test_an_option_without_surface_has_a_reason_and_never_sinks_the_others() -> None:
    option = Option(
        pair=BTC_USD,
        settle="BTC",
        payoff=Payoff.INVERSE,
        expiry_ns=1_800_000_000_000_000_000,
        strike=Decimal(60_000),
        right=OptionRight.CALL,
        contract_size=Decimal(1),
    )
    table = revalue({"CALL": option, **INSTRUMENTS}, SNAPSHOT, SCENARIOS)
    assert table.reasons == {"CALL": RevaluationReason.NO_SURFACE}
    assert np.isnan(table.profit[0]).all()
    np.testing.assert_array_equal(
        table.profit[1:], revalue(INSTRUMENTS, SNAPSHOT, SCENARIOS).profit
    )


def test_nothing_is_assumed() -> None:
    linear = {"LINEAR": INSTRUMENTS["LINEAR"]}
    with pytest.raises(UsageError, match="must have a quote"):
        revalue(linear, replace(SNAPSHOT, quotes={}), SCENARIOS)
    for mark in (float("nan"), 0.0, -1.0):
        broken = replace(SNAPSHOT, quotes={"LINEAR": Quote(mark=mark, index=1.0)})
        with pytest.raises(UsageError, match="positive finite mark"):
            revalue(linear, broken, SCENARIOS)
    with pytest.raises(UsageError, match="must have a factor"):
        revalue(linear, SNAPSHOT, SCENARIOS, {})
    with pytest.raises(UsageError, match="must be one of the scenario set's factors"):
        revalue(linear, SNAPSHOT, SCENARIOS, {"LINEAR": Factor(subject="SOL")})
    nameless = replace(INSTRUMENTS["LINEAR"], contract_size=None)
    with pytest.raises(UsageError, match="with_contract_size"):
        revalue({"LINEAR": nameless}, SNAPSHOT, SCENARIOS)
    with pytest.raises(UsageError, match="must be one of the table's markets"):
        revalue(linear, SNAPSHOT, SCENARIOS).row("OTHER")
