"""What the figures show, read out of the evidence once for the live and the printed picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from plimsoll.domain.evidence import CoverageSeries, Evidence
from plimsoll.domain.table import Cell, Table
from plimsoll.report.key_figures import find_column, find_table, number

SIDES = ("long", "short")
LARGEST_CALLS = 24
OUTERMOST = 8
NORMAL_975 = 1.959963984540054


@dataclass(frozen=True, slots=True, kw_only=True)
class CoveragePoint:
    """Breach rate of one market and side with its 95 % interval, as fractions."""

    market: str
    side: str
    zone: str
    count: int
    breaches: int
    rate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageGroup:
    """Points that share a horizon and a target, hence one picture."""

    horizon: str
    target: float
    points: tuple[CoveragePoint, ...]

    @property
    def markets(self) -> tuple[str, ...]:
        """Markets in the order of the table."""
        return tuple(dict.fromkeys(point.market for point in self.points))

    def of(self, market: str) -> tuple[CoveragePoint, ...]:
        """Points of one market."""
        return tuple(point for point in self.points if point.market == market)


@dataclass(frozen=True, slots=True, kw_only=True)
class CostPoint:
    """Margin and its movement for one market and side, as fractions and ratios."""

    market: str
    side: str
    mean_margin: float
    peak_to_trough: float
    calls: tuple[float, float, float]

    @property
    def name(self) -> str:
        """Market and side."""
        return f"{self.market} {self.side}".strip()


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
    """Return the coverage table as points, grouped by horizon and target.

    Rows without a count, breaches or target are left to the table; an evidence without the table
    gives no group.
    """
    table = find_table(evidence, "coverage")
    if table is None or not _has(table, "market", "n", "breaches", "target"):
        return ()
    groups: dict[tuple[str, float], list[CoveragePoint]] = {}
    for row in table:
        count, breaches = number(row["n"]), number(row["breaches"])
        target = number(row["target"])
        if math.isnan(count + breaches + target) or count <= 0:
            continue
        key = (_hours(row.get("horizon_hours")), target)
        groups.setdefault(key, []).append(
            _coverage_point(row["market"], row.get("side"), row.get("zone"), count, breaches)
        )
    return tuple(
        CoverageGroup(horizon=horizon, target=target, points=tuple(points))
        for (horizon, target), points in groups.items()
    )


def _coverage_point(
    market: Cell, side: Cell, zone: Cell, count: float, breaches: float
) -> CoveragePoint:
    low, high = wilson_interval(int(breaches), int(count))
    return CoveragePoint(
        market=str(market),
        side=str(side or ""),
        zone=str(zone or "not scored"),
        count=int(count),
        breaches=int(breaches),
        rate=breaches / count,
        low=low,
        high=high,
    )


def _hours(value: Cell) -> str:
    hours = number(value)
    return "" if math.isnan(hours) else f"{hours:g} h"


def _has(table: Table, *names: str) -> bool:
    return all(find_column(table, name) is not None for name in names)


def cost_points(evidence: Evidence) -> tuple[CostPoint, ...]:
    """Return the procyclicality table as points; rows without a mean margin are left out."""
    table = find_table(evidence, "procyclicality")
    if table is None or not _has(table, "market", "mean_margin"):
        return ()
    points = (
        CostPoint(
            market=str(row["market"]),
            side=str(row.get("side") or ""),
            mean_margin=number(row["mean_margin"]),
            peak_to_trough=number(row.get("peak_to_trough_full")),
            calls=(
                number(row.get("call_1d")),
                number(row.get("call_5d")),
                number(row.get("call_20d")),
            ),
        )
        for row in table
    )
    return tuple(point for point in points if math.isfinite(point.mean_margin))


def largest_calls(points: Sequence[CostPoint]) -> list[CostPoint]:
    """Return the points with the largest 5-day call, largest first.

    Sides of a market that are called alike stand in one row.
    """
    known: dict[tuple[str, tuple[float, ...]], CostPoint] = {}
    for point in points:
        if math.isfinite(point.calls[1]):
            twin = known.get((point.market, point.calls))
            merged = point if twin is None else replace(twin, side="both sides")
            known[(point.market, point.calls)] = merged
    return sorted(known.values(), key=lambda p: (-p.calls[1], p.name))[:LARGEST_CALLS]


def outermost(points: Sequence[CostPoint]) -> list[CostPoint]:
    """Return one point of each market that stands out, far enough apart for their names.

    Distances are shares of the picture; a name above its point must not cover another market's.
    """
    if not points:
        return []
    wide = max(p.mean_margin for p in points) or 1.0
    high = max(p.peak_to_trough for p in points) or 1.0
    places = [(p.mean_margin / wide, p.peak_to_trough / high, p) for p in points]
    taken: list[tuple[float, float, CostPoint]] = []
    for x, y, point in sorted(places, key=lambda place: (-max(place[:2]), place[2].name)):
        near_name = any(abs(x - a) < 0.15 and abs(y - b) < 0.06 for a, b, _ in taken)
        covers = any(
            abs(x - a) < 0.08 and -0.02 < b - y < 0.1 and p.market != point.market
            for a, b, p in places
        )
        if not near_name and not covers:
            taken.append((x, y, point))
    return [point for _, _, point in taken[:OUTERMOST]]


def short_name(name: str, length: int) -> str:
    """Return a name cut to a length, with an ellipsis where it was cut.

    >>> short_name("1000000MOG/USDT:USDT", 12)
    '1000000MOG/…'
    """
    return name if len(name) <= length else name[: length - 1] + "…"


def target_of(evidence: Evidence, series: CoverageSeries) -> float:
    """Breach rate that a series is allowed, NaN where the coverage table does not say."""
    groups = coverage_groups(evidence)
    exact = [g for g in groups if g.horizon == series.horizon] or list(groups)
    targets = {g.target for g in exact if series.market in g.markets}
    return targets.pop() if len(targets) == 1 else math.nan


def worst_first(evidence: Evidence) -> tuple[CoverageSeries, ...]:
    """Return the scored series, most breaches over expectation first, then by name.

    The order is by the standardised excess ``(breaches - n p) / sqrt(n p (1 - p))``; where no
    target is known, by the breach rate.
    """
    keyed = [(-_excess(item, target_of(evidence, item)), item) for item in evidence.series]
    ordered = sorted(keyed, key=lambda pair: (pair[0], pair[1].market, pair[1].side))
    return tuple(item for _, item in ordered if item.time_ns.size)


def _excess(series: CoverageSeries, target: float) -> float:
    count, breaches = series.time_ns.size, int(series.breaches.sum())
    if count == 0:
        return -math.inf
    if math.isnan(target) or not 0.0 < target < 1.0:
        return breaches / count
    return (breaches - count * target) / math.sqrt(count * target * (1.0 - target))


def in_columns(markets: Sequence[str], columns: int) -> list[list[str]]:
    """Split names into columns of equal length, the first ones full.

    >>> in_columns(["a", "b", "c"], 2)
    [['a', 'b'], ['c']]
    """
    length = max(1, -(-len(markets) // columns))
    return [list(markets[i : i + length]) for i in range(0, len(markets), length)]
