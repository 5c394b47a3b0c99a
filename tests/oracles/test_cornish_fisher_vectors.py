"""Plain Cornish-Fisher against the reference vectors (closed form: 1e-8) and Maillard's domain."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from scipy import integrate, stats

from plimsoll.errors import EstimationError
from plimsoll.estimators import CornishFisher
from plimsoll.estimators.tails.cornish_fisher import sample_moments
from plimsoll.maths.cornish_fisher import (
    LARGEST_SKEWNESS_PARAMETER,
    cornish_fisher_expected_shortfall,
    cornish_fisher_is_monotone,
    cornish_fisher_moments,
    cornish_fisher_parameters,
    cornish_fisher_quantile,
    cornish_fisher_value_at_risk,
)

WINDOWS = {"hist_cf_all": slice(None), "hist_cf_last500": slice(-500, None)}


def test_every_cornish_fisher_number(reference_dir: Path) -> None:
    paths = sorted((reference_dir / "stats_vectors").glob("garch_*.json"))
    count = 0
    for path in paths:
        case = json.loads(path.read_text())
        table = np.genfromtxt(
            path.parent / case["input"], delimiter=",", names=True, dtype=None, encoding="utf8"
        )
        for window, rows in WINDOWS.items():
            block = dict(case[window])
            moments = sample_moments(np.array(table["r"][rows], dtype=np.float64))
            assert moments == pytest.approx(tuple(block.pop("moments").values()), rel=1e-8)
            for level, expected in block.items():
                found = cornish_fisher_value_at_risk(float(level), *moments)
                assert found == pytest.approx(expected["CF_VaR"], rel=1e-8)
                found = cornish_fisher_expected_shortfall(float(level), *moments)
                assert found == pytest.approx(expected["CF_ES_integral"], rel=1e-8)
                count += 1
    assert paths
    assert count == 3 * len(WINDOWS) * len(paths)


def test_bitcoin_lies_outside_the_domain(reference_dir: Path) -> None:
    table = np.genfromtxt(
        reference_dir / "stats_vectors" / "in_btc.csv",
        delimiter=",", names=True, dtype=None, encoding="utf8",
    )  # fmt: skip
    with pytest.raises(EstimationError, match=r"skew -1\.055 and excess kurtosis 14\.25.*moments"):
        CornishFisher().fit(table["r"])
    fitted = CornishFisher(matching="moments").fit(table["r"])
    law = cornish_fisher_moments(fitted.skewness_parameter, fitted.kurtosis_parameter)
    assert law[2:] == pytest.approx((fitted.skewness, fitted.excess_kurtosis), rel=1e-8)
    assert 9.0 < fitted.value_at_risk(0.99) < 14.0  # the sample's own quantile is 10.6


@pytest.mark.parametrize(
    ("skewness", "kurtosis"),
    [(0.0, 0.0), (0.0, 8.0), (0.0, 8.01), (0.0, -0.1), (0.5, 2.0), (-1.0, 2.0), (-1.0, 9.0),
     (LARGEST_SKEWNESS_PARAMETER - 1e-3, 4.0 + 11.0 / 9.0 * 6.177), (2.6, 11.0), (1.0, 1.3)],
)  # fmt: skip
def test_domain_is_where_the_map_rises(skewness: float, kurtosis: float) -> None:
    z = np.linspace(-60.0, 60.0, 240_001)
    rises = np.all(np.diff(cornish_fisher_quantile(z, skewness, kurtosis)) > 0.0)
    assert cornish_fisher_is_monotone(skewness, kurtosis) == rises


def test_largest_kurtosis_of_the_law() -> None:
    """Maillard: the parameter 8 is an excess kurtosis of 43.2."""
    assert cornish_fisher_moments(0.0, 8.0)[3] == pytest.approx(43.2, rel=1e-12)
    assert not math.isfinite(cornish_fisher_parameters(0.0, 43.3)[0])


@pytest.mark.parametrize(("skewness", "kurtosis"), [(-0.6, 3.0), (0.3, 1.0), (1.0, 4.0)])
def test_moments_by_quadrature(skewness: float, kurtosis: float) -> None:
    def moment(order: int) -> float:
        return float(
            integrate.quad(
                lambda z: cornish_fisher_quantile(z, skewness, kurtosis) ** order
                * stats.norm.pdf(z),
                -15.0, 15.0, epsabs=1e-13, epsrel=1e-13, limit=200,
            )[0]
        )  # fmt: skip

    mean, deviation, skew, excess = cornish_fisher_moments(skewness, kurtosis)
    assert mean == pytest.approx(moment(1), abs=1e-12)
    assert deviation == pytest.approx(math.sqrt(moment(2)), rel=1e-11)
    assert skew == pytest.approx(moment(3) / moment(2) ** 1.5, rel=1e-10)
    assert excess == pytest.approx(moment(4) / moment(2) ** 2 - 3.0, rel=1e-10)
