"""Tables of the parameters: what is proposed, and what changes against the incumbent."""

from __future__ import annotations

from collections.abc import Iterator

from plimsoll.calibration.evidence.proof import Proof
from plimsoll.calibration.set_plan import NO_PLAN, RatesFor, SidesName
from plimsoll.calibration.solve import MarketSolution, SolvedTable
from plimsoll.calibration.tier_fit import initial_error
from plimsoll.domain.finding import Reason
from plimsoll.domain.parameters import Origin, ParameterSet
from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.domain.tiers import Tier, TierTable

_FRACTION = ColumnKind.FRACTION
_COLUMNS = (
    Column(name="market", title="Market"),
    Column(name="class", title="Class"),
    Column(name="payoff", title="Payoff"),
    Column(name="tier", title="Tier", kind=ColumnKind.COUNT),
    Column(name="cap_usd", title="Cap", kind=ColumnKind.MONEY, unit="USD", digits=0),
    Column(name="maintenance_rate", title="MM", kind=_FRACTION),
    Column(name="maintenance_se", title="MM s.e.", kind=_FRACTION),
    Column(name="initial_rate", title="IM", kind=_FRACTION),
    Column(name="initial_se", title="IM s.e.", kind=_FRACTION),
    Column(name="max_leverage", title="Max leverage", kind=ColumnKind.NUMBER, unit="x", digits=0),
    Column(name="origin", title="Origin", about="calibrated, frozen, class floor or bound"),
)


_SIDE = Column(name="side", title="Side", about="both, or long and short where sides are apart")


def parameters_table(proof: Proof, parameters: ParameterSet) -> Table:
    """Every tier of every table, with standard errors and origin; markets without say why."""
    apart = proof.problem.plan is not None and proof.problem.plan.sides is SidesName.SEPARATE
    rows: list[tuple[Cell, ...]] = []
    for solution in proof.solutions:
        rows.extend(_tier_rows(proof, solution, parameters, apart=apart))
    notes = (
        proof.price_note(),
        "MM and IM are marginal and whole-notional rates, as tiered venues apply them; "
        "s.e. is the standard error of the price risk in the rate.",
    )
    return Table(
        name="parameters",
        title="Calibrated parameters",
        columns=(*_COLUMNS[:3], _SIDE, *_COLUMNS[3:]) if apart else _COLUMNS,
        rows=tuple(rows),
        notes=(*notes, *default_notes(proof), *_plan_notes(proof)),
    )


def default_notes(proof: Proof) -> tuple[str, ...]:
    """Name the markets that stand at their class's default, with why."""
    named = [
        f"{s.spec.symbol} ({s.reason.value})"
        for s in proof.solutions
        if s.tables and s.defaulted and s.reason is not None
    ]
    if not named:
        return ()
    return (
        "Without prices of their own, at the default of their class (the stated quantile of its "
        f"mature markets' risks, origin class_floor): {', '.join(named)}.",
    )


def _plan_notes(proof: Proof) -> tuple[str, ...]:
    plan, notes = proof.problem.plan or NO_PLAN, []
    if plan.expiry_buckets:
        notes.append(
            "A market with #30d is the dated futures of its underlying with at most 30 days to "
            "expiry, and more than the bucket before: the underlying's price risk plus the move "
            "of the basis."
        )
    if plan.tiers.rates is RatesFor.WHOLE:
        notes.append("MM is a rate of the whole position, not of the part in the tier.")
    return tuple(notes)


def _tier_rows(
    proof: Proof, solution: MarketSolution, parameters: ParameterSet, *, apart: bool
) -> list[tuple[Cell, ...]]:
    spec = solution.spec
    if not solution.tables:
        reason = solution.reason.value if solution.reason else ""
        empty = [None] * (8 if apart else 7)
        head = (spec.symbol, spec.risk_class, spec.payoff.value)
        return [(*head, *empty, f"no number: {reason}")]
    return [
        row
        for table in solution.tables
        for row in _rows_of(proof, solution, table, parameters, apart=apart)
    ]


def _rows_of(
    proof: Proof,
    solution: MarketSolution,
    table: SolvedTable,
    parameters: ParameterSet,
    *,
    apart: bool,
) -> Iterator[tuple[Cell, ...]]:
    need, spec = table.need, solution.spec
    side = ("short" if need.prefix else "long",) if apart else ()
    held = parameters.of(need.market)
    for index, fitted in enumerate(table.tiers.tiers):
        yield (
            need.market,
            spec.risk_class,
            spec.payoff.value,
            *side,
            index + 1,
            None if fitted.tier.cap_usd is None else float(fitted.tier.cap_usd),
            float(fitted.tier.maintenance_rate),
            need.risk.price_error,
            float(fitted.tier.initial_rate),
            initial_error(
                fitted,
                proof.problem.structure,
                need.risk.price_error,
                need.risk.reaction_error,
            ),
            float(fitted.tier.max_leverage),
            held[f"{need.prefix}tier[{index}].maintenance_rate"].origin.value,
        )


def before_after_table(proof: Proof, parameters: ParameterSet) -> Table:
    """First tier of the incumbent beside the candidate's; a row without says why."""
    incumbent = proof.incumbent
    rows = tuple(
        _before_after_row(
            solution, incumbent.tiers.get(solution.spec.symbol) if incumbent else None, parameters
        )
        for solution in proof.solutions
    )
    source = incumbent.name if incumbent else "none given"
    return Table(
        name="before_after",
        title="Before and after (lowest tier)",
        columns=(
            Column(name="market", title="Market"),
            Column(name="maintenance_before", title="MM before", kind=_FRACTION),
            Column(name="maintenance_after", title="MM after", kind=_FRACTION),
            Column(name="change", title="Change", kind=_FRACTION, unit="pp"),
            Column(
                name="change_in_errors",
                title="Change",
                kind=ColumnKind.NUMBER,
                unit="s.e.",
                digits=1,
            ),
            Column(name="initial_before", title="IM before", kind=_FRACTION),
            Column(name="initial_after", title="IM after", kind=_FRACTION),
            Column(name="reason", title="Remark"),
        ),
        rows=rows,
        notes=(f"Incumbent: {source}.",),
    )


def _before_after_row(
    solution: MarketSolution, before: TierTable | None, parameters: ParameterSet
) -> tuple[Cell, ...]:
    old = before.tiers[0] if before else None
    new = solution.tiers.tiers[0] if solution.tiers else None
    change = float(new.maintenance_rate - old.maintenance_rate) if old and new else None
    error = solution.price_risk_error
    return (
        solution.spec.symbol,
        float(old.maintenance_rate) if old else None,
        float(new.maintenance_rate) if new else None,
        change,
        change / error if change is not None and error > 0 else None,
        float(old.initial_rate) if old else None,
        float(new.initial_rate) if new else None,
        _remark(solution, old, new, parameters),
    )


def _remark(
    solution: MarketSolution, old: Tier | None, new: Tier | None, parameters: ParameterSet
) -> str:
    if new is None:
        return f"no number: {solution.reason.value if solution.reason else ''}"
    origin = parameters.get(solution.spec.symbol, "tier[0].maintenance_rate").origin
    if origin is Origin.FROZEN:
        return "change within noise: frozen"
    if solution.reason is Reason.TOO_SHORT_HISTORY:
        return "short history: class floor"
    if solution.defaulted and solution.reason is not None:
        return f"{solution.reason.value}: class default"
    if solution.pooled:
        return "short history: peers' behaviour and tail"
    return "" if old else Reason.NO_INCUMBENT.value
