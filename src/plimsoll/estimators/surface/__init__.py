"""Implied-volatility surfaces: fit, freedom from arbitrage, queries, and how well they fit.

Names are imported on first use (PEP 562).

- fit: `fit_surface`, `fit_surfaces` with `SurfaceSettings`; from a stream: `update_surface`.
- ask: `at_strike`, `at_moneyness`, `forward_at`, `standard_error`; deltas: `strike_at_delta`,
  `moneyness_at_delta`, `delta_at_moneyness`.
- move: `moved_volatility` under a `SmileDynamics`.
- judge: `arbitrage_report`, `fit_quality`, `pooled`, `surface_checks`, `pooled_checks`.
- publish: `published_smile`, `smile_moves`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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
    from plimsoll.estimators.surface.update_quotes import (
        StreamedQuotes,
        SurfaceUpdate,
        UpdateStatus,
    )

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


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from plimsoll.estimators.surface import catalogue

    return getattr(catalogue, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
