"""Liquidation prices of any model: closed forms, hand-made snapshots, scans that share no code.

Tolerance 1e-9 relative: roots are closed in on to 1e-13 of the log price, sums of a few products.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from statistics import NormalDist

import numpy as np
import pytest

from add_on_books import (
    EXPIRY_NS,
    FLAT,
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
from plimsoll.domain.expiry_quote import ExpiryQuote
from plimsoll.domain.instrument import Pair, Perpetual
from plimsoll.domain.tiers import TierTable
from plimsoll.errors import UsageError
from plimsoll.margin import LiquidationStatus, TieredMargin
from plimsoll.margin.add_ons import WithAddOns
from plimsoll.margin.bybit import BybitMargin, BybitParameters
from plimsoll.margin.collateral import CollateralParameters, CollateralRules
from plimsoll.margin.liquidation import (
    ClosingCosts,
    LiquidationRange,
    LiquidationSolver,
    PricePath,
    SearchGrid,
    book_shocks,
    common_path,
    market_path,
    tiered_cross_liquidation,
)

TWO = tiers(("1500", "0.05"), (None, "0.5"))


def solver(
    tables: Mapping[str, TierTable] = TABLES,
    costs: ClosingCosts | None = None,
    changes: Mapping[str, Mapping[str, float]] | None = None,
) -> LiquidationSolver[Mapping[str, TierTable]]:
    return LiquidationSolver(
        model=TieredMargin(pricing=PRICING),
        parameters=tables,
        instruments=INSTRUMENTS,
        snapshot=snapshot(changes),
        pricing=PRICING,
        costs=costs or ClosingCosts(),
    )


def along(held: Account, market: str, tables: Mapping[str, TierTable] = TABLES) -> LiquidationRange:
    return solver(tables).along_market(book(held), held.name, market)


@pytest.mark.parametrize(
    ("market", "quantity", "margin", "expected"),
    [
        # linear long: (q P0 - W) / (q (1 - m)) = (1,000 - 200) / 9.5
        ("PERP", 10.0, 200.0, 800 / 9.5),
        # linear short: (q P0 + W) / (q (1 + m)) = 1,200 / 10.5
        ("PERP", -10.0, 200.0, 1200 / 10.5),
        # inverse long: N (1 + m) / (W + N / P0) = 1,050 / (2 + 10)
        ("COIN", 10.0, 2.0, 1050 / 12),
        # inverse short: N (1 - m) / (N / P0 - W) = 950 / (10 - 2)
        ("COIN", -10.0, 2.0, 950 / 8),
    ],
)
def test_isolated_closed_forms_of_the_reference(
    market: str, quantity: float, margin: float, expected: float
) -> None:
    held = Account(
        name="a",
        positions=(position(market, quantity, isolated_margin=margin),),
        collateral={"USDT": 1e6},
    )
    found = along(held, market)
    hit, miss = (found.down, found.up) if quantity > 0 else (found.up, found.down)
    assert hit.status is LiquidationStatus.AT_PRICE
    assert hit.price == pytest.approx(expected, rel=1e-9)
    assert miss.status is LiquidationStatus.NEVER
    assert miss.price is None


def test_cross_account_of_several_positions() -> None:
    # 300 dollars, ETH long 20 at 10 needs 10: W = 290 stands behind PERP.
    held = account({"PERP": 10, "ETH": 20}, {"USDT": 300})
    assert along(held, "PERP").down.price == pytest.approx((1000 - 290) / 9.5, rel=1e-9)
    # Along ETH: 300 - 50 + 20 (p - 10) = p: p = -50 / 19, so never.
    assert along(held, "ETH").down.status is LiquidationStatus.NEVER
    # Along both at once: 300 + 1,200 (g - 1) = 60 g
    path = common_path(INSTRUMENTS)
    both = solver().growths(book(held), 0, path)
    assert both.down.price == pytest.approx(900 / 1140, rel=1e-9)
    assert both.up.status is LiquidationStatus.NEVER


def test_betas_bend_the_common_shock() -> None:
    # ETH moves twice as much: 300 + 1,000 (g - 1) + 200 (g^2 - 1) = 50 g + 10 g^2
    held = account({"PERP": 10, "ETH": 20}, {"USDT": 300})
    found = solver().growths(book(held), 0, common_path(INSTRUMENTS, {"ETH": 2.0}))
    roots = np.roots([190.0, 950.0, -900.0])
    assert found.down.price == pytest.approx(float(roots.max()), rel=1e-9)


def test_coins_behind_a_long_inverse_position_fall_with_it() -> None:
    # 15 coins and 1,000 USD long: (15 + 10) p - 1,000 - 50 = 0
    held = account({"COIN": 10}, {"BTC": 15})
    assert along(held, "COIN").down.price == pytest.approx(1050 / 25, rel=1e-9)
    # 1,500 dollars instead: 1,500 + 10 p - 1,000 - 50 > 0 at any price
    dollars = account({"COIN": 10}, {"USDT": 1500})
    assert along(dollars, "COIN").down.status is LiquidationStatus.NEVER


def test_both_sides_with_tiers_and_coins_against_the_closed_form() -> None:
    # 12 coins, a debt of 1,100, short 10: -100 + 1.5 p up to 150, 575 - 3 p beyond.
    held = account({"PERP": -10}, {"BTC": 12, "USDT": -1100})
    tables = {**TABLES, "PERP": TWO}
    path = PricePath(betas={"PERP": 1.0, "COIN": 1.0})  # coins are priced by COIN
    found = solver(tables).growths(book(held), 0, path)
    assert found.down.price == pytest.approx(100 / 1.5 / 100, rel=1e-9)
    assert found.up.price == pytest.approx(575 / 3 / 100, rel=1e-9)
    instrument = INSTRUMENTS["PERP"]
    assert isinstance(instrument, Perpetual)
    closed = tiered_cross_liquidation(
        instrument, TWO, quantity=-10, entry_price=100, mark=100, still=-1100, coins=12
    )
    assert closed.down.price == pytest.approx(100 / 1.5, rel=1e-12)
    assert closed.up.price == pytest.approx(575 / 3, rel=1e-12)


def test_statuses() -> None:
    short = account({"PERP": -10}, {"USDT": 40})
    assert along(short, "PERP").up.status is LiquidationStatus.ALREADY
    assert along(short, "PERP").up.price == 100.0
    # The table ends at 1,500 of notional, where 10 short contracts still have equity.
    ends = {**TABLES, "PERP": tiers(("1500", "0.05"))}
    rich = account({"PERP": -10}, {"USDT": 5000})
    assert along(rich, "PERP", ends).up.status is LiquidationStatus.BEYOND_LAST_TIER
    # Liquidated before the table ends: 1,000 + 450 = 10.5 p
    poor = account({"PERP": -10}, {"USDT": 450})
    assert along(poor, "PERP", ends).up.price == pytest.approx(1450 / 10.5, rel=1e-9)
    unknown = account({"PERP": -10, "ETH": 1}, {"USDT": 40})
    none = LiquidationSolver(
        model=TieredMargin(pricing=PRICING),
        parameters=TABLES,
        instruments=INSTRUMENTS,
        snapshot=snapshot({"ETH": {"mark": float("nan")}}),
        pricing=PRICING,
    ).along_market(book(unknown), "a", "PERP")
    assert none.up.status is LiquidationStatus.NO_NUMBER


def test_fees_and_funding_bring_liquidation_nearer() -> None:
    # 200 + 10 (p - 100) = 10 p (0.05 + fee 0.01 + 2 payments of 0.001)
    costs = ClosingCosts(fee_rate=0.01, funding_payments=2.0)
    held = account({"PERP": 10}, {"USDT": 200})
    with_costs = solver(costs=costs, changes={"PERP": {"funding_rate": 0.001}})
    found = with_costs.along_market(book(held), "a", "PERP")
    assert found.down.price == pytest.approx(800 / (10 * (1 - 0.062)), rel=1e-9)
    owed = replace(held, positions=(replace(held.positions[0], funding=-19.0),))
    assert along(owed, "PERP").down.price == pytest.approx(819 / 9.5, rel=1e-9)


def test_a_portfolio_with_options_against_hand_made_snapshots() -> None:
    """A short call hedged by half: liquidated on a rise, where a scan of marks says so too."""
    held = account({"CALL": -10, "PERP": 5}, {"USDT": 450})
    model = BybitMargin(pricing=PRICING)
    parameters = {"BTC": BybitParameters(), "ETH": BybitParameters()}
    own = LiquidationSolver(
        model=model,
        parameters=parameters,
        instruments=INSTRUMENTS,
        snapshot=snapshot(),
        pricing=PRICING,
    )
    path = PricePath(betas={"CALL": 1.0, "PERP": 1.0})
    found = own.growths(book(held), 0, path)
    assert found.up.price is not None

    def excess(growth: float) -> float:
        price = 100.0 * growth
        at = snapshot({"PERP": {"mark": price}, "CALL": {"mark": 14.24 + moved(price)}})
        quotes = {**at.quotes, "CALL": replace(at.quotes["CALL"], index=price)}
        key = (Pair(base="BTC", quote="USDT"), "USDT", EXPIRY_NS)
        shocked = replace(at, quotes=quotes, expiries={key: ExpiryQuote(floating=price)})
        prepared = model.prepare(shocked, parameters, INSTRUMENTS)
        return float(prepared.requirements(book(held)).maintenance_excess[0])

    scan = np.arange(1.0, 2.0, 0.001)
    short = [g for g in scan if excess(float(g)) < 0.0]
    assert scan[0] < short[0]
    assert short[0] - 0.001 <= found.up.price <= short[0]
    assert excess(found.up.price) == pytest.approx(0.0, abs=1e-6)


def moved(price: float) -> float:
    """Black (1976) call of strike 100, volatility 0.8, a fifth of a year, less that at 100."""

    def value(forward: float) -> float:
        deviation = 0.8 * 0.2**0.5
        d1 = np.log(forward / 100.0) / deviation + deviation / 2.0
        normal = NormalDist()
        return float(forward * normal.cdf(d1) - 100.0 * normal.cdf(d1 - deviation))

    return value(price) - value(100.0)


def test_a_book_at_once_agrees_with_the_solver() -> None:
    own = solver()
    held = book(
        account({"PERP": 10}, {"USDT": 200}, "long"),
        account({"PERP": -10}, {"USDT": 200}, "short"),
        account({"PERP": 10}, {"USDT": 20}, "late"),
        account({}, {"USDT": 5}, "empty"),
    )
    growths = np.linspace(0.5, 1.5, 101)
    found = book_shocks(own, held, market_path("PERP"), growths)
    # Equity and maintenance are linear within a tier, so interpolation is exact.
    assert found.down.tolist() == pytest.approx([8 / 9.5, np.nan, 1.0, np.nan], nan_ok=True)
    assert found.up.tolist() == pytest.approx([np.nan, 12 / 10.5, 1.0, np.nan], nan_ok=True)


def test_what_the_closed_form_refuses() -> None:
    linear = INSTRUMENTS["PERP"]
    assert isinstance(linear, Perpetual)
    with pytest.raises(UsageError, match="open position"):
        tiered_cross_liquidation(
            linear, FLAT, quantity=0.0, entry_price=1, mark=1, still=0, coins=0
        )
    with pytest.raises(UsageError, match="rise from near to far"):
        SearchGrid(near_step=2.0)
    with pytest.raises(UsageError, match="not be negative"):
        ClosingCosts(fee_rate=-0.1)
    with pytest.raises(UsageError, match="finite beta"):
        PricePath(betas={})
    with pytest.raises(UsageError, match="hold 1"):
        book_shocks(solver(), book(account({})), market_path("PERP"), np.array([0.5, 1.5]))


def test_the_closed_form_at_the_ends_of_a_table() -> None:
    linear = INSTRUMENTS["PERP"]
    assert isinstance(linear, Perpetual)
    ends = tiers(("1500", "0.05"))
    found = tiered_cross_liquidation(
        linear, ends, quantity=-10, entry_price=100, mark=100, still=5000, coins=0
    )
    assert found.up.status is LiquidationStatus.BEYOND_LAST_TIER
    assert found.down.status is LiquidationStatus.NEVER
    late = tiered_cross_liquidation(
        linear, ends, quantity=-10, entry_price=100, mark=100, still=0, coins=0
    )
    assert late.up.status is LiquidationStatus.ALREADY
    above = tiered_cross_liquidation(
        linear, ends, quantity=-10, entry_price=100, mark=151, still=5000, coins=0
    )
    assert above.up.status is LiquidationStatus.NO_NUMBER
    assert Decimal(1500) == ends.tiers[0].cap_usd


def test_haircuts_bring_liquidation_nearer() -> None:
    # 15 coins count 90 %: (13.5 + 10) p - 1,000 - 50 = 0
    rules = CollateralRules(parameters={"BTC": CollateralParameters(haircut=Decimal("0.1"))})
    model = WithAddOns(model=TieredMargin(pricing=PRICING), pricing=PRICING, collateral=rules)
    own = LiquidationSolver(
        model=model,
        parameters=TABLES,
        instruments=INSTRUMENTS,
        snapshot=snapshot(),
        pricing=PRICING,
    )
    found = own.along_market(book(account({"COIN": 10}, {"BTC": 15})), "a", "COIN")
    assert found.down.price == pytest.approx(1050 / 23.5, rel=1e-9)
