"""Check a venue file: every fault with its place, the value found, and the remedy."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from plimsoll.config.extent import Extent, Generated
from plimsoll.config.loader import check_venue
from plimsoll.domain.market import DAY_NS
from plimsoll.domain.table import Column, ColumnKind, Table
from plimsoll.errors import Fault
from plimsoll.journeys.as_of import Day, midnight


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """Outcome of a check; shows itself as a table.

    Parameters
    ----------
    source : str
    faults : tuple of Fault
        Ordered by line; empty where the file holds.
    """

    source: str
    faults: tuple[Fault, ...]

    @property
    def holds(self) -> bool:
        """True where no fault was found."""
        return not self.faults

    def table(self) -> Table:
        """The faults, one a row."""
        return Table(
            name="faults",
            title=f"{self.source}: {len(self.faults)} faults",
            columns=(
                Column(name="line", title="Line", kind=ColumnKind.COUNT),
                Column(name="path", title="Path"),
                Column(name="problem", title="What must hold"),
                Column(name="found", title="Found"),
                Column(name="remedy", title="Remedy"),
            ),
            rows=tuple((f.line, f.path, f.problem, f.found, f.remedy) for f in self.faults),
        )

    def __str__(self) -> str:
        return str(self.table()) if self.faults else f"{self.source}: holds"

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def check(
    venue: str | os.PathLike[str],
    *,
    as_of: Day | None = None,
    variables: Mapping[str, str] | None = None,
) -> CheckResult:
    """Check a venue file, data files included.

    Parameters
    ----------
    venue : str or path
        The file, or a directory that holds ``venue.yaml``.
    as_of : date, datetime or str, optional
        The day a calibration is meant for; must lie inside the data.
    variables : mapping, optional
        Values of ``${NAME}`` in paths, over the environment's.
    """
    faults = check_venue(venue, as_of=midnight(as_of), variables=variables, generated=_generated)
    return CheckResult(source=os.fspath(venue), faults=faults)


def _generated() -> Generated:
    from plimsoll.sandbox import DEFAULT_DAYS, DEFAULT_START_NS, MARKETS

    last_ns = DEFAULT_START_NS + DEFAULT_DAYS * DAY_NS
    return Generated(
        symbols=tuple(market.symbol for market in MARKETS),
        extent=Extent(first_ns=DEFAULT_START_NS, last_ns=last_ns),
    )
