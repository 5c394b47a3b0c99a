"""How surely extremes come together: the t copula's coefficient, and two estimates from ranks."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import special

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


def t_tail_dependence(correlation: Matrix, nu: float) -> Matrix:
    """``2 T_{nu+1}(-sqrt((nu + 1)(1 - rho) / (1 + rho)))`` (Embrechts, McNeil, Straumann, 2002).

    Entry by entry, the same for both tails; 1 at ``rho = 1``, 0 at -1 and for an infinite ``nu``
    below ``rho = 1``.
    """
    rho = np.clip(np.asarray(correlation, dtype=np.float64), -1.0, 1.0)
    if math.isinf(nu):
        return np.where(rho >= 1.0, 1.0, 0.0)
    with np.errstate(divide="ignore"):
        reach = np.sqrt((nu + 1.0) * (1.0 - rho) / (1.0 + rho))
    return np.asarray(2.0 * special.stdtr(nu + 1.0, -reach), dtype=np.float64)


def joint_tail_share(x: Vector, y: Vector, k: int) -> float:
    """Share of the ``k`` lowest of x that are among the ``k`` lowest of y, by ranks (1 to n)."""
    return float(np.count_nonzero((x <= k) & (y <= k))) / k


def upper_tail_cfg(u: Vector, v: Vector) -> float:
    """Upper-tail coefficient of Capéraà, Fougères and Genest, from uniforms in (0, 1).

    ``2 - 2 exp(mean(log(sqrt(log(1/u) log(1/v)) / log(1 / max(u, v)^2))))`` (Frahm, Junker and
    Schmidt, 2005, eq. 11), which presumes an extreme-value copula; kept to [0, 1].
    """
    logs = 0.5 * (np.log(-np.log(u)) + np.log(-np.log(v)))
    logs = logs - np.log(-2.0 * np.log(np.maximum(u, v)))
    return min(max(2.0 - 2.0 * math.exp(float(logs.mean())), 0.0), 1.0)
