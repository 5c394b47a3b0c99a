"""Tables of longs and shorts and of expiry buckets, by hand: which one margins what, to the bound.

Oracle: the arithmetic in the comments. Tolerance 1e-12 relative: sums of a few floats.
"""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from sided_set import (
    DAY_NS,
    FAR,
    INVERSE,
    LINEAR,
    LONGS,
    MARK,
    NOW_NS,
    PRICING,
    SHORTS,
    bucket,
    future,
    number,
    set_of,
    sided_set,
    snapshot,
    tiers,
)

from plimsoll.calibration.assembly.expiry import expiry_market
from plimsoll.domain.account import Account, MarginMode, Order, Position
from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Instrument
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.parameters import ParameterSet
from plimsoll.domain.requirement import Requirements
from plimsoll.errors import ParameterError, UsageError
from plimsoll.margin import (
    MaintenanceRule,
    Prepared,
    SidedTiers,
    TieredMargin,
    isolated_liquidation_price,
    venue_tiers,
)
from plimsoll.margin.liquidation import LiquidationSolver, market_path

INSTRUMENTS: dict[str, Instrument] = {
    "L": LINEAR,
    "I": INVERSE,
    "F30": future(30),
    "F90": future(90),
    "FI": future(10, INVERSE),
}
MODEL = TieredMargin(pricing=PRICING)


def prepared(parameters: ParameterSet | None = None, **more: Instrument) -> Prepared:
    instruments = INSTRUMENTS | more
    return MODEL.prepare(snapshot(instruments), parameters or sided_set(), instruments)


def held(market: str, quantity: float, **more: object) -> Position:
    return Position(market=market, quantity=quantity, entry_price=MARK, **more)  # type: ignore[arg-type]


def one(*positions: Position, orders: tuple[Order, ...] = ()) -> Book:
    return Book.from_accounts([Account(name="a", positions=positions, orders=orders)])


def levels(found: Requirements) -> tuple[float, float]:
    return float(found.maintenance[0]), float(found.initial[0])


@pytest.mark.parametrize(
    ("quantity", "maintenance", "initial"),
    [
        (1.0, 500.0, 1_000.0),  # 50,000 at the first cap of longs: 1 %, 2 %
        (2.0, 1_500.0, 4_000.0),  # 100,000: 2 % less 50,000 x 1 %; 4 %
        (20.0, 19_500.0, 40_000.0),  # 1,000,000, the last cap of longs
        (-0.4, 400.0, 800.0),  # 20,000 at the first cap of shorts: 2 %, 4 %
        (-2.0, 2_800.0, 5_000.0),  # 100,000: 3 % less 20,000 x 1 %; 5 %
        # 2,000,000, beyond longs, the last cap of shorts: 5 % less 200 less 500,000 x 2 %
        (-40.0, 89_800.0, 200_000.0),
    ],
)
def test_each_side_has_its_own_table(quantity: float, maintenance: float, initial: float) -> None:
    found = levels(prepared().requirements(one(held("L", quantity))))
    assert found == pytest.approx((maintenance, initial), rel=1e-12)


def test_beyond_the_last_tier_of_its_own_side_only() -> None:
    found = prepared().requirements(one(held("L", 20.1)))
    assert found.parts.reason.tolist() == [MarginReason.BEYOND_LAST_TIER]
    assert np.isfinite(prepared().requirements(one(held("L", -20.1))).maintenance).all()


def test_a_hedge_mode_account_pays_for_both_legs_each_by_its_own_table() -> None:
    found = prepared().requirements(one(held("L", 2.0), held("L", -2.0)))
    assert levels(found) == pytest.approx((1_500.0 + 2_800.0, 4_000.0 + 5_000.0), rel=1e-12)


def test_inverse_contracts_and_isolated_shorts() -> None:
    both = set_of(tiers("I", LONGS), tiers("I", SHORTS, "short."))
    short = held("I", -1_000.0, mode=MarginMode.ISOLATED, isolated_margin=1.0)
    found = prepared(both).requirements(one(held("I", 1_000.0), short))
    # 1,000 contracts of 100 dollars each side, in coin at 50,000 dollars: USD amounts are as linear
    assert found.maintenance.tolist() == pytest.approx([1_500.0, 2_800.0], rel=1e-12)
    assert found.initial.tolist() == pytest.approx([4_000.0, 5_000.0], rel=1e-12)


