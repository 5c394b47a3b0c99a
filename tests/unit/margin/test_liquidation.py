"""Liquidation prices against the closed forms of the reference, and at the ends of the table."""

from __future__ import annotations

from decimal import Decimal

import pytest

from plimsoll.domain.instrument import Pair, Payoff, Perpetual
from plimsoll.domain.tiers import Tier, TierTable
from plimsoll.errors import UsageError
from plimsoll.margin import LiquidationPrice, LiquidationStatus, isolated_liquidation_price

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


FLAT = table((None, "0.01"))


def solve(
    instrument: Perpetual, tiers: TierTable, quantity: float, entry: float, margin: float
) -> LiquidationPrice:
    return isolated_liquidation_price(
        instrument, tiers, quantity=quantity, entry_price=entry, isolated_margin=margin
    )


@pytest.mark.parametrize(
    ("instrument", "quantity", "entry", "margin", "price"),
    [
        # long: (q P0 - W) / (q (1 - m)) = (50,000 - 5,000) / 0.99
        (LINEAR, 1.0, 50_000.0, 5_000.0, 45_000 / 0.99),
        # short: (|q| P0 + W) / (|q| (1 + m)) = (100,000 + 10,000) / (2 x 1.01)
        (LINEAR, -2.0, 50_000.0, 10_000.0, 110_000 / 2.02),
        # long: N (1 + m) / (W + N / P0) = 50,000 x 1.01 / (0.1 + 1)
        (INVERSE, 500.0, 50_000.0, 0.1, 50_500 / 1.1),
        # short: N (1 - m) / (N / P0 - W) = 50,000 x 0.99 / (1 - 0.1)
        (INVERSE, -500.0, 50_000.0, 0.1, 49_500 / 0.9),
    ],
)
def test_closed_forms(
    instrument: Perpetual, quantity: float, entry: float, margin: float, price: float
) -> None:
    found = solve(instrument, FLAT, quantity, entry, margin)
    assert found.status is LiquidationStatus.AT_PRICE
    assert found.price == pytest.approx(price, rel=1e-13)


def test_deduction_adds_to_the_margin() -> None:
    """Long 2 from 50,000, W 10,000, tier 2 (1 %, D = 50,000 x 0.6 % = 300) at the solution.

    P = (100,000 - 10,000 - 300) / (2 x 0.99) = 45,303.03; N = 90,606, in tier 2.
    """
    tiers = table(("50000", "0.004"), (None, "0.01"))
    found = solve(LINEAR, tiers, 2.0, 50_000.0, 10_000.0)
    assert found.price == pytest.approx(89_700 / 1.98, rel=1e-13)


def test_the_tier_is_that_of_the_solution_not_of_the_entry() -> None:
    """Long 2 from 30,000 (N = 60,000, tier 2), W 15,000: solved in tier 1 (N = 45,180).

    P = (60,000 - 15,000) / (2 x 0.996) = 22,590.36.
    """
    tiers = table(("50000", "0.004"), (None, "0.01"))
    found = solve(LINEAR, tiers, 2.0, 30_000.0, 15_000.0)
    assert found.price == pytest.approx(45_000 / 1.992, rel=1e-13)


@pytest.mark.parametrize(
    ("instrument", "quantity", "margin"),
    [
        (LINEAR, 1.0, 50_000.0),  # paid in full
        (LINEAR, 1.0, 60_000.0),
        (INVERSE, -500.0, 1.0),  # W = N / P0: a fully covered short
        (INVERSE, -500.0, 1.5),
    ],
)
def test_a_fully_covered_position_is_never_liquidated(
    instrument: Perpetual, quantity: float, margin: float
) -> None:
    assert solve(instrument, FLAT, quantity, 50_000.0, margin) == LiquidationPrice(
        status=LiquidationStatus.NEVER
    )


def test_beyond_the_last_tier_there_is_no_price() -> None:
    tiers = table(("60000", "0.01"))
    beyond = LiquidationPrice(status=LiquidationStatus.BEYOND_LAST_TIER)
    # Short 1 from 50,000 with 20,000: would be met near 69,307, past the cap of 60,000.
    assert solve(LINEAR, tiers, -1.0, 50_000.0, 20_000.0) == beyond
    # Long 2 from 50,000 (N = 100,000) with 1,000: met near 50,000 x 2, past the cap.
    assert solve(LINEAR, tiers, 2.0, 50_000.0, 1_000.0) == beyond
    # Inverse: contract value 100,000 whatever the price.
    assert solve(INVERSE, tiers, 1_000.0, 50_000.0, 0.1) == beyond


def test_a_rate_of_one_leaves_no_price_in_its_tier() -> None:
    tiers = table(("1000", "0.01"), (None, "1"))
    found = solve(LINEAR, tiers, 1.0, 50_000.0, 5_000.0)
    assert found.status is not LiquidationStatus.AT_PRICE


@pytest.mark.parametrize(
    ("quantity", "entry", "margin"),
    [(0.0, 1.0, 1.0), (1.0, 0.0, 1.0), (1.0, float("nan"), 1.0), (1.0, 1.0, -1.0)],
)
def test_wrong_use(quantity: float, entry: float, margin: float) -> None:
    with pytest.raises(UsageError):
        solve(LINEAR, FLAT, quantity, entry, margin)
