"""Generalised Pareto and Student-t against the reference vectors.

Tolerances of ``stats_vectors/README.md``: log-likelihood 1e-7, parameters 1e-4 (xi 2e-4
absolute), VaR and ES 1e-4.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from plimsoll.estimators import FittedTail, PeaksOverThreshold, StudentT

SERIES = {"sp500": "in_sp500_2010_2018.csv", "dmbp": "in_dmbp.csv", "btc": "in_btc.csv"}
SIDES = {"gpd": -1.0, "gpd_right_tail_of_gains": 1.0}


def vectors(reference_dir: Path, series: str) -> tuple[dict[str, Any], np.ndarray]:
    folder = reference_dir / "stats_vectors"
    table = np.genfromtxt(
        folder / SERIES[series], delimiter=",", names=True, dtype=None, encoding="utf8"
    )
    return json.loads((folder / f"evt_dist_{series}.json").read_text()), table["r"]


def tail_of(
    reference_dir: Path, series: str, side: str, level: str, method: str
) -> tuple[dict[str, Any], FittedTail]:
    content, returns = vectors(reference_dir, series)
    model = PeaksOverThreshold(tail_fraction=1.0 - float(level), method=method)
    return content[side][level], model.fit(SIDES[side] * returns)


@pytest.mark.parametrize("series", SERIES)
@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("level", ["0.9", "0.95"])
def test_pareto_maximum_likelihood(reference_dir: Path, series: str, side: str, level: str) -> None:
    case, tail = tail_of(reference_dir, series, side, level, "mle")
    assert tail.threshold == pytest.approx(case["u"], rel=1e-12)
    assert tail.exceedances == case["n_exc"]
    assert tail.log_likelihood == pytest.approx(case["loglik"], rel=1e-7)
    assert tail.xi == pytest.approx(case["xi"], abs=2e-4)
    assert tail.beta == pytest.approx(case["beta"], rel=1e-4)
    expected = case["se_observed_info"]
    assert tail.standard_errors() == pytest.approx((expected["xi"], expected["beta"]), rel=1e-4)
    assert np.mean(tail.excesses) == pytest.approx(case["mean_excess"], rel=1e-9)
    for confidence, risk in case["risk"].items():
        assert tail.quantile(float(confidence)) == pytest.approx(risk["VaR"], rel=1e-4)
        assert tail.expected_shortfall(float(confidence)) == pytest.approx(risk["ES"], rel=1e-4)


@pytest.mark.parametrize("series", SERIES)
@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("level", ["0.9", "0.95"])
def test_pareto_weighted_moments(reference_dir: Path, series: str, side: str, level: str) -> None:
    """A closed form: 1e-8."""
    case, tail = tail_of(reference_dir, series, side, level, "pwm")
    expected = case["pwm_unbiased"]
    assert tail.xi == pytest.approx(expected["xi"], rel=1e-8)
    assert tail.beta == pytest.approx(expected["beta"], rel=1e-8)


@pytest.mark.parametrize("series", SERIES)
def test_student_t(reference_dir: Path, series: str) -> None:
    content, returns = vectors(reference_dir, series)
    case, fitted = content["dist"]["student_t"], StudentT().fit(returns)
    assert fitted.log_likelihood == pytest.approx(case["loglik"], rel=1e-7)
    assert fitted.degrees_of_freedom == pytest.approx(case["nu"], rel=1e-4)
    assert fitted.location == pytest.approx(case["loc"], rel=1e-4)
    assert fitted.scale == pytest.approx(case["scale"], rel=1e-4)
    for confidence, risk in case["VaR_ES"].items():
        assert fitted.value_at_risk(float(confidence)) == pytest.approx(risk["VaR"], rel=1e-4)
        found = fitted.expected_shortfall(float(confidence))
        assert found == pytest.approx(risk["ES"], rel=1e-4)
