"""A statement of appetite means the targets it should; nothing stated is changed silently."""

from __future__ import annotations

import pytest

from plimsoll.calibration.appetite.statement import PROFILES, Profile, RiskAppetite
from plimsoll.calibration.appetite.targets import TargetOrigin, target_table, targets_of
from plimsoll.calibration.appetite.weights import TERM_NAMES, objective_weights
from plimsoll.domain.anti_procyclicality import AntiProcyclicality
from plimsoll.errors import DataFormatError, ParameterError, UsageError
from plimsoll.presets.regulation import read_regulation, regulation, regulation_names


def test_a_profile_stands_for_what_is_not_stated() -> None:
    targets = targets_of(RiskAppetite(profile=Profile.CONSERVATIVE, coverage=0.997))
    assert targets.figures.coverage == 0.997
    assert dict(targets.origins)["coverage"] is TargetOrigin.STATED
    assert targets.figures.ruin_probability_annual == 0.0005
    assert dict(targets.origins)["ruin_probability_annual"] is TargetOrigin.PROFILE


def test_profiles_are_ordered_from_careful_to_bold() -> None:
    careful, middle, bold = (PROFILES[p] for p in Profile)
    for name in ("coverage", "reaction_coverage", "collateral_coverage", "cover_members"):
        assert getattr(careful, name) >= getattr(middle, name) >= getattr(bold, name), name
    for name in ("ruin_probability_annual", "capital_weight", "largest_peak_to_trough"):
        assert getattr(careful, name) < getattr(middle, name) < getattr(bold, name), name


def test_a_rulebook_raises_a_profile_and_says_so() -> None:
    appetite = RiskAppetite(profile=Profile.AGGRESSIVE, regulation=regulation("emir"))
    targets = targets_of(appetite)
    assert targets.figures.coverage == 0.99
    assert dict(targets.origins)["coverage"] is TargetOrigin.REGULATION
    assert targets.tools.buffer == 0.25
    assert targets.close_out_hours(4) == 48
    assert targets.close_out_hours(72) == 72
    shown = target_table(appetite, targets)
    assert "regulation" in shown.column("origin")
    assert any("Article 28" in note for note in shown.notes)


def test_what_is_stated_below_the_rulebook_is_refused() -> None:
    appetite = RiskAppetite(coverage=0.98, regulation=regulation("pfmi"))
    with pytest.raises(UsageError, match=r"appetite.coverage: must be at least 0.99"):
        targets_of(appetite)


def test_tools_must_hold_one_of_the_rulebooks() -> None:
    appetite = RiskAppetite(regulation=regulation("emir"))
    assert targets_of(appetite, AntiProcyclicality(long_floor=True)).tools.long_floor
    with pytest.raises(UsageError, match="one of the tools"):
        targets_of(appetite, AntiProcyclicality(buffer=0.1))


def test_figures_of_the_rulebooks_are_the_published_ones() -> None:
    """Article 24 and 26 of 153/2013, PFMI 6.3, CFTC 39.13(g), BCBS-IOSCO 3.1."""
    assert regulation_names() == ("cftc", "emir", "pfmi", "umr")
    emir = regulation("emir")
    assert (emir.product("otc").coverage, emir.product("otc").mpor_hours) == (0.995, 5 * 24)
    assert (emir.product("listed").coverage, emir.product("listed").mpor_hours) == (0.99, 48)
    assert emir.product("listed_gross").mpor_hours == 24
    assert (emir.largest_offset, emir.look_back_days) == (0.8, 365)
    assert [tool.names for tool in emir.tools] == ["buffer 25%", "stress weight 25%", "long floor"]
    assert regulation("pfmi").product("listed").coverage == 0.99
    assert regulation("umr").product("otc").mpor_hours == 240
    assert regulation("cftc").product("swaps").mpor_hours == 120
    assert all(regulation(name).rules for name in regulation_names())


def test_wrong_statements_are_refused() -> None:
    with pytest.raises(ParameterError, match="coverage"):
        RiskAppetite(coverage=99.0)
    with pytest.raises(ParameterError, match="capital_weight"):
        RiskAppetite(capital_weight=1.5)
    with pytest.raises(UsageError, match="choose from cftc"):
        regulation("basel")
    with pytest.raises(UsageError, match="kind of product"):
        targets_of(RiskAppetite(regulation=regulation("umr"), product="listed"))
    with pytest.raises(DataFormatError, match="known keys only"):
        read_regulation("schema: plimsoll.regulation\nschema_version: 1\nname: x\ntitle: x\n"
                        "products: {}\nrules: []\nodd: 1\n", "x.yaml")  # fmt: skip


def test_weights_that_are_all_0_are_refused_and_a_remedy_given() -> None:
    with pytest.raises(ParameterError, match="must not all be 0") as refused:
        objective_weights(Profile.MODERATE, 0.5, dict.fromkeys(TERM_NAMES, 0.0))
    assert refused.value.field == "appetite.weights"
    for name in TERM_NAMES:
        assert name in refused.value.remedy
    found = objective_weights(Profile.MODERATE, 0.5, {**dict.fromkeys(TERM_NAMES, 0.0), "churn": 1})
    assert found.by_term["churn"] == 1.0
