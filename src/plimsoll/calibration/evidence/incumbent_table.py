"""Table that holds the incumbent's rates against the candidate's, on losses after its date."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.evidence.coverage_tables import flat, pool
from plimsoll.calibration.evidence.proof import Incumbent, Proof
from plimsoll.domain.finding import Reason
from plimsoll.domain.table import Cell, Column, ColumnKind, Table, iso_minute
from plimsoll.validation.panel import panel_coverage

FloatArray = NDArray[np.float64]

_FRACTION, _COUNT = ColumnKind.FRACTION, ColumnKind.COUNT


def incumbent_rate(proof: Proof, incumbent: Incumbent) -> FloatArray:
    """(S, N, 2) lowest-tier rate of the incumbent at each start from its date on; else NaN."""
    rates = np.array(
        [
            float(incumbent.tiers[m].tiers[0].maintenance_rate) if m in incumbent.tiers else np.nan
            for m in proof.markets
        ]
    )
    after = proof.maintenance.start_ns >= incumbent.valid_from_ns
    out = np.where(after[:, None], rates[None, :], np.nan)
    return np.where(np.isfinite(proof.maintenance.loss), out[:, :, None], np.nan)


def incumbent_rejected(proof: Proof, incumbent: Incumbent) -> bool:
    """Pooled coverage of the incumbent is rejected on the losses after its date."""
    found = pool(
        proof.net_of_extra(incumbent_rate(proof, incumbent)),
        proof.maintenance,
        1.0 - proof.problem.maintenance_level,
    )
    return found is not None and found.p_too_many < proof.problem.gate.significance


def incumbent_table(proof: Proof) -> Table:
    """Incumbent against candidate on the same days, or the reason why there is no comparison."""
    incumbent = proof.incumbent
    target = 1.0 - proof.problem.maintenance_level
    notes: tuple[str, ...] = (proof.price_note(),)
    if incumbent is None:
        rows: tuple[tuple[Cell, ...], ...] = tuple(
            (m, Reason.NO_INCUMBENT.value, *(None,) * 7) for m in proof.markets
        )
        notes += ("No incumbent is known: none is named in the venue file.",)
    else:
        old = incumbent_rate(proof, incumbent)
        new = np.where(np.isfinite(old), proof.published_rate(), np.nan)
        old = np.where(np.isfinite(new), old, np.nan)
        rows = _rows(proof, incumbent, old, new, target)
        notes += (
            f"Incumbent: {incumbent.name}, lowest tier, judged only on losses from "
            f"{iso_minute(incumbent.valid_from_ns)} UTC on. Candidate: the rate published on each "
            "of those days from data before it. A breach is a loss above what a rate leaves for "
            "the price move: less liquidation cost, fee, and the impact of closing the lowest "
            "tier's full size; long and short together.",
            "A venue whose engine closes out faster than the horizon shown needs less: this is "
            "what its rate would have covered over that horizon, not a verdict on its engine.",
        )
    return Table(
        name="incumbent",
        title="Incumbent against candidate",
        columns=(
            Column(name="market", title="Market"),
            Column(name="remark", title="Remark"),
            Column(name="horizon_hours", title="Horizon", kind=_COUNT, unit="h"),
            Column(name="n", title="n", kind=_COUNT),
            Column(name="incumbent_rate", title="Incumbent MM", kind=_FRACTION),
            Column(name="incumbent_breach_rate", title="Breaches", kind=_FRACTION),
            Column(name="candidate_rate", title="Candidate MM, mean", kind=_FRACTION),
            Column(name="candidate_breach_rate", title="Breaches", kind=_FRACTION),
            Column(name="incumbent_worst", title="Incumbent worst exceedance", kind=_FRACTION),
        ),
        rows=rows,
        notes=notes,
    )


def _rows(
    proof: Proof, incumbent: Incumbent, old: FloatArray, new: FloatArray, target: float
) -> tuple[tuple[Cell, ...], ...]:
    loss, starts = flat(proof.maintenance.loss), proof.maintenance.start_ns
    before = panel_coverage(flat(proof.net_of_extra(old)), loss, starts, target)
    after = panel_coverage(flat(proof.net_of_extra(new)), loss, starts, target)
    rows: list[tuple[Cell, ...]] = []
    for j, market in enumerate(proof.markets):
        sides = slice(2 * j, 2 * j + 2)
        n = int(before.observations[sides].sum())
        if market not in incumbent.tiers:
            rows.append((market, Reason.NO_INCUMBENT.value, *(None,) * 7))
        elif n == 0:
            rows.append((market, Reason.INCUMBENT_AFTER_DATA.value, *(None,) * 7))
        else:
            rows.append(
                (
                    market,
                    "",
                    int(proof.maintenance.horizon_hours[j]),
                    n,
                    _mean(old[:, j]),
                    float(before.breaches[sides].sum()) / n,
                    _mean(new[:, j]),
                    float(after.breaches[sides].sum()) / n,
                    float(np.max(before.worst[sides])),
                )
            )
    return tuple(rows)


def _mean(rates: FloatArray) -> float:
    return float(np.nanmean(rates))
