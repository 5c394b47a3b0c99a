"""Vectors of Derive's standard margin SRM, through the model (`plimsoll.margin.derive`).

The venue computes with 18 decimals, so that a level of 880 is 880 and its integer part too; what
is handed back is rounded to nine.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plimsoll.conformance.contract import UnknownCase
from plimsoll.conformance.derive_snapshot import (
    CASH,
    DeriveCase,
    governed_values,
    levels,
    named_set,
)
from plimsoll.domain.book import Book
from plimsoll.domain.expiry_quote import ExpiryQuote
from plimsoll.margin.derive import FLOOR, CashPricing, DeriveSrm, SrmParameters

DECIMALS = 9

_FIELDS = {
    "option": {
        "max_spot_req": "highest_spot_rate",
        "min_spot_req": "lowest_spot_rate",
        "mm_call_spot_req": "call_maintenance",
        "mm_put_spot_req": "put_maintenance",
        "mm_put_mtm_req": "put_mark_maintenance",
        "unpaired_im_scale": "unpaired_initial",
        "unpaired_mm_scale": "unpaired_maintenance",
        "mm_offset_scale": "put_initial_multiple",
    },
    "oracle_contingency": {
        "perp_threshold": "perpetual_confidence",
        "option_threshold": "option_confidence",
        "base_threshold": "base_confidence",
        "factor": "confidence_factor",
    },
    "perp": {"mm": "perpetual_maintenance", "im": "perpetual_initial"},
    "depeg": {"threshold": "depeg_threshold", "factor": "depeg_factor"},
    "base": {"margin_factor": "base_factor", "im_scale": "base_initial_scale"},
}
"""Names of a vector's parameters, and ours."""


def compute(
    kind: str, inputs: Mapping[str, Any], parameter_sets: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Compute the margin levels and the marked value of one portfolio."""
    if kind:
        raise UnknownCase(kind)
    case, coins = DeriveCase(), dict[str, str]()
    case.add_cash(float(inputs["cash"]))
    for coin, market in inputs["markets"].items():
        coins[coin] = case.add_price(coin, float(market["spot"]), float(market["spot_conf"]))
        case.add_asset(coin, float(market["base"]))
        _add_contracts(case, coin, market)
    parameters = _parameters(named_set(inputs["params"], parameter_sets, "params"))
    model = DeriveSrm(pricing=CashPricing(pricing_markets=coins))
    snapshot = case.snapshot(float(inputs["stable_price"]))
    prepared = model.prepare(snapshot, dict.fromkeys(coins, parameters), case.instruments)
    found = prepared.requirements(Book.from_accounts([case.account()]))
    marked = float(found.equity[0]) - case.collateral[CASH] + _closed(inputs)
    values = {**levels(found, FLOOR), "MtM": marked}
    return {name: round(value, DECIMALS) for name, value in values.items()}


def _add_contracts(case: DeriveCase, coin: str, market: Mapping[str, Any]) -> None:
    perpetual = market["perp"]
    case.add_perpetual(
        coin,
        quantity=float(perpetual["qty"]),
        price=float(perpetual["price"]),
        confidence=float(perpetual["conf"]),
        profit=float(perpetual["unrealised"]),
    )
    for seconds, forward in market["forwards"].items():
        quote = ExpiryQuote(floating=float(forward["price"]), confidence=float(forward["conf"]))
        if int(seconds) <= 0:
            quote = ExpiryQuote(
                floating=0.0, fixed=float(forward["price"]), confidence=float(forward["conf"])
            )
        case.add_expiry(coin, int(seconds), quote)
    for option in market["options"]:
        case.add_option(coin, option, float(option["vol"]))


def _closed(inputs: Mapping[str, Any]) -> float:
    """Profit of closed perpetuals, which the account holds as cash."""
    perpetuals = [market["perp"] for market in inputs["markets"].values()]
    return float(sum(p["unrealised"] for p in perpetuals if p["qty"] == 0))


def _parameters(given: Mapping[str, Any]) -> SrmParameters:
    return SrmParameters(**governed_values(given, _FIELDS))
