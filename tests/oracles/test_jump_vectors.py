"""Lee-Mykland and Hawkes against every number of the vector files of their kinds.

Tolerances of ``stats_vectors/README.md``: Lee-Mykland 1e-9 relative, flags exact; Hawkes 1e-3, its
log-likelihood 1e-6. The files name their own input, so other files of the kinds run unchanged.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from plimsoll.estimators.jumps import Hawkes, JumpFlags, LeeMykland, large_moves

CLOSED, HAWKES, LOG_LIKELIHOOD = 1e-9, 1e-3, 1e-6
NAME = re.compile(r"n_(all|(?P<n>\d+)_per_day)_alpha(?P<alpha>[\d.]+)")


def files(folder: Path, pattern: str) -> Iterator[Mapping[str, Any]]:
    found = sorted((folder / "stats_vectors").glob(pattern))
    assert found
    for path in found:
        yield json.loads(path.read_text())


def series(folder: Path, name: str) -> tuple[np.ndarray, np.ndarray]:
    path = folder / "stats_vectors" / name
    table = np.genfromtxt(path, delimiter=",", names=True, dtype=None, encoding="utf8")
    return table["date"], np.asarray(table["r"], dtype=np.float64)


def close(found: float, expected: float, tolerance: float = CLOSED) -> None:
    assert found == pytest.approx(expected, rel=tolerance, abs=0.0)


def check_constants(fitted: JumpFlags, case: Mapping[str, Any], beta: str) -> None:
    close(fitted.threshold.centre, case["Cn"])
    close(fitted.threshold.scale, case["Sn"])
    close(fitted.threshold.beta, case[beta])


def test_intraday_files(reference_dir: Path) -> None:
    for case in files(reference_dir, "intraday_*.json"):
        dates, returns = series(reference_dir, case["input"])
        for name, expected in case["tests"].items():
            rule = NAME.fullmatch(name)
            assert rule is not None, name
            fitted = LeeMykland(
                window=case["K"],
                alpha=float(rule["alpha"]),
                comparisons=int(rule["n"]) if rule["n"] else None,
            ).fit(returns)
            check_constants(fitted, expected, "beta")
            close(fitted.threshold.critical, expected["threshold_on_abs_L"])
            assert fitted.rows.tolist() == expected["flags_0based"]
            assert dates[fitted.rows].tolist() == expected["times"]
            assert fitted.statistic[fitted.rows] == pytest.approx(expected["L"], rel=CLOSED)
            for row, value in case["L_at"].items():
                close(fitted.statistic[int(row)], value)


def test_daily_files(reference_dir: Path) -> None:
    for content in files(reference_dir, "multi_*.json"):
        case = content["lee_mykland"]
        dates, returns = series(reference_dir, case["input"])
        fitted = LeeMykland(window=case["K"], alpha=0.01).fit(returns)
        assert returns.size == case["n"]
        check_constants(fitted, case, "beta_star_1pct")
        for row, value in case["L_at"].items():
            close(fitted.statistic[int(row)], value)
        assert fitted.rows.tolist() == case["flags_0based"]
        assert dates[fitted.rows].tolist() == case["flag_dates"]
        assert fitted.rows.size == case["n_flags"]


def test_hawkes_files(reference_dir: Path) -> None:
    for content in files(reference_dir, "multi_*.json"):
        case = content["hawkes_exp"]
        _, returns = series(reference_dir, case["input"])
        multiple = float(re.search(r"([\d.]+)\*std", case["events"])[1])  # type: ignore[index]
        events = large_moves(returns, multiple=multiple)
        assert events.time.size == case["n_events"]
        assert events.horizon == case["T"]
        fitted, own = Hawkes().fit(events), case["own"]
        close(float(fitted.baseline[0]), own["mu"], HAWKES)
        close(float(fitted.excitation[0, 0]), own["alpha"], HAWKES)
        close(fitted.decay, own["beta"], HAWKES)
        close(fitted.branching_ratio, own["branching"], HAWKES)
        assert fitted.log_likelihood >= own["loglik"] - LOG_LIKELIHOOD * abs(own["loglik"])
        close(fitted.log_likelihood, own["loglik"], LOG_LIKELIHOOD)
