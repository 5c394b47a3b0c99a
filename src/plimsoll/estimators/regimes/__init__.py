"""Regimes of volatility and breaks of its level.

Names stand in `catalogue`, imported on first use (PEP 562).

- `switching`, `fitted_switching`, `regime_forecast`: two volatilities and a Markov chain.
- `cumulated_squares`, `mean_shifts`: dates at which the level of variance changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plimsoll.estimators.regimes.catalogue import *  # noqa: F403
else:

    def __getattr__(name: str) -> Any:
        if name == "__all__" or not name.startswith("__"):
            import plimsoll.estimators.regimes.catalogue as names

            if name == "__all__" or name in names.__all__:
                return getattr(names, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__getattr__("__all__")})
