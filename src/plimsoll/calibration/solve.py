"""Solve the problem on one day: tiers of every market, frozen where the change is noise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from plimsoll.calibration.freeze import FrozenTiers, freeze_tiers
from plimsoll.calibration.problem import CalibrationProblem, MarketSpec
from plimsoll.calibration.published import binding_side
from plimsoll.calibration.risk_paths import RiskPaths
from plimsoll.calibration.tier_fit import SizeCost, fit_tiers
from plimsoll.domain.finding import Reason
from plimsoll.domain.tiers import TierTable


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MarketSolution:
    """What one market gets, or why it gets nothing.

    Parameters
    ----------
    spec : MarketSpec
    reason : Reason or None
        Why there are no tiers, or why they are not the market's own; None where they are.
    frozen : FrozenTiers or None
    price_risk, reaction_risk : float
        Larger of the two sides, share of notional; NaN without a number.
    price_risk_error, reaction_risk_error : float
        Standard errors.
    volatility_daily : float
    pooled : bool
        The price risk is a young market's, made with its peers' behaviour and tail.
    """

    spec: MarketSpec
    reason: Reason | None
    frozen: FrozenTiers | None = None
    price_risk: float = float("nan")
    reaction_risk: float = float("nan")
    price_risk_error: float = float("nan")
    reaction_risk_error: float = float("nan")
    volatility_daily: float = float("nan")
    pooled: bool = False

    @property
    def tiers(self) -> TierTable | None:
        """The tier table, where there is one."""
        if self.frozen is None:
            return None
        return TierTable(tuple(fitted.tier for fitted in self.frozen.tiers))


def solve(
    problem: CalibrationProblem,
    paths: RiskPaths,
    absent: Mapping[str, Reason],
    incumbent: Mapping[str, TierTable],
    *,
    coverage_rejected: bool,
) -> tuple[MarketSolution, ...]:
    """Solve every market of the problem on the last day of ``paths``.

    Parameters
    ----------
    absent : mapping of str to Reason
        Markets without a column in ``paths``, or no longer listed.
    incumbent : mapping of str to TierTable
        Tier tables in force, by symbol.
    coverage_rejected : bool
        The incumbent's pooled coverage is rejected: tightenings are not frozen.
    """
    return tuple(
        MarketSolution(spec=spec, reason=absent[spec.symbol])
        if spec.symbol in absent
        else _solve_market(
            problem, paths, spec, incumbent.get(spec.symbol), coverage_rejected=coverage_rejected
        )
        for spec in problem.markets
    )


def _solve_market(
    problem: CalibrationProblem,
    paths: RiskPaths,
    spec: MarketSpec,
    incumbent: TierTable | None,
    *,
    coverage_rejected: bool,
) -> MarketSolution:
    column = paths.markets.index(spec.symbol)
    risk, error = (values[-1, column] for values in binding_side(paths))
    side = int(np.nanargmax(np.nan_to_num(paths.reaction[-1, column], nan=-1.0)))
    reaction = float(paths.reaction[-1, column, side])
    reaction_error = float(paths.reaction_error[-1, column, side])
    volatility = float(paths.volatility_daily[-1, column])
    if not np.isfinite([risk, error, reaction, reaction_error, volatility]).all():
        return MarketSolution(spec=spec, reason=_reason(paths, column))
    risk_class = problem.risk_class(spec)
    size_cost = SizeCost(
        cost=risk_class.liquidation_cost,
        fee=risk_class.liquidation_fee,
        impact=problem.impact_coefficient,
        volatility_daily=volatility,
        adv_usd=spec.adv_usd or risk_class.adv_usd,
    )
    candidate = fit_tiers(
        float(risk), reaction, size_cost, risk_class.tier_caps_usd, problem.structure
    )
    return MarketSolution(
        spec=spec,
        reason=Reason.TOO_SHORT_HISTORY if paths.floored[-1, column] else None,
        frozen=freeze_tiers(
            candidate,
            incumbent,
            float(error),
            reaction_error,
            problem.freeze_standard_errors,
            problem.structure,
            coverage_rejected=coverage_rejected,
        ),
        price_risk=float(risk),
        reaction_risk=reaction,
        price_risk_error=float(error),
        reaction_risk_error=reaction_error,
        volatility_daily=volatility,
        pooled=paths.pooled is not None and bool(paths.pooled[-1, column]),
    )


def _reason(paths: RiskPaths, column: int) -> Reason:
    """Why a listed market has no number."""
    if not paths.mature[-1, column]:
        return Reason.TOO_SHORT_HISTORY
    moved = np.isfinite(paths.volatility_daily[:, column]).any()
    return Reason.FIT_FAILED if moved else Reason.CONSTANT_PRICE
