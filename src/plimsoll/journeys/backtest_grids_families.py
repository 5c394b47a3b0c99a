"""Every family of models in the study of scenario grids: fitted on few chains, judged on few days.

The same portfolios and reference scenarios; contracts settle as the family's do. Few snapshots and
no standard errors: the table shows that each shape is calibrated on real chains, no more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from plimsoll.calibration.grids.grid_backtest import LibraryBacktest, realised_backtest
from plimsoll.calibration.grids.grid_calibration import CALIBRATED, PUBLISHED, Days, both_sets
from plimsoll.calibration.grids.grid_fit import HERE, GridFit, Work, fit_grid
from plimsoll.calibration.grids.grid_objective import GridTarget
from plimsoll.calibration.grids.grid_problem import FAMILIES, GridModel
from plimsoll.calibration.grids.grid_samples import grid_samples, tradable
from plimsoll.calibration.grids.listed_chain import ListedChain
from plimsoll.calibration.grids.portfolio_library import PortfolioLibrary
from plimsoll.calibration.grids.reference_scenarios import ReferenceScenarios
from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.presets import load

PRESETS: Mapping[GridModel, str] = {
    GridModel.OKX: "okx",
    GridModel.SPAN: "span-16",
    GridModel.PARADEX: "paradex",
    GridModel.DERIVE: "derive-pmrm2",
}
"""Families beside the one of the study, and the published set that each is held against."""
_SNAPSHOTS, _DAYS = 2, 12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FamilyRun:
    """One family fitted and judged."""

    fit: GridFit
    preset: str
    judged: LibraryBacktest


def family_runs(
    snapshots: Sequence[Sequence[ListedChain]],
    scenarios: ReferenceScenarios,
    days: Days,
    *,
    coins: tuple[str, ...],
    seed: int,
    work: Work = HERE,
) -> dict[GridModel, FamilyRun]:
    """Fit every family of `PRESETS` and judge it.

    Parameters
    ----------
    snapshots : sequence of sequences of ListedChain
        Those of the study; the calmest and the wildest are taken.
    scenarios : ReferenceScenarios
    days : sequence of pairs of chains
        After the cut; a few are taken, spread over all.
    coins : tuple of str
    seed : int
    work : Work
    """
    order = np.argsort([chains[0].volatility_30d for chains in snapshots], kind="stable")
    chosen = [snapshots[int(order[0])], snapshots[int(order[-1])]][:_SNAPSHOTS]
    some = np.unique(np.linspace(0, len(days) - 1, min(_DAYS, len(days))).round().astype(int))
    few = [days[int(at)] for at in some]
    return {
        model: _run(model, preset, chosen, scenarios, few, coins, seed, work)
        for model, preset in PRESETS.items()
    }


def _run(
    model: GridModel,
    preset: str,
    snapshots: Sequence[Sequence[ListedChain]],
    scenarios: ReferenceScenarios,
    days: Days,
    coins: tuple[str, ...],
    seed: int,
    work: Work,
) -> FamilyRun:
    family = FAMILIES[model](load(preset).parameters, coins)
    samples = grid_samples(
        snapshots, scenarios, settlement=family.settlement, futures=family.futures, seed=seed
    )
    fit = fit_grid(
        family,
        samples,
        scenarios,
        target=GridTarget(),
        start=family.hinted(family.start),
        seed=seed,
        work=replace(work, stage=f"fit {family.name}"),
    )

    def listed(library: PortfolioLibrary) -> PortfolioLibrary:
        return tradable(library, futures=family.futures)

    judged = realised_backtest(days, both_sets(family, fit), seed=seed, listed=listed)
    return FamilyRun(fit=fit, preset=preset, judged=judged)


def families_table(runs: Mapping[GridModel, FamilyRun], *notes: str) -> Table:
    """One row a family and group: margin of both sets, coverage of the days, limits missed."""
    rows: list[tuple[Cell, ...]] = []
    for run in runs.values():
        for name, hedged in (("hedged", True), ("directional", False)):
            at = run.judged.hedged == hedged
            held = run.judged
            saved, error = held.saving(CALIBRATED, PUBLISHED, at)
            rows.append(
                (
                    run.fit.family.title,
                    run.preset,
                    name,
                    held.mean_margin(PUBLISHED, at)[0],
                    held.mean_margin(CALIBRATED, at)[0],
                    saved,
                    error,
                    1.0 - held.breach(PUBLISHED, at)[0],
                    1.0 - held.breach(CALIBRATED, at)[0],
                    _worst_bound(run.fit),
                    "; ".join(run.fit.conflicts) or "none",
                )
            )
    money = {"kind": ColumnKind.MONEY, "unit": "USD", "digits": 0}
    share = ColumnKind.FRACTION
    return Table(
        name="grids_families",
        title="Every shape of model, calibrated on the same chains",
        columns=(
            Column(name="model", title="Model"),
            Column(name="preset", title="Published set"),
            Column(name="group", title="Portfolios"),
            Column(name="published", title="Published", **money),  # type: ignore[arg-type]
            Column(name="calibrated", title="Calibrated", **money),  # type: ignore[arg-type]
            Column(name="saved", title="Less margin", kind=share),
            Column(name="error", title="s.e.", kind=share),
            Column(name="covered_published", title="Coverage, published", kind=share),
            Column(name="covered", title="Coverage, calibrated", kind=share),
            Column(name="bound", title="Worst family, reference", kind=share),
            Column(name="missed", title="Limits missed"),
        ),
        rows=tuple(rows),
        notes=(
            *notes,
            "Fitted on two snapshots before the cut-off, by one short search; coverage from one "
            "day to the next of 12 days after it: too few to prove a rate. Worst family: coverage "
            "under the reference scenarios at 95 % confidence. Venues without dated futures lack "
            "those portfolios.",
        ),
    )


def _worst_bound(fit: GridFit) -> float:
    return 1.0 - max(float(scope.fitted.bound.max()) for scope in fit.scopes)
