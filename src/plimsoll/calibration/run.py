"""Run a calibration: forecast, score, solve, publish, prove."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.blend_risk import PanelHistories, blend_risk
from plimsoll.calibration.correction import Corrections, corrected, correction_tables
from plimsoll.calibration.evidence import Calibration, Proof, build_evidence
from plimsoll.calibration.evidence.incumbent_table import incumbent_rejected
from plimsoll.calibration.evidence.proof import Incumbent, PolicyInForce, extra_of
from plimsoll.calibration.forecast import ForecastTask, forecast_all, forecast_tasks
from plimsoll.calibration.identity import problem_digest
from plimsoll.calibration.kept import NOTHING_KEPT, Kept, kept_or_made
from plimsoll.calibration.known_losses import known_losses
from plimsoll.calibration.part import CalibratedPart, parameters_of
from plimsoll.calibration.problem import CalibrationProblem, VolatilityModel
from plimsoll.calibration.publication import publish
from plimsoll.calibration.published import published_path
from plimsoll.calibration.raised_level import LevelOf, no_level, raised_level
from plimsoll.calibration.risk_paths import RiskPaths, risk_paths
from plimsoll.calibration.scored import ScoredLosses, horizons, scored_losses
from plimsoll.calibration.set_evidence.dated_sets import dated_sets
from plimsoll.calibration.set_evidence.parent_changes import parent_check
from plimsoll.calibration.set_evidence.part import PlannedSet, planned_set
from plimsoll.calibration.set_plan import NO_PLAN
from plimsoll.calibration.solve import MarketSolution, solve
from plimsoll.calibration.venue_frontier.frontier import VenueFrontier
from plimsoll.calibration.venue_frontier.part import appetite_part
from plimsoll.calibration.venue_frontier.run import appetite_frontier
from plimsoll.calibration.young_falls import fall_limits, slow_young_falls
from plimsoll.domain.finding import Finding, FindingPolicy, Reason
from plimsoll.domain.instrument import Payoff
from plimsoll.domain.market import DAY_NS, MarketHistory
from plimsoll.domain.parameters import ParameterSet
from plimsoll.domain.ports import SILENT, Executor, Progress
from plimsoll.domain.table import Table, iso_minute
from plimsoll.errors import InsufficientDataError
from plimsoll.estimators.horizon.price_record import Boundaries
from plimsoll.estimators.reference.default_model import default_at

FloatArray = NDArray[np.float64]
Stage = Callable[[str], AbstractContextManager[None]]
TRAINING_DAYS = 365
NO_CORRECTIONS: Corrections = MappingProxyType({})
Parts = Callable[[Proof], tuple[CalibratedPart, ...]]
"""What else is calibrated beside the markets' ratios, from all that is known of them by then."""


