"""Fitted state of a venue's forecaster: one market is calibrated anew after a bar, without a fit.

A set comes from the nightly calibration. Between two of them the state takes bar by bar, and any
market's tiers can be solved from where it stands. Young markets, and those that take the class
floor, keep the numbers of the last calibration; so do weights of time scales and standard errors
in proportion to the margin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.calibration.blend_risk import MarketLegs, PanelHistories, blend_risk
from plimsoll.calibration.forecast import forecast_tasks
from plimsoll.calibration.panel_paths import Leg, model_of_leg
from plimsoll.calibration.problem import (
    CalibrationProblem,
    CorrectionName,
    MarketSpec,
    VolatilityModel,
)
from plimsoll.calibration.risk_paths import RiskPaths, loss_of_move
from plimsoll.calibration.solve import MarketSolution, solve
from plimsoll.domain.anti_procyclicality import AntiProcyclicality
from plimsoll.domain.ports import SILENT, Executor, Progress
from plimsoll.domain.tiers import TierTable
from plimsoll.errors import InsufficientDataError, ParameterError, UsageError
from plimsoll.estimators.reference.default_model import default_at, revision_at
from plimsoll.estimators.reference.fitted_log_blend import FittedLogBlend
from plimsoll.estimators.reference.panel import returns_panel

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WarmPanel:
    """Result of `warm_panel`; frozen, `update` returns the next state.

    Parameters
    ----------
    problem : CalibrationProblem
    specs : mapping of str to MarketSpec
        By column of the history; the parts of a split ticker have their ticker's.
    legs : MarketLegs
        Of ``paths.markets``.
    fitted : mapping of Leg to FittedLogBlend
        Of all markets of the pool.
    paths : RiskPaths
        Of the last calibration, one day.
    """

    problem: CalibrationProblem
    specs: Mapping[str, MarketSpec]
    legs: MarketLegs
    fitted: Mapping[Leg, FittedLogBlend]
    paths: RiskPaths

    @property
    def markets(self) -> tuple[str, ...]:
        """Of the pool, in the order in which `update` takes prices."""
        return next(iter(self.fitted.values())).markets

    @property
    def time_ns(self) -> int:
        """When the last bar became known."""
        return next(iter(self.fitted.values())).time_ns

    @property
    def is_stale(self) -> bool:
        """Other constants of the forecaster are in force by now: calibrate anew."""
        made = revision_at(int(self.paths.time_ns[-1])).from_ns
        return revision_at(self.time_ns).from_ns != made

    def update(self, log_price: ArrayLike) -> Self:
        """Take the next bar of all markets of the pool.

        Parameters
        ----------
        log_price : (M,) array
            Log closes, funding paid by a long taken off; NaN where a market did not print.

        Raises
        ------
        DataFormatError
        """
        following = {leg: one.update(log_price) for leg, one in self.fitted.items()}
        return replace(self, fitted=following)

    def recalibrated(
        self,
        market: str,
        incumbent: TierTable | None = None,
        *,
        coverage_rejected: bool = False,
    ) -> MarketSolution:
        """Solve one market from where the state stands.

        Parameters
        ----------
        incumbent : TierTable, optional
            In force: changes that are noise against it are frozen.
        coverage_rejected : bool
            The incumbent's coverage is rejected: tightenings are not frozen.

        Raises
        ------
        UsageError
            For a market that is not calibrated.
        """
        if market not in self.paths.markets:
            raise UsageError("must be a market of the calibration", found=market, field="market")
        column = self.paths.markets.index(market)
        spec = replace(self.specs[market], symbol=market)
        problem = replace(self.problem, markets=(spec,))
        tables = {} if incumbent is None else {market: incumbent}
        day = self._day(column)
        return solve(problem, day, {}, tables, coverage_rejected=coverage_rejected)[0]

    def _day(self, column: int) -> RiskPaths:
        """One market's risk now, as a path of one day."""
        here = slice(column, column + 1)
        old = self.paths
        one = replace(
            old,
            markets=old.markets[here],
            **{
                name: getattr(old, name)[:, here]
                for name in (
                    "maintenance",
                    "reaction",
                    "maintenance_error",
                    "reaction_error",
                    "volatility_daily",
                    "floored",
                    "mature",
                )
            },
            pooled=None if old.pooled is None else old.pooled[:, here],
        )
        if not old.mature[-1, column]:
            return one
        maintenance, daily = self._risk(self.legs.maintenance[column], column)
        reaction, _ = self._risk(self.legs.reaction[column], column)
        return replace(
            one,
            time_ns=np.array([self.time_ns], dtype=np.int64),
            maintenance=maintenance,
            reaction=reaction,
            maintenance_error=one.maintenance_error * maintenance / one.maintenance,
            reaction_error=one.reaction_error * reaction / one.reaction,
            volatility_daily=np.array([[daily]]),
        )

    def _risk(self, leg: Leg, column: int) -> tuple[FloatArray, float]:
        """(1, 1, 2) losses of a long and a short, and the volatility of a day."""
        fitted, market = self.fitted[leg], self.paths.markets[column]
        at = fitted.markets.index(market)
        loss = fitted.risk()[0][at]
        fall, rise = -np.log1p(-loss[:1]), np.log1p(loss[1:])
        scale = float(np.exp(fitted.log_scale[at]))
        daily = scale * float(np.sqrt(fitted.bars_per_day / fitted.horizon_bars))
        return loss_of_move(self.specs[market].payoff, fall, rise)[None], daily


