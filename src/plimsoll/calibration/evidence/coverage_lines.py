"""Lines that the walk-forward coverage of a calibrated set is held to, relative to its target.

Starts are those of the maintenance losses, whole panel, young markets among them; the quarter that
breaks most and Kupiec's tests are of markets with enough scored days. Liquidation cost and fee
stand in the loss as in the margin, so that a start breaks where the price move alone exceeds its
share of the margin.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.evidence.proof import Proof, extra_of
from plimsoll.calibration.problem import CoverageLines
from plimsoll.calibration.published import beside
from plimsoll.calibration.risk_paths import SIDES
from plimsoll.calibration.scored import margins_in_force
from plimsoll.domain.evidence import Check, Verdict
from plimsoll.domain.market import DAY_NS
from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.validation.comparison.coverage_figures import (
    clustered_rate,
    kupiec_rejections,
    rates_by_year,
    worst_quartile,
)
from plimsoll.validation.comparison.method_score import Kupiec, Rate

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

GRID_TOLERANCE = 1e-9
"""Of a step of the grid: what rounding to it may be off by in float64."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageFigures:
    """Breach rates before snapping and link.

    Parameters
    ----------
    target : float
    pooled : Rate
    sides : dict of str to Rate
    years : dict of int to Rate
        Years with their share of the starts at least the line's.
    worst_quartile : float
    kupiec : Kupiec
    tested_markets : int
        Markets with enough scored days for the last two.
    """

    target: float
    pooled: Rate
    sides: dict[str, Rate]
    years: dict[int, Rate]
    worst_quartile: float
    kupiec: Kupiec
    tested_markets: int


def coverage_figures(proof: Proof) -> CoverageFigures | None:
    """Measure the model's margins; None where nothing was scored."""
    losses, margin = proof.maintenance, proof.margin()
    scored: BoolArray = np.isfinite(margin) & np.isfinite(losses.loss)
    if not scored.any():
        return None
    lines, target = proof.problem.gate.lines, 1.0 - proof.problem.maintenance_level
    broke = scored & (losses.loss > margin)
    time = losses.start_ns
    pooled = clustered_rate(broke, scored, time)
    years = rates_by_year(broke, scored, time)
    least = lines.least_year_share * pooled.pairs
    enough = _scored_days(scored, time) >= proof.problem.gate.minimum_scored_days
    tested = bool(enough.any())
    return CoverageFigures(
        target=target,
        pooled=pooled,
        sides={
            side: clustered_rate(broke[..., k], scored[..., k], time)
            for k, side in enumerate(SIDES)
        },
        years={year: rate for year, rate in years.items() if rate.pairs >= least},
        worst_quartile=worst_quartile(broke[:, enough], scored[:, enough])
        if tested
        else float("nan"),
        kupiec=kupiec_rejections(broke[:, enough], scored[:, enough], target),
        tested_markets=int(enough.sum()),
    )


def _scored_days(scored: BoolArray, time_ns: NDArray[np.int64]) -> NDArray[np.int64]:
    """(N,) days with a scored start."""
    day = time_ns // DAY_NS
    held: BoolArray = np.logical_or.reduce(scored, axis=2)
    first = np.flatnonzero(np.diff(day, prepend=day[0] - 1))
    return np.asarray(np.logical_or.reduceat(held, first, axis=0).sum(axis=0))


def line_checks(proof: Proof) -> tuple[Check, ...]:
    """Every line as a check, and that snapping to the grid never under-covers."""
    found, lines = coverage_figures(proof), proof.problem.gate.lines
    return (*_figure_checks(found, lines), snapping_check(proof))


def _figure_checks(found: CoverageFigures | None, lines: CoverageLines) -> tuple[Check, ...]:
    if found is None:
        names = ("pooled", "each side", "each year")
        return tuple(
            Check(
                name=f"Coverage line, {name}",
                verdict=Verdict.NOT_PROVEN,
                found="nothing scored",
                demanded="a scored start",
            )
            for name in names
        )
    years = {str(year): rate for year, rate in found.years.items()}
    return (
        _band("pooled", {"all": found.pooled}, lines.pooled, found.target, lines),
        _band("each side", found.sides, lines.side, found.target, lines),
        _band("each year", years, lines.year, found.target, lines),
        *((_quartile(found, lines), _kupiec(found, lines)) if enough_markets(found, lines) else ()),
    )


def enough_markets(found: CoverageFigures, lines: CoverageLines) -> bool:
    """Whether lines over market-sides are asked of a venue at all.

    Of twelve tests at 5 % more than 8 % reject every other time though all is right: a venue of
    few markets is judged market by market (Holm) instead.
    """
    return found.kupiec.market_sides >= lines.least_market_sides


def _band(
    name: str,
    rates: dict[str, Rate],
    band: tuple[float, float],
    target: float,
    lines: CoverageLines,
) -> Check:
    low, high = (share * target for share in band)
    each = [_within(rate, low, high, target, lines) for rate in rates.values()]
    told = ", ".join(
        f"{title} {rate.rate:.3%} (s.e. {rate.standard_error:.3%})" for title, rate in rates.items()
    )
    return Check(
        name=f"Coverage line, {name}",
        verdict=_worst(each),
        found=told or "no year long enough",
        demanded=f"{low:.2%} to {high:.2%} breaches, before snapping and link",
    )


