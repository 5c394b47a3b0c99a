r"""Margin of a market with a short history: its own volatility, its peers' behaviour and tail.

Three things are pooled, each from where it can be learnt:

1. how the next day's volatility follows from the hours before, from **established** markets
   (`volatility_link`): twenty days are 480 hours, enough for a market's own level;
2. the level of a listing before it has shown its own, from **past listings**, delisted ones
   included (`listing_level`, empirical Bayes);
3. the tail of moves in units of that volatility, from **past listings**, drawn towards the
   established markets' while listings are few (`pooled_tail`).

The quantile is predictive. A market that has not moved yet says nothing of how it will; its peers
speak until it has. A move beyond a venue's class maximum is usually a listing in a wild
week, and its own hours said so; a class floor charges the calm ones for it all the time.

No market's own moves enter its own tail, and nothing after a midnight enters its number.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.finding import Reason
from plimsoll.domain.market import MarketHistory
from plimsoll.errors import InsufficientDataError, ParameterError
from plimsoll.estimators.pooling.listing_panel import AgeLimits, ListingPanel, listing_panel
from plimsoll.estimators.pooling.pooled_tail import (
    PooledTail,
    predictive_log_margin,
    shrunk_tail,
)
from plimsoll.estimators.pooling.scaled_moves import FALL, RISE, ScaledMoves, scaled_moves
from plimsoll.estimators.pooling.volatility_link import LinkPath, VolatilityLink

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]

HOUR_NS = 3_600_000_000_000
_PEER_STARTS_A_DAY = 6
MOST_LOG_MOVE = float(np.log(100.0))
"""A quantile or a shortfall beyond it (a rise to a hundred times the price) is of no market: pools
that give one have failed."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class YoungMarketModel:
    """Settings.

    Parameters
    ----------
    ages : AgeLimits
    link : VolatilityLink
    shrinkage_listings : float
        Past listings at which the tail is half theirs, half that of established markets;
        infinite: the established markets' alone, 0: the listings' alone.
    settled_rows : int
        Market-days the link must have learnt from before moves scaled by it enter a pool.
    """

    ages: AgeLimits = field(default_factory=AgeLimits)
    link: VolatilityLink = field(default_factory=VolatilityLink)
    shrinkage_listings: float = 10.0
    settled_rows: int = 5_000

    def __post_init__(self) -> None:
        if not self.shrinkage_listings >= 0.0:
            raise ParameterError(
                "must not be negative", found=self.shrinkage_listings, field="shrinkage_listings"
            )

    def path(
        self, history: MarketHistory, *, horizon_hours: float, confidence: float
    ) -> YoungMarketPath:
        """Predictive quantiles of every young market at every midnight of ``history``.

        Raises
        ------
        ParameterError
            A confidence outside (0.5, 1), or a horizon that is no whole number of bars.
        DataFormatError
            Bars that do not divide a day.
        InsufficientDataError
            A history without a midnight.
        """
        return self.paths(history, horizons_hours=(horizon_hours,), confidence=confidence)[0]

    def paths(
        self, history: MarketHistory, *, horizons_hours: tuple[float, ...], confidence: float
    ) -> tuple[YoungMarketPath, ...]:
        """The same for several horizons, with one pass over the history."""
        if not 0.5 < confidence < 1.0:
            raise ParameterError("must lie in (0.5, 1)", found=confidence, field="confidence")
        bars = [_whole_bars(hours, history.interval_ns) for hours in horizons_hours]
        panel = listing_panel(history, self.ages)
        if not len(panel.days):
            raise InsufficientDataError(
                "a history must reach over a midnight (UTC)", found=len(history), field="history"
            )
        link = self.link.path(panel)
        return tuple(self._of_horizon(panel, link, count, confidence) for count in bars)

    def _of_horizon(
        self, panel: ListingPanel, link: LinkPath, horizon_bars: int, confidence: float
    ) -> YoungMarketPath:
        settled = (link.rows_learnt >= self.settled_rows)[:, None] & link.moving
        stride = max(1, panel.days.bars_per_day // _PEER_STARTS_A_DAY)
        pools = _Pools(
            listings=scaled_moves(
                panel, link.log_volatility, horizon_bars, panel.donor & settled, 1
            ),
            peers=scaled_moves(
                panel, link.log_volatility, horizon_bars, panel.established & settled, stride
            ),
            confidence=confidence,
            shrinkage=self.shrinkage_listings,
        )
        tails = _tails_by_day(panel, pools, self.link.refit_days)
        wanted = panel.young & panel.listed
        return _with_volatility(panel, link, tails, wanted, confidence, horizon_bars)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class YoungMarketPath:
    """Predictive margins of young markets; NaN for all others and where there is no number.

    Parameters
    ----------
    time_ns : (D,) int64
        Midnights.
    markets : tuple of N str
    log_move : (D, N, 2) float64
        Size of the log move not exceeded with the confidence: falls in column 0, rises in 1.
    log_error : (D, N, 2) float64
        Standard error of ln ``log_move``: of the pooled tail and of the market's own level.
    shortfall_log_move : (D, N, 2) float64
        Mean size of the log move beyond; neither of them is above `MOST_LOG_MOVE`.
    volatility : (D, N) float64
        Forecast root-mean-square log return per bar.
    age_days, own_weight : (D, N) float64
        Age; weight of own activity against the peers' prior.
    listings, peers : (D, N) float64
        Effective number of past listings behind the tail, 0 where it is the established markets'
        alone; effective number of established markets that it was drawn towards.
    wanted : (D, N) bool
        Young and listed: a number or a reason is owed.
    confidence : float
    horizon_bars : int
    covariates : tuple of str
        What told the peers apart at the last midnight.
    """

    time_ns: IntArray
    markets: tuple[str, ...]
    log_move: FloatArray
    log_error: FloatArray
    shortfall_log_move: FloatArray
    volatility: FloatArray
    age_days: FloatArray
    own_weight: FloatArray
    listings: FloatArray
    peers: FloatArray
    wanted: BoolArray
    confidence: float
    horizon_bars: int
    covariates: tuple[str, ...] = ()

    def reason(self, day: int, column: int) -> Reason | None:
        """Why a market has no number at a midnight; None where it has one."""
        if np.isfinite(self.log_move[day, column]).all():
            return None
        if not self.age_days[day, column] > 0.0:
            return Reason.NOT_LISTED
        if not self.wanted[day, column]:
            return Reason.NOT_SCORED
        pooled = np.isfinite(self.log_error[day, column]).all()
        has_parts = bool(pooled and np.isfinite(self.volatility[day, column]))
        return Reason.FIT_FAILED if has_parts else Reason.TOO_SHORT_HISTORY

    @property
    def margin(self) -> FloatArray:
        """(D, N, 2) loss of a long and of a short as a share of notional, linear contract."""
        return np.stack(
            [-np.expm1(-self.log_move[..., FALL]), np.expm1(self.log_move[..., RISE])], axis=-1
        )

    @property
    def margin_error(self) -> FloatArray:
        """(D, N, 2) standard errors of ``margin`` (delta method)."""
        slope = np.stack(
            [np.exp(-self.log_move[..., FALL]), np.exp(self.log_move[..., RISE])], axis=-1
        )
        return np.asarray(slope * self.log_move * self.log_error)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Pools:
    listings: ScaledMoves
    peers: ScaledMoves
    confidence: float
    shrinkage: float

    def tails(self, day: int) -> dict[int | None, tuple[PooledTail | None, PooledTail | None]]:
        """Tails known at ``day``: under None for newcomers, else for the market left out."""
        listings, peers = self.listings.known(day), self.peers.known(day)
        others = peers.tails(self.confidence)
        seen: list[int | None] = [None, *np.unique(listings.market).tolist()]
        return {
            market: self._shrunk(listings if market is None else listings.without(market), others)
            for market in seen
        }

    def _shrunk(
        self, listings: ScaledMoves, peers: tuple[PooledTail | None, PooledTail | None]
    ) -> tuple[PooledTail | None, PooledTail | None]:
        own = listings.tails(self.confidence)
        fall, rise = (shrunk_tail(a, b, self.shrinkage) for a, b in zip(own, peers, strict=True))
        return fall, rise


def _tails_by_day(panel: ListingPanel, pools: _Pools, refit_days: int) -> FloatArray:
    """(D, N, 2, 6): log quantile, its error, tail index, log shortfall, listings, peers."""
    days, count = panel.young.shape
    out = np.full((days, count, 2, 6), np.nan)
    number = panel.days.time_ns // (24 * HOUR_NS)
    fresh = np.flatnonzero((number % refit_days == 0) | (np.arange(days) == 0))
    for start, stop in zip(fresh, [*fresh[1:], days], strict=True):
        young = np.flatnonzero(panel.young[start:stop].any(axis=0))
        if not young.size:
            continue
        tails = pools.tails(int(start))
        for column in young:
            for side, tail in enumerate(tails.get(int(column), tails[None])):
                if tail is not None:
                    out[start:stop, column, side] = (
                        tail.log_quantile,
                        tail.log_error,
                        tail.index,
                        tail.log_shortfall,
                        tail.markets,
                        tail.peers,
                    )
    return out


def _with_volatility(
    panel: ListingPanel,
    link: LinkPath,
    tails: FloatArray,
    wanted: BoolArray,
    confidence: float,
    horizon_bars: int,
) -> YoungMarketPath:
    """Multiply tails by volatilities, raised for what is not known of either."""
    log_quantile, tail_error, index, log_shortfall, listings, peers = np.moveaxis(tails, -1, 0)
    variance = tail_error**2 + link.level_variance[:, :, None]
    raised = predictive_log_margin(index, variance) + link.log_volatility[:, :, None]
    logs = np.stack([log_quantile + raised, log_shortfall + raised])
    with np.errstate(invalid="ignore"):
        sensible = (logs <= np.log(MOST_LOG_MOVE)).all(axis=(0, 3))
    quantile, shortfall = np.exp(np.where((wanted & sensible)[:, :, None], logs, np.nan))
    volatility = np.minimum(link.log_volatility, np.log(MOST_LOG_MOVE))
    owed = wanted[:, :, None]
    return YoungMarketPath(
        time_ns=panel.days.time_ns,
        markets=panel.markets,
        log_move=quantile,
        log_error=np.where(owed, np.sqrt(variance), np.nan),
        shortfall_log_move=shortfall,
        volatility=np.where(wanted, np.exp(volatility), np.nan),
        age_days=panel.age_days,
        own_weight=link.own_weight,
        listings=listings[..., FALL],
        peers=peers[..., FALL],
        wanted=wanted,
        confidence=confidence,
        horizon_bars=horizon_bars,
        covariates=link.covariates,
    )


def _whole_bars(hours: float, interval_ns: int) -> int:
    bars, rest = divmod(round(hours * HOUR_NS), interval_ns)
    if rest or bars < 1:
        raise ParameterError(
            f"must be a whole number of bars of {interval_ns / HOUR_NS:g} h",
            found=hours,
            field="horizon_hours",
        )
    return int(bars)
