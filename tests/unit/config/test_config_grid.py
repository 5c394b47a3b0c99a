"""Venue files of a grid: what they mean, and every fault that they can have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from plimsoll.calibration.grids.grid_problem import GridModel
from plimsoll.calibration.grids.portfolios import PortfolioFamily
from plimsoll.config.grid_convert import to_grid_problem
from plimsoll.config.loader import (
    GridVenueFile,
    VenueFile,
    check_venue,
    load_any_venue,
    load_venue,
)
from plimsoll.errors import ConfigurationError

EXAMPLES = Path(__file__).parents[3] / "examples"
NAMES = ("deribit-options", "derive-pmrm")


def changed(folder: Path, change: dict[str, Any], **top: Any) -> Path:
    """Write the Deribit-shaped example with some keys of its grid changed."""
    venue = yaml.safe_load((EXAMPLES / "deribit-options" / "venue.yaml").read_text("utf-8"))
    venue["grid"] |= change
    path = folder / "venue.yaml"
    path.write_text(yaml.safe_dump(venue | top), "utf-8")
    return path


def faults_of(path: Path) -> dict[str, str]:
    return {f.path: f.problem for f in check_venue(path, check_files=False)}


@pytest.mark.parametrize("name", NAMES)
def test_the_examples_hold(name: str) -> None:
    assert check_venue(EXAMPLES / name, check_files=False) == ()
    file = load_any_venue(EXAMPLES / name, check_files=False)
    assert isinstance(file, GridVenueFile)
    problem = to_grid_problem(file.config)
    assert problem.coins == ("BTC", "ETH")
    assert problem.target.breach == 0.01
    assert problem.target.stressed_group_breach == 0.01
    assert len(problem.stressed) == len(problem.held_out) == 4


def test_values_reach_the_core_in_its_units(tmp_path: Path) -> None:
    path = changed(
        tmp_path,
        {
            "target": {"coverage": 0.995, "confidence": 0.9, "stressed_coverage": None},
            "portfolios": {"random": 0, "calendar": 2},
            "calibrate_until": "2026-02-08",
        },
    )
    file = load_any_venue(path, check_files=False)
    assert isinstance(file, GridVenueFile)
    problem = to_grid_problem(file.config)
    assert problem.model is GridModel.DERIBIT
    assert problem.target.breach == 0.005
    assert problem.target.stressed_group_breach is None
    assert problem.without == (PortfolioFamily.RANDOM,)
    assert problem.target.weights == {PortfolioFamily.CALENDAR: 2.0}
    assert problem.calibrate_until_ns == 1_770_508_800 * 10**9  # 2026-02-08


@pytest.mark.parametrize(
    ("change", "where", "word"),
    [
        ({"preset": "paradex"}, "grid.preset", "preset"),
        ({"underlyings": ["BTC", "BTC"]}, "grid.underlyings[1]", "already"),
        ({"underlyings": ["BTC", "DOGE"]}, "grid.underlyings[1]", "constants"),
        ({"judged_from": "2026-01-01"}, "grid.judged_from", "fitted"),
        ({"horizon_hours": 8}, "grid.horizon_hours", "24"),
        ({"model": "drift"}, "grid.model", "names known"),
        ({"snapshot": 3}, "grid.snapshot", "schema"),
        (
            {"stress": {"crises": [{"from": "2022-06-10", "to": "2022-06-01"}]}},
            "grid.stress.crises[0].to",
            "later",
        ),
    ],
)
def test_a_fault_names_its_place(
    tmp_path: Path, change: dict[str, Any], where: str, word: str
) -> None:
    found = faults_of(changed(tmp_path, change))
    assert list(found) == [where]
    assert word in found[where]


def test_markets_stand_in_a_file_of_their_own(tmp_path: Path) -> None:
    found = faults_of(changed(tmp_path, {}, markets=[], classes={}))
    assert set(found) == {"markets", "classes"}
    assert all("beside a grid" in problem for problem in found.values())


def test_a_file_with_neither_says_what_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "venue.yaml"
    path.write_text("version: 1\nvenue: {name: x}\n", "utf-8")
    assert {"markets", "classes", "data"} <= set(faults_of(path))


def test_files_that_are_not_there_are_faults_each(tmp_path: Path) -> None:
    variables = {"PLIMSOLL_DATA": str(tmp_path)}
    path = changed(tmp_path, {})
    found = {f.path for f in check_venue(path, variables=variables)}
    assert found == {
        "grid.chains.path",
        "grid.spot[0].path",
        "grid.spot[1].path",
        "grid.volatility_index.path",
    }


def test_what_is_about_markets_refuses_a_grid() -> None:
    with pytest.raises(ConfigurationError, match="markets"):
        load_venue(EXAMPLES / "deribit-options", check_files=False)
    plain = load_any_venue(EXAMPLES / "binance-usdm", check_files=False)
    assert isinstance(plain, VenueFile)
