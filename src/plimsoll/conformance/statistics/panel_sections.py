"""Sections of ``multi_*`` about panels: covariances, copulas, the second stage of a DCC."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plimsoll.conformance.contract import UnknownCase
from plimsoll.conformance.statistics.joint_models import (
    first_stage,
    first_stage_beside,
    rows_asked,
    second_stage,
)
from plimsoll.conformance.statistics.peer_optima import OWN
from plimsoll.conformance.statistics.sections import Source, Table
from plimsoll.estimators.dependence import (
    EwmaCovariance,
    LedoitWolf,
    OracleApproximating,
    SampleCovariance,
    TCopula,
    empirical_tail_dependence,
    fit_gaussian_copula,
    kendall_tau,
    tail_dependence_of_t,
)

Inputs = Mapping[str, Any]
Found = dict[str, Any]
Matrix = NDArray[np.float64]

EWMA = {
    "recursive_init_first_outer_product": "recursive",
    "weights_normalised_zero_mean": "normalised",
    "pandas_ewm_adjust_bias_demeaned": "demeaned",
}
OWN_STAGE = "first_stage_is_ours"
TARGETS = {"Qbar_cov_z": "covariance", "Qbar_second_moment": "second_moment"}


def shrunk(inputs: Inputs) -> Found:
    """Ledoit-Wolf, or OAS."""
    model = {"ledoit_wolf": LedoitWolf, "oas": OracleApproximating}[inputs["path"][-1]]()
    fitted = model.fit(inputs["panel"])
    return {
        "shape": list(inputs["panel"].shape),
        "shrinkage": fitted.shrinkage,
        "shrinkage_from_formula": fitted.shrinkage,
        "cov": matrix_summaries(fitted.covariance),
    }


def sample_matrix(inputs: Inputs) -> Found:
    """``sample_cov_divisor_T`` or ``sample_corr``.

    Raises
    ------
    UnknownCase
    """
    fitted = SampleCovariance(divisor="n").fit(inputs["panel"])
    name = inputs["path"][-1]
    if name == "sample_cov_divisor_T":
        return matrix_summaries(fitted.covariance)
    if name == "sample_corr":
        return matrix_summaries(fitted.correlation)
    raise UnknownCase(name)


def ewma_covariance(inputs: Inputs) -> Found:
    """The section's name holds the decay: ``ewma_cov_0.97``."""
    decay, panel = float(inputs["path"][-1].rsplit("_", 1)[1]), inputs["panel"]
    return {
        name: matrix_summaries(
            EwmaCovariance(decay=decay, convention=convention).fit(panel).covariance  # type: ignore[arg-type]
        )
        for name, convention in EWMA.items()
    }


def matrix_summaries(matrix: Matrix) -> Found:
    """What files tell of a matrix instead of its cells."""
    eigenvalues = np.linalg.eigvalsh(matrix)
    return {
        "trace": np.trace(matrix),
        "logdet": np.linalg.slogdet(matrix)[1],
        "fro": np.linalg.norm(matrix),
        "a00": matrix[0, 0],
        "a01": matrix[0, 1],
        "a12": matrix[1, 2] if len(matrix) > 2 else None,
        "alast": matrix[-2, -1],
        "eig_max": eigenvalues[-1],
        "eig_min": eigenvalues[0],
    }


def copula(inputs: Inputs) -> Found:
    """t copula in two steps and by full likelihood, tail dependence, the Gaussian copula."""
    panel = inputs["panel"]
    two_step, full = TCopula(method="two_step").fit(panel), TCopula(method="full_ml").fit(panel)
    lower = full.correlation[np.tril_indices(len(full.correlation), -1)]
    found: Found = {
        "n": full.observations,
        "columns": inputs["columns"],
        "kendall_tau_b": kendall_tau(panel),
        "two_step": _copula_fit(two_step),
        "full_ml": _copula_fit(full),
        "lower_tail_dep_full_ml_01": full.tail_dependence()[0, 1],
        "lower_tail_dep_formula_checks": [
            {"lam": tail_dependence_of_t(rho, nu)} for rho, nu in inputs["pairs"]
        ],
        "gauss_copula_loglik_at_normal_scores_corr": fit_gaussian_copula(panel).log_likelihood,
    }
    for name in inputs["asked"]:
        if name.startswith("copulae"):
            value = full.log_likelihood
            nu = full.degrees_of_freedom
            found[name] = {"nu": nu, "rho_lower": lower, "loglik": value, OWN: value}
    return found


def _copula_fit(fitted: Any) -> Found:
    return {
        "R": fitted.correlation,
        "nu": fitted.degrees_of_freedom,
        "loglik": fitted.log_likelihood,
    }


def rank_tail_dependence(inputs: Inputs) -> Found:
    """Of the first two columns: k by the rule, and the other k that the file gives."""
    panel = inputs["panel"]
    first, second = inputs["counts"]
    found: Found = {"k": int(np.sqrt(len(panel))), "k_5pct": second}
    found["value_01"] = empirical_tail_dependence(panel, k=first)[0, 1]
    if second is not None:
        found["value_01_5pct"] = empirical_tail_dependence(panel, k=second)[0, 1]
    return found


def stage_inputs(source: Source, table: Table, content: Any) -> Inputs:
    """rmgarch's a and b, and the first stage of the file beside this one that has them.

    Without such a file the first stage is our own fit, under the same rules.
    """
    peer = content.get("rmgarch") or {}
    a, b = peer.get("a"), peer.get("b")
    given = None if a is None or b is None else first_stage_beside(source, a, b)
    columns = list(table.columns)
    if given is not None and not all(f"[{name}].mu" in given for name in columns):
        given = None
    return {
        "panel": table.panel,
        "columns": columns,
        "first_stage": given,
        "peer": (a, b),
    }


def second_stages(inputs: Inputs) -> Found:
    """DCC under both definitions of Qbar; at rmgarch's a and b too."""
    stage = first_stage(inputs["panel"], inputs["columns"], inputs["first_stage"])
    own: Found = {}
    for name, asked in (inputs["asked"].get("own") or {}).items():
        if name not in TARGETS:
            continue
        fitted = second_stage(stage, target=TARGETS[name])
        path = fitted.correlations()
        own[name] = {
            "a": fitted.a,
            "b": fitted.b,
            "total_loglik": fitted.log_likelihood,
            "R_last": path[-2],
            **rows_asked(path, asked or {}),
        }
        if None not in inputs["peer"]:
            own[name]["total_loglik_at_R_params"] = fitted.log_likelihood_at(*inputs["peer"])
    first = own.get("Qbar_cov_z") or {}
    return {
        "own": own,
        OWN_STAGE: inputs["first_stage"] is None,
        "rmgarch": {
            "a": first.get("a"),
            "b": first.get("b"),
            "loglik": first.get("total_loglik"),
        },
    }
