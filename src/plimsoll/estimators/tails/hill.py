"""Hill's tail index and Weissman's quantile.

With descending order statistics ``X_(1) >= X_(2) >= ...`` the index is the mean of
``log(X_(i) / X_(anchor))`` over i = 1 .. k (Hill, 1975). The anchor is ``X_(k+1)`` in the usual
convention and ``X_(k)`` in the one of R's evir, which so counts a zero among its terms. Beyond the
anchor the quantile at confidence c is ``X_(anchor) * (k / (n (1 - c)))**xi`` (Weissman, 1978).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import EstimationError, InsufficientDataError, ParameterError
from plimsoll.estimators.observations import as_observations
from plimsoll.estimators.tails.pareto_limits import check_mean_exists, check_within_tail
from plimsoll.estimators.volatility.garch_options import check_choice

HillConvention = Literal["k_plus_1", "k"]
Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hill:
    """Hill estimator of the upper tail of losses.

    Parameters
    ----------
    order_statistics : int
        k, how many of the largest losses are used; at least 2.
    convention : {"k_plus_1", "k"}
        Which order statistic the logarithms are taken against.

    Examples
    --------
    >>> import numpy as np
    >>> losses = (1.0 - np.random.default_rng(0).random(20_000)) ** -0.25  # Pareto, xi 0.25
    >>> abs(Hill(order_statistics=500).fit(losses).xi - 0.25) < 0.03
    True
    """

    order_statistics: int = 50
    convention: HillConvention = "k_plus_1"

    def __post_init__(self) -> None:
        check_choice(self.convention, HillConvention, field="convention")
        if self.order_statistics < 2:
            raise ParameterError(
                "must be at least 2", found=self.order_statistics, field="order_statistics"
            )

    def fit(self, losses: ArrayLike) -> FittedHill:
        """Fit to ``losses`` (positive = loss), shape (n,), n above ``order_statistics``.

        Raises
        ------
        InsufficientDataError
            Not more losses than order statistics.
        EstimationError
            The anchor is not positive, or the largest losses are all equal.
        """
        k = self.order_statistics
        sample = as_observations(losses, minimum=3, name="losses")
        if sample.size <= k:
            raise InsufficientDataError(
                f"more than {k} observations are needed",
                found=sample.size,
                remedy="use a longer history or fewer order statistics",
                field="losses",
            )
        rank = k + 1 if self.convention == "k_plus_1" else k
        top = np.sort(sample)[::-1][:rank]
        anchor = float(top[-1])
        if not anchor > 0.0:
            raise EstimationError(
                f"the loss of rank {rank} must be positive",
                found=anchor,
                remedy="use fewer order statistics",
            )
        xi = float(np.mean(np.log(top[:k] / anchor)))
        if not xi > 0.0:
            raise EstimationError(
                "the largest losses must differ",
                found=f"{k} times {anchor!r}",
                remedy="use more order statistics, or look for capped or repeated values",
            )
        return FittedHill(
            xi=xi,
            anchor=anchor,
            order_statistics=k,
            convention=self.convention,
            observations=sample.size,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedHill:
    """A Pareto tail beyond ``anchor``; ``1 / xi`` is the tail index."""

    xi: float
    anchor: float
    order_statistics: int
    convention: HillConvention
    observations: int

    @property
    def variance_is_infinite(self) -> bool:
        """``xi > 0.5``: prefer value-at-risk with a stress scenario to expected shortfall."""
        return self.xi > 0.5

    @property
    def standard_error(self) -> float:
        """``xi / sqrt(k)``, asymptotic and for independent losses."""
        return self.xi / float(np.sqrt(self.order_statistics))

    def value_at_risk(self, confidence: float) -> float:
        """Weissman's quantile: loss not exceeded with ``confidence``, at or beyond the anchor.

        Raises
        ------
        ParameterError
            ``confidence`` lies below the anchor, where the tail says nothing, or is not below 1.
        """
        share = self.order_statistics / self.observations
        check_within_tail(confidence, share, start="anchor", wider="use more order statistics")
        return float(self.anchor * (share / (1.0 - confidence)) ** self.xi)

    def expected_shortfall(self, confidence: float) -> float:
        """Mean loss beyond the quantile: ``VaR / (1 - xi)``.

        Raises
        ------
        EstimationError
            ``xi >= 1``: the tail has no mean.
        """
        check_mean_exists(self.xi)
        return self.value_at_risk(confidence) / (1.0 - self.xi)
