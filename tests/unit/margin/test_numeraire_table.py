"""Profits in the numeraire, against hand arithmetic and full revaluation of equity."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from coin_books import (
    INSTRUMENTS,
    PRICING,
    QUANTO,
    SNAPSHOT,
    SPOT,
    account,
    book,
    isolated,
    position,
    price_scenarios,
)
from plimsoll.domain.instrument import Option
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.scenario import Factor, ScenarioSet, equal_weights
from plimsoll.errors import UsageError
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.joint.numeraire_exposures import book_exposures
from plimsoll.margin.joint.numeraire_table import numeraire_table
from plimsoll.margin.units.cells import unit_layout
from plimsoll.margin.units.market_rows import book_values, market_rows, unit_sums
from plimsoll.maths.unit_losses import unit_loss
from plimsoll.scenarios.revaluation import revalue

MOVES = ScenarioSet(
    names=("down", "still", "up"),
    factors=(Factor(subject="BTC"), Factor(subject="ETH")),
    shocks=np.array([[-0.2, -0.1], [0.0, 0.0], [0.25, 0.1]]),
    weights=equal_weights(3),
)


def table(scenarios: ScenarioSet = MOVES, pricing: CurrencyPricing = PRICING, **more: object):
    return numeraire_table(INSTRUMENTS, SNAPSHOT, scenarios, pricing, **more)  # type: ignore[arg-type]


def profit(market: str, scenarios: ScenarioSet = MOVES, **more: object) -> np.ndarray:
    found = table(scenarios, **more)
    return found.profit[found.rows.markets.index(market)]


def losses(*accounts, pricing: CurrencyPricing = PRICING, collateral_moves: bool = True):
    """(U, S)"""
    held = table(pricing=pricing)
    laid = book_exposures(
        book(*accounts), held.rows, held.held, pricing, SNAPSHOT, collateral_moves=collateral_moves
    )
    out = np.empty((len(laid.layout), len(MOVES)))
    for unit in range(len(laid.layout)):
        unit_loss(unit, laid.exposures, held.profit_rows(), out[unit])
    return out, laid


def test_inverse_is_linear_in_dollars() -> None:
    """100 USD of BTC: 100 x -20 %, 0, 100 x 25 %; the coin profit is 100/50,000 (x / (1 + x))."""
    np.testing.assert_allclose(profit("BTC-INV"), [-20.0, 0.0, 25.0], rtol=1e-13)
    # 0.01 BTC linear of 50,000 USDC: 500 x the same moves
    np.testing.assert_allclose(profit("BTC-LIN"), 5.0 * profit("BTC-INV"), rtol=1e-13)


def test_linear_is_convex_in_coins() -> None:
    """In BTC the linear contract is a (1 - 1 / (1 + x)) long of 0.01 BTC."""
    in_coin = replace(PRICING, numeraire="BTC")
    expected = 0.01 * (1.0 - 1.0 / np.array([0.8, 1.0, 1.25]))
    np.testing.assert_allclose(profit("BTC-LIN", pricing=in_coin), expected, rtol=1e-13)
    # and the inverse one is linear in 1/price: -100 (1/F' - 1/F)
    expected = 100.0 / 50_000.0 * (1.0 - 1.0 / np.array([0.8, 1.0, 1.25]))
    np.testing.assert_allclose(profit("BTC-INV", pricing=in_coin), expected, rtol=1e-13)


def test_quanto_pays_in_a_coin_that_moves_too() -> None:
    """0.000001 BTC a dollar of ETH: 2,500 x -10 % x 1e-6 = -0.00025 BTC, at 40,000: -10 USD."""
    np.testing.assert_allclose(profit("ETH-QUANTO"), [-10.0, 0.0, 0.00025 * 62_500], rtol=1e-12)


def test_a_depegged_dollar_coin_takes_its_profits_along() -> None:
    depeg = ScenarioSet(
        names=("depeg",),
        factors=(*MOVES.factors, Factor(subject="USDC")),
        shocks=np.array([[0.1, 0.1, -0.2]]),
        weights=equal_weights(1),
    )
    # 500 x 10 % = 50 USDC at 0.80; spot: 55,000 USDC at 0.80 less 50,000
    assert profit("BTC-LIN", depeg)[0] == pytest.approx(40.0, rel=1e-12)
    assert profit("BTC-SPOT", depeg)[0] == pytest.approx(44_000.0 - 50_000.0, rel=1e-12)
    found = table(depeg)
    assert found.currency_profit[found.currency("USDC"), 0] == pytest.approx(-0.2, rel=1e-12)


def test_options_count_from_their_marks() -> None:
    """(mark + profit in coin) at the coin's new price, less the mark at the price now."""
    market = "BTC-I-30-1.0-C"
    coin = revalue({market: INSTRUMENTS[market]}, SNAPSHOT, MOVES).profit[0]
    price = 50_000.0 * np.array([0.8, 1.0, 1.25])
    expected = (0.1 * 0.05 + coin) * price - 0.1 * 0.05 * 50_000.0
    np.testing.assert_allclose(profit(market), expected, rtol=1e-12, atol=1e-9)


def test_wrong_way_risk_of_coin_collateral() -> None:
    """Long 100,000 USD inverse on 2 BTC: a fall by 20 % costs 20,000 and 20,000 of collateral."""
    long = position("BTC-INV", 1_000.0)
    found, _ = losses(
        account("coins", long, BTC=2.0),
        account("dollars", long, USD=100_000.0),
        account("short", position("BTC-INV", -1_000.0), BTC=2.0),
    )
    np.testing.assert_allclose(found[0], [40_000.0, 0.0, -50_000.0], rtol=1e-12)
    np.testing.assert_allclose(found[1], [20_000.0, 0.0, -25_000.0], rtol=1e-12)
    np.testing.assert_allclose(found[2], 0.0, atol=1e-9)
    held, _ = losses(account("coins", long, BTC=2.0), collateral_moves=False)
    np.testing.assert_allclose(held[0], found[1], rtol=1e-12)


