"""``--explain`` over presets: trades that do what they say, tiers, reasons first, terms."""

from __future__ import annotations

from typing import Any

import pytest

import plimsoll
from margin_chain import BOOK, PORTFOLIO, margin
from plimsoll.domain.margin_explanation import BindingChange

MARKS = [{"market": "BTCUSDT", "mark": 60_000, "index": 60_000}]


def binds(book: dict[str, float], preset: str, where: str) -> str:
    """What binds in a risk unit, of the whole book margined again."""
    losses = next(
        s for s in margin(book, preset).explanations()[0].scenarios if where in s.risk_unit
    )
    assert losses.binding is not None
    return losses.names[losses.binding]


def traded(change: BindingChange, held: dict[str, float], share: float) -> dict[str, float]:
    """Coins of the book are contracts but for coin futures, whose contracts count dollars."""
    contracts = held[change.market] + share * change.contracts
    return {**held, change.market: contracts}


@pytest.mark.parametrize("preset", PORTFOLIO)
def test_the_smallest_trade_does_what_it_says(preset: str) -> None:
    """Margined again after the trade another scenario binds; after a thousandth less it does not.

    Options only are traded here: a book in coins names dollars of a coin-settled perpetual.
    """
    (told,) = margin(preset=preset).explanations()
    options = [c for c in told.changes if c.market in BOOK and c.market != "BTC-PERPETUAL"]
    assert options
    for change in options:
        after = binds(traded(change, BOOK, 1.0 + 1e-6), preset, change.where)
        before = binds(traded(change, BOOK, 0.999), preset, change.where)
        assert (before, after) == (change.now, change.then)


@pytest.mark.parametrize("preset", PORTFOLIO)
def test_the_runner_up_and_its_gap_are_told(preset: str) -> None:
    (told,) = margin(preset=preset).explanations()
    for losses in told.scenarios:
        assert losses.binding is not None
        gap = next(c for c in told.changes if c.where == losses.risk_unit)
        loss = dict(zip(losses.names, losses.losses.tolist(), strict=True))
        assert gap.gap == pytest.approx(loss[gap.now] - loss[gap.then], rel=1e-12)
        assert loss[gap.then] == max(x for name, x in loss.items() if name != gap.now)


def binance(quantity: float, mark: float = 60_000.0, **more: Any) -> plimsoll.PresetMargin:
    row = {"account": "a", "market": "BTCUSDT", "quantity": quantity, "entry_price": 60_000}
    return plimsoll.margin_book(
        [row],
        preset="binance-btcusdt-2024-10",
        marks=[{"market": "BTCUSDT", "mark": mark, "index": mark}],
        collateral={"USDT": 1_000_000},
        **more,
    )


def details(result: plimsoll.PresetMargin) -> dict[str, Any]:
    table = result.explanations()[0].details
    assert table is not None
    return dict(next(iter(table)))


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_the_next_tier_binds_where_it_is_said_to(side: float) -> None:
    # 20 coins at 60,000 = 1.2m USDT: tier 3 of the table, 0.65 % less 950; it ends at 3m.
    found = binance(20.0 * side)
    row = details(found)
    assert (row["tier"], row["maintenance_rate"], row["deduction"]) == (3, 0.0065, 950.0)
    assert row["notional"] == 1.2e6
    (change,) = found.explanations()[0].changes
    assert change.contracts == pytest.approx(side * 30.0)  # 3m / 60,000 - 20
    assert change.price == pytest.approx(150_000.0)  # 3m / 20
    at = 20.0 * side + change.contracts
    assert details(binance(at))["tier"] == 3  # the cap is inclusive
    assert details(binance(at * (1.0 + 1e-9)))["tier"] == 4
    assert details(binance(20.0 * side, change.price))["tier"] == 3
    assert details(binance(20.0 * side, change.price * (1.0 + 1e-9)))["tier"] == 4


def test_of_an_account_without_a_number_the_reason_comes_first() -> None:
    held = [{"account": "b", "positions": {"BTC-PERPETUAL": 2}, "collateral": {"USDT": 38_000}}]
    marks = [{"market": "BTC-PERPETUAL", "mark": 60_000, "index": 60_000}]
    result = plimsoll.margin_book(held, preset="drift-v2", marks=marks)
    assert result.unknown == ("b",)
    (told,) = result.explanations()
    assert told.contributions == ()
    table, *others = result.explain()
    assert others == []
    assert told.reasons[0] in table.title
    assert told.reasons[0] in str(table.rows[0][0])
    text = str(table)
    assert "add up to" not in text
    assert "Binding" not in text


def test_a_term_that_is_no_positions_has_a_line_of_its_own() -> None:
    result = margin(preset="deribit")
    (told,) = result.explanations()
    table = next(t for t in result.explain() if t.name == "margin_positions")
    *lines, whole = [dict(r) for r in table]
    assert (whole["initial"], whole["contribution"]) == (told.initial, told.maintenance)
    for column in ("initial", "contribution"):
        total = sum(float(line[column] or 0.0) for line in lines)  # type: ignore[arg-type]
        assert total == pytest.approx(float(whole[column]), rel=1e-12)  # type: ignore[arg-type]


def test_roll_shock_and_fees_by_hand() -> None:
    # Deribit's roll shock is a rate on the net delta of each expiry: a perpetual alone in its
    # expiry has the whole of its rate, whatever else is held.
    alone = margin({"BTC-PERPETUAL": 10}).explanations()[0]
    both = margin().explanations()[0]

    def share(told: Any, name: str, market: str) -> float:
        return next(c.initial for c in told.contributions if (c.of, c.market) == (name, market))

    assert share(both, "roll_shock", "BTC-PERPETUAL") == pytest.approx(
        share(alone, "roll_shock", "BTC-PERPETUAL"), rel=1e-9
    )
    # Paradex's fees are of every position by itself.
    whole = margin(preset="paradex").explanations()[0]
    for market, quantity in BOOK.items():
        single = margin({market: quantity}, "paradex").explanations()[0]
        fee = next(t.maintenance for t in single.terms if t.name == "fees")
        assert share(whole, "fees", market) == pytest.approx(fee, rel=1e-9)


def test_the_standard_margin_of_derive_names_dates_and_the_smaller_of_two() -> None:
    result = margin(preset="derive-srm")
    (told,) = result.explanations()
    for losses in told.scenarios:
        assert losses.risk_unit.startswith("BTC 2025-")
        assert losses.cap is not None
        worst = max(losses.losses[: losses.cap])
        assert losses.binding is not None
        assert losses.losses[losses.binding] == min(losses.losses[losses.cap], worst)
    table = next(t for t in result.explain() if t.name == "margin_scenarios")
    assert "the worst first" not in table.title
    assert "binds: the smaller of two" in table.column("role")
    assert any("the smaller of two is asked" in note for note in table.notes)
