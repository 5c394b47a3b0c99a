"""In how many steps a position is closed: the impact of a step against the risk of waiting."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import ParameterError

FloatArray = NDArray[np.float64]
MOST_STEPS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosingSteps:
    """The best split.

    Parameters
    ----------
    steps : int
    share : float
        1 / steps.
    cost : float
        Impact and price risk, share of notional.
    whole_cost : float
        Of closing at once.
    """

    steps: int
    share: float
    cost: float
    whole_cost: float


def closing_steps(
    size_share: float,
    cooldown_days: float,
    volatility: float,
    *,
    impact: float = 1.0,
    risk_quantile: float = 2.326,
    recovery: float = 1.0,
) -> ClosingSteps:
    """Return the number of equal steps with the least impact and price risk.

    With ``A = Y sigma sqrt(Q / V)`` and ``B = z sigma sqrt(tau / 3)``, n steps cost
    ``A sqrt((1 + (n - 1) (1 - r)) / n) + B sqrt(n - 1)``: each step's impact over a book that has
    recovered by the share r since the last, and a linear unwind over ``(n - 1) tau`` (variance
    h / 3). Volatility scales both: the split depends on it through turnover and depth alone.
    For full recovery and many steps the best is ``n = A / B``.

    Parameters
    ----------
    size_share : float
        Q / V: position over daily turnover.
    cooldown_days : float
        Wait after each step.
    volatility : float
        Daily.
    impact, risk_quantile : float
        Y and z.
    recovery : float
        Share of the impact that has gone when the next step comes, 0 to 1.

    Raises
    ------
    ParameterError

    Examples
    --------
    >>> closing_steps(0.001, 30 / 86_400, 0.04).steps
    1
    >>> closing_steps(1.0, 30 / 86_400, 0.04).steps
    39
    """
    for name, value in (("size_share", size_share), ("volatility", volatility)):
        if not (np.isfinite(value) and value > 0.0):
            raise ParameterError("must be positive", found=value, field=name)
    if not (np.isfinite(cooldown_days) and cooldown_days >= 0.0) or not 0.0 <= recovery <= 1.0:
        raise ParameterError(
            "must not be negative, and recovery at most 1",
            found=(cooldown_days, recovery),
            field="cooldown_days, recovery",
        )
    n = np.arange(1, MOST_STEPS + 1, dtype=np.float64)
    whole = impact * volatility * size_share**0.5
    wait = risk_quantile * volatility * (cooldown_days / 3.0) ** 0.5
    left = (1.0 + (n - 1.0) * (1.0 - recovery)) / n
    cost = whole * np.sqrt(left) + wait * np.sqrt(n - 1.0)
    best = int(np.argmin(cost))
    return ClosingSteps(
        steps=best + 1, share=1.0 / (best + 1), cost=float(cost[best]), whole_cost=float(cost[0])
    )
