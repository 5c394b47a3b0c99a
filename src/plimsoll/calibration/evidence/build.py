"""Put the evidence together."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.blend_rows import ERROR_DAYS
from plimsoll.calibration.evidence.cost_table import (
    procyclicality_table,
    published_procyclicality_table,
)
from plimsoll.calibration.evidence.coverage_lines import lines_table
from plimsoll.calibration.evidence.coverage_tables import coverage_table, pooled_table
from plimsoll.calibration.evidence.finding_tables import findings_by_kind_table, findings_table
from plimsoll.calibration.evidence.gate import checks
from plimsoll.calibration.evidence.incumbent_table import incumbent_table
from plimsoll.calibration.evidence.model_table import models_table
from plimsoll.calibration.evidence.parameter_tables import (
    before_after_table,
    default_notes,
    parameters_table,
)
from plimsoll.calibration.evidence.proof import Proof
from plimsoll.calibration.evidence.setting_tables import policy_table, settings_table
from plimsoll.calibration.part import CalibratedPart
from plimsoll.calibration.problem import CalibrationProblem, VolatilityModel
from plimsoll.calibration.risk_paths import SIDES
from plimsoll.domain.evidence import CoverageSeries, Evidence
from plimsoll.domain.market import DAY_NS, HOUR_NS
from plimsoll.domain.parameters import ParameterSet
from plimsoll.domain.table import Table

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Calibration:
    """The result of calibrating: a set, what stands behind it, and the dated sets that lead there.

    ``schedule`` is empty where the venue states no step limits, or nothing is in force.
    """

    parameters: ParameterSet
    evidence: Evidence
    schedule: tuple[ParameterSet, ...] = ()


def build_evidence(
    proof: Proof,
    parameters: ParameterSet,
    provenance: Mapping[str, str],
    extra_tables: tuple[Table, ...] = (),
    parts: tuple[CalibratedPart, ...] = (),
) -> Evidence:
    """Make every table, the verdict, and the limits of both."""
    problem = proof.problem
    level = f"{problem.maintenance_level:.1%}"
    coverage = coverage_table(
        proof,
        proof.margin(),
        proof.maintenance,
        problem.maintenance_level,
        "coverage",
        f"Maintenance coverage by market and side ({level})",
    )
    published = coverage_table(
        proof,
        proof.published_margin(),
        proof.maintenance,
        problem.maintenance_level,
        "coverage_published",
        f"Maintenance coverage of the published rate ({level})",
    )
    reaction = coverage_table(
        proof,
        proof.reaction_margin(),
        proof.reaction,
        problem.reaction_level,
        "coverage_reaction",
        f"Reaction-time coverage, IM - MM ({problem.reaction_level:.1%})",
    )
    models = models_table(proof)
    return Evidence(
        parameter_set_id=parameters.id,
        label=problem.label,
        checks=(*checks(proof, parameters), *(check for part in parts for check in part.checks)),
        tables=(
            parameters_table(proof, parameters),
            before_after_table(proof, parameters),
            pooled_table(proof),
            lines_table(proof),
            coverage,
            procyclicality_table(proof),
            findings_by_kind_table(proof),
            findings_table(proof),
            incumbent_table(proof),
            models,
            published,
            published_procyclicality_table(proof),
            reaction,
            policy_table(proof),
            settings_table(proof),
            *(table for part in parts for table in part.tables),
            *extra_tables,
        ),
        series=tuple(_series(proof)),
        limits=(
            *limits(proof),
            *_of_tables(coverage, models, problem.model.volatility.value, {p.name for p in parts}),
            *(limit for part in parts for limit in part.limits),
        ),
        provenance=dict(provenance),
    )


def _series(proof: Proof) -> list[CoverageSeries]:
    """One point a day: the margin in force, and the worst loss of the day's starts."""
    margin, losses = proof.margin(), proof.maintenance
    day = np.searchsorted(proof.paths.time_ns, losses.start_ns, side="right") - 1
    series = []
    for j, market in enumerate(proof.markets):
        for k, side in enumerate(SIDES):
            rows = np.flatnonzero(np.isfinite(margin[:, j, k]))
            if not rows.size:
                continue
            days, first = np.unique(day[rows], return_index=True)
            lost, held = losses.loss[rows, j, k], margin[rows, j, k]
            series.append(
                CoverageSeries(
                    market=market,
                    side=side,
                    horizon=f"{losses.horizon_hours[j]} h",
                    time_ns=proof.paths.time_ns[days],
                    margin=held[first],
                    loss=np.maximum.reduceat(lost, first),
                    horizons=np.diff([*first, rows.size]).astype(np.int64),
                    broken=np.add.reduceat((lost > held).astype(np.int64), first),
                )
            )
    return series


