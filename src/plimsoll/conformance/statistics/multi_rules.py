"""What is demanded of ``multi_*``, and the conventions behind its digits."""

from __future__ import annotations

from dataclasses import replace

from plimsoll.conformance.statistics.leaf_rules import (
    LeafRule,
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
    "Ledoit-Wolf: target m I, S with divisor T, columns centred; sample matrices with divisor T",
    "EWMA covariance: zero mean started by the first outer product; zero mean with weights that "
    "sum to one; about the weighted mean (pandas adjust, bias)",
    "copula: average ranks over n + 1, Kendall's tau-b; two_step takes R = sin(pi tau / 2)",
    "empirical tail dependence: k = floor(sqrt(n)), lower tail, first two columns",
    "DCC: first stage at rmgarch's parameters from the r2 file beside, h_1 the mean squared "
    "residual; Q_1 = Qbar; Qbar the covariance of z (divisor n - 1) or its second moment",
    "Lee-Mykland: K - 2 products before the return, no 2/pi in the local variance, c in Cn and Sn",
    "realised: BV without a finite-sample factor unless scaled; TQ, MedRV, MinRV with theirs",
    "Hawkes: row i happens at i + 1, the window is the number of rows; alpha is the jump of the "
    "intensity, branching alpha / beta",
    "ES: mean of the worst n(1-c), the fraction counted; spectral weights by integrals of phi",
)

_CLOSED = 1e-9

RULES = (
    not_compared("*/input", "input", reason="an input"),
    not_compared(
        "software",
        "*/convention",
        "*/note",
        "*/pseudo_obs",
        "*/rule",
        "*/status",
        "*/sigma2",
        "*/events",
        "*/verdict",
        "spectral_small/exponential",
        "spectral_small/power",
        reason="a note",
    ),
    not_compared("*/*/seconds", reason="a time taken"),
    not_compared(
        "lee_mykland/K",
        "bipower/blocks/*/rows/*",
        "t_copula/lower_tail_dep_formula_checks/*/rho",
        "t_copula/lower_tail_dep_formula_checks/*/nu",
        "spectral_small/losses/*",
        "lower_tail_dependence_empirical/k_5pct",
        reason="an input",
    ),
    exact(
        "ledoit_wolf/shape/*",
        "t_copula/n",
        "t_copula/columns/*",
        "lower_tail_dependence_empirical/k",
        "lee_mykland/n",
        "lee_mykland/flags_0based/*",
        "lee_mykland/flag_dates/*",
        "lee_mykland/n_flags",
        "hawkes_exp/n_events",
        "hawkes_exp/T",
    ),
    LeafRule(
        paths=("t_copula/full_ml/R/*/*",),
        tolerance=Tolerance(relative=1e-3, absolute=2e-4),
        reason="README silent: of the same optimum as nu",
    ),
    relative("t_copula/*/nu", within=1e-3),
    relative("t_copula/two_step/loglik", "t_copula/full_ml/loglik", within=1e-6),
    relative(
        "t_copula/lower_tail_dep_full_ml_01",
        within=4e-3,
        reason="README silent: nu within 1e-3 and R move the coefficient of our own optimum",
    ),
    cross_check(
        "t_copula/copulae*/nu",
        "t_copula/copulae*/rho_lower/*",
        within=Tolerance(relative=1e-3, absolute=2e-4),
        reason=STOPS_SHORT,
        known=stopped_short("loglik"),
    ),
    cross_check(
        "t_copula/copulae*/loglik",
        within=Tolerance(relative=1e-6),
        reason=STOPS_SHORT,
        known=stopped_short("loglik"),
    ),
    absolute("dcc_second_stage_independent/own/*/[ab]", within=5e-3),
    absolute("dcc_second_stage_independent/own/*/R_*/*/*", within=2e-3),
    relative(
        "dcc_second_stage_independent/own/*/total_loglik",
        within=1e-6,
        reason="README silent: as other log-likelihoods of this kind",
    ),
    replace(
        relative(
            "dcc_second_stage_independent/own/*/total_loglik_at_R_params",
            within=1e-6,
            reason="no r2 file beside has the first stage: at our own, as a log-likelihood",
        ),
        when=lambda section, _leaf: value_at(section.computed, "first_stage_is_ours") is True,
    ),
    relative(
        "dcc_second_stage_independent/own/*/total_loglik_at_R_params",
        within=_CLOSED,
        reason="at given parameters: a closed form",
    ),
    cross_check(
        "dcc_second_stage_independent/rmgarch/[ab]",
        within=Tolerance(absolute=5e-3),
        reason="README: a and b agree to 1e-3",
    ),
    cross_check(
        "dcc_second_stage_independent/rmgarch/loglik",
        within=Tolerance(absolute=0.06),
        reason="README: rmgarch's differs by 0.05, from the start of Q and of the first stage",
        bound=Tolerance(absolute=0.5),
    ),
    relative("hawkes_exp/own/loglik", within=1e-6),
    relative("hawkes_exp/own/*", within=1e-3),
    cross_check(
        "hawkes_exp/HawkesPyLib*/*",
        within=Tolerance(relative=1e-3),
        reason="README: HawkesPyLib's default search stops below the optimum (0.6 on sp500), at "
        "other parameters",
        bound=Tolerance(relative=0.5),
    ),
    relative(
        "ledoit_wolf/shrinkage*",
        "oas/shrinkage",
        "*/cov/*",
        "sample_*/*",
        "ewma_cov_*/*/*",
        "t_copula/kendall_tau_b/*/*",
        "t_copula/two_step/R/*/*",
        "t_copula/lower_tail_dep_formula_checks/*/lam",
        "t_copula/gauss_copula_loglik_at_normal_scores_corr",
        "lower_tail_dependence_empirical/value_*",
        "lee_mykland/[CS]n",
        "lee_mykland/beta_star_*",
        "lee_mykland/L_at/*",
        "bipower/blocks/*/*",
        "spectral_small/exp/*/M",
        "spectral_small/exp/*/weights/*",
        "spectral_small/pow/*",
        "spectral_small/ES_rockafellar_uryasev/*/*",
        "ES_RU_last*/*",
        within=_CLOSED,
    ),
)
