"""What is demanded of ``evt_dist_*``, and the conventions behind its digits."""

from __future__ import annotations

from plimsoll.conformance.statistics.leaf_rules import (
    absolute,
    cross_check,
    exact,
    not_compared,
    relative,
)
from plimsoll.conformance.tolerance import Tolerance

CONVENTIONS = (
    "losses are minus returns; threshold: numpy's linear quantile (type 7), exceedances strictly "
    "above it",
    "probability-weighted moments: the unbiased ones",
    "block maxima: consecutive blocks from the first row, an incomplete last one dropped",
    "Hill: xi_k_plus_1 divides by k and refers to the (k+1)-th largest, xi_k to the k-th (evir)",
    "NIG in the classical (alpha, beta, delta, mu); scipy's a, b are alpha delta, beta delta",
    "skewed t: Hansen's, Jones and Faddy's, Azzalini's are three families",
)

_SMALL = 1e-6
_SCIPY = (
    "README silent: scipy's own search, which stops early; it agrees within the tolerance of the "
    "parameter, or is off by no more than 5e-3"
)
_TAILS = ("gpd/*", "gpd_right_tail_of_gains/*")


def _under_tails(*names: str) -> tuple[str, ...]:
    return tuple(f"{tail}/{name}" for tail in _TAILS for name in names)


RULES = (
    not_compared("input", reason="an input"),
    not_compared("software", "loss", "*/*/u_rule", "*/rule", "dist/*/note", reason="a note"),
    exact("n", *_under_tails("n_exc"), "gev_block*/blocks"),
    relative(
        *_under_tails("u", "mean_excess", "pwm_unbiased/*"),
        "hill/*/*",
        within=1e-8,
        reason="README silent: closed forms",
    ),
    relative(*_under_tails("loglik"), "gev_block*/loglik", "dist/*/loglik", within=1e-7),
    absolute(*_under_tails("xi"), "gev_block*/xi", within=2e-4),
    relative(*_under_tails("beta"), "gev_block*/mu", "gev_block*/sigma", within=1e-4),
    relative(
        *_under_tails("se_observed_info/*"), within=1e-4, reason="README silent: as parameters"
    ),
    relative(
        *_under_tails("risk/*/*"), "gev_block*/return_level/*", "dist/*/VaR_ES/*/*", within=1e-4
    ),
    cross_check(
        *_under_tails("scipy_genpareto_fit/c"),
        "gev_block*/scipy_c",
        within=Tolerance(absolute=2e-4),
        reason=_SCIPY,
        bound=Tolerance(absolute=5e-3),
    ),
    cross_check(
        *_under_tails("scipy_genpareto_fit/scale"),
        within=Tolerance(relative=1e-4),
        reason=_SCIPY,
        bound=Tolerance(relative=5e-3),
    ),
    relative(
        "dist/*/*",
        within=1e-4,
        floor=_SMALL,
        reason="a parameter at 0 has no relative error: within 1e-6",
    ),
)
