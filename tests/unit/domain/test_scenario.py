"""Constructor checks of scenario sets."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from plimsoll.domain.scenario import Factor, ScenarioSet, equal_weights
from plimsoll.errors import UsageError


def build(**changes: Any) -> ScenarioSet:
    fields: dict[str, Any] = {
        "names": ("down", "up"),
        "factors": (Factor(subject="BTC"), Factor(subject="ETH")),
        "shocks": np.array([[-0.2, -0.3], [0.2, 0.3]]),
        "weights": equal_weights(2),
    }
    return ScenarioSet(**(fields | changes))


def test_a_set() -> None:
    scenarios = build()
    assert len(scenarios) == 2
    assert scenarios.column(Factor(subject="ETH")) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("names", ("up", "up")),
        ("names", ()),
        ("factors", (Factor(subject="BTC"), Factor(subject="BTC"))),
        ("shocks", np.zeros((2, 3))),
        ("shocks", np.array([[0.0, np.nan], [0.0, 0.0]])),
        ("shocks", np.array([[0.0, -1.0], [0.0, 0.0]])),
        ("weights", np.array([0.5, 0.6])),
        ("weights", np.array([-0.5, 1.5])),
        ("weights", np.array([1.0])),
    ],
)
def test_refusals_name_the_field(field: str, value: object) -> None:
    with pytest.raises(UsageError, match=field):
        build(**{field: value})


def test_a_factor_without_shocks_is_not_taken_as_unmoved() -> None:
    with pytest.raises(UsageError, match="zeros if it shall not move"):
        build().column(Factor(subject="SOL"))


def test_shocks_are_read_only() -> None:
    with pytest.raises(ValueError, match="read-only"):
        build().shocks[0, 0] = 1.0
