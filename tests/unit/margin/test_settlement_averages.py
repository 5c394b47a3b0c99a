"""Settlement averages: states against sums written out, and what they leave exposed.

Exposure is tested through the table of risk grids and the margins of Deribit and Derive: it falls
in a straight line with the share of the window that has passed, by 1e-9 of itself (options so deep
in the money that their time value is less than that).
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
    WithExpiringFutures,
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
    model = WithExpiringFutures(model=deribit.segregated("BTC", worst_case_decimals=None))
    prepared = model.prepare(deribit_day(minutes), deribit.PARAMETERS, deribit.instruments())
    held = Position(market="BTC-28JUN24", quantity=contracts, entry_price=entry)
    return prepared.requirements(Book.from_accounts([Account(name="a", positions=(held,))]))


@pytest.mark.parametrize("contracts", [1000.0, -1000.0])
@pytest.mark.parametrize("minutes", [29.0, 20.0, 10.0, 1.0])
def test_a_future_falls_in_a_straight_line_under_deribits_margin(
    minutes: float, contracts: float
) -> None:
    whole, part = deribit_losses(31.0, contracts), deribit_losses(minutes, contracts)
    share = minutes / 30.0
    assert part.terms[0].name == whole.terms[0].name
    assert part.terms[0].maintenance[0] == pytest.approx(
        share * whole.terms[0].maintenance[0], rel=1e-9
    )
    worst = 0.16 / 0.84 if contracts > 0 else 0.16 / 1.16
    coins = 1000.0 * 10.0 / deribit.INDEX["BTC"]
    assert whole.unit_explainer.explanation(0).scenarios[0].losses.max() == pytest.approx(
        coins * worst, rel=1e-9
    )
    # What has been gained so far stays gained.
    gained = contracts * 10.0 * (1 / 60_000.0 - 1 / deribit.INDEX["BTC"])
    assert part.equity[0] == pytest.approx(gained, rel=1e-12)
    assert whole.equity[0] == pytest.approx(gained, rel=1e-12)


def shown_to_models(minutes: float, *markets: str) -> GridTable:
    prepared = WithExpiringFutures(model=_Shown()).prepare(on_the_day(minutes), None, INSTRUMENTS)
    shown = prepared.inner.instruments  # type: ignore[attr-defined]
    return table(on_the_day(minutes), *markets, of=shown)


@pytest.mark.parametrize("minutes", [27.0, 15.0, 3.0])
def test_inverse_futures_are_as_near_as_stated(minutes: float) -> None:
    """Exact: N s x / (P (1 + s x)); off by N s (1 - s) x^2 / (P (1 + x) (1 + s x))."""
    s, x, coins = minutes / 30.0, MOVES, 10.0 / 100.0
    exact = coins * s * x / (1 + s * x)
    error = coins * s * (1 - s) * x**2 / ((1 + x) * (1 + s * x))
    found = shown_to_models(minutes, "INV").profit[0]
    assert found == pytest.approx(exact - error, rel=1e-12, abs=1e-15)


def test_linear_and_quanto_futures_are_exact() -> None:
    found = shown_to_models(12.0, "LIN", "QNT", "PERP")
    per_point = np.array([0.01 * 0.4, 0.001 * 0.4, 1.0])
    assert found.profit == pytest.approx(per_point[:, None] * 100.0 * MOVES, rel=1e-12, abs=1e-15)


def test_before_the_window_the_model_is_the_model() -> None:
    inner = deribit.segregated("BTC")
    snapshot = deribit_day(45.0)
    held = Book.from_accounts(
        [
            Account(
                name="a", positions=(Position(market="BTC-28JUN24", quantity=7.0, entry_price=6e4),)
            )
        ]
    )
    plain = inner.prepare(snapshot, deribit.PARAMETERS, deribit.instruments()).requirements(held)
    found = (
        WithExpiringFutures(model=inner)
        .prepare(snapshot, deribit.PARAMETERS, deribit.instruments())
        .requirements(held)
    )
    for column in ("initial", "maintenance", "equity"):
        assert np.array_equal(getattr(found, column), getattr(plain, column))


def test_a_future_without_an_average_has_a_reason_and_the_rest_is_computed() -> None:
    at = with_settlement_averages(
        deribit.snapshot(at_ns=deribit.END - 10 * MINUTE), deribit.instruments(), {}
    )
    prepared = WithExpiringFutures(model=deribit.segregated("BTC")).prepare(
        at, deribit.PARAMETERS, deribit.instruments()
    )
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


class _Shown:
    """A model that only remembers what it was shown."""

    def prepare(self, snapshot: MarketSnapshot, parameters: Any, instruments: Any) -> Any:
        del snapshot, parameters
        self.instruments = instruments
        return self

    def requirements(self, book: Book) -> Any:
        raise AssertionError(book)


def test_at_the_last_instant_nothing_is_exposed_and_the_price_is_the_average() -> None:
    found = table(on_the_day(1e-6), "LCALL")
    assert np.abs(found.profit).max() <= 1e-6
    assert found.forward[0] == pytest.approx(100.0, rel=1e-9)
    assert found.value[0] == pytest.approx(10.0, rel=1e-6)
