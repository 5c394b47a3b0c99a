"""Tables and checks of the study of ladders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.tiers import Ladder
from plimsoll.domain.evidence import Check, Verdict
from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.journeys.backtest_ladders_judged import Judged, Tally, day_error
from plimsoll.journeys.backtest_ladders_level import Choice, LevelFold

FloatArray = NDArray[np.float64]

LOSS_NOTE = "Loss = price move on spot closes plus the cost of closing that size; no funding."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Compared:
    """Ours and the venue's ladders on the same contracts, sizes and hours."""

    name: str
    hours: int
    judged: tuple[Judged, ...]
    own: Tally
    venue: Tally

    def fails(self, weighting: int) -> tuple[int, int]:
        """Contracts where coverage is lower than the venue's, and where margin is not lower."""
        worse = self.own.breach[:, weighting] > self.venue.breach[:, weighting] + 1e-15
        dearer = self.own.margin[:, weighting] >= self.venue.margin[:, weighting]
        return int(worse.sum()), int(dearer.sum())

    @property
    def weightings(self) -> tuple[str, ...]:
        """Names of the distributions of sizes."""
        return tuple(sizes.name for sizes in self.judged[0].sizes)

    def only(self, rows: Sequence[int], name: str) -> Compared:
        """Some of the contracts; day values are not kept apart."""
        at = np.array(rows)
        return Compared(
            name=name,
            hours=self.hours,
            judged=tuple(self.judged[i] for i in rows),
            own=_part(self.own, at),
            venue=_part(self.venue, at),
        )


def _part(whole: Tally, rows: NDArray[np.int64]) -> Tally:
    return Tally(
        margin=whole.margin[rows], breach=whole.breach[rows], day_breach=whole.day_breach[:0]
    )


def _columns(first: str) -> tuple[Column, ...]:
    def share(name: str, title: str, digits: int = 2) -> Column:
        return Column(name=name, title=title, kind=ColumnKind.FRACTION, digits=digits)

    def count(name: str, title: str) -> Column:
        return Column(name=name, title=title, kind=ColumnKind.COUNT)

    return (
        Column(name="name", title=first),
        Column(name="weighting", title="Sizes"),
        count("contracts", "Contracts"),
        share("coverage", "Coverage, ours", 3),
        share("coverage_venue", "Venue", 3),
        share("gained", "Difference", 3),
        share("error", "Standard error", 3),
        share("margin", "Mean margin, ours"),
        share("margin_venue", "Venue"),
        Column(name="ratio", title="Ours / venue", kind=ColumnKind.NUMBER, digits=3),
        count("uncovered", "Contracts covered less"),
        count("dearer", "Contracts dearer"),
    )


def _rows(one: Compared) -> list[tuple[Cell, ...]]:
    saved = one.venue.day_breach - one.own.day_breach
    errors = day_error(saved) if len(saved) > 1 else np.full(len(one.weightings), np.nan)
    rows: list[tuple[Cell, ...]] = []
    for w, weighting in enumerate(one.weightings):
        own, venue = float(one.own.coverage[w]), float(one.venue.coverage[w])
        margin, paid = float(one.own.mean_margin[w]), float(one.venue.mean_margin[w])
        rows.append(
            (one.name, weighting, len(one.judged), own, venue, own - venue, float(errors[w]),
             margin, paid, margin / paid, *one.fails(w))
        )  # fmt: skip
    return rows


def pooled_table(compared: Sequence[Compared], notes: tuple[str, ...]) -> Table:
    """Ours and the venue's, by weighting: the study's result and its ablations."""
    return Table(
        name="ladders",
        title="Ladders rebuilt: coverage and mean margin against the venue's own",
        columns=_columns("Ladder"),
        rows=tuple(row for one in compared for row in _rows(one)),
        notes=notes,
    )


def class_table(one: Compared) -> Table:
    """The study's ladders by class of contract."""
    names = tuple(dict.fromkeys(sorted(j.contract.risk_class for j in one.judged)))
    parts = [
        one.only([i for i, j in enumerate(one.judged) if j.contract.risk_class == name], name)
        for name in names
    ]
    return Table(
        name="ladders_classes",
        title="By class of contract (the venue's first tier)",
        columns=tuple(c for c in _columns("Class") if c.name != "error"),
        rows=tuple((*row[:6], *row[7:]) for part in parts for row in _rows(part)),
        notes=(LOSS_NOTE,),
    )


