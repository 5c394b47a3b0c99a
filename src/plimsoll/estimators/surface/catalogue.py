"""Every name of surfaces, loaded: what the package imports on first use."""

from __future__ import annotations

from plimsoll.estimators.surface.arbitrage import ArbitrageReport, arbitrage_report
from plimsoll.estimators.surface.delta import (
    DeltaConvention,
    convention_of,
    delta_at_moneyness,
    moneyness_at_delta,
    strike_at_delta,
)
from plimsoll.estimators.surface.dynamics import (
    SmileDynamics,
    moved_volatility,
    volatility_slope_in_forward,
)
from plimsoll.estimators.surface.fit import fit_surface, fit_surfaces
from plimsoll.estimators.surface.fit_bounds import pooled_checks, surface_checks
from plimsoll.estimators.surface.fit_result import FitPath, SmileFit, SurfaceFit
from plimsoll.estimators.surface.moves import SmileMoves, smile_moves
from plimsoll.estimators.surface.published import PublishedSmile, published_smile
from plimsoll.estimators.surface.quality import FitQuality, PooledQuality, fit_quality, pooled
from plimsoll.estimators.surface.query import (
    SurfaceValues,
    at_moneyness,
    at_strike,
    forward_at,
    standard_error,
    tau_years,
)
from plimsoll.estimators.surface.settings import SurfaceSettings
from plimsoll.estimators.surface.update import carried_surface, update_surface
from plimsoll.estimators.surface.update_quotes import StreamedQuotes, SurfaceUpdate, UpdateStatus

__all__ = [
    "ArbitrageReport",
    "DeltaConvention",
    "FitPath",
    "FitQuality",
    "PooledQuality",
    "PublishedSmile",
    "SmileDynamics",
    "SmileFit",
    "SmileMoves",
    "StreamedQuotes",
    "SurfaceFit",
    "SurfaceSettings",
    "SurfaceUpdate",
    "SurfaceValues",
    "UpdateStatus",
    "arbitrage_report",
    "at_moneyness",
    "at_strike",
    "carried_surface",
    "convention_of",
    "delta_at_moneyness",
    "fit_quality",
    "fit_surface",
    "fit_surfaces",
    "forward_at",
    "moneyness_at_delta",
    "moved_volatility",
    "pooled",
    "pooled_checks",
    "published_smile",
    "smile_moves",
    "standard_error",
    "strike_at_delta",
    "surface_checks",
    "tau_years",
    "update_surface",
    "volatility_slope_in_forward",
]
