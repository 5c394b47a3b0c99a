"""Governed fields: bounds, and the way into a parameter set and back."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import pytest

from plimsoll.domain.parameters import Unit, parameter_set
from plimsoll.errors import ParameterError, UsageError
from plimsoll.margin.governed import check_bounds, from_set, governance, governed, to_parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Two governed fields and one that is not."""

    price_range: Decimal = governed(
        Unit.FRACTION, "0.05", "1", grid="0.01", about="largest price move"
    )
    factor: Decimal = governed(Unit.FRACTION, 0, 2, about="factor", default="0.8")
    name: str = "sample"

    def __post_init__(self) -> None:
        check_bounds(self, "Sample")


def _set_of(sample: Sample) -> object:
    return parameter_set(
        venue="v",
        valid_from="2026-01-01T00:00:00Z",
        parameters=to_parameters(sample, "BTC", owner="risk"),
        seed=1,
        data_digest="0" * 64,
        problem_digest="0" * 64,
        code_version="1",
        label="SYNTHETIC",
    )


def test_into_a_set_and_back() -> None:
    sample = Sample(price_range=Decimal("0.16"), factor=Decimal("0.75"))
    held = _set_of(sample)
    assert from_set(Sample, held, "BTC") == sample  # type: ignore[arg-type]
    rule = governance(Sample)["price_range"]
    assert (rule.lower, rule.upper, rule.grid) == (Decimal("0.05"), Decimal(1), Decimal("0.01"))
    assert list(governance(sample)) == ["price_range", "factor"]


def test_a_missing_field_is_named() -> None:
    held = _set_of(Sample(price_range=Decimal("0.16")))
    with pytest.raises(UsageError, match="ETH/price_range"):
        from_set(Sample, held, "ETH")  # type: ignore[arg-type]


@pytest.mark.parametrize("value", ["0.04", "1.01", "NaN", "Infinity"])
def test_values_beyond_their_bounds_are_refused(value: str) -> None:
    with pytest.raises(ParameterError, match=r"Sample\.price_range"):
        Sample(price_range=Decimal(value))


@pytest.mark.parametrize("value", ["0.05", "1"])
def test_bounds_themselves_hold(value: str) -> None:
    assert Sample(price_range=Decimal(value)).price_range == Decimal(value)
