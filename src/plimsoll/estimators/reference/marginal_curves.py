r"""The whole loss distribution of every market, as a forecaster has it: marginals of scenarios.

The forecaster's value-at-risk at confidence :math:`1 - u` is taken at every u of a grid with the
share of the tail probability that it uses at 99 %, so that the curve passes through its published
number; the mean beyond the first node is its expected shortfall there. From the last size that it
tells apart (a fifth of a volatility) losses fall linearly to none at :math:`u = 1/2`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.field_summary import field_summary
from plimsoll.errors import DataFormatError
from plimsoll.estimators.observations import read_only
from plimsoll.estimators.reference.fitted_log_blend import FittedLogBlend, losses_of_tails
from plimsoll.estimators.reference.forecast import CONFIDENCE
from plimsoll.maths.tail_counts import WIDTH, TailCounts, TailRules, write_tails
from plimsoll.maths.tail_curves import write_tail_curves

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

RATIO = 1.02
_FIRST, _LAST = -232, 190
PUBLISHED = -_FIRST
"""Node of the published confidence."""
TAILS = np.append((1.0 - CONFIDENCE) * RATIO ** np.arange(_FIRST, _LAST + 1), 0.5)
"""Tail probabilities: 1e-4 to 0.431 in steps of 2 % through 1 %, and a half."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MarginalCurves:
    """Losses of N markets by tail probability; sides: a long, a short.

    Parameters
    ----------
    markets : tuple of N str
    loss : (N, 2, G) float64
        Share of notional exceeded with each probability of `TAILS`, 0 at the last; NaN where a
        market has no forecast.
    beyond : (N, 2) float64
        Mean loss beyond the first of them.

    Raises
    ------
    DataFormatError
        For shapes that do not fit, and losses that rise with their probability.
    """

    markets: tuple[str, ...]
    loss: FloatArray
    beyond: FloatArray

    __repr__ = field_summary

    def __post_init__(self) -> None:
        shape = (len(self.markets), 2, TAILS.size)
        if self.loss.shape != shape or self.beyond.shape != shape[:2]:
            raise DataFormatError(f"must be {shape}", found=self.loss.shape, field="loss")
        known = self.loss[self.known]
        if bool(np.any(np.diff(known, axis=2) > 0.0)) or bool(np.any(known[:, :, -1] != 0.0)):
            raise DataFormatError(
                "must fall to 0 as the tail probability rises to a half",
                found=float(np.diff(known, axis=2).max(initial=0.0)),
                field="loss",
            )

    @property
    def known(self) -> BoolArray:
        """(N,) markets with a curve."""
        whole = np.isfinite(self.loss).all(axis=(1, 2)) & np.isfinite(self.beyond).all(axis=1)
        return np.asarray(whole)

    @property
    def mass(self) -> FloatArray:
        """(N, 2, G) integrals of the losses from 0 to each probability."""
        width = np.diff(TAILS)
        cells = 0.5 * width * (self.loss[:, :, 1:] + self.loss[:, :, :-1])
        first = TAILS[0] * self.beyond[:, :, None]
        return np.cumsum(np.concatenate([first, cells], axis=2), axis=2)

    @property
    def value_at_risk(self) -> FloatArray:
        """(N, 2) at the published confidence."""
        return np.asarray(self.loss[:, :, PUBLISHED])

    @property
    def expected_shortfall(self) -> FloatArray:
        """(N, 2) at the published confidence."""
        return np.asarray(self.mass[:, :, PUBLISHED] / TAILS[PUBLISHED])

    def only(self, markets: tuple[str, ...]) -> MarginalCurves:
        """Return the curves of some markets, in this order; NaN where there is none."""
        if markets == self.markets:
            return self
        at = {m: i for i, m in enumerate(self.markets)}
        rows = np.array([at.get(m, -1) for m in markets], dtype=np.int64)
        here = rows >= 0
        loss = np.where(here[:, None, None], self.loss[rows], np.nan)
        beyond = np.where(here[:, None], self.beyond[rows], np.nan)
        return MarginalCurves(markets=markets, loss=loss, beyond=beyond)


def forecast_curves(
    fitted: FittedLogBlend, log_adjustment: FloatArray | None = None
) -> MarginalCurves:
    """Return the curves of a fitted forecaster as it stands; NaN where it has no number.

    Parameters
    ----------
    fitted : FittedLogBlend
    log_adjustment : (N,) float64, optional
        Log of what its volatilities are multiplied by.
    """
    scale = fitted.log_scale if log_adjustment is None else fitted.log_scale + log_adjustment
    tails = CountedTails(
        counts=fitted.counts,
        rules=fitted.tail_rules,
        share=fitted.tail / (1.0 - fitted.confidence),
    )
    return counted_curves(fitted.markets, scale, tails)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CountedTails:
    """Counts of scaled moves of N markets, their rules, and the share of a tail that is used."""

    counts: TailCounts
    rules: TailRules
    share: float


def counted_curves(
    markets: tuple[str, ...], log_scale: FloatArray, tails: CountedTails
) -> MarginalCurves:
    """Return the curves of (N,) log scales times counted tails; NaN where either has no number."""
    sizes = np.empty((len(markets), 2, TAILS.size - 1))
    write_tail_curves(tails.counts, tails.rules, tails.share * TAILS[:-1], sizes)
    far = np.empty((len(markets), 2, WIDTH))
    write_tails(tails.counts, tails.rules, tails.share * float(TAILS[0]), far)
    _, beyond = losses_of_tails(log_scale[None], far[None])
    sizes *= np.exp(log_scale)[:, None, None]
    loss = np.stack([-np.expm1(-sizes[:, 0]), np.expm1(sizes[:, 1])], axis=1)
    return curves_through(markets, loss, beyond[0])


def curves_through(
    markets: tuple[str, ...], loss: FloatArray, beyond: FloatArray
) -> MarginalCurves:
    """Return curves through (N, 2, G - 1) losses, linear to 0 at a half from where they stand.

    ``beyond`` (N, 2) is the mean beyond the first; it is taken as no less than the first loss.
    """
    nodes = np.append(loss, np.zeros((*loss.shape[:2], 1)), axis=2)
    nodes[:, :, :-1] = np.minimum.accumulate(nodes[:, :, :-1], axis=2)
    nodes = np.where(np.isnan(loss).any(axis=2, keepdims=True), np.nan, nodes)
    # What the forecaster does not tell apart has one loss: the first such node stands, and the
    # others lie on the line from it.
    stands = np.argmax(nodes <= nodes[:, :, -2:-1], axis=2)
    for i, side in np.argwhere(stands < TAILS.size - 2):
        k = int(stands[i, side])
        left = (TAILS[-1] - TAILS[k:]) / (TAILS[-1] - TAILS[k])
        nodes[i, side, k:] = nodes[i, side, k] * left
    with np.errstate(invalid="ignore"):
        far = np.fmax(beyond, nodes[:, :, 0])
    return MarginalCurves(markets=markets, loss=read_only(nodes), beyond=read_only(far))
