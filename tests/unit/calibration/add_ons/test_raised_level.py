"""Outage multipliers in the level: on the last day alone, with the error of a product."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from made_proof import proof_of
from plimsoll.calibration.add_ons.outage import ExtendedLevel, OutageRecord
from plimsoll.calibration.add_ons.outage_levels import OutageLevels
from plimsoll.calibration.evidence.proof import Proof
from plimsoll.calibration.parts.operations import BESIDE, WITHIN, operations_part
from plimsoll.calibration.parts.outage_walk_forward import multipliers_at, outage_years
from plimsoll.calibration.parts.outages import OperationsSettings, outage_levels
from plimsoll.calibration.raised_level import raised_level
from plimsoll.calibration.scored import ScoredLosses
from plimsoll.domain.market import DAY_NS, MarketHistory
from plimsoll.validation.walk_forward import realised_moves
from synthetic_panel import START_NS, history_of

DAYS = 500
RECORD = OutageRecord(hours=(3.0,), watched_hours=1000.0)


def levels(applied: bool) -> OutageLevels:
    """A class whose level an outage raises from 2.0 to 2.25 %, and one without a number."""
    return OutageLevels(
        found={"large": ExtendedLevel(level=0.0225, without=0.02, probability=0.1)},
        errors={"large": 0.05},
        missing={"thin": "no losses"},
        record=RECORD,
        applied=applied,
    )


def walk(days: int = DAYS) -> np.ndarray:
    steps = 0.004 * np.random.default_rng(7).standard_t(4, (24 * days, 2))
    return np.asarray(np.exp(np.cumsum(steps, axis=0)))


def test_only_the_last_day_bears_the_multiplier_and_the_error_is_that_of_a_product() -> None:
    history = history_of(walk(5))
    first, second = history.markets
    proof = proof_of(history, {first: "large", second: "thin"}, days=5)
    paths = replace(proof.paths, maintenance_error=np.full((5, 2, 2), 0.001))
    found = raised_level(paths, proof.class_of, levels(applied=True))
    assert np.array_equal(found.maintenance[:-1], paths.maintenance[:-1])
    assert np.array_equal(found.maintenance_error[:-1], paths.maintenance_error[:-1])
    # 2 % x 1.125, error sqrt((1.125 x 0.1 %)^2 + (2 % x 0.05)^2); the other class as it was.
    assert found.maintenance[-1, 0] == pytest.approx(0.0225, rel=1e-12)
    expected = math.sqrt((1.125 * 0.001) ** 2 + (0.02 * 0.05) ** 2)
    assert found.maintenance_error[-1, 0] == pytest.approx(expected, rel=1e-12)
    assert np.array_equal(found.maintenance[-1, 1], paths.maintenance[-1, 1])
    assert np.array_equal(found.maintenance_error[-1, 1], paths.maintenance_error[-1, 1])
    assert found.reaction is paths.reaction


def test_what_is_not_applied_changes_nothing() -> None:
    history = history_of(walk(5))
    proof = proof_of(history, dict.fromkeys(history.markets, "large"), days=5)
    assert raised_level(proof.paths, proof.class_of, levels(applied=False)) is proof.paths
    assert raised_level(proof.paths, proof.class_of, None) is proof.paths


def test_the_set_is_multiplied_by_what_it_publishes() -> None:
    ratio = ExtendedLevel(level=1.00002, without=1.0, probability=0.1)
    one = replace(levels(applied=True), found={"large": ratio})
    assert one.multiplier("large") == Decimal("1.0001")
    assert one.in_level == {"large": 1.0001}
    assert one.multiplier("thin") == 1


def proof_with_losses(history: MarketHistory, days: int) -> Proof:
    """Margins of 2 % every day, and the losses of every hour's start."""
    proof = proof_of(history, dict.fromkeys(history.markets, "large"), days=days)
    moves = realised_moves(history, 1, int(proof.paths.time_ns[0]))
    loss = np.stack([-np.expm1(moves.log_move), np.expm1(moves.log_move)], axis=-1)
    scored = ScoredLosses(
        start_ns=moves.start_ns,
        loss=loss,
        horizon_hours=np.ones(len(history.markets), dtype=np.int64),
        lost=np.zeros(len(history.markets), dtype=np.int64),
    )
    return replace(proof, maintenance=scored)


def with_hole(close: np.ndarray) -> np.ndarray:
    """Five hours without any price in the first year."""
    out = close.copy()
    out[1000:1005] = np.nan
    return out


SETTINGS = OperationsSettings(stress=20.0, apply=True)


def test_a_year_is_held_against_the_multiplier_of_its_new_year_by_hand() -> None:
    history = history_of(with_hole(walk()))
    proof = proof_with_losses(history, DAYS)
    (year,) = outage_years(proof, SETTINGS)
    new_year = START_NS + 365 * DAY_NS
    # The same from a history that ends there.
    known = history.before(new_year)
    before = proof_of(known, dict.fromkeys(known.markets, "large"), days=365)
    expected = float(outage_levels(before, SETTINGS).multiplier("large"))
    assert year.multiplier == expected > 1.0
    late = proof.maintenance.start_ns >= new_year
    losses = proof.maintenance.loss[late]
    losses = losses[np.isfinite(losses)]
    assert year.starts == losses.size
    assert year.broken_without == int((losses > 0.02).sum())
    assert year.broken_with == int((losses > 0.02 * expected).sum()) < year.broken_without
    assert year.margin_with == pytest.approx(year.margin_without * expected, rel=1e-12)


def test_the_future_says_nothing_of_a_new_years_multiplier() -> None:
    close = with_hole(walk())
    spoiled = close.copy()
    proof = proof_with_losses(history_of(close), DAYS)
    at_ns = int(proof.paths.time_ns[365])
    late = history_of(close).available_ns > at_ns
    spoiled[late] = np.random.default_rng(1).permutation(spoiled[late]) ** 3
    other = proof_with_losses(history_of(spoiled), DAYS)
    found = multipliers_at(proof, SETTINGS, at_ns)
    assert found == multipliers_at(other, SETTINGS, at_ns)
    assert found["large"] > 1.0
    now = int(proof.paths.time_ns[-1])
    assert multipliers_at(proof, SETTINGS, now) != multipliers_at(other, SETTINGS, now)


def test_a_part_says_whether_the_set_bears_its_multipliers() -> None:
    proof = proof_with_losses(history_of(with_hole(walk())), DAYS)
    beside = operations_part(proof, replace(SETTINGS, apply=False))
    assert beside.limits == (BESIDE,)
    assert [table.name for table in beside.tables] == ["outage_levels"]
    within = operations_part(replace(proof, outages=outage_levels(proof, SETTINGS)), SETTINGS)
    assert within.limits == (WITHIN,)
    assert [t.name for t in within.tables] == [
        "outage_levels",
        "level_steps",
        "outage_walk_forward",
    ]
    assert within.parameters == beside.parameters
    told = replace(proof, outages=outage_levels(proof, SETTINGS)).tools_note()
    assert "without the outage multipliers" in told
    assert "without the outage multipliers" not in proof.tools_note()
