"""Public examinations for authors of plug-ins: what a margin model must hold, tried on books.

    findings = check_margin_model(MyMargin(), parameters, snapshot, instruments)
    assert_margin_model(MyMargin(), parameters, snapshot, instruments)

What a model need not hold (`OPTIONAL`) is promised or not; a promise that it does not make is named
in a finding, never passed over. Names are imported on first use (PEP 562).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plimsoll.testing.generated_books import BookRules, generated_book
    from plimsoll.testing.margin_case import MarginCase, RescaledCase, Tolerance
    from plimsoll.testing.margin_findings import MarginFinding, Verdict
    from plimsoll.testing.margin_model import assert_margin_model, check_margin_model
    from plimsoll.testing.margin_properties import ALWAYS, OPTIONAL, MarginProperty

__all__ = [
    "ALWAYS",
    "OPTIONAL",
    "BookRules",
    "MarginCase",
    "MarginFinding",
    "MarginProperty",
    "RescaledCase",
    "Tolerance",
    "Verdict",
    "assert_margin_model",
    "check_margin_model",
    "generated_book",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from plimsoll.testing import catalogue

    return getattr(catalogue, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
