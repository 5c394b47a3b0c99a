"""What is demanded of ``r2_*``, and the conventions behind its digits."""

from __future__ import annotations

import math

from plimsoll.conformance.statistics.leaf_rules import (
    LeafRule,
    Path,
    Section,
    absolute,
    cross_check,
    exact,
    not_compared,
    relative,
    value_at,
)
from plimsoll.conformance.statistics.peer_optima import STOPS_SHORT, stopped_short
from plimsoll.conformance.tolerance import Tolerance

CONVENTIONS = (
    "Christoffersen CC: as_sum, POF on n plus independence on n-1 pairs",
    "rugarch ESTest: McNeil-Frey's t statistic through the normal law",
    "esback_er: centred bootstrap on the resamples that R draws after set.seed(1), B = 5000",
    "DCC first stage: GARCH-normal filtered at rmgarch's own parameters, h_1 the mean squared "
    "residual; Q_1 = Qbar, Qbar the covariance of z (divisor n - 1)",
    "static t copula: ranks over n kept within (1e-5, 0.99999), R by Kendall's tau",
    "R_at_100 is the 100th row; Spearman on average ranks",
)

_JOINT = ("dcc", "dcc_mvt", "copula_static_t")


def _covariance_tolerance(section: Section, leaf: Path) -> Tolerance:
    """R within 2e-3 of each product of volatilities; a variance as a statistic."""
    matrix, (i, j) = section.expected[leaf[0]], (int(leaf[1]), int(leaf[2]))
    if i == j:
        return Tolerance(relative=1e-8)
    return Tolerance(absolute=2e-3 * math.sqrt(matrix[i][i] * matrix[j][j]))


RULES = (
    not_compared("input", "dcc/input", reason="an input"),
    not_compared("software/*", "dcc/columns/*", "copula_static_t/note", reason="a note"),
    not_compared("dcc/seconds", reason="a time taken"),
    not_compared(
        "*/rugarch_ESTest/boot.p.value",
        reason="README: a mean of p-values over resamples, no p-value: do not match it",
    ),
    exact("*/*/expected.exceed", "*/*/actual.exceed", "dcc/n"),
    relative(
        "*/rugarch_VaRDurTest/b",
        within=1e-5,
        reason="README silent: no statistic but an argument, where rugarch's search stops at 1e-6",
    ),
    absolute(
        "*/esback_er/*",
        within=4e-4,
        reason="README silent: simulated, but on R's own resamples: two of 5000",
    ),
    cross_check(
        "dcc/loglik",
        "dcc_mvt/loglik",
        within=Tolerance(absolute=0.06),
        reason="README: rmgarch's differs by 0.05, from the start of Q and of the first stage",
        bound=Tolerance(absolute=0.5),
    ),
    absolute("dcc*/params/[[]Joint]dcc*", within=5e-3),
    relative("dcc*/params/[[]Joint]mshape", within=1e-3, reason="README silent: as a copula's nu"),
    cross_check(
        *(f"{name}/{key}/[[]*].*" for name in _JOINT for key in ("params", "coef")),
        within=Tolerance(relative=1e-3, absolute=1e-4),
        reason="an input of the second stage, and checked against our own GARCH: known where "
        "rugarch's search stops at a likelihood that is not above ours",
        known=lambda section, _leaf: value_at(section.computed, "first_stage_not_below") is True,
    ),
    absolute("dcc/R_*/*/*", within=2e-3),
    LeafRule(
        paths=("dcc/H_*/*/*",),
        tolerance=_covariance_tolerance,
        reason="R within 2e-3 times the volatilities; variances as a statistic",
    ),
    cross_check(
        "copula_static_t/shape",
        "copula_static_t/coef/[[]Joint]mshape",
        "copula_static_t/loglik",
        within=Tolerance(relative=1e-3),
        reason=STOPS_SHORT,
        known=stopped_short("loglik"),
    ),
    relative(
        "*/rugarch_*/*",
        "*/esback_cc/*",
        "*/pinball_mean",
        "copula_static_t/R/*/*",
        "kendall/*/*",
        "spearman/*/*",
        "cov/*/*",
        within=1e-8,
        floor=1e-12,
    ),
)
