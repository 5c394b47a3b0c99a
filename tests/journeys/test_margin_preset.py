"""``plimsoll margin`` by preset, against published and hand-made numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import plimsoll
from margin_chain import BOOK, PORTFOLIO, chain, margin, row
from plimsoll import presets
from plimsoll.domain.account import Account, Position
from plimsoll.domain.book import Book
from plimsoll.errors import PlimsollError, UsageError
from plimsoll.estimators.surface import at_strike
from plimsoll.sandbox.option_chain import option_chain


def test_deribits_published_example_through_the_front_door() -> None:
    """Sizes in coins, marks of the response: risk matrix and maintenance to the printed digits.

    Source: the documentation of pme/simulate, 17 June 2024 (`reference/methodology.md`, 1.3).
    """
    marks = {
        "market": ["BTC-PERPETUAL", "BTC-28JUN24"],
        "mark": [65_910.57, 67_371.75],
        "index": [65_666.19, None],
    }
    found = plimsoll.margin_book(
        {"BTC-PERPETUAL": 0.314538364, "BTC-28JUN24": -0.001187534},
        preset="deribit",
        marks=pl.DataFrame(marks),
        at="2024-06-17T10:22:20",
        collateral={"BTC": 1},
    )
    assert row(found)["maintenance"] == pytest.approx(0.050274504784, abs=1e-15)
    explained = found.explanations()[0]
    named = {t.name: t.initial for t in explained.terms}
    assert named["roll_shock"] == pytest.approx(0.00315725898, abs=1e-15)
    assert explained.initial == pytest.approx(0.06284313098, abs=1e-15)


def test_standard_margin_by_hand() -> None:
    # 2 coins: IM 2 x (2 % + 0.005 % x 2), MM 2 x (1 % + 0.005 % x 2) (support page, January 2022)
    found = plimsoll.margin_book(
        {"BTC-PERPETUAL": 2},
        preset="deribit-standard",
        marks=[{"market": "BTC-PERPETUAL", "mark": 60_000, "index": 60_000}],
        collateral={"BTC": 1},
    )
    assert (row(found)["initial"], row(found)["maintenance"]) == pytest.approx((0.0402, 0.0202))


def test_binance_by_hand() -> None:
    # 20 BTC at 60,000 = 1.2m: 0.65 % less 950
    marks = [{"market": "BTCUSDT", "mark": 60_000, "index": 60_000}]
    found = plimsoll.margin_book(
        [{"account": "a", "market": "BTCUSDT", "quantity": 20, "entry_price": 60_000}],
        preset="binance-btcusdt-2024-10",
        marks=marks,
        collateral={"USDT": 10_000},
    )
    assert row(found)["maintenance"] == pytest.approx(1.2e6 * 0.0065 - 950)
    assert row(found)["status"] == "under initial"
    same = plimsoll.margin_book(
        {"BTC-PERPETUAL": 20},
        preset="binance-btcusdt-2024-10",
        marks=[{"market": "BTC-PERPETUAL", "mark": 60_000, "index": 60_000}],
        collateral={"USDT": 10_000},
    )
    assert row(same)["maintenance"] == row(found)["maintenance"]
    assert any("linear contract of the same terms" in note for note in same.notes)


def test_hyperliquid_and_dydx_by_hand() -> None:
    marks = [{"market": m, "mark": 50_000, "index": 50_000} for m in ("BTC", "BTC-USD")]
    hyper = plimsoll.margin_book({"BTC": 2}, preset="hyperliquid", marks=marks[:1])
    assert row(hyper)["maintenance"] == pytest.approx(100_000 / 80)
    dydx = plimsoll.margin_book({"BTC-USD": 2}, preset="dydx-v4", marks=marks[1:])
    found = (row(dydx)["initial"], row(dydx)["maintenance"])
    assert found == pytest.approx((100_000 * 0.02, 100_000 * 0.02 * 0.6))


def test_dydx_without_open_interest_has_a_reason() -> None:
    marks = [{"market": "SOL-USD", "mark": 100, "index": 100}]
    found = plimsoll.margin_book({"SOL-USD": 2}, preset="dydx-v4", marks=marks)
    assert row(found)["status"] == "unknown"
    stated = [{**marks[0], "open_interest_usd": 70e6}]
    known = plimsoll.margin_book({"SOL-USD": 2}, preset="dydx-v4", marks=stated)
    # half way between 40m and 100m: 5 % + 95 % / 2
    assert row(known)["initial"] == pytest.approx(200 * 0.525)


def _left_to_right(values: Iterable[float]) -> float:
    """Sums as terms are added; `sum` compensates since Python 3.12."""
    total = 0.0
    for value in values:
        total += value
    return total


@pytest.mark.parametrize("preset", [*PORTFOLIO, "derive-pmrm", "derive-srm", "deribit-standard"])
def test_terms_and_contributions_add_up(preset: str) -> None:
    result = margin(preset=preset)
    explained = result.explanations()[0]
    initial, maintenance = 0.0, 0.0
    for term in explained.terms:
        initial, maintenance = initial + term.initial, maintenance + term.maintenance
    assert (initial, maintenance) == (explained.initial, explained.maintenance)
    assert (explained.initial, explained.maintenance) == (
        row(result)["initial"],
        row(result)["maintenance"],
    )
    spread = {c.of for c in explained.contributions}
    for term in explained.terms:
        own = [c for c in explained.contributions if c.of == term.name]
        beside = [t for t in explained.unspread if t.name == term.name]
        asked = term.initial != 0.0 or term.maintenance != 0.0
        assert bool(own) + len(beside) == 1 or not asked
        if term.name in spread:
            found = (
                _left_to_right(c.initial for c in own),
                _left_to_right(c.contribution for c in own),
            )
            assert found == (term.initial, term.maintenance)
    assert row(result)["initial"] >= row(result)["maintenance"] > 0.0


@pytest.mark.parametrize("preset", presets.names())
def test_accuracy_and_source_stand_wherever_a_number_does(preset: str) -> None:
    result = margin(preset=preset)
    loaded = presets.load(preset)
    source = str(loaded.sources[0])
    for table in (result.table(), *(result.explain() if result.explanations() else ())):
        notes = " ".join(table.notes)
        assert loaded.accuracy.value in notes
        assert source in notes
    document = result.document()
    assert document["preset"]["accuracy"] == loaded.accuracy.value
    assert document["preset"]["sources"][0]["title"] == loaded.sources[0].title
    page = result.to_html()
    assert loaded.accuracy.value in page
    assert loaded.sources[0].date in page
    label = f"preset {preset}, {loaded.accuracy.value}"
    for table in result.explain():
        assert label in table.title
    for figure in result.figures().values():
        assert label in figure.layout.title.text
        assert result.source in figure.layout.title.text
    for drawn in re.findall(r'<svg[^>]*aria-label="([^"]*)"', page):
        assert label in drawn or "Loss" not in drawn


def test_contracts_coins_and_columns_agree() -> None:
    coins = margin()
    mark = chain().index[np.isfinite(chain().index)]
    dollars = 10 * float(np.median(mark))
    rows = [
        {"account": "account", "market": "BTC-PERPETUAL", "quantity": dollars},
        *({"account": "account", "market": m, "quantity": q} for m, q in list(BOOK.items())[1:]),
    ]
    contracts = margin(rows)
    assert row(contracts)["initial"] == pytest.approx(row(coins)["initial"], rel=1e-12)


def test_several_accounts_and_currencies() -> None:
    eth = replace(chain("ETH"), index=chain("ETH").index / 30, forward=chain("ETH").forward / 30)
    accounts = [
        {"account": "both", "positions": {"BTC-PERPETUAL": 1, "ETH-PERPETUAL": -10},
         "collateral": {"BTC": 1, "ETH": 1}},
        {"account": "one", "positions": {"ETH-PERPETUAL": 10}},
    ]  # fmt: skip
    result = margin(accounts, market=[chain(), eth], collateral=None)
    rows = {(r["account"], r["currency"]): r for r in result.table()}
    assert list(rows) == [("both", "BTC"), ("both", "ETH"), ("one", "ETH")]
    # a long coin-settled perpetual loses 0.16 / 0.84 of its coins, a short ETH one 0.18 / 1.18
    assert rows["both", "BTC"]["initial"] == pytest.approx(0.16 / 0.84 + 0.01, abs=1e-9)
    assert rows["both", "ETH"]["initial"] == pytest.approx(10 * (0.18 / 1.18 + 0.005), abs=1e-8)
    assert rows["both", "ETH"]["status"] == "under maintenance"
    assert rows["one", "ETH"]["status"] == "no collateral stated"
    assert result.under_maintenance == ("both",)
    only = margin(accounts, market=[chain(), eth], collateral=None, numeraire="ETH")
    assert only.currencies == ("ETH",)


def test_reasons_leave_the_rest_computed() -> None:
    accounts = [
        {"account": "good", "positions": {"BTC-PERPETUAL": 1}, "collateral": {"BTC": 1}},
        *(
            {"account": name, "positions": {name: 1, "BTC-PERPETUAL": 1}, "collateral": {"BTC": 1}}
            for name in (
                "NONSENSE",
                "BTC-27DEC24-50000-C",
                "BTC-26SEP25-121000-C",
                "BTC-26DEC28-50000-C",
                "XYZ-PERPETUAL",
                "SOL_USDC-PERPETUAL",
            )
        ),
        {"account": "null", "positions": {"BTC-PERPETUAL": None}, "collateral": {"BTC": 1}},
    ]
    result = margin(accounts, collateral=None)
    rows = [dict(r) for r in result.table()]
    reasons: dict[str, str] = {}
    for r in rows:
        reasons[str(r["account"])] = reasons.get(str(r["account"]), "") + str(r["reason"])
    assert reasons["good"] == ""
    assert reasons["NONSENSE"] == "NONSENSE: unknown instrument"
    assert reasons["BTC-27DEC24-50000-C"].endswith("expired and not settled")
    assert (
        "no mark" in reasons["BTC-26SEP25-121000-C"] or "no vol" in reasons["BTC-26SEP25-121000-C"]
    )
    assert "no forward" in reasons["BTC-26DEC28-50000-C"]
    assert reasons["XYZ-PERPETUAL"].startswith("XYZ-PERPETUAL: unknown instrument")
    assert reasons["SOL_USDC-PERPETUAL"].startswith("SOL_USDC-PERPETUAL: unknown")
    assert reasons["null"] == "BTC-PERPETUAL: the position's size is not a number"
    good = next(r for r in rows if r["account"] == "good")
    assert good["status"] == "holds"
    assert set(result.unknown) == {a["account"] for a in accounts} - {"good"}


@pytest.mark.parametrize("preset", presets.names())
def test_no_preset_falls_over_a_strange_book(preset: str) -> None:
    book = {"NONSENSE": 1, "BTC-27DEC24-50000-C": 2, "XYZ-PERPETUAL": -3, "BTC-PERPETUAL": 1,
            "ETH-26SEP25-5000-P": 1, "BTC_USDC": 2}  # fmt: skip
    result = margin(book, preset, collateral={"BTC": 1, "DOGE": 5, "USDC": -3})
    assert result.unknown == ("account",)
    assert str(result)


def test_unlisted_strikes_are_valued_off_a_fitted_surface() -> None:
    """Between two listed strikes: a value between theirs, the volatility of the chain's law."""
    low, high = (margin({f"BTC-26SEP25-{k}-C": -1}) for k in (110_000, 120_000))
    unlisted = {"BTC-26SEP25-115000-C": -1}
    assert margin(unlisted).unknown == ("account",)
    found = margin(unlisted, surfaces=True)
    assert found.unknown == ()
    assert row(high)["initial"] < row(found)["initial"] < row(low)["initial"]
    truth = option_chain(1).truth
    expiry = int(chain().expiry_ns[chain().names.index("BTC-26SEP25-120000-C")])
    law = float(at_strike(truth, 115_000.0, expiry).volatility)
    quote = found.run.priced.snapshot.quotes["BTC-26SEP25-115000-C"]
    assert quote.implied_vol_annual == pytest.approx(law, abs=0.003)  # half of a bid-ask spread
    assert any("valued off the fitted surface" in note for note in found.notes)
    moved = found.what_if(vol_shifts={"BTC": 0.05}).reply()["difference"][0]
    assert moved["options_value"] < 0.0
    with pytest.raises(UsageError, match="must have option chains to fit"):
        margin(BOOK, market={"BTC-PERPETUAL": 1}, at="2025-03-04", surfaces=True)


