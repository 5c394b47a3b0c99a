"""What dated futures add to their underlying's price risk: moves of their basis, by expiry.

The basis is the log of the dated future over the perpetual or spot that carries the price risk.
Its absolute moves over the class's close-out are gathered by the time to expiry at which they
began; of each bucket the quantile at the venue's level is taken, its standard error by blocks of
days over all futures of the class together, since they move on the same days. Where prices are
further apart than the close-out, moves are as long as prices permit, and the table says how long.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.add_ons.tail_moves import LEAST_MOVES, upper_quantile
from plimsoll.calibration.rounding import rate_up
from plimsoll.calibration.set_plan import BASIS_STEP, BasisEstimate, ExpiryBucket, SetPlan
from plimsoll.domain.finding import Reason
from plimsoll.domain.market import DAY_NS
from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.errors import UsageError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

HOUR_NS = 3_600_000_000_000
BLOCK_DAYS = 5
LONGEST_TIMES = 30
"""A move over more than so many close-outs is none: prices had a hole."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DatedFuture:
    """Prices of one dated future beside those of what carries its price risk.

    Parameters
    ----------
    risk_class : str
        Of the underlying.
    time_ns : (n,) int64
        Rising; distances may differ.
    near, far : (n,) float64
        Perpetual or spot, and the dated future; NaN where there is none.
    expiry_ns : int
    """

    risk_class: str
    time_ns: IntArray
    near: FloatArray
    far: FloatArray
    expiry_ns: int

    def __post_init__(self) -> None:
        shapes = {self.time_ns.shape, self.near.shape, self.far.shape}
        if len(shapes) > 1 or self.time_ns.ndim != 1 or (np.diff(self.time_ns) <= 0).any():
            raise UsageError(
                "must be one price of each leg at rising times", found=shapes, field="DatedFuture"
            )


def with_basis_rates(
    plan: SetPlan,
    futures: Sequence[DatedFuture],
    *,
    close_out_hours: Mapping[str, int],
    level: float,
    known_ns: int,
    seed: int = 0,
) -> SetPlan:
    """Return the plan with the rates of all buckets that ask for a calibrated one.

    A bucket with too few moves keeps its default, and has its reason.

    Parameters
    ----------
    close_out_hours : mapping of str to int
        By class.
    level : float
        Coverage of the close-out, as 0.99.
    known_ns : int
        Prices after this time are not known.
    """
    buckets: dict[str, tuple[ExpiryBucket, ...]] = {}
    for name, listed in plan.expiry_buckets.items():
        mine = [future for future in futures if future.risk_class == name]
        moves = _moves(mine, close_out_hours[name], known_ns)
        shortest = (0, *(bucket.up_to_days for bucket in listed))
        buckets[name] = tuple(
            _rated(bucket, moves, low, level, seed) if bucket.calibrated else bucket
            for bucket, low in zip(listed, shortest, strict=False)
        )
    return replace(plan, expiry_buckets=buckets)


def basis_table(plan: SetPlan, level: float) -> Table:
    """Return the calibrated rates with their standard errors, or why a default holds."""
    rows: list[tuple[Cell, ...]] = []
    for name, listed in plan.expiry_buckets.items():
        for bucket in listed:
            if not bucket.calibrated:
                continue
            one = bucket.estimate
            figures = (None, 0, None) if one is None else (
                one.standard_error, one.moves, one.mean_hours
            )  # fmt: skip
            remark = "" if bucket.reason is None else f"default: {bucket.reason.value}"
            rows.append((name, bucket.up_to_days, float(bucket.basis_rate), *figures, remark))
    share, count = ColumnKind.FRACTION, ColumnKind.COUNT
    return Table(
        name="basis_rates",
        title="Basis rate of dated futures by expiry",
        columns=(
            Column(name="class", title="Class"),
            Column(name="up_to_days", title="Up to", kind=count, unit="days"),
            Column(name="basis_rate", title="Basis rate", kind=share),
            Column(name="standard_error", title="s.e.", kind=share),
            Column(name="moves", title="Moves", kind=count),
            Column(name="hours", title="Mean length", kind=ColumnKind.NUMBER, unit="h", digits=1),
            Column(name="remark", title="Remark"),
        ),
        rows=tuple(rows),
        notes=(
            f"Quantile at {level:.4g} of absolute moves of ln(dated / near), of the venue's prices "
            f"of both; standard error by blocks of {BLOCK_DAYS} days. A move is at least as long "
            "as the close-out, and longer where prices are further apart.",
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Moves:
    """Moves of all futures of a class in time order."""

    began_ns: IntArray
    days_to_expiry: FloatArray
    size: FloatArray
    hours: FloatArray


def _moves(futures: Sequence[DatedFuture], close_out_hours: int, known_ns: int) -> _Moves:
    parts = [_future_moves(future, close_out_hours, known_ns) for future in futures]
    empty = _Moves(
        began_ns=np.empty(0, dtype=np.int64),
        days_to_expiry=np.empty(0),
        size=np.empty(0),
        hours=np.empty(0),
    )
    parts.append(empty)
    began = np.concatenate([part.began_ns for part in parts])
    order = np.argsort(began, kind="stable")
    return _Moves(
        began_ns=began[order],
        days_to_expiry=np.concatenate([part.days_to_expiry for part in parts])[order],
        size=np.concatenate([part.size for part in parts])[order],
        hours=np.concatenate([part.hours for part in parts])[order],
    )


def _future_moves(future: DatedFuture, close_out_hours: int, known_ns: int) -> _Moves:
    """Return the moves of one future, each to the first price at or after the close-out's end."""
    sound = (future.near > 0.0) & (future.far > 0.0) & (future.time_ns < future.expiry_ns)
    sound &= future.time_ns <= known_ns
    time = future.time_ns[sound]
    basis = np.log(future.far[sound] / future.near[sound])
    length = close_out_hours * HOUR_NS
    end = np.searchsorted(time, time + length)
    start = np.flatnonzero(end < time.size)
    end = end[start]
    whole = time[end] - time[start] <= LONGEST_TIMES * length
    start, end = start[whole], end[whole]
    return _Moves(
        began_ns=time[start],
        days_to_expiry=(future.expiry_ns - time[start]) / DAY_NS,
        size=np.abs(basis[end] - basis[start]),
        hours=(time[end] - time[start]) / HOUR_NS,
    )


def _rated(
    bucket: ExpiryBucket, moves: _Moves, shortest: int, level: float, seed: int
) -> ExpiryBucket:
    inside = (moves.days_to_expiry > shortest) & (moves.days_to_expiry <= bucket.up_to_days)
    count = int(inside.sum())
    if count < LEAST_MOVES:
        return replace(bucket, reason=Reason.TOO_SHORT_HISTORY if count else Reason.NO_DATA)
    days = np.unique(moves.began_ns[inside] // DAY_NS).size
    block = -(-BLOCK_DAYS * count // days)
    quantile = upper_quantile(moves.size[inside], level, block=block, seed=seed)
    estimate = BasisEstimate(
        standard_error=quantile.standard_error,
        moves=count,
        mean_hours=float(moves.hours[inside].mean()),
    )
    rate = rate_up(quantile.value, BASIS_STEP)
    return replace(bucket, basis_rate=rate, estimate=estimate, reason=None)
