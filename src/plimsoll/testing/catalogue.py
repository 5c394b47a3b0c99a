"""Every public name of the examinations, loaded: what the package imports on first use."""

from __future__ import annotations

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
