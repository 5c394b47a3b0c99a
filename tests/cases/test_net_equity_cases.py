"""Equity by currency worked by hand in ``modes_equity.yaml``, to 1e-12."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from bound_trials import Trial, changed

from add_on_books import INSTRUMENTS, PRICING, TABLES, book, position, snapshot
from plimsoll.domain.account import Account
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.requirement import Requirements
from plimsoll.margin import TieredMargin
from plimsoll.margin.net_equity import CurrencyWeights, WithNetEquity

FILE = yaml.safe_load((Path(__file__).parent / "modes_equity.yaml").read_text())
MODEL = TieredMargin(pricing=PRICING)


def chosen(case: dict[str, Any]) -> dict[str, Decimal]:
    given = FILE["weights"] | case.get("weights", {})
    return {name: Decimal(str(value)) for name, value in given.items()}


def held(case: dict[str, Any]) -> Account:
    funding = case.get("funding", {})
    rows = [(m, *given, {}) for m, given in case.get("positions", {}).items()]
    for market, (quantity, entry, margin) in case.get("isolated", {}).items():
        rows.append((market, quantity, entry, {"isolated_margin": float(margin)}))
    return Account(
        name="a",
        positions=tuple(
            position(m, float(q), float(entry), funding=float(funding.get(m, 0.0)), **more)
            for m, q, entry, more in rows
        ),
        collateral={c: float(v) for c, v in case["collateral"].items()},
    )


def solve(case: dict[str, Any]) -> Requirements:
    own = CurrencyWeights(**chosen(case))
    model = WithNetEquity(
        model=MODEL,
        pricing=PRICING,
        weights={c: own for c in ("USDT", "USDC", "BTC") if c != case.get("unknown")},
        unrealised=case.get("rule", "full"),
        netting=case.get("netting", "currency"),
    )
    return model.prepare(snapshot(), TABLES, INSTRUMENTS).requirements(book(held(case)))


@pytest.mark.parametrize("case", FILE["cases"], ids=lambda case: case["name"])
def test_case(case: dict[str, Any]) -> None:
    found = solve(case)
    if "reason" in case:
        assert found.unit_reason is not None
        assert MarginReason(int(found.unit_reason[0])) is MarginReason[case["reason"]]
        assert bool(found.unknown[0])
        return
    assert not found.unknown.any()
    assert float(found.equity[0]) == pytest.approx(case["expect"], rel=1e-12)
    if "isolated_equity" in case:
        assert float(found.equity[1]) == pytest.approx(case["isolated_equity"], rel=1e-12)
    explained = found.explanations("a")
    assert [e.equity for e in explained] == pytest.approx(found.equity.tolist(), rel=1e-12)
    assert explained[0].terms[-1].name == "net_equity"


@pytest.mark.parametrize("case", FILE["cases"], ids=lambda case: case["name"])
def test_requirements_are_the_models(case: dict[str, Any]) -> None:
    plain = MODEL.prepare(snapshot(), TABLES, INSTRUMENTS).requirements(book(held(case)))
    found = solve(case)
    for name in ("initial", "maintenance", "unrealised"):
        assert np.array_equal(getattr(found, name), getattr(plain, name), equal_nan=True)
    known = ~found.unknown
    assert bool(np.all(found.equity[known] <= plain.equity[known] + 1e-9))


def trials() -> Iterator[Trial]:
    for case in FILE["cases"]:

        def run(name: str, value: Decimal, case: Any = case) -> None:
            test_case(changed(case, "weights", name, value))

        yield Trial(values=chosen(case), run=run)


TRIALS = {CurrencyWeights: trials}
