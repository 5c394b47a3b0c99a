"""What every fitted volatility model says about the next return.

By the fitted law: ``VaR = sigma q - mean``. By filtered history (Hull and White, 1998;
Barone-Adesi et al., 1999): the same with q read off the standardised residuals of the sample.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from plimsoll.errors import ParameterError
from plimsoll.estimators.observations import Vector
from plimsoll.estimators.volatility.garch_options import check_choice
from plimsoll.estimators.volatility.residual_law import ResidualLaw
from plimsoll.maths.order_statistics import (
    quantile_order_statistic,
    quantile_type7,
    upper_tail_mean,
)

QuantileConvention = Literal["type7", "order_stat"]
"""numpy's linear interpolation, or the ``ceil(n * confidence)``-th smallest loss."""


class OneStepRisk:
    """Mixin of fitted models; losses are positive, the volatility is that of the next return."""

    __slots__ = ()

    variances: Vector
    variance_next: float

    @property
    def shocks(self) -> Vector:
        """Returns of the sample less the mean, shape (n,)."""
        raise NotImplementedError

    @property
    def law(self) -> ResidualLaw:
        """Law of the standardised residuals."""
        raise NotImplementedError

    @property
    def mean_return(self) -> float:
        """Conditional mean of the next return."""
        return 0.0

    @property
    def conditional_volatility(self) -> Vector:
        """Volatility of each return of the sample, shape (n,), known before it."""
        return np.sqrt(self.variances[:-1])

    @property
    def standardised_residuals(self) -> Vector:
        """Shocks over their conditional volatility, shape (n,)."""
        return self.shocks / self.conditional_volatility

    def value_at_risk(self, confidence: float) -> float:
        """One-step loss not exceeded with ``confidence``, by the fitted law."""
        _check(confidence)
        return self._volatility_next * self.law.value_at_risk(confidence) - self.mean_return

    def expected_shortfall(self, confidence: float) -> float:
        """Mean one-step loss beyond the value-at-risk, by the fitted law."""
        _check(confidence)
        return self._volatility_next * self.law.expected_shortfall(confidence) - self.mean_return

    def filtered_value_at_risk(
        self, confidence: float, *, convention: QuantileConvention = "type7"
    ) -> float:
        """One-step loss not exceeded with ``confidence``, by filtered history."""
        check_choice(convention, QuantileConvention, field="convention")
        quantile = quantile_type7 if convention == "type7" else quantile_order_statistic
        ordered = self._ordered_losses(confidence)
        return self._volatility_next * float(quantile(ordered, confidence)) - self.mean_return

    def filtered_expected_shortfall(self, confidence: float) -> float:
        """Mean of the worst ``n (1 - confidence)`` filtered losses, the fraction counted."""
        tail = float(upper_tail_mean(self._ordered_losses(confidence), confidence))
        return self._volatility_next * tail - self.mean_return

    @property
    def _volatility_next(self) -> float:
        return float(np.sqrt(self.variance_next))

    def _ordered_losses(self, confidence: float) -> Vector:
        _check(confidence)
        return np.sort(-self.standardised_residuals)


def _check(confidence: float) -> None:
    if not 0.0 < confidence < 1.0:
        raise ParameterError("must lie in (0, 1)", found=confidence, field="confidence")
