"""Risk paths of the panel's forecaster: the seasoned, the young, and those who get the floor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.class_floor import Youth, class_floor
from plimsoll.calibration.forecast import ForecastTask, tool_tails
from plimsoll.calibration.panel_paths import Leg, LegPath, leg_paths
from plimsoll.calibration.problem import CalibrationProblem, VolatilityModel
from plimsoll.calibration.risk_paths import (
    RiskPaths,
    age_days,
    listed_by_day,
    losses_of_moves,
    with_tool_tails,
)
from plimsoll.calibration.young_paths import first_day, with_young, young_paths
from plimsoll.domain.instrument import Payoff
from plimsoll.domain.market import MarketHistory
from plimsoll.domain.ports import SILENT, Executor, Progress
from plimsoll.errors import UsageError
from plimsoll.estimators.horizon.price_record import Boundaries
from plimsoll.estimators.horizon.scaled_tail import TailPath
from plimsoll.estimators.reference.panel import returns_panel

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

LABEL = f"forecast ({VolatilityModel.LOG_BLEND.value})"
CAME_AFTER_DAYS = 1.0
"""A market whose first bar comes later was seen to be listed; others were there already."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PanelHistories:
    """Histories that a forecast rests on.

    Parameters
    ----------
    own : MarketHistory
        Markets that are calibrated.
    lent : MarketHistory or None
        The same and further markets that only inform the pool, on the same bars.
    """

    own: MarketHistory
    lent: MarketHistory | None = None

    def __post_init__(self) -> None:
        lent = self.lent
        if lent is None:
            return
        missing = [m for m in self.own.markets if m not in lent.markets]
        if missing or not np.array_equal(lent.time_ns, self.own.time_ns):
            raise UsageError(
                "must hold every calibrated market, on the same bars",
                found=f"without {', '.join(missing)}" if missing else "other bars",
                field="lent",
            )

    @property
    def pool(self) -> MarketHistory:
        """All markets."""
        return self.lent or self.own

    @property
    def columns(self) -> list[int]:
        """Column in the pool of each calibrated market."""
        place = {market: j for j, market in enumerate(self.pool.markets)}
        return [place[market] for market in self.own.markets]


def blend_risk(
    histories: PanelHistories,
    days: Boundaries,
    tasks: Sequence[ForecastTask],
    problem: CalibrationProblem,
    class_of: Mapping[str, str],
    payoff_of: Mapping[str, Payoff],
    executor: Executor,
    progress: Progress = SILENT,
    *,
    rows: IntArray | None = None,
) -> RiskPaths:
    """Forecast every market on every day, or on the days ``rows``, as it was known.

    Parameters
    ----------
    tasks : sequence of ForecastTask
        Of the calibrated markets, for the tools that look at unscaled moves.
    """
    own, pool = histories.own, histories.pool
    legs = MarketLegs.of(own.markets, problem, class_of)
    paths = leg_paths(returns_panel(pool), legs.all, executor, progress, label=LABEL, rows=rows)
    youth = young_mask(pool, days, problem.short_history.minimum_days)
    young = young_paths(pool, legs.all, problem.short_history.minimum_days)
    spoke = np.zeros(youth.shape, dtype=bool)
    if young:
        joined = {
            leg: with_young(path, young[leg], youth, days.bars_per_day)
            for leg, path in paths.items()
        }
        paths = {leg: path for leg, (path, _) in joined.items()}
        spoke = np.logical_and.reduce([known for _, known in joined.values()])
    columns = histories.columns
    found = _Found(
        maintenance=gathered(paths, legs.maintenance, columns),
        reaction=gathered(paths, legs.reaction, columns),
        young=youth[:, columns],
        pooled=spoke[:, columns],
        listed=listed_by_day(own, days),
    )
    tails = executor.map(partial(tool_tails, problem=problem), list(tasks))
    payoffs = [payoff_of[market] for market in own.markets]
    classes = np.array([class_of[market] for market in own.markets])
    return _with_floors(found, own.markets, days, payoffs, classes, tails, problem)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketLegs:
    """Legs of each market: over the close-out, and over the user's reaction time."""

    maintenance: tuple[Leg, ...]
    reaction: tuple[Leg, ...]

    @classmethod
    def of(
        cls, markets: Sequence[str], problem: CalibrationProblem, class_of: Mapping[str, str]
    ) -> MarketLegs:
        """Read them off the classes of the markets."""
        classes = [problem.classes[class_of[market]] for market in markets]
        return cls(
            maintenance=tuple(
                Leg(horizon_hours=c.maintenance_horizon_hours, level=problem.maintenance_level)
                for c in classes
            ),
            reaction=tuple(
                Leg(horizon_hours=c.reaction_horizon_hours, level=problem.reaction_level)
                for c in classes
            ),
        )

    @property
    def all(self) -> tuple[Leg, ...]:
        """Each once."""
        return tuple(sorted({*self.maintenance, *self.reaction}))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Found:
    """Both legs of the calibrated markets; (D, N) young, peers spoke, listed."""

    maintenance: LegPath
    reaction: LegPath
    young: BoolArray
    pooled: BoolArray
    listed: BoolArray