def test_profit_made_in_coin_moves_with_the_coin() -> None:
    """Entered at 40,000: 1,000 x 100 x (1/40,000 - 1/50,000) = 0.5 BTC gained, 5,000 lost of it."""
    found, laid = losses(account("a", position("BTC-INV", 1_000.0, 40_000.0)))
    assert laid.values.unrealised[0] == pytest.approx(25_000.0, rel=1e-12)
    np.testing.assert_allclose(found[0], [20_000.0 + 5_000.0, 0.0, -25_000.0 - 6_250.0], rtol=1e-12)


def test_loss_is_the_change_of_equity() -> None:
    """Marks moved by hand, equity computed anew: isolated and cross, entered away from the mark."""
    names = ["BTC-INV", "BTC-LIN", "ETH-INV", "ETH-FUT", "BTC-SPOT", "ETH-QUANTO"]
    amounts = dict(zip(names, (3, -2, 7, -5, 1, 9), strict=True))
    cross = [position(m, q, SNAPSHOT.quotes[m].mark * 0.93) for m, q in amounts.items()]
    people = (
        account("x", *cross, BTC=0.7, ETH=-2.0, USDC=10.0),
        account("y", isolated("BTC-FUT", -40.0, 0.05, 47_000.0), BTC=1.0),
    )
    found, laid = losses(*people)
    before = _equity(people, 0.0, 0.0)
    for s, (btc, eth) in enumerate(MOVES.shocks):
        after = _equity(people, btc, eth)
        np.testing.assert_allclose(found[:, s], before - after, rtol=1e-11, atol=1e-8)
    assert len(laid.layout) == 3


def _equity(people, btc: float, eth: float) -> np.ndarray:
    """(U,) by `book_values` on a snapshot whose marks have moved."""
    move = {"BTC": 1.0 + btc, "ETH": 1.0 + eth}
    held = {m: i for m, i in INSTRUMENTS.items() if not isinstance(i, Option)}
    quotes = {
        m: replace(
            SNAPSHOT.quotes[m],
            mark=SNAPSHOT.quotes[m].mark * move[i.pair.base],
            index=SPOT[i.pair.base] * move[i.pair.base],
        )
        for m, i in held.items()
    }
    snapshot = replace(SNAPSHOT, quotes=quotes)
    made = book(*people)
    layout, rows = unit_layout(made), market_rows(snapshot, held, PRICING)
    values = book_values(made, layout, rows, PRICING, snapshot)
    return values.collateral + unit_sums(layout, values.unrealised)


def test_reasons() -> None:
    only_btc = ScenarioSet(
        names=("x",),
        factors=(Factor(subject="BTC"),),
        shocks=np.array([[0.1]]),
        weights=equal_weights(1),
    )
    found = table(only_btc)
    reason = dict(zip(found.rows.markets, found.rows.reason, strict=False))
    assert reason["ETH-LIN"] == reason["ETH-QUANTO"] == MarginReason.NO_SCENARIOS
    assert reason["BTC-LIN"] == MarginReason.NONE
    assert np.isnan(found.currency_profit[found.currency("ETH")]).all()
    dark = replace(SNAPSHOT, surfaces={})
    without = numeraire_table(INSTRUMENTS, dark, MOVES, PRICING)
    assert without.rows.reason[without.rows.markets.index("BTC-I-30-1.0-C")] == (
        MarginReason.NO_VOLATILITY
    )
    one = INSTRUMENTS["ETH-I-30-1.0-C"]
    assert isinstance(one, Option)
    quanto = replace(one, settle="BTC", payoff=QUANTO.payoff)
    strange = numeraire_table({**INSTRUMENTS, "Q": quanto}, SNAPSHOT, MOVES, PRICING)
    assert strange.rows.reason[-2] == MarginReason.NOT_MARGINED


def test_a_unit_that_holds_an_unmoved_coin_has_a_reason_and_the_rest_is_computed() -> None:
    scenarios = ScenarioSet(
        names=("x",),
        factors=(Factor(subject="BTC"),),
        shocks=np.array([[-0.1]]),
        weights=equal_weights(1),
    )
    held = table(scenarios)
    made = book(account("eth", ETH=1.0), account("btc", BTC=1.0))
    laid = book_exposures(made, held.rows, held.held, PRICING, SNAPSHOT)
    assert laid.values.unit_reason.tolist() == [MarginReason.NO_SCENARIOS, 0]
    kept = book_exposures(made, held.rows, held.held, PRICING, SNAPSHOT, collateral_moves=False)
    assert kept.values.unit_reason.tolist() == [0, 0]


def test_nothing_is_assumed_of_numeraire_and_currencies() -> None:
    only_btc = ScenarioSet(
        names=("x",),
        factors=(Factor(subject="BTC"),),
        shocks=np.array([[0.1]]),
        weights=equal_weights(1),
    )
    with pytest.raises(UsageError, match="moved by the scenarios"):
        table(only_btc, replace(PRICING, numeraire="ETH"))
    with pytest.raises(UsageError, match="must have a price"):
        table().currency("DOGE")
    assert len(table(price_scenarios(50)).scenarios) == 50
