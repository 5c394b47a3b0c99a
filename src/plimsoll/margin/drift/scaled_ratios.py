"""Drift v2's ratios and weights as the program computes them: scaled integers, rounded down.

Sizes count 1e-9 of a unit, ratios and weights 1e-4, the size factor ("IMF") and fees 1e-6, money
1e-6 of a dollar (drift-labs/protocol-v2 at 0ae3e3b, math/margin.rs)::

    premium  = factor sqrt(size)
    ratio    = max(w, 0.8 w + premium)
    weight   = min(w, 1.1 / (1 + premium))

The square root is an integer one, of ten times the size and one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import isqrt

from plimsoll.errors import UsageError

RATIO_SCALE = 10_000
FACTOR_SCALE = 1_000_000
SIZE_SCALE = 1_000_000_000
MONEY_SCALE = 1_000_000
_ROOT_SCALE = 100_000  # square root of ten times SIZE_SCALE
OPEN_ORDER_CHARGE = 10_000
"""One cent for each open order, in 1e-6 of a dollar."""


class MarginLevel(StrEnum):
    """Which ratio holds: to open, for a maker or taker to be filled, to stay open."""

    INITIAL = "initial"
    FILL = "fill"
    MAINTENANCE = "maintenance"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaledMarket:
    """Margin ratios of a perpetual market, 1e-4; a high-leverage ratio of 0 switches that off."""

    initial: int
    maintenance: int
    size_factor: int = 0
    high_leverage_initial: int = 0
    high_leverage_maintenance: int = 0

    def at(self, level: MarginLevel, *, high_leverage: bool = False) -> int:
        """Return the ratio before any size premium; the fill level is the mean of the others."""
        high = high_leverage and self.has_high_leverage
        initial = self.high_leverage_initial if high else self.initial
        maintenance = self.high_leverage_maintenance if high else self.maintenance
        if level is MarginLevel.INITIAL:
            return initial
        return maintenance if level is MarginLevel.MAINTENANCE else (initial + maintenance) // 2

    @property
    def has_high_leverage(self) -> bool:
        """Whether the market offers its lower ratios."""
        return self.high_leverage_initial > 0 and self.high_leverage_maintenance > 0


def size_premium(size: int, factor: int) -> int:
    """Return ``factor x sqrt(size)``, 1e-4.

    >>> size_premium(1_000 * SIZE_SCALE, 10_000)  # 1 % of the root of a thousand units
    3162
    """
    root = isqrt(10 * size + 1)
    return root * factor // (_ROOT_SCALE * FACTOR_SCALE // RATIO_SCALE)


def liability_weight(size: int, factor: int, weight: int) -> int:
    """Return a margin ratio or liability weight with its size premium, 1e-4.

    >>> liability_weight(1_000 * SIZE_SCALE, 10_000, 11_000)
    11962
    """
    if factor == 0:
        return weight
    return max(weight, weight - weight // 5 + size_premium(size, factor))


def asset_weight(size: int, factor: int, weight: int) -> int:
    """Return a collateral weight with its size discount, 1e-4.

    >>> asset_weight(1_000 * SIZE_SCALE, 10_000, 9_000)
    8357
    """
    if factor == 0:
        return weight
    growth = isqrt(10 * size + 1) * factor // _ROOT_SCALE
    discounted = (FACTOR_SCALE + FACTOR_SCALE // 10) * RATIO_SCALE // (FACTOR_SCALE + growth)
    return min(weight, discounted)


def margin_ratio(
    market: ScaledMarket, size: int, level: MarginLevel, *, high_leverage: bool = False
) -> int:
    """Return the margin ratio of a position of ``size``, 1e-4.

    In high-leverage mode maintenance is the mode's own ratio with its premium. To open or to be
    filled the ratio climbs from the mode's own to the ordinary one, in proportion to how much of
    a fifth of the ordinary ratio the premium has used up.

    >>> market = ScaledMarket(initial=1_000, maintenance=500, size_factor=50,
    ...                       high_leverage_initial=100, high_leverage_maintenance=50)
    >>> [margin_ratio(market, n * SIZE_SCALE, MarginLevel.INITIAL, high_leverage=True)
    ...  for n in (1, 10, 1_000_000)]
    [100, 104, 1300]
    """
    own = market.at(level, high_leverage=high_leverage)
    if not (high_leverage and market.has_high_leverage) or level is MarginLevel.MAINTENANCE:
        return liability_weight(size, market.size_factor, own)
    ordinary = market.at(level)
    premium, room = size_premium(size, market.size_factor), ordinary // 5
    if premium >= room:
        return liability_weight(size, market.size_factor, ordinary)
    return own + (ordinary - own) * premium // room


def perpetual_requirement(
    market: ScaledMarket,
    base: int,
    oracle_price: int,
    level: MarginLevel,
    *,
    open_orders: int = 0,
    high_leverage: bool = False,
) -> int:
    """Return the margin of a position in 1e-6 of a dollar; the price counts 1e-6 as well."""
    value = abs(base) * oracle_price // SIZE_SCALE
    ratio = margin_ratio(market, abs(base), level, high_leverage=high_leverage)
    return value * ratio // RATIO_SCALE + open_orders * OPEN_ORDER_CHARGE


def scaled_initial_weight(weight: int, scale_start: int, deposits_value: int) -> int:
    """Return an initial collateral weight that falls as one over the market's deposits.

    ``scale_start`` and ``deposits_value`` in 1e-6 of a dollar; a start of 0 switches it off.

    >>> scaled_initial_weight(9_000, 500_000, 1_500_000)
    3000
    """
    if scale_start == 0 or deposits_value <= scale_start:
        return weight
    return weight * scale_start // deposits_value


def profit_weight(profit: int, factor: int, weight: int) -> int:
    """Return the weight of unrealised profit; a loss, and none, have the full ``weight``.

    >>> profit_weight(22_699_050_905, 1_000, 10_000), profit_weight(-1, 1_000, 10_000)
    (9559, 10000)
    """
    if profit <= 0:
        return weight
    return asset_weight(profit * (SIZE_SCALE // MONEY_SCALE), factor, weight)


def token_size(amount: int, decimals: int) -> int:
    """Return a token amount of ``decimals`` decimals in the 1e-9 of a unit that sizes count.

    >>> token_size(1_000_000, 6), token_size(10**18, 18)
    (1000000000, 1000000000)
    """
    if decimals < 0:
        raise UsageError("must not be negative", found=decimals, field="decimals")
    if decimals > 9:
        return amount // int(10 ** (decimals - 9))
    return amount * int(10 ** (9 - decimals))