@pytest.mark.parametrize(
    "wrong",
    [
        {"preset": 5},
        {"preset": ["deribit"]},
        {"preset": ""},
        {"market": 5},
        {"market": []},
        {"market": "nowhere*.parquet"},
        {"market": {"BTC-PERPETUAL": True}},
        {"market": {}},
        {"marks": 5},
        {"marks": {"BTC-PERPETUAL": float("inf")}},
        {"market": {"BTC-PERPETUAL": 1}, "at": 5},
        {"at": "2025-03-04"},
        {"collateral": [1]},
        {"numeraire": 5},
        {"venue_names": 5},
        {"book": 5},
        {"book": ""},
    ],
)
def test_hostile_arguments_in_python(wrong: dict[str, Any]) -> None:
    with pytest.raises(PlimsollError):
        margin(**wrong)


def test_one_contract_has_one_name() -> None:
    with pytest.raises(UsageError, match="found 'BTC-PERPETUAL and BTC/USD:BTC'"):
        margin({"BTC-PERPETUAL": 1, "BTC/USD:BTC": 1})
    both = {"BTC-PERPETUAL": 1, "BTC_USDC-PERPETUAL": 1}
    twice = {"BTC-PERPETUAL": 2}
    initial = [row(margin(b, "derive-pmrm2"))["initial"] for b in (both, twice)]
    assert initial[0] == pytest.approx(initial[1], rel=1e-12)
    with pytest.raises(UsageError, match="must be called by one name"):
        margin(both, "hyperliquid")


