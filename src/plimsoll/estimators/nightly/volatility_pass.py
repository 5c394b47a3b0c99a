"""First part of the night: volatility and risk of all markets, and their standardised returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.field_summary import field_summary
from plimsoll.domain.finding import Reason
from plimsoll.domain.market import MarketHistory
from plimsoll.domain.ports import Progress
from plimsoll.estimators.nightly.horizon_estimate import HorizonEstimate, horizon_estimate
from plimsoll.estimators.nightly.market_reasons import listing_reasons
from plimsoll.estimators.nightly.scale_errors import log_volatility_error
from plimsoll.estimators.nightly.scale_paths import ScalePaths, scale_paths, standardised_returns
from plimsoll.estimators.nightly.settings import NightlySettings
from plimsoll.estimators.nightly.young_rows import age_days
from plimsoll.estimators.reference.panel import ReturnsPanel, returns_panel

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VolatilityPass:
    """What the other parts are made from.

    Parameters
    ----------
    panel : ReturnsPanel
    classes : tuple of N str
    age_days : (N,) float64
    paths : ScalePaths
    horizons : tuple of HorizonEstimate
        As the forecaster says, whatever the ``listing``.
    standardised : (R, N) float64
        One-bar returns over the volatility forecast before them.
    volatility_log_error : (N,) float64
    listing : tuple of N Reason or None
        What no model can help.
    """

    panel: ReturnsPanel
    classes: tuple[str, ...]
    age_days: FloatArray
    paths: ScalePaths
    horizons: tuple[HorizonEstimate, ...]
    standardised: FloatArray
    volatility_log_error: FloatArray
    listing: tuple[Reason | None, ...]

    __repr__ = field_summary


def volatility_pass(
    history: MarketHistory,
    settings: NightlySettings,
    classes: Mapping[str, str],
    progress: Progress,
    label: str,
) -> VolatilityPass:
    """Run the forecaster over every horizon on one pass of volatilities."""
    blend, days = settings.blend, settings.recent_days
    progress.start(label, len(settings.horizons_hours) + 1)
    try:
        panel = returns_panel(history)
        paths = scale_paths(panel, blend, days * panel.bars_per_day)
        progress.advance()
        fits = []
        for hours in settings.horizons_hours:
            fits.append(horizon_estimate(panel, paths, blend, hours, days))
            progress.advance()
    finally:
        progress.finish()
    first, weights = fits[0]
    standardised = standardised_returns(panel, paths, weights, blend.reach)
    decays = first.fitted.decays
    return VolatilityPass(
        panel=panel,
        classes=tuple(classes.get(market, "") for market in panel.markets),
        age_days=age_days(history, panel.price, int(panel.time_ns[-1])),
        paths=paths,
        horizons=tuple(found for found, _ in fits),
        standardised=standardised,
        volatility_log_error=log_volatility_error(
            standardised, weights[-1], decays, paths.state.bars_seen
        ),
        listing=listing_reasons(panel, history, paths.first_bar, blend.longest_hole_hours),
    )
