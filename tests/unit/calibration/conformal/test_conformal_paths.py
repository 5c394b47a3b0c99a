"""The conformal correction of a venue: one-sided, all starts of a day, and end to end."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from plimsoll.calibration.conformal.path_correction import ConformalCorrection
from plimsoll.calibration.conformal.rule import ConformalRule
from plimsoll.calibration.published import DailyLosses
from plimsoll.journeys.calibrate import calibrate
from plimsoll.sandbox import generate


def daily(days: int = 900, starts: int = 24, markets: int = 3) -> DailyLosses:
    rng = np.random.default_rng(4)
    loss = np.full((days, starts, markets, 2), np.nan)
    loss[:, ::4] = 0.01 * rng.standard_t(4, (days, starts // 4, markets, 2))
    return DailyLosses(loss=loss, lag_days=3)


def test_thin_margins_are_raised_to_the_target_and_fat_ones_left_alone() -> None:
    losses = daily()
    right = float(np.nanquantile(losses.loss, 0.99))
    correct = ConformalCorrection()
    thin = np.full((900, 3, 2), 0.7 * right)
    raised = correct(thin, losses, 0.99)
    assert (raised >= thin).all()
    missed = (losses.loss > raised[:, None])[200:]
    rate = missed.sum() / np.isfinite(losses.loss[200:]).sum()
    # Independent losses: three standard errors of 25,200 starts, and one side only.
    assert rate == pytest.approx(0.01, abs=3.0 * np.sqrt(0.01 * 0.99 / 25_200))
    fat = np.full((900, 3, 2), 2.0 * right)
    np.testing.assert_array_equal(correct(fat, losses, 0.99), fat)


def test_what_is_not_known_yet_changes_nothing() -> None:
    losses, margin = daily(), np.full((900, 3, 2), 0.02)
    spoiled = losses.loss.copy()
    spoiled[500:] *= 9.0
    later = DailyLosses(loss=spoiled, lag_days=3)
    one, two = (ConformalCorrection()(margin, known, 0.99) for known in (losses, later))
    np.testing.assert_array_equal(one[:503], two[:503])
    assert (one[503:] != two[503:]).any()


def test_the_table_tells_the_exact_account_of_the_misses() -> None:
    """mean miss = target + drift + lower clip - upper clip, by construction."""
    losses, margin = daily(), np.full((900, 3, 2), 0.02)
    (table,) = ConformalCorrection().tables(margin, losses, 0.99)
    value = {row["figure"]: float(str(row["value"])) for row in table}
    told = value["target"] + value["drift of the level"]
    told += value["forgiven by the lower clip"] - value["taken off by the upper clip"]
    assert value["mean miss rate, by day"] == pytest.approx(told, abs=1e-12)
    assert {f"days held by: {n}" for n in ("floor", "ceiling", "young")} <= set(value)
    free = ConformalCorrection(rule=ConformalRule(lowest_share=0.0, ceiling_factor=np.inf))
    (bounded,) = free.tables(margin, losses, 0.99)
    assert "whatever the losses do" in bounded.notes[0]


def test_a_venue_file_that_names_it_is_corrected_end_to_end(tmp_path: Path) -> None:
    text = files("plimsoll.config").joinpath("template.yaml").read_text(encoding="utf-8")
    bars = generate(3, days=460).bars
    found = {}
    for name in ("none", "conformal"):
        venue = tmp_path / f"{name}.yaml"
        new = text.replace("correction: none ", f"correction: {name} ")
        new = new.replace("compare: [garch_t] ", "compare: [] ")
        venue.write_text(new.replace("from: 2023-01-01", "from: 2022-09-01"), encoding="utf-8")
        found[name] = calibrate(venue, data=bars)
    plain, corrected = (found[n].calibration.evidence for n in ("none", "conformal"))
    assert corrected.provenance["correction"] == "conformal"
    assert corrected.table("coverage_conformal").rows
    assert "coverage_conformal" not in [table.name for table in plain.tables]
    before, after = ({(s.market, s.side): s for s in e.series} for e in (plain, corrected))
    assert before.keys() == after.keys()
    assert all((after[key].margin >= before[key].margin - 1e-15).all() for key in before)
    assert any((after[key].margin > before[key].margin).any() for key in before)
