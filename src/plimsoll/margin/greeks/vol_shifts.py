"""Joint moves of volatilities that the Greeks margin tries where underlyings move together.

With ``rho`` the correlations, all shifts lie on the ellipsoid ``Y' rho^-1 Y = 1``, in units of the
ranges: each volatility leads up and down with the others following by ``rho``, and for each pair
the ellipse between one's lead and what the other does apart from it is gone round in sixteen
steps. For books in the volatility of two underlyings the largest of them is within 2 % of the
largest of the whole ellipse (cos 11.25 deg).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

STEPS_ROUND = 16
_ALIKE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VolShifts:
    """V joint moves of J volatilities in [-1, 1], and what each is called; the first is none."""

    names: tuple[str, ...]
    shifts: FloatArray


def vol_shifts(underlyings: tuple[str, ...], correlation: FloatArray) -> VolShifts:
    """Return the shifts of J underlyings.

    >>> vol_shifts(("BTC",), np.eye(1)).names
    ('volatility same', 'volatility of BTC up', 'volatility of BTC down')
    """
    names, shifts = ["volatility same"], [np.zeros(len(underlyings))]
    for j, coin in enumerate(underlyings):
        for word, sign in (("up", 1.0), ("down", -1.0)):
            names.append(f"volatility of {coin} {word}")
            shifts.append(sign * correlation[:, j])
    for i, one in enumerate(underlyings):
        for k in range(i + 1, len(underlyings)):
            for shift in _round(correlation, i, k):
                shifts.append(shift)
                names.append(
                    f"volatility of {one} {shift[i]:+.0%} and {underlyings[k]} {shift[k]:+.0%} "
                    "of range"
                )
    return VolShifts(names=tuple(names), shifts=np.array(shifts))


def _round(correlation: FloatArray, i: int, k: int) -> list[FloatArray]:
    """Shifts on the ellipse of a pair, without the leads of ``i``."""
    rho = float(correlation[i, k])
    apart = np.sqrt(max(1.0 - rho * rho, 0.0))
    if apart < _ALIKE:
        return []
    other = (correlation[:, k] - rho * correlation[:, i]) / apart
    angles = 2.0 * np.pi * np.arange(STEPS_ROUND) / STEPS_ROUND
    kept = angles[np.arange(STEPS_ROUND) % (STEPS_ROUND // 2) != 0]
    return [np.cos(a) * correlation[:, i] + np.sin(a) * other for a in kept]
