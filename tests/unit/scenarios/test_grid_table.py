"""Risk grids on generated instruments, against Black-76 written with `math.erf`, one option a time.

Tolerance 1e-13 of the larger of forward and strike: what erf loses to cancellation.
"""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from option_books import AT, COIN, DAY, DOLLAR, option, snapshot, surface
from plimsoll.domain.expiry_quote import ExpiryQuote
from plimsoll.domain.instrument import (
    Future,
    Instrument,
    Option,
    OptionRight,
    Pair,
    Payoff,
    Perpetual,
    Spot,
)
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.market import MarketSnapshot, Quote
from plimsoll.errors import UsageError
from plimsoll.estimators.surface.query import at_strike
from plimsoll.scenarios.grid_rules import FloatArray, GridRules, VolSource
from plimsoll.scenarios.grid_table import GridTable, grid_table, in_numeraire, stacked
from plimsoll.scenarios.risk_grid import RiskGrid, VolMove, VolRule

GRID = RiskGrid(
    names=("down", "still", "up", "calm", "far"),
    price_moves=np.array([-0.15, 0.0, 0.15, 0.05, 3.0]),
    vol_moves=(VolMove.UP, VolMove.NONE, VolMove.UP, VolMove.DOWN, VolMove.UP),
    fraction=np.ones(5),
    delta_one_moves=np.array([-0.15, 0.0, 0.15, 0.05, 0.15]),
)
RULE = VolRule(range_up=0.5, range_down=0.25, minimum_vol_up=0.5)
FORWARD = 96_000.0
END = AT + 30 * DAY


def black(forward: float, strike: float, deviation: float, is_call: bool) -> float:
    """Undiscounted, quote currency."""
    sign = 1.0 if is_call else -1.0
    if deviation == 0.0:
        return max(sign * (forward - strike), 0.0)
    d1 = math.log(forward / strike) / deviation + deviation / 2
    return sign * (forward * normal(sign * d1) - strike * normal(sign * (d1 - deviation)))


def normal(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2))


def marks(vol: float = 0.6, mark: float = 95_000.0) -> Quote:
    return Quote(mark=mark, index=95_000.0, implied_vol_annual=vol)


def market(
    quotes: dict[str, Quote],
    pair: Pair = COIN,
    *,
    floating: float = FORWARD,
    fixed: float = 0.0,
    rate: float = 0.0,
    end: int = END,
) -> MarketSnapshot:
    settle = "HELM" if pair == COIN else "USDC"
    quote = ExpiryQuote(floating=floating, fixed=fixed, rate_annual=rate)
    return MarketSnapshot(at_ns=AT, quotes=quotes, expiries={(pair, settle, end): quote})


