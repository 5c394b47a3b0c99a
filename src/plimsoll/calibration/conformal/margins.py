"""Corrected margins: a whole path at once, or row by row with the same bytes.

``margin = base * max(floor, Q)`` with Q the quantile of past ratios of loss to base at one minus
the level, all markets and sides together, weights decaying, one unseen ratio counted as larger than
all. The level falls when margins are missed and rises when they are not. The outcome of row t is
known at row ``t + lag_rows`` and used from there on, never before. The ratios are of the base, so
that what the correction did does not feed on itself; the misses are those of the margin in force.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.calibration.conformal.rule import ConformalRule, unclipped_bound
from plimsoll.errors import InsufficientDataError, ParameterError, UsageError
from plimsoll.maths.adaptive_level import (
    CEILING,
    FLOOR,
    LEVEL_HIGH,
    LEVEL_LOW,
    YOUNG,
    adaptive_factors,
)

Matrix = NDArray[np.float64]
Cube = NDArray[np.float64]
BINDING = {
    "level_low": LEVEL_LOW,
    "level_high": LEVEL_HIGH,
    "floor": FLOOR,
    "ceiling": CEILING,
    "young": YOUNG,
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ConformalState:
    """What the next row needs; grows to the window and no further.

    Parameters
    ----------
    rule : ConformalRule
    lag_rows : int
    base : (K, N, 2) float64
        Base margins of the latest rows.
    ratio : (K, 2N) float64
        Loss over base; NaN where not known yet, or never.
    level, factor, clipped, bound : (K, G) float64
    """

    rule: ConformalRule
    lag_rows: int
    base: Cube
    ratio: Matrix
    level: Matrix
    factor: Matrix
    clipped: Matrix
    bound: Matrix


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ConformalMargins:
    """A corrected path with its log.

    Parameters
    ----------
    rule : ConformalRule
    lag_rows : int
    margin : (D, N, 2) float64
        NaN where the base has none.
    level, factor, clipped : (D, G) float64
        Level in force, multiple of the base, and what clipping added to the level; G is 1, or 2N
        in the order (market, side) where market-sides have levels of their own.
    bound : (D, G) int64
        Sum of the codes `BINDING` of what bound.
    miss_rate : (D,) float64
        Pooled share missed by the margin in force; NaN where nothing was scored.
    state : ConformalState
        To go on from.
    """

    rule: ConformalRule
    lag_rows: int
    margin: Cube
    level: Matrix
    factor: Matrix
    clipped: Matrix
    bound: NDArray[np.int64]
    miss_rate: NDArray[np.float64]
    state: ConformalState

    def binding_shares(self) -> dict[str, float]:
        """Share of rows (and levels) on which each clip, the floor or the ceiling bound."""
        return {name: float(np.mean((self.bound & int(c)) > 0)) for name, c in BINDING.items()}

    def guarantee(self) -> ConformalGuarantee:
        """What was promised of the misses that reached the level, and what was found.

        Raises
        ------
        InsufficientDataError
            Where no outcome reached the level yet.
        ParameterError
            For the split form, which has no such promise.
        """
        if not self.rule.gain > 0.0:
            raise ParameterError("must be positive for a guarantee", found=0.0, field="gain")
        # The last outcomes that moved a level are those of the row lag_rows before the last.
        told = self.miss_rate[: max(0, self.miss_rate.size - self.lag_rows)]
        told = told[np.isfinite(told)]
        if not told.size:
            raise InsufficientDataError("must have an outcome in the level", found=0)
        scale = self.rule.gain * told.size
        drift = float(np.mean(self.rule.target - self.level[-1])) / scale
        return ConformalGuarantee(
            rows=int(told.size),
            mean_miss=float(told.mean()),
            target=self.rule.target,
            upper=self.rule.target + unclipped_bound(self.rule, told.size, self.lag_rows),
            drift=drift,
            lower_clip=float(np.maximum(self.clipped, 0.0).mean(axis=1).sum()) / scale,
            upper_clip=float(np.maximum(-self.clipped, 0.0).mean(axis=1).sum()) / scale,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ConformalGuarantee:
    """Where the mean miss rate may lie, and where it does.

    With one level, ``mean_miss = target + drift + lower_clip - upper_clip`` exactly: each row adds
    ``gain (target - miss)`` and the clip to the level. So the mean can exceed the target only by
    what the level has sunk, and by what the lower clip has forgiven.

    Parameters
    ----------
    rows : int
    mean_miss, target : float
    upper : float
        Bound that holds whatever the losses do; infinite with a lower clip or a ceiling.
    drift : float
        ``(target - last level) / (gain rows)``.
    lower_clip, upper_clip : float
        Misses per row that the clips took from the record.
    """

    rows: int
    mean_miss: float
    target: float
    upper: float
    drift: float
    lower_clip: float
    upper_clip: float


def conformal_margins(
    base: ArrayLike, loss: ArrayLike, *, lag_rows: int, rule: ConformalRule | None = None
) -> ConformalMargins:
    """Correct a margin path.

    Parameters
    ----------
    base : (D, N, 2) array_like
        Positive margins of any forecaster, share of notional; NaN where there is none.
    loss : (D, N, 2) array_like
        Loss of the position opened at each row, share of notional; NaN where not known.
    lag_rows : int
        Rows until an outcome is known: the horizon and the wait for a print, at least 1.
    rule : ConformalRule, optional

    Raises
    ------
    UsageError
        Shapes that differ, a base that is not positive, or a loss that is infinite.
    """
    found, lost = (np.asarray(x, dtype=np.float64) for x in (base, loss))
    if found.shape != lost.shape or found.ndim != 3 or found.shape[2] != 2:
        raise UsageError(
            "must be (rows, markets, 2) of one shape", found=f"{found.shape} and {lost.shape}"
        )
    if not found.size:
        raise InsufficientDataError("must have a row", found=found.shape, field="base")
    start = conformal_start(found.shape[1], lag_rows=lag_rows, rule=rule)
    grown = _extended(start, _checked(found), _ratio(lost, found))
    _fill(grown, 1)
    return _path(grown, len(found))


def conformal_start(
    markets: int, *, lag_rows: int, rule: ConformalRule | None = None
) -> ConformalState:
    """State before the first row."""
    if lag_rows < 1:
        raise ParameterError("must be at least 1", found=lag_rows, field="lag_rows")
    how = rule or ConformalRule()
    columns = 2 * markets if how.market_weight > 0.0 else 1
    level = np.full((1, columns), how.target)
    return ConformalState(
        rule=how,
        lag_rows=lag_rows,
        base=np.full((1, markets, 2), np.nan),
        ratio=np.full((1, 2 * markets), np.nan),
        level=level,
        factor=np.full((1, columns), how.floor_factor),
        clipped=np.zeros((1, columns)),
        bound=np.zeros((1, columns)),
    )


def conformal_step(
    state: ConformalState, base: ArrayLike, loss: ArrayLike | None = None
) -> tuple[Matrix, ConformalState]:
    """Margin of one more row, and the state after it.

    Parameters
    ----------
    state : ConformalState
        Not changed.
    base : (N, 2) array_like
    loss : (N, 2) array_like or None
        Outcome of the row ``lag_rows`` before this one, known by now; None in the first rows.

    Returns
    -------
    margin : (N, 2) float64
    state : ConformalState
    """
    found = _checked(np.asarray(base, dtype=np.float64)[None])
    if found.shape[1:] != state.base.shape[1:]:
        raise UsageError("must be (markets, 2)", found=found.shape[1:], field="base")
    grown = _extended(state, found, np.full((1, state.ratio.shape[1]), np.nan))
    row = len(grown.base) - 1 - state.lag_rows
    if loss is not None:
        if row < 0:
            raise UsageError("must not be known so early", field="loss")
        lost = np.asarray(loss, dtype=np.float64)[None]
        if lost.shape != found.shape:
            raise UsageError("must be (markets, 2)", found=lost.shape[1:], field="loss")
        grown.ratio[row] = _ratio(lost, grown.base[row : row + 1])[0]
    _fill(grown, len(grown.base) - 1)
    margin = _margin(grown.base[-1:], grown.factor[-1:])[0]
    return margin, _latest(grown)


def _fill(state: ConformalState, begin: int) -> None:
    rule = state.rule
    adaptive_factors(
        state.ratio,
        begin,
        state.lag_rows,
        rule.window_rows,
        rule.least_rows,
        rule.decay,
        rule.target,
        rule.gain,
        rule.lowest,
        rule.highest,
        rule.floor_factor,
        rule.ceiling_factor,
        rule.market_weight,
        state.level,
        state.factor,
        state.clipped,
        state.bound,
    )


def _extended(state: ConformalState, base: Cube, ratio: Matrix) -> ConformalState:
    """State with rows added whose levels are still to be written; nothing is shared."""
    blank = np.zeros((len(base), state.level.shape[1]))
    return ConformalState(
        rule=state.rule,
        lag_rows=state.lag_rows,
        base=np.concatenate((state.base, base)),
        ratio=np.concatenate((state.ratio, ratio)),
        level=np.concatenate((state.level, blank)),
        factor=np.concatenate((state.factor, blank)),
        clipped=np.concatenate((state.clipped, blank)),
        bound=np.concatenate((state.bound, blank)),
    )


def _latest(state: ConformalState) -> ConformalState:
    """State cut to the rows that later ones can still look at."""
    rows = slice(-(state.rule.window_rows + state.lag_rows), None)
    return ConformalState(
        rule=state.rule,
        lag_rows=state.lag_rows,
        base=state.base[rows],
        ratio=state.ratio[rows],
        level=state.level[rows],
        factor=state.factor[rows],
        clipped=state.clipped[rows],
        bound=state.bound[rows],
    )


def _path(state: ConformalState, rows: int) -> ConformalMargins:
    ratio, factor = state.ratio[-rows:], state.factor[-rows:]
    scored = np.isfinite(ratio)
    missed = scored & (np.where(scored, ratio, 0.0) > factor)
    rate = np.full(rows, np.nan)
    count = scored.sum(axis=1)
    np.divide(missed.sum(axis=1), count, out=rate, where=count > 0)
    return ConformalMargins(
        rule=state.rule,
        lag_rows=state.lag_rows,
        margin=_margin(state.base[-rows:], factor),
        level=state.level[-rows:],
        factor=factor,
        clipped=state.clipped[-rows:],
        bound=state.bound[-rows:].astype(np.int64),
        miss_rate=rate,
        state=_pending(_latest(state)),
    )


def _pending(state: ConformalState) -> ConformalState:
    """State that has forgotten outcomes which are not known at its last row."""
    known = len(state.ratio) - state.lag_rows
    ratio = state.ratio.copy()
    ratio[max(known, 0) :] = np.nan
    return ConformalState(
        rule=state.rule,
        lag_rows=state.lag_rows,
        base=state.base,
        ratio=ratio,
        level=state.level,
        factor=state.factor,
        clipped=state.clipped,
        bound=state.bound,
    )


def _margin(base: Cube, factor: Matrix) -> Cube:
    wide = np.broadcast_to(factor, (len(base), base[0].size)).reshape(base.shape)
    out: Cube = base * wide
    return out


def _ratio(loss: Cube, base: Cube) -> Matrix:
    if bool(np.isinf(loss).any()):
        raise UsageError("must be finite, or NaN where not known", field="loss")
    out: Matrix = np.ascontiguousarray((loss / base).reshape(len(base), -1))
    return out


def _checked(base: Cube) -> Cube:
    if base.ndim != 3 or bool(((base <= 0.0) | np.isinf(base)).any()):
        raise UsageError(
            "must be positive and finite, (rows, markets, 2), or NaN for no number",
            found=base.shape,
            field="base",
        )
    return base