def no_parts(_: Proof) -> tuple[CalibratedPart, ...]:
    """Calibrate nothing beside the markets' ratios."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CalibrationInputs:
    """Everything a calibration sees, and where it came from.

    Parameters
    ----------
    history : MarketHistory
        What was known at ``as_of_ns``, and nothing later.
    findings : tuple of Finding
        On the data delivered, for the report.
    sources : mapping of str to str
        Ticker of each column of the history; they differ for parts of a split ticker.
    refused : mapping of str to Reason
        Markets without a column.
    policy : FindingPolicy
    as_of_ns : int
    data_digest, code_version : str
    versions : mapping of str to str
    incumbent : Incumbent or None
    parent : ParameterSet or None
        The set to supersede.
    notes : tuple of str
        Further limits to state.
    tables : tuple of Table
        Further tables of the evidence.
    funded_markets : int
        Markets of the history with funding data.
    command : str
        What makes the same set again, for the record.
    digests : mapping of str to str
        Digests of the parts of the data, by name.
    lent : MarketHistory or None
        The markets of ``history`` and further ones that only inform the panel's forecaster.
    """

    history: MarketHistory
    findings: tuple[Finding, ...]
    sources: Mapping[str, str]
    refused: Mapping[str, Reason]
    policy: FindingPolicy
    as_of_ns: int
    data_digest: str
    code_version: str
    versions: Mapping[str, str] = field(default_factory=dict)
    incumbent: Incumbent | None = None
    parent: ParameterSet | None = None
    notes: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    funded_markets: int = 0
    command: str = ""
    digests: Mapping[str, str] = field(default_factory=dict)
    lent: MarketHistory | None = None


def run_calibration(
    problem: CalibrationProblem,
    inputs: CalibrationInputs,
    *,
    executor: Executor,
    progress: Progress = SILENT,
    stage: Stage = lambda _: nullcontext(),
    corrections: Corrections = NO_CORRECTIONS,
    level: LevelOf = no_level,
    parts: Parts = no_parts,
    kept: Kept = NOTHING_KEPT,
) -> Calibration:
    """Calibrate and prove. Same problem and inputs give the same bytes, whatever the executor.

    ``corrections`` holds what ``problem.model.correction`` may name; ``level`` multiplies the
    level of the set's day before it is solved; ``parts`` calibrates what the venue has beside its
    markets' ratios, and joins the same set and the same evidence.

    ``kept`` holds the finished stages of a run of the same problem and inputs that was cut off.
    """
    history = inputs.history
    specs = {spec.symbol: spec for spec in problem.markets}
    sources = {market: inputs.sources.get(market, market) for market in history.markets}
    class_of = {market: specs[sources[market]].risk_class for market in history.markets}
    payoff_of = {market: specs[sources[market]].payoff for market in history.markets}
    days, tasks = forecast_tasks(history, problem, class_of)
    if not len(days):
        raise InsufficientDataError("must reach over a midnight (UTC)", found=0, field="history")

    histories = PanelHistories(own=history, lent=inputs.lent)

    def forecast(model: VolatilityModel) -> RiskPaths:
        def make() -> RiskPaths:
            return _paths(
                problem, histories, days, tasks, model, class_of, payoff_of, executor, progress
            )

        return kept_or_made(kept, f"forecast, {model.value}", RiskPaths, make)

    chosen = problem.model.volatility
    with stage(f"forecast and walk forward, {chosen.value}"):
        paths = forecast(chosen)
    rivals = {}
    for model in problem.compare:
        if model is not chosen:
            with stage(f"forecast and walk forward, {model.value}"):
                rivals[model] = forecast(model)
    frontier = chosen_policy = None
    if problem.appetite is not None:
        with stage("choose the policy by appetite"):
            frontier = appetite_frontier(
                problem,
                problem.appetite,
                histories,
                paths,
                class_of,
                payoff_of,
                executor,
                progress,
                kept,
            )
            chosen_policy = PolicyInForce(
                told=frontier.told, before=paths, since_ns=frontier.since_ns
            )
            paths = slow_young_falls(frontier.with_chosen(paths), _fall_limits(frontier, paths))
    with stage("measure losses"):
        maintenance, reaction = _losses(problem, history, days, class_of, payoff_of)
        payoffs = [payoff_of[m] for m in history.markets]
        known = known_losses(history, maintenance, payoffs, paths.time_ns)
        told = correction_tables(paths, known, problem, corrections)
        paths = corrected(paths, known, problem, corrections)
    with stage("publish day by day"):
        published = published_path(
            paths,
            extra_of(problem, paths, class_of, specs),
            problem.structure,
            problem.freeze_standard_errors,
            known,
            problem.maintenance_level,
            (problem.plan or NO_PLAN).sides,
        )
    draft = Proof(
        problem=problem,
        history=history,
        findings=inputs.findings,
        class_of=class_of,
        payoff_of=payoff_of,
        refused=inputs.refused,
        policy=inputs.policy,
        paths=paths,
        rivals=rivals,
        published=published,
        maintenance=maintenance,
        reaction=reaction,
        solutions=(),
        incumbent=inputs.incumbent,
        notes=inputs.notes,
        funded_markets=inputs.funded_markets,
        chosen=chosen_policy,
    )
    draft = replace(draft, outages=level(draft))
    with stage("solve"):
        proof = draft.with_solutions(_solutions(draft, inputs))
    planned = _planned(proof, inputs)
    found = (
        *_frontier_parts(proof, frontier),
        *(() if planned is None else (planned.part,)),
        *parts(proof),
    )
    with stage("make evidence"):
        parameters = publish(
            problem,
            proof.solutions,
            beside=parameters_of(found),
            valid_from=iso_instant(inputs.as_of_ns),
            data_digest=inputs.data_digest,
            problem_digest=problem_digest(problem, inputs.policy),
            code_version=inputs.code_version,
            parent=None if inputs.parent is None else inputs.parent.id,
        )
        found = (*found, *_against_parent(parameters, inputs.parent))
        # Signed is the last set of the schedule: it holds from its own date on, not from today.
        schedule = _dated(problem, planned, parameters)
        parameters = schedule[-1] if schedule else parameters
        evidence = build_evidence(
            proof,
            parameters,
            _provenance(problem, inputs, parameters) | _policy(frontier),
            (*inputs.tables, *told),
            found,
        )
    return Calibration(parameters=parameters, evidence=evidence, schedule=schedule)


def _planned(proof: Proof, inputs: CalibrationInputs) -> PlannedSet | None:
    """What the venue's plan adds to the set, where it states one."""
    plan = proof.problem.plan
    if plan is None:
        return None
    return planned_set(
        proof.problem,
        plan,
        proof.solutions,
        incumbent=inputs.incumbent.name if inputs.incumbent else "",
        announced_at_ns=inputs.as_of_ns,
        price_note=proof.price_note(),
        whole=inputs.incumbent.whole if inputs.incumbent else (),
    )


def _dated(
    problem: CalibrationProblem, planned: PlannedSet | None, parameters: ParameterSet
) -> tuple[ParameterSet, ...]:
    if planned is None or planned.path is None:
        return ()
    return dated_sets(parameters, planned.tables, planned.path, problem.structure, problem.owner)


def _frontier_parts(proof: Proof, frontier: VenueFrontier | None) -> tuple[CalibratedPart, ...]:
    return () if frontier is None else (appetite_part(frontier, proof.price_note()),)


