"""Filtered history against a loop in plain Python, its joint dates, and what it may not see."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.domain.market import NEVER_MASKED, MarketHistory, PriceKind
from plimsoll.errors import InsufficientDataError, ParameterError, UsageError
from plimsoll.scenarios.historical import Filtering, filtered_history_scenarios, joint_moves

HOUR = 3_600 * 10**9
START = 1_700_000_000 * 10**9 // HOUR * HOUR
SUBJECTS = {"BTCUSDT": "BTC", "ETHUSDT": "ETH"}
FILTERING = Filtering(half_life_bars=20.0)


def history(bars: int = 200, seed: int = 1, gaps: int = 0) -> MarketHistory:
    rng = np.random.default_rng(seed)
    steps = rng.standard_t(4, (bars, 2)) * 0.01 @ np.array([[1.0, 0.7], [0.0, 0.7]])
    close = 100.0 * np.exp(np.cumsum(steps, axis=0))
    close.ravel()[rng.choice(close.size, gaps, replace=False)] = np.nan
    return MarketHistory(
        time_ns=START + HOUR * np.arange(bars),
        interval_ns=HOUR,
        markets=tuple(SUBJECTS),
        close=close,
        active=np.ones(close.shape, dtype=np.bool_),
        mask_from_ns=np.full(close.shape, NEVER_MASKED),
        price_kind=PriceKind.MARK,
    )


def by_hand(held: MarketHistory, horizon: int, filtering: Filtering) -> dict[int, list[float]]:
    """Start bar to simple moves, by the formulas of the module, bar by bar."""
    decay = 0.5 ** (1.0 / filtering.half_life_bars)
    paths = []
    for column in range(2):
        logs = [math.log(p) if p == p else None for p in held.close[:, column].tolist()]
        steps = {
            t: logs[t] - logs[t - 1]
            for t in range(1, len(logs))
            if logs[t] is not None and logs[t - 1] is not None
        }
        first = list(steps.values())[:75]
        decays = [0.94**i for i in range(len(first))]
        variance = sum(w * x * x for w, x in zip(decays, first, strict=True)) / sum(decays)
        at, every = [], [variance]
        for t in range(len(logs)):
            if t in steps:
                variance = decay * variance + (1 - decay) * steps[t] ** 2
                every.append(variance)
            at.append(variance)
        least = float(np.quantile(np.sqrt(every), 0.05))
        paths.append((logs, [max(math.sqrt(v), least) for v in at]))
    found = {}
    for t in range(len(held) - horizon):
        ends = [(logs[t], logs[t + horizon]) for logs, _ in paths]
        if any(a is None or b is None for a, b in ends):
            continue
        found[t] = [
            math.expm1(
                (b - a)
                * min(max(vol[-1] / vol[t], filtering.lowest_ratio), filtering.highest_ratio)
            )
            for (a, b), (_, vol) in zip(ends, paths, strict=True)
        ]
    return found


@pytest.mark.parametrize(("horizon", "gaps"), [(1, 0), (8, 0), (8, 25), (24, 60)])
def test_against_a_plain_loop(horizon: int, gaps: int) -> None:
    """Tolerance 1e-12: sums of logarithms of about 5."""
    held, filtering = history(gaps=gaps), replace(FILTERING, highest_ratio=1.4)
    found = filtered_history_scenarios(held, SUBJECTS, horizon_bars=horizon, filtering=filtering)
    expected = by_hand(held, horizon, filtering)
    assert len(found) == len(expected)
    np.testing.assert_allclose(found.shocks, list(expected.values()), rtol=0, atol=1e-12)
    first = np.datetime64(int(held.time_ns[next(iter(expected))]) + HOUR, "ns")
    assert found.names[0].startswith(str(first.astype("datetime64[m]")))
    assert [f.subject for f in found.factors] == ["BTC", "ETH"]


def test_joint_dates_keep_dependence() -> None:
    """Both coins of a scenario moved over the same hours: correlations are those of the history."""
    held = history(2000)
    raw = joint_moves(held, SUBJECTS, horizon_bars=4).log_moves
    open_filter = Filtering(half_life_bars=20.0, lowest_ratio=1.0, highest_ratio=1.0)
    found = filtered_history_scenarios(held, SUBJECTS, horizon_bars=4, filtering=open_filter)
    np.testing.assert_allclose(np.log1p(found.shocks), raw, atol=1e-14)
    assert np.corrcoef(raw.T)[0, 1] > 0.5


def test_volatility_of_now_scales_the_past() -> None:
    """A calm past and a wild present: moves are blown up to the bound, and the other way round."""
    calm = history(400).close[:, :1]
    steps = np.diff(np.log(calm[:, 0]), prepend=np.log(calm[0, 0]))
    wild = 100.0 * np.exp(np.cumsum(np.where(np.arange(400) >= 300, 20.0, 1.0) * steps))
    held = replace(history(400), close=np.column_stack([wild, wild]))
    found = filtered_history_scenarios(held, SUBJECTS, horizon_bars=1, filtering=FILTERING)
    logs = np.log1p(found.shocks[:, 0])
    np.testing.assert_allclose(logs[50:250], 3.0 * steps[51:251], rtol=1e-9, atol=1e-13)
    back = filtered_history_scenarios(
        held,
        SUBJECTS,
        horizon_bars=1,
        filtering=FILTERING,
        before_ns=int(held.time_ns[300]),
    )
    assert np.abs(np.log1p(back.shocks)).max() < 0.3


@settings(max_examples=25)
@given(st.integers(60, 190), st.integers(1, 8), st.integers(0, 2**16))
def test_no_look_ahead(cut: int, horizon: int, seed: int) -> None:
    """Whatever came later, bars or the knowledge that a bar was bad, changes no byte."""
    held = history(200, seed=3, gaps=10)
    rng = np.random.default_rng(seed)
    now = int(held.time_ns[cut])
    close, mask = held.close.copy(), held.mask_from_ns.copy()
    close[cut:] *= np.exp(rng.normal(size=close[cut:].shape))
    mask[rng.integers(0, 200, 30), rng.integers(0, 2, 30)] = now + 1
    other = replace(held, close=close, mask_from_ns=mask)
    asked = {"horizon_bars": horizon, "filtering": FILTERING, "before_ns": now}
    one, two = (filtered_history_scenarios(h, SUBJECTS, **asked) for h in (held, other))
    np.testing.assert_array_equal(one.shocks, two.shocks)
    assert one.names == two.names
    cut_off = replace(
        held,
        time_ns=held.time_ns[:cut],
        close=held.close[:cut],
        active=held.active[:cut],
        mask_from_ns=held.mask_from_ns[:cut],
    )
    three = filtered_history_scenarios(cut_off, SUBJECTS, horizon_bars=horizon, filtering=FILTERING)
    np.testing.assert_array_equal(one.shocks, three.shocks)


def test_mirrored_and_weighted() -> None:
    asked = {"horizon_bars": 2, "filtering": FILTERING}
    plain = filtered_history_scenarios(history(), SUBJECTS, **asked)
    both = filtered_history_scenarios(history(), SUBJECTS, antithetic=True, **asked)
    count = len(plain)
    np.testing.assert_array_equal(both.shocks[:count], plain.shocks)
    np.testing.assert_allclose(np.log1p(both.shocks).sum(axis=0), 0.0, atol=1e-12)
    aged = filtered_history_scenarios(history(), SUBJECTS, half_life_moves=10.0, **asked)
    assert aged.weights[-1] / aged.weights[-11] == pytest.approx(2.0, rel=1e-12)


def test_a_delisted_stretch_and_condemned_bars_are_no_prices() -> None:
    held = history()
    active, mask = held.active.copy(), held.mask_from_ns.copy()
    active[50:60, 1] = False
    mask[100, 0] = held.time_ns[101]
    moves = joint_moves(replace(held, active=active, mask_from_ns=mask), SUBJECTS, horizon_bars=3)
    bars = (moves.start_ns - HOUR - START) // HOUR
    gone = {*range(47, 60), 97, 100}
    assert not gone & set(bars.tolist())
    assert len(moves) == 197 - len(gone)


def test_refusals() -> None:
    held = history()
    with pytest.raises(UsageError, match="each once"):
        joint_moves(held, {"BTCUSDT": "BTC", "ETHUSDT": "BTC"}, horizon_bars=1)
    with pytest.raises(ParameterError, match="at least 1"):
        joint_moves(held, SUBJECTS, horizon_bars=0)
    with pytest.raises(InsufficientDataError, match="common to all"):
        joint_moves(held, SUBJECTS, horizon_bars=500)
    with pytest.raises(InsufficientDataError, match="at least 20 returns"):
        filtered_history_scenarios(
            held, SUBJECTS, horizon_bars=1, filtering=FILTERING, before_ns=START + 10 * HOUR
        )
    still = replace(held, close=np.full(held.close.shape, 5.0))
    with pytest.raises(InsufficientDataError, match="must move"):
        filtered_history_scenarios(still, SUBJECTS, horizon_bars=1, filtering=FILTERING)
    with pytest.raises(ParameterError, match="highest_ratio"):
        Filtering(half_life_bars=10.0, lowest_ratio=2.0, highest_ratio=1.0)