def test_without_collateral_nothing_is_judged() -> None:
    result = margin(collateral=None)
    assert row(result)["status"] == "no collateral stated"
    assert np.isnan(row(result)["equity"])
    assert row(result)["initial"] == row(margin())["initial"]
    assert not result.under_maintenance
    assert not result.unknown
    assert any("No collateral was stated" in note for note in result.notes)
    assert row(margin(collateral={"BTC": 0}))["status"] == "under maintenance"


def test_marks_stand_over_the_chain() -> None:
    marks = {"BTC-PERPETUAL": 96_000}
    result = margin(marks=marks)
    assert not any("the index stands in" in note for note in result.notes)
    assert any("the index stands in" in note for note in margin().notes)


def test_a_book_in_memory_is_not_a_form_here() -> None:
    held = Book.from_accounts(
        [
            Account(
                name="a", positions=(Position(market="BTC-PERPETUAL", quantity=1, entry_price=1),)
            )
        ]
    )
    with pytest.raises(PlimsollError, match="must be a path"):
        margin(held)


@pytest.mark.slow
def test_real_chains(market_data_dir: Path) -> None:
    """On a real chain every listed option has a number, under every portfolio preset."""
    path = market_data_dir / "options" / "deribit_chains_2026-04.parquet"
    from plimsoll.adapters.chains import read_chains

    (real,) = read_chains(path, at="2026-04-10", currency="BTC")
    known = np.flatnonzero(
        np.isfinite(real.mark) & np.isfinite(real.mark_vol) & (real.mark_vol > 0)
    )
    picked = known[:: max(known.size // 200, 1)]
    book = {real.names[i]: (-1.0) ** place for place, i in enumerate(picked.tolist())}
    book |= {"BTC-PERPETUAL": -3.0}
    for preset in PORTFOLIO:
        dated = {} if preset == "derive-pmrm2" else {"BTC-25SEP26": 2.0}  # Derive has no futures
        result = margin(book | dated, preset, market=path, at="2026-04-10", collateral={"BTC": 50})
        found = row(result)
        assert found["reason"] == "", preset
        assert found["initial"] >= found["maintenance"] > 0.0
        summary = result.what_if(simulated_positions={"BTC-PERPETUAL": 1.0}).reply()["before"][0]
        assert summary["gross_maintenance_margin"] > summary["net_maintenance_margin"]
    told = " ".join(result.notes)  # daily expiries of April 2026 are priced from the index
    assert "The chain shows no forward of BTC 2026-04-1" in told


def test_rules_of_one_venue_on_contracts_of_another_say_so() -> None:
    marks = [
        {"market": "BTC-PERPETUAL", "mark": 60_000, "index": 60_000},
        {"market": "BTC/USDT:USDT", "mark": 60_000, "index": 60_000},
    ]

    def told(preset: str, market: str) -> list[str]:
        found = plimsoll.margin_book({market: 1}, preset=preset, marks=marks)
        return [note for note in found.notes if note.startswith("Rules of ")]

    assert told("deribit", "BTC-PERPETUAL") == []
    for preset in ("okx", "bybit", "paradex", "span-16", "derive-pmrm2"):
        (note,) = told(preset, "BTC-PERPETUAL")
        assert note.startswith(f"Rules of {presets.load(preset).venue} on contracts by the names ")
        assert "of deribit" in note
        assert "BTC-PERPETUAL" in note
        # A unified name is no venue's.
        assert told(preset, "BTC/USDT:USDT") == []


def test_a_venue_with_several_name_spaces_is_one_venue() -> None:
    marks = [{"market": "BTCUSDT", "mark": 60_000, "index": 60_000}]
    found = plimsoll.margin_book({"BTCUSDT": 1}, preset="binance-btcusdt-2024-10", marks=marks)
    assert not [note for note in found.notes if note.startswith("Rules of ")]
