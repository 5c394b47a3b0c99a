"""Liquidation prices where the reached tier's rate holds for the whole notional: jumps at caps.

Three witnesses: excess written out here on a fine scan of prices, the margin engine itself on both
sides of each price, and cases worked by hand in rationals.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from plimsoll.domain.account import Account, MarginMode, Position
from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Pair, Payoff, Perpetual
from plimsoll.domain.market import MarketSnapshot, Quote
from plimsoll.domain.tiers import Tier, TierTable
from plimsoll.errors import UsageError
from plimsoll.margin import CurrencyPricing, LiquidationStatus, MaintenanceRule, TieredMargin
from plimsoll.margin.liquidation import (
    LiquidationPrice,
    isolated_liquidation_range,
    tiered_cross_liquidation,
)

PATIENT = settings(deadline=None, max_examples=60)
LINEAR = Perpetual(
    pair=Pair(base="BTC", quote="USDT"),
    settle="USDT",
    payoff=Payoff.LINEAR,
    contract_size=Decimal("0.1"),
)
INVERSE = Perpetual(
    pair=Pair(base="BTC", quote="USD"),
    settle="BTC",
    payoff=Payoff.INVERSE,
    contract_size=Decimal(10),
)
SLICES = ((0.0, 1500.0, 0.05), (1500.0, 9000.0, 0.1), (9000.0, np.inf, 0.4))
MARK = 100.0


def table(*rows: tuple[str | None, str]) -> TierTable:
    return TierTable(
        tuple(
            Tier(
                cap_usd=None if cap is None else Decimal(cap),
                maintenance_rate=Decimal(rate),
                initial_rate=Decimal(rate),
                max_leverage=1 / Decimal(rate),
            )
            for cap, rate in rows
        )
    )


TABLE = table(("1500", "0.05"), ("9000", "0.1"), (None, "0.4"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A position with margin of its own, in settlement currency."""

    instrument: Perpetual
    quantity: float
    entry: float
    margin: float

    @property
    def amount(self) -> float:
        return self.quantity * float(self.instrument.required_contract_size())

    def excess(self, prices: NDArray[np.float64]) -> NDArray[np.float64]:
        """Written out, in settlement currency."""
        if self.instrument.payoff is Payoff.INVERSE:
            profit = self.amount * (1.0 / self.entry - 1.0 / prices)
            notional, coin = np.full(prices.size, abs(self.amount)), 1.0 / prices
        else:
            profit = self.amount * (prices - self.entry)
            notional, coin = abs(self.amount) * prices, np.ones(prices.size)
        rate = np.select([(notional > low) & (notional <= cap) for low, cap, _ in SLICES], RATES)
        return np.asarray(self.margin + profit - notional * rate * coin)

    def engine_excess(self, price: float) -> float:
        """What the margin engine says."""
        position = Position(
            market="M",
            quantity=self.quantity,
            entry_price=self.entry,
            mode=MarginMode.ISOLATED,
            isolated_margin=self.margin,
        )
        snapshot = MarketSnapshot(
            at_ns=0,
            quotes={"M": Quote(mark=price, index=price)},
            stable_price_usd={"USDT": 1.0},
        )
        model = TieredMargin(
            pricing=CurrencyPricing(numeraire=self.instrument.settle, pricing_markets={"BTC": "M"}),
            maintenance_rule=MaintenanceRule.WHOLE_NOTIONAL,
        )
        prepared = model.prepare(snapshot, {"M": TABLE}, {"M": self.instrument})
        book = Book.from_accounts([Account(name="a", positions=(position,))])
        return float(prepared.requirements(book).maintenance_excess[1])


RATES = [rate for _, _, rate in SLICES]


