"""Risk appetite in the venue file: what it sets, what it may not contradict, and its absence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from plimsoll.calibration.appetite.targets import TargetOrigin
from plimsoll.calibration.identity import plain
from plimsoll.calibration.problem import CalibrationProblem
from plimsoll.config import check_venue
from plimsoll.config.convert import to_problem
from plimsoll.config.loader import load_venue
from plimsoll.errors import Fault


def problem_of(folder: Path, document: dict[str, Any]) -> CalibrationProblem:
    path = folder / "venue.yaml"
    path.write_text(json.dumps(document), encoding="utf-8")
    return to_problem(load_venue(path, check_files=False).config)


def faults_in(folder: Path, document: dict[str, Any]) -> tuple[Fault, ...]:
    path = folder / "venue.yaml"
    path.write_text(json.dumps(document, indent=1), encoding="utf-8")
    return check_venue(path)


def test_without_an_appetite_the_problem_is_what_it_was(
    tmp_path: Path, holding: dict[str, Any]
) -> None:
    found = problem_of(tmp_path, holding)
    assert found.appetite is None
    written = plain(found)
    assert isinstance(written, dict)
    assert "appetite" not in written, "or every identity of before would change"


def test_a_profile_sets_what_nothing_else_states(tmp_path: Path, holding: dict[str, Any]) -> None:
    holding["appetite"] = {"profile": "conservative", "largest_peak_to_trough": 1.5}
    found = problem_of(tmp_path, holding)
    assert (found.maintenance_level, found.reaction_level) == (0.995, 0.975)
    assert found.appetite is not None
    targets = found.appetite.targets
    assert targets.figures.largest_peak_to_trough == 1.5
    assert dict(targets.origins)["largest_peak_to_trough"] is TargetOrigin.STATED
    assert dict(targets.origins)["capital_weight"] is TargetOrigin.PROFILE


def test_a_stated_target_stands(tmp_path: Path, holding: dict[str, Any]) -> None:
    holding["appetite"] = {"profile": "conservative"}
    holding["target"] = {"maintenance_level": 0.98}
    holding["freeze"] = {"standard_errors": 0.5}
    found = problem_of(tmp_path, holding)
    assert found.maintenance_level == 0.98
    assert found.reaction_level == 0.975
    assert found.freeze_standard_errors == 0.5


def test_a_rulebook_raises_horizons_and_brings_its_tool_and_says_so(
    tmp_path: Path, holding: dict[str, Any]
) -> None:
    holding["appetite"] = {"regulation": "emir", "product": "otc"}
    found = problem_of(tmp_path, holding)
    assert found.maintenance_level == 0.995
    assert found.classes["large"].maintenance_horizon_hours == 120
    assert found.anti_procyclicality.names != "none"
    assert found.appetite is not None
    told = " ".join(found.appetite.raised)
    assert "class large raised from 1 h to the rulebook's 120 h" in told
    assert found.anti_procyclicality.names in told


@pytest.mark.parametrize(
    ("change", "path", "problem"),
    [
        ({"coverage": 0.995}, "appetite.coverage", "target.maintenance_level"),
        ({"regulation": "nowhere"}, "appetite.regulation", "rulebook"),
        ({"regulation": "emir", "product": "cheese"}, "appetite.product", "kind of product"),
        ({"regulation": "emir", "product": "otc"}, "appetite.coverage", "at least 0.995"),
        ({"largest_peak_to_trough": 1.0}, "appetite.largest_peak_to_trough", "1"),
        ({"profile": "brave"}, "appetite.profile", ""),
        ({"weights": {"calm": 1.0}}, "appetite.weights.calm", ""),
        ({"weights": {"churn": -0.1}}, "appetite.weights.churn", ""),
        (
            {"capital_weight": 0.5, "weights": {"capital": 0.4}},
            "appetite.weights.capital",
            "capital_weight",
        ),
        ({"largest_uncovered_loss": 0.0}, "appetite.largest_uncovered_loss", ""),
        ({"refine": {"evaluations": 0}}, "appetite.refine.evaluations", ""),
    ],
)
def test_faults_have_their_path(
    tmp_path: Path, holding: dict[str, Any], change: dict[str, Any], path: str, problem: str
) -> None:
    holding["target"] = {"maintenance_level": 0.99}
    holding["appetite"] = change
    (fault,) = faults_in(tmp_path, holding)
    assert fault.path == path
    assert problem in fault.problem


def test_an_appetite_needs_the_panel_s_forecaster_and_fine_bars(
    tmp_path: Path, holding: dict[str, Any]
) -> None:
    holding["appetite"] = {}
    holding["model"] = {"volatility": "ewma_t"}
    (fault,) = faults_in(tmp_path, holding)
    assert fault.path == "model.volatility"
    assert "log_blend" in fault.problem


def test_weights_are_those_of_the_profile_but_for_what_is_stated(
    tmp_path: Path, holding: dict[str, Any]
) -> None:
    holding["appetite"] = {
        "capital_weight": 0.6,
        "weights": {"churn": 0.0, "five_day_call": 2.0},
        "largest_uncovered_loss": 0.02,
        "refine": {"evaluations": 30, "seed": 7},
    }
    appetite = problem_of(tmp_path, holding).appetite
    assert appetite is not None
    assert appetite.objective.by_term == pytest.approx(
        {
            "capital": 0.6,
            "peak_to_trough": 0.2,
            "five_day_call": 2.0,
            "churn": 0.0,
            "solvent_liquidations": 0.08,
        }
    )
    assert appetite.largest_uncovered_loss == 0.02
    assert appetite.refine is not None
    assert (appetite.refine.evaluations, appetite.refine.seed) == (30, 7)
    assert appetite.fund is None


def test_the_weight_of_capital_may_stand_among_the_weights(
    tmp_path: Path, holding: dict[str, Any]
) -> None:
    holding["appetite"] = {"weights": {"capital": 0.9}}
    appetite = problem_of(tmp_path, holding).appetite
    assert appetite is not None
    assert appetite.targets.figures.capital_weight == 0.9
    assert sum(appetite.objective.by_term.values()) == pytest.approx(1.0)
