"""Settlement averages: states against sums written out, and what they leave exposed.

Exposure is tested through the table of risk grids and the margins of Deribit and Derive, against
payoffs at the price of which only a share moves: futures by 1e-9 of themselves, options so deep in
the money that their time value is less than that. Other models: `test_expiry_day_in_models`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import derive_markets as derive
import numpy as np
import pytest

import deribit_accounts as deribit
from expiry_markets import BTC_USDT, EXPIRY_NS, INSTRUMENTS
from plimsoll.domain.account import Account, Position
from plimsoll.domain.book import Book
from plimsoll.domain.expiry_quote import ExpiryQuote
from plimsoll.domain.instrument import Pair
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.market import MarketSnapshot, Quote
from plimsoll.errors import DataFormatError, UsageError
from plimsoll.margin.settlement import (
    AverageRule,
    IndexSamples,
    settlement_average,
    with_settlement_averages,
)
from plimsoll.scenarios.grid_table import GridTable, grid_table
from plimsoll.scenarios.risk_grid import RiskGrid, VolMove, VolRule

SECOND = 10**9
MINUTE = 60 * SECOND
MOVES = np.array([-0.16, -0.04, 0.0, 0.08, 0.16])


def samples(*rows: tuple[float, float], expiry_ns: int = EXPIRY_NS) -> IndexSamples:
    """Seconds before the expiry, and prices."""
    return IndexSamples(
        time_ns=np.array([expiry_ns - int(s * SECOND) for s, _ in rows], dtype=np.int64),
        price=np.array([p for _, p in rows], dtype=np.float64),
    )


def every_minute(price: float, expiry_ns: int = EXPIRY_NS) -> IndexSamples:
    return samples(*((60.0 * m, price) for m in range(40, -1, -1)), expiry_ns=expiry_ns)


def test_mean_of_equal_samples() -> None:
    known = samples((1860, 999.0), (1800, 998.0), (1740, 100.0), (1680, 104.0))
    state = settlement_average(known, EXPIRY_NS, EXPIRY_NS - 1680 * SECOND)
    assert (state.mean, state.samples) == (102.0, 2)
    assert state.floating_share == 1680 / 1800
    assert state.parts(90.0) == pytest.approx((90.0 * 1680 / 1800, 102.0 * 120 / 1800), rel=1e-15)


def test_mean_weighted_by_time() -> None:
    """Window of 100 s: 99 stands for 20 s of it, 102 for 50, 108 for 10."""
    known = samples((130, 99.0), (80, 102.0), (30, 108.0))
    at = EXPIRY_NS - 20 * SECOND
    state = settlement_average(
        known, EXPIRY_NS, at, window_ns=100 * SECOND, rule=AverageRule.TIME_WEIGHTED
    )
    assert state.mean == pytest.approx((20 * 99 + 50 * 102 + 10 * 108) / 80, rel=1e-15)
    assert state.samples == 2
    equal = settlement_average(known, EXPIRY_NS, at, window_ns=100 * SECOND)
    assert equal.mean == 105.0


def test_samples_later_than_the_state_are_not_seen() -> None:
    at = EXPIRY_NS - 600 * SECOND
    known = every_minute(100.0)
    later = replace(known, price=np.where(known.time_ns > at, 1e6, known.price))
    for rule in AverageRule:
        one, other = (settlement_average(s, EXPIRY_NS, at, rule=rule) for s in (known, later))
        assert one == other
        assert one.mean == pytest.approx(100.0, rel=1e-15)


def test_before_the_window_nothing_is_fixed() -> None:
    state = settlement_average(every_minute(100.0), EXPIRY_NS, EXPIRY_NS - 1800 * SECOND)
    assert np.isnan(state.mean)
    assert not state.begun
    assert state.parts(90.0) == (90.0, 0.0)


def test_at_the_expiry_everything_is_fixed() -> None:
    state = settlement_average(every_minute(100.0), EXPIRY_NS, EXPIRY_NS)
    assert state.parts(90.0) == (0.0, 100.0)
    assert state.samples == 30


def test_the_last_sample_stands_until_the_first_one_of_the_window() -> None:
    for rule in AverageRule:
        state = settlement_average(
            samples((1803, 101.0)), EXPIRY_NS, EXPIRY_NS - 1798 * SECOND, rule=rule
        )
        assert (state.mean, state.samples) == (101.0, 0)


@pytest.mark.parametrize("rule", list(AverageRule))
def test_without_recent_samples_there_is_no_mean(rule: AverageRule) -> None:
    known = samples((1700, 100.0), (1640, 100.0))
    at = EXPIRY_NS - 1570 * SECOND
    assert np.isnan(settlement_average(known, EXPIRY_NS, at, rule=rule).mean)
    older = settlement_average(known, EXPIRY_NS, at, rule=rule, oldest_ns=2 * MINUTE)
    assert older.mean == 100.0
    nothing = samples()
    assert np.isnan(settlement_average(nothing, EXPIRY_NS, at, rule=rule).mean)


def test_wrong_samples_and_windows_are_refused() -> None:
    with pytest.raises(DataFormatError, match="one price per time"):
        IndexSamples(time_ns=np.arange(2, dtype=np.int64), price=np.ones(3))
    with pytest.raises(DataFormatError, match="increase"):
        samples((10, 1.0), (10, 1.0))
    with pytest.raises(DataFormatError, match="positive"):
        samples((10, 0.0))
    with pytest.raises(UsageError, match="positive"):
        settlement_average(samples(), EXPIRY_NS, EXPIRY_NS, window_ns=0)


# --- what is left exposed


def on_the_day(minutes: float, expiries: dict[Any, ExpiryQuote] | None = None) -> MarketSnapshot:
    quotes = {m: Quote(mark=100.0, index=100.0, funding_rate=0.001) for m in INSTRUMENTS}
    for market in ("LCALL", "LPUT", "ICALL", "IPUT"):
        quotes[market] = Quote(mark=float("nan"), index=100.0, implied_vol_annual=0.5)
    at = MarketSnapshot(
        at_ns=EXPIRY_NS - int(minutes * MINUTE),
        quotes=quotes,
        stable_price_usd={"USDT": 1.0},
        expiries=expiries or {},
    )
    pairs = {i.pair for i in INSTRUMENTS.values()}
    return with_settlement_averages(at, INSTRUMENTS, {pair: every_minute(100.0) for pair in pairs})


def table(snapshot: MarketSnapshot, *markets: str, of: Any = INSTRUMENTS) -> GridTable:
    grid = RiskGrid(
        names=tuple(f"{x:+}" for x in MOVES),
        price_moves=MOVES,
        vol_moves=(VolMove.NONE,) * MOVES.size,
        fraction=np.ones(MOVES.size),
    )
    held = {m: of[m] for m in markets}
    return grid_table(held, snapshot, grid, VolRule(range_up=0.0, range_down=0.0))


@pytest.mark.parametrize("minutes", [60, 30, 29, 15, 5, 1])
def test_options_in_the_money_float_with_the_rest_of_the_window(minutes: float) -> None:
    """Strikes 10 % away, moves of 4 %: eleven standard deviations are left."""
    share = min(minutes / 30.0, 1.0)
    whole = {(BTC_USDT, "USDT", EXPIRY_NS): ExpiryQuote(floating=100.0)}
    found = table(on_the_day(minutes, whole), "LCALL", "LPUT")
    small = np.abs(MOVES) < 0.05
    expected = 100.0 * share * MOVES[small]
    assert found.profit[0][small] == pytest.approx(expected, rel=1e-6, abs=1e-9)
    assert found.profit[1][small] == pytest.approx(-expected, rel=1e-6, abs=1e-9)
    assert found.floating == pytest.approx([100.0 * share] * 2, rel=1e-12)
    assert found.forward == pytest.approx([100.0] * 2, rel=1e-12)


def test_a_quote_of_the_expiry_keeps_rate_and_confidence_and_its_own_forward() -> None:
    key = (BTC_USDT, "USDT", EXPIRY_NS)
    given = ExpiryQuote(floating=90.0, rate_annual=0.05, confidence=0.7)
    found = on_the_day(10, {key: given}).expiries[key]
    assert (found.rate_annual, found.confidence) == (0.05, 0.7)
    assert (found.floating, found.fixed) == pytest.approx((30.0, 200.0 / 3), rel=1e-12)


def test_what_the_venue_has_split_stays() -> None:
    key = (BTC_USDT, "USDT", EXPIRY_NS)
    given = ExpiryQuote(floating=30.0, fixed=70.0)
    assert on_the_day(10, {key: given}).expiries[key] is given


def test_perpetuals_and_their_funding_are_untouched() -> None:
    before = on_the_day(60)
    within = on_the_day(10)
    assert all(within.quotes[m] == before.quotes[m] for m in ("PERP", "LIN", "INV"))
    assert np.array_equal(table(within, "PERP").profit, table(before, "PERP").profit)
    assert {end for _, _, end in within.expiries} == {EXPIRY_NS}


def test_an_unknown_average_is_a_reason() -> None:
    at = MarketSnapshot(
        at_ns=EXPIRY_NS - 10 * MINUTE,
        quotes={"LCALL": Quote(mark=1.0, index=100.0, implied_vol_annual=0.5)},
    )
    split = with_settlement_averages(at, INSTRUMENTS, {})
    assert table(split, "LCALL").reason.tolist() == [int(MarginReason.NO_FORWARD)]


# --- dated futures, through models


def deribit_day(minutes: float, market: str = "BTC-28JUN24") -> MarketSnapshot:
    index = deribit.INDEX["BTC"]
    at = deribit.snapshot(at_ns=deribit.END - int(minutes * MINUTE))
    quotes = dict(at.quotes)
    quotes[market] = replace(quotes[market], mark=index)
    keys = {**at.expiries, (deribit.BTC, "BTC", deribit.END): ExpiryQuote(floating=index)}
    sampled = {deribit.BTC: every_minute(index, deribit.END)}
    return with_settlement_averages(
        replace(at, quotes=quotes, expiries=keys), deribit.instruments(), sampled
    )


def deribit_losses(minutes: float, contracts: float, entry: float = 60_000.0) -> Any:
    """Under the standard matrix alone: the extended table has a rule of its own."""
    model = deribit.segregated("BTC", worst_case_decimals=None, extended_moves=())
    prepared = model.prepare(deribit_day(minutes), deribit.PARAMETERS, deribit.instruments())
    held = Position(market="BTC-28JUN24", quantity=contracts, entry_price=entry)
    return prepared.requirements(Book.from_accounts([Account(name="a", positions=(held,))]))


@pytest.mark.parametrize("contracts", [1000.0, -1000.0])
@pytest.mark.parametrize("minutes", [31.0, 29.0, 20.0, 10.0, 1.0])
def test_a_future_floats_with_the_rest_of_the_window_under_deribits_margin(
    minutes: float, contracts: float
) -> None:
    """N dollars at F, of which s floats: N / F s x / (1 + s x) coins at the worse end x.

    The roll shock asks its floor of the delta that still floats, N s / F coins.
    """
    found = deribit_losses(minutes, contracts)
    s, coins = min(minutes / 30.0, 1.0), 1000.0 * 10.0 / deribit.INDEX["BTC"]
    x = -0.16 if contracts > 0 else 0.16
    worst = coins * abs(s * x / (1.0 + s * x))
    assert found.terms[0].initial[0] == pytest.approx(worst, rel=1e-9)
    by_name = {term.name: term.initial[0] for term in found.terms}
    assert by_name["roll_shock"] == pytest.approx(0.01 * coins * s, rel=1e-9)
    # What has been gained so far stays gained.
    gained = contracts * 10.0 * (1 / 60_000.0 - 1 / deribit.INDEX["BTC"])
    assert found.equity[0] == pytest.approx(gained, rel=1e-12)


def test_deribits_delta_shock_falls_with_what_floats() -> None:
    """Net delta of 400 million dollars; the threshold is 20 million, the slope 0.00005 a coin."""

    def shock(minutes: float) -> float:
        found = deribit_losses(minutes, 4e7)
        return float(next(t.initial[0] for t in found.terms if t.name == "delta_shock"))

    price = deribit.INDEX["BTC"]
    for minutes in (31.0, 15.0, 3.0):
        worth = 4e8 * min(minutes / 30.0, 1.0)
        rate = min(0.00005 * (worth - 2e7) / price, 0.1)
        assert shock(minutes) == pytest.approx(rate * worth / price, rel=1e-9)
    assert shock(1.0) == 0.0


@pytest.mark.parametrize("minutes", [60.0, 27.0, 15.0, 3.0])
def test_futures_of_every_payoff_move_with_what_floats(minutes: float) -> None:
    """The expected settlement price is 100 (1 + s x): payoffs at that price, written out."""
    s = min(minutes / 30.0, 1.0)
    found = table(on_the_day(minutes), "LIN", "INV", "QNT", "PERP")
    expected = [
        0.01 * 100.0 * s * MOVES,
        10.0 / 100.0 * s * MOVES / (1.0 + s * MOVES),
        0.001 * 100.0 * s * MOVES,
        100.0 * MOVES,
    ]
    assert found.profit == pytest.approx(np.array(expected), rel=1e-12, abs=1e-15)
    assert found.floating == pytest.approx([100.0 * s] * 3 + [100.0], rel=1e-12)
    assert found.floating_share == pytest.approx([s, s, s, 1.0], rel=1e-12)
    assert found.forward.tolist() == [100.0] * 4


def test_an_average_far_from_the_index_leaves_its_own_share() -> None:
    """Ten minutes at 90, an average of 120 so far: 30 of 110 floats."""
    key = (BTC_USDT, "USDT", EXPIRY_NS)
    at = on_the_day(10, {key: ExpiryQuote(floating=30.0, fixed=80.0)})
    quotes = {**at.quotes, "LIN": Quote(mark=110.0, index=90.0)}
    found = table(replace(at, quotes=quotes), "LIN")
    assert found.profit[0] == pytest.approx(0.01 * 30.0 * MOVES, rel=1e-12, abs=1e-15)


def test_a_future_without_an_average_is_a_reason_in_the_table() -> None:
    split = with_settlement_averages(on_the_day(60), INSTRUMENTS, {})
    split = replace(split, at_ns=EXPIRY_NS - 10 * MINUTE, expiries={})
    lacking = with_settlement_averages(split, INSTRUMENTS, {})
    assert table(lacking, "LIN", "PERP").reason.tolist() == [int(MarginReason.NO_FORWARD), 0]


def test_a_future_without_an_average_has_a_reason_and_the_rest_is_computed() -> None:
    at = with_settlement_averages(
        deribit.snapshot(at_ns=deribit.END - 10 * MINUTE), deribit.instruments(), {}
    )
    prepared = deribit.segregated("BTC").prepare(at, deribit.PARAMETERS, deribit.instruments())
    accounts = [
        Account(name=n, positions=(Position(market=m, quantity=10.0, entry_price=6e4),))
        for n, m in (("a", "BTC-28JUN24"), ("b", "BTC-PERPETUAL"))
    ]
    found = prepared.requirements(Book.from_accounts(accounts))
    assert found.unknown.tolist() == [True, False]
    assert found.parts.reason.tolist() == [int(MarginReason.NO_FORWARD), 0]


def test_options_fall_in_a_straight_line_under_derives_margin() -> None:
    """A call at 1,600 of 2,000, at -9 %; a year's discount of 8 % is 5e-6 of it in half an hour."""
    coin = Pair(base="ETH", quote="USDC")
    model, parameters = derive.MODELS["pmrm2"]

    def loss(minutes: float) -> float:
        at = derive.snapshot(at_ns=derive.MONTH - int(minutes * MINUTE))
        keys = {**at.expiries, (coin, "USDC", derive.MONTH): ExpiryQuote(floating=2000.0)}
        split = with_settlement_averages(
            replace(at, expiries=keys),
            derive.instruments(),
            {coin: every_minute(2000.0, derive.MONTH)},
        )
        prepared = model.prepare(split, parameters, derive.instruments())
        held = derive.account("a", {"ETH-M-1600-C": 10.0}, {"USDC": 1e5})
        found = prepared.requirements(Book.from_accounts([held])).explanations("a")[0]
        grid = found.scenarios[0]
        return float(grid.losses[grid.names.index("-9 % none")])

    for minutes in (31.0, 24.0, 15.0, 6.0, 1e-6):
        exposed = 10 * 0.09 * 2000.0 * min(minutes / 30.0, 1.0)
        # 5 % of the value of 4,000 is never counted, nor is it of what is left.
        assert loss(minutes) == pytest.approx(200.0 + 0.95 * exposed, rel=1e-4)


def test_at_the_last_instant_nothing_is_exposed_and_the_price_is_the_average() -> None:
    found = table(on_the_day(1e-6), "LCALL")
    assert np.abs(found.profit).max() <= 1e-6
    assert found.forward[0] == pytest.approx(100.0, rel=1e-9)
    assert found.value[0] == pytest.approx(10.0, rel=1e-6)