def warm_panel(
    problem: CalibrationProblem,
    histories: PanelHistories,
    sources: Mapping[str, str],
    executor: Executor,
    progress: Progress = SILENT,
) -> WarmPanel:
    """Fit the forecaster to all that is known, and calibrate the last midnight.

    Parameters
    ----------
    histories : PanelHistories
        Ending at a midnight (UTC).
    sources : mapping of str to str
        Ticker of each calibrated column; they differ for parts of a split ticker.

    Raises
    ------
    ParameterError
        Where the problem asks for another model, a tool or a correction: they need the past.
    InsufficientDataError
        Where the history reaches over no midnight.
    """
    _check(problem)
    by_symbol = {spec.symbol: spec for spec in problem.markets}
    markets = histories.own.markets
    specs = {market: by_symbol[sources.get(market, market)] for market in markets}
    class_of = {market: spec.risk_class for market, spec in specs.items()}
    payoff_of = {market: spec.payoff for market, spec in specs.items()}
    days, tasks = forecast_tasks(histories.own, problem, class_of)
    if not len(days):
        raise InsufficientDataError("must reach over a midnight (UTC)", found=0, field="history")
    last = np.array([len(days) - 1], dtype=np.int64)
    paths = blend_risk(
        histories, days, tasks, problem, class_of, payoff_of, executor, progress, rows=last
    )
    legs, panel = MarketLegs.of(markets, problem, class_of), returns_panel(histories.pool)
    model = default_at(int(days.time_ns[-1]))
    fitted = {
        leg: model_of_leg(model, leg, panel.interval_ns).fit(panel, leg.horizon_hours)
        for leg in legs.all
    }
    return WarmPanel(problem=problem, specs=specs, legs=legs, fitted=fitted, paths=last_day(paths))


def last_day(paths: RiskPaths) -> RiskPaths:
    """Return the paths of their last day alone."""
    return replace(
        paths,
        time_ns=paths.time_ns[-1:],
        maintenance=paths.maintenance[-1:],
        reaction=paths.reaction[-1:],
        maintenance_error=paths.maintenance_error[-1:],
        reaction_error=paths.reaction_error[-1:],
        volatility_daily=paths.volatility_daily[-1:],
        floored=paths.floored[-1:],
        mature=paths.mature[-1:],
        pooled=None if paths.pooled is None else paths.pooled[-1:],
    )


def _check(problem: CalibrationProblem) -> None:
    asked: Sequence[tuple[bool, str, object]] = (
        (
            problem.model.volatility is not VolatilityModel.LOG_BLEND,
            "model.volatility",
            problem.model.volatility.value,
        ),
        (
            problem.model.correction is not CorrectionName.NONE,
            "model.correction",
            problem.model.correction.value,
        ),
        (
            problem.anti_procyclicality != AntiProcyclicality(),
            "anti_procyclicality",
            problem.anti_procyclicality.names,
        ),
        (problem.appetite is not None, "appetite", "stated"),
    )
    for wrong, field, found in asked:
        if wrong:
            raise ParameterError(
                "must be log_blend without correction, tools and appetite, to be kept warm",
                found=found,
                field=field,
                remedy="calibrate the whole venue instead",
            )
