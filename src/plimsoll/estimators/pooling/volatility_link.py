r"""How a market's next day follows from its own activity and the market's: learnt from the old.

.. math:: \ln s_{i,d+1} = x_{i,d}'\beta + \varepsilon,\qquad \varepsilon \sim N(0, s^2)

with :math:`s` the root-mean-square bar return of the next day and x the log activities of the
market over several memories, its mean since listing and, on demand, the median activities of all
established markets. Only established markets that move (`peer_admission`) teach :math:`\beta`; a
young one borrows it. A young market's own activities are first drawn towards what its peers say of
a listing (`listing_level`), with the weight that its few hours deserve.

Everything at midnight d is made of bars known at d; coefficients are renewed on fixed calendar
days, so a longer history does not change what a shorter one said.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.market import DAY_NS
from plimsoll.errors import ParameterError
from plimsoll.estimators.pooling.activity import Activity, no_activity
from plimsoll.estimators.pooling.listing_level import ListingLevels, PeerLevel
from plimsoll.estimators.pooling.listing_panel import ListingPanel
from plimsoll.estimators.pooling.peer_admission import moving_peers
from plimsoll.maths.conjugate_regression import (
    RegressionSums,
    add_rows,
    empty_sums,
    regression_posterior,
)

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

_MOST_MISSING = 5.0 / 24.0
"""A day with more of its bars missing has no volatility of its own."""
_RMS_OVER_MEAN_ABSOLUTE = 0.35
"""Log of it for fat-tailed hourly returns; only where nothing has been learnt yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VolatilityLink:
    """Settings of the regression.

    Parameters
    ----------
    half_lives_hours : tuple of float
        Memories of a market's own activity, besides its mean since listing.
    market_half_lives_hours : tuple of float
        Which of them enter as the median of the established markets too. None by default: true
        listings were forecast better without.
    skip_hours : float
        First hours of a listing that count nowhere.
    refit_days : int
        Coefficients are renewed on days whose number since 1970 divides by it.
    prior_rows : float
        Market-days that the prior is worth: equal weights on a market's own activities, none on
        the market's.
    residual_sd : float
        Prior of s.
    """

    half_lives_hours: tuple[float, ...] = (4.0, 12.0, 24.0, 72.0, 240.0)
    market_half_lives_hours: tuple[float, ...] = ()
    skip_hours: float = 24.0
    refit_days: int = 28
    prior_rows: float = 10.0
    residual_sd: float = 0.35
    levels: ListingLevels = field(default_factory=ListingLevels)

    def __post_init__(self) -> None:
        if not self.half_lives_hours or not min(self.half_lives_hours) > 0.0:
            raise ParameterError(
                "must be positive", found=self.half_lives_hours, field="half_lives_hours"
            )
        if not set(self.market_half_lives_hours) <= set(self.half_lives_hours):
            raise ParameterError(
                f"must be among half_lives_hours {self.half_lives_hours}",
                found=self.market_half_lives_hours,
                field="market_half_lives_hours",
            )
        if self.refit_days < 1 or not self.prior_rows > 0.0 or not self.residual_sd > 0.0:
            raise ParameterError(
                "refit_days, prior_rows and residual_sd must be above 0",
                found=(self.refit_days, self.prior_rows, self.residual_sd),
                field="refit_days",
            )

    def path(self, panel: ListingPanel) -> LinkPath:
        """Forecast every market at every midnight of ``panel``."""
        walk = _Walk(self, panel)
        steps = [walk.step(day, bars) for day, bars in enumerate(_days_of_bars(panel))]
        return LinkPath(
            log_volatility=np.array([s.log_volatility for s in steps]),
            level_variance=np.array([s.level_variance for s in steps]),
            own_weight=np.array([s.own_weight for s in steps]),
            rows_learnt=np.array([s.rows_learnt for s in steps]),
            moving=np.array([s.moving for s in steps]),
            coefficients=walk.coefficients,
            covariates=() if walk.peers is None else walk.peers.covariates,
        )

    @property
    def names(self) -> tuple[str, ...]:
        """What each coefficient multiplies."""
        own = tuple(f"own {h:g} h" for h in self.half_lives_hours)
        return (
            "constant",
            *own,
            "own since listing",
            *(f"market {h:g} h" for h in self.market_half_lives_hours),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LinkPath:
    """Forecasts from what was known at each midnight.

    Parameters
    ----------
    log_volatility : (D, N) float64
        Log root-mean-square return per bar; NaN before a listing and without established markets.
    level_variance : (D, N) float64
        Variance of a market's own level beyond that of a listing of donor age.
    own_weight : (D, N) float64
        Weight of a market's own activity against its peers'.
    rows_learnt : (D,) int64
        Market-days behind the coefficients in force.
    moving : (D, N) bool
        Markets that move enough to be anybody's peer.
    coefficients : (k,) float64
        Last in force.
    covariates : tuple of str
        What tells the peers apart, at the last midnight.
    """

    log_volatility: FloatArray
    level_variance: FloatArray
    own_weight: FloatArray
    rows_learnt: NDArray[np.int64]
    moving: BoolArray
    coefficients: FloatArray
    covariates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Step:
    log_volatility: FloatArray
    level_variance: FloatArray
    own_weight: FloatArray
    rows_learnt: int
    moving: BoolArray


class _Walk:
    """The forward pass: state is replaced day by day, never looked back into."""

    def __init__(self, link: VolatilityLink, panel: ListingPanel) -> None:
        self.link, self.panel = link, panel
        self.bars_per_day = panel.days.bars_per_day
        per_hour = self.bars_per_day / 24.0
        half_lives = tuple(h * per_hour for h in link.half_lives_hours)
        self.memories = [link.half_lives_hours.index(h) for h in link.market_half_lives_hours]
        skip = round(link.skip_hours * per_hour)
        self.activity: Activity = no_activity(len(panel.markets), half_lives, skip)
        own = len(half_lives) + 1
        self.prior = np.concatenate(
            [[_RMS_OVER_MEAN_ABSOLUTE], np.full(own, 1.0 / own), np.zeros(len(self.memories))]
        )
        self.sums: RegressionSums = empty_sums(self.prior.size)
        self.coefficients, self.residual_variance = self.prior, link.residual_sd**2
        self.rows_in_force = 0
        self.peers: PeerLevel | None = None
        self.levels = link.levels.start(len(panel.markets))
        self.features: FloatArray | None = None
        self.teachers: BoolArray | None = None

    def step(self, day: int, returns: FloatArray) -> _Step:
        """Take the bars since the last midnight and forecast the day that begins."""
        self._learn(returns)
        self.activity = self.activity.after(np.abs(returns))
        level = self.activity.log_level
        old = self.panel.established[day] & self.panel.listed[day]
        moving = moving_peers(level, old, self.link.levels.least_deviation)
        established = old & moving
        market = _median_rows(level[:, self.memories], established)
        # Mean since listing against mean since listing: through the cycle, not today's mood.
        usual = float(_median_rows(level, established)[-1])
        own_days = np.maximum(self.activity.seen - self.activity.skip, 0) / self.bars_per_day
        self.levels = self.levels.after(
            level[:, -1] - usual, self.panel.donor[day] & moving, established, own_days
        )
        if int(self.panel.days.time_ns[day] // DAY_NS) % self.link.refit_days == 0:
            self._refit()
        self.features = _with_constant(level, market)
        self.teachers = established
        return self._forecast(level, market, usual, own_days, moving)

    def _learn(self, returns: FloatArray) -> None:
        """Add the rows of the day that has just ended."""
        if self.features is None or self.teachers is None:
            return
        target = _log_rms(returns, self.bars_per_day)
        rows = self.teachers & np.isfinite(target) & np.isfinite(self.features).all(axis=1)
        self.sums = add_rows(self.sums, self.features[rows], target[rows])

    def _refit(self) -> None:
        belief = regression_posterior(
            self.sums,
            self.prior,
            np.full(self.prior.size, self.link.prior_rows),
            self.link.prior_rows,
            self.link.residual_sd**2,
        )
        self.coefficients, self.residual_variance = belief.mean, belief.variance
        self.rows_in_force = self.sums.rows
        self.peers = self.levels.peers(self.residual_variance)

    def _forecast(
        self,
        level: FloatArray,
        market: FloatArray,
        usual: float,
        own_days: FloatArray,
        moving: BoolArray,
    ) -> _Step:
        peers = self.peers or self.levels.prior()
        noise = self.residual_variance / np.maximum(own_days, 1e-9)
        weight = peers.variance / (peers.variance + noise)
        weight = np.where(np.isfinite(level).all(axis=1), weight, 0.0)
        drawn = weight[:, None] * np.nan_to_num(level)
        drawn += (1.0 - weight)[:, None] * (usual + peers.mean)[:, None]
        at_donor_age = self.residual_variance / self.link.levels.donor_days
        usual_error = peers.variance * at_donor_age / (peers.variance + at_donor_age)
        return _Step(
            log_volatility=_with_constant(drawn, market) @ self.coefficients,
            level_variance=np.maximum((1.0 - weight) * peers.variance - usual_error, 0.0),
            own_weight=weight,
            rows_learnt=self.rows_in_force,
            moving=moving,
        )


def _days_of_bars(panel: ListingPanel) -> Iterator[FloatArray]:
    """Returns of the bars that became known between one midnight and the next."""
    returns, start = panel.returns, 0
    for stop in panel.days.bars:
        yield returns[start : int(stop)]
        start = int(stop)


def _with_constant(level: FloatArray, market: FloatArray) -> FloatArray:
    shared = np.broadcast_to(market, (level.shape[0], market.size))
    return np.column_stack([np.ones(level.shape[0]), level, shared])


def _median_rows(values: FloatArray, rows: BoolArray) -> FloatArray:
    if not rows.any():
        return np.full(values.shape[1], np.nan)
    return np.asarray(np.median(values[rows], axis=0))


def _log_rms(returns: FloatArray, bars_per_day: int) -> FloatArray:
    """(N,) log root-mean-square return; NaN for a day with holes, or without a move."""
    present = np.isfinite(returns)
    count = np.sum(present, axis=0)
    square = np.sum(np.where(present, returns, 0.0) ** 2, axis=0)
    enough = (count >= (1.0 - _MOST_MISSING) * bars_per_day) & (square > 0.0)
    mean = np.full(count.size, np.nan)
    np.divide(square, count, out=mean, where=enough)
    return np.asarray(0.5 * np.log(mean))
