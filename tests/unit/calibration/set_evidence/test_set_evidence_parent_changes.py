"""A set is held against its parent: unit, sign, and a factor of ten, each named."""

from __future__ import annotations

from decimal import Decimal

import pytest

from plimsoll.calibration.set_evidence.parent_changes import parent_check
from plimsoll.domain.evidence import Verdict
from plimsoll.domain.parameters import Origin, Parameter, ParameterSet, Unit, parameter_set


def one(value: str, unit: Unit = Unit.FRACTION, name: str = "fee") -> ParameterSet:
    parameter = Parameter(
        market="B",
        name=name,
        value=Decimal(value),
        unit=unit,
        lower=Decimal(-100),
        upper=Decimal(10_000),
        owner="risk",
        origin=Origin.CALIBRATED,
    )
    return parameter_set(
        venue="v",
        valid_from="2024-01-01T00:00:00Z",
        parameters=(parameter,),
        seed=0,
        data_digest="",
        problem_digest="",
        code_version="",
        label="",
        parent=None,
    )


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (one("0.01"), one("0.11"), "B/fee from 0.01 to 0.11, a factor of 11"),
        (one("0.11"), one("0.01"), "B/fee from 0.11 to 0.01"),
        (one("0.01"), one("-0.01"), "B/fee changes sign"),
        (one("0.01"), one("0.01", Unit.USD), "B/fee is in"),
        (one("0.01", name="tier[0].cap_usd"), one("0.01", Unit.USD, "tier[0].cap_usd"), "is in"),
    ],
)
def test_a_change_no_set_may_carry_is_a_breach_by_name(
    old: ParameterSet, new: ParameterSet, says: str
) -> None:
    found = parent_check(new, old)
    assert found.verdict is Verdict.BREACH
    assert says in found.found


@pytest.mark.parametrize(("old", "new"), [("0.01", "0.1"), ("0", "5"), ("5", "0"), ("-1", "-2")])
def test_sound_changes_hold(old: str, new: str) -> None:
    assert parent_check(one(new), one(old)).verdict is Verdict.HOLDS
