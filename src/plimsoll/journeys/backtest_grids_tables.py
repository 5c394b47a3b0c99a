"""Tables and checks of the study of scenario grids."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.grids.grid_backtest import LibraryBacktest, families_of
from plimsoll.calibration.grids.grid_fit import GridFit
from plimsoll.domain.evidence import Check, Verdict
from plimsoll.domain.table import Cell, Column, ColumnKind, Table

PUBLISHED, CALIBRATED = "published", "calibrated"
TARGET, SAVING = 0.99, 0.20
_FRACTION = ColumnKind.FRACTION


def _fraction(name: str, title: str) -> Column:
    return Column(name=name, title=title, kind=_FRACTION)


def _money(name: str, title: str) -> Column:
    return Column(name=name, title=title, kind=ColumnKind.MONEY, unit="USD", digits=0)


def family_table(judged: LibraryBacktest, *notes: str) -> Table:
    """Realised coverage and mean margin of both sets by family."""
    every = np.ones(judged.day.size, dtype=np.bool_)
    groups = [
        ("all", every),
        ("hedged", judged.hedged),
        ("directional", ~judged.hedged),
        *((f.value, judged.family == f) for f in families_of(judged)),
    ]
    rows: list[tuple[Cell, ...]] = []
    for name, at in groups:
        published, calibrated = judged.breach(PUBLISHED, at), judged.breach(CALIBRATED, at)
        rows.append(
            (
                name,
                int((at & judged.known).sum()),
                judged.mean_margin(PUBLISHED, at)[0],
                judged.mean_margin(CALIBRATED, at)[0],
                *judged.saving(CALIBRATED, PUBLISHED, at),
                1.0 - published[0],
                published[1],
                1.0 - calibrated[0],
                calibrated[1],
            )
        )
    return Table(
        name="grids_judged",
        title="Margin and coverage from one day to the next, judged window",
        columns=(
            Column(name="group", title="Portfolios"),
            Column(name="rows", title="Portfolio-days", kind=ColumnKind.COUNT),
            _money("published", "Published"),
            _money("calibrated", "Calibrated"),
            _fraction("saving", "Less margin"),
            _fraction("saving_error", "s.e."),
            _fraction("coverage_published", "Coverage, published"),
            _fraction("published_error", "s.e."),
            _fraction("coverage", "Coverage, calibrated"),
            _fraction("coverage_error", "s.e."),
        ),
        rows=tuple(rows),
        notes=(*notes, "Mean initial margin of a portfolio of 100,000 USD gross notional."),
    )


def crisis_table(crises: Mapping[str, LibraryBacktest], *notes: str) -> Table:
    """Coverage of both sets on judged snapshots under the moves of crises."""
    rows: list[tuple[Cell, ...]] = []
    for name, backtest in crises.items():
        for group, at in (("hedged", backtest.hedged), ("directional", ~backtest.hedged)):
            rows.append(
                (
                    name,
                    group,
                    1.0 - backtest.breach(PUBLISHED, at)[0],
                    1.0 - backtest.breach(CALIBRATED, at)[0],
                    backtest.mean_margin(PUBLISHED, at)[0],
                    backtest.mean_margin(CALIBRATED, at)[0],
                )
            )
    return Table(
        name="grids_crises",
        title="The same portfolios under the moves of crises",
        columns=(
            Column(name="crises", title="Crises"),
            Column(name="group", title="Portfolios"),
            _fraction("published", "Coverage, published"),
            _fraction("calibrated", "Coverage, calibrated"),
            _money("margin_published", "Published"),
            _money("margin", "Calibrated"),
        ),
        rows=tuple(rows),
        notes=(
            *notes,
            "Fitted on: 2021-05, 2022-06, 2022-11, 2024-08. Kept out: 2022-05, 2023-03, 2025-10, "
            "2026-02. Starts every 3 hours; every start counts the same.",
            "Volatility's answer is a regression on the index and residual surfaces of chains, not "
            "what was quoted in those days.",
        ),
    )


def ablation_table(
    judged: LibraryBacktest,
    crises: Mapping[str, LibraryBacktest],
    fits: Mapping[str, GridFit],
    *notes: str,
) -> Table:
    """Every set side by side: what each part of the calibration is worth."""
    rows: list[tuple[Cell, ...]] = []
    for name in judged.margin:
        rows.append(
            (
                name,
                *judged.saving(name, PUBLISHED, judged.hedged),
                judged.saving(name, PUBLISHED, ~judged.hedged)[0],
                1.0 - judged.breach(name, judged.hedged)[0],
                1.0 - judged.breach(name, ~judged.hedged)[0],
                *(1.0 - b.breach(name, b.hedged)[0] for b in crises.values()),
                *(1.0 - b.breach(name, ~b.hedged)[0] for b in crises.values()),
                "; ".join(fits[name].conflicts) if name in fits else "not asked",
            )
        )
    told = [(f"{kind}_{n}", f"{kind}, {n}") for kind in ("hedged", "directional") for n in crises]
    return Table(
        name="grids_ablations",
        title="What each part of the calibration is worth",
        columns=(
            Column(name="set", title="Set"),
            _fraction("saving", "Less margin, hedged"),
            _fraction("error", "s.e."),
            _fraction("outright", "Less margin, directional"),
            _fraction("hedged", "Coverage, hedged"),
            _fraction("directional", "Coverage, directional"),
            *(_fraction(name.replace(" ", "_"), f"In crises: {title}") for name, title in told),
            Column(name="missed", title="Limits missed"),
        ),
        rows=tuple(rows),
        notes=notes,
    )


def scatter_table(judged: LibraryBacktest, *notes: str, count: int | None = 24) -> Table:
    """One row a portfolio: mean margin of both sets against its worst realised loss.

    The ``count`` portfolios with the largest loss over calibrated margin come first; None: all.
    """
    held = judged.known
    names, place = np.unique(judged.name[held], return_inverse=True)
    seen = np.bincount(place)
    worst = np.full(names.size, -np.inf)
    np.maximum.at(worst, place, judged.loss[held])
    means: dict[str, NDArray[np.float64]] = {
        n: np.bincount(place, weights=judged.margin[n][held]) / seen
        for n in (PUBLISHED, CALIBRATED)
    }
    first = {name: at for at, name in reversed(list(enumerate(judged.name)))}
    order = np.argsort(-worst / means[CALIBRATED], kind="stable")[:count].tolist()
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            str(names[at]),
            str(judged.family[first[names[at]]].value),
            float(worst[at]),
            float(means[PUBLISHED][at]),
            float(means[CALIBRATED][at]),
        )
        for at in order
    )
    return Table(
        name="grids_scatter",
        title="Margin against the worst loss of the judged window, by portfolio",
        columns=(
            Column(name="portfolio", title="Portfolio"),
            Column(name="family", title="Family"),
            _money("worst", "Worst loss"),
            _money("published", "Published"),
            _money("calibrated", "Calibrated"),
        ),
        rows=rows,
        notes=(*notes, f"{len(rows)} of {names.size} portfolios, the tightest first."),
    )


def grid_checks(judged: LibraryBacktest, fit: GridFit) -> tuple[Check, ...]:
    """The lines of the claim."""
    every = np.ones(judged.day.size, dtype=np.bool_)
    mine, error = judged.breach(CALIBRATED, every)
    theirs, _ = judged.breach(PUBLISHED, every)
    hedged, outright = judged.hedged, ~judged.hedged
    saved, saved_error = judged.saving(CALIBRATED, PUBLISHED, hedged)
    open_saved, open_error = judged.saving(CALIBRATED, PUBLISHED, outright)
    own, other = judged.breach(CALIBRATED, hedged)[0], judged.breach(PUBLISHED, hedged)[0]
    return (
        _check(
            "Coverage of the library",
            1.0 - mine >= TARGET,
            f"{_percent(1.0 - mine)} (s.e. {_percent(error)})",
            f"at least {_percent(TARGET)}",
        ),
        _check(
            "Margin of hedged portfolios",
            saved >= SAVING,
            f"{_percent(saved)} less (s.e. {_percent(saved_error)})",
            f"at least {_percent(SAVING)} below the published set's",
        ),
        _check(
            "at the same or better coverage, library",
            mine <= theirs,
            f"{_percent(1.0 - mine)} against {_percent(1.0 - theirs)}",
            "not below the published set's",
        ),
        _check(
            "at the same or better coverage, hedged",
            own <= other,
            f"{_percent(1.0 - own)} against {_percent(1.0 - other)}",
            "not below the published set's",
        ),
        _check(
            "Margin of directional portfolios",
            open_saved >= 0.0,
            f"{_percent(open_saved)} less (s.e. {_percent(open_error)})",
            "not above the published set's",
        ),
        _check(
            "Reference scenarios",
            fit.is_admissible,
            "; ".join(fit.conflicts) or "every limit met",
            f"every family {_percent(1.0 - fit.target.breach)} at "
            f"{100.0 * fit.target.confidence:g} % confidence",
        ),
    )


def _check(name: str, holds: bool, found: str, demanded: str) -> Check:
    verdict = Verdict.HOLDS if holds else Verdict.BREACH
    return Check(name=name, verdict=verdict, found=found, demanded=demanded)


def _percent(value: float) -> str:
    return f"{100.0 * value:.2f} %"
