"""Cases of the Vega vectors, handed to the functions they name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from plimsoll.conformance.contract import UnknownCase
from plimsoll.margin.vega.exact_levels import (
    LevelScales,
    MarketExposure,
    MarketRates,
    RestingOrder,
    liquidation_price,
    maintenance,
    margin_levels,
)
from plimsoll.margin.vega.order_margin import isolated_order_margin
from plimsoll.maths.lognormal_shortfall import holding_risk, owing_risk, risk_factors

Inputs = Mapping[str, Any]


def compute(kind: str, inputs: Inputs, _parameter_sets: Inputs) -> dict[str, Any]:
    """Compute one case; see `plimsoll.conformance.contract.Compute`."""
    if kind not in _KINDS:
        raise UnknownCase(kind)
    return _KINDS[kind](inputs)


def _holding(inputs: Inputs) -> dict[str, Any]:
    found = holding_risk(inputs["mu"], inputs["sigma"], inputs["level"])
    return {"VaR": found.value_at_risk, "ES": found.expected_shortfall}


def _owing(inputs: Inputs) -> dict[str, Any]:
    found = owing_risk(inputs["mu"], inputs["sigma"], inputs["level"])
    return {"VaR": found.value_at_risk, "ES": found.expected_shortfall}


def _factors(inputs: Inputs) -> dict[str, Any]:
    found = risk_factors(
        drift_annual=inputs["mu"],
        sigma_annual=inputs["sigma"],
        years=inputs["tau_years"],
        tail=inputs["risk_aversion_lambda"],
    )
    return {"rf_long": found.long, "rf_short": found.short}


def _levels(inputs: Inputs) -> dict[str, Any]:
    mark = _number(inputs["mark_price"])
    exposure = MarketExposure(
        position=_number(inputs["position"]),
        buys=(RestingOrder(size=_number(inputs["buy_orders"]), price=mark),),
        sells=(RestingOrder(size=_number(inputs["sell_orders"]), price=mark),),
    )
    scales = LevelScales(**{name: _number(scale) for name, scale in inputs["scaling"].items()})
    found = margin_levels(maintenance(exposure, _rates(inputs)), scales)
    return {name: getattr(found, name) for name in found.__slots__}


def _order_margin(inputs: Inputs) -> dict[str, Any]:
    factor = _number(inputs["position_factor"])
    exposure = MarketExposure(
        position=_number(inputs["position_lots"]) / factor,
        buys=_resting(inputs["orders"]["buy"], factor),
        sells=_resting(inputs["orders"]["sell"], factor),
    )
    auction = inputs.get("auction_price")
    found = isolated_order_margin(
        exposure,
        _number(inputs["margin_factor"]),
        None if auction is None else _number(auction),
    )
    return {"order_margin": float(found)}


def _maintenance(inputs: Inputs) -> dict[str, Any]:
    factor = _number(inputs["position_factor"])
    orders = inputs["orders_size_price_ismarket"]
    exposure = MarketExposure(
        position=_number(inputs["position_lots"]) / factor,
        buys=_resting(orders["buy"], factor),
        sells=_resting(orders["sell"], factor),
    )
    return {"maintenance_unrounded": float(maintenance(exposure, _rates(inputs)))}


def _liquidation(inputs: Inputs) -> dict[str, Any]:
    position = _number(inputs["position_lots"]) / _number(inputs["position_factor"])
    rates = _rates(inputs)
    kept = maintenance(MarketExposure(position=position), rates)
    found = liquidation_price(position, _number(inputs["collateral"]), rates)
    at_maintenance = liquidation_price(position, kept, rates)
    return {
        "maintenance_unrounded": float(kept),
        "liquidation_price": _plain(found),
        "liquidation_price_at_collateral_equal_maintenance": _plain(at_maintenance),
        "undefined": found is None,
    }


def _rates(inputs: Inputs) -> MarketRates:
    return MarketRates(
        mark_price=_number(inputs["mark_price"]),
        risk_long=_number(inputs["rf_long"]),
        risk_short=_number(inputs["rf_short"]),
        linear_slippage=_number(inputs["linear_slippage"]),
        quadratic_slippage=_number(inputs["quadratic_slippage"]),
        funding_per_unit=_number(inputs.get("funding_per_unit", 0)),
        in_auction=bool(inputs.get("auction", False)),
    )


def _resting(orders: list[list[Any]], factor: Decimal) -> tuple[RestingOrder, ...]:
    """Rows of size in lots and price, and, where given, whether it is a market order."""
    return tuple(
        RestingOrder(
            size=_number(row[0]) / factor,
            price=None if len(row) > 2 and row[2] else _number(row[1]),
        )
        for row in orders
    )


def _number(value: Any) -> Decimal:
    """Shortest decimal of what the file says: exact arithmetic from there on."""
    return Decimal(str(value))


def _plain(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


_KINDS: Mapping[str, Callable[[Inputs], dict[str, Any]]] = {
    "lognormal_var_es": _holding,
    "neg_lognormal_var_es": _owing,
    "risk_factors_forward": _factors,
    "margin_levels": _levels,
    "isolated_order_margin": _order_margin,
    "maintenance_formula": _maintenance,
    "liquidation_price": _liquidation,
}
