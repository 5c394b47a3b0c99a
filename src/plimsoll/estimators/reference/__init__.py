"""Forecasters of the loss distribution over a horizon, for all markets of a panel.

Names stand in `catalogue`, imported on first use (PEP 562). A forecaster is whatever has a name, a
title and ``paths(panel, horizon_hours)``. `methods.METHODS` lists those that are compared, and
`forecast.forecast` makes forecasts as they were known: import them from their modules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plimsoll.estimators.reference.catalogue import *  # noqa: F403
else:

    def __getattr__(name: str) -> Any:
        if name == "__all__" or not name.startswith("__"):
            import plimsoll.estimators.reference.catalogue as names

            if name == "__all__" or name in names.__all__:
                return getattr(names, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__getattr__("__all__")})
