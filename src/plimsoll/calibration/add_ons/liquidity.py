"""Liquidity and concentration: figures of the books and of who holds what, as parameters."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.calibration.add_ons.calibrated import AddOnName, CalibratedAddOn, class_default
from plimsoll.calibration.add_ons.grid_steps import bounded, down, up
from plimsoll.domain.finding import Reason
from plimsoll.errors import ParameterError
from plimsoll.estimators.liquidity.margin_figures import AddOnFigures
from plimsoll.margin.add_ons.concentration import ConcentrationParameters
from plimsoll.margin.add_ons.liquidity import LiquidityParameters
from plimsoll.maths.impact_laws import optimal_unwind

FloatArray = NDArray[np.float64]

LARGEST_SHARE = 0.1
"""Of open interest: a holder of more is a concentration."""


def calibrate_liquidity(
    underlying: str,
    figures: AddOnFigures | None,
    *,
    spread_error: float = 0.0,
    volatility_error: float = 0.0,
    impact_error: float = 0.0,
    depth_share: Decimal = Decimal("0.3"),
    participation: Decimal = Decimal("0.1"),
    horizon_hours: Decimal = Decimal(1),
    default: LiquidityParameters | None = None,
) -> CalibratedAddOn:
    """Return spread, volatility and impact of stressed figures, all rounded up.

    Parameters
    ----------
    figures : AddOnFigures or None
        Of `plimsoll.estimators.liquidity.margin_figures.add_on_figures`, stressed; None: the class
        default, with a reason. No figure falls below the class default's where one is given.
    depth_share : Decimal
        Of the displayed depth that is there in a cascade.
    """
    if figures is None:
        held = default or LiquidityParameters()
        return class_default(underlying, AddOnName.LIQUIDITY, held, Reason.NO_DATA)

    def rate(name: str, value: float) -> Decimal:
        least = Decimal(0) if default is None else getattr(default, name)
        return bounded(LiquidityParameters, name, max(up(value), least))

    return CalibratedAddOn(
        underlying=underlying,
        add_on=AddOnName.LIQUIDITY,
        parameters=LiquidityParameters(
            relative_spread=rate("relative_spread", figures.relative_spread),
            daily_volatility=rate("daily_volatility", figures.daily_volatility),
            impact=rate("impact", figures.impact),
            depth_share=depth_share,
            participation=participation,
            horizon_hours=horizon_hours,
        ),
        standard_error={
            "relative_spread": spread_error,
            "daily_volatility": volatility_error,
            "impact": impact_error,
        },
        about="impact raised to cover the books" if figures.impact_raised else "stressed figures",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """How concentrated open interest is.

    Parameters
    ----------
    herfindahl : float
        Sum of squared shares: 1 over the number of equal holders.
    largest_share, top_share : float
        Of the largest holder, and of the largest five.
    days_to_close : float
        Of all of it at the participation.
    """

    herfindahl: float
    largest_share: float
    top_share: float
    days_to_close: float

    @property
    def concentrated(self) -> bool:
        """One holder above a tenth, or more than a day to close."""
        return self.largest_share > LARGEST_SHARE or self.days_to_close > 1.0


def holdings_of(
    open_interest_usd: ArrayLike, *, adv_usd: float, participation: float = 0.1, top: int = 5
) -> Holdings:
    """Return the concentration of what accounts (linked ones together) hold on one side.

    Raises
    ------
    ParameterError

    >>> holdings_of([60.0, 40.0], adv_usd=1_000.0).herfindahl
    0.52
    """
    held = np.sort(np.abs(np.asarray(open_interest_usd, dtype=np.float64)))[::-1]
    total = float(held.sum())
    if not (total > 0.0 and math.isfinite(total) and adv_usd > 0.0):
        raise ParameterError("must be positive", found=(total, adv_usd), field="open_interest_usd")
    share = held / total
    return Holdings(
        herfindahl=float(share @ share),
        largest_share=float(share[0]),
        top_share=float(share[:top].sum()),
        days_to_close=total / (participation * adv_usd),
    )


def calibrate_concentration(
    underlying: str,
    liquidity: LiquidityParameters | None,
    *,
    adv_usd: float | None,
    margin_rate: float,
    holdings: Holdings | None = None,
    largest_size_share: float = 1.0,
    slack: float = 0.25,
    horizon_hours: Decimal = Decimal(1),
    default: ConcentrationParameters | None = None,
) -> CalibratedAddOn:
    """Return the threshold above which the root of size covers what closing costs.

    Closing ``Q`` costs ``u(Q)`` beside the margin ``m`` (`optimal_unwind`). The root law covers it
    at every size if ``m sqrt(Q / T) >= m + u(Q)``, hence the largest threshold is
    ``T = min over Q of Q (m / (m + u(Q)))^2``. It is published as a share of turnover over the
    horizon, rounded down.

    Parameters
    ----------
    margin_rate : float
        Of a small position, m.
    largest_size_share : float
        Sizes up to so many days of turnover are covered; above them limits hold.
    slack : float
        Cost in margins that the liquidity add-on bears alone: sizes that cost less are free.
    holdings : Holdings, optional
        The share of open interest that is no concentration falls as the largest holder has more
        than a tenth of it, and as closing all of it takes more than a day.
    """
    held = default or ConcentrationParameters()
    if liquidity is None or adv_usd is None:
        return class_default(underlying, AddOnName.CONCENTRATION, held, Reason.NO_DATA)
    if not (adv_usd > 0.0 and 0.0 < margin_rate < 1.0):
        raise ParameterError(
            "must be positive, the rate below 1", found=(adv_usd, margin_rate), field="margin_rate"
        )
    threshold = covering_threshold(liquidity, adv_usd, margin_rate, largest_size_share, slack)
    participation = threshold / (adv_usd * float(horizon_hours) / 24.0)
    share = held.open_interest_share
    if holdings is not None:
        crowding = max(1.0, holdings.largest_share / LARGEST_SHARE, holdings.days_to_close)
        share = down(float(share) / crowding)
    kind = ConcentrationParameters
    return CalibratedAddOn(
        underlying=underlying,
        add_on=AddOnName.CONCENTRATION,
        parameters=ConcentrationParameters(
            participation=bounded(kind, "participation", down(participation)),
            horizon_hours=horizon_hours,
            open_interest_share=bounded(kind, "open_interest_share", share),
            margin_rate=bounded(kind, "margin_rate", up(margin_rate)),
            threshold_usd=bounded(kind, "threshold_usd", down(threshold, Decimal(1))),
        ),
        about=f"threshold {threshold:,.0f} USD of {adv_usd:,.0f} USD a day",
    )


def covering_threshold(
    liquidity: LiquidityParameters,
    adv_usd: float,
    margin_rate: float,
    largest_size_share: float = 1.0,
    slack: float = 0.25,
) -> float:
    """Return the largest threshold (dollars) whose root law covers closing at every size.

    Sizes whose unwind costs no more than ``slack`` margins are left to the liquidity add-on; half
    the spread, which any size costs, is no matter of size.
    """
    size = adv_usd * np.geomspace(1e-6, largest_size_share, 400)
    unwind = optimal_unwind(
        size,
        volume=adv_usd,
        volatility=float(liquidity.daily_volatility),
        half_spread=0.0,
        impact=float(liquidity.impact),
        quantile=float(liquidity.quantile),
        covered_days=float(liquidity.horizon_hours) / 24.0,
        participation=float(liquidity.participation),
    )
    bound = size * (margin_rate / (margin_rate + unwind.add_on)) ** 2
    free = unwind.add_on <= slack * margin_rate
    return float(np.min(bound[~free])) if bool((~free).any()) else float(size[-1])
