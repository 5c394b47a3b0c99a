"""Robust standard errors of GARCH models.

The sandwich ``A^-1 B A^-1 / n`` of Bollerslev and Wooldridge (1992): A is the mean Hessian of the
log-likelihood, B the covariance of the scores.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import EstimationError
from plimsoll.maths.garch_scores import garch_scores

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Flags = NDArray[np.bool_]

_RELATIVE_STEP = 1e-5
_SMALLEST_SCALE = 1e-2


def robust_standard_errors(
    returns: Vector, parameters: Vector, presample: float, estimated: Flags
) -> list[float]:
    """Standard errors of the six parameters, 0 where ``estimated`` is False.

    Raises
    ------
    EstimationError
        The Hessian is singular: the data do not determine the parameters.
    """
    scale = float(np.std(returns))
    units = np.array([scale, scale * scale, 1.0, 1.0, 1.0, 1.0])
    scaled, unit_free = returns / scale, parameters / units
    start = presample / (scale * scale)
    scores = garch_scores(scaled, unit_free, start)[:, estimated]
    hessian = _hessian(scaled, unit_free, start, estimated) / returns.size
    try:
        inverse = np.linalg.inv(hessian)
    except np.linalg.LinAlgError as error:
        raise EstimationError(
            "the Hessian of the likelihood must be regular",
            found="a singular matrix",
            remedy="use a longer history or a model with fewer parameters",
        ) from error
    middle = np.atleast_2d(np.cov(scores.T))
    variances = np.diag(inverse @ middle @ inverse) / returns.size
    errors = np.zeros(6)
    errors[estimated] = np.sqrt(np.maximum(variances, 0.0))
    return [float(e) for e in errors * units]


def _hessian(returns: Vector, parameters: Vector, presample: float, estimated: Flags) -> Matrix:
    """Central differences of the exact gradient, made symmetric."""
    rows = []
    for i in np.flatnonzero(estimated):
        step = np.zeros(6)
        step[i] = _RELATIVE_STEP * max(abs(parameters[i]), _SMALLEST_SCALE)
        up = garch_scores(returns, parameters + step, presample).sum(axis=0)
        down = garch_scores(returns, parameters - step, presample).sum(axis=0)
        rows.append((up - down)[estimated] / (2.0 * step[i]))
    hessian = np.array(rows)
    return np.asarray(0.5 * (hessian + hessian.T), dtype=np.float64)
