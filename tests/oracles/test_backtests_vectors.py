"""Coverage tests and scores against the reference vectors (numpy/scipy/statsmodels, and rugarch).

Tolerances are those of the vectors' README: 1e-9 on statistics, 1e-8 for rugarch's, which are
printed with 13 digits. Historical quantiles: 1e-8 (closed forms).
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from plimsoll.measures import (
    Convention,
    expected_shortfall,
    exponential_spectrum,
    power_spectrum,
    spectral,
    value_at_risk,
)
from plimsoll.validation.coverage import (
    ConditionalCoverage,
    breaches_of,
    christoffersen_independence,
    conditional_coverage,
    count_transitions,
    first_breach,
    kupiec_pof,
    kupiec_tuff,
)
from plimsoll.validation.scores import fz0_score, quantile_score
from plimsoll.validation.traffic_light import basel_plus_factor, traffic_light, zone_table

SERIES = ("sp500", "btc")
MODELS = ("garch_t_975", "garch_t_99", "hs500_975", "hs500_99")
COLUMNS = {
    "garch_t_975": ("var975", "es975"),
    "garch_t_99": ("var99", "es99"),
    "hs500_975": ("hs_var975", "hs_es975"),
    "hs500_99": ("hs_var99", "hs_es99"),
}
Vector = NDArray[np.float64]


def _vectors(reference_dir: Path, name: str) -> dict[str, Any]:
    return json.loads((reference_dir / "stats_vectors" / name).read_text())


def _column(reference_dir: Path, name: str, column: str) -> Vector:
    with (reference_dir / "stats_vectors" / name).open() as file:
        return np.array([float(row[column]) for row in csv.DictReader(file)])


def _case(reference_dir: Path, series: str, model: str) -> tuple[Vector, Vector, Vector]:
    name = f"in_roll_{series}.csv"
    var, es = COLUMNS[model]
    return (
        -_column(reference_dir, name, "r"),
        _column(reference_dir, name, var),
        _column(reference_dir, name, es),
    )


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("series", SERIES)
def test_coverage_statistics(reference_dir: Path, series: str, model: str) -> None:
    expected = _vectors(reference_dir, f"backtests_{series}.json")["tests"][model]
    loss, var, _ = _case(reference_dir, series, model)
    rate = 1.0 - expected["q"]
    flags = breaches_of(var, loss)
    assert (flags.size, int(flags.sum())) == (expected["n"], expected["exceptions"])
    assert first_breach(flags) == expected["first_exception_1based"]
    pof = kupiec_pof(int(flags.sum()), flags.size, rate)
    tuff = kupiec_tuff(flags, rate)
    pairs = count_transitions(flags)
    chris = expected["christoffersen"]
    assert (pairs.n00, pairs.n01, pairs.n10, pairs.n11) == tuple(
        chris[k] for k in ("n00", "n01", "n10", "n11")
    )
    independence = christoffersen_independence(flags)
    as_sum = conditional_coverage(flags, rate, ConditionalCoverage.AS_SUM)
    pairs_only = conditional_coverage(flags, rate, ConditionalCoverage.FROM_TRANSITIONS)
    for found, statistic, p_value in (
        (pof, expected["kupiec_pof"]["LR"], expected["kupiec_pof"]["p"]),
        (tuff, expected["tuff"]["LR"], expected["tuff"]["p"]),
        (independence, chris["LR_ind"], chris["p_ind"]),
        (as_sum, chris["LR_cc_as_sum"], chris["p_cc_as_sum"]),
        (pairs_only, chris["LR_cc_from_transitions"], chris["p_cc_from_transitions"]),
    ):
        # Where v p = 1 exactly the ratio is zero up to rounding, hence the absolute part;
        # sqrt of it moves p of such a ratio by up to 1e-6.
        assert found.statistic == pytest.approx(statistic, rel=1e-9, abs=1e-12)
        assert found.p_value == pytest.approx(p_value, rel=1e-9, abs=1e-6 if not statistic else 0)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("series", SERIES)
def test_scores(reference_dir: Path, series: str, model: str) -> None:
    expected = _vectors(reference_dir, f"backtests_{series}.json")["tests"][model]
    loss, var, es = _case(reference_dir, series, model)
    fz0 = fz0_score(loss, var, es, expected["q"])
    pinball = quantile_score(loss, var, expected["q"])
    assert fz0.mean() == pytest.approx(expected["fz0_mean"], rel=1e-9)
    assert list(fz0[:3]) == pytest.approx(expected["fz0_first3"], rel=1e-9)
    assert pinball.mean() == pytest.approx(expected["pinball_mean"], rel=1e-9)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("series", SERIES)
def test_rugarch(reference_dir: Path, series: str, model: str) -> None:
    expected = _vectors(reference_dir, f"r2_{series}.json")[model]
    loss, var, _ = _case(reference_dir, series, model)
    rate = 0.025 if model.endswith("975") else 0.01
    flags = breaches_of(var, loss)
    test = expected["rugarch_VaRTest"]
    pof = kupiec_pof(int(flags.sum()), flags.size, rate)
    joint = conditional_coverage(flags, rate, ConditionalCoverage.AS_SUM)
    assert int(flags.sum()) == test["actual.exceed"]
    assert pof.statistic == pytest.approx(test["uc.LRstat"], rel=1e-8)
    assert pof.p_value == pytest.approx(test["uc.LRp"], rel=1e-8)
    assert joint.statistic == pytest.approx(test["cc.LRstat"], rel=1e-8)
    assert joint.p_value == pytest.approx(test["cc.LRp"], rel=1e-8)
    pinball = quantile_score(loss, var, 1.0 - rate).mean()
    assert pinball == pytest.approx(expected["pinball_mean"], rel=1e-8)


def test_kupiec_grid(reference_dir: Path) -> None:
    for row in _vectors(reference_dir, "backtests_sp500.json")["kupiec_grid"]:
        found = kupiec_pof(row["x"], row["n"], row["p"])
        assert found.statistic == pytest.approx(row["LR"], rel=1e-9, abs=1e-12), row
        # A ratio of exactly zero may come out as 1e-14, whose p-value is 1 - 1e-7.
        assert found.p_value == pytest.approx(row["pvalue"], rel=1e-9 if row["LR"] else 1e-6), row


def test_basel_table(reference_dir: Path) -> None:
    rows = _vectors(reference_dir, "backtests_sp500.json")["basel_table_250_99"]
    table = zone_table(250, 0.01, up_to=12)
    assert len(table) == len(rows)
    for found, row in zip(table, rows, strict=True):
        assert found.breaches == row["x"]
        assert found.probability == pytest.approx(row["pmf"], rel=1e-9)
        assert found.cumulative == pytest.approx(row["cdf"], rel=1e-9)
        assert str(found.zone) == row["zone"]
        assert basel_plus_factor(found.breaches) == row["add_on"]


@pytest.mark.parametrize("model", ["garch_t_99", "hs500_99"])
@pytest.mark.parametrize("series", SERIES)
def test_basel_zone_of_the_last_250_days(reference_dir: Path, series: str, model: str) -> None:
    expected = _vectors(reference_dir, f"backtests_{series}.json")["tests"][model]["basel_last250"]
    loss, var, _ = _case(reference_dir, series, model)
    count = int(breaches_of(var, loss)[-250:].sum())
    assert count == expected["exceptions"]
    assert str(traffic_light(count, 250, 0.01)) == expected["zone"]


@pytest.mark.parametrize(
    ("name", "file"),
    [("sp500", "in_sp500_2010_2018.csv"), ("btc", "in_btc.csv"), ("dmbp", "in_dmbp.csv")],
)
@pytest.mark.parametrize("window", ["hist_cf_last500", "hist_cf_all"])
def test_historical_value_at_risk_and_shortfall(
    reference_dir: Path, name: str, file: str, window: str
) -> None:
    vectors = _vectors(reference_dir, f"garch_{name}.json")[window]
    losses = -_column(reference_dir, file, "r")
    losses = losses[-500:] if window == "hist_cf_last500" else losses
    for level in ("0.975", "0.99", "0.995"):
        row, confidence = vectors[level], float(level)
        linear = value_at_risk(losses, confidence, convention=Convention.TYPE7).value
        ordered = value_at_risk(losses, confidence).value
        shortfall = expected_shortfall(losses, confidence).value
        assert linear == pytest.approx(row["hist_VaR_type7"], rel=1e-8)
        assert ordered == pytest.approx(row["hist_VaR_inverted_cdf"], rel=1e-8)
        assert shortfall == pytest.approx(row["hist_ES_acerbi"], rel=1e-8)


def test_spectral_measures(reference_dir: Path) -> None:
    vectors = _vectors(reference_dir, "multi_sp500.json")
    small = vectors["spectral_small"]
    for aversion, row in small["exp"].items():
        found = spectral(small["losses"], exponential_spectrum(float(aversion)))
        assert found.value == pytest.approx(row["M"], rel=1e-9)
    for exponent, value in small["pow"].items():
        found = spectral(small["losses"], power_spectrum(float(exponent)))
        assert found.value == pytest.approx(value, rel=1e-9)
    for level, row in small["ES_rockafellar_uryasev"].items():
        found = expected_shortfall(small["losses"], float(level))
        assert found.value == pytest.approx(row["ES_lp"], rel=1e-9)
    lp = vectors["ES_RU_last500_0.975"]
    losses = -_column(reference_dir, "in_sp500_2010_2018.csv", "r")[-500:]
    assert expected_shortfall(losses, 0.975).value == pytest.approx(lp["ES"], rel=1e-9)
    assert value_at_risk(losses, 0.975).value == pytest.approx(lp["minimiser_VaR"], rel=1e-9)
    assert expected_shortfall(losses, 0.975).tail_count == pytest.approx(12.5)
