"""What the nightly re-estimation is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from plimsoll.errors import ParameterError
from plimsoll.estimators.liquidity.cost_curve import DEFAULT_NOTIONAL
from plimsoll.estimators.pooling.student_posterior import FitMethod
from plimsoll.estimators.pooling.young_market import YoungMarketModel
from plimsoll.estimators.reference.default_model import default_at
from plimsoll.estimators.reference.log_blend import LogBlend
from plimsoll.estimators.tails.peaks_over_threshold import PeaksOverThreshold

FITTED_TWICE = ("tail_shape", "volatility")
"""Parameters that are fitted by likelihood and pooled by Bayes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NightlySettings:
    """Settings; the defaults are those that ship.

    Parameters
    ----------
    horizons_hours : tuple of int
        Margin periods, each a multiple of the bars; moves of the first scale the copula.
    forecaster : LogBlend, optional
        Of volatility, value-at-risk and expected shortfall. Unsaid: the default as it was chosen
        before the night, so that a night of the past does not know what was learnt since.
    young : YoungMarketModel
        Of markets too young for it.
    recent_days : int
        Window of tails, dependence and pictures.
    tail : PeaksOverThreshold
        How the tails of standardised returns are fitted.
    cluster_hours : int
        Returns kept together by standard errors of tails.
    correlation_half_life_days : float
    correlation_clip : float
        Standardised returns count in correlations for at most so many volatilities.
    least_overlap_days : float
        Common days (faded) that a pair needs for a correlation of its own.
    copula_markets, copula_replicates : int
        Markets with fewest holes that the t copula is fitted to, and replicates of its error.
    tail_share : float
        Of moves, that tail dependence is counted beyond.
    stress, break_ : float
        Strength in [0, 1] of the stressed and of the broken correlations.
    liquidity_days : int
    notional_usd : tuple of float
        Sizes of the cost curves.
    still_share : float
        Share of unchanged prices from which a market is flagged.
    fit : mapping of str to FitMethod
        Which fit of ``tail_shape`` and of ``volatility`` is used, by likelihood or pooled. Unsaid:
        the likelihood's, and of the volatility of young markets the pooled one.
    """

    horizons_hours: tuple[int, ...] = (8, 24)
    forecaster: LogBlend | None = None
    young: YoungMarketModel = field(default_factory=YoungMarketModel)
    recent_days: int = 365
    tail: PeaksOverThreshold = field(default_factory=PeaksOverThreshold)
    cluster_hours: int = 24
    correlation_half_life_days: float = 30.0
    correlation_clip: float = 8.0
    least_overlap_days: float = 2.0
    copula_markets: int = 30
    copula_replicates: int = 20
    tail_share: float = 0.05
    stress: float = 0.5
    break_: float = 0.5
    liquidity_days: int = 30
    notional_usd: tuple[float, ...] = tuple(DEFAULT_NOTIONAL)
    still_share: float = 0.5
    fit: Mapping[str, FitMethod] = field(default_factory=dict)

    @property
    def blend(self) -> LogBlend:
        """``forecaster``; of settings without one `as_of` says which.

        Raises
        ------
        ParameterError
        """
        if self.forecaster is None:
            raise ParameterError(
                "must be named, or follow from a date",
                found=None,
                remedy="as_of(time_ns) chooses the default in force; settings of a night have it",
                field="forecaster",
            )
        return self.forecaster

    def as_of(self, time_ns: int) -> Self:
        """Return the settings with a forecaster: the default in force then where none is named."""
        return self if self.forecaster else replace(self, forecaster=default_at(time_ns))

    def __post_init__(self) -> None:
        hours = self.horizons_hours
        if not hours or len(set(hours)) != len(hours) or min(hours) < 1:
            raise ParameterError(
                "must name horizons in hours, each once", found=hours, field="horizons_hours"
            )
        least = {
            "recent_days": 30, "cluster_hours": 1, "copula_markets": 2, "copula_replicates": 2,
            "liquidity_days": 2, "correlation_clip": 1.0,
        }  # fmt: skip
        for name, bound in least.items():
            if not getattr(self, name) >= bound:
                found = getattr(self, name)
                raise ParameterError(f"must be at least {bound:g}", found=found, field=name)
        if not self.correlation_half_life_days > 0.0:
            found = self.correlation_half_life_days
            raise ParameterError(
                "must be positive", found=found, field="correlation_half_life_days"
            )
        if not 0.0 < self.tail_share < 0.5:
            raise ParameterError("must lie in (0, 0.5)", found=self.tail_share, field="tail_share")
        foreign = sorted(set(self.fit) - set(FITTED_TWICE))
        if foreign or any(method not in tuple(FitMethod) for method in self.fit.values()):
            raise ParameterError(
                f"must choose mle or bayes for {' or '.join(FITTED_TWICE)}",
                found=dict(self.fit),
                field="fit",
            )
        for name in ("stress", "break_", "still_share"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                found = getattr(self, name)
                raise ParameterError("must lie in [0, 1]", found=found, field=name)
