"""The search for the cheapest ladder as arrays: points to cover, sizes to average over."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.tiers.grid import TierGrid
from plimsoll.calibration.tiers.requirement import Requirement
from plimsoll.calibration.tiers.sizes import SizeDistribution
from plimsoll.errors import ParameterError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

SLACK = 1e-9
"""Of a rate step, or relative: what binary floats add beyond it is not part of the estimate."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SearchProblem:
    """Everything a search reads; caps have a 0 before them.

    Parameters
    ----------
    caps : (G + 1,) float64
    point, needed : (X,) float64
        Sizes at which the ladder must hold ``needed`` dollars; caps are among them.
    size, weight : (S,) float64
        Mean margin is the sum of ``weight MM(size) / size``.
    size_needed : (S,) float64
    step : float
        Of rates.
    most, rise : int
        Largest rate, and largest rise from tier to tier, in steps.
    """

    caps: FloatArray
    point: FloatArray
    needed: FloatArray
    size: FloatArray
    weight: FloatArray
    size_needed: FloatArray
    step: float
    most: int
    rise: int

    def above(self, cap: int) -> slice:
        """Points above a cap."""
        return slice(int(np.searchsorted(self.point, self.caps[cap], side="right")), None)

    def ends(self, cap: int) -> IntArray:
        """Places of the later caps among the points above a cap."""
        first = int(np.searchsorted(self.point, self.caps[cap], side="right"))
        return np.asarray(np.searchsorted(self.point, self.caps[cap + 1 :]) - first)

    @property
    def mass(self) -> FloatArray:
        """(2, G + 1) sums of weight, and of weight over size, of sizes up to each cap."""
        place = np.searchsorted(self.size, self.caps, side="right")
        sums = [np.cumsum(np.concatenate([[0.0], w])) for w in (self.weight, self._per_dollar)]
        return np.array([total[place] for total in sums])

    @property
    def _per_dollar(self) -> FloatArray:
        return self.weight / self.size

    def least_total(self, cap: int, held: FloatArray, rate: FloatArray) -> FloatArray:
        """(L,) least margin of sizes above a cap, of ladders that hold ``held`` there.

        Rates do not fall, so a ladder holds at least what its last rate goes on to.
        """
        later = self.size > self.caps[cap]
        size = self.size[later]
        goes_on = held[:, None] + rate[:, None] * (size - self.caps[cap])
        least = np.maximum(goes_on, self.size_needed[later])
        return np.asarray(least @ self._per_dollar[later])

    @property
    def lower_bound(self) -> float:
        """Mean of R(N) / N: no ladder that covers is cheaper."""
        return float(self._per_dollar @ self.size_needed)


def search_problem(
    requirement: Requirement, sizes: SizeDistribution, grid: TierGrid
) -> SearchProblem:
    """Return the arrays of a search.

    Raises
    ------
    ParameterError
        Where the grid's last cap lies above what the requirement knows, or below a size.
    """
    caps = grid.caps
    if caps[-1] > requirement.notional_usd[-1] * (1.0 + SLACK):
        raise ParameterError(
            "must not lie above the largest size of the requirement",
            found=float(caps[-1]),
            field="caps_usd",
            remedy=f"give the requirement up to there; it ends at {requirement.notional_usd[-1]:g}",
        )
    if sizes.notional_usd[-1] > caps[-1] * (1.0 + SLACK):
        raise ParameterError(
            "must not exceed the last cap", found=float(sizes.notional_usd[-1]), field="sizes"
        )
    known = requirement.notional_usd
    point = np.union1d(known[known < caps[-1]], caps)
    return SearchProblem(
        caps=np.concatenate([[0.0], caps]),
        point=point,
        needed=requirement.at(point),
        size=sizes.notional_usd,
        weight=sizes.weight,
        size_needed=requirement.at(sizes.notional_usd),
        step=float(grid.rate_step),
        most=grid.most_steps,
        rise=grid.most_rise,
    )
