"""Tiers from the liquidation-cost curve: caps, rates, limits, and what splitting would save.

Names stand in `catalogue`, imported on first use (PEP 562).

- `requirement`: R(N), what a position of size N needs. `class_liquidity`: cost without volume.
- `grid`, `sizes`: what a venue can publish; what a mean margin is over.
- `fit`: the cheapest ladder that covers R, and how many tiers it takes; searched by
  `marginal_search` and `whole_search` over the arrays of `search_problem`.
- `ladder`, `splitting`, `open_interest`: margin by size, over accounts, with open interest.
- `parameters`: what is published, and tables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plimsoll.calibration.tiers.catalogue import *  # noqa: F403
else:

    def __getattr__(name: str) -> Any:
        if name == "__all__" or not name.startswith("__"):
            import plimsoll.calibration.tiers.catalogue as names

            if name == "__all__" or name in names.__all__:
                return getattr(names, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__getattr__("__all__")})
