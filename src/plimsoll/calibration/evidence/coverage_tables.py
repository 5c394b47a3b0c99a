"""Tables of coverage: every market and side, and pooled with days as the unit of chance."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.evidence.proof import Proof
from plimsoll.calibration.risk_paths import SIDES
from plimsoll.calibration.scored import ScoredLosses
from plimsoll.domain.market import DAY_NS
from plimsoll.domain.table import Cell, Column, ColumnKind, Table, iso_minute
from plimsoll.validation.newey_west import DEFAULT_LAGS
from plimsoll.validation.panel import PanelCoverage, panel_coverage, scored_pairs
from plimsoll.validation.pooled import PooledCoverage, pooled_coverage

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

_FRACTION, _COUNT, _NUMBER = ColumnKind.FRACTION, ColumnKind.COUNT, ColumnKind.NUMBER
DEFINITION = (
    "Conditional coverage: Kupiec's statistic on all n plus independence on n - 1 pairs "
    "(definition as_sum). A pair is two starts one horizon apart, both scored; without one there "
    "is no such test."
)


def flat(values: FloatArray) -> FloatArray:
    """(S, N, 2) as (S, 2N): sides of a market side by side."""
    return values.reshape(values.shape[0], -1)


def coverage_table(
    proof: Proof, margin: FloatArray, scored: ScoredLosses, level: float, name: str, title: str
) -> Table:
    """Coverage of every market and side against ``level``."""
    target = 1.0 - level
    found = panel_coverage(
        flat(margin),
        flat(scored.loss),
        scored.start_ns,
        target,
        horizon_ns=np.repeat(scored.horizon_ns, len(SIDES)),
    )
    rows = tuple(
        _coverage_row(proof, found, scored, column, target)
        for column in range(2 * len(proof.markets))
        if found.observations[column]
    )
    silent = [
        m for j, m in enumerate(proof.markets) if not found.observations[2 * j : 2 * j + 2].any()
    ]
    return Table(
        name=name,
        title=title,
        columns=_COVERAGE_COLUMNS,
        rows=rows,
        notes=(
            proof.price_note(),
            "Starts of one market are one horizon apart. " + DEFINITION,
            "Traffic light at this n and level: yellow from the 95 %, red from the 99.99 % point "
            "of the binomial law; it takes breaches as independent, which crashes are not.",
            *([f"Not scored (no margin or no loss): {', '.join(silent)}."] if silent else []),
        ),
    )


_COVERAGE_COLUMNS = (
    Column(name="market", title="Market"),
    Column(name="class", title="Class"),
    Column(name="side", title="Side"),
    Column(name="horizon_hours", title="Horizon", kind=_COUNT, unit="h"),
    Column(name="n", title="n", kind=_COUNT),
    Column(name="breaches", title="Breaches", kind=_COUNT),
    Column(name="breach_rate", title="Breach rate", kind=_FRACTION),
    Column(name="standard_error", title="s.e.", kind=_FRACTION, about="clustered by day"),
    Column(name="target", title="Target", kind=_FRACTION),
    Column(name="kupiec_p", title="Kupiec p", kind=_NUMBER, digits=3),
    Column(name="independence_p", title="Independence p", kind=_NUMBER, digits=3),
    Column(name="conditional_p", title="Christoffersen p", kind=_NUMBER, digits=3),
    Column(name="zone", title="Zone"),
    Column(name="worst_exceedance", title="Worst exceedance", kind=_FRACTION),
    Column(name="mean_margin", title="Mean margin", kind=_FRACTION),
)


def _coverage_row(
    proof: Proof, found: PanelCoverage, scored: ScoredLosses, column: int, target: float
) -> tuple[Cell, ...]:
    market, side = proof.markets[column // 2], SIDES[column % 2]
    zone = found.zones[column]
    return (
        market,
        proof.class_of[market],
        side,
        int(scored.horizon_hours[column // 2]),
        int(found.observations[column]),
        int(found.breaches[column]),
        float(found.breach_rate[column]),
        float(found.standard_error[column]),
        target,
        float(found.pof_p[column]),
        float(found.independence_p[column]),
        float(found.conditional_p[column]),
        zone.value if zone else None,
        float(found.worst[column]),
        float(found.mean_margin[column]),
    )


def pool(
    margin: FloatArray, scored: ScoredLosses, target: float, columns: BoolArray | None = None
) -> PooledCoverage | None:
    """Pooled coverage of the markets in ``columns`` (N,); None where nothing was scored.

    Losses over a long horizon share hours with those that start on its later days, in this market
    or another: as many daily lags are taken as the longest scored horizon has days, at least five.
    """
    chosen = slice(None) if columns is None else columns
    broke, held = scored_pairs(flat(margin[:, chosen]), flat(scored.loss[:, chosen]))
    horizons = np.repeat(scored.horizon_ns[chosen], len(SIDES))[held.any(axis=0)]
    if not horizons.size:
        return None
    longest = int(horizons.max())
    lags = max(DEFAULT_LAGS, -(-longest // DAY_NS))
    rows = held.any(axis=1)  # the grid has starts of other markets too
    return pooled_coverage(
        broke[rows], held[rows], scored.start_ns[rows], longest, target, lags=lags
    )


def pooled_table(proof: Proof) -> Table:
    """Pooled coverage: all markets, each class, each year; model and published; MM and IM."""
    rows = [row for row in _pooled_rows(proof) if row is not None]
    return Table(
        name="coverage_pooled",
        title="Pooled coverage",
        columns=(
            Column(name="scope", title="Scope"),
            Column(name="n", title="n", kind=_COUNT),
            Column(name="breaches", title="Breaches", kind=_COUNT),
            Column(name="days", title="Days with a breach", kind=_COUNT),
            Column(name="breach_rate", title="Breach rate", kind=_FRACTION),
            Column(name="standard_error", title="s.e.", kind=_FRACTION),
            Column(name="target", title="Target", kind=_FRACTION),
            Column(name="p_value", title="p (too many)", kind=_NUMBER, digits=3),
            Column(name="mean_margin", title="Mean margin", kind=_FRACTION),
        ),
        rows=tuple(rows),
        notes=(
            proof.price_note(),
            "Standard errors are clustered by day (Newey-West over daily sums): markets of one "
            "day share their shocks. p is one-sided: too many breaches.",
            "Starts of one market are one horizon apart, so its own horizons do not overlap; those "
            "of markets with other horizons do. The standard error of a row reaches over "
            f"{DEFAULT_LAGS} days, or over its longest horizon where that is longer.",
            proof.tools_note(),
            "'published' is the lowest tier's rate on the venue's grid with insignificant changes "
            "frozen, less liquidation cost and fee.",
        ),
    )


def _pooled_rows(proof: Proof) -> Iterator[tuple[Cell, ...] | None]:
    problem, scored = proof.problem, proof.maintenance
    margin = proof.margin()
    target = 1.0 - problem.maintenance_level
    yield _pooled_row("maintenance, model", margin, scored, target)
    yield _pooled_row("maintenance, published", proof.published_margin(), scored, target)
    yield from _rows_of_policy(proof, margin, target)
    classes = np.array([proof.class_of[m] for m in proof.markets])
    for name in problem.classes:
        yield _pooled_row(f"maintenance, class {name}", margin, scored, target, classes == name)
    for side, title in enumerate(SIDES):
        one = np.where(np.arange(2) == side, margin, np.nan)
        yield _pooled_row(f"maintenance, {title}", one, scored, target)
    for title, spoke in (
        ("class floor", proof.young_at_start()),
        ("peers' behaviour and tail", proof.pooled_at_start()),
    ):
        young = np.where(np.isfinite(margin) & spoke[:, :, None], margin, np.nan)
        yield _pooled_row(f"maintenance, young markets ({title})", young, scored, target)
    years = scored.start_ns.astype("datetime64[ns]").astype("datetime64[Y]")
    for year in np.unique(years):
        kept = np.where((years == year)[:, None, None], margin, np.nan)
        yield _pooled_row(f"maintenance, {year}", kept, scored, target)
    yield _pooled_row(
        "reaction time (IM - MM)",
        proof.reaction_margin(),
        proof.reaction,
        1.0 - problem.reaction_level,
    )


def _rows_of_policy(
    proof: Proof, margin: FloatArray, target: float
) -> Iterator[tuple[Cell, ...] | None]:
    """The forecaster as it is beside the policy in force, on the days of the latter."""
    chosen = proof.chosen
    if chosen is None or chosen.since_ns is None:
        return
    scored = proof.maintenance
    before = proof.margin(chosen.before)
    late = (scored.start_ns >= chosen.since_ns)[:, None, None]
    both = late & np.isfinite(before) & np.isfinite(margin)
    since = iso_minute(chosen.since_ns)[:10]
    for title, path in (("forecaster as it is", before), ("policy in force", margin)):
        held = np.where(both, path, np.nan)
        yield _pooled_row(f"maintenance since {since}, {title}", held, scored, target)


def _pooled_row(
    scope: str,
    margin: FloatArray,
    scored: ScoredLosses,
    target: float,
    columns: BoolArray | None = None,
) -> tuple[Cell, ...] | None:
    found = pool(margin, scored, target, columns)
    if found is None:
        return None
    held = margin if columns is None else margin[:, columns]
    return (
        scope,
        found.observations,
        found.breaches,
        found.breach_days,
        found.breach_rate,
        found.standard_error,
        target,
        found.p_too_many,
        float(np.nanmean(held)),
    )
