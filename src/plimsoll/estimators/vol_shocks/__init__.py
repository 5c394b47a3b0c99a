"""How volatility surfaces move over a margin period: what shocks of implied volatility rest on.

Names stand in `catalogue`, imported on first use (PEP 562).

- `history`: features of a pair's surfaces over time, and the window a decision may see.
- `moves`: non-overlapping joint moves of spot and surface over the margin period.
- `weekdays`, `variance_clock`: what weekdays explain, and the clock that removes it.
- `power_law`: how the size of moves falls with maturity.
- `principal_components`, `joint`: the joint distribution, by components and by parameters. The
  function `principal_components` shares its module's name: import it from there.
- `spot_vol`: how spot and volatility move together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plimsoll.estimators.vol_shocks.catalogue import *  # noqa: F403
else:

    def __getattr__(name: str) -> Any:
        if name == "__all__" or not name.startswith("__"):
            import plimsoll.estimators.vol_shocks.catalogue as names

            if name == "__all__" or name in names.__all__:
                return getattr(names, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__getattr__("__all__")})
