"""Counterparty multiplier: margin of an account whose owner may not pay what is missing.

Losses above margin are paid by the owner while he is solvent, and lost with ``PD x LGD``. The
expected loss over the margin period at margin ``M`` is ``PD LGD E[(L - M)+]``; the multiplier is
the smallest factor on the base margin that keeps it within a budget, exactly on the sample: the
function falls, convex and piecewise linear, so that the root lies between two order statistics.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import InsufficientDataError, ParameterError

FloatArray = NDArray[np.float64]

DEFAULT_PROBABILITY_ANNUAL: Mapping[str, float] = {
    "AAA": 0.0002,
    "AA": 0.0003,
    "A": 0.0006,
    "BBB": 0.0018,
    "BB": 0.0075,
    "B": 0.035,
    "CCC": 0.25,
}
"""Round figures by grade, above long-run corporate averages; an assumption of the venue."""
UNRATED = "CCC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterparty:
    """An institution.

    Parameters
    ----------
    default_probability_annual : float
    loss_given_default : float
        Share of what it owes that is not recovered.
    stress : float
        Times the probability in the margin period of a loss beyond margin: defaults come with the
        loss (wrong-way).
    """

    default_probability_annual: float
    loss_given_default: float = 0.6
    stress: float = 10.0

    def __post_init__(self) -> None:
        for name in ("default_probability_annual", "loss_given_default"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ParameterError("must lie in [0, 1]", found=getattr(self, name), field=name)
        if not self.stress >= 1.0:
            raise ParameterError("must be at least 1", found=self.stress, field="stress")

    @property
    def severity(self) -> float:
        """Stressed probability of default in a bad margin period, times its loss."""
        return min(1.0, self.default_probability_annual * self.stress) * self.loss_given_default


def rated(grade: str | None, *, loss_given_default: float = 0.6) -> Counterparty:
    """Return the counterparty of a grade; one without bears the worst.

    Raises
    ------
    ParameterError
        For a grade that is none.
    """
    probability = DEFAULT_PROBABILITY_ANNUAL.get(grade or UNRATED)
    if probability is None:
        known = ", ".join(DEFAULT_PROBABILITY_ANNUAL)
        raise ParameterError(f"must be one of {known}", found=grade, field="grade")
    return Counterparty(
        default_probability_annual=probability, loss_given_default=loss_given_default
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterpartyMargin:
    """Margin with its multiplier on the base, the quantile it is, and the expected loss left."""

    margin: float
    multiplier: float
    confidence: float
    expected_loss: float


def counterparty_margin(
    losses: ArrayLike,
    counterparty: Counterparty,
    *,
    base_margin: float,
    budget: float,
) -> CounterpartyMargin:
    """Return the smallest margin, not below the base, with ``severity E[(L - M)+] <= budget``.

    Parameters
    ----------
    losses : (n,) array_like
        Over the margin period, per dollar of notional, positive = loss.
    base_margin : float
        At the venue's quantile; the multiplier is never below 1.
    budget : float
        Expected loss per dollar and margin period.

    Raises
    ------
    ParameterError, InsufficientDataError
    """
    lost = np.asarray(losses, dtype=np.float64)
    lost = np.sort(lost[np.isfinite(lost)])
    if lost.size < 100:
        raise InsufficientDataError("must have 100 losses", found=int(lost.size), field="losses")
    if not (base_margin > 0.0 and budget > 0.0 and math.isfinite(budget)):
        raise ParameterError("must be positive", found=(base_margin, budget), field="budget")
    severity = counterparty.severity
    excess = math.inf if severity == 0.0 else budget / severity
    margin = max(base_margin, margin_of_excess(lost, excess))
    return CounterpartyMargin(
        margin=margin,
        multiplier=margin / base_margin,
        confidence=float(np.searchsorted(lost, margin, side="right")) / lost.size,
        expected_loss=severity * float(np.maximum(lost - margin, 0.0).mean()),
    )


def margin_of_excess(sorted_losses: FloatArray, excess: float) -> float:
    """Return the least margin (not below 0) whose mean excess ``E[(L - M)+]`` is within a bound.

    Exact: with the ``k`` largest losses above it, ``sum(L) - k M = n excess``.

    >>> margin_of_excess(np.array([0.0, 0.0, 0.0, 1.0]), 0.125)
    0.5
    """
    positive = np.maximum(sorted_losses[::-1], 0.0)
    size = positive.size
    if float(positive.mean()) <= excess:
        return 0.0
    sums, count = np.cumsum(positive), np.arange(1, size + 1)
    # Total excess with the margin at each loss; it rises along the descending losses.
    at_loss = sums - count * positive
    k = int(np.searchsorted(at_loss, size * excess, side="right"))
    return float((sums[k - 1] - size * excess) / k) if k else float(positive[0])