def one(instrument: Instrument, snap: MarketSnapshot, **more: object) -> GridTable:
    return grid_table({"X": instrument}, snap, GRID, RULE, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("pair", [COIN, DOLLAR])
@pytest.mark.parametrize("right", list(OptionRight))
@pytest.mark.parametrize("vol", [0.2, 0.6])
def test_options_are_black_at_moved_forward_and_volatility(
    pair: Pair, right: OptionRight, vol: float
) -> None:
    mine = option(30, 100_000, right, pair)
    found = one(mine, market({"X": marks(vol)}, pair))
    size = 0.1 if pair == COIN else 2.0
    # 30 days: up 1.5, down 0.75; the floor of 0.5 holds where volatility rises, and only there.
    vols = [max(vol * 1.5, 0.5), vol, max(vol * 1.5, 0.5), vol * 0.75, max(vol * 1.5, 0.5)]
    root = math.sqrt(30 / 365)
    call = right is OptionRight.CALL

    def worth(forward: float, sigma: float) -> float:
        value = size * black(forward, 100_000.0, sigma * root, call)
        return value / forward if pair == COIN else value

    now = worth(FORWARD, vol)
    then = [worth(FORWARD * (1 + x), v) for x, v in zip(GRID.price_moves, vols, strict=True)]
    scale = size * 4e5 / (FORWARD if pair == COIN else 1.0)
    assert found.value[0] == pytest.approx(now, abs=1e-13 * scale)
    assert found.profit[0] == pytest.approx(np.array(then) - now, abs=1e-13 * scale)
    assert found.profit[0, 1] == 0.0  # nothing happens: not even rounding
    d1 = math.log(FORWARD / 100_000) / (vol * root) + vol * root / 2
    assert found.delta[0] == pytest.approx(size * (normal(d1) - (not call)), abs=1e-13)
    assert found.reason.tolist() == [0]


def test_a_settlement_average_moves_in_its_floating_part_only() -> None:
    # Ten of thirty minutes left: a third floats at 90,000, two thirds are fixed at 96,000.
    ten_minutes = AT + 600 * 10**9
    mine = Option(
        pair=DOLLAR,
        settle="USDC",
        payoff=Payoff.LINEAR,
        contract_size=Decimal(1),
        expiry_ns=ten_minutes,
        strike=Decimal(90_000),
        right=OptionRight.CALL,
    )
    snap = market({"X": marks(0.0)}, DOLLAR, floating=30_000.0, fixed=64_000.0, end=ten_minutes)
    found = grid_table({"X": mine}, snap, GRID, VolRule(range_up=0.5, range_down=0.25))
    # Volatility zero: intrinsic value. Forward 94,000 now; at -15 % it is 25,500 + 64,000.
    assert found.value[0] == 4_000.0
    assert found.profit[0] == pytest.approx([-4_000.0, 0.0, 4_500.0, 1_500.0, 90_000.0], abs=1e-9)


def test_a_wholly_fixed_settlement_does_not_move() -> None:
    snap = market({"X": marks()}, DOLLAR, floating=0.0, fixed=96_000.0)
    found = grid_table({"X": option(30, 95_000, pair=DOLLAR)}, snap, GRID, RULE)
    still = [s for s, move in enumerate(GRID.vol_moves) if move is VolMove.NONE]
    assert np.all(found.profit[0, still] == 0.0)
    assert found.profit[0, 0] == found.profit[0, 2] > 0.0  # volatility alone


def test_discounting_and_its_floor() -> None:
    mine, snap = option(30, 95_000, pair=DOLLAR), market({"X": marks()}, DOLLAR, rate=-0.10)
    plain = one(mine, snap)
    factor = math.exp(0.10 * 30 / 365)
    discounted = one(mine, snap, rules=GridRules(discounted=True))
    assert discounted.value[0] == pytest.approx(plain.value[0] * factor, rel=1e-14)
    assert discounted.profit[0] == pytest.approx(plain.profit[0] * factor, rel=1e-12, abs=1e-9)
    floored = one(mine, snap, rules=GridRules(discounted=True, lowest_rate_annual=0.0))
    assert floored.value[0] == plain.value[0]


def test_elapsed_time_decays_and_past_expiry_leaves_intrinsic_value() -> None:
    mine, snap = option(30, 95_000, pair=DOLLAR), market({"X": marks()}, DOLLAR)
    day = one(mine, snap, rules=GridRules(elapsed_ns=DAY))
    worth = 2 * black(FORWARD, 95_000.0, 0.6 * math.sqrt(29 / 365), True)
    assert day.profit[0, 1] == pytest.approx(worth - day.value[0], abs=1e-8)
    late = one(mine, snap, rules=GridRules(elapsed_ns=31 * DAY))
    assert late.profit[0, 2] + late.value[0] == pytest.approx(2 * (FORWARD * 1.15 - 95_000))


def test_volatility_sources_and_who_stands_in() -> None:
    mine, fit = option(30, 100_000), surface()
    fitted = float(at_strike(fit, 100_000.0, END).volatility)
    both = replace(market({"X": marks(0.9)}), surfaces={(fit.pair, fit.settle): fit})
    unmarked = replace(both, quotes={})
    found = {s: one(mine, both, rules=GridRules(vol_source=s)).sigma[0] for s in VolSource}
    assert found[VolSource.MARK] == found[VolSource.MARK_ONLY] == 0.9
    assert found[VolSource.SURFACE] == found[VolSource.SURFACE_ONLY] == fitted
    stands_in = {s: one(mine, unmarked, rules=GridRules(vol_source=s)) for s in VolSource}
    assert stands_in[VolSource.MARK].sigma[0] == fitted
    assert stands_in[VolSource.MARK_ONLY].reason[0] == MarginReason.NO_VOLATILITY
    only = one(mine, market({"X": marks(0.9)}), rules=GridRules(vol_source="surface_only"))  # type: ignore[arg-type]
    assert only.reason[0] == MarginReason.NO_VOLATILITY


def test_the_surface_tells_the_forward_where_no_quote_does() -> None:
    found = one(option(30, 100_000), snapshot(surface(), quotes={"X": marks()}))
    assert found.forward[0] == 96_300.0


def perpetual(pair: Pair = DOLLAR) -> Perpetual:
    inverse = pair == COIN
    return Perpetual(
        pair=pair,
        settle="HELM" if inverse else "USDC",
        payoff=Payoff.INVERSE if inverse else Payoff.LINEAR,
        contract_size=Decimal(100) if inverse else Decimal("0.5"),
    )


def test_delta_one_stops_at_its_own_moves() -> None:
    snap = market({"X": marks(mark=80_000.0)})
    linear = one(perpetual(), snap)
    assert linear.profit[0] == pytest.approx([-6_000, 0, 6_000, 2_000, 6_000], rel=1e-14)
    assert (linear.value[0], linear.delta[0]) == (0.0, 0.5)
    inverse = one(perpetual(COIN), snap)
    q = 100 / 80_000
    moves = [-0.15, 0, 0.15, 0.05, 0.15]
    assert inverse.profit[0] == pytest.approx([q * x / (1 + x) for x in moves], rel=1e-12)
    assert inverse.delta[0] == pytest.approx(q)
    spot = one(Spot(pair=DOLLAR), snap)
    assert (spot.value[0], spot.delta[0]) == (80_000.0, 1.0)
    assert spot.profit[0, 4] == pytest.approx(12_000.0)


def quanto() -> Option:
    return replace(option(30, 95_000), payoff=Payoff.QUANTO, settle="OTHER")


@pytest.mark.parametrize(
    ("instrument", "snap", "reason"),
    [
        (option(30, 95_000), market({}), MarginReason.NO_VOLATILITY),
        (option(30, 95_000), market({"X": marks(-0.1)}), MarginReason.NO_VOLATILITY),
        (option(30, 95_000), market({"X": marks(1e9)}), MarginReason.NO_VOLATILITY),
        (option(31, 95_000), market({"X": marks()}), MarginReason.NO_FORWARD),
        (option(30, 95_000), market({"X": marks()}, floating=0.0), MarginReason.NO_FORWARD),
        (option(0, 95_000), market({"X": marks()}), MarginReason.EXPIRED),
        (option(150, 95_000), snapshot(quotes={"X": marks()}), MarginReason.BEYOND_SURFACE),
        (
            option(30, 95_000),
            snapshot(surface(at_ns=AT - 1)),
            MarginReason.STALE_SURFACE,
        ),
        (quanto(), market({"X": marks()}), MarginReason.NOT_MARGINED),
        (perpetual(), market({}), MarginReason.NO_MARK),
        (perpetual(), market({"X": marks(mark=0.0)}), MarginReason.NO_MARK),
        (perpetual(), market({"X": marks(mark=-5.0)}), MarginReason.NO_MARK),
        (perpetual(), market({"X": marks(mark=float("inf"))}), MarginReason.NO_MARK),
        (
            Future(
                pair=DOLLAR,
                settle="USDC",
                payoff=Payoff.LINEAR,
                contract_size=Decimal(1),
                expiry_ns=AT,
            ),
            market({"X": marks()}),
            MarginReason.EXPIRED,
        ),
    ],
)
def test_what_is_missing_is_a_reason(
    instrument: Instrument, snap: MarketSnapshot, reason: MarginReason
) -> None:
    healthy = {"P": perpetual(), "X": instrument, "Q": perpetual(COIN)}
    quotes = {"P": marks(), "Q": marks(), **snap.quotes}
    found = grid_table(healthy, replace(snap, quotes=quotes), GRID, RULE)
    assert found.reason.tolist() == [0, reason, 0]
    assert np.isnan(found.profit[1]).all()
    assert np.isnan(found.value[1])
    assert np.isfinite(found.profit[[0, 2]]).all()


def test_a_surface_from_the_future_is_wrong_use() -> None:
    with pytest.raises(UsageError, match="later than the snapshot"):
        one(option(30, 95_000), snapshot(surface(at_ns=AT + 1)))


def test_skew_scenarios_take_their_factors_from_a_function() -> None:
    grid = RiskGrid(
        names=("tilt", "bend"),
        price_moves=np.zeros(2),
        vol_moves=(VolMove.SKEW_LINEAR, VolMove.SKEW_ABS),
        fraction=np.ones(2),
    )
    options = {str(k): option(30, k, pair=DOLLAR) for k in (80_000, 96_000, 110_000)}
    snap = market({str(k): marks() for k in (80_000, 96_000, 110_000)}, DOLLAR)

    def skew(move: VolMove, k: FloatArray, tau: FloatArray) -> FloatArray:
        return np.asarray(1.0 + (k if move is VolMove.SKEW_LINEAR else np.abs(k)) * np.sqrt(tau))

    found = grid_table(options, snap, grid, RULE, skew=skew)
    root = math.sqrt(30 / 365)
    for row, strike in enumerate((80_000.0, 96_000.0, 110_000.0)):
        k = math.log(strike / FORWARD)
        for column, tilt in enumerate((k, abs(k))):
            vol = 0.6 * (1 + tilt * root)
            worth = 2 * black(FORWARD, strike, vol * root, True)
            assert found.value[row] + found.profit[row, column] == pytest.approx(worth, abs=1e-7)
    with pytest.raises(UsageError, match="skew"):
        grid_table(options, snap, grid, RULE)
    with pytest.raises(UsageError, match="factors"):
        grid_table(options, snap, grid, RULE, skew=lambda _, k, __: k)


def test_in_numeraire_values_a_coin_at_its_own_scenario_price() -> None:
    snap = market({"X": marks(), "P": marks(mark=95_000.0)})
    table = grid_table({"X": option(30, 90_000), "P": perpetual(COIN)}, snap, GRID, RULE)
    moves = np.broadcast_to(GRID.price_moves, table.profit.shape)
    found = in_numeraire(table, np.array([95_000.0, 95_000.0]), moves)
    then = (table.value[:, None] + table.profit) * 95_000.0 * (1 + GRID.price_moves)
    assert found.profit == pytest.approx(then - 95_000.0 * table.value[:, None], rel=1e-12)
    # An inverse perpetual of N dollars gains N x in dollars, whatever the coin does.
    assert found.profit[1, [0, 2]] == pytest.approx([-15.0, 15.0], rel=1e-12)
    lost = in_numeraire(table, np.array([np.nan, 95_000.0]), moves)
    assert lost.reason.tolist() == [MarginReason.NO_CURRENCY_PRICE, 0]


def test_stacked_tables_lie_in_the_order_asked() -> None:
    snap = market({"X": marks(), "P": marks(), "Q": marks()})
    first = grid_table({"X": option(30, 90_000), "P": perpetual(COIN)}, snap, GRID, RULE)
    second = grid_table(
        {"Q": perpetual()}, snap, replace(GRID, price_moves=GRID.price_moves / 2), RULE
    )
    found = stacked([first, second], ("P", "Q", "X"))
    assert found.markets == ("P", "Q", "X")
    assert found.settle == ("HELM", "USDC", "HELM")
    assert np.array_equal(
        found.profit, np.vstack([first.profit[1], second.profit[0], first.profit[0]])
    )
    with pytest.raises(UsageError, match="each market once"):
        stacked([first, second], ("P", "Q"))


def test_the_last_second_and_the_wildest_rule_give_numbers() -> None:
    last = AT + 10**9
    mine = replace(option(30, 95_000, pair=DOLLAR), expiry_ns=last)
    snap = market({"X": marks(999.0)}, DOLLAR, end=last)
    wild = VolRule(range_up=3.0, range_down=1.0, short_power=1.0, floor_days=0.0)
    found = grid_table({"X": mine}, snap, GRID, wild)
    assert found.reason.tolist() == [0]
    assert np.isfinite(found.profit).all()
    # A call is worth no more than its forward.
    assert found.value[0] + found.profit[0, 2] <= 2 * FORWARD * 1.15 + 1e-6


def test_no_instruments_and_no_silent_gap() -> None:
    assert len(grid_table({}, market({}), GRID, RULE)) == 0
    table = one(perpetual(), market({"X": marks()}))
    with pytest.raises(UsageError, match="NaN with a reason"):
        replace(table, profit=np.full((1, 5), np.nan))
