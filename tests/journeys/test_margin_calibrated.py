"""``plimsoll margin --preset --parameters``: a calibrated grid in the place of a preset's."""

from __future__ import annotations

import json
from contextlib import chdir
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from margin_chain import BOOK, chain, margin, row
from plimsoll.cli.main import application
from plimsoll.domain.parameters import Parameter, ParameterSet, Unit, parameter_set
from plimsoll.errors import UsageError
from plimsoll.journeys.calibrate_grid_preset import calibrated_preset
from plimsoll.margin.governed import to_parameters
from plimsoll.presets import load
from plimsoll.sandbox.option_chain_table import chain_table

RAISED = {
    "deribit": "extended_table_factor price_range annualised_move_risk",
    "derive-pmrm2": "initial_factor",
    "okx": "extreme_move largest_move vol_up",
    "paradex": "price_range volatility_range_up",
    "span-16": "price_scan_range",
}
"""By preset: constants that ask more where they are larger."""


def constants(preset: str, unit: str) -> dict[str, Parameter]:
    """What the preset itself says of a risk unit, as a set holds it."""
    held = load(preset).parameters[unit]
    return {p.name: p for p in to_parameters(held, unit, owner="risk")}


def made(*parameters: Parameter) -> ParameterSet:
    return parameter_set(
        venue="keel-options", valid_from="2025-01-01T00:00:00Z", parameters=parameters, seed=1,
        data_digest="d", problem_digest="p", code_version="c", label="SYNTHETIC",
    )  # fmt: skip


def unit_of(preset: str) -> str:
    return "BTC_USD" if preset == "deribit" else "BTC"


def larger(parameter: Parameter) -> Parameter:
    return replace(parameter, value=min(parameter.value * 5 / 4, parameter.upper), grid=None)


@pytest.mark.parametrize("preset", RAISED)
def test_a_set_of_the_published_constants_changes_nothing(preset: str) -> None:
    own = made(*constants(preset, unit_of(preset)).values())
    published, again = row(margin(preset=preset)), row(margin(preset=preset, parameters=own))
    assert again == published


@pytest.mark.parametrize("preset", RAISED)
def test_larger_constants_of_a_set_ask_more(preset: str) -> None:
    held = constants(preset, unit_of(preset))
    raised = made(*(larger(held[name]) for name in RAISED[preset].split()))
    before, after = (
        margin({"BTC-PERPETUAL": 3}, preset=preset, parameters=own) for own in (None, raised)
    )
    assert row(after)["initial"] > 1.05 * row(before)["initial"]
    assert f"constants of set {raised.id[:12]}" in after.title
    assert any("what the set lacks is as published" in note for note in after.notes)


def test_a_perpetual_under_a_wider_range_asks_the_closed_form() -> None:
    """A coin-settled long of one coin loses r / (1 - r) at -r; the preset asks 0.16 / 0.84."""
    wider = replace(constants("deribit", "BTC_USD")["price_range"], value=Decimal("0.3"))
    asked = {}
    for name, own in (("published", None), ("calibrated", made(wider))):
        asked[name] = row(margin({"BTC-PERPETUAL": 1}, preset="deribit", parameters=own))
    difference = asked["calibrated"]["initial"] - asked["published"]["initial"]
    # The rest (roll shock) is linear in size and stands as published. Amounts have six decimals
    # from the venue's own rounding of the worst case.
    assert difference == pytest.approx(0.3 / 0.7 - 0.16 / 0.84, abs=2e-6)


def test_what_the_set_lacks_is_named() -> None:
    pair = constants("deribit", "BTC_USD")
    dropped = made(*(p for name, p in pair.items() if name != "price_range"))
    found = calibrated_preset(dropped, "deribit")
    assert "BTC_USD/price_range" in found.accuracy_about
    assert "ETH_USD" in found.accuracy_about
    assert "BTC_USD/volatility_range_up" not in found.accuracy_about
    assert "scenarios" in calibrated_preset(
        made(constants("derive-pmrm2", "BTC")["initial_factor"]), "derive-pmrm2"
    ).accuracy_about  # fmt: skip


