"""What a shell prints of a night, of a forecaster and of joint scenarios is a line or two."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from plimsoll.domain.market import HOUR_NS, MarketHistory
from plimsoll.errors import DataFormatError, UsageError
from plimsoll.estimators.nightly import NightlyEstimate, NightlySettings, nightly_estimate
from plimsoll.estimators.reference.fitted_log_blend import FittedLogBlend
from plimsoll.estimators.reference.log_blend import LogBlend
from plimsoll.estimators.reference.moves import panel_moves
from plimsoll.estimators.reference.panel import ReturnsPanel, returns_panel
from plimsoll.scenarios.joint_history.filtering import filtered_panel
from plimsoll.scenarios.joint_history.prices import price_rows
from plimsoll.scenarios.joint_history.recursion import VarianceRecursion
from synthetic_panel import closes, day, history_of

DAYS = 60
LONGEST = 700
"""Characters: about seven lines of a shell; 1,000 lines were printed."""


@cache
def history() -> MarketHistory:
    return history_of(closes(DAYS, 5))


@cache
def panel() -> ReturnsPanel:
    return returns_panel(history(), every_hours=8)


@cache
def fitted() -> FittedLogBlend:
    return LogBlend().fit(panel(), 8)


@cache
def night() -> NightlyEstimate:
    return nightly_estimate(history(), NightlySettings(copula_replicates=2))


def test_a_fitted_blend_says_its_markets_horizon_and_time() -> None:
    names = panel().markets
    shown = repr(fitted())
    assert shown.startswith(f"<FittedLogBlend of 5 markets ({', '.join(names[:3])} and 2 more)")
    assert "over 8 h, as of 2022-03-02 00:00 UTC" in shown
    assert day(DAYS) == fitted().time_ns
    later = fitted().update(history().close[-1] * 0.0)
    assert "as of 2022-03-02 01:00 UTC" in repr(later)


def test_a_night_says_its_markets_horizons_and_times() -> None:
    assert "of 5 markets" in repr(night())
    assert "over 8, 24 h, as of 2022-03-02 00:00 UTC" in repr(night())
    moved = night().horizons[0].fitted.update(np.zeros(5))
    assert moved.time_ns == night().time_ns + HOUR_NS


def test_what_a_night_holds_is_short_too() -> None:
    found = night()
    parts = (
        found,
        *found.horizons,
        *found.tails,
        *(side for tails in found.tails for side in (tails.falls, tails.rises)),
        found.dependence,
        found.dependence.estimate,
        *found.fits,
    )
    for part in parts:
        assert len(repr(part)) < LONGEST, type(part).__name__
        assert "array(" not in repr(part), type(part).__name__


def test_panels_paths_and_rows_are_short() -> None:
    paths = LogBlend().paths(panel(), 8)
    rows = price_rows(history(), {name: name for name in panel().markets})
    filtered = filtered_panel(rows, VarianceRecursion.ewma(half_life_bars=24.0))
    open_moves = fitted().pending[0]
    for part in (panel(), paths, panel_moves(panel(), 8), rows, filtered, open_moves):
        assert len(repr(part)) < LONGEST, type(part).__name__
        assert "array(" not in repr(part), type(part).__name__


def test_a_bar_of_another_length_or_an_infinite_one_is_named() -> None:
    for price, found in ((np.zeros(3), r"shape \(3,\)"), (np.zeros((5, 1)), r"shape \(5, 1\)")):
        with pytest.raises(DataFormatError, match=f"5 log prices.*{found}"):
            fitted().update(price)
        with pytest.raises(DataFormatError, match=found):
            night().update(price)
    with pytest.raises(DataFormatError, match="2 infinite"):
        fitted().update([0.0, np.inf, np.nan, -np.inf, 0.0])


@pytest.mark.parametrize("verb", ["fit", "paths"])
def test_a_history_in_place_of_a_panel_is_refused_with_the_way_to_one(verb: str) -> None:
    with pytest.raises(UsageError, match=r"ReturnsPanel, found 'MarketHistory'; .*returns_panel\("):
        getattr(LogBlend(), verb)(history(), 8)


def test_a_panel_that_ends_between_steps_is_named_by_its_time() -> None:
    early = history_of(closes(DAYS, 5)[:-4])
    with pytest.raises(UsageError, match=r"2022-03-01 20:00 UTC.*every_hours=8"):
        LogBlend().fit(returns_panel(early, every_hours=1), 8)
