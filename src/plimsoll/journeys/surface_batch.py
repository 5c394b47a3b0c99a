"""What `surfaces` returns: many judged surfaces, pooled."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import overload

import numpy as np

from plimsoll.domain.evidence import Check, Verdict
from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.estimators.surface.fit_bounds import pooled_checks
from plimsoll.estimators.surface.moves import SmileMoves
from plimsoll.estimators.surface.quality import PooledQuality, pooled
from plimsoll.journeys.fitted_chain import SurfaceRecord, worst_verdict
from plimsoll.journeys.surface_clock import ClockEvidence
from plimsoll.journeys.surface_clock_tables import clock_tables
from plimsoll.journeys.surface_moves import joined_moves, moves_tables
from plimsoll.journeys.surface_page_file import page_path, write_page
from plimsoll.journeys.surface_rounding import SHARE_DIGITS, share_down
from plimsoll.journeys.surface_source import SourceFile, foot_line
from plimsoll.journeys.surface_tables import (
    WITH_PRIOR,
    arbitrage_table,
    check_table,
    finding_counts,
    snapshot_table,
    spread_table,
    tenor_table,
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class SurfacesResult:
    """Surfaces of many times; shows itself as the table of their fit.

    Parameters
    ----------
    records : tuple of SurfaceRecord
        By time, then by label.
    clock : ClockEvidence
        The variance clock that the chains imply.
    source : str
        Where the prices are from.
    files : tuple of SourceFile
        What was read, with digests; none of chains in memory.
    """

    records: tuple[SurfaceRecord, ...]
    clock: ClockEvidence
    source: str
    files: tuple[SourceFile, ...] = ()

    def pool(self, label: str | None = None) -> PooledQuality:
        """Return the quality of all surfaces together, or of one chain's."""
        chosen = [r for r in self.records if label in (None, r.label)]
        return pooled([record.quality for record in chosen])

    @property
    def moves(self) -> SmileMoves | None:
        """Moves from snapshot to snapshot; None where no two are near enough."""
        return joined_moves([record.moves for record in self.records])

    @property
    def labels(self) -> tuple[str, ...]:
        """Chains, in order."""
        return tuple(sorted({record.label for record in self.records}))

    @property
    def checks(self) -> tuple[Check, ...]:
        """What must hold over all surfaces."""
        clean = [record.is_clean for record in self.records]
        names = [record.name for record in self.records]
        return pooled_checks(clean, self.pool(), names)

    @property
    def verdict(self) -> Verdict:
        """Breach if any check is breached, else not proven if any is not, else holds."""
        return worst_verdict(self.checks)

    def table(self) -> Table:
        """Return the measures of fit over all surfaces, by time to expiry."""
        title = f"Fit of {len(self.records):,} surfaces"
        return tenor_table(self.pool().quality, title, (WITH_PRIOR,))

    def chain_table(self) -> Table:
        """Return, chain by chain: surfaces, arbitrage, comparison with the mark, time."""
        rows = [self._chain_cells(label) for label in self.labels]
        if len(rows) > 1:
            rows.append(self._chain_cells(None))
        return Table(
            name="chains",
            title="Surfaces by chain",
            columns=(
                Column(name="chain", title="Chain"),
                _count("surfaces", "Surfaces"),
                _count("clean", "Free of arbitrage"),
                _count("unfitted", "Without a surface"),
                _count("broken", "Broken snapshots"),
                _share("inside", "Inside"),
                _share("mark_inside", "Mark inside"),
                _count("more", "More than mark"),
                _count("as_many_all", "As many, all"),
                _count("as_many", "As many"),
                _count("fewer", "Fewer"),
                Column(
                    name="median_ms",
                    title="Median time",
                    kind=ColumnKind.NUMBER,
                    unit="ms",
                    digits=1,
                ),
                Column(
                    name="fit_ms",
                    title="of it the fit",
                    kind=ColumnKind.NUMBER,
                    unit="ms",
                    digits=1,
                ),
                Column(
                    name="worst_ms", title="Longest", kind=ColumnKind.NUMBER, unit="ms", digits=0
                ),
            ),
            rows=tuple(rows),
            notes=(
                "Against the venue's own mark volatility: surfaces with more, as many (all quotes "
                "inside, or not) and fewer judged quotes inside bid-ask.",
                "Time of one surface: implied volatilities, fit, arbitrage report and judgement; "
                "the longest includes loading compiled kernels, once a run.",
            ),
        )

    def snapshot_table(self) -> Table:
        """Return one row per surface."""
        return snapshot_table(self.records)

    def broken_table(self) -> Table:
        """Return the surfaces of broken snapshots: recognised, reported and counted like all."""
        broken = [record for record in self.records if record.is_broken]
        table = snapshot_table(broken)
        return Table(
            name="broken",
            title="Broken snapshots",
            columns=table.columns,
            rows=table.rows,
            notes=("Their quotes count in every measure like all others.",),
        )

    def tables(self) -> tuple[Table, ...]:
        """Return fit, chains, arbitrage, smoothness, clock, findings, verdict; none empty."""
        broken = self.broken_table()
        return (
            self.table(),
            spread_table(self.records),
            self.chain_table(),
            arbitrage_table(self.records),
            *((broken,) if len(broken) else ()),
            *moves_tables(self.moves),
            *clock_tables(self.clock),
            finding_counts(self.records),
            check_table(self.checks),
        )

    @overload
    def to_html(self, path: None = None, *, note: str = "") -> str: ...
    @overload
    def to_html(self, path: str | os.PathLike[str], *, note: str = "") -> Path: ...
    def to_html(self, path: str | os.PathLike[str] | None = None, *, note: str = "") -> str | Path:
        """Return the page of all surfaces; where a path is given, write it whole.

        Parameters
        ----------
        path : path, optional
            Ends in ``.html`` or ``.htm``.
        note : str
            A line for the foot.

        Returns
        -------
        str or Path
            The page without a path, else where it was written.

        Raises
        ------
        UsageError
            The path is that of another format.
        StorageError
            It could not be written; what stood there before is untouched.
        """
        if path is None:
            return self._html(note)
        out = page_path(path)
        return write_page(out, self._html(note))

    def _html(self, note: str) -> str:
        from plimsoll.journeys.surface_batch_page import batch_page

        *tables, _ = self.tables()  # the verdict stands above them
        return batch_page(
            self.records,
            self.pool(),
            self.moves,
            self.checks,
            (*tables, self.snapshot_table()),
            source=self.source,
            note=foot_line(self.files, note),
        )

    def _chain_cells(self, label: str | None) -> tuple[Cell, ...]:
        mine = [r for r in self.records if label in (None, r.label)]
        pool = self.pool(label)
        judged = pool.quality.judged
        milliseconds = 1000.0 * np.array([record.seconds for record in mine])
        return (
            label or "all",
            len(mine),
            sum(r.is_clean is True for r in mine),
            sum(r.surface is None for r in mine),
            sum(r.is_broken for r in mine),
            share_down(judged.inside),
            share_down(judged.mark_inside),
            pool.more,
            pool.all_inside,
            pool.equal - pool.all_inside,
            pool.fewer,
            float(np.median(milliseconds)),
            1000.0 * float(np.median([record.fit_seconds for record in mine])),
            float(milliseconds.max()),
        )

    def __repr__(self) -> str:
        return f"<SurfacesResult {len(self.records)} surfaces: {self.verdict.value}, {self.source}>"

    def __str__(self) -> str:
        return "\n\n".join(str(table) for table in self.tables())

    def _repr_html_(self) -> str:
        return "".join(table._repr_html_() for table in self.tables())


def _share(name: str, title: str) -> Column:
    return Column(name=name, title=title, kind=ColumnKind.FRACTION, digits=SHARE_DIGITS)


def _count(name: str, title: str) -> Column:
    return Column(name=name, title=title, kind=ColumnKind.COUNT)
