"""Loss of one quote, of its residual r = (model vol - mid vol) / half-spread.

    rho(r) = body/2 ln(1 + r^2) + wall/2 q / (1 + q / reach^2),   q = max(|r| - edge, 0)^2

The first term pulls to the middle and lets go of what lies far out. The second is what the goal
asks for: a price for leaving the spread that is steep at its edge and levels off at
wall reach^2 / 2, so that a quote which nobody could follow stops pulling.
"""

from __future__ import annotations

import math

from numba import njit


@njit(cache=True, nogil=True, error_model="numpy")
def quote_loss(r: float, body: float, wall: float, edge: float, reach: float) -> float:
    """Loss of a residual."""
    loss = 0.5 * body * math.log1p(r * r)
    over = abs(r) - edge
    if over > 0.0:
        q = over * over
        loss += 0.5 * wall * q / (1.0 + q / (reach * reach))
    return loss


@njit(cache=True, nogil=True, error_model="numpy")
def quote_loss_slopes(
    r: float, body: float, wall: float, edge: float, reach: float
) -> tuple[float, float]:
    """First derivative, and a curvature that is never negative."""
    fade = 1.0 / (1.0 + r * r)
    slope, curvature = body * r * fade, body * fade * max(fade * (1.0 - r * r), 0.25)
    over = abs(r) - edge
    if over > 0.0:
        level = 1.0 / (1.0 + over * over / (reach * reach))
        pull = wall * over * level * level
        slope += pull if r > 0.0 else -pull
        curvature += wall * level * level * max(1.0 - 4.0 * (1.0 - level), 0.1)
    return slope, curvature
