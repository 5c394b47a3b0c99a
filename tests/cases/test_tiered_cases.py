"""Portfolios and their margin, worked by hand in ``tiered/*.yaml``; the arithmetic stands there.

Tolerance 1e-12 relative: sums of a few products in float64 against decimals.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from plimsoll.adapters.venues import parse_name
from plimsoll.domain.account import Account, MarginMode, Position
from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Instrument, Spot
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.market import MarketSnapshot, Quote
from plimsoll.domain.requirement import Requirements
from plimsoll.domain.tiers import Tier, TierTable
from plimsoll.margin import CurrencyPricing, InitialRule, TieredMargin

FOLDER = Path(__file__).parent / "tiered"


def cases() -> Iterator[Any]:
    for path in sorted(FOLDER.glob("*.yaml")):
        file = yaml.safe_load(path.read_text())
        for case in file["cases"]:
            yield pytest.param(file, case, id=f"{path.stem}: {case['name']}")


def contract(terms: dict[str, Any]) -> Instrument:
    instrument = parse_name(terms["name"], "ccxt")
    assert not isinstance(instrument, Spot)
    return instrument.with_contract_size(Decimal(terms["contract_size"]))


def table(rows: list[list[Any]]) -> TierTable:
    return TierTable(
        tuple(
            Tier(
                cap_usd=None if cap is None else Decimal(str(cap)),
                maintenance_rate=Decimal(maintenance),
                initial_rate=Decimal(initial),
                max_leverage=Decimal(leverage),
            )
            for cap, maintenance, initial, leverage in rows
        )
    )


def position(terms: dict[str, Any]) -> Position:
    isolated = terms.get("isolated_margin")
    return Position(
        market=terms["market"],
        quantity=float(terms["quantity"]),
        entry_price=float(terms["entry"]),
        mode=MarginMode.CROSS if isolated is None else MarginMode.ISOLATED,
        isolated_margin=isolated,
        leverage=terms.get("leverage"),
    )


def solve(file: dict[str, Any], case: dict[str, Any]) -> Requirements:
    marks = {m: t["mark"] for m, t in file["markets"].items()} | case.get("marks", {})
    snapshot = MarketSnapshot(
        at_ns=0,
        quotes={m: Quote(mark=float(p), index=float(p)) for m, p in marks.items()},
        stable_price_usd=file["prices"] | case.get("prices", {}),
    )
    model = TieredMargin(
        pricing=CurrencyPricing(
            numeraire=file.get("numeraire", "USD"),
            pricing_markets=file.get("pricing_markets", {}),
        ),
        initial_rule=InitialRule(case.get("initial_rule", "whole_notional")),
    )
    prepared = model.prepare(
        snapshot,
        {m: table(t["tiers"]) for m, t in file["markets"].items()},
        {m: contract(t) for m, t in file["markets"].items()},
    )
    account = Account(
        name="case",
        positions=tuple(position(p) for p in case["positions"]),
        collateral={c: float(v) for c, v in case["collateral"].items()},
    )
    return prepared.requirements(Book.from_accounts([account]))


@pytest.mark.parametrize(("file", "case"), list(cases()))
def test_case(file: dict[str, Any], case: dict[str, Any]) -> None:
    found = solve(file, case)
    assert len(found) == len(case["expect"])
    for unit, expected in enumerate(case["expect"]):
        if "reason" in expected:
            mine = found.parts.reason[found.parts.unit == unit]
            assert expected["reason"] in {MarginReason(int(r)).text for r in mine}
            assert found.unknown[unit]
            continue
        for name, value in expected.items():
            number = float(getattr(found, name)[unit])
            # Equity may be a difference: the scale is that of what was subtracted.
            scale = abs(float(found.collateral[unit])) + abs(float(found.unrealised[unit]))
            assert number == pytest.approx(value, rel=1e-12, abs=1e-12 * scale), name
        assert not found.unknown[unit]


def test_there_are_cases_for_every_file() -> None:
    assert len(list(FOLDER.glob("*.yaml"))) == 4
    assert len(list(cases())) == 14 + 7 + 8 + 9
