"""Health, liquidation prices, calls, plans of margin results: closed forms, and margined again."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import plimsoll
from margin_chain import PORTFOLIO, chain, margin
from plimsoll.errors import UsageError
from plimsoll.margin.calls.health import HealthState
from plimsoll.margin.liquidation import WHOLE, LiquidationPrice, LiquidationStatus, PlanOutcome

ENTRY = 60_000.0


def binance(quantity: float = 20, usdt: float | None = 100_000, **more: Any) -> dict[str, Any]:
    held = {"market": "BTCUSDT", "quantity": quantity, "entry_price": ENTRY, **more}
    money = {} if usdt is None else {"collateral": {"USDT": usdt}}
    return {"account": "a", "positions": [held], **money}


def linear(*accounts: dict[str, Any], mark: float = ENTRY) -> plimsoll.PresetMargin:
    marks = [{"market": "BTCUSDT", "mark": mark, "index": mark}]
    return plimsoll.margin_book(list(accounts), preset="binance-btcusdt-2024-10", marks=marks)


def inverse(dollars: float, coins: float, mark: float = ENTRY) -> plimsoll.PresetMargin:
    row = {"account": "a", "market": "BTC-PERPETUAL", "quantity": dollars, "entry_price": ENTRY}
    return plimsoll.margin_book(
        {"positions": [row]},
        preset="deribit-standard",
        marks=[{"market": "BTC-PERPETUAL", "mark": mark, "index": mark}],
        collateral={"BTC": coins},
    )


def excess(result: plimsoll.PresetMargin) -> float:
    row = next(iter(result.table()))
    return float(row["excess"])  # type: ignore[arg-type]


def price(found: LiquidationPrice) -> float:
    assert found.price is not None, found.status
    return found.price


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_linear_liquidation_price_is_the_closed_form(side: float) -> None:
    # 20 BTC are about 1.1m to 1.3m at the solution: 0.65 % less 950 (the deductions up to there).
    # C + q (p - e) = 0.0065 |q| p - 950
    found = linear(binance(20 * side)).liquidation()
    by_hand = (20 * side * ENTRY - 100_000 - 950) / (20 * side - 20 * 0.0065)
    line = found[0]
    here, other = (line.down, line.up) if side > 0 else (line.up, line.down)
    assert price(here) == pytest.approx(by_hand, rel=1e-10)
    assert other.status is not LiquidationStatus.AT_PRICE
    again = linear(binance(20 * side), mark=price(here))
    assert abs(excess(again)) <= 1e-6 * 20 * price(here)


@pytest.mark.parametrize(("dollars", "coins"), [(600_000.0, 1.0), (-600_000.0, 1.0)])
def test_inverse_liquidation_price_is_the_closed_form(dollars: float, coins: float) -> None:
    """Rates grow with coins: K - s n = 0.01 n + 0.00005 n^2, n = |Q| / p, K = C + Q / e."""
    found = inverse(dollars, coins).liquidation()[0]
    side = math.copysign(1.0, dollars)
    slope, known = side + 0.01, coins + dollars / ENTRY
    size = (-slope + side * math.sqrt(slope**2 + 4 * 5e-5 * known)) / (2 * 5e-5)
    here = found.down if side > 0 else found.up
    assert price(here) == pytest.approx(abs(dollars) / size, rel=1e-10)
    again = inverse(dollars, coins, price(here))
    assert abs(excess(again)) <= 1e-6 * abs(dollars) / price(here)


def test_a_fee_and_accrued_funding_move_the_price() -> None:
    # C + f + q (p - e) - fee q p = 0.0065 q p - 950
    found = linear(binance(funding=-500.0)).liquidation(fee_rate=0.001)
    by_hand = (20 * ENTRY - 100_000 + 500 - 950) / (20 * (1 - 0.0065 - 0.001))
    assert price(found[0].down) == pytest.approx(by_hand, rel=1e-10)


def test_an_isolated_position_is_a_unit_of_its_own() -> None:
    held = binance(1.0, mode="isolated", isolated_margin=2_000.0)
    found = linear({**held, "collateral": {"USDT": 1e6}}).liquidation()
    by_hand = (ENTRY - 2_000 - 50) / (1 - 0.005)  # 0.5 % less 50 above 50,000
    assert [line.unit for line in found] == ["isolated BTCUSDT"]
    assert price(found[0].down) == pytest.approx(by_hand, rel=1e-10)


def test_accounts_of_one_owner_are_liquidated_at_the_rates_of_their_sum() -> None:
    one, two = {**binance(), "owner": "x"}, {**binance(), "account": "b", "owner": "x"}
    linked = linear(one, two).liquidation("b")
    alone = linear(two).liquidation("b")
    # 40 BTC at about 55,300: still 0.65 % less 950, of which half is the second account's.
    by_hand = (20 * ENTRY - 100_000 - 475) / (20 * (1 - 0.0065))
    assert price(linked[0].down) == pytest.approx(by_hand, rel=1e-9)
    assert price(alone[0].down) < price(linked[0].down)


@pytest.mark.slow
@pytest.mark.parametrize("preset", PORTFOLIO)
def test_at_the_price_told_equity_is_maintenance(preset: str) -> None:
    """Margined again by the what-if: its own repricing of options, its own way to move a market.

    Within 1e-6 of the notional, since the sandbox's marks are rounded to ticks and the what-if
    takes their model values.
    """
    held = margin(preset=preset, collateral={"BTC": 3.0})
    seen = 0
    for line in held.liquidation():
        for found in (line.down, line.up):
            if found.status is not LiquidationStatus.AT_PRICE:
                continue
            change = {"index_prices" if line.is_coin else "marks": {line.moves: price(found)}}
            after = held.what_if(**change).reply()["after"][0]
            notional = 10.0 * (1.0 if after["currency"] == "BTC" else line.price_now)
            gap = after["margin_balance"] - after["maintenance_margin"]
            assert abs(gap) <= 1e-6 * notional, (line.moves, gap)
            seen += 1
    assert seen >= 2


def test_distance_in_standard_deviations() -> None:
    found = linear(binance()).liquidation(volatility={"BTC": 0.8}, horizon_hours=6.0)[0]
    move = price(found.down) / ENTRY
    assert found.down_fraction == pytest.approx(move - 1.0, rel=1e-12)
    deviations = abs(math.log(move)) / (0.8 * math.sqrt(6.0 / 8760.0))
    assert found.down_deviations == pytest.approx(deviations, rel=1e-12)
    bare = linear(binance()).liquidation()
    assert math.isnan(bare[0].down_deviations)
    assert "No volatility is known for BTCUSDT" in str(bare)


def test_the_volatility_is_that_of_the_chain_at_the_money() -> None:
    book = margin(collateral={"BTC": 3.0}).standing().books[0]
    options = chain()
    month = options.at_ns + 30 * 86_400 * 10**9
    expiry = min(set(options.expiry_ns.tolist()), key=lambda e: abs(e - month))
    here = np.flatnonzero(options.expiry_ns == expiry)
    near = here[np.argsort(np.abs(np.log(options.strike[here] / options.forward[here])))[:2]]
    assert options.strike[near[0]] == options.strike[near[1]]  # call and put
    by_hand = float(options.mark_vol[near].mean())
    assert book.volatilities["BTC"].annual == pytest.approx(by_hand, rel=1e-12)


def test_health_of_every_state() -> None:
    # MM 20 x 60,000 x 0.65 % - 950 = 6,850; IM 1.2m / 75 = 16,000
    equities = {"healthy": 20_000, "under initial": 10_000, "under maintenance": 5_000}
    named = {**equities, "bankrupt": -1}
    rows = [{**binance(usdt=amount), "account": name} for name, amount in named.items()]
    nobody = {**binance(usdt=None), "account": "nobody"}
    empty = {**binance(), "account": "empty"}
    empty["positions"] = [{"market": "BTCUSDT", "quantity": None, "entry_price": ENTRY}]
    found = {row.account: row for row in linear(*rows, nobody, empty).health()}
    assert {n: found[n].words for n in named} == {n: n for n in named}
    assert found["healthy"].ratio == pytest.approx(6_850 / 20_000)
    assert found["nobody"].state is None
    assert found["nobody"].words == "no collateral stated"
    assert math.isnan(found["nobody"].ratio)
    assert found["empty"].state is HealthState.UNKNOWN
    assert "BTCUSDT" in found["empty"].reason


def test_without_collateral_or_number_there_is_no_price_but_a_reason() -> None:
    empty = {**binance(), "account": "empty"}
    empty["positions"] = [{"market": "BTCUSDT", "quantity": None, "entry_price": ENTRY}]
    short = {**binance(usdt=5_000), "account": "short"}
    nobody = {**binance(usdt=None), "account": "nobody"}
    table = linear(nobody, empty, short).liquidation().table()
    reasons = {row["account"]: row["reason"] for row in table}
    assert reasons == {
        "nobody": "no collateral stated",
        "empty": "no number",
        "short": "short already",
    }


def test_calls_state_shortfall_reason_and_cures() -> None:
    rows = [{**binance(usdt=amount), "account": f"{amount}"} for amount in (10_000, 6_500)]
    found = linear(*rows, {**binance(), "account": "fine"}).calls()
    assert [c.account for c in found] == ["6500", "10000"]  # the worse state first
    first, second = found[0].call, found[1].call
    assert first.shortfall == pytest.approx(350.0)
    assert second.shortfall == pytest.approx(6_000.0)
    assert "under maintenance margin 6,850.00 USDT" in first.reason
    assert [(d.currency, d.amount) for d in first.deposits] == [("USDT", pytest.approx(350.0))]
    # Each coin closed frees 390 of margin and costs 300.
    assert first.reductions[0].contracts == pytest.approx(350 / 90, rel=1e-6)
    assert second.reductions == ()  # nothing is closed for initial margin


@pytest.mark.parametrize("preset", ["okx", "derive-pmrm2", "deribit"])
def test_the_deposit_of_a_call_cures_it(preset: str) -> None:
    """Coins count as the preset counts them: with haircuts, or a margin of their own."""
    held = margin(preset=preset, collateral={"BTC": 1.2})
    call = held.calls()[0].call
    assert call.state in (HealthState.UNDER_MAINTENANCE, HealthState.UNDER_INITIAL)
    paid = {d.currency: d.amount for d in call.deposits}["BTC"]
    again = margin(preset=preset, collateral={"BTC": 1.2 + paid})
    row = again.health()[0]
    asked = row.initial if call.state is HealthState.UNDER_INITIAL else row.maintenance
    assert row.equity == pytest.approx(asked, rel=1e-6)


def test_a_plan_closes_until_maintenance_is_met() -> None:
    found = linear(binance(usdt=6_500)).plan("a")
    plan = found[0].plan
    assert plan is not None
    assert plan.outcome is PlanOutcome.RESTORED
    # Closing at the mark costs 0.5 % of what is closed, and nothing else: 20 BTC, a fifth of them.
    assert plan.steps[0].closed == pytest.approx(4.0)
    assert plan.steps[0].cost == pytest.approx(4.0 * ENTRY * 0.005)
    assert plan.steps[0].after.equity == pytest.approx(6_500 - 1_200)
    # 16 BTC: 960,000 x 0.65 % - 950
    assert plan.steps[0].after.maintenance == pytest.approx(5_290)
    assert plan.end.maintenance <= plan.end.equity
    whole = linear(binance(usdt=5_000)).plan("a", rule=WHOLE)[0].plan
    assert whole is not None
    assert "As asked: rule whole" in str(linear(binance(usdt=5_000)).plan("a", rule=WHOLE))
    assert whole.outcome is PlanOutcome.BANKRUPT  # 6,000 of fee for 5,000 of equity


def test_plans_of_others_say_what_they_are() -> None:
    assert "nothing is closed" in str(linear(binance()).plan())
    assert "no collateral stated" in str(linear(binance(usdt=None)).plan())
    with pytest.raises(UsageError, match="must be one of the book"):
        linear(binance()).plan("nobody")


def test_the_venues_own_rule_is_taken_where_it_is_known() -> None:
    held = margin(preset="bybit", collateral={"BTC": 0.9}).plan()
    assert held[0].rule.name == "Bybit"
    assert held[0].whose == "The venue's own rule"
    plan = held[0].plan
    assert plan is not None
    assert plan.outcome is PlanOutcome.RESTORED
    assert plan.end.maintenance <= 0.9 * plan.end.equity


@pytest.mark.parametrize(
    "options",
    [{"fee_rate": -1.0}, {"horizon_hours": 0.0}, {"volatility": {"BTC": -0.5}}],
)
def test_options_that_cannot_be_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        linear(binance()).liquidation(**options)
    with pytest.raises(UsageError, match="must be one of the book's accounts"):
        linear(binance()).liquidation("nobody")


def test_coin_collateral_moves_with_its_coin() -> None:
    """The market alone: C S + q (p - S) = m q p; with its collateral: C p + q (p - S) = m q p."""
    lines = margin({"BTC-PERPETUAL": 3}, "paradex", collateral={"BTC": 0.5}).liquidation()
    market, coin = lines
    assert (market.is_coin, coin.is_coin) == (False, True)
    spot, alone = coin.price_now, price(market.down)
    rate = (0.5 * spot + 3 * (alone - spot)) / (3 * alone)
    assert price(coin.down) == pytest.approx(3 * spot / (3.5 - 3 * rate), rel=1e-9)
