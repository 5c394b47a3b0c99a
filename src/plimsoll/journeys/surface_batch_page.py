"""Many judged surfaces as a page."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from plimsoll.domain.evidence import Check
from plimsoll.domain.table import Table, iso_minute
from plimsoll.estimators.surface.fit_bounds import INSIDE, SURFACE_MEDIAN_HALF_SPREADS
from plimsoll.estimators.surface.moves import SmileMoves
from plimsoll.estimators.surface.quality import PooledQuality
from plimsoll.journeys.fitted_chain import SurfaceRecord, worst_verdict
from plimsoll.journeys.surface_rounding import error_text, percent_text
from plimsoll.report.key_figures import KeyFigure
from plimsoll.report.surface_history import History
from plimsoll.report.surface_page import ChainPage
from plimsoll.report.surfaces_page import Demanded, surfaces_page


def batch_page(
    records: Sequence[SurfaceRecord],
    pool: PooledQuality,
    moves: SmileMoves | None,
    checks: tuple[Check, ...],
    tables: tuple[Table, ...],
    *,
    source: str,
    note: str,
) -> str:
    """Return the page of all surfaces of a run.

    Parameters
    ----------
    records : sequence of SurfaceRecord
        By time, then by label.
    pool, moves, checks
        Of all of them.
    tables : tuple of Table
    source, note : str
    """
    labels = sorted({record.label for record in records})
    label = " and ".join(labels)
    judged = ChainPage(
        label=f"{label}, {len(records):,} surfaces",
        view=None,
        verdict=worst_verdict(checks),
        meaning=_meaning(records),
        checks=checks,
        key_figures=_key_figures(pool, moves),
        tables=tables,
    )
    return surfaces_page(
        judged,
        [_history(name, [r for r in records if r.label == name]) for name in labels],
        Demanded(inside=INSIDE, surface_median=SURFACE_MEDIAN_HALF_SPREADS),
        title=f"{label}, {iso_minute(records[0].at_ns)} to {iso_minute(records[-1].at_ns)} UTC",
        source=source,
        note=note,
    )


def _history(label: str, records: list[SurfaceRecord]) -> History:
    indices = [record.index.surface for record in records]
    return History(
        label=label,
        at_ns=np.array([record.at_ns for record in records], dtype=np.int64),
        inside=np.array([record.quality.judged.inside for record in records]),
        mark_inside=np.array([record.quality.judged.mark_inside for record in records]),
        median_half_spreads=np.array(
            [record.quality.judged.median_half_spreads for record in records]
        ),
        index=np.array([math.nan if found is None else found.value for found in indices]),
        broken=np.array([record.is_broken for record in records]),
    )


def _meaning(records: Sequence[SurfaceRecord]) -> str:
    clean = sum(record.is_clean is True for record in records)
    broken = [record.name for record in records if record.is_broken]
    told = f" Broken snapshots, counted like all: {', '.join(broken)}." if broken else ""
    return (
        f"{clean:,} of {len(records):,} surfaces are free of arbitrage at 4,001 points of "
        f"k within ±3 of each expiry and midway between them.{told}"
    )


def _key_figures(pool: PooledQuality, moves: SmileMoves | None) -> tuple[KeyFigure, ...]:
    judged = pool.quality.judged
    flips = (
        KeyFigure(title="Flips", value="–", unit="", about="no two snapshots are near enough")
        if moves is None
        else KeyFigure(
            title="Flips",
            value=f"{int(moves.flipped.sum()):,}",
            unit="",
            about=f"of {int(moves.still.sum()):,} smiles whose shape stayed",
        )
    )
    return (
        _percent("Inside bid-ask", judged.inside, f"{judged.quotes:,} quotes"),
        _percent("Mark inside bid-ask", judged.mark_inside, "the venue's own volatility"),
        _percent("More than mark", pool.more_or_all_share, "or all; share of surfaces"),
        _number("Median error", judged.median_half_spreads, "half spreads, absolute, of the mid"),
        _number("RMSE", judged.rmse_vol_points, "vol points, without the worst 0.1 %"),
        flips,
    )


def _percent(title: str, share: float, about: str) -> KeyFigure:
    return KeyFigure(title=title, value=percent_text(share), unit="%", about=about)


def _number(title: str, value: float, about: str) -> KeyFigure:
    return KeyFigure(title=title, value=error_text(value), unit="", about=about)
