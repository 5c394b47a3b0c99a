"""PMRM_2 of one call spread, against figures recomputed from the formulas of derivexyz/v2-core.

The volatilities are given to eight decimals. Half of the last one moves the worst scenario by
1.17e-6 (strike 4,000) and 0.98e-6 (4,200), all other inputs by less than 1e-8: tolerance 2.2e-6.
"""

from __future__ import annotations

import math
from decimal import Decimal

import pytest

from plimsoll.domain.account import Account, Position
from plimsoll.domain.book import Book
from plimsoll.domain.expiry_quote import ExpiryQuote
from plimsoll.domain.instrument import Instrument, Option, OptionRight, Pair, Payoff, Spot
from plimsoll.domain.market import MarketSnapshot, Quote
from plimsoll.domain.requirement import Requirements
from plimsoll.margin.derive import CashPricing, DerivePmrm2, Pmrm2Parameters

AT_NS = 1_735_689_600_000_000_000
SECONDS = 794_852
SPOT, FORWARD, RATE = 2681.6029851, 2682.9997436, 0.15
VOLS = {"4000": 0.87955437, "4200": 0.88332554}
PAIR = Pair(base="ETH", quote="USDC")
OF_INPUTS = 2.2e-6


@pytest.fixture(scope="module")
def found() -> Requirements:
    """Short one call at 4,000, long one at 4,200; no cash."""
    expiry = AT_NS + SECONDS * 10**9
    calls: dict[str, Instrument] = {
        strike: Option(
            pair=PAIR,
            settle="USDC",
            payoff=Payoff.LINEAR,
            contract_size=Decimal(1),
            expiry_ns=expiry,
            strike=Decimal(strike),
            right=OptionRight.CALL,
        )
        for strike in VOLS
    }
    quotes = {k: Quote(mark=1.0, index=SPOT, implied_vol_annual=vol) for k, vol in VOLS.items()}
    snapshot = MarketSnapshot(
        at_ns=AT_NS,
        quotes=quotes | {"SPOT": Quote(mark=SPOT, index=SPOT)},
        expiries={(PAIR, "USDC", expiry): ExpiryQuote(floating=FORWARD, rate_annual=RATE)},
        stable_price_usd={"USDC": 1.0},
    )
    instruments = calls | {"SPOT": Spot(pair=Pair(base="ETH", quote="USD"))}
    model = DerivePmrm2(pricing=CashPricing(pricing_markets={"ETH": "SPOT"}))
    prepared = model.prepare(snapshot, {"ETH": Pmrm2Parameters()}, instruments)
    held = [
        Position(market=strike, quantity=quantity, entry_price=1.0)
        for strike, quantity in (("4000", -1.0), ("4200", 1.0))
    ]
    return prepared.requirements(Book.from_accounts([Account(name="a", positions=tuple(held))]))


def test_the_levels_and_the_value(found: Requirements) -> None:
    """Levels are what Derive asks of cash: equity less requirement."""
    near = {"rel": 0.0, "abs": OF_INPUTS}
    assert float(found.equity[0]) == pytest.approx(-0.19447034, **near)
    assert float(found.equity[0] - found.initial[0]) == pytest.approx(-35.75844561, **near)
    assert float(found.equity[0] - found.maintenance[0]) == pytest.approx(-25.96404757, **near)


def test_the_worst_scenario_and_what_stands_beside_it(found: Requirements) -> None:
    (told,) = found.explanations("a")
    table = told.scenarios[0]
    worst = max(table.losses)
    assert float(worst) == pytest.approx(22.15596034, rel=0.0, abs=OF_INPUTS)
    binding = table.names[list(table.losses).index(worst)]
    assert "18" in binding
    assert "up" in binding
    # 0.3 % of spot for a short option that nothing pairs, 0.2 % more to open
    kept = found.maintenance[0] - 0.8 * worst
    assert float(kept) == pytest.approx(0.003 * SPOT, rel=1e-12)
    assert float(found.initial[0] - worst - kept) == pytest.approx(0.002 * SPOT, rel=1e-12)


def test_discount_and_vol_multiplier_of_the_example() -> None:
    """The figures that lead there: e^(-r T), and 1 + 0.5 (30 d / T)^0.3."""
    assert math.exp(-RATE * SECONDS / 31_536_000) == pytest.approx(0.99622645, abs=5e-9)
    own = Pmrm2Parameters()
    scale = (30 * 86_400 / SECONDS) ** float(own.short_power)
    assert 1.0 + float(own.range_up) * scale == pytest.approx(1.71281138, abs=5e-9)
