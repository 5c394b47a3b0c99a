"""Table that scores the chosen model against its rivals on the same losses."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.evidence.cost_table import call_column, scored_days
from plimsoll.calibration.evidence.coverage_tables import flat, pool
from plimsoll.calibration.evidence.proof import Proof
from plimsoll.calibration.problem import VolatilityModel
from plimsoll.calibration.risk_paths import RiskPaths
from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.validation.diebold_mariano import diebold_mariano
from plimsoll.validation.procyclicality import procyclicality
from plimsoll.validation.scores import quantile_score

FloatArray = NDArray[np.float64]

_FRACTION, _NUMBER = ColumnKind.FRACTION, ColumnKind.NUMBER


def models_table(proof: Proof) -> Table:
    """Coverage, cost at equal coverage, quantile score and procyclicality of each model."""
    chosen = proof.problem.model.volatility
    candidates: dict[VolatilityModel, RiskPaths] = {chosen: proof.paths, **proof.rivals}
    margins = {model: proof.margin(paths) for model, paths in candidates.items()}
    shared = np.logical_and.reduce([np.isfinite(margin) for margin in margins.values()])
    margins = {m: np.where(shared, margin, np.nan) for m, margin in margins.items()}
    rows = tuple(
        _row(proof, model, candidates[model], margin, margins[chosen])
        for model, margin in margins.items()
    )
    return Table(
        name="models",
        title="Models compared on the same losses",
        columns=(
            Column(name="model", title="Model"),
            Column(name="breach_rate", title="Breach rate", kind=_FRACTION),
            Column(name="mean_margin", title="Mean margin", kind=_FRACTION),
            Column(
                name="margin_at_target",
                title="Mean margin at equal coverage",
                kind=_FRACTION,
                about="after one factor, found afterwards, that brings the breach rate to target",
            ),
            Column(
                name="quantile_score", title="Quantile score", kind=_NUMBER, unit="bp", digits=3
            ),
            Column(name="p_better", title="p (chosen better)", kind=_NUMBER, digits=3),
            Column(name="peak_to_trough", title="Peak / trough, year", kind=_NUMBER),
            call_column(20),
        ),
        rows=rows,
        notes=(
            proof.price_note(),
            "Quantile (pinball) score, lower is better; p is that of a Diebold-Mariano test of "
            "daily means: small where the chosen model is better, large where the rival is. "
            "Peak / trough and call: median over market-sides.",
        ),
    )


def _row(
    proof: Proof,
    model: VolatilityModel,
    paths: RiskPaths,
    margin: FloatArray,
    chosen: FloatArray,
) -> tuple[Cell, ...]:
    level, scored = proof.problem.maintenance_level, proof.maintenance
    found = pool(margin, scored, 1.0 - level)
    if found is None:
        return (model.value, *(None,) * 7)
    score = quantile_score(flat(scored.loss), flat(margin), level)
    better = None
    if model is not proof.problem.model.volatility:
        own = quantile_score(flat(scored.loss), flat(chosen), level)
        better = diebold_mariano(own, score, scored.start_ns).p_first_better
    days = scored_days(paths.maintenance, proof)
    cycle = procyclicality(np.where(days > 0.0, days, np.nan).reshape(days.shape[0], -1))
    ratio = scored.loss / margin
    factor = float(np.quantile(ratio[np.isfinite(ratio)], level))
    mean = float(np.nanmean(margin))
    return (
        model.value,
        found.breach_rate,
        mean,
        mean * factor,
        1e4 * float(np.nanmean(score)),
        better,
        _median(cycle.trailing_peak_to_trough),
        _median(cycle.largest_call[20]),
    )


def _median(values: FloatArray) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else float("nan")
