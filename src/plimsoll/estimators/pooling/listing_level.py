"""How active a listing is compared with the market, as its peers' past says: the prior of a level.

Each listing of the past, delisted or not, leaves the mean activity of its youth relative to the
established markets of that time; established markets leave their own of today. One population with
two groups is fitted by empirical Bayes, and every market is told what all the *others* say of it.

The spread of the population is a variance, so one level far out would make it whatever it likes.
By the rule of `peer_admission` a level below the usual ones is left out, as another kind of thing;
one above is counted at the highest usual level, because a listing can be that wild (Winsor's
treatment of one side; Huber, *Robust Statistics*, 1981, section 1.7).

Listings differ more from each other than established markets do, and these are many: the spread is
the wider one of that of all and that of the listings alone, once there are three.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import ParameterError
from plimsoll.estimators.pooling.covariates import MarketCovariates
from plimsoll.estimators.pooling.hierarchy import (
    MINIMUM_MARKETS,
    FittedLevels,
    HierarchicalLevels,
)
from plimsoll.estimators.pooling.peer_admission import level_bounds

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

_ESTABLISHED_DAYS = 90.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ListingLevels:
    """Settings of the population of levels.

    Parameters
    ----------
    hierarchy : HierarchicalLevels
    donor_days : float
        Age from which a listing's mean activity is a level.
    prior_mean, prior_sd : float
        Log level of a listing over the market before any peer was seen.
    covariates : MarketCovariates, optional
        Class, capitalisation, volume of the markets, in the order of the history's columns. Age
        enters by the two groups.
    """

    hierarchy: HierarchicalLevels = field(default_factory=HierarchicalLevels)
    donor_days: float = 15.0
    prior_mean: float = 0.2
    prior_sd: float = 0.5
    covariates: MarketCovariates | None = None

    def __post_init__(self) -> None:
        if not (self.donor_days > 0.0 and self.prior_sd > 0.0):
            raise ParameterError(
                "donor_days and prior_sd must be above 0",
                found=(self.donor_days, self.prior_sd),
                field="donor_days",
            )

    @property
    def least_deviation(self) -> float:
        """Robust deviation between markets that is taken as the least: half the prior one."""
        return 0.5 * self.prior_sd

    def start(self, markets: int) -> LevelRecord:
        """Record of ``markets`` of which nothing has been seen."""
        if self.covariates is not None and len(self.covariates) != markets:
            raise ParameterError(
                f"must describe each of the {markets} markets",
                found=len(self.covariates),
                field="covariates",
            )
        nothing = np.full(markets, np.nan)
        return LevelRecord(
            settings=self,
            level=nothing,
            days=nothing.copy(),
            is_listing=np.zeros(markets, dtype=np.bool_),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PeerLevel:
    """What the others say of each market's log level over the market.

    Parameters
    ----------
    mean, variance : (N,) float64
    covariates : tuple of str
        What told the markets apart.
    """

    mean: FloatArray
    variance: FloatArray
    covariates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LevelRecord:
    """Relative levels so far; a listing's stays as it was when its youth, or the coin, ended."""

    settings: ListingLevels
    level: FloatArray
    days: FloatArray
    is_listing: BoolArray

    def after(
        self, relative: FloatArray, donor: BoolArray, established: BoolArray, own_days: FloatArray
    ) -> LevelRecord:
        """Record after one more day.

        Parameters
        ----------
        relative : (N,) float64
            Log activity since listing less the market's.
        donor, established : (N,) bool
        own_days : (N,) float64
            Days of returns behind ``relative``.
        """
        young = donor & np.isfinite(relative)
        old = established & ~self.is_listing & np.isfinite(relative)
        fresh = young | old
        return LevelRecord(
            settings=self.settings,
            level=np.where(fresh, relative, self.level),
            days=np.where(fresh, np.minimum(own_days, _ESTABLISHED_DAYS), self.days),
            is_listing=self.is_listing | young,
        )

    def prior(self) -> PeerLevel:
        """Before any peer was seen."""
        ones = np.ones(self.level.size)
        return PeerLevel(
            mean=self.settings.prior_mean * ones, variance=self.settings.prior_sd**2 * ones
        )

    def peers(self, daily_variance: float) -> PeerLevel | None:
        """Leave-one-out prediction for each market; None with fewer than three levels.

        Parameters
        ----------
        daily_variance : float
            Of a day's log level around its forecast: a mean over n days has an n-th of it.
        """
        level = np.where(self.days > 0.0, self.level, np.nan)
        low, high = level_bounds(level, self.settings.least_deviation)
        known = np.flatnonzero(level >= low)
        if known.size < MINIMUM_MARKETS:
            return None
        level = np.minimum(level, high)
        fitted = self._fit(level, known, daily_variance)
        listings = known[self.is_listing[known]]
        spread = fitted.between_sd
        if listings.size >= MINIMUM_MARKETS:
            spread = max(spread, self._fit(level, listings, daily_variance).between_sd)
        everyone = np.arange(self.level.size)
        as_listings = np.ones(everyone.size, dtype=np.bool_)
        told = fitted.predict(self._covariates(everyone, as_listings))
        mean, sd = told.mean.copy(), told.sd.copy()
        others = fitted.leave_one_out()
        mean[known], sd[known] = others.mean, others.sd
        wider = spread**2 - fitted.between_sd**2
        return PeerLevel(mean=mean, variance=sd**2 + wider, covariates=self._told(fitted, known))

    def _fit(
        self, level: FloatArray, rows: NDArray[np.int64], daily_variance: float
    ) -> FittedLevels:
        return self.settings.hierarchy.fit(
            level[rows],
            daily_variance / self.days[rows],
            self._covariates(rows, self.is_listing[rows]),
        )

    def _told(self, fitted: FittedLevels, known: NDArray[np.int64]) -> tuple[str, ...]:
        """Covariates that entered the fit: those that differ among the ``known``."""
        given = self.settings.covariates
        classes = () if given is None else np.asarray(given.market_class)[known].tolist()
        found = (
            ("class", len(set(classes)) > 1),
            ("listing or established", len(set(self.is_listing[known].tolist())) > 1),
        )
        return (*(name for name, differs in found if differs), *fitted.design.used)

    def _covariates(self, rows: NDArray[np.int64], is_listing: BoolArray) -> MarketCovariates:
        group = np.where(is_listing, "listing", "established")
        given = self.settings.covariates
        if given is None:
            return MarketCovariates(market_class=group.tolist())
        classes = np.asarray(given.market_class)[rows]
        return MarketCovariates(
            market_class=[f"{c} {g}" for c, g in zip(classes, group, strict=True)],
            market_cap_usd=None if given.market_cap_usd is None else given.market_cap_usd[rows],
            daily_volume_usd=(
                None if given.daily_volume_usd is None else given.daily_volume_usd[rows]
            ),
        )
