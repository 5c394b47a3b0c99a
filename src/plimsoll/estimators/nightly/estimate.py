"""The reference distribution of all markets as one night knows it; a bar carries it on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.domain.field_summary import first_names
from plimsoll.domain.finding import Reason
from plimsoll.domain.market import DAY_NS, PriceKind
from plimsoll.domain.table import iso_minute
from plimsoll.errors import UsageError
from plimsoll.estimators.liquidity.estimate import LiquidityRows
from plimsoll.estimators.nightly.closed_hours import MarketSessions
from plimsoll.estimators.nightly.dependence import DependenceEstimate
from plimsoll.estimators.nightly.horizon_estimate import HorizonEstimate
from plimsoll.estimators.nightly.market_reasons import MarketFlag
from plimsoll.estimators.nightly.market_tails import MarketTails
from plimsoll.estimators.nightly.parameter_fits import TwoFits
from plimsoll.estimators.nightly.settings import NightlySettings
from plimsoll.estimators.pooling.covariates import MarketCovariates
from plimsoll.estimators.pooling.young_assessment import YoungMarketRisk
from plimsoll.estimators.reference.default_model import DefaultRevision, revision_at

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class ErrorPart(StrEnum):
    """What a standard error of risk measures; the volatility is taken as given in all of them."""

    OWN = "tail and level"
    POOLED = "pooled tail and own level"
    SESSIONS = "closed hours"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NightlyEstimate:
    """Result of `plimsoll.estimators.nightly.run.nightly_estimate`; frozen.

    Parameters
    ----------
    markets, classes : tuple of N str
    price_kind : PriceKind
    as_of_ns : int
        Midnight (UTC) of the night.
    time_ns : int
        When the last bar in it became known.
    interval_ns : int
    settings : NightlySettings
        With the forecaster that was used.
    age_days : (N,) float64
    volatility_annual, volatility_log_error : (N,) float64
        Forecast of the next bar, scaled to 365 days; error of its logarithm (`scale_errors`).
    horizons : tuple of HorizonEstimate
    tails : tuple of N MarketTails
    residual_ns : (R,) int64
        When each bar of ``residuals`` became known.
    residuals : (R, N) float64
        One-bar returns over the volatility forecast before them; NaN where there is none.
    dependence : DependenceEstimate
    liquidity : LiquidityRows
    young : mapping of hours to mapping of str to YoungMarketRisk
    reasons : tuple of N Reason or None
        Of markets without value-at-risk.
    flags : tuple of N tuple of MarketFlag
    sessions : mapping of str to MarketSessions
        Markets with closed hours.
    fits : tuple of TwoFits
        Volatility level and tail shapes, by likelihood and by Bayes.
    covariates : MarketCovariates, optional
        What was known of the markets besides their prices.
    """

    markets: tuple[str, ...]
    classes: tuple[str, ...]
    price_kind: PriceKind
    as_of_ns: int
    time_ns: int
    interval_ns: int
    settings: NightlySettings
    age_days: FloatArray
    volatility_annual: FloatArray
    volatility_log_error: FloatArray
    horizons: tuple[HorizonEstimate, ...]
    tails: tuple[MarketTails, ...]
    residual_ns: IntArray
    residuals: FloatArray
    dependence: DependenceEstimate
    liquidity: LiquidityRows
    young: Mapping[int, Mapping[str, YoungMarketRisk]]
    reasons: tuple[Reason | None, ...]
    flags: tuple[tuple[MarketFlag, ...], ...]
    sessions: Mapping[str, MarketSessions] = field(default_factory=dict)
    fits: tuple[TwoFits, ...] = ()
    covariates: MarketCovariates | None = None

    def __repr__(self) -> str:
        hours = ", ".join(f"{found.horizon_hours}" for found in self.horizons)
        return (
            f"<NightlyEstimate of {len(self.markets)} markets ({first_names(self.markets)}) over "
            f"{hours} h, as of {iso_minute(self.as_of_ns)} UTC, "
            f"known to {iso_minute(self.time_ns)}>"
        )

    @property
    def revision(self) -> DefaultRevision | None:
        """Revision of the default that was used; None where a forecaster was named instead."""
        found = revision_at(self.as_of_ns)
        return found if found.model == self.settings.forecaster else None

    def errors_of(self, market: str) -> tuple[ErrorPart, ...]:
        """What the standard errors of a market's risk measure; nothing where it has no number."""
        j = self.column(market)
        if self.reasons[j] is not None:
            return ()
        young = MarketFlag.YOUNG in self.flags[j]
        first = ErrorPart.POOLED if young else ErrorPart.OWN
        return (first, ErrorPart.SESSIONS) if market in self.sessions else (first,)

    def horizon(self, hours: int) -> HorizonEstimate:
        """Return the risk over one horizon.

        Raises
        ------
        UsageError
        """
        for found in self.horizons:
            if found.horizon_hours == hours:
                return found
        known = [found.horizon_hours for found in self.horizons]
        raise UsageError(f"must be one of {known}", found=hours, field="horizon_hours")

    def column(self, market: str) -> int:
        """Return a market's place.

        Raises
        ------
        UsageError
        """
        if market not in self.markets:
            raise UsageError(
                "must be one of the markets",
                found=market,
                field="market",
                remedy=f"there are {len(self.markets)}, such as {', '.join(self.markets[:3])}",
            )
        return self.markets.index(market)

    def update(self, log_price: ArrayLike) -> Self:
        """Take the next bar: volatility, risk and correlation sums of all markets.

        Parameters
        ----------
        log_price : (N,) array
            Log closes, funding compounded in; NaN where a market did not print.

        Notes
        -----
        Volatility and risk are to the bit those of a night that ends with this bar, as long as no
        new learning of the forecaster's weights falls between. Tails, the copula, liquidity, young
        markets and relative errors stay those of the night, and `dependence.current` makes the
        matrix anew when asked.

        Raises
        ------
        DataFormatError
            Where it is of another length, or infinite.
        """
        price = np.array(log_price, dtype=np.float64)
        horizons = tuple(found.update(price) for found in self.horizons)
        standardised = standardised_bar(self.horizons[0], price)
        own = self.horizons[0].own
        annual = annual_volatility(horizons[0], self.interval_ns)
        if self.horizons[0].log_adjustment is not None:
            annual = annual * np.exp(self.horizons[0].log_adjustment)
        return replace(
            self,
            time_ns=self.time_ns + self.interval_ns,
            horizons=horizons,
            dependence=self.dependence.update(standardised),
            volatility_annual=np.where(own & np.isfinite(annual), annual, self.volatility_annual),
        )


def bar_volatility(found: HorizonEstimate) -> FloatArray:
    """(N,) log volatility of the next bar."""
    return found.fitted.log_scale_of(1)


def annual_volatility(found: HorizonEstimate, interval_ns: int) -> FloatArray:
    """(N,) forecast of the next bar, scaled to 365 days."""
    return np.asarray(np.exp(bar_volatility(found)) * np.sqrt(365.0 * DAY_NS / interval_ns))


def standardised_bar(found: HorizonEstimate, price: FloatArray) -> FloatArray:
    """(N,) return of the bar that ends in ``price`` over its forecast; NaN after a hole."""
    state = found.fitted.volatility
    step = np.where(state.print_age == 0.0, price - state.last_price, np.nan)
    return np.asarray(step / np.exp(bar_volatility(found)))
