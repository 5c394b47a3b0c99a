"""A venue's next set as one programme: rules, grids, freezing, diagnosis, schedule.

Names stand in `catalogue`, imported on first use (PEP 562).

- `variables`, `rules`: what may move and what must hold; `tier_rules`, `market_rules` build them.
- `solution`: the nearest jointly feasible set on the grids at least cost; `exact` checks it.
- `freezing`: changes that are noise are not made, and the problem is solved again.
- `scheduling`: dated feasible sets under step limits and notice.
- `diagnosis`, `infeasible`: which rules conflict, and the smallest relaxations.
- `change_check`: units and size of changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plimsoll.calibration.structure.catalogue import *  # noqa: F403
else:

    def __getattr__(name: str) -> Any:
        if name == "__all__" or not name.startswith("__"):
            import plimsoll.calibration.structure.catalogue as names

            if name == "__all__" or name in names.__all__:
                return getattr(names, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__getattr__("__all__")})
