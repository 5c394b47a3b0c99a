"""``params check`` on what a calibrated set holds beside tiers: add-ons, collateral, fund."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest

from plimsoll.domain.parameters import Origin, Parameter, ParameterSet, Unit, parameter_set
from plimsoll.journeys.params_check import check_parameters
from plimsoll.margin.add_ons.concentration import ConcentrationParameters
from plimsoll.margin.add_ons.gap import GapParameters
from plimsoll.margin.collateral import CollateralParameters
from plimsoll.margin.governed import to_parameters


def figure(market: str, name: str, value: str) -> Parameter:
    return Parameter(
        market=market,
        name=name,
        value=Decimal(value),
        unit=Unit.FRACTION,
        lower=Decimal(0),
        upper=Decimal(10) ** 9,
        owner="risk",
        origin=Origin.CALIBRATED,
    )


def add_on(name: str, held: object) -> Iterator[Parameter]:
    for parameter in to_parameters(held, "BTC", owner="risk"):
        yield replace(parameter, name=f"{name}.{parameter.name}")


def set_of(*more: Parameter, without: str = "") -> ParameterSet:
    """A coin with two add-ons and collateral terms, and what is of no model."""
    concentration = ConcentrationParameters(threshold_usd=Decimal(10**6))
    held = [
        *add_on("concentration", concentration),
        *add_on("gap", GapParameters(gap_move=Decimal("0.3"), covered_move=Decimal("0.1"))),
        *to_parameters(CollateralParameters(haircut=Decimal("0.1")), "BTC", owner="risk"),
        figure("BTC", "lending.loan_to_value", "0.7"),
        figure("class:large", "outage_multiplier", "1.2"),
        figure("counterparty:a-b", "margin_multiplier.large", "1.5"),
        figure("depeg", "band[0].peg_at_least", "0.99"),
        figure("depeg", "band[0].rate[1]", "0.01"),
        figure("fees", "fee[0].taker", "0.0005"),
        figure("fund", "target_usd", "1000000"),
    ]
    return parameter_set(
        venue="v",
        valid_from="2025-01-01",
        parameters=(*(p for p in held if p.key != without), *more),
        seed=0,
        data_digest="d",
        problem_digest="p",
        code_version="0",
        label="test",
    )


def test_a_calibrated_set_with_all_its_parts_holds() -> None:
    assert check_parameters(set_of()).faults == ()


@pytest.mark.parametrize(
    ("strange", "path", "told"),
    [
        ("gap.gap_mvoe", "BTC/gap", "gap_mvoe"),
        ("concentratoin.threshold_usd", "BTC", "concentratoin.threshold_usd"),
        ("outage_multipliers", "BTC", "outage_multipliers"),
    ],
)
def test_a_name_of_nothing_is_told(strange: str, path: str, told: str) -> None:
    fault = check_parameters(set_of(figure("BTC", strange, "0.1"))).faults[0]
    assert (fault.path, fault.found) == (path, told)


def test_a_figure_that_its_add_on_refuses_is_told() -> None:
    wild = figure("BTC", "gap.gap_move", "100000000")
    (fault,) = check_parameters(set_of(wild, without="BTC/gap.gap_move")).faults
    assert fault.path.startswith("BTC/gap.")
    assert "gap_move" in fault.path
