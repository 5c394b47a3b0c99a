"""What the pictures of coverage show, read out of the evidence once for screen and print."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from plimsoll.domain.evidence import CoverageSeries, Evidence
from plimsoll.domain.table import Cell, Table
from plimsoll.report.key_figures import find_column, number

NORMAL_975 = 1.959963984540054
_NEEDED = ("market", "n", "breaches", "target")


@dataclass(frozen=True, slots=True, kw_only=True)
class CoveragePoint:
    """Breach rate of one market and side with its 95 % interval, as fractions."""

    market: str
    side: str
    horizon: str
    zone: str
    target: float
    count: int
    breaches: int
    low: float
    high: float

    @property
    def rate(self) -> float:
        """Share of horizons that were breaches."""
        return self.breaches / self.count


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageGroup:
    """Points of one table that share a target, hence one picture."""

    title: str
    target: float
    points: tuple[CoveragePoint, ...]

    @property
    def markets(self) -> tuple[str, ...]:
        """Markets in the order of the table."""
        return tuple(dict.fromkeys(point.market for point in self.points))

    @property
    def horizons(self) -> tuple[str, ...]:
        """Horizons, shortest first."""
        known = {point.horizon for point in self.points if point.horizon}
        return tuple(sorted(known, key=lambda horizon: float(horizon.removesuffix(" h"))))

    @property
    def zones(self) -> tuple[str, ...]:
        """Zones from the best to the worst, those that never occur included once."""
        middle = "amber" if any(point.zone == "amber" for point in self.points) else "yellow"
        others = [p.zone for p in self.points if p.zone not in ("green", middle, "red")]
        return ("green", middle, "red", *dict.fromkeys(others))

    def of(self, market: str) -> tuple[CoveragePoint, ...]:
        """Points of one market."""
        return tuple(point for point in self.points if point.market == market)


def wilson_interval(breaches: int, count: int) -> tuple[float, float]:
    """Return the 95 % score interval of a proportion (Wilson, 1927).

    Parameters
    ----------
    breaches, count : int
        Successes and trials; no trials give (nan, nan).

    >>> tuple(round(end, 4) for end in wilson_interval(10, 1000))
    (0.0054, 0.0183)
    """
    if count <= 0:
        return math.nan, math.nan
    share, square = breaches / count, NORMAL_975**2
    centre = (share + square / (2 * count)) / (1 + square / count)
    half = (
        NORMAL_975
        * math.sqrt(share * (1 - share) / count + square / (4 * count**2))
        / (1 + square / count)
    )
    # At the ends the bound is exactly 0 or 1; rounding must not put it inside.
    low = max(0.0, centre - half) if breaches else 0.0
    return low, min(1.0, centre + half) if breaches < count else 1.0


def coverage_groups(evidence: Evidence) -> tuple[CoverageGroup, ...]:
    """Return the points of every table of coverage by market, in the order of the evidence.

    Such a table is called ``coverage`` or ``coverage_...`` and has market, n, breaches and target.
    Rows without a number are left to the table. Where a table has several rows for a market and
    side, each horizon gets a picture of its own.
    """
    groups: list[CoverageGroup] = []
    for table in evidence.tables:
        if is_coverage(table):
            groups += _groups_of(table)
    return tuple(groups)


def is_coverage(table: Table) -> bool:
    """Whether a table holds coverage by market."""
    named = table.name == "coverage" or table.name.startswith("coverage_")
    return named and all(find_column(table, name) is not None for name in _NEEDED)


def _groups_of(table: Table) -> list[CoverageGroup]:
    points = [point for point in map(_point, table) if point is not None]
    sides = {(point.target, point.market, point.side) for point in points}
    split = len(sides) < len(points)
    found: dict[tuple[float, str], list[CoveragePoint]] = defaultdict(list)
    for point in points:
        found[point.target, point.horizon if split else ""].append(point)
    return [
        CoverageGroup(title=table.title, target=target, points=tuple(group))
        for (target, _), group in found.items()
    ]


def _point(row: Mapping[str, Cell]) -> CoveragePoint | None:
    count, breaches, target = (number(row[name]) for name in _NEEDED[1:])
    if math.isnan(count + breaches + target) or count <= 0:
        return None
    low, high = wilson_interval(int(breaches), int(count))
    hours = number(row.get("horizon_hours"))
    return CoveragePoint(
        market=str(row["market"]),
        side=str(row.get("side") or ""),
        horizon="" if math.isnan(hours) else f"{hours:g} h",
        zone=str(row.get("zone") or "not scored"),
        target=target,
        count=int(count),
        breaches=int(breaches),
        low=low,
        high=high,
    )


def coverage_rows(evidence: Evidence) -> Mapping[tuple[str, str, str], CoveragePoint]:
    """Return the rows of the table ``coverage`` by market, side and horizon."""
    tables = [t for t in evidence.tables if t.name == "coverage" and is_coverage(t)]
    points = [point for table in tables for point in map(_point, table) if point is not None]
    return {(p.market, p.side, p.horizon): p for p in points}


def worst_first(
    series: Iterable[CoverageSeries], rows: Mapping[tuple[str, str, str], CoveragePoint]
) -> tuple[CoverageSeries, ...]:
    """Return the series, most breaches over expectation first, then by name; empty ones go.

    The order is by the standardised excess ``(breaches - n p) / sqrt(n p (1 - p))`` of the table's
    counts. Series of which the table knows nothing come last, by their own share of breaches.
    """
    kept = [item for item in series if item.time_ns.size]
    return tuple(sorted(kept, key=lambda item: _rank(item, rows.get(series_key(item)))))


def series_key(series: CoverageSeries) -> tuple[str, str, str]:
    """Return what a series and its row in the table have in common."""
    return series.market, series.side, series.horizon


def _rank(series: CoverageSeries, row: CoveragePoint | None) -> tuple[bool, float, str, str]:
    if row is None or not 0.0 < row.target < 1.0:
        share = float(series.breaches.mean())
        return True, -share, series.market, series.side
    spread = math.sqrt(row.count * row.target * (1.0 - row.target))
    return False, -(row.breaches - row.count * row.target) / spread, series.market, series.side
