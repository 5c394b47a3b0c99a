"""``params show`` and ``params diff`` on stored sets."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from plimsoll.cli.main import application
from plimsoll.domain.parameters import Origin, Parameter, ParameterSet, Unit, parameter_set
from plimsoll.errors import UsageError
from plimsoll.journeys.params import difference, read_parameters


def parameter(market: str, name: str, value: str, error: str | None, unit: Unit) -> Parameter:
    return Parameter(
        market=market,
        name=name,
        value=Decimal(value),
        unit=unit,
        lower=Decimal(0),
        upper=Decimal(10**9),
        owner="risk",
        origin=Origin.CALIBRATED,
        standard_error=None if error is None else Decimal(error),
    )


def made(*parameters: Parameter) -> ParameterSet:
    return parameter_set(
        venue="v", valid_from="2024-01-01T00:00:00Z", parameters=parameters, seed=1,
        data_digest="d", problem_digest="p", code_version="0", label="mark prices",
    )  # fmt: skip


RATE, CAP = "tier[0].maintenance_rate", "tier[0].cap_usd"
BEFORE = made(
    parameter("A", RATE, "0.0100", "0.0003", Unit.FRACTION),
    parameter("A", CAP, "50000", None, Unit.USD),
    parameter("B", RATE, "0.0200", None, Unit.FRACTION),
)
AFTER = made(
    parameter("A", RATE, "0.0125", "0.0004", Unit.FRACTION),
    parameter("A", CAP, "50000", None, Unit.USD),
    parameter("C", RATE, "0.0200", None, Unit.FRACTION),
)


@pytest.fixture
def places(tmp_path: Path) -> tuple[str, str]:
    (tmp_path / "before").mkdir()
    (tmp_path / "before/parameters.json").write_bytes(BEFORE.canonical())
    (tmp_path / "after.json").write_bytes(AFTER.canonical())
    return str(tmp_path / "before"), str(tmp_path / "after.json")


def test_read_back(places: tuple[str, str]) -> None:
    assert read_parameters(places[0]).id == BEFORE.id


def test_show(places: tuple[str, str]) -> None:
    result = CliRunner().invoke(application(), ["params", "show", places[1], "--market", "A"])
    assert result.exit_code == 0
    assert "1.25 %" in result.stdout
    assert "50,000" in result.stdout
    assert AFTER.id in result.stdout
    assert "\nC" not in result.stdout
    result = CliRunner().invoke(application(), ["params", "show", places[1], "--json"])
    assert json.loads(result.stdout)["result"] == {
        "id": AFTER.id,
        "parameter_set": AFTER.document(),
    }
    one = ["params", "show", places[1], "--market", "A", "--json"]
    found = json.loads(CliRunner().invoke(application(), one).stdout)["result"]
    assert (found["id"], found["market"]) == (AFTER.id, "A")
    assert [p["market"] for p in found["parameter_set"]["parameters"]] == ["A", "A"]


def test_difference_by_hand() -> None:
    table = difference(BEFORE, AFTER)
    assert [(r["market"], r["before"], r["after"]) for r in table] == [
        ("A", "1 %", "1.25 %"),
        ("B", "2 %", None),
        ("C", None, "2 %"),
    ]
    (changed,) = difference(BEFORE, AFTER, market="A")
    assert changed["change"] == pytest.approx(0.25, rel=1e-12)
    # 0.0025 / sqrt(0.0003^2 + 0.0004^2) = 0.0025 / 0.0005
    assert changed["standard_errors"] == pytest.approx(5.0, rel=1e-12)
    assert len(difference(BEFORE, BEFORE)) == 0
    with pytest.raises(UsageError, match="choose from A, B"):
        difference(BEFORE, AFTER, market="Z")


def test_diff(places: tuple[str, str]) -> None:
    runner, app = CliRunner(), application()
    assert runner.invoke(app, ["params", "diff", *places]).exit_code == 0
    assert runner.invoke(app, ["params", "diff", *places, "--exit-code"]).exit_code == 1
    same = ["params", "diff", places[0], places[0], "--exit-code"]
    assert runner.invoke(app, same).exit_code == 0
    document = json.loads(runner.invoke(app, ["params", "diff", *places, "--json"]).stdout)
    assert len(document["result"]["rows"]) == 3


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        "{}",
        '{"schema": "plimsoll.parameter-set"}',
        BEFORE.canonical().decode().replace('"0.01"', '"much"'),
        BEFORE.canonical().decode().replace('"0.01"', "0.01"),
        BEFORE.canonical().decode().replace('"0.01"', '"-1"'),
        BEFORE.canonical().decode().replace('"fraction"', '"furlong"'),
        BEFORE.canonical().decode().replace('"market":"A"', '"market2":"A"'),
        BEFORE.canonical().decode().replace('"parameters":[{', '"parameters":[7,{'),
    ],
)
def test_what_is_no_parameter_set_is_bad_data(tmp_path: Path, text: str) -> None:
    file = tmp_path / "parameters.json"
    file.write_text(text)
    result = CliRunner().invoke(application(), ["params", "show", str(file)])
    assert result.exit_code == 3, result.output
    assert "must" in result.stderr
