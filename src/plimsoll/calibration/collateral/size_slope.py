"""From a curve of haircuts by size to the two numbers that a venue publishes.

`plimsoll.margin.collateral` takes of a holding ``e`` the haircut ``h e`` and, beyond a free size
``F``, ``s (e - F)^2 / 2``. Among ``h`` on the grid and ``F`` on the sizes of the curve, each with
the least ``s`` that covers the curve at every size, the pair with the least overcharge (mean over
sizes, which stand log-uniform) is taken. No search: all pairs are tried. No dollar up to the cap
bears more than itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import ParameterError

FloatArray = NDArray[np.float64]

HAIRCUT_STEP = Decimal("0.001")
SLOPE_STEP = Decimal("0.00001")
MILLION = 1e6
_DIGITS = 12
_MOST_STEPS = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeSlope:
    """Published haircut of the first dollar, slope and free size, with the mean overcharge."""

    haircut: Decimal
    slope_per_million: Decimal
    free_usd: Decimal
    overcharge: float


def average_haircut(size_usd: FloatArray, fitted: SizeSlope) -> FloatArray:
    """Return what a holding of each size (positive) bears, per dollar."""
    beyond = np.maximum(size_usd - float(fitted.free_usd), 0.0)
    rise = float(fitted.slope_per_million) / MILLION * beyond**2 / (2.0 * size_usd)
    return np.asarray(float(fitted.haircut) + rise)


def fit_size_slope(
    size_usd: FloatArray, haircut: FloatArray, *, step: Decimal = HAIRCUT_STEP
) -> SizeSlope:
    """Return the published figures whose average haircut is nowhere below the curve.

    Parameters
    ----------
    size_usd : (K,) float64
        Positive, rising; the last is the account cap.
    haircut : (K,) float64
        In [0, 1), not falling.

    Raises
    ------
    ParameterError
        For sizes or haircuts that are not so.
    """
    _check(size_usd, haircut)
    first, last = _steps_up(haircut[0], step), _steps_up(haircut[-1], step)
    stride = max(1, -(-(last - first) // _MOST_STEPS))
    starts = [*range(first, last, stride), last]
    best: SizeSlope | None = None
    for steps in starts:
        for free in (0.0, *size_usd.tolist()):
            found = _with_slope(size_usd, haircut, steps * step, free)
            if found is not None and (best is None or found.overcharge < best.overcharge):
                best = found
    assert best is not None  # the largest start covers the curve without any slope
    return best


def _with_slope(
    size_usd: FloatArray, haircut: FloatArray, start: Decimal, free: float
) -> SizeSlope | None:
    """The least slope that covers, on its grid; None where none does."""
    lacking = np.maximum(haircut - float(start), 0.0)
    lacking[lacking < 10.0**-_DIGITS] = 0.0
    lever = np.maximum(size_usd - free, 0.0) ** 2 / (2.0 * size_usd) / MILLION
    if bool(np.any((lacking > 0.0) & (lever <= 0.0))):
        return None
    needed = float(np.max(lacking[lever > 0.0] / lever[lever > 0.0], initial=0.0))
    slope = _steps_up(needed, SLOPE_STEP) * SLOPE_STEP
    # The engine stops at a marginal haircut of 1, beyond which the average would fall short.
    if slope > 1 or float(start) + float(slope) * (size_usd[-1] - free + 1.0) / MILLION > 1.0:
        return None
    fitted = SizeSlope(
        haircut=start, slope_per_million=slope, free_usd=_free(free, slope), overcharge=0.0
    )
    over = float(np.mean(average_haircut(size_usd, fitted) - haircut))
    return SizeSlope(
        haircut=start, slope_per_million=slope, free_usd=fitted.free_usd, overcharge=over
    )


def _free(free: float, slope: Decimal) -> Decimal:
    """Free size in whole dollars, down, for a smaller one charges more; 0 without a slope."""
    return Decimal(int(free)) if slope else Decimal(0)


def _steps_up(value: float, step: Decimal) -> int:
    exact = Decimal(f"{value:.{_DIGITS}f}")
    return int((exact / step).to_integral_value(ROUND_CEILING))


def _check(size_usd: FloatArray, haircut: FloatArray) -> None:
    if size_usd.ndim != 1 or size_usd.shape != haircut.shape or not size_usd.size:
        raise ParameterError(
            "must be one haircut a size", found=(size_usd.shape, haircut.shape), field="haircut"
        )
    if not (np.isfinite(size_usd).all() and size_usd[0] > 0.0 and (np.diff(size_usd) > 0.0).all()):
        raise ParameterError("must be positive and rising", found=size_usd[0], field="size_usd")
    falls = bool((np.diff(haircut) < 0.0).any())
    if falls or not (np.isfinite(haircut).all() and haircut[0] >= 0.0 and haircut[-1] < 1.0):
        raise ParameterError(
            "must lie in [0, 1) and not fall with size",
            found=(float(haircut[0]), float(haircut[-1])),
            field="haircut",
        )
