"""Realised measures against the reference vectors, whatever series stand in them.

Every JSON file beside the series with ``days`` (by UTC day) or ``bipower`` (by ranges of rows) is
taken; inputs are named inside. Tolerance 1e-9 relative, the demand of the vectors.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from plimsoll.estimators.realised.blocks import Blocks, blocks_of
from plimsoll.estimators.realised.measures import (
    BipowerScaling,
    RealisedMeasures,
    realised_measures,
)

NAMES = {
    "m": "returns",
    "RV": "variance",
    "BV": "bipower",
    "TQ": "tripower_quarticity",
    "MedRV": "med",
    "MinRV": "min",
    "bns_ratio_z": "ratio_z",
    "ratio_z": "ratio_z",
}
SCALED = "BV_scaled_n_over_n_minus_1"
KEYS = {"day", "rows"}


def documents(reference_dir: Path, key: str) -> Iterator[tuple[Path, dict[str, Any]]]:
    for path in sorted((reference_dir / "stats_vectors").glob("*.json")):
        content = json.loads(path.read_text())
        if isinstance(content, dict) and key in content:
            yield path, content


def series(path: Path, name: str) -> tuple[np.ndarray, np.ndarray]:
    table = np.genfromtxt(
        path.with_name(name), delimiter=",", names=True, dtype=None, encoding="utf8"
    )
    return table["date"].astype("datetime64[ns]"), np.asarray(table["r"], dtype=np.float64)


def check(case: dict[str, Any], found: RealisedMeasures, scaled: RealisedMeasures, at: int) -> int:
    """Compare every leaf of a block; none may be unknown."""
    assert set(case) <= NAMES.keys() | KEYS | {SCALED}
    for name in case.keys() & NAMES.keys():
        assert getattr(found, NAMES[name])[at] == pytest.approx(case[name], rel=1e-9), name
    if SCALED in case:
        assert scaled.bipower[at] == pytest.approx(case[SCALED], rel=1e-9)
    return len(case.keys() - KEYS)


def both(returns: np.ndarray, blocks: Blocks) -> tuple[RealisedMeasures, RealisedMeasures]:
    scaling = BipowerScaling.N_OVER_N_MINUS_1
    return realised_measures(returns, blocks), realised_measures(
        returns, blocks, bipower_scaling=scaling
    )


def test_days(reference_dir: Path) -> None:
    leaves = 0
    for path, content in documents(reference_dir, "days"):
        time, returns = series(path, content["input"])
        blocks = blocks_of(time.astype(np.int64))
        found = both(returns, blocks)
        days = blocks.start_ns.astype("datetime64[ns]").astype("datetime64[D]").astype(str).tolist()
        for case in content["days"]:
            leaves += check(case, *found, days.index(case["day"]))
    assert leaves >= 56


def test_ranges_of_rows(reference_dir: Path) -> None:
    leaves = 0
    for path, content in documents(reference_dir, "bipower"):
        section = content["bipower"]
        _, returns = series(path, section["input"])
        rows = np.array([block["rows"] for block in section["blocks"]], dtype=np.int64)
        found = both(returns, Blocks(first=rows[:, 0], last=rows[:, 1], start_ns=rows[:, 0]))
        for at, case in enumerate(section["blocks"]):
            leaves += check(case, *found, at)
    assert leaves >= 35
