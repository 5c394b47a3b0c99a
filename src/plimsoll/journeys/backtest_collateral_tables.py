"""Coverage of haircuts, broken pegs, and a published reference set, as tables and checks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.problem import CoverageLines
from plimsoll.domain.evidence import Check, Verdict
from plimsoll.domain.market import DAY_NS
from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.journeys.backtest_collateral_paths import HaircutSample
from plimsoll.validation.comparison.coverage_figures import (
    clustered_rate,
    kupiec_rejections,
    rates_by_year,
    worst_quartile,
)
from plimsoll.validation.comparison.method_score import Rate

FloatArray = NDArray[np.float64]
FRACTION, COUNT = ColumnKind.FRACTION, ColumnKind.COUNT

LINES = CoverageLines()
"""As shares of the target: those that calibrate holds margins to."""
LOSS_NOTE = "Loss = price move on spot closes; no funding. Cost of selling stands on both sides."


@dataclass(frozen=True, slots=True, kw_only=True)
class HaircutCoverage:
    """Breach rates of one sample, of haircuts before floor and step or as published."""

    name: str
    pooled: Rate
    years: dict[int, Rate]
    worst: float
    rejected_high: int
    rejected_low: int
    assets: int
    mean: float
    target: float = 0.01
    sides: Mapping[str, Rate] = field(default_factory=dict)


def haircut_coverage(name: str, sample: HaircutSample, haircut: FloatArray) -> HaircutCoverage:
    """Measure one side, as a holder of collateral only loses in a fall."""
    scored = sample.scored[..., None]
    broke = scored & (sample.loss > haircut)[..., None]
    target = 1.0 - sample.confidence
    kupiec = kupiec_rejections(broke, scored, target)
    return HaircutCoverage(
        name=name,
        pooled=clustered_rate(broke, scored, sample.time_ns),
        years=rates_by_year(broke, scored, sample.time_ns),
        worst=worst_quartile(broke, scored),
        rejected_high=kupiec.too_high,
        rejected_low=kupiec.too_low,
        assets=kupiec.market_sides,
        mean=float(haircut[sample.scored].mean()),
        target=target,
    )


def two_sided_coverage(name: str, sample: HaircutSample) -> HaircutCoverage:
    """Measure both sides of the same forecasts, as margins are measured."""
    found = haircut_coverage(name, sample, sample.haircut)
    parts = {side: sample.of_side(side == "long") for side in ("long", "short")}
    rates = {side: haircut_coverage(side, one, one.haircut).pooled for side, one in parts.items()}
    return replace(found, sides=rates)


def coverage_table(found: Sequence[HaircutCoverage], notes: Sequence[str]) -> Table:
    """Return one row a sample."""
    return Table(
        name="haircut_coverage",
        title="Haircuts: breaches of 99 % over the time to sell, walk-forward",
        columns=(
            Column(name="haircut", title="Haircut"),
            Column(name="assets", title="Assets", kind=COUNT),
            Column(name="pairs", title="Starts", kind=COUNT),
            Column(name="pooled", title="Breaches", kind=FRACTION),
            Column(name="error", title="s.e.", kind=FRACTION),
            Column(name="worst", title="Worst quartile", kind=FRACTION),
            Column(name="high", title="Kupiec high", kind=COUNT),
            Column(name="low", title="Kupiec low", kind=COUNT),
            Column(name="mean", title="Mean haircut", kind=FRACTION),
        ),
        rows=tuple(
            (
                c.name,
                c.assets,
                c.pooled.pairs,
                c.pooled.rate,
                c.pooled.standard_error,
                c.worst,
                c.rejected_high,
                c.rejected_low,
                c.mean,
            )
            for c in found
        ),
        notes=tuple(notes),
    )


def year_table(found: Sequence[HaircutCoverage]) -> Table:
    """Return the breach rate of each calendar year."""
    years = sorted({year for c in found for year in c.years})

    def row(c: HaircutCoverage) -> tuple[Cell, ...]:
        return (c.name, *(c.years[y].rate if y in c.years else None for y in years))

    def errors(c: HaircutCoverage) -> tuple[Cell, ...]:
        cells = (c.years[y].standard_error if y in c.years else None for y in years)
        return ("  s.e.", *cells)

    return Table(
        name="haircut_years",
        title="Haircuts: breaches by calendar year",
        columns=(
            Column(name="haircut", title="Haircut"),
            *(Column(name=str(y), title=str(y), kind=FRACTION) for y in years),
        ),
        rows=tuple(line for c in found for line in (row(c), errors(c))),
        notes=(LOSS_NOTE, "The last year ends in June where prices are hourly."),
    )


def exact_checks(c: HaircutCoverage) -> Iterator[Check]:
    """Return the lines of a margin, for haircuts before floor and step."""
    yield _within(f"{c.name}: pooled", c.pooled, LINES.pooled, c.target)
    for side, rate in c.sides.items():
        yield _within(f"{c.name}: {side}", rate, LINES.side, c.target)
    for year, rate in c.years.items():
        yield _within(f"{c.name}: {year}", rate, LINES.year, c.target)
    yield from _tail_checks(c)


def published_checks(c: HaircutCoverage) -> Iterator[Check]:
    """Return what steps and floors must not lose: they never under-cover."""
    yield _within(f"{c.name}: pooled", c.pooled, (0.0, LINES.pooled[1]), c.target)
    yield from _tail_checks(c)


def _tail_checks(c: HaircutCoverage) -> Iterator[Check]:
    highest = LINES.worst_quartile * c.target
    yield Check(
        name=f"{c.name}: worst quartile of assets",
        verdict=Verdict.HOLDS if c.worst <= highest else Verdict.BREACH,
        found=f"{c.worst:.2%}",
        demanded=f"at most {highest:.2%}",
    )
    # Of both sides all rejections count, as of margins; of one side only too many breaches.
    rejected = c.rejected_high + (c.rejected_low if c.sides else 0)
    holds = rejected <= LINES.kupiec_share * max(c.assets, 1)
    yield Check(
        name=f"{c.name}: Kupiec, {'rejected' if c.sides else 'too many'}",
        verdict=Verdict.HOLDS if holds else Verdict.BREACH,
        found=f"{rejected} of {c.assets} {'asset-sides' if c.sides else 'assets'}",
        demanded=f"at most {LINES.kupiec_share:.0%}",
    )


def _within(name: str, rate: Rate, band: tuple[float, float], target: float) -> Check:
    low, high = (share * target for share in band)
    return Check(
        name=name,
        verdict=Verdict.HOLDS if low <= rate.rate <= high else Verdict.BREACH,
        found=f"{rate.rate:.2%} (s.e. {rate.standard_error:.2%})",
        demanded=f"{low:.2%} to {high:.2%}" if low else f"at most {high:.2%}",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PegEpisode:
    """A break of a peg in a sample, from a day on, for some days."""

    name: str
    asset: str
    first: str
    days: int
    recorded_loss: float | None = None


def episode_row(episode: PegEpisode, sample: HaircutSample) -> tuple[Cell, ...]:
    """Return the haircut that stood before, the worst loss of the episode and what was missing."""
    first_ns = int(np.datetime64(episode.first, "ns").astype(np.int64))
    column = sample.assets.index(episode.asset)
    inside = (sample.time_ns >= first_ns) & (sample.time_ns < first_ns + episode.days * DAY_NS)
    rows = np.flatnonzero(inside & np.isfinite(sample.loss[:, column]))
    before = np.flatnonzero(sample.time_ns < first_ns)
    own = _last_known(sample.haircut[before, column])
    published = _last_known(sample.published[before, column])
    worst = float(sample.loss[rows, column].max()) if rows.size else None
    deepest = max(worst or 0.0, episode.recorded_loss or 0.0)
    missing = None if published is None else max(0.0, deepest - published)
    return (
        episode.name,
        episode.first,
        own,
        published,
        worst,
        episode.recorded_loss,
        missing,
    )


def _last_known(values: FloatArray) -> float | None:
    known = values[np.isfinite(values)]
    return float(known[-1]) if known.size else None


def episode_table(rows: Sequence[tuple[Cell, ...]]) -> Table:
    """Return the broken pegs."""
    return Table(
        name="broken_pegs",
        title="Broken pegs: the haircut that stood the day before, and the loss",
        columns=(
            Column(name="episode", title="Episode"),
            Column(name="from", title="From"),
            Column(name="haircut", title="Haircut before floor", kind=FRACTION),
            Column(name="published", title="Published", kind=FRACTION),
            Column(name="loss", title="Worst 24 h, closes", kind=FRACTION),
            Column(name="recorded", title="Recorded low below peg", kind=FRACTION),
            Column(name="missing", title="Not covered", kind=FRACTION),
        ),
        rows=tuple(rows),
        notes=(
            "Against the peg alone: a coin that is redeemed for another bears that coin's haircut"
            " on top.",
            "Recorded lows are of public reports, at their worst print; a dash: no print before.",
            "No claim that a haircut covers the first break of its kind: it could not be known.",
        ),
    )


def reference_table(rows: Sequence[tuple[Cell, ...]]) -> Table:
    """Return our factors beside Derive's."""
    return Table(
        name="reference_factors",
        title="Collateral factors beside a published set (Derive)",
        columns=(
            Column(name="asset", title="Asset"),
            Column(name="own", title="Ours before floor", kind=FRACTION, digits=1),
            Column(name="published", title="Ours, published", kind=FRACTION, digits=1),
            Column(name="reference", title="Derive", kind=FRACTION, digits=1),
            Column(name="difference", title="Ours less Derive's", kind=FRACTION, digits=1),
        ),
        rows=tuple(rows),
        notes=(
            "Derive: derivexyz/v2-core, config of mainnet; a factor is 1 less the haircut.",
            "Ours: the last of the study, first dollar, over 24 h; cost of selling left out.",
        ),
    )
