"""The judge of scenario grids on real chains: losses against the index, margins by formula."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from plimsoll.adapters.chains import read_chains
from plimsoll.calibration.grids.deribit_family import deribit_family
from plimsoll.calibration.grids.grid_backtest import LibraryBacktest, realised_backtest
from plimsoll.calibration.grids.surface_cells import day_pairs
from plimsoll.domain.option_chain import OptionChain
from plimsoll.journeys.backtest_grids_data import listed
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


@pytest.fixture(scope="module")
def judged(pairs: list[Pair]) -> LibraryBacktest:
    family = deribit_family(load("deribit").parameters)
    sets = {
        PUBLISHED: (family, family.published),
        CALIBRATED: (family, family.parameters(tuple(s // 2 for s in family.start))),
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
