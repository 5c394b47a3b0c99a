"""Modes worked by hand in ``modes.yaml``; the numbers are exact in binary up to 1e-12."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from add_on_books import INSTRUMENTS, PRICING, QUOTES, TABLES, book, snapshot, tiers
from plimsoll.domain.account import Account, MarginMode, Order, Position
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.requirement import Requirements
from plimsoll.margin import TieredMargin
from plimsoll.margin.modes import ModedMargin

FILE = yaml.safe_load((Path(__file__).parent / "modes.yaml").read_text())
MODEL = TieredMargin(pricing=PRICING)
RATES = {"cross": "0.05", "isolated": "0.10", "portfolio": "0.02"}


def held(market: str, given: Any, aside: float | None = None) -> Position:
    quantity, entry = given if isinstance(given, list) else (given, None)
    mark = QUOTES[market].mark if market in QUOTES else 1.0
    return Position(
        market=market,
        quantity=float(quantity),
        entry_price=mark if entry is None else float(entry),
        mode=MarginMode.CROSS if aside is None else MarginMode.ISOLATED,
        isolated_margin=aside,
    )


def account(name: str, given: dict[str, Any]) -> Account:
    cross = [held(m, q) for m, q in given.get("positions", {}).items()]
    aside = [held(m, q, float(margin)) for m, (q, margin) in given.get("isolated", {}).items()]
    return Account(
        name=name,
        positions=(*cross, *aside),
        collateral=given["collateral"],
        orders=tuple(
            Order(market=m, quantity=float(q)) for m, q in given.get("orders", {}).items()
        ),
        portfolio=given.get("portfolio", False),
    )


def solve(case: dict[str, Any]) -> Requirements:
    separate = case.get("separate", False)
    model = ModedMargin(cross=MODEL, portfolio=MODEL, isolated=MODEL if separate else None)
    parameters = {
        mode: {market: tiers((None, rate)) for market in TABLES}
        for mode, rate in RATES.items()
        if separate or mode != "isolated"
    }
    accounts = [account(name, given) for name, given in case["accounts"].items()]
    prepared = model.prepare(snapshot(), parameters, INSTRUMENTS)
    return prepared.requirements(book(*accounts))


@pytest.mark.parametrize("case", FILE["cases"], ids=lambda case: case["name"])
def test_case(case: dict[str, Any]) -> None:
    found = solve(case)
    assert len(found) == len(case["expect"])
    for unit, expected in enumerate(case["expect"]):
        if isinstance(expected, str):
            assert bool(found.unknown[unit])
            assert MarginReason[expected] in found.parts.reason[found.parts.unit == unit]
            continue
        numbers = [found.initial[unit], found.maintenance[unit], found.equity[unit]]
        assert numbers == pytest.approx(expected, rel=1e-12)
