"""Value at risk and expected shortfall of a lognormal price, in closed form.

With ``ln Y`` normal of mean ``mu`` and deviation ``s``, and ``z`` the normal quantile of the tail
probability ``a``, the mean of ``Y`` beyond its quantile is::

    E[Y | Y <= q_a]      = exp(mu + s^2 / 2) N(z - s) / a
    E[Y | Y >= q_{1-a}]  = exp(mu + s^2 / 2) N(z + s) / a

(Vega's risk model, vegaprotocol/quant). Both tails are written with the lower tail of ``N``, which
keeps its digits for small ``a``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import ndtr, ndtri


class TailRisk(NamedTuple):
    """Quantile and mean beyond it, both positive = loss."""

    value_at_risk: float
    expected_shortfall: float


class RiskFactors(NamedTuple):
    """Margin per unit of notional of a long and of a short."""

    long: float
    short: float


def holding_risk(mu: float, sigma: float, tail: float) -> TailRisk:
    """Risk of holding ``Y = exp(N(mu, sigma))``: minus its low quantile and the mean below.

    Both are negative: one who holds a positive price loses nothing in absolute terms.

    Examples
    --------
    >>> [round(v, 9) for v in holding_risk(0.0, 0.1, 0.01)]
    [-0.792442931, -0.766404608]
    """
    z = ndtri(tail)
    growth = np.exp(mu + 0.5 * sigma**2)
    return TailRisk(-float(np.exp(mu + sigma * z)), -float(growth * ndtr(z - sigma)) / tail)


def owing_risk(mu: float, sigma: float, tail: float) -> TailRisk:
    """Risk of owing ``Y = exp(N(mu, sigma))``: its high quantile and the mean above.

    Examples
    --------
    >>> [round(v, 9) for v in owing_risk(0.0, 0.1, 0.01)]
    [1.261920526, 1.306058448]
    """
    z = ndtri(tail)
    growth = np.exp(mu + 0.5 * sigma**2)
    return TailRisk(float(np.exp(mu - sigma * z)), float(growth * ndtr(z + sigma)) / tail)


def risk_factors(
    *, drift_annual: float, sigma_annual: float, years: float, tail: float
) -> RiskFactors:
    """Expected shortfall of a long and of a short of one unit of notional over ``years``.

    Parameters
    ----------
    drift_annual : float
        Of the price; its logarithm drifts by half the variance less.
    sigma_annual : float
    years : float
        Horizon.
    tail : float
        Probability of the tail, e.g. 1e-6.

    Examples
    --------
    >>> found = risk_factors(drift_annual=0.0, sigma_annual=1.0, years=0.1, tail=1e-6)
    >>> [round(f, 9) for f in found]
    [0.800728208, 3.556903591]
    """
    log_drift = (drift_annual - 0.5 * sigma_annual**2) * years
    deviation = sigma_annual * np.sqrt(years)
    held = holding_risk(log_drift, deviation, tail).expected_shortfall
    owed = owing_risk(log_drift, deviation, tail).expected_shortfall
    return RiskFactors(1.0 + held, owed - 1.0)
