"""Jumps: flags, laws with jumps, and events that excite each other.

Names stand in `catalogue`, imported on first use (PEP 562).

- `lee_mykland`, `bipower_threshold`: which returns are jumps.
- `merton`, `kou`, `jump_presence`: laws of returns with jumps, and whether there are any.
- `event_times`, `hawkes`, `fitted_hawkes`: clusters of large moves and liquidations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plimsoll.estimators.jumps.catalogue import *  # noqa: F403
else:

    def __getattr__(name: str) -> Any:
        if name == "__all__" or not name.startswith("__"):
            import plimsoll.estimators.jumps.catalogue as names

            if name == "__all__" or name in names.__all__:
                return getattr(names, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__getattr__("__all__")})
