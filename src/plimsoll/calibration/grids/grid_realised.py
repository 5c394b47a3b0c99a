"""Breaches from one day to the next, by family and of the worst single portfolios.

The whole library dilutes: portfolios that are never broken stand beside those that are. So every
family is held against the target by itself, and the portfolios that broke most are listed.
"""

from __future__ import annotations

import numpy as np

from plimsoll.calibration.grids.grid_backtest import LibraryBacktest, families_of
from plimsoll.calibration.grids.grid_calibration import CALIBRATED, PUBLISHED
from plimsoll.domain.evidence import Check, Verdict
from plimsoll.domain.table import Cell, Column, ColumnKind, Table

LEAST_DAYS = 60
"""With fewer, one day weighs more than the target admits: neither verdict would mean much."""
_FRACTION = ColumnKind.FRACTION


def days_of(judged: LibraryBacktest) -> int:
    """Days with a known loss."""
    return int(np.unique(judged.day[judged.known]).size)


def realised_check(judged: LibraryBacktest, breach: float, title: str) -> Check:
    """Hold every family against the target: which misses, and by how much.

    Parameters
    ----------
    judged : LibraryBacktest
        Losses from one day to the next.
    breach : float
        Largest breach rate of a family.
    title : str
        Which days.
    """
    missed = []
    for family in families_of(judged):
        rate, error = judged.breach(CALIBRATED, judged.family == family)
        if rate > breach:
            published = judged.breach(PUBLISHED, judged.family == family)[0]
            missed.append(
                f"{family.value} {_percent(1.0 - rate)} (s.e. {_percent(error)}), short by "
                f"{100.0 * (rate - breach):.2f} points; published set {_percent(1.0 - published)}"
            )
    days = days_of(judged)
    verdict = Verdict.BREACH if missed else Verdict.HOLDS
    return Check(
        name=f"Every family by itself, {title}",
        verdict=verdict if days >= LEAST_DAYS else Verdict.NOT_PROVEN,
        found=f"{'; '.join(missed) or 'none misses'} ({days} days)",
        demanded=f"each at least {_percent(1.0 - breach)} on at least {LEAST_DAYS} days",
    )


def realised_families(judged: LibraryBacktest, breach: float, title: str, note: str) -> Table:
    """One row a family: days with a breach, breach rates of both sets, errors clustered by day."""
    rows: list[tuple[Cell, ...]] = []
    for family in families_of(judged):
        at = judged.family == family
        rate, error = judged.breach(CALIBRATED, at)
        before, before_error = judged.breach(PUBLISHED, at)
        hit = at & judged.known & (judged.rate[CALIBRATED] > 0.0)
        days = int(np.unique(judged.day[hit]).size)
        rows.append(
            (
                family.value,
                int((at & judged.known).sum()),
                days,
                breach,
                before,
                before_error,
                rate,
                error,
                rate <= breach,
            )
        )
    return Table(
        name="coverage_families",
        title=f"Breaches from one day to the next, {title}, by family",
        columns=(
            Column(name="family", title="Family"),
            Column(name="rows", title="Portfolio-days", kind=ColumnKind.COUNT),
            Column(name="days", title="Days with a breach", kind=ColumnKind.COUNT),
            Column(name="target", title="Target", kind=_FRACTION),
            Column(name="published_breach", title="Breach, published", kind=_FRACTION),
            Column(name="published_error", title="s.e.", kind=_FRACTION),
            Column(name="breach_rate", title="Breach, calibrated", kind=_FRACTION),
            Column(name="standard_error", title="s.e.", kind=_FRACTION),
            Column(name="met", title="Within target", kind=ColumnKind.FLAG),
        ),
        rows=tuple(rows),
        notes=(note, f"{days_of(judged)} days; errors are clustered by day."),
    )


def realised_worst(
    judged: LibraryBacktest, title: str, note: str, *, count: int | None = 12
) -> Table:
    """One row a portfolio, those broken on most days first; ``None``: all of them."""
    known = judged.known
    names, place = np.unique(judged.name[known], return_inverse=True)
    days = np.bincount(place)
    broken, before = (
        np.bincount(place, weights=judged.rate[name][known]) for name in (CALIBRATED, PUBLISHED)
    )
    over = np.full(names.size, -np.inf)
    np.maximum.at(over, place, judged.loss[known] / judged.margin[CALIBRATED][known])
    family = {name: judged.family[at] for at, name in enumerate(judged.name.tolist())}
    order = np.lexsort((-over, -broken / days))[:count].tolist()
    rows: list[tuple[Cell, ...]] = []
    for at in order:
        rate, error = judged.breach(CALIBRATED, judged.name == names[at])
        rows.append(
            (
                str(names[at]),
                str(family[str(names[at])].value),
                int(days[at]),
                int(before[at]),
                int(broken[at]),
                rate,
                error,
                float(over[at]),
            )
        )
    return Table(
        name="coverage_portfolios",
        title=f"Portfolios broken most often, {title}",
        columns=(
            Column(name="portfolio", title="Portfolio"),
            Column(name="family", title="Family"),
            Column(name="days", title="Days", kind=ColumnKind.COUNT),
            Column(name="published", title="Broken, published", kind=ColumnKind.COUNT),
            Column(name="broken", title="Broken, calibrated", kind=ColumnKind.COUNT),
            Column(name="breach_rate", title="Breach, calibrated", kind=_FRACTION),
            Column(name="standard_error", title="s.e.", kind=_FRACTION),
            Column(name="worst", title="Largest loss over margin", kind=ColumnKind.NUMBER),
        ),
        rows=tuple(rows),
        notes=(note, f"{len(rows)} of {names.size} portfolios; errors are clustered by day."),
    )


def _percent(value: float) -> str:
    return f"{100.0 * value:.2f} %"
