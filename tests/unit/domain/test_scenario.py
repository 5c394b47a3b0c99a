"""Constructor checks of scenario sets."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from plimsoll.domain.scenario import Factor, FactorKind, ScenarioSet, equal_weights
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


def test_factors_of_implied_vol_have_a_tenor_and_prices_have_none() -> None:
    level = Factor(subject="BTC", kind=FactorKind.IMPLIED_VOL_LEVEL, tenor_days=30.0)
    assert level.label == "BTC implied_vol_level 30 d"
    assert Factor(subject="BTC").label == "BTC price"
    for tenor in (None, 0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(UsageError, match="tenor_days"):
            Factor(subject="BTC", kind=FactorKind.IMPLIED_VOL_SKEW, tenor_days=tenor)
    with pytest.raises(UsageError, match="tenor_days"):
        Factor(subject="BTC", tenor_days=30.0)


def test_only_price_shocks_end_at_minus_one() -> None:
    """A log change of -1.5 leaves 22 % of a volatility; a simple return of -1.5 is no price."""
    level = Factor(subject="BTC", kind=FactorKind.IMPLIED_VOL_LEVEL, tenor_days=1.0)
    scenarios = build(
        factors=(Factor(subject="BTC"), level), shocks=np.array([[-0.2, -1.5], [0.2, 0.9]])
    )
    assert scenarios.column(level) == 1
    other = Factor(subject="BTC", kind=FactorKind.IMPLIED_VOL_LEVEL, tenor_days=7.0)
    with pytest.raises(UsageError, match="implied_vol_level 7 d"):
        scenarios.column(other)