def _within(rate: Rate, low: float, high: float, target: float, lines: CoverageLines) -> Verdict:
    width = min(high - target, target - low)
    # Of few days the clustered error can come out below that of independent breaches.
    independent = math.sqrt(target * (1.0 - target) / rate.pairs) if rate.pairs else math.inf
    if not lines.most_errors * max(rate.standard_error, independent) <= width:
        return Verdict.NOT_PROVEN
    return Verdict.HOLDS if low <= rate.rate <= high else Verdict.BREACH


def _worst(verdicts: Iterable[Verdict]) -> Verdict:
    found = list(verdicts)
    for one in (Verdict.BREACH, Verdict.NOT_PROVEN):
        if one in found:
            return one
    return Verdict.HOLDS if found else Verdict.NOT_PROVEN


def _quartile(found: CoverageFigures, lines: CoverageLines) -> Check:
    highest = lines.worst_quartile * found.target
    holds = found.worst_quartile <= highest
    return Check(
        name="Coverage line, worst quartile",
        verdict=Verdict.HOLDS if holds else Verdict.BREACH,
        found=f"{found.worst_quartile:.3%} of {found.tested_markets} markets",
        demanded=f"at most {highest:.2%} breaches in the quarter of the markets that break most",
    )


def _kupiec(found: CoverageFigures, lines: CoverageLines) -> Check:
    tests, share = found.kupiec, rejected_share(found.kupiec)
    return Check(
        name="Coverage line, Kupiec",
        verdict=Verdict.HOLDS if share <= lines.kupiec_share else Verdict.BREACH,
        found=f"{tests.too_high} too high and {tests.too_low} too low of {tests.market_sides} "
        f"market-sides ({share:.1%})",
        demanded=f"at most {lines.kupiec_share:.0%} of market-sides rejected at 5 %",
    )


def rejected_share(tests: Kupiec) -> float:
    """Share of market-sides rejected; NaN of none."""
    return tests.share if tests.market_sides else float("nan")


def snapping_check(proof: Proof) -> Check:
    """The rate on the grid is at least the need of whom it serves, every day, and breaks no more.

    It serves the larger side, or each where sides are apart. Needs and breaches are taken from the
    two sides themselves, not from what was rounded.
    """
    problem, paths = proof.problem, proof.paths
    grid = proof.published.snapped
    extra = beside(extra_of(problem, paths, proof.class_of, proof.specs), grid)
    apart = proof.published.sides_apart
    needed = paths.maintenance if apart else np.fmax.reduce(paths.maintenance, axis=2)
    short = grid - (needed + extra)
    step = float(problem.structure.maintenance_rate_step)
    under = int(np.sum(short < -GRID_TOLERANCE * step))
    losses = proof.maintenance
    own = proof.margin()
    held = margins_in_force(grid - extra, paths.time_ns, losses)
    both = np.isfinite(own) & np.isfinite(held)
    bare, snapped = (int(np.sum(both & (losses.loss > m))) for m in (own, held))
    starts = int(both.sum())
    holds = not under and snapped <= bare
    return Check(
        name="Snapping never under-covers",
        verdict=(Verdict.HOLDS if holds else Verdict.BREACH) if starts else Verdict.NOT_PROVEN,
        found=f"{snapped:,} breaches on the grid, {bare:,} before it, of {starts:,} starts; "
        f"{under} rates below what they were made from",
        demanded="no more breaches on the grid than before it, and no rate below its need",
    )


def _rows_of_markets(found: CoverageFigures, lines: CoverageLines) -> list[tuple[Cell, ...]]:
    """Rows of the worst quartile and Kupiec's tests, without bounds where they are not asked."""
    asked, tests = enough_markets(found, lines), found.kupiec
    quartile = lines.worst_quartile * found.target if asked else None
    rejected = lines.kupiec_share if asked else None
    share = rejected_share(tests)
    return [
        ("worst quartile", None, found.worst_quartile, None, None, quartile),
        ("Kupiec rejections, market-sides", tests.market_sides, share, None, None, rejected),
    ]


def lines_table(proof: Proof) -> Table:
    """What the lines are held against, with errors and numbers of starts."""
    found = coverage_figures(proof)
    rows: list[tuple[Cell, ...]] = []
    if found is not None:
        lines, target = proof.problem.gate.lines, found.target
        named = [
            ("pooled", found.pooled, lines.pooled),
            *((side, rate, lines.side) for side, rate in found.sides.items()),
            *((str(year), rate, lines.year) for year, rate in found.years.items()),
        ]
        rows = [
            (name, rate.pairs, rate.rate, rate.standard_error, low * target, high * target)
            for name, rate, (low, high) in named
        ]
        rows += _rows_of_markets(found, lines)
    return Table(
        name="coverage_lines",
        title="Coverage lines, before snapping and link",
        columns=(
            Column(name="scope", title="Scope"),
            Column(name="n", title="n", kind=ColumnKind.COUNT),
            Column(name="breach_rate", title="Breach rate", kind=ColumnKind.FRACTION),
            Column(name="standard_error", title="s.e.", kind=ColumnKind.FRACTION),
            Column(name="lowest", title="At least", kind=ColumnKind.FRACTION),
            Column(name="highest", title="At most", kind=ColumnKind.FRACTION),
        ),
        rows=tuple(rows),
        notes=(
            proof.price_note(),
            "Walk-forward; liquidation cost and fee stand in the loss as in the margin. Standard "
            "errors are clustered by day. The quarter that breaks most and Kupiec's tests (two-"
            "sided, 5 %) are of markets with at least "
            f"{proof.problem.gate.minimum_scored_days} scored days.",
            "The last two are asked of venues with at least "
            f"{proof.problem.gate.lines.least_market_sides} such market-sides.",
            proof.tools_note(),
        ),
    )
