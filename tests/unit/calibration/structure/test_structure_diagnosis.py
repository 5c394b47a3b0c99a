"""Which rules conflict, and the smallest way out, on problems small enough to do by hand."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from plimsoll.calibration.structure import (
    GovernedVariable,
    InfeasibleProblemError,
    LinearRule,
    Sense,
    TableRule,
    coverage_need_rule,
    diagnose,
    link_rule,
    need_rule,
    solve_set,
)
from plimsoll.domain.parameters import Unit

RATE, INITIAL = "DOGE/tier[0].maintenance_rate", "DOGE/tier[0].initial_rate"
NEEDS = {0.95: 0.30, 0.97: 0.40, 0.98: 0.49, 0.99: 0.54}


def variable(key: str, upper: str = "1", **more: object) -> GovernedVariable:
    return GovernedVariable(
        key=key, unit=Unit.FRACTION, lower=D(0), upper=D(upper), step=D("0.005"), **more
    )


def test_a_maximum_below_the_need_is_raised_or_the_coverage_lowered() -> None:
    (found,) = diagnose((variable(RATE, "0.50"),), (coverage_need_rule(RATE, NEEDS, 0.99),))
    assert set(found.conflict) == {f"{RATE}: maximum", f"{RATE}: need"}
    advice = {a.rule: a for a in found.alternatives}
    assert advice[f"{RATE}: maximum"].new == D("0.54")
    assert advice[f"{RATE}: maximum"].advice == f"raise the maximum of {RATE} from 0.50 to 0.54"
    # Linear between 98 % at 0.49 and 99 % at 0.54: 0.50 covers 98.2 %.
    assert advice[f"{RATE}: need"].advice == f"lower the coverage of {RATE} from 99 % to 98.2 %"


def test_three_rules_conflict_only_together() -> None:
    rules = (
        need_rule(RATE, D("0.45")),
        link_rule(RATE, INITIAL, D("0.5")),
        LinearRule(
            name="ceiling",
            coefficients=((INITIAL, D(1)),),
            sense=Sense.AT_MOST,
            bound=D("0.8"),
            text="IM of DOGE is at most 0.8",
        ),
        need_rule(INITIAL, D("0.1")),
    )
    with pytest.raises(InfeasibleProblemError) as caught:
        solve_set((variable(RATE), variable(INITIAL)), rules, {RATE: 0.45, INITIAL: 0.9})
    found = caught.value.diagnosis
    assert set(found.conflict) == {
        "ceiling",
        f"{RATE}: need",
        f"{RATE}: link to {INITIAL}",
    }
    assert {a.rule: a.amount for a in found.alternatives} == {
        "ceiling": D("0.1"),
        f"{RATE}: need": D("0.05"),
        f"{RATE}: link to {INITIAL}": D("0.05"),
    }
    assert "let DOGE/tier[0].maintenance_rate exceed 0.5 x" in str(caught.value)


def test_two_separate_conflicts_need_two_relaxations() -> None:
    rules = (
        need_rule(RATE, D("0.6")),
        need_rule(INITIAL, D("0.7")),
        link_rule(RATE, INITIAL, D("1")),
    )
    variables = (variable(RATE, "0.5"), variable(INITIAL, "0.65"))
    (found,) = diagnose(variables, rules)
    assert found.alternatives == ()
    assert {r.rule.split(": ")[0] for r in found.smallest} == {RATE, INITIAL}
    assert sum(r.amount for r in found.smallest) == D("0.15")
    assert "These together are the least:" in str(found)


def test_parts_that_no_rule_connects_are_diagnosed_apart() -> None:
    rules = (need_rule(RATE, D("0.6")), need_rule(INITIAL, D("0.7")))
    found = diagnose((variable(RATE, "0.5"), variable(INITIAL, "0.5")), rules)
    assert [d.conflict for d in found] == [
        (f"{INITIAL}: need", f"{INITIAL}: maximum"),
        (f"{RATE}: need", f"{RATE}: maximum"),
    ]


def test_a_feasible_problem_has_no_diagnosis() -> None:
    assert diagnose((variable(RATE),), (need_rule(RATE, D("0.6")),)) == ()


def test_a_bound_that_may_not_move_is_not_proposed() -> None:
    held = variable(RATE, "0.5", bounds_relaxable=False)
    (found,) = diagnose((held,), (need_rule(RATE, D("0.6")),))
    assert [a.rule for a in found.alternatives] == [f"{RATE}: need"]


def test_what_nobody_may_relax_is_said() -> None:
    held = variable(RATE, "0.5", bounds_relaxable=False)
    table = TableRule(name="table", keys=(RATE,), rows=((D("0.6"),),), text="rate of the table")
    (found,) = diagnose((held,), (table,))
    assert set(found.conflict) == {"table", f"{RATE}: maximum"}
    assert str(found).endswith("No rule among them may be relaxed.")


def test_a_value_that_stands_takes_part() -> None:
    (found,) = diagnose((variable(RATE),), (need_rule(RATE, D("0.6")),), fixed={RATE: D("0.5")})
    assert set(found.conflict) == {f"{RATE}: need", f"{RATE}: stands"}
    assert f"let {RATE} move from 0.5 to 0.6" in [a.advice for a in found.alternatives]
