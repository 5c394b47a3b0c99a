"""The margin-call level: so high that users can react before they are closed out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.thresholds.quantiles import Estimate, block_estimate, upper_quantile
from plimsoll.errors import ParameterError

FloatArray = NDArray[np.float64]


def call_multiple(
    worst_moves: FloatArray,
    maintenance: float,
    *,
    too_late: float = 0.05,
    short: bool = False,
    block: int = 1,
    seed: int = 0,
) -> Estimate:
    """Return the call level as a multiple of maintenance.

    An account called at ``kappa m`` of notional is closed out once the price has moved by d
    against it with ``kappa m - d < m (1 -+ d)`` (long: the requirement falls with the price;
    short: it rises), so ``kappa = 1 + d (1 -+ m) / m`` for the d that is exceeded with probability
    ``too_late`` within the reaction time. A given ``maintenance`` is taken as known.

    Parameters
    ----------
    worst_moves : (T,) float64
        Deepest adverse move on the path of each reaction time, share of price, not negative.
    maintenance : float
        Share of notional.
    too_late : float
        Stated probability of being closed out before one can react.
    short : bool
    block, seed : int

    Raises
    ------
    ParameterError, InsufficientDataError

    Examples
    --------
    >>> call_multiple(np.full(30, 0.02), 0.01).value
    2.98
    """
    if not 0.0 < maintenance < 1.0:
        raise ParameterError("must lie in (0, 1)", found=maintenance, field="maintenance")
    if bool(np.any(np.asarray(worst_moves) < 0.0)):
        raise ParameterError("must not be negative", field="worst_moves")
    per_move = (1.0 + maintenance if short else 1.0 - maintenance) / maintenance

    def level(sample: FloatArray) -> float:
        return 1.0 + per_move * upper_quantile(sample, 1.0 - too_late)

    return block_estimate(worst_moves, level, block=block, seed=seed)
