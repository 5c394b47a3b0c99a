"""The panel's forecaster on a small panel: no future, and no knowledge of faults found later."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from plimsoll.adapters.executor import SerialExecutor
from plimsoll.calibration.panel_paths import Leg, LegPath, leg_paths
from plimsoll.domain.market import DAY_NS, HOUR_NS, NEVER_MASKED, MarketHistory, PriceKind
from plimsoll.estimators.reference.panel import returns_panel

DAYS, MARKETS = 150, 5
FIRST_NS = 19_723 * DAY_NS  # 2024-01-01
LEG = Leg(horizon_hours=8, level=0.99)


def history(close: NDArray[np.float64] | None = None) -> MarketHistory:
    rng = np.random.default_rng(3)
    moves = 0.008 * rng.standard_t(5, (24 * DAYS, MARKETS))
    own = 50.0 * np.exp(np.cumsum(moves, axis=0)) if close is None else close
    return MarketHistory(
        markets=tuple("ABCDE"),
        time_ns=FIRST_NS + HOUR_NS * np.arange(24 * DAYS, dtype=np.int64),
        interval_ns=HOUR_NS,
        close=own,
        active=np.ones(own.shape, dtype=bool),
        mask_from_ns=np.full(own.shape, NEVER_MASKED),
        price_kind=PriceKind.MARK,
    )


def path_of(one: MarketHistory) -> LegPath:
    return leg_paths(returns_panel(one), [LEG], SerialExecutor())[LEG]


def same(one: LegPath, other: LegPath, rows: slice) -> None:
    for name in ("move", "log_error", "volatility_daily", "cold"):
        np.testing.assert_array_equal(getattr(one, name)[rows], getattr(other, name)[rows], name)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_scrambled_future_changes_no_day_before_it(seed: int) -> None:
    honest, row = history(), 110
    cut = int(returns_panel(honest).boundaries.bars[row])
    rng = np.random.default_rng(seed)
    close = honest.close.copy()
    close[cut:] = rng.permutation(close[cut:]) * np.exp(rng.normal(0.0, 1.0, close[cut:].shape))
    spoiled = history(close)
    one, two = path_of(honest), path_of(spoiled)
    assert np.isfinite(one.move[row]).all()
    same(one, two, slice(0, row + 1))
    assert (one.move[row + 2] != two.move[row + 2]).any(), "the scrambling is felt later"


def test_a_bar_condemned_later_counts_until_it_is() -> None:
    """A spike that a check finds out two days after: till then it was seen, after it never was."""
    plain = history()
    panel = returns_panel(plain)
    bar, market = 24 * 120 + 5, 2
    close = plain.close.copy()
    close[bar, market] *= 1.6
    seen = history(close)
    known_ns = int(seen.available_ns[bar]) + 2 * DAY_NS
    mask = seen.mask_from_ns.copy()
    mask[bar, market] = known_ns
    later = replace(seen, mask_from_ns=mask)
    gone = mask.copy()
    gone[bar, market] = 0
    never = replace(seen, mask_from_ns=gone)
    first = int(np.searchsorted(panel.boundaries.bars, bar, side="right"))
    known = int(np.searchsorted(panel.time_ns, known_ns))
    assert 0 < known - first <= 3
    found, trusted, clean = path_of(later), path_of(seen), path_of(never)
    same(found, trusted, slice(0, known))
    same(found, clean, slice(known, None))
    assert (found.move[first, market] != clean.move[first, market]).all(), "it was believed"
