"""Liquidation plans worked by hand in ``liquidation.yaml``.

Tolerance 1e-9 relative; 1e-6 where a share is searched for (to 3e-8 of the position).
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from bound_trials import Trial, changed

from add_on_books import INSTRUMENTS, PRICING, TABLES, position, snapshot
from plimsoll.domain.account import Account
from plimsoll.margin import TieredMargin
from plimsoll.margin.liquidation import (
    BYBIT,
    DRIFT,
    DYDX,
    HYPERLIQUID,
    LiquidationPlan,
    LiquidationRule,
    Liquidator,
)

FILE = yaml.safe_load((Path(__file__).parent / "liquidation.yaml").read_text())
NAMED = {"BYBIT": BYBIT, "DRIFT": DRIFT, "DYDX": DYDX, "HYPERLIQUID": HYPERLIQUID}


def rule(case: dict[str, Any]) -> LiquidationRule:
    if "named" in case:
        return NAMED[case["named"]]
    values = FILE["base"] | case.get("rule", {})
    numbers: dict[str, Any] = {n: Decimal(str(v)) for n, v in values.items() if n != "name"}
    return LiquidationRule(name="case", **numbers)


def solve(case: dict[str, Any]) -> LiquidationPlan:
    more = {"isolated_margin": float(case["isolated"])} if "isolated" in case else {}
    held = case.get("positions", FILE["positions"])
    account = Account(
        name="a",
        positions=tuple(position(m, float(q), **more) for m, q in held.items()),
        collateral=case.get("collateral", FILE["collateral"]),
    )
    liquidator = Liquidator(
        prepared=TieredMargin(pricing=PRICING).prepare(snapshot(), TABLES, INSTRUMENTS),
        snapshot=snapshot(),
        instruments=INSTRUMENTS,
        pricing=PRICING,
        rule=rule(case),
    )
    return liquidator.plan(account)


@pytest.mark.parametrize("case", FILE["cases"], ids=lambda case: case["name"])
def test_case(case: dict[str, Any]) -> None:
    found, expected = solve(case), case["expect"]
    near = 1e-6 if case.get("named") in ("BYBIT", "DRIFT") else 1e-9
    assert found.outcome.value == expected["outcome"]
    assert len(found.steps) == expected["steps"]
    assert found.end.equity == pytest.approx(expected["equity"], rel=near)
    assert found.end.maintenance == pytest.approx(expected["maintenance"], rel=near, abs=1e-12)
    if found.steps:
        assert found.steps[0].closed == pytest.approx(expected["closed"], rel=near)
        assert found.steps[-1].at_seconds == expected.get("seconds", 0.0)
        assert found.steps[0].before == found.start
        assert found.steps[-1].after == found.end


def trials() -> Iterator[Trial]:
    for case in FILE["cases"]:
        if "named" not in case:

            def run(name: str, value: Decimal, case: Any = case) -> None:
                test_case(changed(case, "rule", name, value))

            yield Trial(values=FILE["base"] | case.get("rule", {}), run=run)


TRIALS = {LiquidationRule: trials}
