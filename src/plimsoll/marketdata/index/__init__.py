"""Index and mark: one price of many venues, a mark from it, and how hard either is to move.

Names stand in `catalogue`, imported on first use (PEP 562).

- `rule`, `events`, `cross_venue`: the index as a state that events change. `composition`: medians.
- `mark`, `mark_rules`: three rules of marking. `time_decayed_ema`, `spaced_samples`: their means.
- `robustness`, `index_shift`, `mark_shift`: the smallest shift of sources that moves either.
- `lead_lag`: which venue moves first. `incidents`: planted feeds of known bad prints.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plimsoll.marketdata.index.catalogue import *  # noqa: F403
else:

    def __getattr__(name: str) -> Any:
        if name == "__all__" or not name.startswith("__"):
            import plimsoll.marketdata.index.catalogue as names

            if name == "__all__" or name in names.__all__:
                return getattr(names, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__getattr__("__all__")})
