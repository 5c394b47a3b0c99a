"""Vectors of Derive's PMRM_2, through the model (`plimsoll.margin.derive`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from plimsoll.conformance.contract import UnknownCase
from plimsoll.conformance.derive_snapshot import (
    ACCOUNT,
    DeriveCase,
    decimal,
    floor_hours,
    governed_values,
    levels,
    named_set,
    scenarios_of,
    split_forward,
)
from plimsoll.domain.book import Book
from plimsoll.domain.expiry_quote import ExpiryQuote
from plimsoll.domain.margin_explanation import ScenarioLosses, UnitExplanation
from plimsoll.margin.derive import (
    CashPricing,
    CollateralRule,
    DerivePmrm2,
    Pmrm2Parameters,
    PmrmScenario,
)
from plimsoll.scenarios.risk_grid import VolMove

COIN = "COIN"
_ROUNDING = 1e-12

_FIELDS = {
    "vol_shock": {
        "range_up": "range_up",
        "range_down": "range_down",
        "short_power": "short_power",
        "long_power": "long_power",
        "min_vol_up": "minimum_vol_up",
    },
    "margin": {
        "im_factor": "initial_factor",
        "mm_factor": "maintenance_factor",
        "long_base_discount": "long_discount",
        "long_rate_mult": "long_rate_multiplier",
        "long_rate_add": "long_rate_addition",
        "short_base_markup": "short_markup",
        "short_rate_mult": "short_rate_multiplier",
        "short_rate_add": "short_rate_addition",
    },
    "basis_contingency": {
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
        "mm_perp": "perpetual_maintenance",
        "im_perp_extra": "perpetual_initial_extra",
        "mm_short_option": "option_maintenance",
        "im_short_option_extra": "option_initial_extra",
    },
    "skew_shock": {
        "linear_cap0": "linear_cap",
        "linear_cap_slope": "linear_cap_slope",
        "abs_cap0": "abs_cap",
        "abs_cap_slope": "abs_cap_slope",
        "min_kstar": "minimum_k_star",
        "width_scale": "width_scale",
        "vol_static": "width_vol",
        "vol_scale": "width_vol_slope",
    },
}
"""Names of a vector's parameters, and ours."""

_COMPONENTS = {
    "mm_perp": ("perpetuals", True),
    "im_perp_extra": ("perpetuals_extra", False),
    "mm_collateral": ("collateral", True),
    "im_collateral_extra": ("collateral_extra", False),
    "mm_option": ("short_options", True),
    "im_option_extra": ("short_options_extra", False),
    "oracle": ("oracle_confidence", False),
}
"""Terms, and whether the maintenance column is meant."""


