"""Add-ons worked by hand in ``add_ons.yaml``; the arithmetic stands there.

Tolerance 1e-9 relative where the comment's numbers are exact; irrational ones are carried to ten
digits.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from bound_trials import Trial, changed

from add_on_books import INSTRUMENTS, PRICING, TABLES, account, book, position, snapshot
from plimsoll.domain.account import Account
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.margin import TieredMargin
from plimsoll.margin.add_ons import (
    BasisAddOn,
    BasisParameters,
    Charge,
    ConcentrationAddOn,
    ConcentrationParameters,
    DepegAddOn,
    GapAddOn,
    GapParameters,
    LiquidityAddOn,
    LiquidityParameters,
    MinimumCharge,
    MinimumParameters,
    WrongWayAddOn,
    WrongWayParameters,
    add_on_markets,
    exposed_book,
    peg_band,
)

FILE = yaml.safe_load((Path(__file__).parent / "add_ons.yaml").read_text())
KINDS: dict[str, tuple[Any, Any]] = {
    "liquidity": (LiquidityAddOn, LiquidityParameters),
    "concentration": (ConcentrationAddOn, ConcentrationParameters),
    "gap": (GapAddOn, GapParameters),
    "wrong_way": (WrongWayAddOn, WrongWayParameters),
    "minimum": (MinimumCharge, MinimumParameters),
    "basis": (BasisAddOn, BasisParameters),
}
BANDS = (peg_band("0.99", ("500", "0.01"), (None, "0.02")), peg_band("0", (None, "0.1")))


def decimals(values: dict[str, Any]) -> dict[str, Decimal]:
    return {name: Decimal(str(v)) for name, v in values.items()}


def add_on(case: dict[str, Any]) -> Any:
    if case["add_on"] == "depeg":
        return DepegAddOn(bands=BANDS)
    kind, parameters = KINDS[case["add_on"]]
    chosen = FILE["parameters"][case["add_on"]] | case.get("parameters", {})
    options = {
        n: Decimal(v) if n.endswith("_usd") else v for n, v in case.get("options", {}).items()
    }
    if kind is WrongWayAddOn:
        options["moves_with"] = {}
    held = parameters(**decimals(chosen))
    return kind(parameters={"BTC": held, "ETH": held}, **options)


def solve(case: dict[str, Any]) -> Charge:
    at = snapshot(case.get("quotes"), {"USDT": 1.0, "USDC": 1.0} | case.get("stable", {}))
    held = account(case.get("positions", {}), case.get("collateral"))
    if "both_sides" in case:
        both = [position(m, s * q) for m, q in case["both_sides"].items() for s in (1.0, -1.0)]
        held = Account(name="a", positions=tuple(both))
    inner = TieredMargin(pricing=PRICING).prepare(at, TABLES, INSTRUMENTS)
    markets = add_on_markets(at, INSTRUMENTS, PRICING)
    exposed = exposed_book(book(held), markets)
    charge: Charge = add_on(case).prepare(markets).charge(exposed, inner.requirements(book(held)))
    return charge


@pytest.mark.parametrize("case", FILE["cases"], ids=lambda case: case["name"])
def test_case(case: dict[str, Any]) -> None:
    found = solve(case)
    if "reason" in case:
        assert MarginReason[case["reason"]] in found.reason
        return
    assert not found.reason.any()
    close = pytest.approx(case["expect"], rel=1e-9, abs=1e-9)
    if len(str(case["expect"])) > 9:  # carried to ten digits in the comment
        close = pytest.approx(case["expect"], rel=2e-9)
    assert float(found.term.maintenance[0]) == close
    assert float(found.term.initial[0]) == float(found.term.maintenance[0])


def trials(add_on: str) -> Iterator[Trial]:
    for case in FILE["cases"]:
        if case["add_on"] == add_on:
            values = FILE["parameters"][add_on] | case.get("parameters", {})

            def run(name: str, value: Decimal, case: Any = case) -> None:
                test_case(changed(case, "parameters", name, value))

            yield Trial(values=values, run=run)


TRIALS = {kind: partial(trials, add_on) for add_on, (_, kind) in KINDS.items()}
