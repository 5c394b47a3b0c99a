"""Joint scenarios over a margin period, out of a filtered panel.

Rows are dates: a scenario takes the residuals of all markets on the same dates, which keeps how
they depend on each other, tails included, without a model of it.

`Method.RECURSION`  draws a date for each bar and runs every market's own variance recursion along
                    the path (Barone-Adesi, Giannopoulos and Vosper, 1999).
`Method.OVERLAP`    takes moves over as many consecutive bars as they happened, times the forecast
                    volatility of the period now over that of then (Hull and White, 1998).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.choice import chosen
from plimsoll.domain.field_summary import field_summary
from plimsoll.domain.scenario import Factor, ScenarioSet
from plimsoll.errors import EstimationError, InsufficientDataError, ParameterError
from plimsoll.estimators.reference.marginal_curves import MarginalCurves
from plimsoll.maths.path_moves import (
    PathDraws,
    VarianceColumns,
    WindowScaling,
    recursed_moves,
    window_moves,
)
from plimsoll.maths.path_rows import drawn_rows, stratified_rows
from plimsoll.scenarios.joint_history.marginals import Marginals, forecast_moves, forecast_panel
from plimsoll.scenarios.joint_history.outcome import JointReason, MarketOutcome
from plimsoll.scenarios.joint_history.panel import FilteredPanel
from plimsoll.scenarios.joint_history.recursion import horizon_variance
from plimsoll.scenarios.joint_history.streams import stream_seed
from plimsoll.scenarios.stressed import StressWindow

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

LARGEST_LOG_MOVE = 30.0
"""Beyond it a market has no scenarios: e^-30 of a price is nothing, e^30 of it is no price."""


class Method(StrEnum):
    """Which of both variants; see the module text."""

    RECURSION = "recursion"
    OVERLAP = "overlap"


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """How scenarios are drawn.

    Parameters
    ----------
    horizon_bars : int
        The margin period of risk.
    method : Method
    count : int or None
        Scenarios in all, mirrored ones included; None, for OVERLAP: every window once, and weights
        by age are the scenarios' own.
    seed : int
    antithetic : bool
        Every scenario also with the signs of all residuals turned round.
    lowest_ratio, highest_ratio : float
        Bounds of volatility now (or along the path) over volatility then. Both 1: past shocks at
        the size they had; 0 and infinity: residuals alone count.
    half_life_bars : float or None
        Weights of dates fall by half every so many bars back from the latest; None: equal.
    block_bars : int
        Of RECURSION: consecutive dates that are drawn together.

    Raises
    ------
    ParameterError
    """

    horizon_bars: int
    method: Method = Method.OVERLAP
    count: int | None = 1_000
    seed: int = 0
    antithetic: bool = True
    lowest_ratio: float = 0.5
    highest_ratio: float = 3.0
    half_life_bars: float | None = None
    block_bars: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "method", chosen(Method, self.method, "method"))
        for name in ("horizon_bars", "block_bars"):
            if getattr(self, name) < 1:
                raise ParameterError("must be at least 1", found=getattr(self, name), field=name)
        if not 0.0 <= self.lowest_ratio <= self.highest_ratio:
            raise ParameterError(
                f"must lie in [0, highest_ratio ({self.highest_ratio})]",
                found=self.lowest_ratio,
                field="lowest_ratio",
            )
        if self.half_life_bars is not None and not 0.0 < self.half_life_bars < np.inf:
            raise ParameterError(
                "must be positive", found=self.half_life_bars, field="half_life_bars"
            )
        self._check_count()

    def _check_count(self) -> None:
        if self.count is None and self.method is Method.RECURSION:
            raise ParameterError("must be given for the recursion", found=None, field="count")
        if self.count is not None and (self.count < 1 or (self.antithetic and self.count % 2)):
            must = "must be positive, and even where antithetic"
            raise ParameterError(must, found=self.count, field="count")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class JointScenarios:
    """Scenarios, and what became of every market asked for.

    Parameters
    ----------
    scenarios : ScenarioSet
        Price factors, simple returns.
    outcomes : mapping of str to MarketOutcome
    marginals : Marginals
        Where the distribution of each single market is from.
    """

    scenarios: ScenarioSet
    outcomes: Mapping[str, MarketOutcome]
    marginals: Marginals = Marginals.HISTORY

    __repr__ = field_summary

    @property
    def reasons(self) -> dict[str, JointReason]:
        """Markets without scenarios, and why."""
        return {s: o.reason for s, o in self.outcomes.items() if o.reason}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LogMoves:
    """(S, N) log moves before they are a set, with names and weights (S,)."""

    names: tuple[str, ...]
    values: FloatArray
    weights: FloatArray

    __repr__ = field_summary


def joint_scenarios(
    panel: FilteredPanel,
    simulation: Simulation,
    *,
    window: StressWindow | None = None,
    curves: MarginalCurves | None = None,
) -> JointScenarios:
    """Draw joint scenarios.

    Parameters
    ----------
    panel : FilteredPanel
    simulation : Simulation
    window : StressWindow, optional
        Take dates of this window alone.
    curves : MarginalCurves, optional
        Each market's own distribution over the horizon (`marginals`): history gives ranks alone.

    Raises
    ------
    InsufficientDataError
        Where no run of dates is as long as a move or block, the window holds none, or no market has
        a curve.
    """
    if curves is not None:
        panel = forecast_panel(panel, curves)
    if simulation.method is Method.OVERLAP:
        moves = _overlapping(panel, simulation, window)
    else:
        moves = _recursed(panel, simulation, window)
    if curves is None:
        return as_scenarios(panel, moves)
    values = forecast_moves(panel.subjects, moves.values, moves.weights, curves)
    found = as_scenarios(panel, replace(moves, values=values))
    return replace(found, marginals=Marginals.FORECAST)


def as_scenarios(panel: FilteredPanel, moves: LogMoves) -> JointScenarios:
    """Return log moves as simple returns; markets that left the range of prices have a Reason.

    Raises
    ------
    EstimationError
        Where none is left.
    """
    size = np.maximum(moves.values.max(axis=0), -moves.values.min(axis=0))
    good = size <= LARGEST_LOG_MOVE  # a NaN is not
    if not good.any():
        raise EstimationError(
            f"some market's moves must stay within {LARGEST_LOG_MOVE:g} in logs",
            found=dict(zip(panel.subjects, size.tolist(), strict=True)),
            field="panel",
            remedy="bound highest_ratio",
        )
    values = moves.values if good.all() else moves.values[:, good]
    outcomes = dict(panel.outcomes)
    for j in np.flatnonzero(~good).tolist():
        subject = panel.subjects[j]
        outcomes[subject] = replace(outcomes[subject], reason=JointReason.BEYOND_RANGE)
    kept = [s for j, s in enumerate(panel.subjects) if good[j]]
    scenarios = ScenarioSet(
        names=moves.names,
        factors=tuple(Factor(subject=s) for s in kept),
        shocks=np.expm1(values),
        weights=moves.weights,
    )
    return JointScenarios(scenarios=scenarios, outcomes=outcomes)


def date_weights(
    panel: FilteredPanel, length: int, half_life_bars: float | None, window: StressWindow | None
) -> FloatArray:
    """(T - length + 1,) weights of dates from which ``length`` bars follow; they sum to one.

    Raises
    ------
    InsufficientDataError
        Where there is no such date.
    """
    count = len(panel) - length + 1
    if count < 1:
        raise InsufficientDataError(
            f"must have at least {length} bars", found=len(panel), field="panel"
        )
    ages = np.arange(count)[::-1]
    weights = np.ones(count) if half_life_bars is None else 0.5 ** (ages / half_life_bars)
    if window is not None:
        starts, ends = panel.start_ns[:count], panel.end_ns[length - 1 :]
        weights = np.where((starts >= window.start_ns) & (ends <= window.end_ns), weights, 0.0)
    total = float(weights.sum())
    if not total > 0.0:
        raise InsufficientDataError(
            f"must hold {length} bars in a row",
            found="none, or of no weight",
            field="panel" if window is None else f"window {window.name}",
            remedy="leave out the window, or give more history",
        )
    out: FloatArray = weights / total
    return out


def mirrored_names(names: list[str], antithetic: bool) -> tuple[str, ...]:
    """Return names, and those of their mirror images where there are some."""
    return (*names, *(f"{name} mirrored" for name in names)) if antithetic else tuple(names)


def _recursed(
    panel: FilteredPanel, simulation: Simulation, window: StressWindow | None
) -> LogMoves:
    assert simulation.count is not None
    horizon, fold = simulation.horizon_bars, 2 if simulation.antithetic else 1
    block, paths = min(simulation.block_bars, horizon), simulation.count // fold
    weights = date_weights(panel, block, simulation.half_life_bars, window)
    seed = stream_seed(simulation.seed, "paths")
    rows = drawn_rows(np.cumsum(weights), seed, paths, horizon, block)
    columns = panel.columns
    values = _along(panel, columns, simulation, rows, 1.0)
    if simulation.antithetic:
        # Without leverage a shock counts by its square: the mirrored path has the same variances.
        even = not bool(np.any(columns.gamma))
        other = (
            2.0 * horizon * columns.mean - values
            if even
            else _along(panel, columns, simulation, rows, -1.0)
        )
        values = np.concatenate([values, other])
    return LogMoves(
        names=mirrored_names([f"path {p + 1}" for p in range(paths)], simulation.antithetic),
        values=values,
        weights=np.full(simulation.count, 1.0 / simulation.count),
    )


def _along(
    panel: FilteredPanel,
    columns: VarianceColumns,
    simulation: Simulation,
    rows: IntArray,
    sign: float,
) -> FloatArray:
    """(paths, N) log moves along drawn rows (paths, h)."""
    out = np.empty((rows.shape[0], len(panel.subjects)))
    draws = PathDraws(rows, np.full(rows.shape[0], sign))
    low, high = float(simulation.lowest_ratio), float(simulation.highest_ratio)
    recursed_moves(panel.rows, draws, panel.variance_next, columns, low, high, out)
    return out


def _overlapping(
    panel: FilteredPanel, simulation: Simulation, window: StressWindow | None
) -> LogMoves:
    horizon, columns = simulation.horizon_bars, panel.columns
    weights = date_weights(panel, horizon, simulation.half_life_bars, window)
    starts, weights = _starts(weights, simulation)
    constant, slope = horizon_variance(columns, horizon)
    values, drift = np.empty((starts.size, len(panel.subjects))), columns.mean * horizon
    window_moves(
        panel.returns,
        panel.volatility,
        starts,
        horizon,
        WindowScaling(constant, slope, panel.variance_next),
        drift,
        float(simulation.lowest_ratio),
        float(simulation.highest_ratio),
        values,
    )
    if simulation.antithetic:
        values = np.concatenate([values, 2.0 * drift - values])
        weights = np.concatenate([weights, weights]) / 2.0
    names = _window_names(panel, starts, horizon, numbered=simulation.count is not None)
    return LogMoves(
        names=mirrored_names(names, simulation.antithetic), values=values, weights=weights
    )


def _starts(weights: FloatArray, simulation: Simulation) -> tuple[IntArray, FloatArray]:
    """First rows of the windows, and weights that sum to one."""
    if simulation.count is None:
        starts = np.flatnonzero(weights > 0.0).astype(np.int64)
        return starts, weights[starts]
    draws = simulation.count // (2 if simulation.antithetic else 1)
    seed = stream_seed(simulation.seed, "windows")
    return stratified_rows(np.cumsum(weights), seed, draws), np.full(draws, 1.0 / draws)


def _window_names(
    panel: FilteredPanel, starts: IntArray, horizon: int, *, numbered: bool
) -> list[str]:
    """Start and end, UTC, to the minute; numbered where a window may come twice."""
    times = (panel.start_ns[starts], panel.end_ns[starts + horizon - 1])
    begin, end = (np.datetime_as_string(t.astype("datetime64[ns]"), unit="m") for t in times)
    dates = [f"{b}Z/{e}Z" for b, e in zip(begin.tolist(), end.tolist(), strict=True)]
    return [f"{k + 1}: {d}" for k, d in enumerate(dates)] if numbered else dates