def size_table(judged: Sequence[Judged], own: Mapping[str, FloatArray], bands: int = 8) -> Table:
    """Breaches and margin by size, from the least to each contract's top, in equal ratios."""
    points = judged[0].notional.size
    edges = np.linspace(0, points, bands + 1).astype(int)
    rows: list[tuple[Cell, ...]] = []
    for low, high in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        figures = [_band(one, own[one.contract.name], low, high) for one in judged]
        median = float(np.median([one.notional[(low + high) // 2] for one in judged]))
        rows.append((median, *np.mean(figures, axis=0).tolist()))

    def share(name: str, title: str) -> Column:
        return Column(name=name, title=title, kind=ColumnKind.FRACTION, digits=3)

    return Table(
        name="ladders_sizes",
        title="By size",
        columns=(
            Column(name="size", title="Median size", kind=ColumnKind.MONEY, unit="USD", digits=0),
            share("breach", "Breaches, ours"),
            share("breach_venue", "Venue"),
            share("margin", "Margin, ours"),
            share("margin_venue", "Venue"),
            share("cost", "Cost of closing"),
        ),
        rows=tuple(rows),
        notes=(LOSS_NOTE, "Eighths of the way from 1,000 USD to the top cap, in ratios."),
    )


def _band(one: Judged, own: FloatArray, low: int, high: int) -> tuple[float, ...]:
    inside = slice(low, high)
    loss = np.sort(one.after.loss.ravel())

    def breached(rate: FloatArray) -> float:
        left = (rate - one.cost)[inside]
        return float(1.0 - np.searchsorted(loss, left, side="right").mean() / loss.size)

    rates = (own, one.venue)
    return (*(breached(r) for r in rates), *(float(r[inside].mean()) for r in rates),
            float(one.cost[inside].mean()))  # fmt: skip


def level_table(chosen: Choice, tried: Sequence[Choice], folds: Sequence[LevelFold]) -> Table:
    """The best levels of the earlier folds, the chosen one first."""
    others = sorted((t for t in tried if t != chosen), key=lambda t: t.failures)
    return Table(
        name="ladders_level",
        title="Level chosen on earlier folds",
        columns=(
            Column(name="rule", title="Tail by size"),
            Column(name="margin", title="Margin / venue's, worst", kind=ColumnKind.NUMBER),
            Column(name="breach", title="Breaches / venue's, worst", kind=ColumnKind.NUMBER),
            Column(name="failures", title="Contracts failing", kind=ColumnKind.FRACTION),
        ),
        rows=tuple(
            (str(t.rule), t.margin_ratio, t.breach_ratio, t.failures)
            for t in (chosen, *others[:5])
        ),
        notes=(
            "Worst over weightings and folds " + ", ".join(fold.name for fold in folds)
            + "; the venue's ladders of October 2024 are held against them too.",
            "Chosen: fewest failures (of contract and weighting: covered less, or no cheaper)"
            " among those with at most three quarters of the venue's breaches at no more"
            " margin in every average; before tiers and grid, which add margin and coverage.",
        ),
    )  # fmt: skip


def example_table(
    judged: Sequence[Judged], ladders: Mapping[str, Ladder], names: Sequence[str]
) -> Table:
    """A few contracts' tiers beside the venue's."""
    rows: list[tuple[Cell, ...]] = []
    for one in judged:
        if one.contract.name not in names:
            continue
        own, venue = ladders[one.contract.name], one.contract.ladder
        for tier in range(max(len(own.rates), len(venue.rates))):
            rows.append((one.contract.name, tier + 1, *_tier(own, tier), *_tier(venue, tier)))

    def cap(name: str, title: str) -> Column:
        return Column(name=name, title=title, kind=ColumnKind.MONEY, unit="USD", digits=0)

    def rate(name: str) -> Column:
        return Column(name=name, title="Maintenance", kind=ColumnKind.FRACTION)

    return Table(
        name="ladders_examples",
        title="Tiers of some contracts",
        columns=(
            Column(name="contract", title="Contract"),
            Column(name="tier", title="Tier", kind=ColumnKind.COUNT),
            cap("cap", "Ours up to"), rate("rate"), cap("cap_venue", "Venue up to"),
            rate("rate_venue"),
        ),
        rows=tuple(rows),
        notes=("Marginal rates.",),
    )  # fmt: skip


def _tier(ladder: Ladder, tier: int) -> tuple[Cell, Cell]:
    if tier >= len(ladder.rates):
        return None, None
    return float(ladder.caps_usd[tier]), float(ladder.rates[tier])


def ladder_checks(one: Compared) -> tuple[Check, ...]:
    """The line of the issue: covered at least as often, at less margin, whatever the sizes."""
    checks = []
    for row in _rows(one):
        _, weighting, _, own, venue, _, error, margin, paid, *_ = row
        covers = float(own or 0.0) >= float(venue or 0.0)
        cheaper = float(margin or 0.0) < float(paid or 0.0)
        checks += [
            Check(
                name=f"coverage, sizes {weighting}",
                verdict=Verdict.HOLDS if covers else Verdict.BREACH,
                found=f"{own:.3%} (difference's standard error {error:.3%})",
                demanded=f"at least the venue's {venue:.3%}",
            ),
            Check(
                name=f"mean margin, sizes {weighting}",
                verdict=Verdict.HOLDS if cheaper else Verdict.BREACH,
                found=f"{margin:.2%}",
                demanded=f"below the venue's {paid:.2%}",
            ),
        ]
    return tuple(checks)
