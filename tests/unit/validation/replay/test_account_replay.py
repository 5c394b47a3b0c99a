"""The replay against hand sums, conservation, the margin engine, and itself in pieces."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from plimsoll.domain.account import Account, Position
from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Pair, Payoff, Perpetual, Spot
from plimsoll.domain.market import MarketSnapshot, Quote
from plimsoll.domain.tiers import Tier, TierTable
from plimsoll.errors import ParameterError, UsageError
from plimsoll.margin import CurrencyPricing, TieredMargin
from plimsoll.margin.liquidation.rules import LiquidationRule, StepSize
from plimsoll.margin.sided_tiers import SidedTiers
from plimsoll.maths.account_replay_actions import tier_maintenance
from plimsoll.validation.replay.accounts import (
    BOLD,
    LeverageLaw,
    ReplayPopulation,
    drawn_population,
)
from plimsoll.validation.replay.markets import MarkPaths
from plimsoll.validation.replay.replay import Replay, replay
from plimsoll.validation.replay.result import EventKind, ReplayResult
from plimsoll.validation.replay.solvent_users import forced_liquidations, solvent_users
from plimsoll.validation.replay.venue import (
    CloseOutTerms,
    ReplayVenue,
    sided_columns,
    sized_tables,
    tier_columns,
)

MINUTES_5 = 300_000_000_000
TABLE = TierTable(
    (
        Tier(
            cap_usd=Decimal(50_000),
            maintenance_rate=Decimal("0.01"),
            initial_rate=Decimal("0.02"),
            max_leverage=Decimal(50),
        ),
        Tier(
            cap_usd=None,
            maintenance_rate=Decimal("0.02"),
            initial_rate=Decimal("0.04"),
            max_leverage=Decimal(25),
        ),
    )
)


def marks(*closes: float, **changes: object) -> MarkPaths:
    close = np.array(closes, dtype=np.float64)[:, None]
    zero = np.zeros_like(close)
    plain = {
        "markets": ("A",),
        "time_ns": np.arange(close.size, dtype=np.int64) * MINUTES_5,
        "close": close,
        "half_spread": zero,
        "impact": zero,
    }
    return MarkPaths(**(plain | changes))  # type: ignore[arg-type]


def venue(paths: MarkPaths, fund: float = 0.0, **terms: object) -> ReplayVenue:
    rule = terms.pop(
        "rule", LiquidationRule(name="whole", size=StepSize.WHOLE, fee_rate=Decimal(0))
    )
    return ReplayVenue(
        name="V",
        tiers=tier_columns([TABLE]),
        table=np.zeros((paths.time_ns.size, len(paths.markets), 2), dtype=np.int64),
        terms=CloseOutTerms(rule=rule, **terms),  # type: ignore[arg-type]
        fund_usd=fund,
    )


def one(**changes: object) -> ReplayPopulation:
    plain = {
        "market": np.array([0]),
        "side": np.array([1.0]),
        "amount": np.array([100.0]),
        "leverage": np.array([20.0]),
        "entry_bar": np.array([0]),
        "exit_bar": np.array([99]),
        "reserve": np.array([0.0]),
        "answer_bars": np.array([-1]),
    }
    return ReplayPopulation(**(plain | changes))  # type: ignore[arg-type]


def kinds(result: ReplayResult) -> list[str]:
    return [EventKind(k).name for k in result.events.kind]


def walk(seed: int, bars: int = 400, markets: int = 3) -> MarkPaths:
    draw = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(0.02 * draw.standard_normal((bars, markets)), axis=0))
    spread = np.abs(0.01 * draw.standard_normal((bars, markets)))
    close[50:53, 0] = np.nan
    return MarkPaths(
        markets=tuple(f"M{i}" for i in range(markets)),
        time_ns=np.arange(bars, dtype=np.int64) * MINUTES_5,
        close=close,
        low=close * (1.0 - spread),
        high=close * (1.0 + spread),
        funding=1e-4 * draw.standard_normal((bars, markets)),
        half_spread=np.full((bars, markets), 2e-4),
        impact=np.full((bars, markets), 1e-5),
    )


STEPWISE = LiquidationRule(
    name="steps", share=Decimal("0.25"), whole_below_usd=Decimal(2_000), cooldown_seconds=600.0
)


def test_a_long_by_hand() -> None:
    """Deposit 500 of 10,000; at 95.5 equity is 50 < 1 % of 9,550: closed there, 45.5 short of it.

    Cost 0.1 % = 9.55, fee 0.5 % = 47.75 of which 40.45 is left to take.
    """
    paths = marks(100.0, 97.0, 95.5, 94.0)
    paths = replace(paths, half_spread=np.full((4, 1), 1e-3))
    rule = LiquidationRule(name="w", size=StepSize.WHOLE, fee_rate=Decimal("0.005"))
    found = replay(paths, venue(paths, rule=rule), one())
    assert kinds(found) == ["LIQUIDATED"]
    assert found.events.cost[0] == pytest.approx(9.55, abs=1e-9)
    assert found.events.fee[0] == pytest.approx(40.45, abs=1e-9)
    assert found.totals.paid_out == pytest.approx(0.0, abs=1e-9)
    assert found.fund[-1] == pytest.approx(40.45, abs=1e-9)


def test_a_gap_leaves_a_deficit_to_fund_and_adl() -> None:
    """A fall of 10 % on a deposit of 5 %: 500 short, of which a fund of 200 pays 200."""
    paths = marks(100.0, 90.0)
    found = replay(paths, venue(paths, fund=200.0), one())
    assert kinds(found) == ["BANKRUPT"]
    assert found.totals.deficits == pytest.approx(500.0)
    assert found.totals.uncovered == pytest.approx(300.0)
    assert found.fund[-1] == 0.0


def test_worst_price_within_the_bar_and_latency() -> None:
    paths = marks(100.0, 99.0, 98.0, low=np.array([[100.0], [94.0], [97.0]]))
    at_once = replay(paths, venue(paths), one())
    later = replay(paths, venue(paths, latency_bars=1), one())
    assert at_once.events.price.tolist() == [94.0]
    assert later.events.price.tolist() == [98.0]
    assert later.events.bar.tolist() == [2]


def test_call_and_top_up_save_the_account() -> None:
    """Called at 96.2 (120 of 96.2 x 1.25 = 120.25), answered next bar, safe at 95.5."""
    paths = marks(100.0, 96.2, 96.2, 95.5, 95.5)
    calm = one(reserve=np.array([1.0]), answer_bars=np.array([1]))
    saved = replay(paths, venue(paths), calm)
    assert kinds(saved) == ["CALL", "TOP_UP"]
    # restored to 2 % of 9,620 = 192.4 from 120
    assert saved.events.notional[1] == pytest.approx(72.4)
    assert kinds(replay(paths, venue(paths), one())) == ["CALL", "LIQUIDATED"]


def test_inverse_long_loses_more_than_linear() -> None:
    """q (1 - F0/F1) in coin: 10,000 USD from 100 to 80 lose 25 coins, not 20."""
    paths = marks(100.0, 80.0, inverse=True)
    found = replay(paths, venue(paths), one(amount=np.array([10_000.0]), leverage=np.array([2.0])))
    assert not len(found.events)
    assert found.totals.held == pytest.approx(50.0 - 25.0)


@pytest.mark.parametrize("rule", [STEPWISE, LiquidationRule(name="w", size=StepSize.WHOLE)])
@pytest.mark.parametrize("latency", [0, 2])
def test_money_is_conserved(rule: LiquidationRule, latency: int) -> None:
    paths = walk(1)
    law = replace(BOLD, mean_hold_hours=10.0, answered=1.0, mean_reaction_hours=0.1)
    held = drawn_population(law, paths, 500, seed=3)
    here = venue(paths, fund=1e4, rule=rule, latency_bars=latency, call_level=3.0)
    found = replay(paths, here, held)
    sums = found.totals
    assert found.events.of(EventKind.BANKRUPT).sum() > 10
    assert found.events.of(EventKind.TOP_UP).sum() > 10
    assert abs(sums.imbalance) < 1e-9 * sums.paid_in
    assert sums.fund == pytest.approx(sums.fees - sums.deficits + sums.uncovered, rel=1e-9)
    assert float(found.account_deficit.sum()) == pytest.approx(sums.deficits, rel=1e-9)
    assert bool(np.all(found.fund >= 0.0))


def test_the_other_side_earns_what_users_lose_in_trades() -> None:
    """Maker's profit from events alone: price paid against entry price, plus costs; no funding."""
    paths = replace(walk(2), funding=None)
    held = drawn_population(BOLD, paths, 300, seed=3)
    found = replay(paths, venue(paths), held)
    ends = found.events.of(EventKind.LIQUIDATED, EventKind.BANKRUPT, EventKind.CLOSED)
    who, price = found.events.account[ends], found.events.price[ends]
    entry = paths.close[held.entry_bar, held.market]
    lost = -held.side[who] * held.amount[who] * (price - entry[who]) + found.events.cost[ends]
    still = np.setdiff1d(np.arange(len(held)), who)
    open_loss = -held.side * held.amount * (paths.close[-1][held.market] - entry)
    assert float(lost.sum() + open_loss[still].sum()) == pytest.approx(found.totals.maker, rel=1e-9)


