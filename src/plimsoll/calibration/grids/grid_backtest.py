"""Margins of two parameter sets against what the library lost from one day to the next.

Every day of the judged window is one snapshot: the library is built of it, both sets are asked for
margin by the engine, and the loss is what the marks of the next snapshot say. Errors are clustered
by day: portfolios of one day share its prices.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.grids.grid_family import GridFamily, UnitParameters
from plimsoll.calibration.grids.grid_market import grid_market
from plimsoll.calibration.grids.listed_chain import ListedChain
from plimsoll.calibration.grids.portfolio_library import PortfolioLibrary, portfolio_library
from plimsoll.calibration.grids.portfolios import HEDGED, PortfolioFamily
from plimsoll.calibration.grids.realised_losses import realised_losses
from plimsoll.calibration.grids.reference_losses import reference_losses
from plimsoll.calibration.grids.reference_scenarios import ReferenceScenarios
from plimsoll.domain.option_chain import OptionChain

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
Sets = Mapping[str, tuple[GridFamily, UnitParameters]]
"""By name: the family and its parameters."""
Listed = Callable[[PortfolioLibrary], PortfolioLibrary]
"""What of a library is held against the sets."""


def _whole(library: PortfolioLibrary) -> PortfolioLibrary:
    return library


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LibraryBacktest:
    """N rows, one a portfolio and day.

    Parameters
    ----------
    day : (N,) int64
        Number of the snapshot.
    scope : (N,) str
    family : (N,) object
    name : (N,) str
    loss : (N,) float64
        Dollars; NaN: a mark was missing. Of scenarios: the breach rates stand in ``rate``.
    margin : mapping of str to (N,) float64
        By set.
    rate : mapping of str to (N,) float64
        By set: 1 where the loss exceeds the margin; of scenarios the weight of those that do.
    """

    day: IntArray
    scope: NDArray[np.str_]
    family: NDArray[np.object_]
    name: NDArray[np.str_]
    loss: FloatArray
    margin: Mapping[str, FloatArray]
    rate: Mapping[str, FloatArray]

    @property
    def hedged(self) -> BoolArray:
        """(N,) whether a row's portfolio is hedged."""
        return np.array([f in HEDGED for f in self.family], dtype=np.bool_)

    @property
    def known(self) -> BoolArray:
        """(N,) rows with a loss."""
        return np.isfinite(self.loss)

    def breach(self, name: str, rows: BoolArray) -> tuple[float, float]:
        """Breach rate of a set over rows, and its error clustered by day."""
        return clustered_mean(self.rate[name], self.day, rows & self.known)

    def mean_margin(self, name: str, rows: BoolArray) -> tuple[float, float]:
        """Mean margin of a set over rows, and its error clustered by day."""
        return clustered_mean(self.margin[name], self.day, rows & self.known)

    def saving(self, name: str, other: str, rows: BoolArray) -> tuple[float, float]:
        """One less the ratio of mean margins of a set to another's; error clustered by day."""
        held = rows & self.known
        mine, theirs = self.margin[name][held], self.margin[other][held]
        ratio = float(mine.sum() / theirs.sum())
        rest = mine - ratio * theirs
        sums = np.bincount(self.day[held], weights=rest)
        return 1.0 - ratio, float(np.sqrt(np.sum(sums**2)) / theirs.sum())


def clustered_mean(values: FloatArray, cluster: IntArray, rows: BoolArray) -> tuple[float, float]:
    """Mean of some rows and its standard error, rows of one cluster together."""
    if not rows.any():
        return float("nan"), float("nan")
    held = values[rows]
    mean = float(held.mean())
    sums = np.bincount(cluster[rows], weights=held - mean)
    return mean, float(np.sqrt(np.sum(sums**2)) / held.size)


def realised_backtest(
    days: Sequence[tuple[Sequence[ListedChain], Sequence[OptionChain]]],
    sets: Sets,
    *,
    seed: int,
    listed: Listed = _whole,
) -> LibraryBacktest:
    """Hold sets against the marks of the next snapshot.

    Parameters
    ----------
    days : sequence of (chains of a snapshot, chains of the next as they were read)
    sets : mapping of str to (GridFamily, parameters)
    seed : int
        Of the library.
    listed : callable of PortfolioLibrary
        Leaves out what the venue does not list. Contracts settle as the first set's do.
    """
    found = []
    settlement = next(iter(sets.values()))[0].settlement
    for number, (before, after) in enumerate(days):
        library = listed(portfolio_library(before, seed=seed))
        loss = realised_losses(library, before, after, settlement=settlement)
        margins = _margins(library, before, sets)
        rates = {name: (loss > m).astype(np.float64) for name, m in margins.items()}
        found.append(_rows(number, library, loss, margins, rates))
    return _joined(found)


def scenario_backtest(
    snapshots: Sequence[Sequence[ListedChain]],
    scenarios: ReferenceScenarios,
    sets: Sets,
    *,
    seed: int,
    listed: Listed = _whole,
) -> LibraryBacktest:
    """Hold sets against scenarios; the loss of a row is its mean loss over them."""
    found = []
    settlement = next(iter(sets.values()))[0].settlement
    for number, before in enumerate(snapshots):
        library = listed(portfolio_library(before, seed=seed))
        losses = reference_losses(library, before, scenarios, settlement=settlement)
        margins = _margins(library, before, sets)
        rates = {n: (losses > m[:, None]) @ scenarios.weight for n, m in margins.items()}
        found.append(_rows(number, library, losses @ scenarios.weight, margins, rates))
    return _joined(found)


def _margins(
    library: PortfolioLibrary, chains: Sequence[ListedChain], sets: Sets
) -> dict[str, FloatArray]:
    found = {}
    for name, (family, parameters) in sets.items():
        market = grid_market(chains, family.settlement, frozenset(library.markets))
        found[name] = family.margins(market, parameters, library.book(family.settlement))
    return found


def _rows(
    day: int,
    library: PortfolioLibrary,
    loss: FloatArray,
    margin: Mapping[str, FloatArray],
    rate: Mapping[str, FloatArray],
) -> LibraryBacktest:
    families = np.empty(len(library), dtype=np.object_)
    families[:] = list(library.families)
    return LibraryBacktest(
        day=np.full(len(library), day, dtype=np.int64),
        scope=np.array(library.scopes),
        family=families,
        name=np.array(library.names),
        loss=loss,
        margin=margin,
        rate=rate,
    )


def _joined(parts: Sequence[LibraryBacktest]) -> LibraryBacktest:
    def column(name: str) -> NDArray:  # type: ignore[type-arg]
        return np.concatenate([getattr(part, name) for part in parts])

    def by_set(name: str) -> dict[str, FloatArray]:
        return {
            key: np.concatenate([getattr(part, name)[key] for part in parts])
            for key in getattr(parts[0], name)
        }

    return LibraryBacktest(
        day=column("day"),
        scope=column("scope"),
        family=column("family"),
        name=column("name"),
        loss=column("loss"),
        margin=by_set("margin"),
        rate=by_set("rate"),
    )


def families_of(backtest: LibraryBacktest) -> tuple[PortfolioFamily, ...]:
    """Families in the rows, in order of appearance."""
    return tuple(dict.fromkeys(backtest.family.tolist()))
