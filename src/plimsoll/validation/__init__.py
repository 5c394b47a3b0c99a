"""Proof: tests of forecasts with their power, scores, traffic lights, procyclicality.

Names stand in `catalogue`, imported on first use (PEP 562). Rooms:

- `breaches`: how many, and how they lie in time; `coverage`, `likelihood`: their bare statistics.
- `shortfall`, `densities`: expected shortfall, and whole laws.
- `overlap`, `panels`: horizons that share hours, and many markets clustered by day.
- `monitoring`: e-processes, valid whenever one looks.
- `ranking`: which model is best by score.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plimsoll.validation.catalogue import *  # noqa: F403
else:

    def __getattr__(name: str) -> Any:
        if name == "__all__" or not name.startswith("__"):
            import plimsoll.validation.catalogue as names

            if name == "__all__" or name in names.__all__:
                return getattr(names, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__getattr__("__all__")})
