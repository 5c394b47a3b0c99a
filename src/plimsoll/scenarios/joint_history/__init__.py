"""Joint filtered history: what many markets can do together over a margin period.

    prices = price_rows(history, {"BTCUSDT": "BTC", "ETHUSDT": "ETH"})
    panel = filtered_panel(prices, VarianceRecursion.ewma(half_life_bars=300))
    found = joint_scenarios(panel, Simulation(horizon_bars=24, count=1_000, seed=1))
    found.scenarios, found.reasons

Names stand in `catalogue`, imported on first use (PEP 562).

- `recursion`, `rules`, `prices`, `filtering`, `holes`: from prices to a panel without holes.
- `simulation`: both variants of filtered historical simulation.
- `monte_carlo`: the second leg, from a fitted law.
- `legs`: mixtures with stressed windows and broken dependence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plimsoll.scenarios.joint_history.catalogue import *  # noqa: F403
else:

    def __getattr__(name: str) -> Any:
        if name == "__all__" or not name.startswith("__"):
            import plimsoll.scenarios.joint_history.catalogue as names

            if name == "__all__" or name in names.__all__:
                return getattr(names, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__getattr__("__all__")})
