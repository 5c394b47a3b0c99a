"""What implied volatility says: features of surfaces, a model-free index, risk premia.

Names stand in `catalogue`, imported on first use (PEP 562).

- `features`: level, skew, curvature, risk reversals and butterflies at constant maturity.
- `term_structure`: levels, slopes, forward variance between expiries.
- `variance_strip`, `smile_strip`, `vol_index`: model-free variance by strip, and the index. The
  function `vol_index` shares its module's name: import it from there.
- `realised`, `risk_premium`: realised volatility, and what implied paid over it.
- `delta_strikes`: strikes at deltas, of many smiles at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plimsoll.estimators.implied.catalogue import *  # noqa: F403
else:

    def __getattr__(name: str) -> Any:
        if name == "__all__" or not name.startswith("__"):
            import plimsoll.estimators.implied.catalogue as names

            if name == "__all__" or name in names.__all__:
                return getattr(names, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__getattr__("__all__")})
