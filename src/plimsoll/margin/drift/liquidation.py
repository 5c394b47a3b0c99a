"""Drift v2's sizes and fees of a liquidation, in the program's integers.

Money and prices count 1e-6, sizes 1e-9, ratios 1e-4, fees 1e-6 (drift-labs/protocol-v2 at 0ae3e3b,
math/liquidation.rs)::

    base sold for a shortage D = D / (price (ratio - liquidator fee - insurance fee))
    insurance fee              = 0.95 (ratio - liquidator fee - D / notional), at most its cap
"""

from __future__ import annotations

from plimsoll.errors import UsageError
from plimsoll.margin.drift.scaled_ratios import FACTOR_SCALE, MONEY_SCALE, RATIO_SCALE, SIZE_SCALE

WHOLE_POSITION = 2**64 - 1
"""Said where no size would cover the shortage: everything is to be closed."""
SMALL_SHORTAGE = 50 * MONEY_SCALE
"""Below this shortage a position is closed at once instead of in steps."""


def base_to_cover(
    shortage: int,
    *,
    ratio: int,
    liquidator_fee: int,
    insurance_fee: int,
    oracle_price: int,
    quote_price: int = MONEY_SCALE,
) -> int:
    """Return the size whose closing frees as much margin as is short, 1e-9.

    `WHOLE_POSITION` where fees eat up what closing frees.

    Examples
    --------
    10 dollars short at a ratio of 10 % less 2 % fees, price 100: 10 / (100 x 8 %) = 1.25.

    >>> base_to_cover(10_000_000, ratio=1_000, liquidator_fee=10_000, insurance_fee=10_000,
    ...               oracle_price=100_000_000)
    1250000000
    """
    price = oracle_price * quote_price // MONEY_SCALE
    kept = _fee_scale(ratio) - liquidator_fee
    if price <= 0 or kept <= 0:
        return WHOLE_POSITION
    freed = price * kept // FACTOR_SCALE - price * insurance_fee // FACTOR_SCALE
    if freed <= 0:
        return WHOLE_POSITION
    return shortage * SIZE_SCALE // freed


def insurance_fee(
    shortage: int,
    *,
    base: int,
    ratio: int,
    liquidator_fee: int,
    oracle_price: int,
    largest: int,
    quote_price: int = MONEY_SCALE,
) -> int:
    """Return what the insurance fund may take without making the account bankrupt, 1e-6.

    Examples
    --------
    >>> insurance_fee(20_000_000, base=10 * SIZE_SCALE, ratio=500, liquidator_fee=10_000,
    ...               oracle_price=100_000_000, largest=50_000)  # 0.95 x (5 % - 1 % - 2 %)
    19000
    """
    price = oracle_price * quote_price // MONEY_SCALE
    if base <= 0 or price <= 0:
        return 0
    short_share = shortage * SIZE_SCALE // base * MONEY_SCALE // price
    left = _fee_scale(ratio) - liquidator_fee - short_share
    return max(0, min(largest, left * 19 // 20))


def liquidation_share(shortage: int, *, slots_passed: int, slots_to_whole: int, first: int) -> int:
    """Return which share of a position may be closed by now, 1e-4.

    Rises in a straight line from ``first`` to everything over ``slots_to_whole`` slots, and is
    everything from the start for a small shortage.

    >>> [liquidation_share(60_000_000, slots_passed=s, slots_to_whole=150, first=1_000)
    ...  for s in (0, 75, 150)]
    [1000, 6000, 10000]
    """
    if slots_to_whole <= 0:
        raise UsageError("must be positive", found=slots_to_whole, field="slots_to_whole")
    if shortage < SMALL_SHORTAGE:
        return RATIO_SCALE
    return min(RATIO_SCALE, first + RATIO_SCALE * slots_passed // slots_to_whole)


def _fee_scale(ratio: int) -> int:
    return ratio * (FACTOR_SCALE // RATIO_SCALE)