@pytest.mark.parametrize("pieces", [(1,) * 400, (7, 150, 243)])
def test_step_by_step_is_the_same_bits(pieces: tuple[int, ...]) -> None:
    paths = walk(4)
    held = drawn_population(BOLD, paths, 60, seed=5)
    here = venue(paths, rule=STEPWISE, latency_bars=1)
    whole, stepped = replay(paths, here, held), Replay(paths, here, held)
    for count in pieces:
        stepped.advance(stepped.bar + count)
    again = stepped.result()
    for name in ("bar", "account", "kind", "price", "cost", "fee", "deficit", "later_equity"):
        np.testing.assert_array_equal(
            getattr(whole.events, name), getattr(again.events, name), err_msg=name
        )
    np.testing.assert_array_equal(whole.fund, again.fund)
    assert whole.totals == again.totals


def test_the_future_does_not_reach_back() -> None:
    paths, cut = walk(6), 200
    held = drawn_population(BOLD, paths, 60, seed=5)
    scrambled = replace(paths, close=np.where(np.arange(400)[:, None] < cut, paths.close, 50.0))
    seen = [
        Replay(p, venue(p, rule=STEPWISE), held).advance(cut).result() for p in (paths, scrambled)
    ]
    for name in ("bar", "account", "kind", "price", "fee"):
        np.testing.assert_array_equal(getattr(seen[0].events, name), getattr(seen[1].events, name))


