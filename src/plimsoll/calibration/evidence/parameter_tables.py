"""Tables of the parameters: what is proposed, and what changes against the incumbent."""

from __future__ import annotations

from plimsoll.calibration.evidence.proof import Proof
from plimsoll.calibration.solve import MarketSolution
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


def parameters_table(proof: Proof, parameters: ParameterSet) -> Table:
    """Every tier of every market, with standard errors and origin; markets without say why."""
    rows: list[tuple[Cell, ...]] = []
    for solution in proof.solutions:
        rows.extend(_tier_rows(proof, solution, parameters))
    return Table(
        name="parameters",
        title="Calibrated parameters",
        columns=_COLUMNS,
        rows=tuple(rows),
        notes=(
            proof.price_note(),
            "MM and IM are marginal and whole-notional rates, as tiered venues apply them; "
            "s.e. is the standard error of the price risk in the rate.",
        ),
    )


def _tier_rows(
    proof: Proof, solution: MarketSolution, parameters: ParameterSet
) -> list[tuple[Cell, ...]]:
    spec = solution.spec
    head: tuple[Cell, ...] = (spec.symbol, spec.risk_class, spec.payoff.value)
    if solution.frozen is None:
        reason = solution.reason.value if solution.reason else ""
        return [(*head, None, None, None, None, None, None, None, f"no number: {reason}")]
    return [
        (
            *head,
            index + 1,
            None if fitted.tier.cap_usd is None else float(fitted.tier.cap_usd),
            float(fitted.tier.maintenance_rate),
            solution.price_risk_error,
            float(fitted.tier.initial_rate),
            initial_error(
                fitted,
                proof.problem.structure,
                solution.price_risk_error,
                solution.reaction_risk_error,
            ),
            float(fitted.tier.max_leverage),
            parameters.get(spec.symbol, f"tier[{index}].maintenance_rate").origin.value,
        )
        for index, fitted in enumerate(solution.frozen.tiers)
    ]


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
    if solution.pooled:
        return "short history: peers' behaviour and tail"
    return "" if old else Reason.NO_INCUMBENT.value