@pytest.mark.parametrize(
    ("orders", "initial"),
    [
        ((Order(market="L", quantity=-4.0),), 5_000.0),  # flips to -2: the shorts' 5 % of 100,000
        ((Order(market="L", quantity=-2.0),), 4_000.0),  # only closes: no less than now
        ((Order(market="L", quantity=1.0),), 6_000.0),  # 150,000 long at 4 %
        # one of each: 6,000 long if the buy fills, 5 % of 150,000 if the sells do
        ((Order(market="L", quantity=1.0), Order(market="L", quantity=-5.0)), 7_500.0),
    ],
)
def test_orders_that_flip_the_side_take_the_other_table(
    orders: tuple[Order, ...], initial: float
) -> None:
    found = prepared().requirements(one(held("L", 2.0), orders=orders))
    assert levels(found) == pytest.approx((1_500.0, initial), rel=1e-12)


def test_open_loss_of_a_flip_stands_beside_the_margin_of_the_other_side() -> None:
    sell = Order(market="L", quantity=-4.0, price=49_000.0)
    found = prepared().requirements(one(held("L", 2.0), orders=(sell,)))
    # filled: short 2 at 5 % of 100,000, and 4 x 1,000 lost
    assert levels(found)[1] == pytest.approx(5_000.0 + 4_000.0, rel=1e-12)


@pytest.mark.parametrize(
    ("instrument", "quantity", "maintenance"),
    [
        (future(30), 1.0, 750.0),  # exactly 30 days: 1.5 % of 50,000
        (future(30), -1.0, 1_250.0),  # 2.5 %
        (future(30, more_s=1), 1.0, 2_000.0),  # a second more: 4 %
        (future(90), -1.0, 2_000.0),  # one table for both sides
        (future(0, more_s=1), 1.0, 750.0),
    ],
)
def test_the_bucket_is_chosen_by_the_time_to_expiry(
    instrument: Instrument, quantity: float, maintenance: float
) -> None:
    found = prepared(F=instrument).requirements(one(held("F", quantity)))
    assert found.maintenance[0] == pytest.approx(maintenance, rel=1e-12)


@pytest.mark.parametrize("days", [0.5, 29, 30, 30.5, 31, 90])
def test_calibration_and_engine_choose_the_same_bucket(days: float) -> None:
    parameters = sided_set()
    chosen = expiry_market(parameters, "L", days)
    own = MODEL.prepare(
        snapshot({"L": LINEAR, "F": future(days)}), parameters, {"L": LINEAR, "F": future(days)}
    )
    row = next(iter(own.requirements(one(held("F", 1.0))).explain("a")))
    assert row["tier_table"].removesuffix(", longs") == chosen


@pytest.mark.parametrize(
    ("instrument", "reason"),
    [
        (future(90, more_s=1), MarginReason.NO_TIERS),  # beyond the last bucket
        (future(0), MarginReason.EXPIRED),
        (future(10, INVERSE), MarginReason.NO_TIERS),  # on another pair than the one with buckets
    ],
)
def test_a_future_without_a_bucket_is_a_reason(
    instrument: Instrument, reason: MarginReason
) -> None:
    found = prepared(F=instrument).requirements(one(held("F", 1.0)))
    assert found.parts.reason.tolist() == [reason]


def test_the_bucket_follows_the_snapshot() -> None:
    for days, rate in ((0, 0.04), (60, 0.04), (61, 0.015)):
        at = snapshot(INSTRUMENTS, NOW_NS + days * DAY_NS - (days == 60))
        found = MODEL.prepare(at, sided_set(), INSTRUMENTS).requirements(one(held("F90", 1.0)))
        assert found.maintenance[0] == pytest.approx(rate * MARK, rel=1e-12)


def test_a_table_under_the_future_itself_comes_before_its_bucket() -> None:
    own = sided_set("L", tiers("F30", ((None, "0.1", "0.2"),)))
    found = prepared(own).requirements(one(held("F30", -1.0)))
    assert found.maintenance[0] == pytest.approx(5_000.0, rel=1e-12)


def test_inverse_futures_find_the_buckets_of_inverse_contracts() -> None:
    near = set_of(tiers("I", LONGS), bucket("I#30d", 30), tiers("I#30d", FAR))
    found = prepared(near).requirements(one(held("FI", -500.0)))
    assert found.maintenance[0] == pytest.approx(2_000.0, rel=1e-12)


def test_without_the_instrument_of_the_underlying_nobody_knows_the_bucket() -> None:
    alone: dict[str, Instrument] = {"F30": future(30)}
    found = MODEL.prepare(snapshot(alone), sided_set(), alone).requirements(one(held("F30", 1.0)))
    assert found.parts.reason.tolist() == [MarginReason.NO_TIERS]


