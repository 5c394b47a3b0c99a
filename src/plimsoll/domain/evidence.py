"""Evidence: what stands behind a parameter set. A set without it cannot be proposed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.table import Table
from plimsoll.errors import UsageError

SCHEMA = "plimsoll.evidence"
SCHEMA_VERSION = 1


class Verdict(StrEnum):
    """Outcome of the gate."""

    HOLDS = "holds"
    BREACH = "breach"
    NOT_PROVEN = "not_proven"  # too little data to say either


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One line of the verdict: what was asked, what was found, whether it holds."""

    name: str
    verdict: Verdict
    found: str
    demanded: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CoverageSeries:
    """Margin against realised loss of a constant position of one market and side.

    Parameters
    ----------
    market, side, horizon : str
        ``side`` is ``long`` or ``short``; ``horizon`` for print, e.g. ``8 h``.
    time_ns : (T,) int64
        Start of each scored horizon.
    margin : (T,) float64
        Share of notional held against price risk.
    loss : (T,) float64
        Realised loss over the horizon, share of notional, positive = loss.
    horizons, broken : (T,) int64 or None
        Where a point stands for several horizons (the worst of a day): how many were scored, and
        how many of them exceeded the margin. None: each point is one horizon.
    """

    market: str
    side: str
    horizon: str
    time_ns: NDArray[np.int64]
    margin: NDArray[np.float64]
    loss: NDArray[np.float64]
    horizons: NDArray[np.int64] | None = None
    broken: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        for name in ("margin", "loss", "horizons", "broken"):
            values = getattr(self, name)
            if values is not None and values.shape != self.time_ns.shape:
                raise UsageError(
                    f"must have one value per point ({self.time_ns.size})",
                    found=values.shape,
                    field=f"{self.market}.{name}",
                )
        if (self.horizons is None) != (self.broken is None):
            raise UsageError("must be given together", field=f"{self.market}.horizons, broken")

    @property
    def breaches(self) -> NDArray[np.bool_]:
        """(T,) loss above margin."""
        return self.loss > self.margin

    @property
    def horizon_counts(self) -> NDArray[np.int64]:
        """(T,) scored horizons behind each point."""
        if self.horizons is None:
            return np.ones(self.time_ns.size, dtype=np.int64)
        return self.horizons

    @property
    def breach_counts(self) -> NDArray[np.int64]:
        """(T,) breaches behind each point."""
        return self.breaches.astype(np.int64) if self.broken is None else self.broken


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evidence:
    """Everything a reader needs to sign or refuse a set.

    Parameters
    ----------
    parameter_set_id : str
    label : str
        Price source; contains SYNTHETIC for generated data. Shown on every table and plot.
    checks : tuple of Check
        The verdict, line by line.
    tables : tuple of Table
        ``parameters``, ``before_after``, ``coverage``, ``coverage_pooled``, ``procyclicality``,
        ``findings``, ``incumbent``, ... each with notes.
    series : tuple of CoverageSeries
    limits : tuple of str
        What this evidence cannot say.
    provenance : mapping of str to str
        Digests, versions, seed, options: all that reproduces it. No creation time.
    """

    parameter_set_id: str
    label: str
    checks: tuple[Check, ...]
    tables: tuple[Table, ...]
    series: tuple[CoverageSeries, ...] = ()
    limits: tuple[str, ...] = ()
    provenance: Mapping[str, str] = field(default_factory=dict)

    @property
    def verdict(self) -> Verdict:
        """Breach if any check is breached, else not proven if any is not, else holds."""
        verdicts = {check.verdict for check in self.checks}
        for worst in (Verdict.BREACH, Verdict.NOT_PROVEN):
            if worst in verdicts:
                return worst
        return Verdict.HOLDS if self.checks else Verdict.NOT_PROVEN

    def table(self, name: str) -> Table:
        """Return the table called ``name``."""
        for table in self.tables:
            if table.name == name:
                return table
        raise UsageError(
            "must be one of the evidence's tables",
            found=name,
            field="table",
            remedy=f"choose from {', '.join(t.name for t in self.tables)}",
        )
