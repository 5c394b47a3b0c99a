"""Forecast of one market's price risk on every day of its history, each as it was known."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.problem import CalibrationProblem, ModelSettings, VolatilityModel
from plimsoll.domain.market import HOUR_NS, MarketHistory
from plimsoll.domain.ports import SILENT, Executor, Progress
from plimsoll.errors import ParameterError, UsageError
from plimsoll.estimators.horizon.price_record import (
    Boundaries,
    PriceRecord,
    boundaries,
    price_record,
)
from plimsoll.estimators.horizon.scaled_tail import ScaledTail, TailPath
from plimsoll.estimators.horizon.volatility_path import HeavyEwmaPath, VolatilityPath
from plimsoll.validation.walk_forward import WAIT_HOURS

FloatArray = NDArray[np.float64]

STRESS_WINDOW_DAYS = 90
LONG_WINDOW_DAYS = 3650


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ForecastTask:
    """One market, ready to travel to a worker."""

    market: str
    record: PriceRecord
    boundaries: Boundaries
    maintenance_bars: int
    reaction_bars: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MarketForecast:
    """Volatility and tail of one market at every boundary.

    Parameters
    ----------
    market : str
    volatility_daily : (D,) float64
        Forecast volatility of a day's log move.
    volatility : (D,) float64
        The same per bar: what the tails are scaled by.
    maintenance, reaction : TailPath
        Over the close-out horizon and over the user's reaction time.
    stressed, long : TailPath or None
        Of unscaled moves over the close-out horizon: last 90 days, and all history; only where an
        anti-procyclicality tool asks for them.
    """

    market: str
    volatility_daily: FloatArray
    volatility: FloatArray
    maintenance: TailPath
    reaction: TailPath
    stressed: TailPath | None = None
    long: TailPath | None = None


def volatility_model(settings: ModelSettings, model: VolatilityModel) -> VolatilityPath:
    """Return the filter of one market that ``model`` names.

    Raises
    ------
    UsageError
        For the blend, which pools a panel of markets.
    """
    if model is VolatilityModel.EWMA_T:
        return HeavyEwmaPath(half_life_days=settings.half_life_days, nu=settings.score_degrees)
    if model is VolatilityModel.LOG_BLEND:
        raise UsageError("must filter one market", found=model.value, field="model")
    from plimsoll.estimators.horizon.garch_path import (
        GarchPath,  # with kernels that EWMA does not need
    )

    return GarchPath(
        asymmetric=model is VolatilityModel.GJR_T,
        step_hours=settings.step_hours,
        window_days=settings.fit_window_days,
        refit_every_days=settings.refit_every_days,
        persistence_rule=settings.persistence_rule,
        variance_start=settings.variance_start,
    )


def bars_of_horizon(hours: int, interval_ns: int, field: str) -> int:
    """Return a horizon in bars.

    Raises
    ------
    ParameterError
        Where bars are longer than the horizon: they cannot test it.
    """
    bars, rest = divmod(hours * HOUR_NS, interval_ns)
    if bars < 1 or rest:
        raise ParameterError(
            f"must be a multiple of the bar length ({interval_ns / HOUR_NS:g} h)",
            found=f"{hours} h",
            field=field,
            remedy="lengthen the horizon or bring finer bars",
        )
    return bars


def forecast_tasks(
    history: MarketHistory, problem: CalibrationProblem, class_of: dict[str, str]
) -> tuple[Boundaries, list[ForecastTask]]:
    """Cut a history into one task per market; ``class_of`` names each market's risk class."""
    days = boundaries(history)
    tasks = []
    for market in history.markets:
        risk_class = problem.classes[class_of[market]]
        tasks.append(
            ForecastTask(
                market=market,
                record=price_record(history, market),
                boundaries=days,
                maintenance_bars=bars_of_horizon(
                    risk_class.maintenance_horizon_hours,
                    history.interval_ns,
                    f"classes.{risk_class.name}.maintenance_horizon_hours",
                ),
                reaction_bars=bars_of_horizon(
                    risk_class.reaction_horizon_hours,
                    history.interval_ns,
                    f"classes.{risk_class.name}.reaction_horizon_hours",
                ),
            )
        )
    return days, tasks


def forecast_market(
    task: ForecastTask, problem: CalibrationProblem, model: VolatilityModel
) -> MarketForecast:
    """Forecast one market. Pure: the same task gives the same bytes in any process."""
    days = task.boundaries
    volatility = volatility_model(problem.model, model).path(task.record, days)
    maintenance = _tail(problem, task.maintenance_bars, problem.maintenance_level, days)
    reaction = _tail(problem, task.reaction_bars, problem.reaction_level, days)
    unit = np.where(np.isfinite(volatility), 1.0, np.nan)
    stressed, long = tool_tails(task, problem, unit)
    return MarketForecast(
        market=task.market,
        volatility_daily=volatility * np.sqrt(days.bars_per_day),
        volatility=volatility,
        maintenance=maintenance.path(task.record, days, volatility),
        reaction=reaction.path(task.record, days, volatility),
        stressed=stressed,
        long=long,
    )


def tool_tails(
    task: ForecastTask, problem: CalibrationProblem, unit: FloatArray | None = None
) -> tuple[TailPath | None, TailPath | None]:
    """Return the stressed and the long tail that the tools in force ask for; None where none does.

    ``unit`` (D,) is 1 on days that have a number; by default all have.
    """
    days, tools = task.boundaries, problem.anti_procyclicality
    scale = np.ones(len(days)) if unit is None else unit
    tail = _tail(problem, task.maintenance_bars, problem.maintenance_level, days)

    def unscaled(wanted: bool, window_days: int) -> TailPath | None:
        return _unscaled(tail, window_days).path(task.record, days, scale) if wanted else None

    return (
        unscaled(tools.stress_weight != 0.0, STRESS_WINDOW_DAYS),
        unscaled(tools.long_floor, LONG_WINDOW_DAYS),
    )


def forecast_all(
    tasks: list[ForecastTask],
    problem: CalibrationProblem,
    model: VolatilityModel,
    executor: Executor,
    progress: Progress = SILENT,
) -> list[MarketForecast]:
    """Forecast every market, in order."""
    return executor.map(
        partial(forecast_market, problem=problem, model=model),
        tasks,
        progress,
        label=f"forecast ({model.value})",
        names=[task.market for task in tasks],
    )


def _tail(
    problem: CalibrationProblem, horizon_bars: int, confidence: float, days: Boundaries
) -> ScaledTail:
    return ScaledTail(
        horizon_bars=horizon_bars,
        confidence=confidence,
        wait_bars=WAIT_HOURS * days.bars_per_day // 24,
        window_days=problem.model.tail_window_days,
        tail_fraction=problem.model.tail_fraction,
        method=problem.model.tail.value,
    )


def _unscaled(tail: ScaledTail, window_days: int) -> ScaledTail:
    return ScaledTail(
        horizon_bars=tail.horizon_bars,
        confidence=tail.confidence,
        wait_bars=tail.wait_bars,
        window_days=window_days,
        tail_fraction=tail.tail_fraction,
        method="empirical",
    )
