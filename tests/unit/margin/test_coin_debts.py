"""Debts in coin: which models ask nothing for them is tried, said on their pages and in results."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from plimsoll import presets
from plimsoll.domain.account import Account
from plimsoll.domain.book import Book
from plimsoll.journeys.margin import margin_book
from plimsoll.margin.coin_debts import debts_at_par
from plimsoll.margin.net_equity import CurrencyWeights, WithNetEquity
from sandbox_margin import PRICING, SNAPSHOT
from sandbox_models import MODELS

PAGES = Path(__file__).parents[3] / "docs" / "models"
AT_PAR = {
    "tiered": "tiers",
    "tiered with add-ons": "tiers",
    "size tiers": "tiers",
    "dydx": "dydx",
    "vega": "vega",
    "deribit standard, cross": "deribit-standard",
    "paradex": "paradex",
    "span": "span",
    "span, with spreads": "span",
    "bybit": "bybit",
    "derive SRM": "derive-srm",
}
"""Models that take a debt at its price, and the page that says so."""

KEEL = SNAPSHOT.quotes["KEEL-PERP"].index
OWING = Book.from_accounts(
    [
        Account(name="a", collateral={"USDC": 1e6, "KEEL": -2.0}),
        Account(name="b", collateral={"KEEL": 5.0}),
        Account(name="c", collateral={"KEEL": -0.5, "USDC": -10.0}),
    ]
)
PRICES = {"KEEL": KEEL, "USDC": 1.0}


# Segregated accounts hold their own coin only: a debt in another one is a reason.
SEGREGATED = ("deribit standard, segregated", "deribit S:PM")


@pytest.mark.parametrize("name", [n for n in MODELS if n not in SEGREGATED])
def test_models_that_take_a_debt_at_its_price_say_so_on_their_page(name: str) -> None:
    found = debts_at_par(MODELS[name].case.prepared(), OWING, PRICES, steady=("USD", "USDC"))
    assert [(d.currency, d.accounts) for d in found] == (
        [("KEEL", ("a", "c"))] if name in AT_PAR else []
    )
    if name in AT_PAR:
        failures = (PAGES / f"{AT_PAR[name]}.md").read_text().split("## Known failures")[1]
        assert "counts at par" in failures.split("\n## ")[0]


def test_weighted_debts_are_not_at_par() -> None:
    case = MODELS["span"].case
    weights = {c: CurrencyWeights(liability_weight=Decimal("1.05")) for c in ("KEEL", "USDC")}
    model = WithNetEquity(model=case.model, pricing=PRICING, weights=weights)
    prepared = model.prepare(case.snapshot, case.parameters, case.instruments)
    assert not debts_at_par(prepared, OWING, PRICES, steady=("USD", "USDC"))
    # 5 % of two coins, and nothing of the requirement.
    plain = case.prepared().requirements(OWING)
    weighed = prepared.requirements(OWING)
    assert plain.equity[0] - weighed.equity[0] == pytest.approx(0.05 * 2.0 * KEEL)


def test_steady_currencies_are_not_told() -> None:
    prepared = MODELS["tiered"].case.prepared()
    every = debts_at_par(prepared, OWING, PRICES, steady=())
    assert [d.currency for d in every] == ["USDC", "KEEL"]


@pytest.mark.parametrize("name", presets.names())
def test_margin_tells_who_owes_a_coin_that_nothing_is_asked_for(name: str) -> None:
    """Two bitcoins owed beside half a million dollars: told exactly where they ask nothing."""
    marks = {"BTC-PERPETUAL": 60_000.0, "BTC/USD": 60_000.0}
    owing, free = (
        margin_book(
            {"BTC-PERPETUAL": 1.0},
            preset=name,
            marks=marks,
            at="2026-03-01",
            collateral={"USDC": 500_000.0, "BTC": coins},
        )
        for coins in (-2.0, 2.0)
    )
    told = [note for note in owing.notes if note.startswith("Debts in BTC")]
    assert bool(told) == (name in AT_PAR_PRESETS)
    assert not [note for note in free.notes if note.startswith("Debts")]
    assert all("count at par" in note and "WithNetEquity" in note for note in told)


AT_PAR_PRESETS = {
    "binance-btcusdt-2024-10",
    "bybit",
    "derive-srm",
    "dydx-v4",
    "hyperliquid",
    "paradex",
    "span-16",
    "span-16-triple",
    "vega",
}
"""The others ask (X:PM, OKX, PMRM, Drift), or hold one currency an account."""
