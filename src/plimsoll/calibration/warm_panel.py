"""Fitted state of a venue's forecaster: one market is calibrated anew after a bar, without a fit.

A set comes from the nightly calibration. Between two of them the state takes bar by bar, and any
market's tiers can be solved from where it stands. Young markets, and those that take the class
floor, keep the numbers of the last calibration; so do weights of time scales and standard errors
in proportion to the margin, and multipliers of the level. A margin policy is carried on where its
tools lie on the forecaster's own margins (`plimsoll.calibration.warm_policy`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.calibration.add_ons.outage_levels import OutageLevels
from plimsoll.calibration.blend_risk import MarketLegs, PanelHistories, blend_risk
from plimsoll.calibration.forecast import forecast_tasks
from plimsoll.calibration.panel_paths import Leg, model_of_leg
from plimsoll.calibration.problem import (
    CalibrationProblem,
    CorrectionName,
    MarketSpec,
    VolatilityModel,
)
from plimsoll.calibration.raised_level import raised_level
from plimsoll.calibration.risk_paths import RiskPaths, loss_of_move
from plimsoll.calibration.set_plan import OrderPlan
from plimsoll.calibration.solve import MarketSolution, SolvedTable, solve
from plimsoll.calibration.warm_panel_order import Place, ordered, standing
from plimsoll.calibration.warm_policy import MarketDays, WarmPolicy
from plimsoll.domain.anti_procyclicality import AntiProcyclicality
from plimsoll.domain.ports import SILENT, Executor, Progress
from plimsoll.domain.tiers import TierTable
from plimsoll.errors import InsufficientDataError, ParameterError, UsageError
from plimsoll.estimators.reference.default_model import default_at, revision_at
from plimsoll.estimators.reference.fitted_log_blend import FittedLogBlend
from plimsoll.estimators.reference.panel import ReturnsPanel, returns_panel

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
        Of the last calibration, one day: with the policy in force, without multipliers.
    policy : WarmPolicy or None
        In force; None: the forecaster as it is.
    outages : OutageLevels or None
        Multipliers of the level.
    """

    problem: CalibrationProblem
    specs: Mapping[str, MarketSpec]
    legs: MarketLegs
    fitted: Mapping[Leg, FittedLogBlend]
    paths: RiskPaths
    policy: WarmPolicy | None = None
    outages: OutageLevels | None = None

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
        incumbent: TierTable | Mapping[str, TierTable] | None = None,
        *,
        coverage_rejected: bool = False,
        days: MarketDays | None = None,
        others: Mapping[Place, TierTable] | None = None,
    ) -> MarketSolution:
        """Solve one market from where the state stands.

        Parameters
        ----------
        incumbent : TierTable or mapping of str to TierTable, optional
            In force: changes that are noise against it are frozen. A market of several tables has
            them by key (`plimsoll.calibration.assembly.needs.table_key`).
        coverage_rejected : bool
            The incumbent's coverage is rejected: tightenings are not frozen.
        days : MarketDays, optional
            Midnights since the calibration, as `taken` gathers them; a policy needs them.
        others : mapping of (str, str) to TierTable, optional
            Tables of the other markets, by market and prefix: where the venue states an order, the
            safer of them are floors of this market's.

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
        tables = {market: incumbent} if isinstance(incumbent, TierTable) else incumbent or {}
        day = self.day(column, days)
        solution = solve(problem, day, {}, tables, coverage_rejected=coverage_rejected)[0]
        stay = self.standing(others or {})
        if not stay or not solution.tables:
            return solution
        return ordered(problem, solution, stay, coverage_rejected=coverage_rejected)

    def standing(self, others: Mapping[Place, TierTable]) -> tuple[SolvedTable, ...]:
        """Return other markets' tables as parties to the venue's order; none without an order."""
        plan = self.problem.plan
        if plan is None or plan.order == OrderPlan():
            return ()
        return standing(self.problem, self.specs, others)

    def day(self, column: int, days: MarketDays | None = None) -> RiskPaths:
        """One market's risk now, as a path of one day, with policy and multipliers."""
        market = self.paths.markets[column]
        class_of = {market: self.specs[market].risk_class}
        return raised_level(self._day(column, days), class_of, self.outages)

    def forecast(self, column: int) -> FloatArray:
        """(2, 2) the forecaster's own margins of a market: of its close-out, of the reaction."""
        legs = (self.legs.maintenance[column], self.legs.reaction[column])
        return np.array([self._risk(leg, column)[0][0, 0] for leg in legs])

    def volatilities(self) -> FloatArray:
        """(N,) volatility of a day now; of markets without a number of their own, the state's."""
        out: FloatArray = self.paths.volatility_daily[-1].copy()
        for leg in dict.fromkeys(self.legs.maintenance):
            fitted = self.fitted[leg]
            daily = np.exp(fitted.log_scale) * np.sqrt(fitted.bars_per_day / fitted.horizon_bars)
            place = {market: at for at, market in enumerate(fitted.markets)}
            for column, market in enumerate(self.paths.markets):
                own = self.legs.maintenance[column] == leg and self.paths.mature[-1, column]
                if own and np.isfinite(daily[place[market]]):
                    out[column] = daily[place[market]]
        return out

    def _day(self, column: int, days: MarketDays | None) -> RiskPaths:
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
        if not old.mature[-1, column] or self.time_ns == int(old.time_ns[-1]):
            return one
        maintenance, daily = self._risk(self.legs.maintenance[column], column)
        reaction, _ = self._risk(self.legs.reaction[column], column)
        if self.policy is not None:
            if days is None:
                raise UsageError(
                    "must be given where a margin policy is in force", found="none", field="days"
                )
            maintenance, reaction = self.policy.margins(column, days, reaction)
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
    check_warm(problem)
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
    fitted = fitted_legs(panel, legs.all, executor, progress)
    return WarmPanel(problem=problem, specs=specs, legs=legs, fitted=fitted, paths=last_day(paths))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _FitTask:
    """One leg, ready to travel to a worker."""

    panel: ReturnsPanel
    leg: Leg


def _fitted_leg(task: _FitTask) -> FittedLogBlend:
    panel, leg = task.panel, task.leg
    model = default_at(int(panel.time_ns[-1]))
    return model_of_leg(model, leg, panel.interval_ns).fit(panel, leg.horizon_hours)


def fitted_legs(
    panel: ReturnsPanel, legs: Sequence[Leg], executor: Executor, progress: Progress = SILENT
) -> dict[Leg, FittedLogBlend]:
    """Return the forecaster of every leg as it stands at the panel's last midnight."""
    tasks = [_FitTask(panel=panel, leg=leg) for leg in legs]
    names = [str(leg) for leg in legs]
    found = executor.map(_fitted_leg, tasks, progress, label="keep warm", names=names)
    return dict(zip(legs, found, strict=True))


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


def check_warm(problem: CalibrationProblem, policy: str | None = None) -> None:
    """Refuse a problem whose margins need more of the past than a state keeps.

    Raises
    ------
    ParameterError
        For another model, a correction, a tool, or an appetite whose ``policy`` is not named.
    """
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
        (problem.appetite is not None and policy is None, "appetite", "stated"),
    )
    for wrong, field, found in asked:
        if wrong:
            raise ParameterError(
                "must be log_blend without correction, tools and appetite, to be kept warm",
                found=found,
                field=field,
                remedy="calibrate the whole venue instead",
            )
