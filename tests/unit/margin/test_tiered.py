"""The tier model at its edges: currencies, reasons, refusals, explanation."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from plimsoll.domain.account import Account, MarginMode, Position
from plimsoll.domain.book import Book
from plimsoll.domain.instrument import (
    Instrument,
    Option,
    OptionRight,
    Pair,
    Payoff,
    Perpetual,
    Spot,
)
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.market import MarketSnapshot, Quote
from plimsoll.domain.parameters import Origin, Parameter, Unit, parameter_set
from plimsoll.domain.requirement import account_totals
from plimsoll.domain.tiers import Tier, TierTable
from plimsoll.errors import UsageError
from plimsoll.margin import CurrencyPricing, MarginModel, Prepared, TieredMargin
from plimsoll.maths.tiered_margin import PositionColumns, read_only

LINEAR = Perpetual(
    pair=Pair(base="BTC", quote="USDT"),
    settle="USDT",
    payoff=Payoff.LINEAR,
    contract_size=Decimal(1),
)
INVERSE = Perpetual(
    pair=Pair(base="BTC", quote="USD"),
    settle="BTC",
    payoff=Payoff.INVERSE,
    contract_size=Decimal(100),
)
SPOT = Spot(pair=Pair(base="BTC", quote="USD"))
OPTION = Option(
    pair=Pair(base="BTC", quote="USD"),
    settle="BTC",
    payoff=Payoff.INVERSE,
    expiry_ns=1_800_000_000_000_000_000,
    strike=Decimal(60_000),
    right=OptionRight.CALL,
)
INSTRUMENTS: dict[str, Instrument] = {"L": LINEAR, "I": INVERSE, "S": SPOT, "O": OPTION}
TIERS = TierTable(
    (
        Tier(
            cap_usd=Decimal(50_000),
            maintenance_rate=Decimal("0.01"),
            initial_rate=Decimal("0.02"),
            max_leverage=Decimal(50),
        ),
        Tier(
            cap_usd=Decimal(1_000_000),
            maintenance_rate=Decimal("0.02"),
            initial_rate=Decimal("0.04"),
            max_leverage=Decimal(25),
        ),
    )
)
SNAPSHOT = MarketSnapshot(
    at_ns=0,
    quotes={m: Quote(mark=50_000.0, index=49_900.0) for m in INSTRUMENTS},
    stable_price_usd={"USDT": 1.0},
)
PRICING = CurrencyPricing(pricing_markets={"BTC": "S"})
ISOLATED = Position(
    market="I",
    quantity=-500.0,
    entry_price=50_000.0,
    mode=MarginMode.ISOLATED,
    isolated_margin=0.1,
)
ACCOUNT = Account(
    name="a",
    positions=(Position(market="L", quantity=2.0, entry_price=49_000.0), ISOLATED),
    collateral={"USDT": 3_000.0, "BTC": 0.5},
)


def prepare(snapshot: MarketSnapshot = SNAPSHOT, model: TieredMargin | None = None) -> Prepared:
    chosen: MarginModel = model or TieredMargin(pricing=PRICING)
    return chosen.prepare(snapshot, {"L": TIERS, "I": TIERS}, INSTRUMENTS)


def test_explanation_unfolds_to_instrument_and_term_and_adds_up() -> None:
    table = prepare().requirements(Book.from_accounts([ACCOUNT])).explain("a")
    linear, inverse, cross, isolated = table
    # N = 100,000 in tier 2: D = 50,000 x 1 % = 500; MM = 2,000 - 500; IM = 4,000; profit 2,000
    assert (linear["notional"], linear["tier"], linear["tier_currency"]) == (100_000.0, 2, "USDT")
    assert (linear["maintenance_rate"], linear["deduction"]) == (0.02, 500.0)
    assert (linear["maintenance"], linear["initial"]) == (1_500.0, 4_000.0)
    # N = 50,000 at the first cap; MM = 500 / 50,000 BTC at 49,900 a BTC (index) = 499
    assert (inverse["tier"], inverse["settle"], inverse["settle_price"]) == (1, "BTC", 49_900.0)
    assert inverse["maintenance"] == pytest.approx(499.0, rel=1e-14)
    # cross: 3,000 + 0.5 x 49,900 + 2,000; the isolated position keeps to itself
    assert cross["unit"] == "cross"
    assert (cross["collateral"], cross["equity"]) == (27_950.0, 29_950.0)
    assert cross["maintenance"] == linear["maintenance"]
    assert isolated["unit"] == "isolated I"
    assert isolated["maintenance"] == inverse["maintenance"]
    assert isolated["collateral"] == pytest.approx(4_990.0, rel=1e-14)
    assert "Maintenance margin [USD]" in table.markdown()


def test_account_totals_fold_units() -> None:
    found = prepare().requirements(Book.from_accounts([Account(name="z"), ACCOUNT]))
    assert account_totals(found, found.maintenance).tolist() == [
        0.0,
        float(found.maintenance[1] + found.maintenance[2]),
    ]
    with pytest.raises(UsageError, match="one value per unit"):
        account_totals(found, np.zeros(2))


def test_flags_are_false_where_unknown() -> None:
    beyond = Position(market="L", quantity=100.0, entry_price=50_000.0)
    found = prepare().requirements(Book.from_accounts([Account(name="a", positions=(beyond,))]))
    assert found.unknown.tolist() == [True]
    assert found.under_initial.tolist() == found.under_maintenance.tolist() == [False]
    assert found.equity.tolist() == [0.0]  # profit is known even where the table ends
    row = next(iter(found.explain("a")))
    assert (row["reason"], row["tier"]) == ("beyond the last tier", None)


def test_under_initial_before_under_maintenance() -> None:
    held = Position(market="L", quantity=1.0, entry_price=50_000.0)  # MM 500, IM 1,000
    accounts = [
        Account(name=str(c), positions=(held,), collateral={"USDT": c})
        for c in (499.0, 500.0, 999.0, 1_000.0)
    ]
    found = prepare().requirements(Book.from_accounts(accounts))
    assert found.under_maintenance.tolist() == [True, False, False, False]
    assert found.under_initial.tolist() == [True, True, True, False]


@pytest.mark.parametrize("mark", [float("nan"), 0.0, -5.0, float("inf")])
def test_a_bad_mark_is_a_reason(mark: float) -> None:
    snapshot = replace(SNAPSHOT, quotes=SNAPSHOT.quotes | {"L": Quote(mark=mark, index=1.0)})
    found = prepare(snapshot).requirements(Book.from_accounts([ACCOUNT]))
    assert found.parts.reason.tolist() == [MarginReason.NO_MARK, MarginReason.NONE]
    assert found.unknown.tolist() == [True, False]


def test_a_missing_quote_is_a_reason_and_sinks_no_other_market() -> None:
    snapshot = replace(SNAPSHOT, quotes={m: q for m, q in SNAPSHOT.quotes.items() if m != "L"})
    found = prepare(snapshot).requirements(Book.from_accounts([ACCOUNT]))
    assert found.parts.reason.tolist() == [MarginReason.NO_MARK, MarginReason.NONE]


def test_a_market_without_tiers_is_a_reason() -> None:
    prepared = TieredMargin(pricing=PRICING).prepare(SNAPSHOT, {"I": TIERS}, INSTRUMENTS)
    found = prepared.requirements(Book.from_accounts([ACCOUNT]))
    assert found.parts.reason.tolist() == [MarginReason.NO_TIERS, MarginReason.NONE]
    assert found.parts.unrealised[0] == 2_000.0


def test_a_settlement_coin_with_a_bad_index_is_a_reason() -> None:
    quotes = SNAPSHOT.quotes | {"S": Quote(mark=50_000.0, index=float("nan"))}
    found = prepare(replace(SNAPSHOT, quotes=quotes)).requirements(Book.from_accounts([ACCOUNT]))
    assert found.parts.reason.tolist() == [MarginReason.NONE, MarginReason.NO_CURRENCY_PRICE]
    # The cross pool holds BTC whose price is unknown: it has a reason, and so neither number.
    assert np.isnan(found.equity[0])
    assert np.isnan(found.maintenance[0])
    assert found.parts.maintenance[0] == 1_500.0


def test_a_coin_nobody_holds_needs_no_sound_price() -> None:
    quotes = SNAPSHOT.quotes | {"S": Quote(mark=50_000.0, index=float("nan"))}
    accounts = [replace(ACCOUNT, name="b", positions=(), collateral={"USDT": 5.0}), ACCOUNT]
    found = prepare(replace(SNAPSHOT, quotes=quotes)).requirements(Book.from_accounts(accounts))
    assert found.equity[0] == 5.0


@pytest.mark.parametrize("funding", [float("nan"), float("inf")])
def test_funding_that_is_no_number_is_a_reason(funding: float) -> None:
    odd = replace(ACCOUNT.positions[0], funding=funding)
    accounts = [replace(ACCOUNT, name="odd", positions=(odd,)), ACCOUNT]
    found = prepare().requirements(Book.from_accounts(accounts))
    assert found.unknown.tolist() == [True, False, False]
    assert found.parts.reason[0] == MarginReason.NO_FUNDING


def test_an_unpriced_currency_is_a_reason_of_those_who_hold_it() -> None:
    doge = Account(name="d", collateral={"DOGE": 1.0})
    found = prepare().requirements(Book.from_accounts([doge, ACCOUNT]))
    assert found.unknown.tolist() == [True, False, False]
    assert found.unit_reason is not None
    assert found.unit_reason.tolist() == [MarginReason.NO_COLLATERAL_PRICE, 0, 0]
    alone = prepare().requirements(Book.from_accounts([ACCOUNT]))
    assert found.maintenance[1] == alone.maintenance[0]


@pytest.mark.parametrize(
    ("market", "reason"),
    [
        ("S", MarginReason.NOT_MARGINED),
        ("O", MarginReason.NOT_MARGINED),
        ("X", MarginReason.UNKNOWN_INSTRUMENT),
    ],
)
def test_positions_outside_the_model_have_a_reason(market: str, reason: MarginReason) -> None:
    held = Position(market=market, quantity=1.0, entry_price=1.0)
    bad = Account(name="bad", positions=(held,), collateral={"USDT": 1e9})
    found = prepare().requirements(Book.from_accounts([bad, ACCOUNT]))
    assert found.parts.reason.tolist() == [reason, MarginReason.NONE, MarginReason.NONE]
    assert found.unknown.tolist() == [True, False, False]
    assert np.isnan(found.maintenance[0])
    row = next(iter(found.explain("bad")))
    assert row["reason"] == reason.text


def test_a_contract_of_unknown_size_is_a_reason_of_those_who_hold_it() -> None:
    nameless = replace(LINEAR, contract_size=None)
    prepared = TieredMargin(pricing=PRICING).prepare(
        SNAPSHOT, {"L": TIERS}, {**INSTRUMENTS, "L": nameless}
    )
    found = prepared.requirements(Book.from_accounts([ACCOUNT]))
    reasons = dict(zip(found.book.markets, found.parts.reason.tolist(), strict=True))
    assert reasons["L"] == MarginReason.NO_CONTRACT_SIZE


def test_a_parameter_set_serves_as_well_as_tables() -> None:
    def number(name: str, value: Decimal, unit: Unit) -> Parameter:
        return Parameter(
            market="L",
            name=name,
            value=value,
            unit=unit,
            lower=Decimal(0),
            upper=Decimal(10**9),
            owner="risk",
            origin=Origin.CALIBRATED,
        )

    parameters = [
        number(f"tier[{row}].{name}", value, unit)
        for row, tier in enumerate(TIERS.tiers)
        for name, value, unit in (
            ("cap_usd", tier.cap_usd or Decimal(0), Unit.USD),
            ("maintenance_rate", tier.maintenance_rate, Unit.FRACTION),
            ("initial_rate", tier.initial_rate, Unit.FRACTION),
            ("max_leverage", tier.max_leverage, Unit.LEVERAGE),
        )
    ]
    published = parameter_set(
        venue="v",
        valid_from="2026-01-01T00:00:00Z",
        parameters=tuple(parameters),
        seed=1,
        data_digest="",
        problem_digest="",
        code_version="",
        label="SYNTHETIC",
    )
    book = Book.from_accounts([ACCOUNT])
    model = TieredMargin(pricing=PRICING)
    by_set = model.prepare(SNAPSHOT, published, INSTRUMENTS).requirements(book)
    by_table = model.prepare(SNAPSHOT, {"L": TIERS}, INSTRUMENTS).requirements(book)
    np.testing.assert_array_equal(by_set.maintenance, by_table.maintenance)
    np.testing.assert_array_equal(by_set.initial, by_table.initial)
    assert by_set.parts.reason.tolist() == [MarginReason.NONE, MarginReason.NO_TIERS]


def test_unknown_account() -> None:
    with pytest.raises(UsageError, match="must be one of the book's accounts"):
        prepare().requirements(Book.from_accounts([ACCOUNT])).explain("b")


def test_one_machine_code_for_books_from_everywhere() -> None:
    """Read-only and writeable columns in one book would compile the kernel again and again."""
    whole, values = np.zeros(3, dtype=np.int64), [np.arange(3.0) for _ in range(6)]
    values[0].setflags(write=False)
    columns = PositionColumns(whole, whole, *values)
    found = read_only(columns)
    assert not any(column.flags.writeable for column in found)
    assert columns.funding.flags.writeable
    assert all(np.shares_memory(a, b) for a, b in zip(columns, found, strict=True))