@pytest.mark.parametrize("inverse", [False, True])
@pytest.mark.parametrize("notional", [9_000.0, 50_000.0, 51_000.0, 240_000.0])
def test_margin_is_that_of_the_margin_engine(inverse: bool, notional: float) -> None:
    """One engine: `TieredMargin` on the same position, in both tiers, linear and inverse.

    The deposit at opening is its initial margin; the account is closed out at the first price at
    which its equity is below its maintenance.
    """
    instrument = Perpetual(
        pair=Pair(base="BTC", quote="USD"),
        settle="BTC" if inverse else "USD",
        payoff=Payoff.INVERSE if inverse else Payoff.LINEAR,
        contract_size=Decimal(1),
    )
    units = notional if inverse else notional / 100.0

    def requirement(price: float) -> tuple[float, float, float]:
        """Initial, maintenance and profit in settlement currency."""
        quote = Quote(mark=price, index=price)
        shot = MarketSnapshot(at_ns=0, quotes={"P": quote, "S": quote})
        model = TieredMargin(pricing=CurrencyPricing(pricing_markets={"BTC": "S"}))
        spot = Spot(pair=Pair(base="BTC", quote="USD"))
        held = Account(
            name="a", positions=(Position(market="P", quantity=units, entry_price=100.0),)
        )
        ready = model.prepare(shot, {"P": TABLE}, {"P": instrument, "S": spot})
        found = ready.requirements(Book.from_accounts([held]))
        coin = price if inverse else 1.0
        return tuple(
            float(getattr(found, n)[0]) / coin for n in ("initial", "maintenance", "equity")
        )  # type: ignore[return-value]

    closes = [100.0, 99.5, 99.0, 98.5, 98.0, 97.5, 97.0, 96.5, 96.0]
    paths = marks(*closes, inverse=inverse)
    found = replay(paths, venue(paths), one(amount=np.array([units]), leverage=np.array([100.0])))
    deposit = requirement(100.0)[0]
    assert found.totals.paid_in == pytest.approx(deposit, rel=1e-12)
    below = [p for p in closes[1:] if deposit + requirement(p)[2] < requirement(p)[1]]
    ended = found.events.of(EventKind.LIQUIDATED, EventKind.BANKRUPT)
    assert found.events.price[ended].tolist() == below[:1]
    assert below


