"""Public examinations for authors of plug-ins: what a margin model must hold, tried on books.

    findings = check_margin_model(MyMargin(), parameters, snapshot, instruments)
    assert_margin_model(MyMargin(), parameters, snapshot, instruments)

What a model need not hold (`OPTIONAL`) is promised or not; a promise that it does not make is named
in a finding, never passed over. Names stand in `catalogue`, imported on first use (PEP 562).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plimsoll.testing.catalogue import *  # noqa: F403
else:

    def __getattr__(name: str) -> Any:
        if name == "__all__" or not name.startswith("__"):
            import plimsoll.testing.catalogue as names

            if name == "__all__" or name in names.__all__:
                return getattr(names, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__getattr__("__all__")})
