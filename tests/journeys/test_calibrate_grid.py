"""``calibrate`` on the portfolio-margin examples, reduced: few chains, no resamples."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from plimsoll.calibration.grids.grid_publication import constants_of
from plimsoll.config.loader import load_any_venue
from plimsoll.domain.evidence import Verdict
from plimsoll.domain.parameters import Origin, ParameterSet
from plimsoll.journeys.calibrate import calibrate
from plimsoll.journeys.calibrate_grid_preset import calibrated_preset
from plimsoll.journeys.margin_preset import margin_by_preset
from plimsoll.journeys.params import read_parameters
from plimsoll.journeys.result import CalibrationResult
from plimsoll.margin.deribit import GENERAL, DeribitGeneral, DeribitPair
from plimsoll.margin.derive import Pmrm2Parameters
from plimsoll.margin.governed import from_set
from plimsoll.presets import load

EXAMPLES = Path(__file__).parents[2] / "examples"
AS_OF = "2026-01-31"


def reduced(example: str, folder: Path) -> Path:
    """Write the example with one coin, two chains, three kinds of portfolio and no errors."""
    venue = yaml.safe_load((EXAMPLES / example / "venue.yaml").read_text("utf-8"))
    grid = venue["grid"]
    grid["chains"]["path"] = "${PLIMSOLL_DATA}/options/deribit_chains_2026-01.parquet"
    grid["underlyings"], grid["snapshots"], grid["replicates"] = ["BTC"], 1, 0
    grid["spot"] = grid["spot"][1:]
    grid["target"]["strictness"] = [1.0]
    grid["stress"] = {"crises": [{"from": "2025-10-09", "to": "2025-10-11"}]}
    left = ("random", "ratio", "butterfly", "collar", "market_maker", "basis", "calendar")
    grid["portfolios"] = dict.fromkeys(left, 0)
    grid["calibrate_until"] = grid["judged_from"] = "2026-01-26"
    path = folder / "venue.yaml"
    path.write_text(yaml.safe_dump(venue), "utf-8")
    return path


def run(example: str, folder: Path, data: Path) -> CalibrationResult:
    file = load_any_venue(reduced(example, folder), variables={"PLIMSOLL_DATA": str(data)})
    return calibrate(file, as_of=AS_OF, out=folder / "out")


@pytest.fixture(scope="module")
def deribit(
    tmp_path_factory: pytest.TempPathFactory, market_data_dir: Path
) -> tuple[CalibrationResult, Path]:
    folder = tmp_path_factory.mktemp("deribit")
    return run("deribit-options", folder, market_data_dir), folder / "out"


@pytest.fixture(scope="module")
def derive(tmp_path_factory: pytest.TempPathFactory, market_data_dir: Path) -> CalibrationResult:
    return run("derive-pmrm", tmp_path_factory.mktemp("derive"), market_data_dir)


def test_the_set_holds_every_constant_of_the_model(
    deribit: tuple[CalibrationResult, Path],
) -> None:
    result, folder = deribit
    parameters = result.parameters
    assert set(parameters.markets) == {"BTC_USD", GENERAL}
    assert from_set(DeribitGeneral, parameters, GENERAL) == load("deribit").parameters[GENERAL]
    calibrated = from_set(DeribitPair, parameters, "BTC_USD")
    assert calibrated != load("deribit").parameters["BTC_USD"]
    origins = {p.name: p.origin for p in parameters if p.market == "BTC_USD"}
    assert origins["max_delta_shock"] is Origin.VENUE
    assert origins["price_range"] is Origin.CALIBRATED
    assert read_parameters(folder) == parameters


def test_files_are_those_of_any_calibration(deribit: tuple[CalibrationResult, Path]) -> None:
    result, folder = deribit
    assert {"parameters.json", "evidence.json", "report.html", "report.md"} <= {
        file.name for file in result.files
    }
    assert all(file.is_file() for file in result.files)
    evidence = json.loads((folder / "evidence.json").read_text("utf-8"))
    assert evidence["parameter_set_id"] == result.parameters.id
    assert evidence["provenance"]["command"] == (f"plimsoll calibrate venue.yaml --as-of {AS_OF}")
    page = (folder / "report.html").read_text("utf-8")
    assert "Initial margin of every portfolio" in page


def test_the_model_built_of_the_set_asks_what_was_fitted(
    deribit: tuple[CalibrationResult, Path],
) -> None:
    checks = {check.name: check for check in deribit[0].evidence.checks}
    engine = checks["The margin model built of the set"]
    assert engine.verdict is Verdict.HOLDS
    assert " 0 of them" not in engine.found
    assert "Days after the cut" in checks


def test_families_are_judged_by_themselves_and_few_days_prove_nothing(
    deribit: tuple[CalibrationResult, Path],
) -> None:
    evidence = deribit[0].evidence
    checks = {check.name: check for check in evidence.checks}
    own = checks["Every family by itself, days after the cut"]
    assert own.verdict is Verdict.NOT_PROVEN
    tables = {table.name: table for table in evidence.tables}
    families = set(tables["coverage_families"].column("family"))
    assert set(tables["grid_coverage"].column("family")) == families
    assert set(tables["coverage_portfolios"].column("family")) <= families


def test_a_book_is_margined_under_the_calibrated_set(
    deribit: tuple[CalibrationResult, Path], market_data_dir: Path
) -> None:
    chains = market_data_dir / "options/deribit_chains_2026-01.parquet"
    book = {"BTC-PERPETUAL": -2, "BTC-27MAR26-100000-C": 5}
    asked = {}
    for name, preset in (
        ("published", load("deribit")),
        ("calibrated", calibrated_preset(deribit[0].parameters, "deribit")),
    ):
        found = margin_by_preset(book, preset=preset, market=chains, at="2026-01-30")
        asked[name] = found.table().column("initial")[0]
    assert asked["calibrated"] != asked["published"]
    assert min(asked.values()) > 0.0


def test_derive_keeps_the_table_of_scenarios(derive: CalibrationResult) -> None:
    published = load("derive-pmrm2").parameters
    held = constants_of(derive.parameters, published)
    assert set(held) == {"BTC"}
    assert held["BTC"].scenarios == published["BTC"].scenarios
    assert held["BTC"].collateral == published["BTC"].collateral
    assert from_set(Pmrm2Parameters, derive.parameters, "BTC").range_up == held["BTC"].range_up
    checks = {check.name: check.verdict for check in derive.evidence.checks}
    assert checks["The margin model built of the set"] is Verdict.HOLDS


def test_nothing_after_the_day_changes_the_set(
    deribit: tuple[CalibrationResult, Path], tmp_path: Path, market_data_dir: Path
) -> None:
    """The same day again, with the chains of the following months in the folder."""
    path = reduced("deribit-options", tmp_path)
    text = path.read_text("utf-8").replace("chains_2026-01", "chains_2026-0[12]")
    path.write_text(text, "utf-8")
    file = load_any_venue(path, variables={"PLIMSOLL_DATA": str(market_data_dir)})
    again = calibrate(file, as_of=AS_OF).parameters
    assert values(again) == values(deribit[0].parameters)
    assert again.id == deribit[0].parameters.id


def values(parameters: ParameterSet) -> dict[str, str]:
    return {p.key: str(p.value) for p in parameters}
