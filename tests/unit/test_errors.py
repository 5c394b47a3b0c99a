"""Messages name the field, what was found, the row and the remedy, whatever was found."""

from __future__ import annotations

import numpy as np
import pytest

from plimsoll.errors import UsageError


@pytest.mark.parametrize(
    ("found", "shown"),
    [
        (0.0, ", found 0.0"),
        (None, ", found None"),
        ("", ""),
        (np.array([1.0, -2.0]), ", found array([ 1., -2.])"),
        (np.array([]), ", found array([], dtype=float64)"),
    ],
)
def test_what_was_found_is_shown(found: object, shown: str) -> None:
    message = str(UsageError("must rise", found=found, field="years", row=3, remedy="sort them"))
    assert message == f"years: must rise{shown} (row 3); sort them"