def _grid(preset: str = "deribit", name: str = "price_range", **other: Any) -> ParameterSet:
    return made(replace(constants(preset, unit_of(preset))[name], grid=None, **other))


@pytest.mark.parametrize(
    ("own", "preset", "field", "problem"),
    [
        (_grid(), "okx", "BTC_USD/price_range", "must stand under one of preset okx"),
        (_grid("paradex"), "okx", "BTC/price_range", "must be a constant of preset okx"),
        (_grid(unit=Unit.USD), "deribit", "BTC_USD/price_range", "must be in fraction"),
        (
            _grid(value=Decimal("1.5"), upper=Decimal(2)),
            "deribit", "BTC_USD/price_range", "must lie in",
        ),
        (_grid(), "hyperliquid", "BTC_USD/price_range", "must stand under one of"),
        (_grid(), "drift-v2", "BTC_USD/price_range", "must stand under one of"),
        (made(), "deribit", "parameters", "must hold a constant"),
    ],
)  # fmt: skip
def test_a_set_of_another_model_is_refused_by_the_parameter(
    own: ParameterSet, preset: str, field: str, problem: str
) -> None:
    with pytest.raises(UsageError, match=problem) as refused:
        calibrated_preset(own, preset)
    assert refused.value.field == field
    assert refused.value.remedy or field == "parameters"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("calibrated")
    chain_table([chain()]).write_parquet(path / "SYNTHETIC.parquet")
    (path / "book.json").write_text(json.dumps(BOOK))
    (path / "out").mkdir()
    (path / "out" / "parameters.json").write_bytes(_grid(value=Decimal("0.3")).canonical())
    return path


def run(folder: Path, preset: str, *arguments: str) -> Result:
    asked = ("book.json", "--preset", preset, "--parameters", "out")
    given = ["margin", *asked, "--market", "SYNTHETIC.parquet", "--collateral", "BTC=3"]
    with chdir(folder):
        return CliRunner().invoke(application(), [*given, *arguments])


def test_the_verb_names_the_set_wherever_it_names_the_preset(folder: Path) -> None:
    own = _grid(value=Decimal("0.3"))
    label = f"constants of set {own.id[:12]}"
    plain = run(folder, "deribit", "--explain", "account", "--out", "page.html")
    assert plain.exit_code == 0, plain.stderr
    titles = [line for line in plain.stdout.splitlines() if "(preset deribit" in line]
    assert titles
    assert all(label in line for line in titles)
    assert label in run(folder, "deribit").stdout
    assert label in (folder / "page.html").read_text()


def test_json_has_the_id_and_the_numbers_of_python(folder: Path) -> None:
    own = _grid(value=Decimal("0.3"))
    request = '{"simulated_positions": {"BTC-PERPETUAL": 1}}'
    done = run(folder, "deribit", "--json", "--explain", "account", "--what-if", request)
    assert done.exit_code == 0, done.stderr
    result = json.loads(done.stdout)["result"]
    assert result["preset"]["parameter_set_id"] == own.id
    assert result["what_if"]["parameter_set_id"] == own.id
    assert result["explanation"][0]["parameter_set_id"] == own.id
    assert f"constants of set {own.id[:12]}" in result["preset"]["title"]
    in_python = row(margin(parameters=own))
    assert result["units"][0]["initial"] == pytest.approx(in_python["initial"], abs=1e-12)
    assert margin().document()["preset"]["parameter_set_id"] is None


def test_the_verb_refuses_a_set_of_another_preset(folder: Path) -> None:
    done = run(folder, "okx")
    assert done.exit_code == 2
    assert "BTC_USD/price_range: must stand under one of preset okx" in done.stderr
    assert "Traceback" not in done.stderr
