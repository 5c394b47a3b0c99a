"""What is demanded of ``r_*``, and the conventions behind its digits.

The README calls these files cross-checks. What R's programs compute at parameters they print is
compared; where their searches ended is checked apart.
"""

from __future__ import annotations

from dataclasses import replace

from plimsoll.conformance.statistics.leaf_rules import (
    cross_check,
    exact,
    not_compared,
    relative,
)
from plimsoll.conformance.statistics.peer_optima import STOPS_SHORT, stopped_short
from plimsoll.conformance.tolerance import Tolerance

CONVENTIONS = (
    "rugarch: the variance of the first return is the mean squared residual; fGarch: the same "
    "number before the sample; persistence kept below 0.999 by rugarch, free in fGarch",
    "rugarch EGARCH: gamma1 is our size term, alpha1 our sign term, |z| centred by its mean under "
    "the law",
    "sstd is Fernandez and Steel's, Hansen's with lambda = (xi^2 - 1)/(xi^2 + 1)",
    "at the parameters printed: likelihood, volatilities and value-at-risk are compared; the "
    "parameters themselves are cross-checks against our own optimum under the same rules",
    "rows are counted from 0",
)

_AGREES = Tolerance(relative=1e-3, absolute=5e-4)
_STOPS_EARLY = (
    "README: evd and fExtremes stop at about 1e-6 to 3e-4 in xi; agreed within 5e-4 or 1e-3 "
    "relative, known within 5e-3"
)
_CLOSED = "README silent: at the parameters printed, to their 13 digits"

RULES = (
    not_compared("input", reason="an input"),
    not_compared("software/*", "rugarch/init", reason="a note"),
    not_compared(
        "rugarch/fits/*/se/*",
        reason="standard errors by the Hessian alone, from rugarch's own differences; ours are "
        "robust ones, which garch_* has",
    ),
    exact("n", "gpd/*/n_exc", "gev_block*/blocks"),
    relative("gpd/*/u", within=1e-9, reason="README silent: a closed form"),
    replace(
        relative(
            "rugarch/fits/*/sigma_at/*",
            "rugarch/fits/*/next_sigma",
            "rugarch/fits/*/VaR_*",
            within=1e-7,
            reason="rugarch integrates E|z| numerically",
        ),
        paths=tuple(
            f"rugarch/fits/eGARCH_*std/{name}" for name in ("sigma_at/*", "next_sigma", "VaR_*")
        ),
    ),
    relative(
        "rugarch/fits/*/loglik",
        "rugarch/fits/*/sigma_at/*",
        "rugarch/fits/*/next_sigma",
        "rugarch/fits/*/VaR_*",
        "fGarch_garch11/*/loglik",
        within=1e-8,
        reason=_CLOSED,
    ),
    cross_check(
        "rugarch/fits/*/params/*",
        "fGarch_garch11/*/params/*",
        within=Tolerance(relative=1e-3, absolute=1e-4),
        reason=f"{STOPS_SHORT}; README: rugarch loses 0.04 to 0.36 below persistence 0.999, "
        "fGarch bounds nu at 10",
        known=stopped_short("loglik"),
    ),
    cross_check(
        "gpd/*/evd_fpot/loglik",
        "gev_block*/evd_fgev/loglik",
        "dist/*/loglik",
        "dist/fGarch_sstd/minimum",
        within=Tolerance(relative=1e-7),
        reason=STOPS_SHORT,
        known=stopped_short("loglik", "minimum"),
    ),
    cross_check(
        "gpd/*/evd_fpot/**",
        "gpd/*/fExtremes_mle/*",
        "gev_block*/evd_fgev/*",
        "gev_block*/fExtremes/*",
        within=_AGREES,
        reason=_STOPS_EARLY,
        bound=Tolerance(relative=5e-3, absolute=5e-3),
    ),
    cross_check(
        "gpd/*/fExtremes_pwm/*",
        within=Tolerance(relative=1e-4, absolute=2e-4),
        reason="README: fExtremes uses other plotting positions than the unbiased moments",
        bound=Tolerance(relative=0.05, absolute=0.05),
    ),
    cross_check(
        "dist/fBasics_nig/*",
        within=_AGREES,
        reason="another program's optimum without its likelihood: known within 2 %",
        bound=Tolerance(relative=0.02, absolute=5e-3),
    ),
    cross_check(
        "dist/*/*",
        "dist/fGarch_sstd/par/*",
        within=_AGREES,
        reason=STOPS_SHORT,
        known=stopped_short("loglik", "minimum"),
    ),
)