def compute(
    kind: str, inputs: Mapping[str, Any], parameter_sets: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Compute margin levels, scenarios and components of one portfolio."""
    if kind:
        raise UnknownCase(kind)
    given = named_set(inputs["parameter_set"], parameter_sets, "parameter_set")
    case, assets, rules = DeriveCase(), dict[str, str](), dict[str, CollateralRule]()
    spot = inputs["spot"]
    spot_market = case.add_price(COIN, spot["price"], spot["confidence"])
    case.add_cash(float(inputs["cash"]))
    _add_contracts(case, inputs)
    for place, asset in enumerate(inputs["collaterals"]):
        code = f"ASSET{place}"
        assets[code] = case.add_price(code, asset["price"], asset["confidence"])
        case.add_asset(code, float(asset["qty"]))
        rules[code] = _collateral_rule(asset)
    parameters = _parameters(given, rules)
    model = DerivePmrm2(
        pricing=CashPricing(pricing_markets=assets), spot_markets={COIN: spot_market}
    )
    snapshot = case.snapshot(float(inputs["stable"]["price"]))
    prepared = model.prepare(snapshot, {COIN: parameters}, case.instruments)
    found = prepared.requirements(Book.from_accounts([case.account()]))
    return levels(found) | _details(found.explanations(ACCOUNT)[0], parameters.scenarios)


def _add_contracts(case: DeriveCase, inputs: Mapping[str, Any]) -> None:
    perpetual = inputs["perp"]
    case.add_perpetual(
        COIN,
        quantity=float(perpetual["qty"]),
        price=float(perpetual["price"]),
        confidence=float(perpetual["confidence"]),
        profit=float(perpetual["unrealised_pnl"]) + float(perpetual["unrealised_funding"]),
    )
    for expiry in inputs["expiries"]:
        seconds = int(expiry["sec_to_expiry"])
        floating, fixed = split_forward(float(expiry["forward"]), seconds)
        quote = ExpiryQuote(
            floating=floating,
            fixed=fixed,
            rate_annual=float(expiry["rate"]),
            confidence=float(expiry["forward_conf"]),
            rate_confidence=float(expiry["rate_conf"]),
            vol_confidence=float(expiry["vol_conf"]),
        )
        case.add_expiry(COIN, seconds, quote)
    for option in inputs["options"]:
        case.add_option(COIN, option, float(option["mark_vol"]))


def _collateral_rule(asset: Mapping[str, Any]) -> CollateralRule:
    return CollateralRule(
        maintenance_haircut=decimal(asset["mm_haircut"]),
        initial_extra=decimal(asset["im_haircut_extra"]),
        cancels_risk=Decimal(int(bool(asset["risk_cancelling"]))),
    )


def _parameters(given: Mapping[str, Any], rules: Mapping[str, CollateralRule]) -> Pmrm2Parameters:
    return Pmrm2Parameters(
        **governed_values(given, _FIELDS),
        floor_hours=floor_hours(given),
        scenarios=scenarios_of(given["scenarios"]),
        collateral=rules,
    )


def _details(explained: UnitExplanation, scenarios: Sequence[PmrmScenario]) -> dict[str, Any]:
    losses = explained.scenarios[0]
    terms = {term.name: term for term in explained.terms}
    values = {c.market: c.value for c in explained.contributions}
    return {
        "scenario_pnl": (0.0 - losses.losses[:-1]).tolist(),
        "basis_contingency": 0.0 - float(losses.losses[-1]),
        "option_mtm": _sum_of(values, lambda name: name.startswith(COIN) and name[-2:] in _RIGHTS),
        "collateral_mtm": _sum_of(values, lambda name: name.startswith("ASSET")),
        "worst_kind": worst_kind(losses, scenarios, values),
        "components": {
            theirs: 0.0 - (terms[ours].maintenance if of_both else terms[ours].initial)
            for theirs, (ours, of_both) in _COMPONENTS.items()
        },
    }


_RIGHTS = ("-C", "-P")


def _sum_of(values: Mapping[str, float], chosen: Any) -> float:
    total = 0.0
    for name, value in values.items():
        total += value if chosen(name) else 0.0
    return total


def worst_kind(
    losses: ScenarioLosses, scenarios: Sequence[PmrmScenario], values: Mapping[str, float]
) -> str:
    """Say what sets the margin; the first of losses that differ by rounding only.

    Parameters
    ----------
    values : mapping of str to float
        Of the holdings: what rounding is relative to.
    """
    slack = _ROUNDING * sum(abs(value) for value in values.values())
    place = int(np.argmax(losses.losses >= losses.losses.max() - slack))
    if place == len(scenarios):
        return "fwd_contingency"
    scenario = scenarios[place]
    if scenario.is_skew:
        return "skew"
    return "tail" if _is_tail(scenario, scenarios) else "regular"


def _is_tail(scenario: PmrmScenario, scenarios: Sequence[PmrmScenario]) -> bool:
    """Whether a scenario counts for another share than all, or lies far outside the grid."""
    if scenario.fraction != 1.0:
        return True
    inner = [abs(s.multiplier - 1.0) for s in scenarios if s.vol is VolMove.DOWN]
    return bool(inner) and abs(scenario.multiplier - 1.0) > 2.0 * max(inner)
