"""The joint programme on small venues whose answer is known."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from plimsoll.calibration.structure import (
    GovernedVariable,
    Tightening,
    Weights,
    bonus_within_threshold,
    budget_rule,
    check_set,
    class_ordering,
    factor_and_haircut,
    floor_rule,
    leverage_table,
    link_rule,
    loan_below_threshold,
    monotone_tiers,
    need_rule,
    reaction_rule,
    solve_set,
    structure_parameters,
    tier_key,
    tier_step_maximum,
    variable_of,
)
from plimsoll.domain.parameters import Origin, Unit
from plimsoll.errors import ParameterError

LEVERAGES = tuple(D(x) for x in (1, 2, 3, 4, 5, 10, 20, 50))


def rate(key: str, upper: str = "1", step: str = "0.005", **more: object) -> GovernedVariable:
    return GovernedVariable(
        key=key, unit=Unit.FRACTION, lower=D(0), upper=D(upper), step=D(step), **more
    )


def leverage(key: str) -> GovernedVariable:
    return GovernedVariable(
        key=key,
        unit=Unit.LEVERAGE,
        lower=D(1),
        upper=D(50),
        values=LEVERAGES,
        tightens=Tightening.FALLING,
    )


def test_a_need_is_covered_by_the_next_value_of_the_grid() -> None:
    solved = solve_set((rate("B/r"),), (need_rule("B/r", 0.0312),), {"B/r": 0.0312})
    assert solved.values == {"B/r": D("0.035")}


def test_a_tie_goes_to_the_tighter_value() -> None:
    assert solve_set((rate("B/r"),), (), {"B/r": 0.0325}).values == {"B/r": D("0.035")}
    loose = rate("B/r", tightens=Tightening.FALLING)
    assert solve_set((loose,), (), {"B/r": 0.0325}).values == {"B/r": D("0.030")}


def test_leverage_and_rates_of_two_tiers_together() -> None:
    m, i, x = ([tier_key("B", t, n) for t in (0, 1)] for n in ("m", "i", "x"))
    variables = (
        *(rate(k) for k in m),
        *(rate(k, step="0.000001") for k in i),
        *(leverage(k) for k in x),
    )
    rules = (
        *monotone_tiers("B", 2, rates=("m", "i"), leverage="x"),
        *(link_rule(a, b, D("0.5")) for a, b in zip(m, i, strict=True)),
        *(leverage_table(a, b, LEVERAGES) for a, b in zip(i, x, strict=True)),
        *tier_step_maximum(m, D("0.02")),
        need_rule(m[0], 0.021),
        need_rule(m[1], 0.081),
        reaction_rule(m[0], i[0], 0.01),
    )
    target = {m[0]: 0.021, m[1]: 0.081, i[0]: 0.05, i[1]: 0.17}
    solved = solve_set(variables, rules, target).values
    # 0.085 covers 0.081; the first tier is at most 0.02 below; 0.065 / 0.5 and 0.085 / 0.5 need
    # 0.13 and 0.17, and the offered leverages are 5x = 0.2 for both.
    assert [solved[k] for k in m] == [D("0.065"), D("0.085")]
    assert [solved[k] for k in i] == [D("0.200000")] * 2
    assert [solved[k] for k in x] == [D(5), D(5)]


def test_the_link_may_be_an_equality() -> None:
    rules = (link_rule("B/m", "B/i", D("0.5"), equality=True), need_rule("B/m", 0.02))
    solved = solve_set((rate("B/m"), rate("B/i")), rules, {"B/m": 0.02, "B/i": 0.075})
    assert solved.values["B/i"] == 2 * solved.values["B/m"]


def test_a_budget_makes_the_cheaper_market_give_way() -> None:
    variables = (rate("A/cap"), rate("B/cap"))
    rules = (budget_rule("pool", {"A/cap": D(1), "B/cap": D(1)}, D("0.5")),)
    weights = Weights(distance=1.0, margin={"A/cap": -10.0, "B/cap": -1.0})
    solved = solve_set(variables, rules, {"A/cap": 0.4, "B/cap": 0.4}, weights).values
    assert solved == {"A/cap": D("0.400"), "B/cap": D("0.100")}


def test_a_soft_need_is_missed_where_covering_it_costs_more() -> None:
    held = (rate("B/r"),)
    for soft, expected in ((0.5, "0.030"), (2.0, "0.050")):
        rules = (need_rule("B/r", 0.05, soft_cost=soft),)
        solved = solve_set(held, rules, {"B/r": 0.03})
        assert solved.values["B/r"] == D(expected)
        assert bool(solved.missed) == (soft < 1.0)


def test_churn_keeps_what_is_in_force() -> None:
    held = (rate("B/r", current=D("0.040"), standard_error=D("0.01")),)
    assert solve_set(held, (), {"B/r": 0.05}, Weights(churn=0.9)).values["B/r"] == D("0.050")
    assert solve_set(held, (), {"B/r": 0.05}, Weights(churn=1.1)).values["B/r"] == D("0.040")


def test_large_markets_are_not_above_small_ones() -> None:
    keys = ("BTC/r", "ETH/r", "DOGE/r")
    rules = (*class_ordering((keys[:2], keys[2:])), need_rule("ETH/r", 0.08))
    solved = solve_set([rate(k) for k in keys], rules, {"BTC/r": 0.02, "ETH/r": 0.08, "DOGE/r": 0})
    assert solved.values == {"BTC/r": D("0.020"), "ETH/r": D("0.080"), "DOGE/r": D("0.080")}


def test_collateral_and_lending_rules() -> None:
    keys = ("E/factor", "E/haircut", "E/ltv", "E/threshold", "E/bonus")
    rules = (
        factor_and_haircut("E/factor", "E/haircut"),
        loan_below_threshold("E/ltv", "E/threshold", D("0.05")),
        bonus_within_threshold("E/threshold", "E/bonus", D("0.95")),
        need_rule("E/haircut", 0.121),
        need_rule("E/bonus", 0.08),
        floor_rule("credit", {"E/ltv": D(1)}, D("0.8")),
    )
    target = dict(zip(keys, (0.9, 0.1, 0.85, 0.9, 0.08), strict=True))
    variables = [rate(k, step="0.01") for k in keys]
    solved = solve_set(variables, rules, target).values
    assert solved["E/haircut"] == D("0.13")
    assert solved["E/factor"] == D("0.87")
    assert solved["E/threshold"] == D("0.87")
    assert solved["E/ltv"] == D("0.82")
    assert check_set(variables, rules, solved) == ()


def test_a_set_is_checked_in_exact_arithmetic() -> None:
    # 0.1 + 0.2 > 0.3 in binary; in decimals it is not.
    variables = [rate(k, step="0.1") for k in ("A/x", "B/x")]
    rules = (budget_rule("pool", {"A/x": D(1), "B/x": D(1)}, D("0.3")),)
    assert check_set(variables, rules, {"A/x": D("0.1"), "B/x": D("0.2")}) == ()
    (missed,) = check_set(variables, rules, {"A/x": D("0.2"), "B/x": D("0.2")})
    assert missed.name == "pool"
    assert missed.amount == pytest.approx(0.1, abs=1e-15)
    (off,) = check_set(variables, (), {"A/x": D("0.15"), "B/x": D("0.2")})
    assert off.name == "A/x"


def test_values_become_parameters_and_back() -> None:
    held = rate("B/r", upper="0.05", standard_error=D("0.002"), owner="desk")
    (found,) = structure_parameters((held,), {"B/r": D("0.050")})
    assert (found.key, found.origin, found.grid) == ("B/r", Origin.BOUND, D("0.005"))
    (frozen,) = structure_parameters((held,), {"B/r": D("0.030")}, frozen={"B/r"})
    assert frozen.origin is Origin.FROZEN
    again = variable_of(found)
    assert (again.current, again.upper, again.owner) == (D("0.050"), D("0.05"), "desk")


def test_wrong_use_is_refused() -> None:
    held = rate("B/r")
    with pytest.raises(ParameterError, match="must have a target"):
        solve_set((held,), (), {})
    with pytest.raises(ParameterError, match="keys of variables"):
        solve_set((held,), (), {"B/r": 0.1, "C/r": 0.1})
    with pytest.raises(ParameterError, match="must occur once"):
        solve_set((held, held), (), {"B/r": 0.1})
    with pytest.raises(ParameterError, match="declared variables"):
        solve_set((held,), (need_rule("C/r", 0.1),), {"B/r": 0.1})
    with pytest.raises(ParameterError, match="a value of its grid"):
        GovernedVariable(
            key="B/r", unit=Unit.FRACTION, lower=D("0.001"), upper=D("0.004"), step=D("0.005")
        )
    with pytest.raises(ParameterError, match="lie on the grid"):
        solve_set((held,), (), {}, fixed={"B/r": D("0.001")})
