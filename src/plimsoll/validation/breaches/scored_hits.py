"""A series of breaches in which some horizons may not have been scored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import InsufficientDataError, UsageError
from plimsoll.validation.coverage import Transitions

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScoredHits:
    """Breaches of one series, in time order.

    Parameters
    ----------
    hits, scored : (n,) bool
        A horizon that was not scored did not break.
    """

    hits: Flags
    scored: Flags

    @property
    def observations(self) -> int:
        """Scored horizons."""
        return int(self.scored.sum())

    @property
    def breaches(self) -> int:
        """Scored horizons that broke."""
        return int(self.hits.sum())

    def listed(self) -> Flags:
        """The scored horizons only, put side by side."""
        out: Flags = self.hits[self.scored]
        return out

    def transitions(self) -> Transitions:
        """Count pairs of neighbours that were both scored."""
        both = self.scored[:-1] & self.scored[1:]
        before, after = self.hits[:-1], self.hits[1:]
        return Transitions(
            n00=int(np.sum(both & ~before & ~after)),
            n01=int(np.sum(both & ~before & after)),
            n10=int(np.sum(both & before & ~after)),
            n11=int(np.sum(both & before & after)),
        )


def scored_hits(breaches: ArrayLike) -> ScoredHits:
    """Read breaches given as booleans, or as 0 and 1 with NaN where nothing was scored.

    Raises
    ------
    UsageError
        Anything else than a series of these.
    InsufficientDataError
        Nothing scored.

    Examples
    --------
    >>> found = scored_hits([0.0, float("nan"), 1.0, 1.0])
    >>> found.observations, found.breaches, found.transitions().n11
    (3, 2, 1)
    """
    raw = np.asarray(breaches)
    if raw.ndim != 1 or raw.size == 0:
        raise UsageError("must be a series of at least one horizon", found=raw.shape)
    values = raw.astype(np.float64)
    scored = ~np.isnan(values)
    if not bool(np.all(np.isin(values[scored], (0.0, 1.0)))):
        raise UsageError("must be True/False, 0/1 or NaN", found=raw.dtype.name, field="breaches")
    if not scored.any():
        raise InsufficientDataError("must have a scored horizon", found=0, field="breaches")
    return ScoredHits(hits=scored & (values == 1.0), scored=scored)


def hits_of(loss: ArrayLike, value_at_risk: ArrayLike) -> NDArray[np.float64]:
    """1 where the loss is strictly above the value-at-risk, 0 where not, NaN where either is.

    Parameters
    ----------
    loss : array
        Losses positive, gains negative.
    value_at_risk : array of the shape of ``loss``, or one number
        Positive, as losses are; in force when each horizon began.

    Raises
    ------
    UsageError
        Where their shapes differ, or a value-at-risk is negative.

    Examples
    --------
    >>> hits_of([0.02, 0.07, float("nan")], 0.05).tolist()
    [0.0, 1.0, nan]
    """
    lost = np.asarray(loss, dtype=np.float64)
    held = np.asarray(value_at_risk, dtype=np.float64)
    if held.ndim and held.shape != lost.shape:
        raise UsageError(
            f"must have the shape of the losses, {lost.shape}",
            found=held.shape,
            field="value_at_risk",
            remedy="bring the value-at-risk in force for each loss, NaN where there was none",
        )
    if bool(np.any(held < 0.0)):
        raise UsageError(
            "must not be negative",
            found=float(np.nanmin(held)),
            field="value_at_risk",
            remedy="losses and value-at-risk are positive here: turn the sign of a quantile of P&L",
        )
    missing = np.isnan(lost) | np.isnan(held)
    return np.where(missing, np.nan, (lost > held).astype(np.float64))
