"""Volatilities of all markets, one pass for every horizon: at steps, at boundaries, at each bar.

The pass is that of `plimsoll.estimators.reference.log_blend`, which makes it anew for each horizon;
numbers agree with it to the last bit. Markets are taken a few at a time, so that memory does not
grow with the length of the history.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.field_summary import field_summary
from plimsoll.estimators.horizon.price_record import Boundaries
from plimsoll.estimators.reference.log_blend import LogBlend
from plimsoll.estimators.reference.log_scales import log_scale
from plimsoll.estimators.reference.panel import ReturnsPanel
from plimsoll.estimators.reference.steps import grid_steps
from plimsoll.maths.blended_volatility import (
    EwmaState,
    fresh_state,
    log_volatilities,
    log_volatility_path,
)

FloatArray = NDArray[np.float64]

_AT_ONCE = 50


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScalePaths:
    """Log volatilities per bar on K + 1 scales, the long one last.

    Parameters
    ----------
    steps : Boundaries
        S steps at which the forecaster learns.
    at_steps : (S, N, K + 1) float64
    at_bars : (R, N, K + 1) float64
        Of the last R bars, each from the bars before it.
    first_bar : int
        The first of those R bars.
    state : EwmaState
        After the last bar.
    """

    steps: Boundaries
    at_steps: FloatArray
    at_bars: FloatArray
    first_bar: int
    state: EwmaState

    __repr__ = field_summary


def scale_paths(panel: ReturnsPanel, blend: LogBlend, recent_bars: int) -> ScalePaths:
    """Return the volatilities of a panel that ends at a step of the forecaster."""
    steps = grid_steps(panel, blend.step_hours)
    last = int(steps.bars[-1])
    first = max(1, last - recent_bars)
    bars = np.union1d(steps.bars, np.arange(first, last + 1))
    decays, rules = blend.decays(panel.bars_per_day), blend.ewma_rules(panel.bars_per_day)
    count = len(panel.markets)
    at_steps = np.empty((len(steps), count, decays.size))
    at_bars = np.empty((last - first, count, decays.size))
    rows, recent = np.searchsorted(bars, steps.bars), np.searchsorted(bars, np.arange(first, last))
    states = []
    for start in range(0, count, _AT_ONCE):
        some = slice(start, min(start + _AT_ONCE, count))
        price = np.array(panel.price[some], order="C")
        state = fresh_state(price.shape[0], decays.size)
        path = log_volatility_path(state, price, bars, decays, rules)
        at_steps[:, some] = path[:, rows].transpose(1, 0, 2)
        at_bars[:, some] = path[:, recent].transpose(1, 0, 2)
        states.append(state)
    joined = EwmaState(*(np.concatenate(parts) for parts in zip(*states, strict=True)))
    return ScalePaths(
        steps=steps, at_steps=at_steps, at_bars=at_bars, first_bar=first, state=joined
    )


def standardised_returns(
    panel: ReturnsPanel, paths: ScalePaths, weights: FloatArray, reach: tuple[float, float]
) -> FloatArray:
    """(R, N) one-bar log returns over the volatility forecast before each; NaN where there is none.

    Parameters
    ----------
    weights : (S, K) float64
        Of the short scales at each step; a bar uses those of the last step before it.
    reach : (float, float)
        Lowest and highest log distance of the blend from the long scale.
    """
    first, last = paths.first_bar, int(paths.steps.bars[-1])
    latest = np.searchsorted(paths.steps.bars, np.arange(first, last), side="right") - 1
    blend = log_scale(paths.at_bars, weights[np.maximum(latest, 0)], 1, reach)
    step = np.diff(panel.price[:, first - 1 : last], axis=1).T
    return np.ascontiguousarray(step / np.exp(blend))


def bar_volatilities(
    panel: ReturnsPanel, blend: LogBlend, weights: FloatArray, recent_bars: int
) -> FloatArray:
    """(R + 1, N) volatility of each of the last R bars, forecast before it, and of the next one.

    NaN before a market is warm, two days after its last print, and where it never moved.

    Parameters
    ----------
    panel : ReturnsPanel
        It ends at a step of the forecaster.
    weights : (K,) float64
        Of the short scales, in force at its end: the past is measured as the present is.
    recent_bars : int
        R, or as many as there are.
    """
    paths = scale_paths(panel, blend, recent_bars)
    rules = blend.ewma_rules(panel.bars_per_day)
    bars = np.concatenate([paths.at_bars, log_volatilities(paths.state, rules)[None]])
    same = np.broadcast_to(weights, (bars.shape[0], weights.size))
    return np.ascontiguousarray(np.exp(log_scale(bars, same, 1, blend.reach)))
