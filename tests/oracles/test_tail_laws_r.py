"""Tails and laws against R: evd, fExtremes, MASS, fBasics, sn and rugarch on the same input.

R's optimisers stop early (README: evd and fExtremes at 1e-6 to 3e-4 in xi), so its log-likelihood
may not exceed ours and its parameters agree within 1e-3 relative (5e-4 absolute for small ones).
Not compared: ``fExtremes_pwm`` (other plotting positions), ``fGarch_std`` and ``fGarch_sstd``
(the families of rugarch's ``std`` and ``sstd`` again, from a coarser optimiser).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from plimsoll.estimators import (
    AzzaliniSkewT,
    BlockMaxima,
    HansenSkewT,
    NormalInverseGaussian,
    PeaksOverThreshold,
    StudentT,
)

SERIES = ("sp500", "dmbp", "btc")
RELATIVE, ABSOLUTE, LOG_LIKELIHOOD = 1e-3, 5e-4, 1e-7


def case_of(reference_dir: Path, series: str) -> tuple[Mapping[str, Any], np.ndarray]:
    folder = reference_dir / "stats_vectors"
    case = json.loads((folder / f"r_{series}.json").read_text())
    table = np.genfromtxt(
        folder / case["input"], delimiter=",", names=True, dtype=None, encoding="utf8"
    )
    return case, np.asarray(table["r"], dtype=np.float64)


def agree(found: Mapping[str, float], expected: Mapping[str, Any]) -> None:
    for name, value in found.items():
        assert value == pytest.approx(expected[name], rel=RELATIVE, abs=ABSOLUTE), name


@pytest.mark.parametrize("series", SERIES)
@pytest.mark.parametrize("level", ["0.9", "0.95"])
def test_pareto(reference_dir: Path, series: str, level: str) -> None:
    case, returns = case_of(reference_dir, series)
    expected = case["gpd"][level]
    tail = PeaksOverThreshold(tail_fraction=1.0 - float(level)).fit(-returns)
    assert tail.exceedances == expected["n_exc"]
    agree({"xi": tail.xi, "beta": tail.beta}, expected["evd_fpot"])
    agree({"xi": tail.xi, "beta": tail.beta}, expected["fExtremes_mle"])
    assert tail.log_likelihood == pytest.approx(expected["evd_fpot"]["loglik"], abs=1e-6)
    shape, scale = tail.standard_errors()
    agree({"shape": shape, "scale": scale}, expected["evd_fpot"]["se"])


@pytest.mark.parametrize("series", SERIES)
def test_extreme_value(reference_dir: Path, series: str) -> None:
    case, returns = case_of(reference_dir, series)
    expected, fitted = case["gev_block21"], BlockMaxima(block_length=21).fit(-returns)
    agree(fitted.parameters(), expected["evd_fgev"])
    agree({"xi": fitted.xi, "mu": fitted.mu, "beta": fitted.sigma}, expected["fExtremes"])
    found = expected["evd_fgev"]["loglik"]
    assert fitted.log_likelihood == pytest.approx(found, rel=LOG_LIKELIHOOD)


@pytest.mark.parametrize("series", SERIES)
def test_student_t(reference_dir: Path, series: str) -> None:
    case, returns = case_of(reference_dir, series)
    expected, fitted = case["dist"], StudentT().fit(returns)
    nu, unit = fitted.degrees_of_freedom, fitted.scale
    agree({"m": fitted.location, "s": unit, "df": nu}, expected["t_MASS"])
    sigma = unit * np.sqrt(nu / (nu - 2.0))
    agree({"mu": fitted.location, "sigma": sigma, "shape": nu}, expected["rugarch_std"])
    for name in ("t_MASS", "rugarch_std"):
        found = expected[name]["loglik"]
        assert fitted.log_likelihood == pytest.approx(found, rel=LOG_LIKELIHOOD)


@pytest.mark.parametrize("series", SERIES)
def test_hansen_is_fernandez_and_steel(reference_dir: Path, series: str) -> None:
    """Their skewness is ``sqrt((1 + lambda) / (1 - lambda))``; mean, sd and shape are the same."""
    case, returns = case_of(reference_dir, series)
    expected, fitted = case["dist"]["rugarch_sstd"], HansenSkewT().fit(returns)
    hansen = fitted.hansen_parameters()
    skew = np.sqrt((1.0 + hansen.skew) / (1.0 - hansen.skew))
    found = {"mu": hansen.mean, "sigma": hansen.standard_deviation, "shape": hansen.eta}
    agree(found | {"skew": skew}, expected)
    assert fitted.log_likelihood == pytest.approx(expected["loglik"], rel=LOG_LIKELIHOOD)


@pytest.mark.parametrize("series", SERIES)
def test_normal_inverse_gaussian(reference_dir: Path, series: str) -> None:
    """rugarch: mean, standard deviation, ``beta / alpha`` and ``delta * gamma``."""
    case, returns = case_of(reference_dir, series)
    fitted = NormalInverseGaussian().fit(returns)
    agree(fitted.parameters(), case["dist"]["fBasics_nig"])
    gamma = np.sqrt(fitted.alpha**2 - fitted.beta**2)
    found = {
        "mu": fitted.mu + fitted.delta * fitted.beta / gamma,
        "sigma": np.sqrt(fitted.delta * fitted.alpha**2 / gamma**3),
        "skew": fitted.beta / fitted.alpha,
        "shape": fitted.delta * gamma,
    }
    expected = case["dist"]["rugarch_nig"]
    agree(found, expected)
    assert fitted.log_likelihood == pytest.approx(expected["loglik"], rel=LOG_LIKELIHOOD)


@pytest.mark.parametrize("series", SERIES)
def test_azzalini(reference_dir: Path, series: str) -> None:
    case, returns = case_of(reference_dir, series)
    expected, fitted = case["dist"]["sn_st_azzalini"], AzzaliniSkewT().fit(returns)
    found = {"xi": fitted.location, "omega": fitted.scale, "alpha": fitted.alpha}
    agree(found | {"nu": fitted.degrees_of_freedom}, expected)
    assert fitted.log_likelihood == pytest.approx(expected["loglik"], rel=LOG_LIKELIHOOD)