@st.composite
def positions(draw: st.DrawFn) -> Held:
    instrument = draw(st.sampled_from([LINEAR, INVERSE]))
    linear = instrument is LINEAR
    contracts = st.integers(-2000, 2000) if linear else st.integers(-1500, 1500)
    quantity = float(draw(contracts.filter(bool)))
    entry = draw(st.floats(60.0, 160.0))
    notional = abs(quantity) * float(instrument.required_contract_size())
    worth = notional * MARK if linear else notional / MARK
    share = draw(st.floats(0.03, 1.6))
    return Held(instrument=instrument, quantity=quantity, entry=entry, margin=worth * share)


@PATIENT
@given(held=positions())
def test_the_first_price_on_either_side_is_that_of_a_scan_and_of_the_engine(held: Held) -> None:
    found = isolated_liquidation_range(
        held.instrument,
        TABLE,
        quantity=held.quantity,
        entry_price=held.entry,
        isolated_margin=held.margin,
        mark=MARK,
        whole_notional=True,
    )
    now = held.engine_excess(MARK)
    assume(abs(now) > 1e-9 * held.margin)
    if now < 0.0:
        assert found.down.status is found.up.status is LiquidationStatus.ALREADY
        return
    scale = held.margin + abs(held.amount) * (1.0 if held.instrument is LINEAR else 0.01)
    for side, hit in ((-1.0, found.down), (1.0, found.up)):
        # Up to a factor of a thousand: what lies further is shown by the last slope.
        far = 1000.0 if hit.price is None else (hit.price / MARK) ** side
        scan = MARK * np.geomspace(1.0, far, 4001) ** side
        inside = scan if hit.price is None else scan[:-1]
        assert held.excess(inside).min() >= -1e-9 * scale
        if hit.price is None:
            assert hit.status is LiquidationStatus.NEVER
            continue
        beyond = hit.price * (1.0 + side * 1e-7)
        assert held.engine_excess(beyond) < 1e-9 * scale


@PATIENT
@given(held=positions(), still=st.floats(-500.0, 500.0), coins=st.floats(-5.0, 20.0))
def test_cross_accounts_agree_with_a_scan(held: Held, still: float, coins: float) -> None:
    found = tiered_cross_liquidation(
        held.instrument,
        TABLE,
        quantity=held.quantity,
        entry_price=held.entry,
        mark=MARK,
        still=still + held.margin,
        coins=coins,
        whole_notional=True,
    )
    linear = held.instrument is LINEAR

    def excess(prices: NDArray[np.float64]) -> NDArray[np.float64]:
        own = held.excess(prices) - held.margin
        return still + held.margin + coins * prices + own * (1.0 if linear else prices)

    scale = abs(still) + held.margin + abs(held.amount) * 100.0 + abs(coins) * 100.0
    now = float(excess(np.array([MARK]))[0])
    assume(abs(now) > 1e-9 * scale)
    if now < 0.0:
        assert found.down.status is LiquidationStatus.ALREADY
        return
    for side, hit in ((-1.0, found.down), (1.0, found.up)):
        far = 1000.0 if hit.price is None else (hit.price / MARK) ** side
        prices = MARK * np.geomspace(1.0, far, 4001)[:-1] ** side
        assert excess(prices).min() >= -1e-9 * scale * far
        if hit.price is not None:
            beyond = np.array([hit.price * (1.0 + side * 1e-7)])
            assert excess(beyond)[0] < 1e-6 * scale * max(far, 1.0)


def price_of(found: LiquidationPrice) -> Fraction:
    assert found.status is LiquidationStatus.AT_PRICE
    assert found.price is not None
    return Fraction(found.price).limit_denominator(10**6)


