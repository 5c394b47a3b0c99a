"""Implied-volatility surfaces: fit, freedom from arbitrage, queries, and how well they fit.

Names stand in `catalogue`, imported on first use (PEP 562).

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
    from plimsoll.estimators.surface.catalogue import *  # noqa: F403
else:

    def __getattr__(name: str) -> Any:
        if name == "__all__" or not name.startswith("__"):
            import plimsoll.estimators.surface.catalogue as names

            if name == "__all__" or name in names.__all__:
                return getattr(names, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__getattr__("__all__")})
