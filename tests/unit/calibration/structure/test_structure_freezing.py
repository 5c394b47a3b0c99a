"""Noise is frozen, the rest is solved again; what cannot stand thaws and is listed."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from plimsoll.calibration.structure import (
    GovernedVariable,
    Tightening,
    check_changes,
    check_set,
    link_rule,
    need_rule,
    refused_changes,
    rising,
    solve_frozen,
    structure_table,
    values_in_force,
)
from plimsoll.domain.parameters import Origin, Parameter, Unit, parameter_set
from plimsoll.errors import ParameterError


def rate(key: str, current: str, error: str = "0.01", **more: object) -> GovernedVariable:
    settings = {"unit": Unit.FRACTION, "lower": D(0), "upper": D(1), "step": D("0.005"), **more}
    return GovernedVariable(key=key, current=D(current), standard_error=D(error), **settings)


def test_a_change_below_one_and_a_half_errors_is_frozen() -> None:
    held = (rate("A/r", "0.050"), rate("B/r", "0.050"))
    found = solve_frozen(held, (), {"A/r": 0.06, "B/r": 0.07})
    assert found.solved.values == {"A/r": D("0.050"), "B/r": D("0.070")}
    assert found.frozen == ("A/r",)
    assert found.thawed == ()


def test_neighbours_are_solved_again_around_a_frozen_value() -> None:
    # The first tier stands at 0.060 although the model says 0.050: the second may not be below.
    held = (rate("B/t0", "0.060"), rate("B/t1", "0.100", error="0.001"))
    rules = (*rising(("B/t0", "B/t1")), need_rule("B/t1", 0.05))
    found = solve_frozen(held, rules, {"B/t0": 0.05, "B/t1": 0.05})
    assert found.frozen == ("B/t0",)
    assert found.solved.values["B/t1"] == D("0.060")
    assert check_set(held, rules, found.solved.values) == ()


def test_a_tightening_goes_through_while_coverage_is_rejected() -> None:
    held = (rate("A/r", "0.050"), rate("B/r", "0.060"), rate("C/x", "0.50"))
    held = (*held[:2], rate("C/x", "0.50", tightens=Tightening.FALLING))
    target = {"A/r": 0.06, "B/r": 0.05, "C/x": 0.49}
    found = solve_frozen(held, (), target, coverage_rejected=True)
    assert found.solved.values == {"A/r": D("0.060"), "B/r": D("0.060"), "C/x": D("0.490")}
    assert found.frozen == ("B/r",)


def test_a_frozen_value_that_breaks_a_need_thaws_and_is_listed() -> None:
    held = (rate("B/m", "0.050"),)
    found = solve_frozen(held, (need_rule("B/m", 0.058),), {"B/m": 0.058})
    assert found.frozen == ()
    assert found.solved.values["B/m"] == D("0.060")
    (thawed,) = found.thawed
    assert (thawed.key, thawed.rules) == ("B/m", ("B/m: need",))
    assert structure_table(held, found).rows[0][3] == "thawed by B/m: need"


def test_a_soft_need_that_was_covered_stays_covered() -> None:
    held = (rate("B/m", "0.050"),)
    found = solve_frozen(held, (need_rule("B/m", 0.06, soft_cost=9.0),), {"B/m": 0.06})
    assert [t.key for t in found.thawed] == ["B/m"]
    assert found.solved.missed == ()


def test_a_need_missed_by_noise_is_no_reason_to_thaw() -> None:
    held = (rate("B/m", "0.050"),)
    rules = (need_rule("B/m", 0.058, standard_error=D("0.01")),)
    found = solve_frozen(held, rules, {"B/m": 0.058})
    assert found.frozen == ("B/m",)
    assert found.solved.values["B/m"] == D("0.050")
    rejected = solve_frozen(held, rules, {"B/m": 0.058}, coverage_rejected=True)
    assert rejected.solved.values["B/m"] == D("0.060")


def test_only_what_must_thaws() -> None:
    # Maintenance moves for good; the initial rate cannot stand at 0.10 below it, A can.
    held = (rate("A/r", "0.050"), rate("B/m", "0.050", error="0.001"), rate("B/i", "0.100"))
    rules = (link_rule("B/m", "B/i", D("0.5")), need_rule("B/m", 0.055))
    found = solve_frozen(held, rules, {"A/r": 0.055, "B/m": 0.055, "B/i": 0.11})
    assert found.frozen == ("A/r",)
    assert [t.key for t in found.thawed] == ["B/i"]
    assert found.solved.values["B/i"] == D("0.110")


def test_values_off_the_grid_or_without_error_are_not_frozen() -> None:
    held = (
        rate("A/r", "0.0512"),
        GovernedVariable(
            key="B/r",
            unit=Unit.FRACTION,
            lower=D(0),
            upper=D(1),
            step=D("0.005"),
            current=D("0.050"),
        ),
    )
    assert solve_frozen(held, (), {"A/r": 0.055, "B/r": 0.055}).frozen == ()
    assert solve_frozen((rate("A/r", "0.05"),), (), {"A/r": 0.055}, standard_errors=0).frozen == ()


def test_a_ratio_taken_for_a_price_is_refused() -> None:
    held = rate("cbETH/price", "2200", unit=Unit.USD, upper=D(10_000), step=D("0.01"))
    in_force = {"cbETH/price": (D(2200), Unit.USD)}
    with pytest.raises(ParameterError, match=r"cbETH/price from 2200 to 1\.12, a factor of"):
        check_changes((held,), {"cbETH/price": D("1.12")}, in_force)
    check_changes((held,), {"cbETH/price": D("2100")}, in_force)


@pytest.mark.parametrize(
    ("old", "new", "unit", "refused"),
    [
        ("0.01", "0.1", Unit.FRACTION, False),
        ("0.01", "0.105", Unit.FRACTION, True),
        ("0.1", "0.01", Unit.FRACTION, False),
        ("0.1", "0.005", Unit.FRACTION, True),
        ("0", "0.05", Unit.FRACTION, False),
        ("0", "0.055", Unit.FRACTION, True),
        ("-0.01", "0.01", Unit.FRACTION, True),
        ("0.01", "0.01", Unit.USD, True),
    ],
)
def test_units_sign_and_factor_ten(old: str, new: str, unit: Unit, refused: bool) -> None:
    held = rate("B/r", "0.01")
    found = refused_changes((held,), {"B/r": D(new)}, {"B/r": (D(old), unit)})
    assert bool(found) == refused


def test_what_is_in_force_comes_from_a_set_and_new_keys_pass() -> None:
    parameter = Parameter(
        market="B",
        name="r",
        value=D("0.01"),
        unit=Unit.FRACTION,
        lower=D(0),
        upper=D(1),
        owner="risk",
        origin=Origin.VENUE,
    )
    held = parameter_set(
        venue="v",
        valid_from="2026-01-01T00:00:00Z",
        parameters=(parameter,),
        seed=0,
        data_digest="",
        problem_digest="",
        code_version="",
        label="SYNTHETIC",
    )
    assert values_in_force(held) == {"B/r": (D("0.01"), Unit.FRACTION)}
    assert refused_changes((rate("C/r", "0.01"),), {"C/r": D("0.9")}, values_in_force(held)) == ()


def test_a_target_of_no_variable_is_refused() -> None:
    with pytest.raises(ParameterError, match="keys of variables"):
        solve_frozen((rate("A/r", "0.05"),), (), {"A/r": 0.055, "B/r": 0.1})
