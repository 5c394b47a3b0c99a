"""Basis add-on: how far hedged legs move apart, by the time between their expiries.

Of each pair of legs the absolute change of the log basis over the close-out is measured; pairs are
gathered by the years ``t`` between their expiries; of each bucket the quantile ``q_b`` is taken.
The published line ``least + annual t`` is the one with the smallest mean over the buckets that is
nowhere below a quantile and falls in no coefficient below the default: a linear programme in two
variables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from plimsoll.calibration.add_ons.calibrated import AddOnName, CalibratedAddOn, class_default
from plimsoll.calibration.add_ons.grid_steps import bounded, up
from plimsoll.calibration.add_ons.tail_moves import LEAST_MOVES, Quantile, upper_quantile
from plimsoll.domain.finding import Reason
from plimsoll.errors import EstimationError, UsageError
from plimsoll.margin.add_ons.hedged import BasisParameters

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BasisMoves:
    """Changes of the basis of one pair of legs.

    Parameters
    ----------
    years_apart : (n,) float64
        Between the legs' expiries when the move began; 0 for perpetual against spot.
    move : (n,) float64
        Absolute change of the log of one leg over the other until the close-out ends.
    per_day : int
        Moves that begin in a day, for the blocks of the errors.
    """

    years_apart: FloatArray
    move: FloatArray
    per_day: int = 1

    def __post_init__(self) -> None:
        if self.years_apart.shape != self.move.shape or self.move.ndim != 1:
            raise UsageError(
                "must be one distance a move",
                found=(self.years_apart.shape, self.move.shape),
                field="BasisMoves",
            )


def basis_moves(
    log_near: FloatArray, log_far: FloatArray, years_apart: FloatArray, bars: int, per_day: int
) -> BasisMoves:
    """Return the absolute changes of ``log_far - log_near`` over ``bars``, in time order."""
    basis = log_far - log_near
    change = np.abs(basis[bars:] - basis[:-bars])
    known = np.isfinite(change)
    return BasisMoves(years_apart=years_apart[:-bars][known], move=change[known], per_day=per_day)


@dataclass(frozen=True, slots=True, kw_only=True)
class BasisBucket:
    """Pairs about as far apart: the quantile of their moves, at the mean distance."""

    years_apart: float
    quantile: Quantile


def basis_buckets(
    pairs: Sequence[BasisMoves],
    *,
    confidence: float = 0.99,
    edges_years: Sequence[float] = (0.01, 0.05, 0.15, 0.3, 0.6, 1.2),
    block_days: int = 5,
    seed: int = 0,
) -> tuple[BasisBucket, ...]:
    """Return the buckets that hold enough moves."""
    found = []
    for low, high in zip((-1.0, *edges_years), (*edges_years, np.inf), strict=True):
        inside = [(p, (p.years_apart > low) & (p.years_apart <= high)) for p in pairs]
        moves = np.concatenate([np.empty(0), *(p.move[kept] for p, kept in inside)])
        if moves.size < LEAST_MOVES:
            continue
        years = np.concatenate([p.years_apart[kept] for p, kept in inside])
        block = block_days * max(p.per_day for p in pairs)
        quantile = upper_quantile(moves, confidence, block=block, seed=seed)
        found.append(BasisBucket(years_apart=float(years.mean()), quantile=quantile))
    return tuple(found)


def calibrate_basis(
    underlying: str,
    buckets: Sequence[BasisBucket],
    *,
    default: BasisParameters | None = None,
    floor: BasisParameters | None = None,
    errors: float = 1.0,
) -> CalibratedAddOn:
    """Return the cheapest line over the buckets' quantiles.

    Parameters
    ----------
    default : BasisParameters, optional
        Of the class: what stands where nothing was seen.
    floor : BasisParameters, optional
        No coefficient falls below its own; by default nothing.
    errors : float
        Standard errors added to each quantile: the line covers what is not known, too.
    """
    if not buckets:
        held = default or BasisParameters()
        return class_default(underlying, AddOnName.BASIS, held, Reason.NO_DATA)
    least, annual = _line(buckets, errors, floor)
    worst = max(buckets, key=lambda b: b.quantile.value - annual * b.years_apart)
    return CalibratedAddOn(
        underlying=underlying,
        add_on=AddOnName.BASIS,
        parameters=BasisParameters(
            least_move=bounded(BasisParameters, "least_move", up(least)),
            annual_move=bounded(BasisParameters, "annual_move", up(annual)),
        ),
        standard_error={
            "least_move": worst.quantile.standard_error,
            "annual_move": _annual_error(buckets),
        },
        about=f"{sum(b.quantile.observations for b in buckets):,} moves in {len(buckets)} buckets",
    )


def _line(
    buckets: Sequence[BasisBucket], errors: float, floor: BasisParameters | None
) -> tuple[float, float]:
    years = np.array([b.years_apart for b in buckets])
    wanted = np.array([b.quantile.value + errors * b.quantile.standard_error for b in buckets])
    low = (0.0, 0.0) if floor is None else (float(floor.least_move), float(floor.annual_move))
    found = linprog(
        c=[1.0, float(years.mean())],
        A_ub=np.column_stack([-np.ones(years.size), -years]),
        b_ub=-wanted,
        bounds=[(low[0], None), (low[1], None)],
        method="highs",
    )
    if found.x is None:
        raise EstimationError("must have a finite quantile in every bucket", found=found.message)
    return float(found.x[0]), float(found.x[1])


def _annual_error(buckets: Sequence[BasisBucket]) -> float:
    """Of the slope between the nearest and the farthest bucket; 0 with one."""
    near, far = buckets[0], buckets[-1]
    apart = far.years_apart - near.years_apart
    if apart <= 0.0:
        return 0.0
    return float(np.hypot(near.quantile.standard_error, far.quantile.standard_error)) / apart
