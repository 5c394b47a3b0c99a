"""Table of cost and procyclicality: average margin, peak to trough, largest calls."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.evidence.proof import Proof
from plimsoll.calibration.risk_paths import SIDES
from plimsoll.domain.market import DAY_NS
from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.validation.procyclicality import Procyclicality, procyclicality

FloatArray = NDArray[np.float64]

_FRACTION, _NUMBER = ColumnKind.FRACTION, ColumnKind.NUMBER


def scored_days(path: FloatArray, proof: Proof) -> FloatArray:
    """Rows of a daily path that lie within the scored period."""
    first = proof.maintenance.start_ns[0] if proof.maintenance.start_ns.size else 0
    return path[proof.paths.time_ns > first - DAY_NS]


def call_column(days: int) -> Column:
    """Column of the largest call over exactly ``days`` days, relative to the margin before it."""
    return Column(
        name=f"call_{days}d",
        title=f"Largest call over {days} d",
        kind=_FRACTION,
        unit="% of margin",
        digits=1,
        about="largest rise M(t + n) / M(t) - 1",
    )


_COLUMNS = (
    Column(name="market", title="Market"),
    Column(name="side", title="Side"),
    Column(name="mean_margin", title="Mean margin", kind=_FRACTION),
    Column(name="peak_to_trough_year", title="Peak / trough, year", kind=_NUMBER),
    Column(name="peak_to_trough_full", title="Peak / trough, all", kind=_NUMBER),
    Column(name="call_1d", title="Largest call, 1 d", kind=_FRACTION, unit="% of margin", digits=1),
    Column(name="call_5d", title="Largest call, 5 d", kind=_FRACTION, unit="% of margin", digits=1),
    Column(
        name="call_20d", title="Largest call, 20 d", kind=_FRACTION, unit="% of margin", digits=1
    ),
)
_CHANGES = Column(name="changes", title="Changes of the rate", kind=ColumnKind.COUNT)


def procyclicality_table(proof: Proof) -> Table:
    """Model margin of every market and side over the scored days."""
    path = scored_days(proof.paths.maintenance, proof)
    found = procyclicality(_positive(path.reshape(path.shape[0], -1)))
    rows = [
        _row(market, side, found, 2 * j + k)
        for j, market in enumerate(proof.markets)
        for k, side in enumerate(SIDES)
        if found.scored_days[2 * j + k]
    ]
    return Table(
        name="procyclicality",
        title="Cost and procyclicality of a constant position",
        columns=_COLUMNS,
        rows=tuple(rows),
        notes=_notes(proof),
    )


def published_procyclicality_table(proof: Proof) -> Table:
    """The same of the published rate, with how often it changed."""
    path = scored_days(proof.published.rate, proof)
    found = procyclicality(_positive(path.reshape(path.shape[0], -1)))
    sides = SIDES if proof.published.sides_apart else ("both",)
    named = [(market, side) for market in proof.markets for side in sides]
    changes = proof.published.changes.reshape(-1)
    rows = [
        (*_row(market, side, found, j), int(changes[j]))
        for j, (market, side) in enumerate(named)
        if found.scored_days[j]
    ]
    return Table(
        name="procyclicality_published",
        title="Cost and procyclicality of the published rate",
        columns=(*_COLUMNS, _CHANGES),
        rows=tuple(rows),
        notes=_notes(proof),
    )


def _notes(proof: Proof) -> tuple[str, ...]:
    return (
        proof.price_note(),
        "Price-risk share of the maintenance margin. Peak / trough, year: largest over smallest "
        "margin of the trailing year, averaged over days. A call of n days is the largest rise "
        "M(t + n) / M(t) - 1; a young market's rise as its own volatility becomes known counts.",
        proof.tools_note(),
    )


def _positive(path: FloatArray) -> FloatArray:
    return np.where(path > 0.0, path, np.nan)


def _row(market: str, side: str, found: Procyclicality, column: int) -> tuple[Cell, ...]:
    calls = found.largest_call
    return (
        market,
        side,
        float(found.mean_margin[column]),
        float(found.trailing_peak_to_trough[column]),
        float(found.peak_to_trough[column]),
        float(calls[1][column]),
        float(calls[5][column]),
        float(calls[20][column]),
    )
