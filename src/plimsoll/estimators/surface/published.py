"""The published parameters of a smile with their standard errors: what is governed and shocked.

Level, skew and curvature at the money, and jump-wings. Standard errors carry the covariance of
the fit over by the delta method.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.smile_quotes import SmileQuotes
from plimsoll.domain.surface import SviSmile
from plimsoll.maths.svi_form_jacobians import (
    carried_covariance,
    jump_wings_jacobian,
    nodes_jacobian,
)
from plimsoll.maths.svi_forms import raw_to_jump_wings, raw_to_nodes

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PublishedSmile:
    """Parameters of one expiry; volatilities as fractions, NaN errors without a covariance.

    Parameters
    ----------
    expiry_ns : int
    at_money, at_money_error : (3,) float64
        Volatility, and its first and second derivative in k = ln(K/F), at k = 0.
    per_deviation, per_deviation_error : (3,) float64
        The same in deviations k / (vol sqrt(tau)): vol, skew vol sqrt(tau), curvature vol^2 tau.
    jump_wings, jump_wings_error : (5,) float64
        v, psi, p, c, v~; v and v~ are annual variances.
    vol_per_tick : float
        Volatility that one price tick is worth, the median of the expiry's usable quotes; NaN
        without any.
    """

    expiry_ns: int
    at_money: FloatArray
    at_money_error: FloatArray
    per_deviation: FloatArray
    per_deviation_error: FloatArray
    jump_wings: FloatArray
    jump_wings_error: FloatArray
    vol_per_tick: float


def published_smile(smile: SviSmile, quotes: SmileQuotes) -> PublishedSmile:
    """Return what is published of a smile.

    Parameters
    ----------
    smile : SviSmile
    quotes : SmileQuotes
        Of its chain, for the worth of a tick.
    """
    nodes = raw_to_nodes(smile.raw, smile.tau_years)[:3]
    by_raw = nodes_jacobian(smile.raw, smile.tau_years)[:3]
    root = float(np.sqrt(smile.tau_years))
    deviation = float(nodes[0]) * root
    scale = np.array([1.0, deviation, deviation**2])
    wings_by_raw = jump_wings_jacobian(smile.raw, smile.tau_years)
    return PublishedSmile(
        expiry_ns=smile.expiry_ns,
        at_money=nodes,
        at_money_error=_errors(smile, by_raw),
        per_deviation=nodes * scale,
        per_deviation_error=_errors(smile, _by_nodes(nodes, root) @ by_raw),
        jump_wings=raw_to_jump_wings(smile.raw, smile.tau_years),
        jump_wings_error=_errors(smile, wings_by_raw),
        vol_per_tick=_vol_per_tick(quotes, smile.expiry_ns),
    )


def _by_nodes(nodes: FloatArray, root: float) -> FloatArray:
    """Derivatives of the parameters per deviation in vol, skew and curvature."""
    vol, skew, curvature = (float(node) for node in nodes)
    return np.array(
        [
            [1.0, 0.0, 0.0],
            [skew * root, vol * root, 0.0],
            [2.0 * curvature * vol * root**2, 0.0, (vol * root) ** 2],
        ]
    )


def _errors(smile: SviSmile, jacobian: FloatArray) -> FloatArray:
    if smile.covariance is None:
        return np.full(jacobian.shape[0], np.nan)
    variances = np.diag(carried_covariance(smile.covariance, jacobian))
    errors: FloatArray = np.sqrt(np.maximum(variances, 0.0))
    return errors


def _vol_per_tick(quotes: SmileQuotes, expiry_ns: int) -> float:
    mine = quotes.usable & (quotes.chain.expiry_ns == expiry_ns)
    worth = quotes.vol_per_tick[mine]
    worth = worth[np.isfinite(worth)]
    return float(np.median(worth)) if worth.size else float("nan")
