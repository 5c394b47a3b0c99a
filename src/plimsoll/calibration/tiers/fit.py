"""The cheapest ladder on the venue's grid that covers R(N), and how many tiers it takes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.tiers.grid import TierGrid
from plimsoll.calibration.tiers.ladder import Ladder, RateKind
from plimsoll.calibration.tiers.marginal_search import (
    Found,
    cheapest_marginal,
    marginal_by_count,
)
from plimsoll.calibration.tiers.requirement import Requirement
from plimsoll.calibration.tiers.search_problem import SearchProblem, search_problem
from plimsoll.calibration.tiers.sizes import SizeDistribution
from plimsoll.calibration.tiers.whole_search import cheapest_whole, whole_by_count
from plimsoll.errors import EstimationError, ParameterError

FloatArray = NDArray[np.float64]

BEAM = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class TierCount:
    """Cheapest ladder of at most so many tiers; mean None where none covers."""

    tiers: int
    mean: float | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedLadder:
    """A ladder with what is known about it.

    Parameters
    ----------
    ladder : Ladder
    mean : float
        Mean margin over the sizes it was fitted for.
    lower_bound : float
        Mean of R(N) / N: what a ladder of any number of tiers, on no grid, would cost.
    rate_errors : (T,) float64
        Standard errors of the rates, by the delta method from price risk and cost.
    counts : tuple of TierCount
        By number of tiers, where that was chosen.
    """

    ladder: Ladder
    mean: float
    lower_bound: float
    rate_errors: FloatArray
    counts: tuple[TierCount, ...] = ()


def fit_ladder(
    requirement: Requirement,
    sizes: SizeDistribution,
    grid: TierGrid,
    *,
    tiers: int,
    kind: RateKind | str = RateKind.MARGINAL,
    proven: bool = True,
    tolerance: float = 0.0,
    beam: int = BEAM,
) -> FittedLadder:
    """Return the ladder of at most ``tiers`` tiers that covers R everywhere at least mean margin.

    Parameters
    ----------
    requirement : Requirement
        Up to the grid's last cap at least.
    sizes : SizeDistribution
        What the mean is over.
    grid : TierGrid
    tiers : int
    kind : RateKind
    proven : bool
        False: the search keeps the ``beam`` best labels of each cap, which finds the cheapest or
        nearly so in a tenth of a second, without proof.
    tolerance : float
        Share by which a proven result may be dearer than the cheapest.
    beam : int
        Of the search without proof, which starts the proven one too.

    Raises
    ------
    EstimationError
        No ladder on the grid covers; the message says which limit must give way, and how far.
    ParameterError
    """
    _check_count(tiers)
    problem = search_problem(requirement, sizes, grid)
    chosen = RateKind(kind)
    found = _found(problem, tiers, chosen, proven=proven, tolerance=tolerance, beam=beam)
    if found is None:
        raise _infeasible(problem, grid, tiers, chosen)
    return _fitted(requirement, problem, grid, found, chosen)


def fit_chosen_count(
    requirement: Requirement,
    sizes: SizeDistribution,
    grid: TierGrid,
    *,
    most_tiers: int = 12,
    least_gain: float = 0.01,
    kind: RateKind | str = RateKind.MARGINAL,
    proven: bool = False,
) -> FittedLadder:
    """Choose the number of tiers too: the smallest from which no number saves enough.

    A further tier must lower mean margin by ``least_gain`` of it; one that does not may still be
    followed by one that does, so the saving is counted per tier up to every larger number.

    Parameters
    ----------
    least_gain : float
        Share of mean margin that a tier must save to be worth its place in the table.

    Raises
    ------
    EstimationError, ParameterError
    """
    _check_count(most_tiers)
    problem, chosen = search_problem(requirement, sizes, grid), RateKind(kind)
    every = _by_count(problem, most_tiers, chosen, proven=proven)
    means = [found.mean if found else None for found in every]
    if means[-1] is None:
        raise _infeasible(problem, grid, most_tiers, chosen)
    found = every[_worthwhile(means, least_gain)]
    assert found is not None
    counts = tuple(TierCount(tiers=n, mean=mean) for n, mean in enumerate(means, start=1))
    return replace(_fitted(requirement, problem, grid, found, chosen), counts=counts)


def _worthwhile(means: list[float | None], least_gain: float) -> int:
    """Place of the first count that no larger one betters by ``least_gain`` a tier."""
    for place, mean in enumerate(means):
        if mean is None:
            continue
        later = enumerate(means[place + 1 :], start=1)
        gains = [(mean - other) / (mean * more) for more, other in later if other is not None]
        if max(gains, default=0.0) < least_gain:
            return place
    return len(means) - 1


def _found(
    problem: SearchProblem,
    tiers: int,
    kind: RateKind,
    *,
    proven: bool,
    tolerance: float,
    beam: int = BEAM,
) -> Found | None:
    if kind is RateKind.WHOLE:
        return cheapest_whole(problem, tiers)
    first = cheapest_marginal(problem, tiers, beam=beam)
    if first is not None and not proven:
        return first
    known = np.inf if first is None else first.mean
    return cheapest_marginal(problem, tiers, known=known, tolerance=tolerance) or first


def _by_count(
    problem: SearchProblem, tiers: int, kind: RateKind, *, proven: bool
) -> tuple[Found | None, ...]:
    if kind is RateKind.WHOLE:
        return whole_by_count(problem, tiers)
    return marginal_by_count(problem, tiers, beam=None if proven else BEAM)


def _fitted(
    requirement: Requirement,
    problem: SearchProblem,
    grid: TierGrid,
    found: Found,
    kind: RateKind,
) -> FittedLadder:
    ladder = Ladder(
        caps_usd=tuple(grid.caps_usd[place - 1] for place in found.caps),
        rates=tuple(grid.rate_step * steps for steps in found.steps),
        kind=kind,
    )
    return FittedLadder(
        ladder=ladder,
        mean=found.mean,
        lower_bound=problem.lower_bound,
        rate_errors=requirement.marginal_errors(ladder.caps),
    )


def _infeasible(
    problem: SearchProblem, grid: TierGrid, tiers: int, kind: RateKind
) -> EstimationError:
    """Name the limit in the way, and the least relaxation of it alone."""
    needed = float((problem.needed / problem.point).max())
    if kind is RateKind.MARGINAL:
        needed = max(needed, float((np.diff(problem.needed) / np.diff(problem.point)).max()))
    free = replace(problem, rise=problem.most)
    if _found(free, tiers, kind, proven=False, tolerance=0.0) is None:
        return EstimationError(
            f"rates up to {grid.maximum_rate} must cover R(N) with {tiers} tiers",
            found=f"{needed:.4f} needed",
            field="maximum_rate",
            remedy="raise maximum_rate, add tiers, or lower the last cap",
        )
    low, high = problem.rise, problem.most
    while high - low > 1:
        middle = (low + high) // 2
        eased = replace(problem, rise=middle)
        covers = _found(eased, tiers, kind, proven=False, tolerance=0.0) is not None
        low, high = (low, middle) if covers else (middle, high)
    return EstimationError(
        f"rises of at most {grid.maximum_step} must cover R(N) with {tiers} tiers",
        found=f"a rise of {high * Decimal(str(problem.step))} is the least that does",
        field="maximum_step",
        remedy="allow that rise, or more tiers",
    )


def _check_count(tiers: int) -> None:
    if tiers < 1:
        raise ParameterError("must be at least 1", found=tiers, field="tiers")
