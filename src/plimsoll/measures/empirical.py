"""Value-at-risk and expected shortfall of a sample of losses."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from plimsoll.errors import UsageError
from plimsoll.measures.bootstrap import INTERPOLATED, MEAN, QUANTILE, replicated_tail
from plimsoll.measures.result import BlockBootstrap, Convention, Measure
from plimsoll.measures.sample import OrderedSample, check_confidence, ordered_sample
from plimsoll.measures.standard_error import influence_standard_error, quantile_standard_error
from plimsoll.measures.tail import (
    interpolated_quantile,
    tail_boundary,
    tail_count,
    tail_mean,
)

PLOTTING = {Convention.TYPE7: 1.0, Convention.TYPE8: 1.0 / 3.0}
"""Plotting positions of the interpolated quantiles, as `interpolated_quantile` takes them."""


def value_at_risk(
    losses: ArrayLike,
    confidence: float,
    *,
    weights: ArrayLike | None = None,
    convention: Convention = Convention.ORDER_STATISTIC,
    bootstrap: BlockBootstrap | None = None,
) -> Measure:
    """Loss not exceeded with probability ``confidence``.

    Parameters
    ----------
    losses : (n,) array_like
        Positive = loss, finite. In time order where ``bootstrap`` is given.
    confidence : float
        In (0, 1), such as 0.99.
    weights : (n,) array_like, optional
        Not negative; any scale. Integers act as repetitions (order statistic only: the type-7
        rule depends on the number of observations, and takes Kish's effective number).
    convention : Convention
        ``ORDER_STATISTIC``, ``TYPE7`` or ``TYPE8``.
    bootstrap : BlockBootstrap, optional
        For losses that depend on each other. Without it the standard error is that of independent
        losses (Maritz and Jarrett).

    Raises
    ------
    UsageError, InsufficientDataError
        See `ordered_sample`; also for a convention that is not a quantile's.

    Examples
    --------
    >>> value_at_risk([3.0, 1.0, 2.0, 5.0, 4.0], 0.8).value
    4.0
    >>> value_at_risk([3.0, 1.0, 2.0, 5.0, 4.0], 0.8, convention=Convention.TYPE7).value
    4.2
    """
    check_confidence(confidence)
    _check_convention(convention)
    sample = ordered_sample(losses, weights)
    if bootstrap is None:
        error = quantile_standard_error(sample, _position(sample, confidence, convention))
    else:
        column = INTERPOLATED if convention in PLOTTING else QUANTILE
        plotting = PLOTTING.get(convention, 1.0)
        error = _spread(sample, confidence, bootstrap, column, plotting)
    return Measure(
        value=_quantile(sample, confidence, convention),
        standard_error=error,
        tail_count=float(tail_count(sample.mass, sample.total, confidence)),
        convention=convention,
    )


def expected_shortfall(
    losses: ArrayLike,
    confidence: float,
    *,
    weights: ArrayLike | None = None,
    bootstrap: BlockBootstrap | None = None,
) -> Measure:
    """Mean of the worst ``1 - confidence`` of the losses, the boundary loss counted in part.

    ``ES = [sum of the floor(na) worst + (na - floor(na)) * the next] / (na)``, ``a`` =
    1 - confidence; equal to the optimum of the Rockafellar-Uryasev programme. Arguments and errors
    as in `value_at_risk`; integer weights act as repetitions.

    Examples
    --------
    >>> result = expected_shortfall([3.0, 1.0, 2.0, 5.0, 4.0], 0.7)
    >>> round(result.value, 12), round(result.tail_count, 12)
    (4.666666666667, 1.5)
    """
    check_confidence(confidence)
    sample = ordered_sample(losses, weights)
    if bootstrap is None:
        error = _shortfall_error(sample, confidence)
    else:
        error = _spread(sample, confidence, bootstrap, MEAN)
    return Measure(
        value=float(tail_mean(sample.values, sample.mass, sample.total, confidence)),
        standard_error=error,
        tail_count=float(tail_count(sample.mass, sample.total, confidence)),
        convention=Convention.TAIL_MEAN,
    )


def _quantile(sample: OrderedSample, confidence: float, convention: Convention) -> float:
    if convention in PLOTTING:
        return float(
            interpolated_quantile(
                sample.values,
                sample.mass,
                sample.total,
                confidence,
                sample.effective,
                PLOTTING[convention],
            )
        )
    index, _ = tail_boundary(sample.mass, sample.total, confidence)
    return float(sample.values[index])


def _position(sample: OrderedSample, confidence: float, convention: Convention) -> float:
    if convention in PLOTTING:
        a, size = PLOTTING[convention], sample.effective
        return min(max(size * confidence + a + (1.0 - 2.0 * a) * confidence, 1.0), size)
    index, _ = tail_boundary(sample.mass, sample.total, confidence)
    return float(sample.effective * sample.shares[index + 1])


def _shortfall_error(sample: OrderedSample, confidence: float) -> float:
    index, _ = tail_boundary(sample.mass, sample.total, confidence)
    slope = np.zeros(sample.values.size - 1)
    slope[index:] = 1.0 / (1.0 - confidence)
    return influence_standard_error(sample, slope)


def _spread(
    sample: OrderedSample,
    confidence: float,
    bootstrap: BlockBootstrap,
    column: int,
    plotting: float = 1.0,
) -> float:
    replicated = replicated_tail(sample, confidence, bootstrap, plotting)
    return float(np.nanstd(replicated[:, column], ddof=1))


def _check_convention(convention: Convention) -> None:
    if convention is not Convention.ORDER_STATISTIC and convention not in PLOTTING:
        raise UsageError(
            "must be a quantile's convention",
            found=str(convention),
            field="convention",
            remedy="choose order_statistic, type7 or type8",
        )
