"""One computed number beside the one that was expected, as cells of a table."""

from __future__ import annotations

import math

from plimsoll.conformance.result import Comparison
from plimsoll.domain.table import Column

DIFFERENCE_COLUMNS = (
    Column(name="expected", title="Expected"),
    Column(name="found", title="Found"),
    Column(name="error", title="Error"),
    Column(name="tolerance", title="Tolerance"),
)


def difference_cells(comparison: Comparison) -> tuple[str, str, str, str]:
    """What was expected, what was found, the error and what was demanded."""
    return (
        number_text(comparison.expected),
        "nothing" if comparison.found is None else number_text(comparison.found),
        error_text(comparison.error),
        comparison.tolerance,
    )


def error_text(error: float) -> str:
    """An error in two digits."""
    return "not comparable" if math.isinf(error) else f"{error:.2g}"


def number_text(value: object) -> str:
    """A number in twelve digits, anything else as it is."""
    return f"{value:.12g}" if isinstance(value, float) else str(value)
