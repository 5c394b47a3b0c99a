"""How volatility answers spot: from the index's long history, and residual surfaces of chains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.grids.held_out import Window, touches
from plimsoll.calibration.grids.spot_history import SpotMoves
from plimsoll.calibration.grids.surface_cells import (
    DAY_NS,
    MONEY,
    TENOR_CENTRES_DAYS,
    SurfaceCells,
)
from plimsoll.errors import InsufficientDataError
from plimsoll.estimators.vol_shocks import SurfaceMoves, spot_vol_relation, vega_power_law

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_FEWEST = 100
_POWER_QUANTILE = 0.75


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VolIndexHistory:
    """Daily closes of a 30-day volatility index.

    Parameters
    ----------
    time_ns : (D,) int64
        Of each close, rising; days may be missing.
    value : (D,) float64
    """

    time_ns: IntArray
    value: FloatArray

    def before(self, at_ns: int) -> VolIndexHistory:
        """What was known at ``at_ns``."""
        rows = self.time_ns <= at_ns
        return VolIndexHistory(time_ns=self.time_ns[rows], value=self.value[rows])

    def without(self, windows: Sequence[Window]) -> VolIndexHistory:
        """The closes that stand in no window."""
        rows = ~touches(self.time_ns, self.time_ns, windows)
        return VolIndexHistory(time_ns=self.time_ns[rows], value=self.value[rows])

    def moves_from(self, start_ns: IntArray) -> FloatArray:
        """(W,) log move over the day from each start; NaN where a close is missing."""
        at = {int(t): float(v) for t, v in zip(self.time_ns, self.value, strict=True)}
        pairs = [(at.get(int(t)), at.get(int(t) + DAY_NS)) for t in start_ns]
        return np.array([np.log(b / a) if a and b else np.nan for a, b in pairs])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VolResponse:
    """Answer of the level, and what the level leaves over of surfaces.

    Parameters
    ----------
    drift, slope_down, slope_up : float
        Log move of 30-day volatility per log move of the first coin's spot.
    error_down, error_up : float
        Standard errors of the slopes, by the block bootstrap.
    unexplained : (n,) float64
        Residuals of the regression.
    spot_scale : (C,) float64
        Standard deviation of each coin's spot moves.
    power : float
        Of (30 d / days) at the money.
    power_error : float
    residual : tuple of C (D, T, K) float64
        Log moves of the surface beyond the level's; the rows of all coins are the same days.
    """

    drift: float
    slope_down: float
    slope_up: float
    error_down: float
    error_up: float
    unexplained: FloatArray
    spot_scale: FloatArray
    power: float
    power_error: float
    residual: tuple[FloatArray, ...]

    def levels(self, move: FloatArray, seen: FloatArray, draw: np.random.Generator) -> FloatArray:
        """(W, C) log moves of 30-day volatility.

        Parameters
        ----------
        move : (W, C) float64
        seen : (W,) float64
            Move of the index over the same day; NaN: a residual is drawn.
        draw : Generator
        """
        scaled = move / self.spot_scale * self.spot_scale[0]
        fitted = self.drift + self.slope_down * np.minimum(scaled, 0.0)
        fitted = fitted + self.slope_up * np.maximum(scaled, 0.0)
        drawn = draw.choice(self.unexplained, size=seen.size)
        rest = np.where(np.isfinite(seen), seen - fitted[:, 0], drawn)
        return np.asarray(fitted + rest[:, None], dtype=np.float64)


def vol_response(
    moves: SpotMoves, index: VolIndexHistory, surfaces: Sequence[SurfaceCells], *, seed: int
) -> VolResponse:
    """Regress the index on spot, fit the power law, and keep what is left of each day's surface.

    Raises
    ------
    InsufficientDataError
        For fewer than 100 days of the index.
    """
    seen = index.moves_from(moves.start_ns)
    known = np.isfinite(seen)
    if int(known.sum()) < _FEWEST:
        raise InsufficientDataError(
            f"at least {_FEWEST} days of the volatility index are needed", found=int(known.sum())
        )
    level = _as_moves("index", moves.start_ns[known], moves.move[known, 0], seen[known, None])
    found = spot_vol_relation(level, seed=seed)
    spot, drift = level.spot, float(found.drift[0])
    down, up = float(found.slope_down[0]), float(found.slope_up[0])
    fitted = drift + down * np.minimum(spot, 0.0) + up * np.maximum(spot, 0.0)
    power, error = _power(surfaces, seed)
    return VolResponse(
        drift=drift,
        slope_down=down,
        slope_up=up,
        error_down=float(found.slope_down_error[0]),
        error_up=float(found.slope_up_error[0]),
        unexplained=seen[known] - fitted,
        spot_scale=moves.move.std(axis=0),
        power=power,
        power_error=error,
        residual=_residuals(surfaces, power),
    )


def _as_moves(
    subject: str,
    start_ns: IntArray,
    spot: FloatArray,
    level: FloatArray,
    tenors: Sequence[float] = (30.0,),
) -> SurfaceMoves:
    return SurfaceMoves(
        subject=subject,
        period_days=1.0,
        start_ns=np.array(start_ns),
        end_ns=np.array(start_ns) + DAY_NS,
        tenors_days=np.array(tenors, dtype=np.float64),
        spot=np.array(spot),
        level=np.array(level),
        skew=np.zeros(level.shape),
        curvature=np.zeros(level.shape),
    )


def _power(surfaces: Sequence[SurfaceCells], seed: int) -> tuple[float, float]:
    """Exponent below 30 days: that of the larger moves of the chains, days of weekends left out."""
    moves = [
        _as_moves(s.coin, s.start_ns, s.spot, s.volatility[:, :, MONEY], TENOR_CENTRES_DAYS)
        for s in surfaces
    ]
    law = vega_power_law(moves, _POWER_QUANTILE, tenors_days=TENOR_CENTRES_DAYS[2:], seed=seed)
    return law.p_short, law.p_short_error


def _residuals(surfaces: Sequence[SurfaceCells], power: float) -> tuple[FloatArray, ...]:
    """What the level leaves over; a cell without contracts moves as the money of its maturity."""
    spread = (30.0 / np.array(TENOR_CENTRES_DAYS)) ** power
    common = _common_days(surfaces)
    found = []
    for surface, rows in zip(surfaces, common, strict=True):
        cells = surface.volatility[rows]
        level = np.nan_to_num(surface.level[rows])
        money = np.where(np.isnan(cells[:, :, MONEY]), level[:, None] * spread, cells[:, :, MONEY])
        full = np.where(np.isnan(cells), money[:, :, None], cells)
        found.append(full - (level[:, None] * spread)[:, :, None])
    return tuple(found)


def _common_days(surfaces: Sequence[SurfaceCells]) -> list[IntArray]:
    """Rows of each coin's moves that start where all coins' do."""
    shared = surfaces[0].start_ns
    for surface in surfaces[1:]:
        shared = np.intersect1d(shared, surface.start_ns)
    return [np.searchsorted(surface.start_ns, shared).astype(np.int64) for surface in surfaces]
