"""Collateral worked by hand in ``collateral.yaml``; tolerance 1e-12 relative, a few products."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from bound_trials import Trial, changed

from add_on_books import INSTRUMENTS, PRICING, account, book, snapshot
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.margin.collateral import (
    CollateralParameters,
    CollateralRules,
    CollateralValues,
    Redemption,
    collateral_values,
)

FILE = yaml.safe_load((Path(__file__).parent / "collateral.yaml").read_text())
WITH_ETH = replace(PRICING, pricing_markets={**PRICING.pricing_markets, "ETH": "ETH"})


def chosen(values: dict[str, Any]) -> dict[str, Decimal]:
    return {name: Decimal(str(v)) for name, v in (FILE["base"] | values).items()}


def solve(case: dict[str, Any]) -> CollateralValues:
    rules = CollateralRules(
        parameters={c: CollateralParameters(**chosen(p)) for c, p in case["parameters"].items()},
        redemption={"STETH": Redemption(currency="ETH")},
        own_tokens=frozenset(case.get("own_tokens", ())),
        deposits_usd=case.get("deposits", {}),
    )
    held = book(account({}, case["collateral"]))
    return collateral_values(held, rules, WITH_ETH, snapshot(case.get("quotes")), INSTRUMENTS)


@pytest.mark.parametrize("case", FILE["cases"], ids=lambda case: case["name"])
def test_case(case: dict[str, Any]) -> None:
    found = solve(case)
    if "reason" in case:
        assert MarginReason(int(found.reason[0])) is MarginReason[case["reason"]]
        return
    assert found.reason[0] == 0
    assert float(found.counted.sum()) == pytest.approx(case["counted"], rel=1e-12, abs=1e-9)
    extra = float(found.initial_extra.sum())
    assert extra == pytest.approx(case.get("initial_extra", 0.0), rel=1e-12)
    assert bool((found.haircut >= 0.0).all())


def trials() -> Iterator[Trial]:
    for case in FILE["cases"]:
        for coin, own in case["parameters"].items():

            def run(name: str, value: Decimal, case: Any = case, coin: str = coin) -> None:
                every = case["parameters"]
                test_case(case | {"parameters": changed(every, coin, name, value)})

            yield Trial(values=chosen(own), run=run)


TRIALS = {CollateralParameters: trials}
