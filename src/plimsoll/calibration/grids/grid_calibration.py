"""From chains and prices to a calibrated grid: scenarios, samples, fit, choice of strictness."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from plimsoll.calibration.grids.grid_backtest import (
    LibraryBacktest,
    Listed,
    Sets,
    realised_backtest,
)
from plimsoll.calibration.grids.grid_family import GridFamily
from plimsoll.calibration.grids.grid_fit import HERE, GridFit, Work, fit_grid, with_errors
from plimsoll.calibration.grids.grid_problem import GridProblem
from plimsoll.calibration.grids.grid_samples import grid_samples, tradable
from plimsoll.calibration.grids.held_out import outside
from plimsoll.calibration.grids.listed_chain import ListedChain, at_volatility
from plimsoll.calibration.grids.portfolio_library import PortfolioLibrary
from plimsoll.calibration.grids.reference_scenarios import ReferenceScenarios, reference_scenarios
from plimsoll.calibration.grids.scope_search import Samples
from plimsoll.calibration.grids.spot_history import SpotHistory
from plimsoll.calibration.grids.surface_cells import SurfaceCells, surface_cells
from plimsoll.calibration.grids.vol_response import VolIndexHistory
from plimsoll.domain.option_chain import OptionChain

PUBLISHED, CALIBRATED = "published", "calibrated"
Days = Sequence[tuple[Sequence[ListedChain], Sequence[OptionChain]]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GridReference:
    """What a grid is fitted on: snapshots, their surfaces' moves, scenarios, samples."""

    snapshots: tuple[tuple[ListedChain, ...], ...]
    surfaces: tuple[SurfaceCells, ...]
    scenarios: ReferenceScenarios
    samples: Samples


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CalibratedGrid:
    """A fit, with the days before the cut on which its strictness was chosen.

    ``strictness`` is the part of the stated limits that the fit was asked to keep.
    """

    fit: GridFit
    strictness: float
    seen: LibraryBacktest


def grid_reference(
    problem: GridProblem,
    family: GridFamily,
    chains: Sequence[Sequence[ListedChain]],
    history: SpotHistory,
    index: VolIndexHistory,
) -> GridReference:
    """Build scenarios and samples.

    Parameters
    ----------
    problem : GridProblem
    family : GridFamily
    chains : sequence of sequences of ListedChain
        All snapshots known, rising in time, the coins in the problem's order.
    history : SpotHistory
    index : VolIndexHistory
        Both up to the cut.

    Raises
    ------
    InsufficientDataError, UsageError
    """
    surfaces = tuple(
        surface_cells([s[c] for s in chains], held_out=problem.held_out)
        for c in range(len(problem.coins))
    )
    scenarios = reference_scenarios(
        history,
        index,
        surfaces,
        stressed=problem.stressed,
        held_out=problem.held_out,
        settings=problem.settings,
    )
    snapshots = chosen_snapshots(problem, chains, index)
    return GridReference(
        snapshots=snapshots,
        surfaces=surfaces,
        scenarios=scenarios,
        samples=grid_samples(
            snapshots,
            scenarios,
            settlement=family.settlement,
            futures=family.futures,
            without=problem.without,
            seed=problem.seed,
        ),
    )


def chosen_snapshots(
    problem: GridProblem, chains: Sequence[Sequence[ListedChain]], index: VolIndexHistory
) -> tuple[tuple[ListedChain, ...], ...]:
    """Spread snapshots over the time known, and move them in volatility; see `at_levels`.

    Neither a snapshot nor a close of the index is of a crisis kept out.
    """
    known = outside([c[0].at_ns for c in chains], chains, problem.held_out)
    chosen = spread_in_time([c[0].at_ns for c in known], problem.snapshots)
    values = index.without(problem.held_out).value
    levels = np.quantile(values, problem.volatility_levels).tolist()
    return at_levels([known[at] for at in chosen], levels)


def at_levels(
    snapshots: Sequence[Sequence[ListedChain]], levels: Sequence[float]
) -> tuple[tuple[ListedChain, ...], ...]:
    """Move snapshots in turn to levels of volatility, after each that stands as it was.

    So that the grid is no child of one level. The level is that of the first coin, 30 days at the
    money, against a volatility index that has wings in it: levels are somewhat high. All coins are
    moved by one factor.
    """
    found = []
    for place, chains in enumerate(snapshots):
        turn = place % (1 + len(levels))
        factor = levels[turn - 1] / chains[0].volatility_30d if turn else 1.0
        found.append(tuple(at_volatility(chain, factor) for chain in chains))
    return tuple(found)


def spread_in_time(at_ns: Sequence[int], count: int) -> list[int]:
    """Return rows of the instants nearest to ``count`` evenly spread ones, each once.

    By time, not by number: where a venue was read more often for a week, that week is no more.
    """
    times = np.array(at_ns, dtype=np.int64)
    wanted = np.linspace(float(times[0]), float(times[-1]), min(count, times.size))
    return sorted({int(np.argmin(np.abs(times - w))) for w in wanted})


def calibrated_grid(
    problem: GridProblem,
    family: GridFamily,
    reference: GridReference,
    early: Days,
    *,
    work: Work = HERE,
) -> CalibratedGrid:
    """Fit the family; how strict its limits are is chosen on days before the cut.

    The first of ``problem.strictness`` whose margins were broken no more often than the published
    ones on those days, over the library and among hedged portfolios; the last where none does.
    Nothing judged is looked at: neither days after the cut, nor, in ``early``, crises kept out.
    """
    start, seed = None, problem.seed
    samples, scenarios = reference.samples, reference.scenarios
    for strictness in problem.strictness:
        stage = replace(work, stage=f"fit the grid, limits at {100 * strictness:g} %")
        target = problem.target.scaled(strictness)
        fit = fit_grid(
            family, samples, scenarios, target=target, start=start, seed=seed, work=stage
        )
        start = fit.point
        seen = realised_backtest(
            early, both_sets(family, fit), seed=seed, listed=listing_of(problem, family)
        )
        if all(
            seen.breach(CALIBRATED, rows)[0] <= seen.breach(PUBLISHED, rows)[0]
            for rows in (seen.known, seen.hedged)
        ):
            break
    errors = with_errors(
        fit, samples, scenarios, replicates=problem.replicates, seed=seed, work=work
    )
    return CalibratedGrid(fit=errors, strictness=strictness, seen=seen)


def both_sets(family: GridFamily, fit: GridFit) -> Sets:
    """The published set under the whole model, and the fitted one under its own."""
    return {
        PUBLISHED: (family, family.published),
        CALIBRATED: (fit.family, fit.family.parameters(fit.point)),
    }


def listing_of(problem: GridProblem, family: GridFamily) -> Listed:
    """Return what leaves out of a library all that the venue does not list or nobody wants."""

    def listed(library: PortfolioLibrary) -> PortfolioLibrary:
        return tradable(library, futures=family.futures, without=problem.without)

    return listed