def test_buckets_under_two_names_of_one_contract_are_refused() -> None:
    twice = sided_set("L", bucket("M#7d", 7), tiers("M#7d", FAR))
    with pytest.raises(UsageError, match="under one market"):
        prepared(twice, M=LINEAR)


def test_shorts_without_longs_are_refused() -> None:
    with pytest.raises(UsageError, match="a table for longs"):
        prepared(set_of(tiers("L", SHORTS, "short.")))


def test_markets_of_a_set_without_tiers_have_a_reason() -> None:
    found = prepared(sided_set("L", number("I", "price_risk.maintenance", Decimal("0.1"))))
    part = found.requirements(one(held("I", 1.0))).parts
    assert part.reason.tolist() == [MarginReason.NO_TIERS]


@pytest.mark.parametrize(
    ("share", "rule", "maintenance"),
    [
        (None, MaintenanceRule.MARGINAL, 1_500.0),
        (None, MaintenanceRule.WHOLE_NOTIONAL, 2_000.0),
        ("0", MaintenanceRule.MARGINAL, 2_000.0),  # 2 % of all of 100,000: no maintenance amount
        ("1", MaintenanceRule.WHOLE_NOTIONAL, 1_500.0),
    ],
)
def test_the_set_says_what_a_rate_holds_for(
    share: str | None, rule: MaintenanceRule, maintenance: float
) -> None:
    told = () if share is None else (number("L", "tiers.marginal_share", Decimal(share)),)
    model = TieredMargin(pricing=PRICING, maintenance_rule=rule)
    found = model.prepare(snapshot(INSTRUMENTS), sided_set("L", *told), INSTRUMENTS)
    assert found.requirements(one(held("L", 2.0))).maintenance[0] == maintenance


def test_a_share_that_is_neither_is_refused() -> None:
    with pytest.raises(ParameterError, match="must be 0"):
        prepared(sided_set("L", number("L", "tiers.marginal_share", Decimal("0.5"))))


def test_tables_stated_by_side_serve_as_well_as_a_set() -> None:
    of = venue_tiers(sided_set())
    found = of.of("L")
    assert isinstance(found, SidedTiers)
    assert found.apart
    stated = {"L": SidedTiers(long=found.long, short=found.short)}
    book = one(held("L", 2.0), held("L", -2.0))
    own = MODEL.prepare(snapshot(INSTRUMENTS), stated, INSTRUMENTS).requirements(book)
    assert own.maintenance.tobytes() == prepared().requirements(book).maintenance.tobytes()


def test_the_explanation_names_the_table() -> None:
    book = one(held("L", 2.0), held("L", -2.0), held("F30", -1.0), held("F90", 1.0))
    found = prepared().requirements(book)
    rows = [row for row in found.explain("a") if row["tier"] is not None]
    assert [row["tier_table"] for row in rows] == [
        "L, longs",
        "L, shorts",
        "L#30d, shorts",
        "L#90d",
    ]
    assert [row["maintenance_rate"] for row in rows] == [0.02, 0.03, 0.025, 0.04]
    changes = found.unit_explainer.next_tiers(np.arange(4))  # type: ignore[union-attr]
    # to the next cap of its own side: 1,000,000 long, 500,000 short, 100,000
    assert [c.contracts for c in changes] == pytest.approx([18.0, -8.0, -1.0, 1.0], rel=1e-12)


def test_a_set_with_one_table_explains_itself_as_before() -> None:
    found = prepared(set_of(tiers("L", LONGS))).requirements(one(held("L", 2.0)))
    assert "tier_table" not in next(iter(found.explain("a")))


@pytest.mark.parametrize("quantity", [2.0, -2.0])
def test_liquidation_prices_are_those_of_the_side(quantity: float) -> None:
    """Solver on the engine against the closed form on the table of the side."""
    parameters = sided_set()
    isolated = held("L", quantity, mode=MarginMode.ISOLATED, isolated_margin=9_000.0)
    solver = LiquidationSolver(
        model=MODEL,
        parameters=parameters,
        instruments=INSTRUMENTS,
        snapshot=snapshot(INSTRUMENTS),
        pricing=PRICING,
    )
    found = solver.growths(one(isolated), 1, market_path("L"))
    way = found.down if quantity > 0 else found.up
    closed = isolated_liquidation_price(
        LINEAR,
        parameters.tiers("L", "" if quantity > 0 else "short."),
        quantity=quantity,
        entry_price=MARK,
        isolated_margin=9_000.0,
    )
    assert way.price is not None
    assert closed.price is not None
    # the solver brackets to 1e-9 of the price
    assert way.price * MARK == pytest.approx(closed.price, rel=1e-8)
