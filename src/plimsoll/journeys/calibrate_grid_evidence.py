"""Evidence of a calibrated grid: verdict, tables, limits, and what makes it again."""

from __future__ import annotations

from collections.abc import Mapping

from plimsoll.calibration.grids.grid_evidence import (
    parameters_table,
    pooled_table,
    portfolio_table,
    settings_table,
)
from plimsoll.calibration.grids.grid_publication import engine_check
from plimsoll.calibration.grids.grid_realised import realised_families, realised_worst
from plimsoll.calibration.grids.grid_result import coverage_table, worst_portfolios
from plimsoll.calibration.grids.grid_verdict import EARLY, FITTED, HELD_OUT, JUDGED, grid_verdict
from plimsoll.calibration.run import iso_instant
from plimsoll.domain.evidence import Evidence
from plimsoll.domain.parameters import ParameterSet
from plimsoll.domain.table import Column, Table, iso_minute
from plimsoll.journeys.calibrate_grid_run import GridRun
from plimsoll.journeys.versions import library_versions
from plimsoll.presets import load

LOSS = "Loss: options and futures mark to mark, perpetuals on the index; no funding."
_LIMITS = (
    "Volatility of crises is an answer to spot, drawn from a regression and from days of calm "
    "chains; it was not quoted.",
    "The volatility index is of the first coin; another coin's level answers per standard "
    "deviation of its spot.",
    "Perpetuals stand at the index, funding is in no loss, and nobody pays to be closed out.",
    "What is not searched (origin: venue) stands as published, as do tables that a set cannot "
    "hold: scenarios, tiers, haircuts.",
)


def grid_evidence(
    run: GridRun, parameters: ParameterSet, command: str, digests: Mapping[str, str]
) -> Evidence:
    """Make every table, the verdict, and the limits of both."""
    problem, fit = run.problem, run.calibrated.fit
    note = LOSS
    breach = problem.target.breach
    order = [key for key in (JUDGED, HELD_OUT, FITTED, EARLY) if key in run.backtests]
    backtests = {key: run.backtests[key] for key in order}
    return Evidence(
        parameter_set_id=parameters.id,
        label=problem.label,
        checks=(
            *grid_verdict(run.calibrated, problem.target, run.backtests),
            engine_check(run.family, fit, run.reference.samples, parameters),
        ),
        tables=(
            parameters_table(fit, parameters, note),
            pooled_table(backtests, dict.fromkeys(backtests, breach), note),
            *_realised(run, note),
            coverage_table(fit, note),
            worst_portfolios(fit, note),
            portfolio_table(run.family, fit, run.reference.samples, run.reference.scenarios, note),
            _findings(run),
            settings_table(_settings(run)),
        ),
        limits=(*_spans(run), *load(problem.preset).notes(), *_LIMITS),
        provenance={
            "as_of": iso_instant(run.as_of_ns),
            "command": command,
            **{f"{name} digest": digest for name, digest in digests.items()},
            "preset": problem.preset,
            "model": problem.model.value,
            **{f"version {name}": text for name, text in library_versions().items()},
            "parameters": str(len(parameters.parameters)),
        },
    )


def _spans(run: GridRun) -> tuple[str, ...]:
    """Which days everything rests on."""
    snapshots, problem = run.known.snapshots, run.problem
    cut = min(problem.calibrate_until_ns or run.as_of_ns, run.as_of_ns)
    before = [s[0].at_ns for s in snapshots if s[0].at_ns < cut]
    found = [
        f"Fitted on {len(before)} snapshots of chains, {iso_minute(before[0])} to "
        f"{iso_minute(before[-1])}: one regime of volatility."
    ]
    if JUDGED in run.backtests:
        days = int(run.backtests[JUDGED].day.max()) + 1
        found.append(
            f"Judged on {days} days from {iso_minute(problem.judged_from_ns or 0)} on: what no "
            "crash fell into proves little of the tail."
        )
    else:
        found.append("No day was kept out: the days judged were fitted on (grid.judged_from).")
    return tuple(found)


def _realised(run: GridRun, note: str) -> tuple[Table, Table]:
    """Days judged, or those fitted on where none were kept out: by family, worst portfolios."""
    key = JUDGED if JUDGED in run.backtests else EARLY
    held = run.backtests[key]
    return (
        realised_families(held, run.problem.target.breach, key, note),
        realised_worst(held, key, note),
    )


def _findings(run: GridRun) -> Table:
    return Table(
        name="findings",
        title="Snapshots left out as broken",
        columns=(
            Column(name="market", title="Chain"),
            Column(name="kind", title="Kind"),
            Column(name="detail", title="Finding"),
            Column(name="action", title="Action"),
        ),
        rows=tuple(
            (f.subject, f.kind.value.replace("_", " "), f.detail, "left out")
            for f in run.known.findings
        ),
    )


def _settings(run: GridRun) -> dict[str, str]:
    problem, target = run.problem, run.problem.target
    scenarios = run.reference.scenarios
    cut = min(problem.calibrate_until_ns or run.as_of_ns, run.as_of_ns)
    return {
        "model, published set": f"{problem.model.value}, {problem.preset}",
        "underlyings": ", ".join(problem.coins),
        "fitted on data before": iso_minute(cut),
        "coverage of a family": f"{1.0 - target.breach:.4g} at {target.confidence:g} confidence",
        "coverage of a portfolio": f"{1.0 - target.portfolio_breach:.4g}, "
        f"{1.0 - target.settling_breach:.4g} where it settles within the period",
        "stressed coverage of a family": _rest(target.stressed_breach),
        "stressed coverage of hedged, of directional": _rest(target.stressed_group_breach),
        "part of these limits kept": f"{run.calibrated.strictness:g}, chosen on the days fitted on",
        "scenarios": f"{int((~scenarios.stressed).sum())} calm, "
        f"{int(scenarios.stressed.sum())} stressed with weight "
        f"{problem.settings.stressed_weight:g}",
        "portfolios": str(sum(len(own[0].library) for own in run.reference.samples.values())),
        "left out": ", ".join(f.value for f in problem.without) or "none",
        "snapshots margined": str(len(run.reference.snapshots)),
        "candidates margined": str(run.calibrated.fit.evaluations),
        "resamples for errors": str(problem.replicates),
        "seed": str(problem.seed),
    }


def _rest(breach: float | None) -> str:
    return "not asked" if breach is None else f"{1.0 - breach:.4g}"
