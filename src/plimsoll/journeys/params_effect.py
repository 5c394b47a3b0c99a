"""Whether a changed parameter asks for more margin or less, where its name says so."""

from __future__ import annotations

import re
from decimal import Decimal

TIGHTENING, LOOSENING, ADDED, REMOVED = "tightening", "loosening", "added", "removed"

_TIER = re.compile(r"(?:short\.|)tier\[\d+\]\.(\w+)")
_MORE_WITH_RISE = frozenset(
    """
    maintenance_rate initial_rate maintenance_slope initial_slope highest_rate
    initial_margin maintenance_fraction initial_fraction imf_factor imf_weight mmf_weight
    price_range volatility_range_up volatility_range_down minimum_vol_up extended_table_factor
    annualised_move_risk min_annualised_move delta_shock_slope max_delta_shock
    maintenance_factor correlation_contingency
    range_up range_down initial_factor short_markup basis_up basis_addition basis_multiplier
    peg_threshold peg_factor confidence_threshold confidence_margin base_contingency
    perpetual_contingency option_contingency perpetual_maintenance perpetual_initial_extra
    option_maintenance option_initial_extra maintenance_haircut initial_extra
    highest_spot_rate lowest_spot_rate call_maintenance put_maintenance put_mark_maintenance
    put_initial_multiple unpaired_initial unpaired_maintenance perpetual_initial
    depeg_threshold depeg_factor perpetual_confidence option_confidence base_confidence
    confidence_factor
    """.split()  # noqa: SIM905
)
_LESS_WITH_RISE = frozenset(
    """
    max_leverage cap_usd cap_contracts cap_coins
    pnl_offset max_offsetable_pnl_usd extended_dampener_usd delta_shock_threshold_usd
    long_discount basis_down base_factor base_initial_scale open_interest_lower_usd
    tiers.marginal_share
    """.split()  # noqa: SIM905
)


def effect(name: str, before: Decimal | None, after: Decimal | None) -> str | None:
    """Return what a change does to margin; None where the name does not say.

    All else equal: a higher cap leaves a size at the lower tier's rates.

    >>> effect("tier[0].initial_rate", Decimal("0.02"), Decimal("0.03"))
    'tightening'
    >>> effect("short.tier[0].cap_usd", Decimal(50_000), Decimal(60_000))
    'loosening'
    """
    if before is None or after is None:
        return ADDED if before is None else REMOVED
    match = _TIER.fullmatch(name)
    field = match[1] if match else name
    if before == after or field not in _MORE_WITH_RISE | _LESS_WITH_RISE:
        return None
    return TIGHTENING if (after > before) is (field in _MORE_WITH_RISE) else LOOSENING
