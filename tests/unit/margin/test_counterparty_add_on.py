"""Counterparty add-on: by hand, on whom, in what, and where there is no rate."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from plimsoll.domain.account import Account, Position
from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Pair, Payoff, Perpetual
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.market import MarketSnapshot, Quote
from plimsoll.domain.parameters import Origin, Parameter, Unit, parameter_set
from plimsoll.domain.requirement import Requirements
from plimsoll.domain.tiers import Tier, TierTable
from plimsoll.errors import ParameterError
from plimsoll.margin.add_ons import Charged, CounterpartyAddOn, WithAddOns, counterparty_add_on
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.tiered import TieredMargin

PRICING = CurrencyPricing(pricing_markets={"ETH": "COIN"})
BTC = Perpetual(
    pair=Pair(base="BTC", quote="USD"),
    settle="USD",
    payoff=Payoff.LINEAR,
    contract_size=Decimal(1),
)
COIN = Perpetual(
    pair=Pair(base="ETH", quote="USD"),
    settle="ETH",
    payoff=Payoff.INVERSE,
    contract_size=Decimal(100),
)
INSTRUMENTS = {"BTC": BTC, "COIN": COIN}
SNAPSHOT = MarketSnapshot(
    at_ns=10**18,
    quotes={"BTC": Quote(mark=100.0, index=100.0), "COIN": Quote(mark=50.0, index=50.0)},
)
TIERS = {
    market: TierTable(
        (
            Tier(
                cap_usd=None,
                maintenance_rate=Decimal("0.05"),
                initial_rate=Decimal("0.1"),
                max_leverage=Decimal(10),
            ),
        )
    )
    for market in INSTRUMENTS
}
RATES = {"desk": {"BTC": Decimal("0.03"), "COIN": Decimal("0.02")}, "fund": {"BTC": Decimal(0)}}


def account(name: str, owner: str = "", coin: float = 0.0) -> Account:
    """Long 3 of BTC at 100, and contracts of 100 dollars."""
    held = [Position(market="BTC", quantity=3.0, entry_price=100.0)]
    if coin:
        held.append(Position(market="COIN", quantity=coin, entry_price=50.0))
    return Account(name=name, owner=owner, positions=tuple(held))


def required(add_on: CounterpartyAddOn | None, *accounts: Account) -> Requirements:
    model = WithAddOns(
        model=TieredMargin(pricing=PRICING),
        pricing=PRICING,
        add_ons=() if add_on is None else (add_on,),
    )
    return model.prepare(SNAPSHOT, TIERS, INSTRUMENTS).requirements(Book.from_accounts(accounts))


def test_an_institution_bears_its_rate_of_every_notional_and_others_nothing() -> None:
    accounts = (account("desk", coin=-4.0), account("retail", coin=-4.0))
    bare, found = required(None, *accounts), required(CounterpartyAddOn(rates=RATES), *accounts)
    # 300 of BTC at 3 %, 400 dollars of coin at 2 %.
    assert found.maintenance - bare.maintenance == pytest.approx([17.0, 0.0], abs=1e-9)
    assert found.initial - bare.initial == pytest.approx([17.0, 0.0], abs=1e-9)


def test_margins_of_new_risk_alone_can_be_charged() -> None:
    add_on = CounterpartyAddOn(rates=RATES, charged=Charged.INITIAL)
    bare, found = required(None, account("desk")), required(add_on, account("desk"))
    assert found.initial - bare.initial == pytest.approx([9.0])
    assert np.array_equal(found.maintenance, bare.maintenance)


def test_all_accounts_of_the_institution_as_owner_are_charged() -> None:
    accounts = (account("desk"), account("sub", owner="desk"), account("other", owner="else"))
    bare, found = required(None, *accounts), required(CounterpartyAddOn(rates=RATES), *accounts)
    assert found.maintenance - bare.maintenance == pytest.approx([9.0, 9.0, 0.0])


def test_a_market_without_a_rate_has_a_reason_and_a_rate_of_zero_none() -> None:
    add_on = CounterpartyAddOn(rates=RATES)
    assert not np.isnan(required(add_on, account("fund")).maintenance).any()
    lacks = required(add_on, account("fund", coin=1.0), account("retail", coin=1.0))
    assert np.isnan(lacks.maintenance).tolist() == [True, False]
    told = [MarginReason(int(code)) for code in lacks.parts.reason if code]
    assert told == [MarginReason.NO_PARAMETERS]


def test_a_negative_rate_is_refused() -> None:
    with pytest.raises(ParameterError, match="must not be negative"):
        CounterpartyAddOn(rates={"desk": {"BTC": Decimal("-0.01")}})


def test_rates_are_read_from_a_set() -> None:
    def parameter(market: str, name: str, value: str) -> Parameter:
        return Parameter(
            market=market,
            name=name,
            value=Decimal(value),
            unit=Unit.FRACTION,
            lower=Decimal(0),
            upper=Decimal(100),
            owner="risk",
            origin=Origin.CALIBRATED,
        )

    made = parameter_set(
        venue="v", valid_from="2025-01-01T00:00:00Z", seed=1, data_digest="d",
        problem_digest="p", code_version="c", label="",
        parameters=(
            parameter("BTC/USD:USD", "counterparty_add_on.desk", "0.03"),
            parameter("counterparty:desk", "margin_multiplier.large", "2"),
            parameter("BTC/USD:USD", "price_risk.maintenance", "0.03"),
        ),
    )  # fmt: skip
    assert counterparty_add_on(made).rates == {"desk": {"BTC/USD:USD": Decimal("0.03")}}
