"""The judge of scenario grids on real chains: losses against the index, margins by formula."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from plimsoll.adapters.chains import read_chains
from plimsoll.calibration.grids.deribit_family import deribit_family
from plimsoll.calibration.grids.grid_backtest import LibraryBacktest, realised_backtest
from plimsoll.calibration.grids.grid_fit import GridFit
from plimsoll.calibration.grids.grid_objective import GridTarget
from plimsoll.calibration.grids.surface_cells import day_pairs
from plimsoll.domain.option_chain import OptionChain
from plimsoll.domain.table import Column, Table
from plimsoll.journeys.backtest_grids_data import listed
from plimsoll.journeys.backtest_grids_limits import limit_cases
from plimsoll.journeys.backtest_grids_rests import (
    OFFSET_GIVEN,
    ROLL_KEPT,
    kept_out_note,
    rests_table,
    sets_beside,
)
from plimsoll.journeys.backtest_grids_result import HEADLINE, JudgedFits, grid_study_result
from plimsoll.journeys.backtest_grids_tables import (
    CALIBRATED,
    PUBLISHED,
    family_table,
    scatter_table,
)
from plimsoll.presets import load

DAYS = 6
Pair = tuple[tuple[OptionChain, ...], tuple[OptionChain, ...]]


@pytest.fixture(scope="module")
def pairs(market_data_dir: Path) -> list[Pair]:
    """Six days of March 2026, both coins."""
    by_time: dict[int, list[OptionChain]] = {}
    for chain in read_chains(market_data_dir / "options/deribit_chains_2026-03.parquet"):
        by_time.setdefault(chain.at_ns, []).append(chain)
    snapshots = [tuple(by_time[at]) for at in sorted(by_time)]
    at_ns = np.array(sorted(by_time), dtype=np.int64)
    return [(snapshots[a], snapshots[b]) for a, b in day_pairs(at_ns).tolist()[:DAYS]]


def halved() -> GridFit:
    family = deribit_family(load("deribit").parameters)
    return GridFit(
        family=family,
        point=tuple(s // 2 for s in family.start),
        scopes=(),
        target=GridTarget(),
        standard_error=np.zeros(len(family.knobs)),
    )


@pytest.fixture(scope="module")
def judged(pairs: list[Pair]) -> LibraryBacktest:
    fit = halved()
    family = fit.family
    sets = {
        PUBLISHED: (family, family.published),
        CALIBRATED: (family, fit.parameters),
        **sets_beside(family, fit),
    }
    return realised_backtest([(listed(a), b) for a, b in pairs], sets, seed=1)


def test_a_perpetual_loses_what_the_index_falls(pairs: list[Pair], judged: LibraryBacktest) -> None:
    loss = judged.loss[judged.name == "BTC perpetual, long"]
    for found, (before, after) in zip(loss, pairs, strict=True):
        start, end = (float(np.nanmedian(s[0].index)) for s in (before, after))
        assert found == pytest.approx(1e5 * (1.0 - end / start))


def test_every_portfolio_has_a_margin_and_a_loss(judged: LibraryBacktest) -> None:
    assert judged.known.all()
    for margin in judged.margin.values():
        assert np.isfinite(margin).all()
    assert np.bincount(judged.day).size == DAYS
    perpetual = judged.margin[PUBLISHED][judged.name == "BTC perpetual, long"]
    np.testing.assert_allclose(perpetual, 1e5 * (0.16 + 0.01), rtol=1e-9)


def test_tables_say_what_the_rows_say(judged: LibraryBacktest) -> None:
    table = family_table(judged, "note")
    every = table.rows[0]
    over = judged.loss > judged.margin[PUBLISHED]
    assert every[1] == judged.loss.size
    assert every[6] == pytest.approx(1.0 - over.mean())
    assert every[2] == pytest.approx(judged.margin[PUBLISHED].mean())
    saving = 1.0 - judged.margin[CALIBRATED].mean() / judged.margin[PUBLISHED].mean()
    assert every[4] == pytest.approx(saving)
    assert len(scatter_table(judged, "note", count=None).rows) == len(set(judged.name.tolist()))


def test_an_offset_given_lowers_margins_across_coins_alone(judged: LibraryBacktest) -> None:
    given, published = judged.margin[OFFSET_GIVEN], judged.margin[PUBLISHED]
    assert (given <= published + 1e-6).all()
    lower = given < published - 1e-6
    assert lower.any()
    assert not np.isin(judged.scope[lower], ["BTC", "ETH"]).any()
    assert (judged.margin[ROLL_KEPT] >= judged.margin[CALIBRATED] - 1e-6).all()


def test_lines_that_the_saving_rests_on_are_those_of_the_rows(judged: LibraryBacktest) -> None:
    table = rests_table(judged, {"kept out": judged}, "note")
    found = dict(zip(table.column("line"), table.column("found"), strict=True))
    for coin in ("BTC", "ETH"):
        at = judged.hedged & (judged.scope == coin)
        saved = 1.0 - judged.margin[CALIBRATED][at].sum() / judged.margin[PUBLISHED][at].sum()
        told = str(found[f"Saving, hedged portfolios in {coin}"])
        assert told.startswith(f"{100 * saved:.2f} % less")
    assert {"yes", "no"} >= set(table.column("met"))
    covered = 1.0 - judged.rate[CALIBRATED][judged.hedged].mean()
    assert f"hedged {100 * covered:.2f} % against" in kept_out_note(judged)


def limits_made() -> Table:
    """The table of limits with savings of a tenth, two tenths, ... in BTC; half of it in ETH."""
    cases = ("all limits", *limit_cases(GridTarget()))
    columns = [Column(name=n, title=n) for n in ("case", "saved_BTC", "saved_ETH", "worst")]
    return Table(
        name="grids_limits",
        title="made",
        columns=tuple(columns),
        rows=tuple((c, 0.1 * (n + 1), 0.05 * (n + 1), "") for n, c in enumerate(cases)),
    )


def test_the_study_is_put_together_with_and_without_ablations(judged: LibraryBacktest) -> None:
    crises = {"fitted on": judged, "kept out": judged}
    bare = JudgedFits(fit=halved(), others={}, judged=judged, crises=crises)
    plain = grid_study_result(bare, "window", "findings")
    assert plain.headline == ("grids_judged", "grids_rests", "coverage_families")
    assert "coverage_families" not in plain.details()
    families = Table(name="grids_families", title="made", columns=limits_made().columns, rows=())
    whole = grid_study_result(replace(bare, beside=(limits_made(), families)), "window", "findings")
    assert whole.headline == HEADLINE
    told = next(note for note in whole.notes if "straddle" in note)
    assert "BTC 30.0 % against 10.0 %; ETH 15.0 % against 5.0 %" in told
    assert "97.5 %, one whose options settle within the period 95 %" in told