def test_solvent_users_are_those_who_would_have_come_back() -> None:
    """Two longs are closed at 95; at the call (8:00, bar 95) one is back, the other lower."""
    close = np.full((100, 2), 100.0)
    close[5:], close[50:, 0], close[50:, 1] = 95.0, 99.0, 94.0
    zero = np.zeros_like(close)
    paths = MarkPaths(
        markets=("A", "B"),
        time_ns=np.arange(100, dtype=np.int64) * MINUTES_5,
        close=close,
        half_spread=zero,
        impact=zero,
    )
    both = one(**{n: np.repeat(getattr(one(), n), 2) for n in one().__dataclass_fields__})
    both = replace(both, market=np.array([0, 1]))
    found = replay(paths, venue(paths), both)
    users = solvent_users(forced_liquidations(found), 2)
    assert (users.forced, users.unjudged, users.solvent) == (2, 0, 0.5)
    np.testing.assert_allclose(found.events.later_equity, [400.0, -100.0], rtol=1e-12)


def test_tables_by_size_ask_what_they_were_given() -> None:
    share = np.array([[0.01, 0.012, 0.02]])
    tiers = sized_tables([1e4, 1e5, 1e6], share, 2.0 * share)
    rows = (0, 3, tiers.cap, tiers.rate, tiers.deduction)
    for cap, asked in zip([1e4, 1e5, 1e6], share[0], strict=True):
        assert tier_maintenance(cap, *rows) == pytest.approx(asked * cap, rel=1e-12)


def test_a_market_draws_its_own_accounts() -> None:
    paths = walk(8)
    alone = MarkPaths(
        markets=("M1",),
        time_ns=paths.time_ns,
        close=paths.close[:, [1]],
        half_spread=paths.half_spread[:, [1]],
        impact=paths.impact[:, [1]],
    )
    every = drawn_population(BOLD, paths, 20, seed=1)
    np.testing.assert_array_equal(
        every.take(every.market == 1).amount, drawn_population(BOLD, alone, 20, seed=1).amount
    )


def test_wrong_use_is_refused() -> None:
    paths = marks(100.0, 99.0)
    with pytest.raises(ParameterError, match="liquidation level"):
        CloseOutTerms(liquidation_level=2.0, call_level=1.0)
    with pytest.raises(UsageError, match="shape"):
        replace(paths, half_spread=np.zeros((3, 1)))
    with pytest.raises(ParameterError, match="leave after"):
        one(exit_bar=np.array([0]))
    with pytest.raises(UsageError, match="coin"):
        replace(walk(1), inverse=True)
    with pytest.raises(ParameterError, match="median_leverage"):
        LeverageLaw(name="x", about="", median_leverage=0.0)
    with pytest.raises(ParameterError, match="not fall"):
        sized_tables([1.0, 2.0], np.array([[0.2, 0.1]]), np.array([[0.2, 0.3]]))


def test_a_short_is_closed_by_the_table_of_shorts() -> None:
    """10,000 at 20 times: at 103.5 a short has 150 left. 1 % asks 103.5, the doubled table 207."""
    double = TierTable(
        tuple(
            replace(t, maintenance_rate=2 * t.maintenance_rate, initial_rate=2 * t.initial_rate,
                    max_leverage=t.max_leverage / 2)
            for t in TABLE.tiers
        )
    )  # fmt: skip
    sided = SidedTiers(long=TABLE, short=double)
    for side, price in ((-1.0, 103.5), (1.0, 96.5)):
        paths = marks(100.0, price)
        for held, closed in ((TABLE, False), (sided, side < 0)):
            tiers, table = sided_columns([held], 2)
            found = replay(
                paths, replace(venue(paths), tiers=tiers, table=table), one(side=np.array([side]))
            )
            assert ("LIQUIDATED" in kinds(found)) is closed


def test_one_table_is_laid_once_and_whole_rates_have_no_deduction() -> None:
    tiers, table = sided_columns([TABLE, SidedTiers(long=TABLE, short=TABLE)], 3)
    assert table[:, :, 0].tolist() == table[:, :, 1].tolist() == [[0, 1]] * 3
    assert all(np.array_equal(a, b) for a, b in zip(tiers, tier_columns([TABLE] * 2), strict=True))
    whole, _ = sided_columns([SidedTiers(long=TABLE, short=TABLE, marginal_maintenance=False)], 1)
    assert whole.deduction.tolist() == [0.0, 0.0] != tier_columns([TABLE]).deduction.tolist()
