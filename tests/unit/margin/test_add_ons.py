"""Models with add-ons and collateral rules: terms, reasons, explanations; what is refused."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from add_on_books import (
    INSTRUMENTS,
    PRICING,
    TABLES,
    account,
    book,
    position,
    snapshot,
    tiers,
)
from plimsoll.domain.account import Account
from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Pair
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.market import Quote
from plimsoll.domain.requirement import Requirements, total_of
from plimsoll.errors import ParameterError, UsageError
from plimsoll.margin import TieredMargin
from plimsoll.margin.add_ons import (
    BasisAddOn,
    BasisParameters,
    Charged,
    ConcentrationAddOn,
    ConcentrationParameters,
    DepegAddOn,
    GapAddOn,
    GapParameters,
    LiquidityAddOn,
    LiquidityParameters,
    MinimumCharge,
    MinimumParameters,
    WithAddOns,
    WrongWayAddOn,
    WrongWayParameters,
    peg_band,
)
from plimsoll.margin.bybit import BybitMargin, BybitParameters
from plimsoll.margin.collateral import (
    CollateralParameters,
    CollateralRules,
    Redemption,
    bridge_haircut,
    published_factor,
    published_value,
)

EVERY = (
    LiquidityAddOn(parameters={"BTC": LiquidityParameters(), "ETH": LiquidityParameters()}),
    ConcentrationAddOn(
        parameters={"BTC": ConcentrationParameters(), "ETH": ConcentrationParameters()}
    ),
    GapAddOn(parameters={"BTC": GapParameters(), "ETH": GapParameters()}),
    WrongWayAddOn(
        parameters={"BTC": WrongWayParameters(), "ETH": WrongWayParameters()}, moves_with={}
    ),
    MinimumCharge(parameters={"BTC": MinimumParameters(), "ETH": MinimumParameters()}),
    BasisAddOn(parameters={"BTC": BasisParameters(), "ETH": BasisParameters()}),
    DepegAddOn(bands=(peg_band("0", (None, "0.01")),), charged=Charged.INITIAL),
)
RULES = CollateralRules(
    parameters={
        "BTC": CollateralParameters(haircut=Decimal("0.1"), initial_extra=Decimal("0.5")),
        "USDT": CollateralParameters(haircut=Decimal("0.02")),
    }
)


def tiered(*accounts: Account, rules: CollateralRules | None = RULES) -> Requirements:
    model = WithAddOns(
        model=TieredMargin(pricing=PRICING), pricing=PRICING, add_ons=EVERY, collateral=rules
    )
    return model.prepare(snapshot(), TABLES, INSTRUMENTS).requirements(book(*accounts))


def test_totals_are_the_terms_to_the_bit_and_never_below_the_model() -> None:
    held = account({"PERP": 40, "FUT": -30, "COIN": 7, "ETH": 900}, {"USDT": 9e3, "BTC": 33})
    found = tiered(held)
    plain = TieredMargin(pricing=PRICING).prepare(snapshot(), TABLES, INSTRUMENTS)
    inner = plain.requirements(book(held))
    initial, maintenance = total_of(found.terms, len(found))
    assert found.initial.tobytes() == initial.tobytes()
    assert found.maintenance.tobytes() == maintenance.tobytes()
    assert found.maintenance[0] > inner.maintenance[0]
    assert all(float(t.initial[0]) >= 0.0 for t in found.terms)
    names = [t.name for t in found.terms]
    assert names[0] == "positions"
    assert names[1:] == [
        "liquidity",
        "concentration",
        "gap",
        "wrong_way",
        "minimum_charge",
        "basis",
        "depeg",
        "collateral_initial",
    ]
    by_name = {t.name: t for t in found.terms}
    # USD of COIN and USDT of PERP and FUT: 700 long against 1,000 net long hedge nothing.
    assert by_name["depeg"].maintenance[0] == 0.0


def test_haircuts_lower_equity_and_are_told() -> None:
    held = account({"PERP": 1}, {"USDT": 1000, "BTC": 10})
    found = tiered(held)
    # 1,000 x 0.98 + 1,000 x 0.9; half of the coins' 900 does not count for new risk
    assert found.collateral[0] == pytest.approx(1880.0, rel=1e-12)
    extra = {t.name: t for t in found.terms}["collateral_initial"]
    assert extra.initial[0] == pytest.approx(450.0, rel=1e-12)
    assert extra.maintenance[0] == 0.0
    told = found.explanations("a")[0]
    assert told.initial == found.initial[0]
    assert told.equity == found.equity[0]
    assert sum(t.initial for t in told.terms) == pytest.approx(told.initial, rel=1e-15)
    about = {t.name: t.about for t in told.terms}["collateral_haircut"]
    assert "BTC 1,000.00 counts 900.00" in about
    assert "USDT 1,000.00 counts 980.00" in about


def test_an_isolated_position_has_its_own_add_ons_and_no_haircut() -> None:
    held = Account(
        name="a",
        positions=(position("PERP", 10.0), position("FUT", -10.0, isolated_margin=100.0)),
        collateral={"USDT": 1000},
    )
    found = tiered(held)
    basis = {t.name: t for t in found.terms}["basis"]
    assert basis.maintenance.tolist() == [0.0, 0.0]  # not hedged: two units
    assert found.collateral.tolist() == [980.0, 100.0]
    assert [u.unit for u in found.explanations("a")] == ["cross", "isolated FUT"]


def test_reasons_stay_in_their_row() -> None:
    good = account({"PERP": 10}, {"USDT": 1000}, "good")
    nobody = account({"PERP": 10}, {"USDC": 1000}, "no rule")
    strange = Account(name="strange", positions=(position("STETH", 5.0),), collateral={"USDT": 10})
    found = tiered(good, nobody, strange)
    assert not found.unknown[0]
    assert found.unknown[1:].all()
    assert found.unit_reason is not None
    assert MarginReason(int(found.unit_reason[1])) is MarginReason.NO_PARAMETERS
    assert MarginReason(int(found.parts.reason[2])) is MarginReason.NO_PARAMETERS
    alone = tiered(good)
    assert found.maintenance[0] == alone.maintenance[0]
    assert np.isnan(found.terms[0].initial[2])
    assert "no parameters" in str(found.explain("strange").rows)


def test_order_of_accounts_and_positions_changes_nothing() -> None:
    one = account({"PERP": 40, "COIN": -7}, {"USDT": 100}, "one")
    two = account({"ETH": 3, "FUT": -9}, {"BTC": 2}, "two")
    turned = account({"COIN": -7, "PERP": 40}, {"USDT": 100}, "one")
    first, second = tiered(one, two), tiered(two, turned)
    assert first.maintenance.tolist() == pytest.approx(second.maintenance[::-1].tolist(), rel=1e-14)


def test_portfolio_models_take_them_too() -> None:
    units = {"BTC": BybitParameters(), "ETH": BybitParameters()}
    inner = BybitMargin(pricing=PRICING)
    model = WithAddOns(model=inner, pricing=PRICING, add_ons=EVERY, collateral=RULES)
    held = book(account({"CALL": -10, "PERP": 5, "FUT": -2}, {"USDT": 5000}))
    found = model.prepare(snapshot(), units, INSTRUMENTS).requirements(held)
    plain = inner.prepare(snapshot(), units, INSTRUMENTS).requirements(held)
    assert found.maintenance[0] > plain.maintenance[0]
    assert found.terms[: len(plain.terms)][0].name == plain.terms[0].name
    told = found.explanations("a")[0]
    assert told.maintenance == found.maintenance[0]
    assert told.scenarios


def test_linked_accounts_pay_for_their_owners_size() -> None:
    whole = tiered(account({"PERP": 80}, {"USDT": 1e4}), rules=None)
    halves = [
        Account(name=n, positions=(position("PERP", 40.0),), collateral={"USDT": 1e4}, owner="o")
        for n in ("x", "y")
    ]
    split = tiered(*halves, rules=None)
    for name in ("liquidity", "concentration"):
        one = {t.name: t for t in whole.terms}[name].initial[0]
        two = {t.name: t for t in split.terms}[name].initial.sum()
        assert two == pytest.approx(one, rel=1e-12), name


def test_a_coin_numeraire_does_not_move_against_itself() -> None:
    in_coin = type(PRICING)(numeraire="BTC", pricing_markets=PRICING.pricing_markets)
    add_on = WrongWayAddOn(parameters={"BTC": WrongWayParameters()}, moves_with={})
    model = WithAddOns(model=TieredMargin(pricing=in_coin), pricing=in_coin, add_ons=(add_on,))
    held = book(account({"COIN": 10}, {"BTC": 10}))
    found = model.prepare(snapshot(), TABLES, INSTRUMENTS).requirements(held)
    assert {t.name: t.initial[0] for t in found.terms}["wrong_way"] == 0.0


def test_an_empty_book_and_no_instruments() -> None:
    model = WithAddOns(
        model=TieredMargin(pricing=PRICING), pricing=PRICING, add_ons=EVERY, collateral=RULES
    )
    empty = Book.from_accounts([])
    assert len(model.prepare(snapshot(), TABLES, INSTRUMENTS).requirements(empty)) == 0
    nothing = model.prepare(snapshot(), {}, {}).requirements(book(account({}, {"USDT": 1})))
    assert nothing.maintenance.tolist() == [0.0]


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: GapParameters(gap_move=Decimal("0.1"), covered_move=Decimal("0.2")), "gap_move"),
        (lambda: MinimumParameters(linear_rate=Decimal(0)), "must lie in"),
        (lambda: CollateralParameters(largest_haircut=Decimal("0.01")), "largest_haircut"),
        (lambda: DepegAddOn(bands=(peg_band("0.9", (None, "0.1")),)), "fall down to 0"),
        (lambda: peg_band("0", ("5", "0.2"), (None, "0.1")), "not fall with size"),
        (lambda: peg_band("0", ("5", "0.2")), "open end"),
        (
            lambda: DepegAddOn(bands=(peg_band("1", (None, "0.2")), peg_band("0", (None, "0.1")))),
            "must not fall as the peg falls",
        ),
        (lambda: LiquidityAddOn(parameters={}, depth_when_unknown_usd=Decimal(-1)), "negative"),
    ],
)
def test_parameters_that_cannot_be(build: object, message: str) -> None:
    assert callable(build)
    with pytest.raises(ParameterError, match=message):
        build()


def test_what_collateral_refuses_and_how_it_is_published() -> None:
    with pytest.raises(UsageError, match="positive"):
        Redemption(currency="ETH", amount=0.0)
    with pytest.raises(UsageError, match="lie in"):
        bridge_haircut(hazard_annual=0.1, loss_given_failure=2.0, horizon_hours=1.0)
    with pytest.raises(UsageError, match="not be negative"):
        bridge_haircut(hazard_annual=-0.1, loss_given_failure=1.0, horizon_hours=1.0)
    with pytest.raises(UsageError, match="lie in"):
        published_factor(1.5)
    assert published_value(10.019) == Decimal("10.01")
    assert published_factor(0.9) == Decimal("0.9")
    assert tiers((None, "0.05")) == TABLES["PERP"]


def test_staked_coins_are_wrong_way_for_what_they_move_with() -> None:
    # 20 % of 980 dollars of staked ether beside a long of 30 ether.
    add_on = WrongWayAddOn(
        parameters={"ETH": WrongWayParameters(), "BTC": WrongWayParameters()},
        moves_with={"STETH": "ETH"},
    )
    model = WithAddOns(model=TieredMargin(pricing=PRICING), pricing=PRICING, add_ons=(add_on,))
    held = book(account({"ETH": 30}, {"STETH": 100}))
    found = model.prepare(snapshot(), TABLES, INSTRUMENTS).requirements(held)
    assert found.terms[-1].maintenance[0] == pytest.approx(196.0, rel=1e-12)


@pytest.mark.parametrize(
    ("held", "minimum", "basis", "depeg", "gap"),
    [
        ({"PERP": 10, "PERPC": -10}, 4.0, 5.0, 10.0, 0.0),
        ({"PERP": -10, "FUT": 10}, 4.0, 25.0, 0.0, 0.0),
        ({"PERP": 10, "COIN": -10}, 4.0, 5.0, 10.0, 0.0),
        ({"PERP": 10}, 0.0, 0.0, 0.0, 50.0),
    ],
)
def test_hedged_books_are_neither_free_nor_punished(
    held: dict[str, float], minimum: float, basis: float, depeg: float, gap: float
) -> None:
    """The table of ``docs/models/add-ons.md``; 0.002 x 2,000, 0.005 (+ 0.1 x 0.2) x 1,000, ..."""
    found = tiered(account(held, {"USDT": 1e4}), rules=None)
    asked = {t.name: float(t.initial[0]) for t in found.terms}
    named = (asked["minimum_charge"], asked["basis"], asked["depeg"], asked["gap"])
    assert named == pytest.approx((minimum, basis, depeg, gap), rel=1e-12)


def test_dust_of_a_weak_dollar_does_not_charge_the_hedge_at_its_peg() -> None:
    """USDT against USDC at 1 % of 1,000 dollars; a leg of a dollar at 0.78 adds cents."""
    instruments = {
        coin: replace(
            INSTRUMENTS["PERP"],  # type: ignore[type-var]
            pair=Pair(base="BTC", quote=coin),
            settle=coin,
        )
        for coin in ("USDT", "USDC", "USDE")
    }
    market = replace(
        snapshot(),
        quotes={
            **snapshot().quotes,
            **{coin: Quote(mark=100.0, index=100.0) for coin in instruments},
        },
        stable_price_usd={"USDT": 1.0, "USDC": 1.0, "USDE": 0.78},
    )
    bands = (peg_band("0.99", (None, "0.01")), peg_band("0", (None, "0.4")))
    model = WithAddOns(
        model=TieredMargin(pricing=PRICING),
        pricing=PRICING,
        add_ons=(DepegAddOn(bands=bands), DepegAddOn(bands=bands)),
    )
    tables = dict.fromkeys(instruments, TABLES["PERP"])
    prepared = model.prepare(market, tables, {**INSTRUMENTS, **instruments})

    def charge(held: dict[str, float]) -> float:
        positions = tuple(position(m, q, 100.0) for m, q in held.items())
        found = prepared.requirements(book(Account(name="a", positions=positions)))
        assert [t.name for t in found.terms][-2:] == ["depeg", "depeg_add_on"]
        return float(found.terms[-1].maintenance[0])

    plain, dusty = (charge({"USDT": 10, "USDC": -10, **more}) for more in ({}, {"USDE": 1e-9}))
    assert plain > 0.0
    assert dusty == pytest.approx(plain, rel=1e-8)
