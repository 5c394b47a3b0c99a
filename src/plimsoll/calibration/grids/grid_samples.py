"""Snapshots with their portfolios and reference losses: what a candidate grid is judged on."""

from __future__ import annotations

from collections.abc import Collection, Sequence
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
    """One snapshot's portfolios of one scope.

    Parameters
    ----------
    library : PortfolioLibrary
    book : Book
    market : GridMarket
        Of what the portfolios hold.
    losses : (P, K) float64
        The largest under the reference scenarios, falling, dollars: of a quarter of the scenarios,
        so that breach rates are right up to about a quarter.
    scenario : (P, K) int64
        Which scenario each is of.
    families : tuple of F PortfolioFamily
    family : (P,) int64
    """

    library: PortfolioLibrary
    book: Book
    market: GridMarket
    losses: FloatArray
    scenario: IntArray
    families: tuple[PortfolioFamily, ...]
    family: IntArray

    @property
    def count(self) -> IntArray:
        """(F,) portfolios of each family."""
        return np.bincount(self.family, minlength=len(self.families))


def grid_samples(
    snapshots: Sequence[Sequence[ListedChain]],
    scenarios: ReferenceScenarios,
    *,
    settlement: Settlement = Settlement.INVERSE,
    futures: bool = True,
    without: Collection[PortfolioFamily] = (),
    seed: int,
) -> dict[str, tuple[GridSample, ...]]:
    """Build the samples of each scope: every coin, and portfolios in several.

    Parameters
    ----------
    snapshots : sequence of sequences of ListedChain
        Chains of one instant each.
    scenarios : ReferenceScenarios
    settlement : Settlement
    futures : bool
        Whether the venue lists dated futures; else portfolios that hold some are left out.
    without : collection of PortfolioFamily
        Kinds of portfolio that are left out.
    seed : int
        Of the library.
    """
    found: dict[str, list[GridSample]] = {}
    for chains in snapshots:
        whole = tradable(portfolio_library(chains, seed=seed), futures=futures, without=without)
        for scope in dict.fromkeys(whole.scopes):
            sample = _sample(whole.of_scope(scope), chains, scenarios, settlement)
            found.setdefault(scope, []).append(sample)
    return {scope: tuple(samples) for scope, samples in found.items()}


def tradable(
    library: PortfolioLibrary, *, futures: bool = True, without: Collection[PortfolioFamily] = ()
) -> PortfolioLibrary:
    """Return what of a library a venue lists, less the kinds that are not wanted."""
    chosen = np.array([family not in without for family in library.families], dtype=np.bool_)
    if not futures:
        chosen &= ~library.holds_future
    return library if chosen.all() else library.take(chosen)


def _sample(
    library: PortfolioLibrary,
    chains: Sequence[ListedChain],
    scenarios: ReferenceScenarios,
    settlement: Settlement,
) -> GridSample:
    held = frozenset(library.markets)
    own = [c for c in chains if any(m.startswith(f"{c.coin}-") for m in held)]
    families = tuple(dict.fromkeys(library.families))
    losses = reference_losses(library, own, scenarios, settlement=settlement)
    kept = max(losses.shape[1] // 4, 1)
    worst = np.argsort(-losses, axis=1, kind="stable")[:, :kept]
    return GridSample(
        library=library,
        book=library.book(settlement),
        market=grid_market(chains, settlement, held),
        losses=np.take_along_axis(losses, worst, axis=1),
        scenario=worst.astype(np.int64),
        families=families,
        family=np.array([families.index(family) for family in library.families], dtype=np.int64),
    )
