"""The stages of the joint fit: from eSSVI to an arbitrage-free surface of SVI smiles.

1. eSSVI (`plimsoll.estimators.surface.essvi`), which tells each expiry a shape near its
   neighbours': a start that no single quote can spoil.
2. Each expiry a shape of its own, with the no-arbitrage conditions; quotes pull robustly.
3. The price for leaving bid and ask is raised and its reach shortened step by step (graduated
   non-convexity), so that the final fit keeps as many quotes inside as it can without following
   those it cannot reach.
4. The surface is verified on a fine grid; points of broken conditions join the conditions and
   the fit goes on with a higher penalty, until nothing is broken.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plimsoll.domain.option_chain import FloatArray
from plimsoll.estimators.surface.essvi import essvi_surface
from plimsoll.estimators.surface.settings import SurfaceSettings
from plimsoll.estimators.surface.starts import FitInput, common_start, set_priors
from plimsoll.maths.surface_fit import minimise_surface
from plimsoll.maths.surface_fit_constraints import FAMILIES, renew_multipliers
from plimsoll.maths.surface_fit_problem import LossShape, SurfaceProblem
from plimsoll.maths.surface_fit_verification import add_broken_points

ROBUST = LossShape(1.0, 0.0, 1.0, 1.0)
_BODY, _MOST = 2.0, 4.8
"""Weight of the pull to the middle; most that leaving bid and ask can cost one quote."""
RISING_WALL = tuple(
    LossShape(_BODY, 2.0 * _MOST / reach**2, edge, reach)
    for edge, reach in ((0.8, 1.0), (0.85, 0.7), (0.9, 0.4), (0.95, 0.2), (0.97, 0.1))
)
_SOFT_PENALTY, _PENALTY, _HARDEST_PENALTY = 1e2, 1e4, 1e9
_PENALTY_GROWTH = 10.0
_ITERATIONS, _ROUGHLY, _FINELY, _EXACTLY = 60, 1e-2, 1e-3, 1e-5
MOST_ROUNDS = 20


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solution:
    """A fit in its coordinates.

    Parameters
    ----------
    theta : (n, 5) float64
    conditions : (n, FAMILIES, J) float64
        Values of the no-arbitrage conditions at the fit's own points, less their margins.
    objective : float
    iterations, rounds : int
        Steps in all; rounds of verification.
    clean : bool
        Verified free of arbitrage on the fine grid.
    """

    theta: FloatArray
    conditions: FloatArray
    objective: float
    iterations: int
    rounds: int
    clean: bool


def solve(problem: SurfaceProblem, given: FitInput, settings: SurfaceSettings) -> Solution:
    """Run all stages; the problem's priors and points are written into."""
    start = essvi_surface(problem, given)
    work = _Work(problem, common_start(given.years.size) if start is None else start)
    set_priors(problem, given, settings, work.theta.copy())
    for penalty in (_SOFT_PENALTY, _PENALTY):
        work.minimise(ROBUST, penalty, _ITERATIONS, _ROUGHLY)
    for loss in RISING_WALL:
        work.minimise(loss, _PENALTY, _ITERATIONS, _FINELY)
        renew_multipliers(work.found, work.multipliers, _PENALTY)
    return work.verified(RISING_WALL[-1])


def restore(problem: SurfaceProblem, theta: FloatArray) -> Solution:
    """Start anew from a surface free of arbitrage, with conditions that outweigh the quotes."""
    work = _Work(problem, theta)
    work.penalty = _PENALTY**2
    work.minimise(ROBUST, work.penalty, _ITERATIONS, _ROUGHLY)
    return work.verified(ROBUST)


def verified(problem: SurfaceProblem, theta: FloatArray) -> Solution:
    """A surface as it is, and whether it is free of arbitrage."""
    work = _Work(problem, theta)
    return work.solution(1, add_broken_points(problem, work.theta))


class _Work:
    """A fit under way; its arrays are overwritten by the kernels."""

    def __init__(self, problem: SurfaceProblem, theta: FloatArray) -> None:
        self.problem, self.theta = problem, np.array(theta)
        self.multipliers = np.zeros((theta.shape[0], FAMILIES, problem.points.shape[1]))
        self.found = np.ones_like(self.multipliers)
        self.objective, self.iterations, self.penalty = np.inf, 0, _PENALTY

    def minimise(self, loss: LossShape, penalty: float, most: int, tolerance: float) -> None:
        """Run one minimisation."""
        self.objective, taken = minimise_surface(
            self.problem, loss, self.theta, self.multipliers, penalty, most, tolerance, self.found
        )
        self.iterations += taken

    def verified(self, loss: LossShape) -> Solution:
        """Verify, and go on with the points found, until the surface is free of arbitrage."""
        rounds, broken = 1, add_broken_points(self.problem, self.theta)
        while broken and rounds < MOST_ROUNDS:
            self.penalty = min(self.penalty * _PENALTY_GROWTH, _HARDEST_PENALTY)
            self.minimise(loss, self.penalty, _ITERATIONS, _EXACTLY)
            renew_multipliers(self.found, self.multipliers, self.penalty)
            broken = add_broken_points(self.problem, self.theta)
            rounds += 1
        return self.solution(rounds, broken)

    def solution(self, rounds: int, broken: int) -> Solution:
        """Where the fit stands."""
        return Solution(
            theta=self.theta,
            conditions=self.found,
            objective=self.objective,
            iterations=self.iterations,
            rounds=rounds,
            clean=broken == 0,
        )
