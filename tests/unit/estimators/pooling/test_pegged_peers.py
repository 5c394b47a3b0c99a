"""Markets that hardly move, or far more than all others, leave what young markets are told alone.

Oracle: the same pool without the odd market. A young market's value-at-risk moves by at most 2 %,
the room for a bound between peers that the odd market shifts by one rank.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from listing_histories import history_of, listing_history
from plimsoll.domain.finding import Reason
from plimsoll.domain.market import MarketHistory
from plimsoll.estimators.pooling.peer_admission import (
    LEAST_LOG_ACTIVITY,
    STUCK,
    level_bounds,
    moving_peers,
)
from plimsoll.estimators.pooling.young_assessment import YoungMarketRisk, assess_young_markets
from plimsoll.estimators.pooling.young_market import MOST_LOG_MOVE, YoungMarketModel
from plimsoll.estimators.reference import log_scales

DAYS = 220
AGES = (0.25, 1.0, 5.0, 20.0, 60.0)
MODEL = YoungMarketModel(settled_rows=300)


def walk(sd: float, seed: int = 5) -> np.ndarray:
    return np.exp(np.cumsum(sd * np.random.default_rng(seed).standard_t(4, 24 * DAYS)))


def ticks() -> np.ndarray:
    """1 and the ticks beside it: no random walk at all."""
    return 1.0 + 1e-4 * np.round(np.random.default_rng(6).standard_normal(24 * DAYS))


def pulled_back() -> np.ndarray:
    """A stablecoin of the milder kind: 3 basis points an hour around its parity."""
    noise = np.random.default_rng(7).standard_t(4, 24 * DAYS)
    found = np.zeros(noise.size)
    for t in range(1, noise.size):
        found[t] = 0.9 * found[t - 1] + 3e-4 * noise[t]
    return np.exp(found)


def stopped() -> np.ndarray:
    """A coin like the others whose price stands still from day 150 on."""
    found = walk(0.01)
    found[24 * 150 :] = found[24 * 150]
    return found


def one_spike() -> np.ndarray:
    found = np.full(24 * DAYS, 5.0)
    found[24 * 100] = 9.0
    return found


PEGS = {
    "ticks": ticks,
    "1e-5": lambda: walk(1e-5),
    "1e-6": lambda: walk(1e-6),
    "1e-7": lambda: walk(1e-7),
    "mild": pulled_back,
    "spike": one_spike,
    "constant": lambda: np.ones(24 * DAYS),
}


def venue(odd: np.ndarray | None, born_day: int = 0) -> MarketHistory:
    """Ten old markets, five listings, young ones of five ages, and the odd one."""
    made = listing_history(days=DAYS, established=10, listings=5)
    columns, names = [*made.close.T], list(made.markets)
    for k, age in enumerate(AGES):
        young = 100.0 * walk(0.01, seed=20 + k)
        young[: round(24 * (DAYS - age))] = np.nan
        columns.append(young)
        names.append(f"YOUNG{age:g}")
    if odd is not None:
        columns.append(np.where(np.arange(odd.size) < 24 * born_day, np.nan, odd))
        names.append("ODD")
    close = np.array(columns).T
    listed = np.logical_or.accumulate(np.isfinite(close), axis=0)
    return history_of(close, tuple(names), listed)


def young_risks(history: MarketHistory) -> dict[str, YoungMarketRisk]:
    found = assess_young_markets(history, horizon_hours=8, confidence=0.99, model=MODEL)
    return {r.market: r for r in found if r.market.startswith("YOUNG")}


@cache
def without() -> dict[str, YoungMarketRisk]:
    return young_risks(venue(None))


def numbers(risk: YoungMarketRisk) -> list[float | None]:
    sizes = [risk.long_margin, risk.short_margin, risk.long_shortfall, risk.short_shortfall]
    return [*sizes, risk.long_error, risk.short_error]


@pytest.mark.parametrize("born_day", [0, 110, 150])
@pytest.mark.parametrize("kind", list(PEGS))
def test_a_peg_among_the_peers_changes_nothing(kind: str, born_day: int) -> None:
    """Old from the start, listed and grown old, or a past listing of seventy days."""
    found = young_risks(venue(PEGS[kind](), born_day))
    assert len(found) == len(AGES)
    for market, risk in found.items():
        assert risk.reason is None
        np.testing.assert_allclose(
            numbers(risk), numbers(without()[market]), rtol=0.02, err_msg=market
        )


def test_four_pegs_of_fourteen_old_markets_change_as_little() -> None:
    base = venue(None)
    pegs = np.array([ticks(), walk(1e-6), walk(1e-7), pulled_back()]).T
    close = np.concatenate([base.close, pegs], axis=1)
    listed = np.logical_or.accumulate(np.isfinite(close), axis=0)
    found = young_risks(history_of(close, (*base.markets, *"abcd"), listed))
    for market, risk in found.items():
        np.testing.assert_allclose(numbers(risk), numbers(without()[market]), rtol=0.02)


def test_a_coin_that_stopped_keeps_what_it_once_said() -> None:
    """It teaches until it stands still, so it is one more peer of the usual kind: 10 %."""
    for market, risk in young_risks(venue(stopped())).items():
        np.testing.assert_allclose(numbers(risk)[:2], numbers(without()[market])[:2], rtol=0.10)


@pytest.mark.parametrize(("born_day", "most"), [(0, 4.0 / 3.0), (110, 1.75)])
@pytest.mark.parametrize("sd", [0.1, 1.0])
def test_a_market_wilder_than_all_counts_as_the_wildest_usual_one(
    sd: float, born_day: int, most: float
) -> None:
    """However wild it is, it raises a newborn's number by no more than a listing 2.4 times as wild
    as the others may: the sixth of six listings, or one of eleven old markets. Its tail is in the
    pool too, which is why numbers of the others may fall a little: 7 %."""
    wild = np.exp(np.sin(np.cumsum(sd * np.log(walk(1.0)))))
    for market, risk in young_risks(venue(wild, born_day)).items():
        ratio = np.array(numbers(risk)[:2]) / np.array(numbers(without()[market])[:2])
        assert (ratio > 0.93).all(), market
        assert (ratio < most).all(), market


def test_a_young_peg_is_margined_by_its_peers_and_then_by_itself() -> None:
    close, base = venue(None).close.copy(), venue(None)
    for k, age in enumerate(AGES):
        peg = ticks()
        peg[: round(24 * (DAYS - age))] = np.nan
        close[:, base.markets.index(f"YOUNG{AGES[k]:g}")] = peg
    found = young_risks(history_of(close, base.markets, base.active))
    longs = [found[f"YOUNG{age:g}"].long_margin for age in AGES]
    assert longs[0] == pytest.approx(without()["YOUNG0.25"].long_margin, rel=0.10)
    assert longs[2] < 0.1 * longs[0]
    assert 1e-4 < longs[-1] < 2e-3


def test_a_size_of_no_market_is_a_reason() -> None:
    """Prices that go up and down by a factor of 400 each hour."""
    base = venue(None)
    close = base.close.copy()
    column = base.markets.index("YOUNG20")
    flips = np.where(np.arange(close.shape[0]) % 2, 400.0, 1.0)
    close[:, column] = np.where(np.isfinite(close[:, column]), flips, np.nan)
    found = young_risks(history_of(close, base.markets, base.active))
    assert found["YOUNG20"].reason is Reason.FIT_FAILED
    assert numbers(found["YOUNG20"]) == [None] * 6
    assert found["YOUNG20"].volatility_per_bar is None
    assert [r.reason for m, r in found.items() if m != "YOUNG20"] == [None] * 4
    path = MODEL.path(replace(base, close=close), horizon_hours=8, confidence=0.99)
    assert np.nanmax(path.shortfall_log_move) <= MOST_LOG_MOVE


def test_bounds_are_of_the_median_and_its_deviation() -> None:
    """Hampel's identifier by hand: median 0, MAD 1 of five levels."""
    level = np.array([-2.0, -1.0, 0.0, 1.0, 2.0, np.nan])
    assert level_bounds(level, 0.0) == pytest.approx((-3.5 * 1.4826, 3.5 * 1.4826))
    assert level_bounds(level, 2.0) == pytest.approx((-7.0, 7.0))
    assert level_bounds(np.array([np.nan]), 0.1) == (-np.inf, np.inf)


def test_a_peer_moves_at_all_lately_and_as_others_do() -> None:
    usual = np.full((6, 3), -5.0) + 0.1 * np.arange(6)[:, None]
    usual[0] = LEAST_LOG_ACTIVITY - 0.1  # never moved
    usual[1, 0] += STUCK - 0.1  # does not move now
    usual[2, 1] = np.nan
    usual[3] -= 3.5 * 0.5 + 0.2  # hardly moves
    found = moving_peers(usual, np.ones(6, dtype=np.bool_), 0.5)
    assert found.tolist() == [False, False, False, False, True, True]


def test_what_does_not_move_is_what_the_forecaster_says_it_is() -> None:
    assert LEAST_LOG_ACTIVITY == log_scales.LEAST_LOG_VOLATILITY
    assert STUCK == log_scales.STUCK
