"""Cases of the Drift v2 vectors, handed to the functions they name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from plimsoll.conformance.contract import UnknownCase
from plimsoll.margin.drift.liquidation import base_to_cover, insurance_fee
from plimsoll.margin.drift.scaled_ratios import (
    MONEY_SCALE,
    SIZE_SCALE,
    MarginLevel,
    ScaledMarket,
    asset_weight,
    liability_weight,
    margin_ratio,
    perpetual_requirement,
    profit_weight,
    scaled_initial_weight,
    token_size,
)

Inputs = Mapping[str, Any]


def compute(kind: str, inputs: Inputs, _parameter_sets: Inputs) -> dict[str, Any]:
    """Compute one case; see `plimsoll.conformance.contract.Compute`."""
    if kind not in _KINDS:
        raise UnknownCase(kind)
    return _KINDS[kind](inputs)


def _spot_weight(inputs: Inputs) -> dict[str, Any]:
    decimals = int(inputs["token_decimals"])
    size = token_size(_scaled(inputs["size_tokens"], 10**decimals), decimals)
    factor = inputs["imf_factor_1e6"]
    return {
        "asset_weight": asset_weight(size, factor, inputs["asset_weight_1e4"]),
        "liability_weight": liability_weight(size, factor, inputs["liability_weight_1e4"]),
    }


def _initial_weight(inputs: Inputs) -> dict[str, Any]:
    value = Decimal(str(inputs["total_deposits_tokens"])) * Decimal(str(inputs["oracle_price"]))
    found = scaled_initial_weight(
        inputs["initial_asset_weight_1e4"],
        _scaled(inputs["scale_start_usd"], MONEY_SCALE),
        _scaled(value, MONEY_SCALE),
    )
    return {"asset_weight": found}


def _profit_weight(inputs: Inputs) -> dict[str, Any]:
    found = profit_weight(
        inputs["unrealized_pnl_1e6"], inputs["pnl_imf_factor_1e6"], inputs["initial_weight_1e4"]
    )
    return {"asset_weight": found}


def _requirement(inputs: Inputs) -> dict[str, Any]:
    found = perpetual_requirement(
        _market(inputs),
        inputs["base_1e9"],
        _scaled(inputs["oracle_price"], MONEY_SCALE),
        MarginLevel(inputs["margin_type"]),
        open_orders=inputs.get("open_orders", 0),
        high_leverage=bool(inputs.get("high_leverage_user", False)),
    )
    return {"margin_requirement_1e6": found}


def _ratio(inputs: Inputs) -> dict[str, Any]:
    found = margin_ratio(
        _market(inputs["market"]),
        _scaled(inputs["size_base"], SIZE_SCALE),
        MarginLevel(inputs["margin_type"]),
        high_leverage=bool(inputs["high_leverage_user"]),
    )
    return {"margin_ratio_1e4": found}


def _cover(inputs: Inputs) -> dict[str, Any]:
    found = base_to_cover(
        inputs["margin_shortage_1e6"],
        ratio=inputs["margin_ratio_1e4"],
        liquidator_fee=inputs["liquidator_fee_1e6"],
        insurance_fee=inputs["insurance_fee_1e6"],
        oracle_price=inputs["oracle_price_1e6"],
        quote_price=inputs["quote_price_1e6"],
    )
    return {"base_1e9": found}


def _insurance(inputs: Inputs) -> dict[str, Any]:
    found = insurance_fee(
        inputs["margin_shortage_1e6"],
        base=inputs["base_1e9"],
        ratio=inputs["margin_ratio_1e4"],
        liquidator_fee=inputs["liquidator_fee_1e6"],
        oracle_price=inputs["oracle_price_1e6"],
        quote_price=inputs["quote_price_1e6"],
        largest=inputs["max_insurance_fee_1e6"],
    )
    return {"fee_1e6": found}


def _market(inputs: Inputs) -> ScaledMarket:
    return ScaledMarket(
        initial=inputs["margin_ratio_initial_1e4"],
        maintenance=inputs["margin_ratio_maintenance_1e4"],
        size_factor=inputs["imf_factor_1e6"],
        high_leverage_initial=inputs.get("high_leverage_initial_1e4", 0),
        high_leverage_maintenance=inputs.get("high_leverage_maintenance_1e4", 0),
    )


def _scaled(value: Any, scale: int) -> int:
    """Whole number of ``1 / scale``, what is under one cut off."""
    return int(Decimal(str(value)) * scale)


_KINDS: Mapping[str, Callable[[Inputs], dict[str, Any]]] = {
    "spot_size_weight": _spot_weight,
    "scaled_initial_asset_weight": _initial_weight,
    "unrealized_pnl_weight": _profit_weight,
    "perp_margin_requirement": _requirement,
    "perp_margin_ratio": _ratio,
    "base_to_cover_shortage": _cover,
    "insurance_fee": _insurance,
}