def young_mask(history: MarketHistory, days: Boundaries, minimum_days: int) -> BoolArray:
    """(D, N) listed, seen to come to the market, and younger than so many days."""
    came = first_day(history) > CAME_AFTER_DAYS
    young = age_days(history, days) < minimum_days
    return np.asarray(listed_by_day(history, days) & came & young)


def gathered(paths: Mapping[Leg, LegPath], legs: Sequence[Leg], columns: Sequence[int]) -> LegPath:
    """Put each market's own leg together; ``columns`` are their places in the paths."""
    chosen = [(paths[leg], j) for leg, j in zip(legs, columns, strict=True)]
    return LegPath(
        move=np.stack([path.move[:, j] for path, j in chosen], axis=1),
        log_error=np.stack([path.log_error[:, j] for path, j in chosen], axis=1),
        volatility_daily=np.stack([path.volatility_daily[:, j] for path, j in chosen], axis=1),
        cold=np.stack([path.cold[:, j] for path, j in chosen], axis=1),
    )


def losses_of_leg(leg: LegPath, payoffs: Sequence[Payoff]) -> tuple[FloatArray, FloatArray]:
    """(D, N, 2) losses and their standard errors."""
    unit = np.ones(leg.volatility_daily.shape)
    return losses_of_moves(leg.move, leg.move * leg.log_error, unit, payoffs)


def _with_floors(
    found: _Found,
    markets: tuple[str, ...],
    days: Boundaries,
    payoffs: Sequence[Payoff],
    classes: NDArray[np.str_],
    tails: Sequence[tuple[TailPath | None, TailPath | None]],
    problem: CalibrationProblem,
) -> RiskPaths:
    """Losses with the tools in force; the class floor for the listed who have no number."""
    listed = found.listed
    owed = listed & (found.young | found.maintenance.cold)
    youth = Youth(
        young=owed,
        listed=listed,
        classes=classes,
        quantile=problem.short_history.class_quantile,
        minimum_donors=problem.short_history.minimum_donors,
        lending=listed & ~found.young,
    )
    floors = []
    for leg in (found.maintenance, found.reaction):
        loss, error = losses_of_leg(leg, payoffs)
        loss = np.where(listed[:, :, None], loss, np.nan)
        if leg is found.maintenance:
            stressed, long = [one for one, _ in tails], [one for _, one in tails]
            loss = with_tool_tails(loss, stressed, long, payoffs, problem)
        floors.append((loss, class_floor(loss, error, youth, only_missing=True)))
    (bare, maintenance), (_, reaction) = floors
    daily = found.maintenance.volatility_daily[:, :, None]
    missing = owed & np.isnan(bare).all(axis=2)
    return RiskPaths(
        time_ns=days.time_ns,
        markets=markets,
        maintenance=maintenance.path,
        reaction=reaction.path,
        maintenance_error=maintenance.error,
        reaction_error=reaction.error,
        volatility_daily=class_floor(daily, daily, youth, only_missing=True).path[:, :, 0],
        floored=missing & np.isfinite(maintenance.path).any(axis=2),
        mature=listed & ~found.young & ~found.maintenance.cold,
        pooled=found.pooled,
    )
