"""What `surface` returns: fitted chains as tables, pictures, a page and a document."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from plimsoll.domain.evidence import Check, Verdict
from plimsoll.domain.surface import VolSurface
from plimsoll.domain.table import Table, iso_minute
from plimsoll.errors import UsageError
from plimsoll.journeys.fitted_chain import FittedChain, worst_verdict
from plimsoll.journeys.surface_index import index_table
from plimsoll.journeys.surface_page_file import page_path, write_page
from plimsoll.journeys.surface_published import published_documents, published_tables
from plimsoll.journeys.surface_source import SourceFile, foot_line
from plimsoll.journeys.surface_tables import (
    arbitrage_table,
    expiry_table,
    findings_table,
    tenor_table,
)

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from plimsoll.report.surface_page import ChainPage
    from plimsoll.report.surface_view import SurfaceView


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class SurfaceResult:
    """Surfaces at one time; shows itself as the tables of their expiries.

    Parameters
    ----------
    chains : tuple of FittedChain
        One per coin (and settlement).
    source : str
        Where the prices are from.
    files : tuple of SourceFile
        What was read, with digests; none of chains in memory.
    """

    chains: tuple[FittedChain, ...]
    source: str
    files: tuple[SourceFile, ...] = ()

    def chain(self, label: str | None = None) -> FittedChain:
        """Return a chain by its label; the only one where none is named.

        Raises
        ------
        UsageError
            For a label that is none, or none where there are several.
        """
        labels = [chain.label for chain in self.chains]
        if label is None and len(self.chains) == 1:
            return self.chains[0]
        for chain in self.chains:
            if chain.label == label:
                return chain
        known = ", ".join(labels)
        if label is None:
            raise UsageError(
                f"must name one of the chains {known}",
                found=f"no label for {len(labels)} chains",
                remedy=f"write .surface({labels[0]!r}), .table({labels[0]!r}) and so on",
                field="label",
            )
        raise UsageError(f"must be one of {known}", found=label, field="label")

    def surface(self, label: str | None = None) -> VolSurface:
        """Return the surface of a chain.

        Raises
        ------
        UsageError
            Where the chain got none: its reason.
        """
        chain = self.chain(label)
        if chain.surface is None:
            raise UsageError("must have a surface", found=chain.record.reason, field=chain.label)
        return chain.surface

    @property
    def checks(self) -> tuple[Check, ...]:
        """What must hold on each surface, chain by chain."""
        return tuple(check for chain in self.chains for check in chain.record.checks)

    @property
    def verdict(self) -> Verdict:
        """Breach if any check is breached, else not proven if any is not, else holds."""
        return worst_verdict(self.checks)

    def table(self, label: str | None = None) -> Table:
        """Return the table of a chain's expiries."""
        return expiry_table(self.chain(label))

    def tables(self, label: str | None = None) -> tuple[Table, ...]:
        """Return expiries, published parameters, index, fit, arbitrage, findings."""
        chain = self.chain(label)
        record = chain.record
        return (
            self.table(label),
            *published_tables(chain.published, record.name),
            index_table(record.index, f"30-day volatility index of {record.name} UTC"),
            tenor_table(record.quality, f"Fit of {record.name} UTC"),
            arbitrage_table([record]),
            findings_table(record.findings, f"Findings on {record.name} UTC"),
        )

    def figures(self, label: str | None = None) -> Mapping[str, Figure]:
        """Return the pictures of a chain as plotly figures, by name.

        ``surface``, ``term``, ``residuals``, ``density``, ``forward``, and ``smile-0`` …, one
        per expiry.
        """
        from plimsoll.report.surface_plots import surface_plots

        self.surface(label)  # a chain without one says why
        return surface_plots(self._view(self.chain(label)))

    @overload
    def to_html(self, path: None = None, *, note: str = "") -> str: ...
    @overload
    def to_html(self, path: str | os.PathLike[str], *, note: str = "") -> Path: ...
    def to_html(self, path: str | os.PathLike[str] | None = None, *, note: str = "") -> str | Path:
        """Return the page with all pictures and tables; where a path is given, write it whole.

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
        from plimsoll.report.surface_page import surface_page

        pages = [self._page(chain) for chain in self.chains]
        foot = foot_line(self.files, note)
        return surface_page(pages, title=self.title, source=self.source, note=foot)

    @property
    def title(self) -> str:
        """Coins and time."""
        times = sorted({iso_minute(chain.record.at_ns) for chain in self.chains})
        when = times[0] if len(times) == 1 else f"{times[0]} to {times[-1]}"
        return f"{' and '.join(chain.label for chain in self.chains)}, {when} UTC"

    def _page(self, chain: FittedChain) -> ChainPage:
        from plimsoll.journeys.surface_key_figures import surface_key_figures
        from plimsoll.report.surface_page import ChainPage

        record = chain.record
        return ChainPage(
            label=chain.label,
            view=None if chain.surface is None else self._view(chain),
            verdict=worst_verdict(record.checks),
            meaning=_meaning(chain),
            checks=record.checks,
            key_figures=surface_key_figures(chain),
            tables=self.tables(chain.label),
        )

    def _view(self, chain: FittedChain) -> SurfaceView:
        from plimsoll.report.surface_view import SurfaceView

        return SurfaceView(
            label=chain.label,
            source=self.source,
            quotes=chain.quotes,
            surface=self.surface(chain.label),
            errors=chain.record.quality.errors,
            used=chain.used,
            dropped=chain.dropped,
        )

    def __repr__(self) -> str:
        return f"<SurfaceResult {self.title}: {self.verdict.value}, {self.source}>"

    def __str__(self) -> str:
        return "\n\n".join(str(self.table(chain.label)) for chain in self.chains)

    def _repr_html_(self) -> str:
        return "".join(self.table(chain.label)._repr_html_() for chain in self.chains)


def _meaning(chain: FittedChain) -> str:
    record = chain.record
    if record.surface is None:
        return f"No surface: {record.reason}."
    broken = "THE SNAPSHOT IS BROKEN: see the findings. " if record.is_broken else ""
    clean = "free of arbitrage" if record.is_clean else "NOT free of arbitrage"
    return (
        f"{broken}{len(record.surface.smiles)} expiries, {clean} at 4,001 points of k within ±3 "
        "of each and midway between them. Shares are judged over many surfaces."
    )


def plain_documents(result: SurfaceResult) -> list[dict[str, Any]]:
    """Return each chain as plain values; tables apart."""
    from plimsoll.journeys.surface_document import record_document

    return [
        {
            **record_document(chain.record, with_surface=True),
            "published": published_documents(chain.published),
        }
        for chain in result.chains
    ]
