"""Laws that shortfall tests simulate from."""

from __future__ import annotations

import numpy as np
import pytest

from plimsoll.errors import UsageError
from plimsoll.validation import StudentLaw


def test_a_law_needs_a_row_a_horizon() -> None:
    with pytest.raises(UsageError, match="a row a horizon"):
        StudentLaw(mean=0.0, sigma=1.0, degrees_of_freedom=5.0)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="one length"):
        StudentLaw(mean=np.zeros(3), sigma=np.ones(2), degrees_of_freedom=np.full(3, 5.0))