def limits(proof: Proof) -> tuple[str, ...]:
    """What this evidence cannot say."""
    bar_hours = proof.history.interval_ns / HOUR_NS
    lost = int(proof.maintenance.lost.sum())
    stated = [
        f"Prices are {proof.problem.label}. What a venue's own mark or last trade did within a "
        "bar is not seen.",
        f"Bars are {bar_hours:g} h long: a close-out shorter than that cannot be tested, nor the "
        "path within a bar, only close to close.",
        "Liquidation cost, fee, impact coefficient and daily volume are assumptions of the venue "
        "file, not estimates.",
        _errors(proof.problem),
        "Coverage is that of a constant position: accounts and cascades of liquidations are not in "
        "it.",
    ]
    if proof.history.funding is None:
        stated.append("Funding payments are not in the losses: no funding data were given.")
    longest = int(max(proof.maintenance.horizon_hours.max(), proof.reaction.horizon_hours.max()))
    if longest > 24:
        stated.append(
            f"Horizons of up to {longest} h leave few moves that do not overlap; a tail quantile "
            "from them is on the thin side."
        )
    silent = _long_silent(proof)
    if silent:
        stated.append(
            "Listed, but without a usable price for two days or more, so that the number rests on "
            f"old ones: {', '.join(silent)}."
        )
    if lost:
        stated.append(
            f"{lost:,} starts had a price and none within 24 h after the horizon (long holes, "
            "delistings); their losses are unknown and not scored."
        )
    return (*stated, *default_notes(proof), *proof.notes)


def _errors(problem: CalibrationProblem) -> str:
    """What standard errors of the price risk are made of."""
    if problem.model.volatility is not VolatilityModel.LOG_BLEND:
        return (
            "Standard errors are those of the tail quantile given the volatility filter; the error "
            "of the filter itself is in the coverage, not in them."
        )
    return (
        "Standard errors are those of a market's own level and of the pooled tail, clustered by "
        f"day, estimated anew every {ERROR_DAYS} days and held in proportion to the margin in "
        "between; a young market's are of its level and its peers' tail. The error of the "
        "volatility itself is in the coverage, not in them."
    )


def _long_silent(proof: Proof) -> list[str]:
    """Markets with a number whose last usable price is two days old or older."""
    history = proof.history
    usable = np.isfinite(history.usable_close())
    found = []
    for solution in proof.solutions:
        if solution.frozen is None or solution.spec.symbol not in history.markets:
            continue
        rows = np.flatnonzero(usable[:, history.column(solution.spec.symbol)])
        age_ns = history.time_ns[-1] - history.time_ns[rows[-1]] if rows.size else 0
        if age_ns >= 2 * DAY_NS:
            found.append(f"{solution.spec.symbol} ({age_ns / DAY_NS:.0f} days)")
    return found


def _beside_margins(parts: Set[str]) -> str:
    """Say what of add-ons and fund the set has."""
    held = [name for name in ("add_ons", "fund") if name in parts]
    told = " and ".join(held).replace("_", "-")
    return f"{told} of this set are for them" if held else "no fund is in this set"


def _of_tables(coverage: Table, models: Table, chosen: str, parts: Set[str]) -> list[str]:
    """What a reader of the verdict must know from the tables: clustering, and better rivals."""
    stated = []
    p_values = [p for p in coverage.column("independence_p") if isinstance(p, float) and p == p]
    rejected = sum(p < 0.01 for p in p_values)
    if rejected:
        stated.append(
            f"Breaches cluster: their independence is rejected (p < 1 %) for {rejected} of "
            f"{len(p_values)} market-sides. It is not part of the gate, which takes the day as the "
            "unit of chance for that reason; crashes bring breaches in rows, which margins alone "
            f"do not bear: {_beside_margins(parts)}."
        )
    scores = {row["model"]: row for row in models}
    own = scores[chosen]["quantile_score"]
    for name, row in scores.items():
        score = row["quantile_score"]
        if name != chosen and isinstance(score, float) and isinstance(own, float) and score < own:
            stated.append(
                f"{name} scores better on the same losses (quantile score {score:.3f} against "
                f"{own:.3f} bp), at a peak / trough of {row['peak_to_trough']:.2f} against "
                f"{scores[chosen]['peak_to_trough']:.2f}; {chosen} is the venue file's choice."
            )
    return stated
