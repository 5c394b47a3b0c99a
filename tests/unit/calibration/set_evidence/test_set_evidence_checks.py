"""What a set adds to the verdict says nothing of tables that there are not."""

from __future__ import annotations

from plimsoll.calibration.set_evidence.checks import change_check, conflict_check, order_check
from plimsoll.calibration.set_plan import OrderPlan
from plimsoll.domain.evidence import Verdict


def test_a_set_without_tables_proves_no_structure() -> None:
    assert conflict_check(()).verdict is Verdict.NOT_PROVEN


def test_without_rates_in_force_nothing_is_said_of_changes() -> None:
    assert change_check((), None).found == "no rate was in force"


def test_an_order_that_no_two_tables_stand_in_is_not_proven() -> None:
    found = order_check((), OrderPlan(classes=("large", "small")))
    assert found.verdict is Verdict.NOT_PROVEN
    assert "no two tables" in found.found