def test_a_long_is_liquidated_on_a_rise_where_its_requirement_jumps() -> None:
    """10 coins from 100, margin 60. At 150 the notional is 1,500: excess 60 + 500 - 75 = 485.

    Just above it 60 + 500 - 150 = 410: no liquidation. On a fall: 60 + 10 p - 1,000 - 0.5 p = 0.
    With 20 coins from 75 and a margin of 20, at 75 the notional is 1,500: 20 - 75 < 0, already.
    """
    kept = isolated_liquidation_range(
        LINEAR,
        TABLE,
        quantity=100.0,
        entry_price=100.0,
        isolated_margin=60.0,
        mark=100.0,
        whole_notional=True,
    )
    assert price_of(kept.down) == Fraction(940) / Fraction(19, 2)
    assert kept.up.status is LiquidationStatus.NEVER
    # 15 coins from 99.5: at 100 the notional is 1,500 and 75 are needed; above it 150. With 120 of
    # margin and 7.5 of profit, 52.5 are left at 100 and -22.5 just above.
    jump = isolated_liquidation_range(
        LINEAR,
        TABLE,
        quantity=150.0,
        entry_price=99.5,
        isolated_margin=120.0,
        mark=100.0,
        whole_notional=True,
    )
    assert price_of(jump.up) == 100
    assert price_of(jump.down) == (Fraction(15) * Fraction("99.5") - 120) / Fraction("14.25")
    # By slices the same position rises into profit.
    slices = isolated_liquidation_range(
        LINEAR, TABLE, quantity=150.0, entry_price=99.5, isolated_margin=120.0, mark=100.0
    )
    assert slices.up.status is LiquidationStatus.NEVER
    assert slices.down == jump.down


def test_a_short_is_liquidated_at_the_jump_before_its_root() -> None:
    """10 coins short from 100, margin 600: at 150, 600 - 500 - 75 = 25, just above it -50."""
    found = isolated_liquidation_range(
        LINEAR,
        TABLE,
        quantity=-100.0,
        entry_price=100.0,
        isolated_margin=600.0,
        mark=100.0,
        whole_notional=True,
    )
    assert price_of(found.up) == 150
    assert found.down.status is LiquidationStatus.NEVER
    # By slices there are 25 left at 150, and each point costs 10 + 1 more.
    slices = isolated_liquidation_range(
        LINEAR, TABLE, quantity=-100.0, entry_price=100.0, isolated_margin=600.0, mark=100.0
    )
    assert price_of(slices.up) == 150 + Fraction(25, 11)


def test_an_account_that_is_short_above_a_cap_only_is_found_from_above_too() -> None:
    """Coming down onto the cap a long may fall short just above it, and recover at it.

    15 coins from 99.5, margin 120, mark 120: 427.5 - 180 = 247.5. Down to p in the upper tier:
    120 + 15 p - 1,492.5 - 1.5 p = 0 at p = 1,372.5 / 13.5 = 101.67: there it is liquidated, though
    at 100 it would have 52.5.
    """
    found = isolated_liquidation_range(
        LINEAR,
        TABLE,
        quantity=150.0,
        entry_price=99.5,
        isolated_margin=120.0,
        mark=120.0,
        whole_notional=True,
    )
    assert price_of(found.down) == Fraction("1372.5") / Fraction("13.5")


def test_a_table_that_ends_says_so_and_a_mark_beyond_it_has_no_number() -> None:
    short = table(("1500", "0.05"), ("9000", "0.1"))
    terms = {"quantity": -100.0, "entry_price": 100.0, "isolated_margin": 1e6}
    found = isolated_liquidation_range(LINEAR, short, **terms, mark=100.0, whole_notional=True)
    assert found.up.status is LiquidationStatus.BEYOND_LAST_TIER
    beyond = isolated_liquidation_range(LINEAR, short, **terms, mark=901.0, whole_notional=True)
    assert beyond.up.status is LiquidationStatus.NO_NUMBER


@pytest.mark.parametrize(
    ("quantity", "entry", "margin", "mark"),
    [(0.0, 1.0, 1.0, 1.0), (1.0, 0.0, 1.0, 1.0), (1.0, 1.0, -1.0, 1.0), (1.0, 1.0, 1.0, 0.0)],
)
def test_wrong_use(quantity: float, entry: float, margin: float, mark: float) -> None:
    with pytest.raises(UsageError):
        isolated_liquidation_range(
            LINEAR, TABLE, quantity=quantity, entry_price=entry, isolated_margin=margin, mark=mark
        )
