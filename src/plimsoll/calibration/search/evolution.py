"""CMA-ES in ask and tell, restarted with twice the population where it has converged.

Continuous spaces by CMA-ES, mixed ones by CMA-ES with margin (Hamano et al., GECCO 2022), both of
the ``cmaes`` library; restarts after Auger and Hansen (CEC 2005). It works in the unit cube and is
told ranks only, so that scales and infinite values play no part.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from cmaes import CMA, CMAwM  # type: ignore[import-untyped]
from numpy.typing import NDArray

Vector = NDArray[np.float64]
_EDGE = 1e-9


class Evolution:
    """State of the search: all its randomness comes from ``seed``.

    Parameters
    ----------
    start : (d,) float64
        Mean of the first population, in the unit cube.
    strides : (d,) float64
        Step of each dimension, 0 where continuous.
    sigma : float
        First standard deviation.
    population : int or None
        ``4 + 3 ln d`` by default.
    seed : int
    """

    def __init__(
        self, start: Vector, strides: Vector, sigma: float, population: int | None, seed: int
    ) -> None:
        self._strides, self._sigma, self._seed = strides, sigma, seed
        self._population = population or 4 + math.floor(3.0 * math.log(start.size))
        self._asked: list[Vector] = []
        self.restarts = 0
        self._begin(np.clip(start, _EDGE, 1.0 - _EDGE))

    def _begin(self, mean: Vector) -> None:
        size = mean.size
        bounds = np.column_stack((np.zeros(size), np.ones(size)))
        state = np.random.SeedSequence([self._seed, self.restarts]).generate_state(1)
        common = {"seed": int(state[0]), "population_size": self._population << self.restarts}
        if self._strides.any():
            self._law = CMAwM(mean.copy(), self._sigma, bounds, self._strides, **common)
        else:
            self._law = CMA(mean.copy(), self._sigma, bounds, **common)

    @property
    def population(self) -> int:
        """Points of the next generation."""
        return int(self._law.population_size)

    def ask(self) -> list[Vector]:
        """Places of a whole generation in the unit cube, before any of them is told."""
        asked = [self._law.ask() for _ in range(self.population)]
        if not self._strides.any():
            asked = [(place, place) for place in asked]
        self._asked = [told for _, told in asked]
        return [np.clip(place, 0.0, 1.0) for place, _ in asked]

    def tell(self, ranks: Sequence[float]) -> None:
        """Ranks of what was asked, in that order; restarts where the law has converged."""
        self._law.tell(list(zip(self._asked, ranks, strict=True)))
        # Ranks of a generation that are all equal say nothing: the space is flat or exhausted.
        if self._law.should_stop() or len(set(ranks)) == 1:
            self.restarts += 1
            generator = np.random.default_rng([self._seed, self.restarts])
            self._begin(generator.uniform(0.05, 0.95, self._strides.size))