def _against_parent(
    parameters: ParameterSet, parent: ParameterSet | None
) -> tuple[CalibratedPart, ...]:
    """Hold the set's values against those that it supersedes."""
    if parent is None:
        return ()
    checks = (parent_check(parameters, parent),)
    return (CalibratedPart(name="parent", parameters=(), checks=checks),)


def _fall_limits(frontier: VenueFrontier, paths: RiskPaths) -> FloatArray:
    """(D,) largest fall in a day under the policies in force."""
    rules = [(c.row, frontier.assessed[c.policy].candidate.policy) for c in frontier.choices]
    return fall_limits(paths.time_ns.size, ((row, rule.fall_limit) for row, rule in rules))


def _policy(frontier: VenueFrontier | None) -> dict[str, str]:
    return (
        {}
        if frontier is None
        else {"margin_policy": frontier.in_force, "margin_policies": frontier.told}
    )


def iso_instant(time_ns: int) -> str:
    """Return ``YYYY-MM-DDTHH:MM:00Z``."""
    return iso_minute(time_ns).replace(" ", "T") + ":00Z"


def _paths(
    problem: CalibrationProblem,
    histories: PanelHistories,
    days: Boundaries,
    tasks: list[ForecastTask],
    model: VolatilityModel,
    class_of: dict[str, str],
    payoff_of: dict[str, Payoff],
    executor: Executor,
    progress: Progress,
) -> RiskPaths:
    if model is VolatilityModel.LOG_BLEND:
        return blend_risk(histories, days, tasks, problem, class_of, payoff_of, executor, progress)
    history = histories.own
    forecasts = forecast_all(tasks, problem, model, executor, progress)
    return risk_paths(forecasts, history, days, problem, class_of, payoff_of)


def _losses(
    problem: CalibrationProblem,
    history: MarketHistory,
    days: Boundaries,
    class_of: dict[str, str],
    payoff_of: dict[str, Payoff],
) -> tuple[ScoredLosses, ScoredLosses]:
    """Losses over both horizons, from the first scored day on."""
    start = problem.scored_from_ns
    if start is None:
        start = int(days.time_ns[0]) + TRAINING_DAYS * DAY_NS
    close_out, react = horizons(history.markets, problem, class_of)
    payoffs = [payoff_of[market] for market in history.markets]
    return (
        scored_losses(history, close_out, payoffs, start),
        scored_losses(history, react, payoffs, start),
    )


def _solutions(proof: Proof, inputs: CalibrationInputs) -> tuple[MarketSolution, ...]:
    """Solve the last day, knowing which markets are gone and whether the incumbent failed."""
    history, incumbent = proof.history, proof.incumbent
    listed = history.active[-1] if len(history) else np.zeros(len(history.markets), dtype=bool)
    absent = dict(inputs.refused)
    for spec in proof.problem.markets:
        if spec.symbol in absent:
            continue
        if spec.symbol not in history.markets:
            absent[spec.symbol] = Reason.NO_DATA
        elif not listed[history.column(spec.symbol)]:
            seen = history.active[:, history.column(spec.symbol)].any()
            absent[spec.symbol] = Reason.DELISTED if seen else Reason.NOT_LISTED
    return solve(
        proof.problem,
        raised_level(proof.paths, proof.class_of, proof.outages),
        absent,
        incumbent.tiers if incumbent else {},
        coverage_rejected=incumbent is not None and incumbent_rejected(proof, incumbent),
    )


def _forecaster(problem: CalibrationProblem, inputs: CalibrationInputs) -> dict[str, str]:
    """Constants of the panel's forecaster on the day of the set, and how many markets it saw."""
    if problem.model.volatility is not VolatilityModel.LOG_BLEND:
        return {}
    pool = inputs.lent or inputs.history
    return {
        "forecaster": default_at(inputs.as_of_ns).name,
        "forecaster_markets": str(len(pool.markets)),
    }


def _provenance(
    problem: CalibrationProblem, inputs: CalibrationInputs, parameters: ParameterSet
) -> dict[str, str]:
    model = problem.model
    return {
        "as_of": iso_instant(inputs.as_of_ns),
        **({"command": inputs.command} if inputs.command else {}),
        **{f"{name} digest": digest for name, digest in inputs.digests.items()},
        "volatility": model.volatility.value,
        "correction": model.correction.value,
        **_forecaster(problem, inputs),
        "half_life_days": f"{model.half_life_days:g}",
        "score_degrees": f"{model.score_degrees:g}",
        "garch_step_hours": str(model.step_hours),
        "garch_window_days": str(model.fit_window_days),
        "persistence_rule": model.persistence_rule,
        "variance_start": model.variance_start,
        "tail": f"{model.tail.value}, {model.tail_fraction:.1%} of {model.tail_window_days} days",
        "anti_procyclicality": problem.anti_procyclicality.names,
        "freeze": f"{problem.freeze_standard_errors:g} standard errors",
        "incumbent": inputs.incumbent.name if inputs.incumbent else "none",
        **{f"version {name}": text for name, text in inputs.versions.items()},
        "parameters": str(len(parameters.parameters)),
    }
