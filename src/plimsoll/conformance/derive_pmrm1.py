"""Vectors of Derive's PMRM, first version, through the model (`plimsoll.margin.derive`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plimsoll.conformance.contract import UnknownCase
from plimsoll.conformance.derive_snapshot import (
    ACCOUNT,
    DeriveCase,
    floor_hours,
    governed_values,
    levels,
    named_set,
    scenarios_of,
)
from plimsoll.domain.book import Book
from plimsoll.domain.expiry_quote import ExpiryQuote
from plimsoll.margin.derive import CashPricing, DerivePmrm1, Pmrm1Parameters

COIN = "COIN"

_FIELDS = {
    "vol_shock": {
        "range_up": "range_up",
        "range_down": "range_down",
        "short_power": "short_power",
        "long_power": "long_power",
    },
    "margin": {
        "im_factor": "initial_factor",
        "base_discount": "base_discount",
        "rate_mult": "rate_multiplier",
        "rate_add": "rate_addition",
    },
    "basis": {
        "spot_up": "basis_up",
        "spot_down": "basis_down",
        "add": "basis_addition",
        "mult": "basis_multiplier",
    },
    "other": {
        "peg_threshold": "peg_threshold",
        "peg_factor": "peg_factor",
        "conf_threshold": "confidence_threshold",
        "conf_margin": "confidence_margin",
        "base": "base_contingency",
        "perp": "perpetual_contingency",
        "short_option": "option_contingency",
    },
}
"""Names of a vector's parameters, and ours."""


def compute(
    kind: str, inputs: Mapping[str, Any], parameter_sets: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Compute the margin levels of one portfolio."""
    if kind:
        raise UnknownCase(kind)
    given = named_set(inputs["params"], parameter_sets, "params")
    case = DeriveCase()
    market = case.add_price(COIN, float(inputs["spot"]), float(inputs["spot_conf"]))
    case.add_cash(float(inputs["cash"]))
    case.add_asset(COIN, float(inputs["base"]))
    _add_contracts(case, inputs)
    model = DerivePmrm1(pricing=CashPricing(pricing_markets={COIN: market}))
    snapshot = case.snapshot(float(inputs["stable"]))
    parameters = {COIN: _parameters(given)}
    prepared = model.prepare(snapshot, parameters, case.instruments)
    found = prepared.requirements(Book.from_accounts([case.account()]))
    losses = found.explanations(ACCOUNT)[0].scenarios[0].losses
    return {
        **levels(found),
        "scenario_pnl": (0.0 - losses[:-1]).tolist(),
        "basis_contingency": 0.0 - float(losses[-1]),
    }


def _add_contracts(case: DeriveCase, inputs: Mapping[str, Any]) -> None:
    perpetual = inputs["perp"]
    case.add_perpetual(
        COIN,
        quantity=float(perpetual["qty"]),
        price=float(perpetual["price"]),
        confidence=float(perpetual["conf"]),
        profit=float(perpetual["unrealised"]),
    )
    for seconds, feed in inputs["feeds"].items():
        quote = ExpiryQuote(
            floating=float(feed["fwd_var"]),
            fixed=float(feed["fwd_fixed"]),
            rate_annual=float(feed["rate"]),
            confidence=float(feed["fwd_conf"]),
            rate_confidence=float(feed["rate_conf"]),
        )
        case.add_expiry(COIN, int(seconds), quote)
    for option in inputs["options"]:
        case.add_option(COIN, option, float(option["vol"]))


def _parameters(given: Mapping[str, Any]) -> Pmrm1Parameters:
    return Pmrm1Parameters(
        **governed_values(given, _FIELDS),
        floor_hours=floor_hours(given),
        scenarios=scenarios_of(given["scenarios"]),
    )
