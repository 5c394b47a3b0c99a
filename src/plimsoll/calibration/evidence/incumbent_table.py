"""Table that holds the incumbent's rates against the candidate's, on losses after its date."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.assembly.needs import table_key
from plimsoll.calibration.evidence.coverage_tables import flat, pool
from plimsoll.calibration.evidence.proof import Incumbent, Proof
from plimsoll.domain.finding import Reason
from plimsoll.domain.table import Cell, Column, ColumnKind, Table, iso_minute
from plimsoll.margin.sided_tiers import SHORT_PREFIX
from plimsoll.validation.panel import panel_coverage

FloatArray = NDArray[np.float64]

_FRACTION, _COUNT = ColumnKind.FRACTION, ColumnKind.COUNT


def incumbent_rate(proof: Proof, incumbent: Incumbent) -> FloatArray:
    """(S, N, 2) lowest-tier rate of the incumbent at each start from its date on; else NaN.

    Of each side's own table; shorts without one have the market's.
    """
    rates = np.array([_side_rates(incumbent, market) for market in proof.markets])
    after = proof.maintenance.start_ns >= incumbent.valid_from_ns
    out = np.where(after[:, None, None], rates, np.nan)
    return np.where(np.isfinite(proof.maintenance.loss), out, np.nan)


def _side_rates(incumbent: Incumbent, market: str) -> tuple[float, float]:
    """Lowest-tier rates of longs and of shorts; NaN without a table."""
    longs = incumbent.tiers.get(market)
    tables = longs, incumbent.tiers.get(table_key(market, SHORT_PREFIX), longs)
    first, second = (
        float("nan") if t is None else float(t.tiers[0].maintenance_rate) for t in tables
    )
    return first, second


def _sides_apart(proof: Proof, incumbent: Incumbent, market: str) -> bool:
    """The incumbent or the candidate has a table of shorts."""
    return proof.published.sides_apart or table_key(market, SHORT_PREFIX) in incumbent.tiers


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
            f"tier's full size; {_of_sides(proof, incumbent)}.",
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


def _of_sides(proof: Proof, incumbent: Incumbent) -> str:
    apart = [_sides_apart(proof, incumbent, market) for market in proof.markets]
    if not any(apart):
        return "long and short together"
    rest = "" if all(apart) else ", elsewhere long and short together"
    return f"longs and shorts by themselves where either set has a table for each{rest}"


def _rows(
    proof: Proof, incumbent: Incumbent, old: FloatArray, new: FloatArray, target: float
) -> tuple[tuple[Cell, ...], ...]:
    loss, starts = flat(proof.maintenance.loss), proof.maintenance.start_ns
    before = panel_coverage(flat(proof.net_of_extra(old)), loss, starts, target)
    after = panel_coverage(flat(proof.net_of_extra(new)), loss, starts, target)
    rows: list[tuple[Cell, ...]] = []
    for j, side, remark in _asked(proof, incumbent):
        market = proof.markets[j]
        sides = slice(2 * j + side.start, 2 * j + side.stop)
        n = int(before.observations[sides].sum())
        if market not in incumbent.tiers:
            rows.append((market, Reason.NO_INCUMBENT.value, *(None,) * 7))
        elif n == 0:
            rows.append((market, Reason.INCUMBENT_AFTER_DATA.value, *(None,) * 7))
        else:
            rows.append(
                (
                    market,
                    remark,
                    int(proof.maintenance.horizon_hours[j]),
                    n,
                    _mean(old[:, j, side]),
                    float(before.breaches[sides].sum()) / n,
                    _mean(new[:, j, side]),
                    float(after.breaches[sides].sum()) / n,
                    float(np.max(before.worst[sides])),
                )
            )
    return tuple(rows)


def _asked(proof: Proof, incumbent: Incumbent) -> Iterator[tuple[int, slice, str]]:
    """Yield column, sides and remark of each row: one a market, or one a side where both exist."""
    for column, market in enumerate(proof.markets):
        if market in incumbent.tiers and _sides_apart(proof, incumbent, market):
            yield column, slice(0, 1), "longs"
            yield column, slice(1, 2), "shorts"
        else:
            yield column, slice(0, 2), ""


def _mean(rates: FloatArray) -> float:
    return float(np.nanmean(rates))
