"""``params check``: what a set may not say, by the model that its names tell."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from plimsoll import presets
from plimsoll.cli.main import application
from plimsoll.domain.parameters import Origin, Parameter, ParameterSet, Unit, parameter_set
from plimsoll.journeys.params_check import KINDS, check_parameters
from plimsoll.margin.derive import Pmrm1Parameters, Pmrm2Parameters, SrmParameters
from plimsoll.margin.governed import governance, to_parameters
from plimsoll.presets.preset import by_market


def made(*parameters: Parameter) -> ParameterSet:
    return parameter_set(
        venue="v", valid_from="2024-01-01T00:00:00Z", parameters=parameters, seed=1,
        data_digest="d", problem_digest="p", code_version="0", label="mark prices",
    )  # fmt: skip


def set_of(**units: Any) -> ParameterSet:
    return made(*(p for unit, held in units.items() for p in to_parameters(held, unit, owner="x")))


def tiers(**values: str) -> ParameterSet:
    units = {"cap_usd": Unit.USD, "cap_contracts": Unit.CONTRACTS, "max_leverage": Unit.LEVERAGE}
    return made(
        *(
            Parameter(
                market="A",
                name=f"tier[{name[-1]}].{name[:-2]}",
                value=Decimal(value),
                unit=units.get(name[:-2], Unit.FRACTION),
                lower=Decimal(0),
                upper=Decimal(10**12),
                owner="risk",
                origin=Origin.VENUE,
            )
            for name, value in values.items()
        )
    )


TWO = {
    "maintenance_rate_0": "0.01",
    "initial_rate_0": "0.02",
    "max_leverage_0": "50",
    "maintenance_rate_1": "0.02",
    "initial_rate_1": "0.04",
    "max_leverage_1": "25",
}


def test_sound_sets_hold() -> None:
    assert check_parameters(set_of(BTC=SrmParameters(), ETH=Pmrm2Parameters())).holds
    assert check_parameters(tiers(**TWO, cap_usd_0="1000")).holds
    assert check_parameters(tiers(**TWO, cap_contracts_0="1000")).holds


@pytest.mark.parametrize("name", presets.names())
def test_the_sets_of_presets_hold(name: str) -> None:
    held = {
        unit: item for unit, item in by_market(presets.load(name).parameters).items()
        if governance(item)
    }  # fmt: skip
    for unit, item in held.items():
        plain = made(*to_parameters(item, unit, owner="venue"))
        assert check_parameters(plain).holds, unit


def test_no_two_models_have_the_same_names() -> None:
    names = {kind: frozenset(governance(kind)) for kind in KINDS}
    assert len(set(names.values())) == len(KINDS)


def test_levels_out_of_order_are_named_with_value_and_remedy() -> None:
    bad = set_of(
        BTC=SrmParameters(perpetual_initial=Decimal("0.04"), unpaired_initial=Decimal(1)),
        ETH=Pmrm2Parameters(initial_factor=Decimal("0.7")),
        SOL=Pmrm1Parameters(initial_factor=Decimal("0.9")),
    )
    found = check_parameters(bad)
    assert [(f.path, f.found) for f in found.faults] == [
        ("BTC/unpaired_initial", "1"),
        ("BTC/perpetual_initial", "0.04"),
        ("ETH/initial_factor", "0.7"),
        ("SOL/initial_factor", "0.9"),
    ]
    assert all(f.remedy.startswith("raise ") for f in found.faults)


def test_what_a_class_refuses_is_a_fault() -> None:
    sound = tiers(**{**TWO, "maintenance_rate_1": "0.05"}, cap_usd_0="1000")
    (fault,) = check_parameters(sound).faults
    assert fault.path.startswith("A/")
    assert "0.05" in fault.found or "0.05" in fault.problem
    (lacking,) = check_parameters(tiers(maintenance_rate_0="0.01")).faults
    assert lacking.path == "A/tier[0]"


def test_names_of_no_model_are_a_fault() -> None:
    one = to_parameters(SrmParameters(), "BTC", owner="x")
    wrong = replace(one[0], name="higest_spot_rate")
    (fault,) = check_parameters(made(wrong, *one[1:])).faults
    assert (fault.path, fault.found) == ("BTC", "higest_spot_rate")
    assert fault.remedy == "did you mean highest_spot_rate?"


def test_the_verb(tmp_path: Path) -> None:
    place = tmp_path / "set.json"
    place.write_bytes(set_of(BTC=SrmParameters(perpetual_initial=Decimal("0.04"))).canonical())
    told = CliRunner().invoke(application(), ["params", "check", str(place)])
    assert told.exit_code == 2
    assert "BTC/perpetual_initial" in told.output
    shown = CliRunner().invoke(application(), ["params", "check", str(place), "--json"])
    (fault,) = json.loads(shown.stdout)["result"]["faults"]
    assert fault["found"] == "0.04"
    place.write_bytes(set_of(BTC=SrmParameters()).canonical())
    assert CliRunner().invoke(application(), ["params", "check", str(place)]).exit_code == 0
