"""Cash settlement worked by hand in ``settlement.yaml``, to 1e-12: a few roundings of doubles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from expiry_markets import EXPIRY_NS, INSTRUMENTS, PRICES
from plimsoll.domain.account import Account, MarginMode, Position
from plimsoll.domain.book import Book
from plimsoll.margin.settlement import (
    DeliveryFee,
    SettlementReason,
    SettlementReport,
    settled,
)

FILE = yaml.safe_load((Path(__file__).parent / "settlement.yaml").read_text())


def account(case: dict[str, Any]) -> Account:
    funding = case.get("funding", {})
    rows = [(m, *given, None) for m, given in case.get("positions", {}).items()]
    rows += [(m, *given) for m, given in case.get("isolated", {}).items()]
    return Account(
        name="a",
        positions=tuple(
            Position(
                market=market,
                quantity=float(quantity),
                entry_price=float(entry),
                mode=MarginMode.CROSS if aside is None else MarginMode.ISOLATED,
                isolated_margin=None if aside is None else float(aside),
                funding=float(funding.get(market, 0.0)),
            )
            for market, quantity, entry, aside in rows
        ),
        collateral=case.get("collateral", {}),
    )


def solve(case: dict[str, Any]) -> tuple[Book, SettlementReport]:
    fees = {
        market: DeliveryFee(rate=given[0], cap_of_value=given[1] if len(given) > 1 else None)
        for market, given in case.get("fees", {}).items()
    }
    return settled(
        Book.from_accounts([account(case)]),
        PRICES | case.get("prices", {}),
        INSTRUMENTS,
        EXPIRY_NS,
        fees=fees,
        isolated_deficit=case.get("deficit_of", "venue"),
    )


@pytest.mark.parametrize("case", FILE["cases"], ids=lambda case: case["name"])
def test_case(case: dict[str, Any]) -> None:
    after, report = solve(case)
    held = dict(zip(after.currencies, after.collateral[0].tolist(), strict=True))
    assert {c: held.get(c, 0.0) for c in held | case["expect"]} == pytest.approx(
        dict.fromkeys(held, 0.0) | case["expect"], rel=1e-12, abs=1e-12
    )
    assert float(report.fee.sum()) == pytest.approx(case.get("fee", 0.0), rel=1e-12, abs=1e-15)
    assert float(report.deficit.sum()) == pytest.approx(case.get("deficit", 0.0), rel=1e-12)
    kept = case.get("kept", {})
    assert [after.markets[m] for m in after.market] == list(kept)
    reasons = {market: reason for market, reason in kept.items() if reason != "NONE"}
    assert [after.markets[m] for m in report.kept_market] == list(reasons)
    assert [SettlementReason(r).name for r in report.kept_reason] == list(reasons.values())
    assert len(report) + len(kept) == len(case.get("positions", {})) + len(case.get("isolated", {}))
