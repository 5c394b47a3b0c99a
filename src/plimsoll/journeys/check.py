"""Check a venue file: every fault with its place, the value found, and the remedy."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from plimsoll.config.loader import check_venue
from plimsoll.domain.table import Column, ColumnKind, Table
from plimsoll.errors import Fault


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

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def check(
    venue: str | os.PathLike[str],
    *,
    as_of: datetime | None = None,
    variables: Mapping[str, str] | None = None,
) -> CheckResult:
    """Check a venue file, data files included.

    Parameters
    ----------
    venue : str or path
        The file, or a directory that holds ``venue.yaml``.
    as_of : datetime, optional
        The day a calibration is meant for; must lie inside the data.
    variables : mapping, optional
        Values of ``${NAME}`` in paths, over the environment's.
    """
    faults = check_venue(venue, as_of=as_of, variables=variables)
    return CheckResult(source=os.fspath(venue), faults=faults)
