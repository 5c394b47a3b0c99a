"""Both tails of returns, each by peaks over its own threshold."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from plimsoll.errors import ParameterError
from plimsoll.estimators.observations import as_observations
from plimsoll.estimators.tails.peaks_over_threshold import FittedTail, PeaksOverThreshold


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoSidedTail:
    """Generalised Pareto tails of falls and rises, fitted apart.

    Parameters
    ----------
    falls, rises : PeaksOverThreshold
        How the lower and the upper tail are fitted.

    Examples
    --------
    >>> import numpy as np
    >>> tails = TwoSidedTail().fit(np.random.default_rng(3).standard_t(4, 5000))
    >>> tails.quantile(0.001) < tails.quantile(0.01) < tails.quantile(0.99)
    True
    """

    falls: PeaksOverThreshold = field(default_factory=PeaksOverThreshold)
    rises: PeaksOverThreshold = field(default_factory=PeaksOverThreshold)

    def fit(self, returns: ArrayLike) -> FittedTwoSidedTail:
        """Fit to signed ``returns`` or residuals, shape (n,), in time order.

        Raises
        ------
        DataFormatError, InsufficientDataError, EstimationError
            As :meth:`PeaksOverThreshold.fit`, of either side.
        """
        sample = as_observations(returns, minimum=20, name="returns")
        return FittedTwoSidedTail(falls=self.falls.fit(-sample), rises=self.rises.fit(sample))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedTwoSidedTail:
    """Result of :class:`TwoSidedTail`; ``falls`` is the tail of minus the returns."""

    falls: FittedTail
    rises: FittedTail

    @property
    def body(self) -> tuple[float, float]:
        """Returns between the thresholds: here the tails say nothing."""
        return -self.falls.threshold, self.rises.threshold

    def quantile(self, probability: float) -> float:
        """Return not exceeded with ``probability``, which must lie in one of the tails.

        Raises
        ------
        ParameterError
            The probability belongs to the body.
        """
        if 0.0 < probability <= self.falls.tail_share:
            return -self.falls.quantile(1.0 - probability)
        if 1.0 - self.rises.tail_share <= probability < 1.0:
            return self.rises.quantile(probability)
        raise ParameterError(
            f"must lie in (0, {self.falls.tail_share:.6g}] or "
            f"[{1.0 - self.rises.tail_share:.6g}, 1)",
            found=probability,
            remedy="ask the empirical distribution between the thresholds",
            field="probability",
        )

    def cdf(self, value: float) -> float:
        """Probability of a return at or below ``value``, which must lie beyond a threshold.

        Raises
        ------
        ParameterError
            The value belongs to the body.
        """
        low, high = self.body
        if not np.isfinite(value) or low < value < high:
            raise ParameterError(
                f"must be finite and lie at or below {low:.6g} or at or above {high:.6g}",
                found=value,
                remedy="ask the empirical distribution between the thresholds",
                field="value",
            )
        if value <= low:
            return self.falls.exceedance_probability(-value)
        return 1.0 - self.rises.exceedance_probability(value)
