"""Funding provisions worked by hand in ``funding.yaml``, to 1e-12."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from bound_trials import Trial, changed

from add_on_books import INSTRUMENTS, PRICING, TABLES, account, book, position, snapshot
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.requirement import Requirements
from plimsoll.margin import TieredMargin
from plimsoll.margin.add_ons import WithAddOns
from plimsoll.margin.funding_provision import FundingParameters, FundingProvision

FILE = yaml.safe_load((Path(__file__).parent / "funding.yaml").read_text())


def chosen(case: dict[str, Any]) -> dict[str, Decimal]:
    given = FILE["parameters"] | case.get("parameters", {})
    return {name: Decimal(str(value)) for name, value in given.items()}


def solve(case: dict[str, Any], charged: str = "both") -> Requirements:
    options = dict(case.get("options", {}))
    if "rate_when_unknown" in options:
        options["rate_when_unknown"] = Decimal(options["rate_when_unknown"])
    own = FundingParameters(**chosen(case))
    add_on = FundingProvision(
        parameters={u: own for u in ("BTC", "ETH") if u != case.get("unknown")},
        charged=charged,  # type: ignore[arg-type]
        **options,
    )
    at = snapshot({m: {"funding_rate": rate} for m, rate in case["rates"].items()})
    model = WithAddOns(model=TieredMargin(pricing=PRICING), pricing=PRICING, add_ons=[add_on])
    held = book(account(case["positions"], {"USDT": 1000.0}))
    return model.prepare(at, TABLES, INSTRUMENTS).requirements(held)


@pytest.mark.parametrize("case", FILE["cases"], ids=lambda case: case["name"])
def test_case(case: dict[str, Any]) -> None:
    found = solve(case)
    if "reason" in case:
        assert MarginReason[case["reason"]] in found.parts.reason
        assert bool(found.unknown[0])
        return
    term = found.terms[-1]
    assert term.name == "funding_provision"
    if "CALL" in case["positions"]:  # the tiers do not margin options: their reason, not ours
        assert found.parts.reason.tolist() == [0, int(MarginReason.NOT_MARGINED)]
        return
    assert float(term.maintenance[0]) == pytest.approx(case["expect"], rel=1e-12)
    assert float(term.initial[0]) == float(term.maintenance[0])


def test_initial_only_spares_maintenance() -> None:
    found = solve(FILE["cases"][0], "initial")
    assert (found.terms[-1].initial[0], found.terms[-1].maintenance[0]) == (1.0, 0.0)
    assert float(found.initial[0]) == 101.0
    assert float(found.maintenance[0]) == 50.0


def test_explanation_says_what_it_is() -> None:
    found = solve(FILE["cases"][0]).explanations("a")[0]
    assert [t.name for t in found.terms] == ["positions", "funding_provision"]
    assert "funding" in found.terms[-1].about


def trials() -> Iterator[Trial]:
    for case in FILE["cases"]:

        def run(name: str, value: Decimal, case: Any = case) -> None:
            test_case(changed(case, "parameters", name, value))

        yield Trial(values=chosen(case), run=run)


TRIALS = {FundingParameters: trials}


def test_isolated_positions_are_charged_apart() -> None:
    case = FILE["cases"][0]
    own = FundingParameters(**chosen(case))
    add_on = FundingProvision(parameters={"BTC": own, "ETH": own})
    at = snapshot({"PERP": {"funding_rate": 0.001}, "ETH": {"funding_rate": 0.01}})
    model = WithAddOns(model=TieredMargin(pricing=PRICING), pricing=PRICING, add_ons=[add_on])
    one = account({"PERP": 10})
    both = type(one)(
        name="a", positions=(*one.positions, position("ETH", 100.0, isolated_margin=200.0))
    )
    found = model.prepare(at, TABLES, INSTRUMENTS).requirements(book(both))
    assert np.array_equal(found.terms[-1].maintenance, [1.0, 10.0])
