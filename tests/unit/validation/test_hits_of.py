"""Losses and value-at-risk that do not belong together are refused by name."""

from __future__ import annotations

import numpy as np
import pytest

from plimsoll.errors import UsageError
from plimsoll.validation import hits_of


def test_hits_of_series_that_do_not_belong_together_are_refused() -> None:
    with pytest.raises(UsageError, match=r"value_at_risk: .* losses, \(3,\), found \(2,\)"):
        hits_of([0.01, 0.02, 0.03], [0.02, 0.02])
    with pytest.raises(UsageError, match=r"must not be negative, found -0\.02; .*sign"):
        hits_of([0.01, 0.02, 0.03], [0.02, -0.02, np.nan])
    assert hits_of([0.01, 0.02, 0.03], 0.02).tolist() == [0.0, 0.0, 1.0]
