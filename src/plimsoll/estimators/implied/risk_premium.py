"""What implied volatility paid over realised: the variance risk premium.

    premium(t) = implied(t, T)^2 - RV(t, t + T),      both annual variances,

positive where sellers of variance were paid. Its mean over overlapping windows is consistent, but
neighbouring windows share their days: the error is by circular blocks at least as long as the
horizon.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.market import DAY_NS
from plimsoll.errors import InsufficientDataError, UsageError
from plimsoll.estimators.implied.realised import PricePath, following_variance
from plimsoll.maths.block_resampling import block_counts

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VarianceRiskPremium:
    """Implied and following realised variance, n observations with both.

    Parameters
    ----------
    at_ns : (n,) int64
    known_ns : (n,) int64
        When the premium of ``at_ns`` became known: the end of its window.
    implied, realised : (n,) float64
        Annual variance.
    horizon_days : float
    uncovered : int
        Observations of implied volatility without a covered window, not in the arrays.
    """

    at_ns: IntArray
    known_ns: IntArray
    implied: FloatArray
    realised: FloatArray
    horizon_days: float
    uncovered: int

    @property
    def premium(self) -> FloatArray:
        """(n,) implied less realised annual variance."""
        premium: FloatArray = self.implied - self.realised
        return premium

    def known_at(self, time_ns: int) -> NDArray[np.bool_]:
        """(n,) observations whose window had ended by ``time_ns``: what one could know then."""
        known: NDArray[np.bool_] = self.known_ns <= time_ns
        return known


@dataclass(frozen=True, slots=True, kw_only=True)
class PremiumSummary:
    """Means of a premium series with block-bootstrap standard errors.

    ``mean_premium`` in annual variance; ``vol_gap`` is the root of mean implied variance less
    the root of mean realised variance, in volatility; ``paid_share`` the share of observations
    with a positive premium; ``log_correlation`` that of ln implied and ln realised, NaN where one
    of them stands still.
    """

    count: int
    mean_premium: float
    mean_premium_error: float
    vol_gap: float
    vol_gap_error: float
    paid_share: float
    log_correlation: float
    log_correlation_error: float


def variance_risk_premium(
    at_ns: IntArray,
    implied_vol: FloatArray,
    path: PricePath,
    *,
    horizon_days: float = 30.0,
    longest_gap_ns: int,
) -> VarianceRiskPremium:
    """Pair implied volatility with the variance that followed over the same horizon.

    Parameters
    ----------
    at_ns : (n,) int64
        Rising.
    implied_vol : (n,) float64
        Annual, as a fraction, of the constant maturity ``horizon_days``; NaN where there is none.
    path, horizon_days, longest_gap_ns
        As `realised.following_variance`.

    Raises
    ------
    UsageError
        For columns of different length.
    """
    if implied_vol.shape != at_ns.shape:
        raise UsageError(
            f"must have {at_ns.size} entries", found=implied_vol.shape, field="implied_vol"
        )
    realised = following_variance(path, at_ns, horizon_days, longest_gap_ns=longest_gap_ns)
    both = realised.covered & np.isfinite(implied_vol)
    return VarianceRiskPremium(
        at_ns=at_ns[both],
        known_ns=at_ns[both] + round(horizon_days * DAY_NS),
        implied=implied_vol[both] ** 2,
        realised=realised.variance[both],
        horizon_days=horizon_days,
        uncovered=int(np.sum(~both)),
    )


def summarise_premium(
    premium: VarianceRiskPremium, *, block_length: int, replicates: int = 500, seed: int
) -> PremiumSummary:
    """Means with standard errors; ``block_length`` observations should span the horizon or more.

    Raises
    ------
    InsufficientDataError
        For fewer than two blocks of observations.
    """
    count = premium.at_ns.size
    if count < 2 * block_length:
        raise InsufficientDataError(
            "at least two blocks are needed",
            found=f"{count} observations in blocks of {block_length}",
            remedy="use a longer series or a shorter horizon",
        )
    counts = block_counts(count, block_length=block_length, replicates=replicates, seed=seed)
    drawn = np.array([_moments(premium, c / count) for c in counts])
    mean, gap, paid, correlation = _moments(premium, np.full(count, 1.0 / count))
    errors = drawn.std(axis=0, ddof=1)
    return PremiumSummary(
        count=count,
        mean_premium=mean,
        mean_premium_error=float(errors[0]),
        vol_gap=gap,
        vol_gap_error=float(errors[1]),
        paid_share=paid,
        log_correlation=correlation,
        log_correlation_error=float(errors[3]),
    )


def _moments(
    premium: VarianceRiskPremium, weights: FloatArray
) -> tuple[float, float, float, float]:
    implied, realised = weights @ premium.implied, weights @ premium.realised
    x, y = np.log(premium.implied), np.log(premium.realised)
    x, y = x - weights @ x, y - weights @ y
    spread = float(np.sqrt((weights @ x**2) * (weights @ y**2)))
    correlation = float(weights @ (x * y)) / spread if spread > 1e-15 else float("nan")
    return (
        float(implied - realised),
        float(np.sqrt(implied) - np.sqrt(realised)),
        float(weights @ (premium.premium > 0.0)),
        correlation,
    )
