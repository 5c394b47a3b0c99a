"""Liquidity: what closing a position costs, from books, or from bars where there are none.

Names stand in `catalogue`, imported on first use (PEP 562).

- `spreads`: quoted, effective and realised spread; exogenous cost.
- `cost_curve`: depth, the book-walk cost curve c(Q) with its uncertainty.
- `impact`: square-root law, Kyle's lambda.
- `order_flow`: order-flow imbalance and its slope. `recovery`: resilience after large trades.
- `bars`: spread, turnover and illiquidity of hundreds of markets from bars.
- `estimate`, `streams`: one result per market, for margin, kept up to date.
- `open_interest`, `manipulation`: concentration, days to liquidate, the price of an index.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plimsoll.estimators.liquidity.catalogue import *  # noqa: F403
else:

    def __getattr__(name: str) -> Any:
        if name == "__all__" or not name.startswith("__"):
            import plimsoll.estimators.liquidity.catalogue as names

            if name == "__all__" or name in names.__all__:
                return getattr(names, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__getattr__("__all__")})
