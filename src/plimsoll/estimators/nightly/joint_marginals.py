"""Marginals of joint scenarios: each market's loss distribution as the night publishes it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plimsoll.estimators.nightly.horizon_estimate import HorizonEstimate
from plimsoll.estimators.reference.marginal_curves import (
    PUBLISHED,
    TAILS,
    MarginalCurves,
    curves_through,
    forecast_curves,
)

FloatArray = NDArray[np.float64]

_HALVINGS, _MOST_STRETCH = 60, 16.0
_FALL, _RISE = 0, 1


def night_curves(found: HorizonEstimate) -> MarginalCurves:
    """Return the curves of a night over one horizon; NaN where a market has no number.

    A market with a past of its own has the forecaster's curve, at its pooled level where one is
    used. A young one, or one with closed hours, takes the median shape of those: its body is scaled
    to its own value-at-risk, and what lies beyond is stretched about it until the mean beyond is
    its own expected shortfall. Where all are young or have closed hours the shape is that of the
    forecaster's curves of these, which are published for none.
    """
    markets = found.fitted.markets
    curves = forecast_curves(found.fitted, found.log_adjustment)
    listed = np.isfinite(found.value_at_risk).all(axis=1)
    own = found.own & listed & curves.known
    loss = np.where(own[:, None, None], curves.loss, np.nan)
    beyond = np.where(own[:, None], curves.beyond, np.nan)
    models = own if own.any() else curves.known
    if models.any() and (listed & ~own).any():
        shape, far = _median_shape(curves.loss[models], curves.beyond[models])
        rows = np.flatnonzero(listed & ~own)
        for side in (_FALL, _RISE):
            at = (found.value_at_risk[rows, side], found.expected_shortfall[rows, side])
            loss[rows, side], beyond[rows, side] = _through(at, shape[side], far[side], side)
    return curves_through(markets, loss[:, :, :-1], beyond)


def _median_shape(loss: FloatArray, beyond: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(2, G) log moves over those at the published confidence, and (2,) their mean beyond."""
    size = np.stack([_log_size(loss[:, s], s) for s in (_FALL, _RISE)], axis=1)
    far = np.stack([_log_size(beyond[:, s], s) for s in (_FALL, _RISE)], axis=1)
    at = size[:, :, PUBLISHED]
    return np.median(size / at[:, :, None], axis=0), np.median(far / at, axis=0)


def _through(
    at: tuple[FloatArray, FloatArray], shape: FloatArray, far: float, side: int
) -> tuple[FloatArray, FloatArray]:
    """(M, G) curves of a side through (M,) values-at-risk, (M,) means beyond as (M,) shortfalls."""
    size = _log_size(at[0], side)
    inner, width = shape[: PUBLISHED + 1], np.diff(TAILS[: PUBLISHED + 1])

    def sizes(part: FloatArray, excess: FloatArray) -> FloatArray:
        steep = 1.0 + excess[:, None] * (part - 1.0)
        return _loss(size[:, None] * np.where(part > 1.0, steep, part), side)

    def farthest(excess: FloatArray) -> FloatArray:
        return _loss(size * (1.0 + excess * (far - 1.0)), side)

    least, most = np.zeros(size.size), np.full(size.size, _MOST_STRETCH)
    for _ in range(_HALVINGS):
        middle = 0.5 * (least + most)
        loss = sizes(inner, middle)
        mass = farthest(middle) * TAILS[0] + 0.5 * (loss[:, 1:] + loss[:, :-1]) @ width
        lacking = mass < at[1] * TAILS[PUBLISHED]
        least, most = np.where(lacking, middle, least), np.where(lacking, most, middle)
    excess = 0.5 * (least + most)
    return sizes(shape, excess), farthest(excess)


def _log_size(loss: FloatArray, side: int) -> FloatArray:
    """Log moves of losses, positive."""
    return np.asarray(-np.log1p(-loss) if side == _FALL else np.log1p(loss))


def _loss(log_size: FloatArray | float, side: int) -> FloatArray:
    """Losses of log moves."""
    return np.asarray(-np.expm1(-log_size) if side == _FALL else np.expm1(log_size))
