"""Snapshots with their portfolios and reference losses: what a candidate grid is judged on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.grids.grid_market import GridMarket, Settlement, grid_market
from plimsoll.calibration.grids.listed_chain import ListedChain
from plimsoll.calibration.grids.portfolio_library import PortfolioLibrary, portfolio_library
from plimsoll.calibration.grids.portfolios import PortfolioFamily
from plimsoll.calibration.grids.reference_losses import reference_losses
from plimsoll.calibration.grids.reference_scenarios import ReferenceScenarios
from plimsoll.domain.book import Book

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GridSample:
    """One snapshot's portfolios of one scope, sorted by family.

    Parameters
    ----------
    library : PortfolioLibrary
    book : Book
    market : GridMarket
        Of what the portfolios hold.
    losses : (P, S) float64
        Under the reference scenarios, dollars.
    families : tuple of F PortfolioFamily
    first : (F,) int64
        First portfolio of each family.
    """

    library: PortfolioLibrary
    book: Book
    market: GridMarket
    losses: FloatArray
    families: tuple[PortfolioFamily, ...]
    first: IntArray

    @property
    def count(self) -> IntArray:
        """(F,) portfolios of each family."""
        return np.diff(np.append(self.first, len(self.library)))


def grid_samples(
    snapshots: Sequence[Sequence[ListedChain]],
    scenarios: ReferenceScenarios,
    *,
    settlement: Settlement = Settlement.INVERSE,
    seed: int,
) -> dict[str, tuple[GridSample, ...]]:
    """Build the samples of each scope: every coin, and portfolios in several.

    Parameters
    ----------
    snapshots : sequence of sequences of ListedChain
        Chains of one instant each.
    scenarios : ReferenceScenarios
    settlement : Settlement
    seed : int
        Of the library.
    """
    found: dict[str, list[GridSample]] = {}
    for chains in snapshots:
        whole = portfolio_library(chains, seed=seed)
        for scope in dict.fromkeys(whole.scopes):
            sample = _sample(whole.of_scope(scope), chains, scenarios, settlement)
            found.setdefault(scope, []).append(sample)
    return {scope: tuple(samples) for scope, samples in found.items()}


def _sample(
    library: PortfolioLibrary,
    chains: Sequence[ListedChain],
    scenarios: ReferenceScenarios,
    settlement: Settlement,
) -> GridSample:
    held = frozenset(library.markets)
    own = [c for c in chains if any(m.startswith(f"{c.coin}-") for m in held)]
    families = tuple(dict.fromkeys(library.families))
    first = [library.families.index(family) for family in families]
    return GridSample(
        library=library,
        book=library.book(settlement),
        market=grid_market(chains, settlement, held),
        losses=reference_losses(library, own, scenarios, settlement=settlement),
        families=families,
        first=np.array(first, dtype=np.int64),
    )
