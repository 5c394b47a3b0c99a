"""DCC and copulas on the residuals of GARCH models at parameters that a file gives."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from plimsoll.conformance.statistics.peer_optima import GAP, OWN
from plimsoll.conformance.statistics.sections import Source
from plimsoll.conformance.statistics.volatility_models import in_rugarch_names
from plimsoll.estimators.dependence import Dcc, FittedDcc, TCopula
from plimsoll.estimators.volatility import FittedGarch, Garch, GarchParameters, filter_at
from plimsoll.estimators.volatility.garch_options import VarianceStart

Inputs = Mapping[str, Any]
Found = dict[str, Any]
Matrix = NDArray[np.float64]
START: VarianceStart = "first_squared_residuals"
NOT_BELOW = "first_stage_not_below"
PARAMETERS = ("mu", "omega", "alpha1", "beta1")


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstStage:
    """Residuals (n, N), volatilities (n + 1, N) with the forecast, the log-likelihood of each."""

    residuals: Matrix
    volatilities: Matrix
    log_likelihoods: tuple[float, ...]


def joint_inputs(source: Source, _path: tuple[str, ...], content: Any) -> Inputs:
    """The panel of the file's DCC and the first-stage parameters; nothing of the second."""
    case = source.document["dcc"]
    given = content.get("params") or content.get("coef") or case["params"]
    return {
        "panel": source.table(case.get("input"), "dcc.input").panel,
        "columns": case["columns"],
        "first_stage": first_stage_parameters(given),
    }


def first_stage_parameters(given: Mapping[str, float]) -> dict[str, float]:
    """The entries of single columns, ``[AA].mu`` and so on."""
    return {key: value for key, value in given.items() if not key.startswith("[Joint]")}


def first_stage_beside(source: Source, a: float, b: float) -> Mapping[str, float] | None:
    """First-stage parameters of the file beside this one whose DCC has these a and b."""
    for path in sorted(source.folder.glob("*.json")):
        try:
            document = json.loads(path.read_bytes())
        except (OSError, ValueError):
            continue
        case = document.get("dcc") if isinstance(document, dict) else None
        given = case.get("params", {}) if isinstance(case, dict) else {}
        news, past = (float(given.get(f"[Joint]dcc{name}1", math.nan)) for name in "ab")
        if math.isclose(news, a) and math.isclose(past, b):
            return first_stage_parameters(given)
    return None


def first_stage(
    panel: Matrix, columns: Sequence[str], given: Mapping[str, float] | None
) -> FirstStage:
    """Filter each column at the given parameters, or at our own fit where none are given."""
    seen = []
    for name, column in zip(columns, panel.T, strict=True):
        if given is None:
            at = own_garch(column).parameters
        else:
            mu, omega, alpha, beta = (given[f"[{name}].{key}"] for key in PARAMETERS)
            at = GarchParameters(
                mean=mu,
                omega=omega,
                alpha=alpha,
                gamma=0.0,
                beta=beta,
                degrees_of_freedom=float("inf"),
            )
        seen.append(filter_at(at, column, initial=START))
    return FirstStage(
        residuals=np.column_stack([one.standardised_residuals for one in seen]),
        volatilities=np.sqrt(np.column_stack([one.variances for one in seen])),
        log_likelihoods=tuple(one.log_likelihood for one in seen),
    )


def own_garch(column: NDArray[np.float64]) -> FittedGarch:
    """Our optimum under rugarch's start and persistence limit."""
    model = Garch(
        innovations="normal",
        variance_start=START,
        persistence_rule="capped",
        persistence_cap=0.999,
    )
    return model.fit(np.ascontiguousarray(column))


def second_stage(stage: FirstStage, **options: Any) -> FittedDcc:
    """DCC of the residuals; its log-likelihood is that of the returns."""
    return Dcc(**options).fit_residuals(stage.residuals, volatilities=stage.volatilities[:-1])


def rmgarch_dcc(inputs: Inputs, innovations: str) -> Found:
    """rmgarch's DCC: our second stage on its first stage, and our own first stage beside it."""
    stage = first_stage(inputs["panel"], inputs["columns"], inputs["first_stage"])
    fitted = second_stage(stage, innovations=innovations)
    path = fitted.correlations()
    own, not_below = _own_first_stage(inputs, stage)
    found: Found = {
        NOT_BELOW: not_below,
        "n": len(inputs["panel"]),
        "params": own
        | {
            "[Joint]dcca1": fitted.a,
            "[Joint]dccb1": fitted.b,
            "[Joint]mshape": fitted.degrees_of_freedom,
        },
        "loglik": fitted.log_likelihood,
        "R_last": path[-2],
        "R_forecast": fitted.correlation_next,
        "H_last": _covariance(path[-2], stage.volatilities[-2]),
        "H_forecast": _covariance(fitted.correlation_next, stage.volatilities[-1]),
    }
    return found | rows_asked(path, inputs["asked"])


def rows_asked(path: Matrix, asked: Mapping[str, Any]) -> Found:
    """``R_at_100``, the 100th row, and ``R_at_index_99``, the same counted from 0."""
    found: Found = {}
    for name in asked:
        place = re.fullmatch(r"R_at_(index_)?(\d+)", name)
        if place:
            found[name] = path[int(place[2]) - (0 if place[1] else 1)]
    return found


def rmgarch_copula(inputs: Inputs) -> Found:
    """Static t copula of the residuals.

    The peer's uniforms are ``rank / n`` kept below 0.99999 (found by trying: the only one of seven
    conventions that gives its log-likelihood); its log-likelihood counts the normal margins.
    """
    stage = first_stage(inputs["panel"], inputs["columns"], inputs["first_stage"])
    ranks = rankdata(stage.residuals, axis=0) / len(stage.residuals)
    fitted = TCopula(method="two_step").fit_uniforms(np.clip(ranks, 1e-5, 0.99999))
    total = fitted.log_likelihood + sum(stage.log_likelihoods)
    nu = fitted.degrees_of_freedom
    own, not_below = _own_first_stage(inputs, stage)
    return {
        NOT_BELOW: not_below,
        "shape": nu,
        "coef": own | {"[Joint]mshape": nu},
        "R": fitted.correlation,
        "loglik": total,
        OWN: total,
    }


def _own_first_stage(inputs: Inputs, stage: FirstStage) -> tuple[Found, bool]:
    """Our own parameters, and that no likelihood of theirs is above ours by more than 1e-4."""
    found, above = dict[str, Any](), list[float]()
    columns = zip(inputs["columns"], inputs["panel"].T, stage.log_likelihoods, strict=True)
    for name, column, theirs in columns:
        fitted = own_garch(column)
        own = in_rugarch_names("sGARCH", fitted.parameters)
        found |= {f"[{name}].{key}": own[key] for key in PARAMETERS}
        above.append(theirs - fitted.log_likelihood)
    return found, max(above) <= GAP


def _covariance(correlation: Matrix, volatilities: NDArray[np.float64]) -> Matrix:
    out: Matrix = correlation * np.outer(volatilities, volatilities)
    return out
