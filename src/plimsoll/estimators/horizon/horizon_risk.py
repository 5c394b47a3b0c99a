r"""Value-at-risk and expected shortfall of one market over a horizon, at one boundary.

The same scaled moves and the same tail as the calibration's
`plimsoll.estimators.horizon.scaled_tail`, unfolded at the last boundary: shape, threshold and
exceedances, and with them the shortfall

.. math:: \mathrm{ES} = \sigma_d \, \frac{z_q + \beta - \xi u}{1 - \xi}

(McNeil and Frey, Journal of Empirical Finance 7, 2000, section 2). Its standard error is that of
the mean excess over the quantile, summed in blocks of days, since moves overlap; errors are those
of the tail given the volatility forecast.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import InsufficientDataError
from plimsoll.estimators.horizon.price_record import Boundaries, PriceRecord
from plimsoll.estimators.horizon.scaled_tail import ScaledTail
from plimsoll.estimators.tails.peaks_over_threshold import FittedTail, PeaksOverThreshold
from plimsoll.maths.gpd import MINIMUM_EXCEEDANCES
from plimsoll.maths.scaled_moves import SHAPE_LIMIT

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

FALL, RISE = 0, 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SideRisk:
    """Risk of one side: what a long loses by in a fall, a short in a rise. Log moves, positive.

    Parameters
    ----------
    tail : FittedTail
        Of scaled moves, in units of the volatility per bar.
    value_at_risk, value_at_risk_error : float
    expected_shortfall, expected_shortfall_error : float
    """

    tail: FittedTail
    value_at_risk: float
    value_at_risk_error: float
    expected_shortfall: float
    expected_shortfall_error: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HorizonRisk:
    """Risk over a horizon from what was known at one midnight.

    Parameters
    ----------
    time_ns : int
        The boundary.
    volatility, volatility_daily : float
        Forecast at it, per bar and per day.
    observations : int
        Scaled moves in the window.
    fall, rise : SideRisk
    """

    time_ns: int
    volatility: float
    volatility_daily: float
    observations: int
    fall: SideRisk
    rise: SideRisk


def horizon_risk(
    record: PriceRecord, boundaries: Boundaries, volatility: FloatArray, tail: ScaledTail
) -> HorizonRisk:
    """Return the risk at the last boundary.

    Parameters
    ----------
    record : PriceRecord
    boundaries : Boundaries
    volatility : (D,) float64
        Forecast per bar at each boundary; a move is divided by the last one before it began.
    tail : ScaledTail
        Horizon, confidence, window and tail; a ``pot`` one.

    Raises
    ------
    InsufficientDataError
        Too few moves, or no forecast at the last boundary.
    """
    path = tail.path(record, boundaries, volatility)
    forecast = float(volatility[-1])
    if not np.isfinite(forecast) or not np.isfinite(path.quantile[-1]).all():
        raise InsufficientDataError(
            f"must hold {tail.minimum_days} days of moves and a volatility forecast",
            found=f"{int(path.observations[-1])} moves",
            field=record.market,
            remedy="bring a longer history",
        )
    starts, scaled = known_moves(record, boundaries, volatility, tail)
    sides = [
        _side(
            sign * scaled,
            starts // (tail.block_days * boundaries.bars_per_day),
            forecast,
            float(path.quantile[-1, side]),
            float(path.standard_error[-1, side]),
            tail,
        )
        for side, sign in ((FALL, -1.0), (RISE, 1.0))
    ]
    return HorizonRisk(
        time_ns=int(boundaries.time_ns[-1]),
        volatility=forecast,
        volatility_daily=forecast * float(np.sqrt(boundaries.bars_per_day)),
        observations=scaled.size,
        fall=sides[FALL],
        rise=sides[RISE],
    )


def known_moves(
    record: PriceRecord, boundaries: Boundaries, volatility: FloatArray, tail: ScaledTail
) -> tuple[IntArray, FloatArray]:
    """Return start bar (within the window) and scaled log move of all that the last boundary knows.

    A move ends at the first usable print at or after its horizon; without one within the wait, or
    by the boundary, it has no value.
    """
    stop, now = int(boundaries.bars[-1]), int(boundaries.time_ns[-1])
    begin = max(0, stop - tail.window_days * boundaries.bars_per_day)
    usable = np.isfinite(record.log_price[:stop]) & (record.mask_from_ns[:stop] > now)
    starts = np.arange(begin, stop)
    day = np.searchsorted(boundaries.bars, starts + 1, side="right") - 1
    sigma = np.where(day >= 0, volatility[np.maximum(day, 0)], np.nan)
    target = starts + tail.horizon_bars
    ends = _next_usable(usable)[np.minimum(target, stop)]
    known = usable[starts] & np.isfinite(sigma) & (ends < stop) & (ends <= target + tail.wait_bars)
    starts, ends, sigma = starts[known], ends[known], sigma[known]
    return starts - begin, (record.log_price[ends] - record.log_price[starts]) / sigma


def shortfall_error(
    moves: FloatArray, blocks: IntArray, quantile: float, confidence: float
) -> float:
    """Return the standard error of an expected shortfall, blocks taken as independent.

    Parameters
    ----------
    moves : (n,) float64
        Losses positive.
    blocks : (n,) int64
        Block of each, from 0.
    quantile, confidence : float
    """
    count = max(int(blocks.max()) + 1, 2)
    excess = np.bincount(blocks, weights=np.maximum(moves - quantile, 0.0), minlength=count)
    variance = count / (count - 1.0) * float(np.sum((excess - excess.mean()) ** 2))
    return float(np.sqrt(variance)) / (moves.size * (1.0 - confidence))


def _next_usable(usable: NDArray[np.bool_]) -> IntArray:
    """(T + 1,) first usable bar at or after each; T where there is none."""
    bars = usable.size
    place = np.append(np.where(usable, np.arange(bars), bars), bars)
    return np.minimum.accumulate(place[::-1])[::-1].astype(np.int64)


def _side(
    losses: FloatArray,
    blocks: IntArray,
    volatility: float,
    quantile: float,
    error: float,
    settings: ScaledTail,
) -> SideRisk:
    share = max(settings.tail_fraction, 2.0 * (1.0 - settings.confidence))
    model = PeaksOverThreshold(
        tail_fraction=share, method="pwm", minimum_exceedances=MINIMUM_EXCEEDANCES
    )
    fitted = model.fit(losses)
    fitted = replace(fitted, xi=min(fitted.xi, SHAPE_LIMIT))
    spread = shortfall_error(losses, blocks, quantile, settings.confidence)
    return SideRisk(
        tail=fitted,
        value_at_risk=volatility * quantile,
        value_at_risk_error=volatility * error,
        expected_shortfall=volatility * fitted.expected_shortfall(settings.confidence),
        expected_shortfall_error=volatility * spread,
    )
