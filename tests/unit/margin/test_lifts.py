"""A lifted total is never below its floor, whatever the rounding."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.margin.joint.lifts import lift_to

FLOATS = st.floats(-1e15, 1e15)


@given(FLOATS, FLOATS)
def test_never_below_and_hardly_above(total: float, least: float) -> None:
    lift = lift_to(np.array([total]), np.array([least]))
    reached = total + lift
    assert reached[0] >= least
    assert lift[0] >= 0.0
    size = max(abs(total), abs(least), float(lift[0]))
    assert reached[0] <= max(total, least) + 2 * np.spacing(size)
