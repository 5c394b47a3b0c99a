"""Margin models: what each account must hold.

Every model is a `MarginModel`: ``model.prepare(snapshot, parameters, instruments)`` does what does
not depend on accounts, and ``.requirements(book)`` answers for any book. Names stand in
`catalogue`, imported on first use (PEP 562).

- positions one by one: `TieredMargin`, `SizeTieredMargin`, `DydxMargin`, `DriftMargin`,
  `VegaMargin`, `DeribitStandardMargin`.
- grids of scenarios: `DeribitPortfolioMargin`, `ParadexPortfolioMargin`, `OkxMargin`, `SpanMargin`,
  `BybitMargin`, `DerivePmrm1`, `DerivePmrm2`, `DeriveSrm`.
- distributions: `SimulationMargin`, `GreeksMargin`, `ExposureMargin`.
- of other models: `HybridMargin`, `WithAddOns`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plimsoll.margin.catalogue import *  # noqa: F403
else:

    def __getattr__(name: str) -> Any:
        if name == "__all__" or not name.startswith("__"):
            import plimsoll.margin.catalogue as names

            if name == "__all__" or name in names.__all__:
                return getattr(names, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__getattr__("__all__")})
