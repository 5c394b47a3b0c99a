"""Every leaf of the backtest vectors, in whatever files of these kinds lie there.

Tolerances of the vectors' README: 1e-9 on statistics and closed p-values, 1e-8 on rugarch's and
esback's (printed with 13 digits), 0.006 absolute on simulated p-values, 2 % on the coefficients of
the shortfall regression. A leaf that no rule below knows fails, so that none is passed over.
rugarch's ``boot.p.value`` is a mean of p-values over resamples, no p-value: the README says not to
match it.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from plimsoll.validation import (
    ConditionalCoverage,
    Direction,
    ForecastTest,
    ResidualLaw,
    Sides,
    StudentLaw,
    acerbi_szekely_tests,
    conditional_calibration_test,
    conditional_coverage_test,
    dynamic_quantile_test,
    first_failure_test,
    fz0_score,
    haas_test,
    hits_of,
    independence_test,
    kupiec_test,
    mcneil_frey_test,
    quantile_score,
    student_draws,
    weibull_duration_test,
)
from plimsoll.validation.breaches.durations import fit_weibull_gaps, gaps_of
from plimsoll.validation.breaches.scored_hits import scored_hits
from plimsoll.validation.coverage import kupiec_pof
from plimsoll.validation.shortfall.acerbi_szekely import shortfall_ratios
from plimsoll.validation.shortfall.mcneil_frey import bootstrap_p_value, breach_residuals
from plimsoll.validation.shortfall.shortfall_regression import shortfall_regression
from plimsoll.validation.traffic_light import basel_plus_factor, traffic_light, zone_table

Vector = NDArray[np.float64]

TEXTS = {"hit", "residual", "sign", "sim", "mc_se_note", "regressors", "status", "model"}
SEED = 20_260_601
R_RESAMPLES = 5_000


@dataclass(frozen=True)
class Case:
    """One model of one file: its expected leaves and the columns they were made of."""

    expected: Mapping[str, Any]
    columns: Mapping[str, Vector]
    name: str

    @property
    def confidence(self) -> float:
        return {"975": 0.975, "99": 0.99}[self.name.rsplit("_", 1)[1]]

    @property
    def rate(self) -> float:
        return 1.0 - self.confidence

    def _column(self, what: str) -> Vector:
        prefix = "hs_" if self.name.startswith("hs") else ""
        return self.columns[f"{prefix}{what}{self.name.rsplit('_', 1)[1]}"]

    @cached_property
    def loss(self) -> Vector:
        return -self.columns["r"]

    @cached_property
    def var(self) -> Vector:
        return self._column("var")

    @cached_property
    def es(self) -> Vector:
        return self._column("es")

    @cached_property
    def hits(self) -> Vector:
        return hits_of(self.loss, self.var)


def _columns(folder: Path, name: str) -> dict[str, Vector]:
    with (folder / name).open() as file:
        rows = list(csv.DictReader(file))
    return {k: np.array([float(row[k]) for row in rows]) for k in rows[0] if k != "date"}


def _cases(reference_dir: Path, pattern: str) -> Iterator[Case]:
    folder = reference_dir / "stats_vectors"
    files = sorted(folder.glob(pattern))
    assert files
    for file in files:
        content = json.loads(file.read_text())
        models = content.get("tests", content)
        columns = _columns(folder, content["input"])
        for name, expected in models.items():
            if isinstance(expected, dict) and name.startswith(("garch_t_", "hs500_")):
                yield Case(expected=expected, columns=columns, name=name)


def _close(found: float, expected: float, rel: float = 1e-9) -> None:
    # Where the exact value is zero rounding may leave 1e-13.
    assert found == pytest.approx(expected, rel=rel, abs=1e-12)


def _ratio(found: ForecastTest, expected: Mapping[str, Any], key: str = "LR") -> None:
    _close(found.statistic, expected[key])
    # A ratio of exactly zero may come out as 1e-13, whose p-value is 1 - 3e-7.
    assert found.p_value == pytest.approx(expected["p"], rel=1e-9 if expected[key] else 1e-6)


def _christoffersen(case: Case, expected: Mapping[str, Any]) -> None:
    pairs = scored_hits(case.hits).transitions()
    for key in ("n00", "n01", "n10", "n11"):
        assert getattr(pairs, key) == expected[key]
    found = {
        "ind": independence_test(case.hits, case.rate),
        "cc_as_sum": conditional_coverage_test(case.hits, case.rate),
        "cc_from_transitions": conditional_coverage_test(
            case.hits, case.rate, ConditionalCoverage.FROM_TRANSITIONS
        ),
    }
    assert set(expected) == {f"{a}_{k}" for a in ("LR", "p") for k in found} | {
        "n00",
        "n01",
        "n10",
        "n11",
    }
    for key, test in found.items():
        _close(test.statistic, expected[f"LR_{key}"])
        _close(test.p_value, expected[f"p_{key}"])


def _first_failure(case: Case, expected: Mapping[str, Any]) -> None:
    assert int(np.argmax(case.hits)) + 1 == expected["v"]
    _ratio(first_failure_test(case.hits, case.rate), expected)


def _haas(case: Case, expected: Mapping[str, Any]) -> None:
    found = haas_test(case.hits, case.rate)
    _ratio(found, expected)
    assert found.reference_law == f"chi2({expected['df']})"


def _dynamic_quantile(case: Case, expected: Mapping[str, Any]) -> None:
    level = case.var if expected["regressors"].endswith("VaR_t (loss positive)") else None
    found = dynamic_quantile_test(case.hits, case.rate, value_at_risk=level)
    _ratio(found, expected, "stat")
    assert found.reference_law == f"chi2({expected['df']})"


def _mcneil_frey(case: Case, expected: Mapping[str, Any]) -> None:
    sigma = None if "residual" in expected else case.columns["sigma"]
    found = mcneil_frey_test(case.loss, case.var, case.es, sigma=sigma)
    residual = breach_residuals(case.loss, case.var, case.es, sigma).residual
    _close(float(residual.mean()), expected["mean"])
    _close(found.statistic, expected["t"])
    _close(found.p_value, expected["p_one_sided_t"])


def _acerbi_szekely(case: Case, expected: Mapping[str, Any]) -> None:
    found = shortfall_ratios(case.loss, case.var, case.es, case.confidence)
    _close(found.z1, expected["Z1"])
    _close(found.z2, expected["Z2"])
    if "sim" not in expected:
        return
    mean, sigma, nu = (case.columns[k] for k in ("mu", "sigma", "nu"))
    # The same draws as the vectors', path after path: the digits agree, not only to 0.006.
    draws = student_draws(mean, sigma, nu)
    forecasts = (case.loss, case.var, case.es, case.confidence)
    z1, z2 = acerbi_szekely_tests(*forecasts, law=draws, seed=SEED)
    assert z1.p_value == pytest.approx(expected["p_Z1"], abs=1e-9)
    assert z2.p_value == pytest.approx(expected["p_Z2"], abs=1e-9)
    # Z1 is made over paths with a breach here; the vector counts the others, of which there may
    # be a few in ten thousand, as zero: the quantile moves by one order statistic.
    assert z1.critical_value == pytest.approx(expected["crit05_Z1"], abs=1e-4)
    _close(z2.critical_value, expected["crit05_Z2"])
    # The faster simulation draws other numbers: four joint Monte-Carlo errors.
    law = StudentLaw(mean=mean, sigma=sigma, degrees_of_freedom=nu)
    for test, key in zip(
        acerbi_szekely_tests(*forecasts, law=law, seed=1), ("Z1", "Z2"), strict=True
    ):
        p = expected[f"p_{key}"]
        error = np.sqrt(p * (1.0 - p) * 2.0 / 20_000)
        assert test.p_value == pytest.approx(p, abs=4.0 * error)


def _nolde_ziegel(case: Case, expected: Mapping[str, Any]) -> None:
    found = conditional_calibration_test(case.loss, case.var, case.es, case.confidence)
    _close(found.statistic, expected["T"])
    _close(found.p_value, expected["p"])


def _shortfall_regression(case: Case, expected: Mapping[str, Any]) -> None:
    found = shortfall_regression(case.loss, case.es, case.confidence)
    assert found.loss <= expected["loss"] + 1e-9
    assert found.loss == pytest.approx(expected["loss"], abs=2e-4)
    np.testing.assert_allclose(found.shortfall, expected["b"][2:], rtol=0.02)


def _basel(case: Case, expected: Mapping[str, Any]) -> None:
    count = int(case.hits[-250:].sum())
    assert count == expected["exceptions"]
    assert str(traffic_light(count, 250, case.rate)) == expected["zone"]


def _scores(case: Case, expected: Mapping[str, Any]) -> None:
    fz0 = fz0_score(case.loss, case.var, case.es, case.confidence)
    pinball = quantile_score(case.loss, case.var, case.confidence)
    _close(float(fz0.mean()), expected["fz0_mean"])
    for found, value in zip(fz0[:3], expected["fz0_first3"], strict=True):
        _close(float(found), value)
    _close(float(pinball.mean()), expected["pinball_mean"])


def _counts(case: Case, expected: Mapping[str, Any]) -> None:
    assert case.confidence == expected["q"]
    series = scored_hits(case.hits)
    assert series.observations == expected["n"]
    assert series.breaches == expected["exceptions"]
    assert int(np.argmax(case.hits)) + 1 == expected["first_exception_1based"]


RULES: dict[str, Callable[[Case, Mapping[str, Any]], None]] = {
    "kupiec_pof": lambda case, e: _ratio(kupiec_test(case.hits, case.rate), e),
    "christoffersen": _christoffersen,
    "tuff": _first_failure,
    "haas_tbf_ind": _haas,
    "dq_lag4_hits_and_VaR": _dynamic_quantile,
    "dq_lag4_hits_only": _dynamic_quantile,
    "mcneil_frey": _mcneil_frey,
    "mcneil_frey_standardised": _mcneil_frey,
    "acerbi_szekely": _acerbi_szekely,
    "nolde_ziegel_simple_two_sided": _nolde_ziegel,
    "esr_strict_point": _shortfall_regression,
    "basel_last250": _basel,
}
PLAIN = {"q", "n", "exceptions", "first_exception_1based", "fz0_mean", "fz0_first3", "pinball_mean"}


def test_every_backtest_of_every_file(reference_dir: Path) -> None:
    cases = list(_cases(reference_dir, "backtests_*.json"))
    assert len(cases) >= 4
    for case in cases:
        _counts(case, case.expected)
        _scores(case, case.expected)
        for key, expected in case.expected.items():
            if key not in PLAIN | TEXTS:
                RULES[key](case, expected)


def test_tables_of_every_file(reference_dir: Path) -> None:
    seen = 0
    for file in sorted((reference_dir / "stats_vectors").glob("backtests_*.json")):
        content = json.loads(file.read_text())
        assert set(content) <= {"input", "software", "tests", "basel_table_250_99", "kupiec_grid"}
        for row, found in zip(
            content.get("basel_table_250_99", ()), zone_table(250, 0.01, up_to=12), strict=False
        ):
            seen += 1
            assert (found.breaches, str(found.zone)) == (row["x"], row["zone"])
            assert basel_plus_factor(found.breaches) == row["add_on"]
            _close(found.probability, row["pmf"])
            _close(found.cumulative, row["cdf"])
        for row in content.get("kupiec_grid", ()):
            seen += 1
            found_ratio = kupiec_pof(row["x"], row["n"], row["p"])
            _close(found_ratio.statistic, row["LR"])
            assert found_ratio.p_value == pytest.approx(
                row["pvalue"], rel=1e-9 if row["LR"] else 1e-6
            )
    assert seen > 0


def _rugarch_coverage(case: Case, expected: Mapping[str, Any]) -> None:
    pof = kupiec_test(case.hits, case.rate)
    joint = conditional_coverage_test(case.hits, case.rate)
    assert scored_hits(case.hits).breaches == expected["actual.exceed"]
    assert int(case.rate * case.hits.size + 1e-9) == expected["expected.exceed"]
    _close(pof.statistic, expected["uc.LRstat"], 1e-8)
    _close(pof.p_value, expected["uc.LRp"], 1e-8)
    _close(joint.statistic, expected["cc.LRstat"], 1e-8)
    _close(joint.p_value, expected["cc.LRp"], 1e-8)


def _rugarch_shortfall(case: Case, expected: Mapping[str, Any]) -> None:
    found = mcneil_frey_test(case.loss, case.var, case.es, law=ResidualLaw.NORMAL)
    assert scored_hits(case.hits).breaches == expected["actual.exceed"]
    _close(found.p_value, expected["p.value"], 1e-8)


def _rugarch_duration(case: Case, expected: Mapping[str, Any]) -> None:
    fit = fit_weibull_gaps(gaps_of(case.hits))
    # rugarch stops its search at 1e-6 in the shape, where the likelihood is flat to 1e-11.
    assert fit.shape == pytest.approx(expected["b"], abs=1e-5)
    _close(fit.log_likelihood, expected["uLL"], 1e-8)
    assert fit.log_likelihood >= expected["uLL"] - 1e-11
    _close(fit.exponential_log_likelihood, expected["rLL"], 1e-8)
    _close(weibull_duration_test(case.hits, case.rate).p_value, expected["LRp"], 1e-8)


def _esback_calibration(case: Case, expected: Mapping[str, Any]) -> None:
    for kind, sigma in (("simple", None), ("general", case.columns["sigma"])):
        for side, sides in (("twosided", Sides.TWO_SIDED), ("onesided", Sides.ONE_SIDED)):
            value = expected[f"pvalue_{side}_{kind}"]
            if value is not None:
                found = conditional_calibration_test(
                    case.loss, case.var, case.es, case.confidence, sigma=sigma, sides=sides
                )
                _close(found.p_value, value, 1e-8)


def _r_uniform_indices(size: int, count: int) -> NDArray[np.int64]:
    """``sample(size, count, replace = TRUE)`` of R (>= 3.6) after ``set.seed(1)``, from 0.

    R scrambles the seed by a congruential generator, fills the Mersenne Twister with it, and draws
    indices by rejection from the upper 16 bits.
    """
    state, seed = [], 1
    for step in range(50 + 625):
        seed = (69_069 * seed + 1) % 2**32
        if step >= 50:
            state.append(seed)
    twister = np.random.RandomState()
    twister.set_state(("MT19937", np.array(state[1:], dtype=np.uint32), 624))
    bits = int(np.ceil(np.log2(size)))
    raw = twister.randint(0, 2**32, size=count * 4, dtype=np.uint32)
    upper = np.floor(raw * 2.3283064365386963e-10 * 65_536.0).astype(np.int64)
    drawn = upper & ((1 << bits) - 1)
    kept: NDArray[np.int64] = drawn[drawn < size][:count]
    assert kept.size == count
    return kept


def _esback_residuals(case: Case, expected: Mapping[str, Any]) -> None:
    for kind, sigma in (("simple", None), ("standardized", case.columns["sigma"])):
        if expected[f"pvalue_twosided_{kind}"] is None:
            continue
        residual = breach_residuals(case.loss, case.var, case.es, sigma).residual
        drawn = _r_uniform_indices(residual.size, residual.size * R_RESAMPLES)
        drawn = drawn.reshape(residual.size, R_RESAMPLES).T
        for side, direction in (
            ("twosided", Direction.TWO_SIDED),
            ("onesided", Direction.UNDERSTATED),
        ):
            p_value, _ = bootstrap_p_value(residual, drawn, direction)
            # The very resamples of R: equal to the four digits that 5,000 of them have.
            assert p_value == pytest.approx(expected[f"pvalue_{side}_{kind}"], abs=1e-9)


R_RULES: dict[str, Callable[[Case, Mapping[str, Any]], None]] = {
    "rugarch_VaRTest": _rugarch_coverage,
    "rugarch_ESTest": _rugarch_shortfall,
    "rugarch_VaRDurTest": _rugarch_duration,
    "esback_cc": _esback_calibration,
    "esback_er": _esback_residuals,
}


def test_every_test_of_the_r_packages(reference_dir: Path) -> None:
    cases = list(_cases(reference_dir, "r2_*.json"))
    assert len(cases) >= 4
    for case in cases:
        for key, expected in case.expected.items():
            if key == "pinball_mean":
                pinball = quantile_score(case.loss, case.var, case.confidence)
                _close(float(pinball.mean()), expected, 1e-8)
            else:
                R_RULES[key](case, expected)
