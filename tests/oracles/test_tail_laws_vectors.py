"""Laws and tails against every number of ``evt_dist_*.json``, and against R where it fits the same.

Tolerances of ``stats_vectors/README.md``: log-likelihood 1e-7, parameters 1e-4 (xi 2e-4
absolute), VaR and ES 1e-4, all relative unless said; closed forms (Hill, weighted moments) 1e-8.
The files name their own input, so that the same kind of file on another series runs unchanged.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from plimsoll.estimators import (
    AzzaliniSkewT,
    BlockMaxima,
    HansenSkewT,
    JonesFaddySkewT,
    NormalInverseGaussian,
    PeaksOverThreshold,
    StudentT,
)
from plimsoll.estimators.tails.hill import Hill

LOG_LIKELIHOOD, PARAMETER, SHAPE, RISK, CLOSED = 1e-7, 1e-4, 2e-4, 1e-4, 1e-8
# What is not a number of ours: notes, scipy's own optimum and its other parameters.
NOT_OURS = {"note", "u_rule", "rule", "scipy_genpareto_fit", "scipy_c", "scipy_a", "scipy_b"}
Leaves = dict[str, tuple[float, float, bool]]  # found, tolerance, whether absolute


@cache
def content(path: Path) -> Mapping[str, Any]:
    return json.loads(path.read_text())  # type: ignore[no-any-return]


@cache
def returns_of(path: Path) -> np.ndarray:
    table = np.genfromtxt(path, delimiter=",", names=True, dtype=None, encoding="utf8")
    return np.asarray(table["r"], dtype=np.float64)


def leaves(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    for key, value in tree.items():
        if key in NOT_OURS:
            continue
        if isinstance(value, Mapping):
            yield from leaves(value, f"{prefix}{key}/")
        else:
            yield prefix + key, float(value)


def relative(tolerance: float, **values: float) -> Leaves:
    return {name: (value, tolerance, False) for name, value in values.items()}


def risk_of(fitted: Any, levels: Mapping[str, Any], prefix: str, quantile: str) -> Leaves:
    found: Leaves = {}
    for level in levels:
        var = getattr(fitted, quantile)(float(level))
        found[f"{prefix}/{level}/VaR"] = (var, RISK, False)
        found[f"{prefix}/{level}/ES"] = (fitted.expected_shortfall(float(level)), RISK, False)
    return found


def pareto(case: Mapping[str, Any], losses: np.ndarray, level: str) -> Leaves:
    share = 1.0 - float(level)
    tail = PeaksOverThreshold(tail_fraction=share).fit(losses)
    moments = PeaksOverThreshold(tail_fraction=share, method="pwm").fit(losses)
    xi_error, beta_error = tail.standard_errors()
    found = relative(
        PARAMETER,
        beta=tail.beta,
        **{"se_observed_info/xi": xi_error},
        **{"se_observed_info/beta": beta_error},
    )
    found |= relative(LOG_LIKELIHOOD, loglik=tail.log_likelihood)
    found |= relative(
        CLOSED,
        u=tail.threshold,
        n_exc=tail.exceedances,
        mean_excess=float(np.mean(tail.excesses)),
        **{"pwm_unbiased/xi": moments.xi, "pwm_unbiased/beta": moments.beta},
    )
    found["xi"] = (tail.xi, SHAPE, True)
    return found | risk_of(tail, case["risk"], "risk", "quantile")


def extreme_value(case: Mapping[str, Any], losses: np.ndarray) -> Leaves:
    fitted = BlockMaxima(block_length=21).fit(losses)
    found = relative(PARAMETER, mu=fitted.mu, sigma=fitted.sigma)
    found |= relative(LOG_LIKELIHOOD, loglik=fitted.log_likelihood, blocks=fitted.observations)
    found["xi"] = (fitted.xi, SHAPE, True)
    for blocks in case["return_level"]:
        found[f"return_level/{blocks}"] = (fitted.return_level(float(blocks)), RISK, False)
    return found


def hill(case: Mapping[str, Any], losses: np.ndarray) -> Leaves:
    found: Leaves = {}
    for k in case:
        beyond = Hill(order_statistics=int(k)).fit(losses)
        within = Hill(order_statistics=int(k), convention="k").fit(losses)
        found |= relative(CLOSED, **{f"{k}/xi_k_plus_1_convention": beyond.xi})
        found |= relative(CLOSED, **{f"{k}/xi_k_convention_evir": within.xi})
        found |= relative(CLOSED, **{f"{k}/weissman_VaR_0_995": beyond.value_at_risk(0.995)})
    return found


def laws(case: Mapping[str, Any], returns: np.ndarray) -> Leaves:
    t, nig = StudentT().fit(returns), NormalInverseGaussian().fit(returns)
    skewed, own = HansenSkewT().fit(returns), JonesFaddySkewT().fit(returns)
    hansen, azzalini = skewed.hansen_parameters(), AzzaliniSkewT().fit(returns)
    parameters = {
        "student_t": {"nu": t.degrees_of_freedom, "loc": t.location, "scale": t.scale},
        "nig": {"alpha": nig.alpha, "beta": nig.beta, "delta": nig.delta, "mu": nig.mu}
        | {"loc": nig.mu, "scale": nig.delta},
        "hansen_skewt": {"mean": hansen.mean, "sd": hansen.standard_deviation}
        | {"eta": hansen.eta, "lam": hansen.skew},
        "jones_faddy_skewt": {"a": own.a, "b": own.b, "loc": own.location, "scale": own.scale},
        "azzalini_skewt": {"xi": azzalini.location, "omega": azzalini.scale}
        | {"alpha": azzalini.alpha, "nu": azzalini.degrees_of_freedom},
    }
    fitted = {
        "student_t": t,
        "nig": nig,
        "hansen_skewt": skewed,
        "jones_faddy_skewt": own,
        "azzalini_skewt": azzalini,
    }
    found: Leaves = {}
    for name, law in fitted.items():
        found |= relative(PARAMETER, **{f"{name}/{k}": v for k, v in parameters[name].items()})
        found |= relative(LOG_LIKELIHOOD, **{f"{name}/loglik": law.log_likelihood})
        found |= risk_of(law, case[name].get("VaR_ES", {}), f"{name}/VaR_ES", "value_at_risk")
    return found


def computed(case: Mapping[str, Any], returns: np.ndarray) -> Leaves:
    found: Leaves = {}
    for side, losses in (("gpd", -returns), ("gpd_right_tail_of_gains", returns)):
        for level, inner in case.get(side, {}).items():
            tail = pareto(inner, losses, level)
            found |= {f"{side}/{level}/{name}": leaf for name, leaf in tail.items()}
    parts = {
        "gev_block21": extreme_value(case["gev_block21"], -returns),
        "hill": hill(case["hill"], -returns),
        "dist": laws(case["dist"], returns),
    }
    for part, inner_leaves in parts.items():
        found |= {f"{part}/{name}": leaf for name, leaf in inner_leaves.items()}
    return found


def test_every_number_of_the_tail_files(reference_dir: Path) -> None:
    paths = sorted((reference_dir / "stats_vectors").glob("evt_dist_*.json"))
    assert paths, "no evt_dist_*.json"
    wrong, count = [], 0
    for path in paths:
        case = content(path)
        found = computed(case, returns_of(path.parent / case["input"]))
        numbers = {k: v for k, v in case.items() if isinstance(v, Mapping)}
        for name, expected in leaves(numbers):
            value, tolerance, absolute = found[name]  # a leaf without a number of ours fails here
            unit = 1.0 if absolute else abs(expected)
            count += 1
            if not abs(value - expected) <= tolerance * unit:
                wrong.append(f"{path.name} {name}: {value!r} for {expected!r}")
    assert not wrong, "\n".join(wrong)
    assert count >= 100 * len(paths)
