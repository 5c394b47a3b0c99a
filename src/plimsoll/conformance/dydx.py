"""Cases of the dYdX v4 vectors, handed to the functions they name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from plimsoll.conformance.contract import UnknownCase
from plimsoll.margin.dydx.liquidation import Holding, Subaccount, bankruptcy_quote_quantums
from plimsoll.margin.dydx.quantums import (
    OracleMarket,
    TierPpm,
    funding_clamp_ppm,
    maintenance_ppm,
    margin_quantums,
    scaled_initial_ppm,
)

Inputs = Mapping[str, Any]


def compute(kind: str, inputs: Inputs, _parameter_sets: Inputs) -> dict[str, Any]:
    """Compute one case; see `plimsoll.conformance.contract.Compute`."""
    if kind not in _KINDS:
        raise UnknownCase(kind)
    return _KINDS[kind](inputs)


def _maintenance_ppm(inputs: Inputs) -> dict[str, Any]:
    found = maintenance_ppm(inputs["initial_margin_ppm"], inputs["maintenance_fraction_ppm"])
    return {"maintenance_margin_ppm": found}


def _funding_clamp(inputs: Inputs) -> dict[str, Any]:
    found = funding_clamp_ppm(
        inputs["clamp_factor_ppm"],
        inputs["initial_margin_ppm"],
        inputs["maintenance_fraction_ppm"],
    )
    return {"max_abs_funding_ppm": found}


def _scaled_initial(inputs: Inputs) -> dict[str, Any]:
    tier = _tier(inputs, maintenance_fraction_ppm=0)
    found = margin_quantums(
        inputs["position_notional"],
        tier,
        inputs["open_interest_notional"],
        inputs.get("custom_imf_ppm", 0),
    )
    return {"initial_margin": found.initial}


def _scaled_ppm(inputs: Inputs) -> dict[str, Any]:
    tier = _tier(inputs, maintenance_fraction_ppm=0)
    return {"imf_ppm": scaled_initial_ppm(tier, inputs["open_interest_notional"])}


def _requirements(inputs: Inputs) -> dict[str, Any]:
    market = OracleMarket(
        price=inputs["price"],
        exponent=inputs["exponent"],
        atomic_resolution=inputs["atomic_resolution"],
    )
    found = margin_quantums(
        market.quote_quantums(inputs["base_quantums"]),
        _tier(inputs, inputs["maintenance_fraction_ppm"]),
        market.quote_quantums(inputs["open_interest_base_quantums"]),
        inputs.get("custom_imf_ppm", 0),
    )
    return {"IM": found.initial, "MM": found.maintenance}


def _bankruptcy(inputs: Inputs) -> dict[str, Any]:
    fractions = inputs["initial_margin_ppm_and_maintenance_fraction_ppm"]
    holdings = {
        market: Holding(
            base_quantums=quantums,
            market=OracleMarket(
                price=inputs["oracle_price"][market],
                exponent=0,
                atomic_resolution=inputs["atomic_resolution"][market],
            ),
            tier=TierPpm(
                initial_ppm=fractions[market][0], maintenance_fraction_ppm=fractions[market][1]
            ),
        )
        for market, quantums in inputs["positions_base_quantums"].items()
    }
    found = bankruptcy_quote_quantums(
        Subaccount(quote_quantums=inputs["usdc_quantums"], holdings=holdings),
        str(inputs["perpetual_id"]),
        inputs["delta_quantums"],
    )
    return {"bankruptcy_price_quote_quantums": found}


def _tier(inputs: Inputs, maintenance_fraction_ppm: int) -> TierPpm:
    return TierPpm(
        initial_ppm=inputs["initial_margin_ppm"],
        maintenance_fraction_ppm=maintenance_fraction_ppm,
        lower_cap=inputs["oi_lower_cap"],
        upper_cap=inputs["oi_upper_cap"],
    )


_KINDS: Mapping[str, Callable[[Inputs], dict[str, Any]]] = {
    "maintenance_ppm": _maintenance_ppm,
    "funding_clamp": _funding_clamp,
    "initial_margin_oi_scaled": _scaled_initial,
    "oi_scaled_imf_ppm": _scaled_ppm,
    "margin_requirements": _requirements,
    "bankruptcy_price": _bankruptcy,
}
