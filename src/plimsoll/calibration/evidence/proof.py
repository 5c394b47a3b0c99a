"""What all tables of the evidence are made from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.add_ons.outage_levels import OutageLevels
from plimsoll.calibration.problem import CalibrationProblem, MarketSpec, VolatilityModel
from plimsoll.calibration.published import PublishedPath
from plimsoll.calibration.risk_paths import RiskPaths
from plimsoll.calibration.scored import ScoredLosses, margins_in_force
from plimsoll.calibration.solve import MarketSolution
from plimsoll.domain.finding import Finding, FindingPolicy, Reason
from plimsoll.domain.instrument import Payoff
from plimsoll.domain.market import MarketHistory
from plimsoll.domain.tiers import TierTable
from plimsoll.validation.walk_forward import in_force

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Incumbent:
    """Tier tables in force.

    Parameters
    ----------
    name : str
        Where they come from, for print.
    tiers : mapping of str to TierTable
        By symbol.
    valid_from_ns : int
        Judged only on losses from then on.
    whole : frozenset of str
        Those of them whose maintenance rates hold for the whole position, not for their slice.
    """

    name: str
    tiers: Mapping[str, TierTable]
    valid_from_ns: int
    whole: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PolicyInForce:
    """What an appetite made of the forecaster's margins.

    Parameters
    ----------
    told : str
        Every policy that was in force, with its tools and from when.
    before : RiskPaths
        The forecaster's own, without policy and correction.
    since_ns : int or None
        First day of another policy than the forecaster as it is; None where there is none.
    """

    told: str
    before: RiskPaths
    since_ns: int | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Proof:
    """Problem, data, margins and losses of a calibration.

    Parameters
    ----------
    problem : CalibrationProblem
    history : MarketHistory
    findings : tuple of Finding
        On the data delivered.
    class_of, payoff_of : mapping
        By column of the history; the parts of a split ticker have their ticker's.
    refused : mapping of str to Reason
    policy : FindingPolicy
    paths : RiskPaths
        Of the chosen model.
    rivals : mapping of VolatilityModel to RiskPaths
        Of the models compared with it.
    published : PublishedPath
    maintenance, reaction : ScoredLosses
        Over the close-out horizon and over the user's reaction time.
    solutions : tuple of MarketSolution
    incumbent : Incumbent or None
    notes : tuple of str
        Further limits to state.
    funded_markets : int
        Markets of the history with funding data.
    chosen : PolicyInForce or None
        Of the appetite, where the venue states one.
    outages : OutageLevels or None
        Found before the set was solved; solutions bear its multipliers where they are applied,
        ``paths`` never do.
    """

    problem: CalibrationProblem
    history: MarketHistory
    findings: tuple[Finding, ...]
    class_of: Mapping[str, str]
    payoff_of: Mapping[str, Payoff]
    refused: Mapping[str, Reason]
    policy: FindingPolicy
    paths: RiskPaths
    rivals: Mapping[VolatilityModel, RiskPaths]
    published: PublishedPath
    maintenance: ScoredLosses
    reaction: ScoredLosses
    solutions: tuple[MarketSolution, ...]
    incumbent: Incumbent | None = None
    notes: tuple[str, ...] = ()
    funded_markets: int = 0
    chosen: PolicyInForce | None = None
    outages: OutageLevels | None = None

    def with_solutions(self, solutions: tuple[MarketSolution, ...]) -> Proof:
        """The same with the problem solved."""
        return replace(self, solutions=solutions)

    @property
    def markets(self) -> tuple[str, ...]:
        """Columns of paths and losses."""
        return self.paths.markets

    def net_of_extra(self, whole: FloatArray) -> FloatArray:
        """(S, N, 2) whole rates less what is not for the price move, in force at each start."""
        extra = extra_of(self.problem, self.paths, self.class_of, self.specs)
        return whole - margins_in_force(extra, self.paths.time_ns, self.maintenance)

    @property
    def specs(self) -> Mapping[str, MarketSpec]:
        """Markets of the problem by symbol."""
        return {spec.symbol: spec for spec in self.problem.markets}

    def margin(self, paths: RiskPaths | None = None) -> FloatArray:
        """(S, N, 2) price-risk share of the maintenance margin in force at each start."""
        chosen = paths or self.paths
        return margins_in_force(chosen.maintenance, chosen.time_ns, self.maintenance)

    def reaction_margin(self) -> FloatArray:
        """(S, N, 2) what initial margin adds, in force at each start of a reaction time."""
        return margins_in_force(self.paths.reaction, self.paths.time_ns, self.reaction)

    def published_margin(self) -> FloatArray:
        """(S, N, 2) price-risk share under the published rate of each side's table."""
        return margins_in_force(self.published.rate, self.paths.time_ns, self.maintenance)

    def published_rate(self) -> FloatArray:
        """(S, N, 2) the published rate itself, of each side's table."""
        return margins_in_force(self.published.whole, self.paths.time_ns, self.maintenance)

    def young_at_start(self) -> BoolArray:
        """(S, N) the class floor spoke for the market at each start of a close-out horizon."""
        rows = in_force(self.paths.time_ns, self.maintenance.start_ns)
        young: BoolArray = self.paths.floored[np.maximum(rows, 0)] & (rows >= 0)[:, None]
        return young

    def pooled_at_start(self) -> BoolArray:
        """(S, N) a young market's peers spoke for it at each start of a close-out horizon."""
        rows = in_force(self.paths.time_ns, self.maintenance.start_ns)
        if self.paths.pooled is None:
            return np.zeros((rows.size, len(self.markets)), dtype=bool)
        pooled: BoolArray = self.paths.pooled[np.maximum(rows, 0)] & (rows >= 0)[:, None]
        return pooled

    def tools_note(self) -> str:
        """What every table of coverage and swings says about tools in force."""
        return f"{self._tools_told()}{self._outages_told()}"

    def _outages_told(self) -> str:
        if self.outages is None or not self.outages.applied:
            return ""
        return " Margins of the walk-forward are without the outage multipliers of the set's day."

    def _tools_told(self) -> str:
        demanded = self.problem.anti_procyclicality.names
        if self.chosen is None:
            return f"Anti-procyclicality tools in force: {demanded}."
        return (
            f"Margin policy in force: {self.chosen.told}. Tools that the venue or its rulebook "
            f"demands on top: {demanded}. Markets that are young or on the class floor have no "
            "number from a policy and no say in its choice; their margins fall no faster in a day "
            "than the policy in force allows, and rise freely."
        )

    def price_note(self) -> str:
        """What every table says about its prices."""
        known = f"funding for {self.funded_markets} of {len(self.history.markets)} markets"
        funding = "no funding data" if self.history.funding is None else known
        return f"Loss = price move on {self.problem.label}; {funding}."


def extra_of(
    problem: CalibrationProblem,
    paths: RiskPaths,
    class_of: Mapping[str, str],
    specs: Mapping[str, MarketSpec],
) -> FloatArray:
    """(D, N) liquidation cost, fee, and impact at the lowest tier's cap, of each market and day.

    The parts of a split ticker have their class's volume.
    """
    out = np.empty(paths.volatility_daily.shape)
    for column, market in enumerate(paths.markets):
        risk_class = problem.classes[class_of[market]]
        spec = specs.get(market)
        volume = (spec.adv_usd if spec else None) or risk_class.adv_usd
        share = math.sqrt(float(risk_class.tier_caps_usd[0]) / volume)
        impact = problem.impact_coefficient * paths.volatility_daily[:, column] * share
        out[:, column] = risk_class.liquidation_cost + risk_class.liquidation_fee + impact
    return out
