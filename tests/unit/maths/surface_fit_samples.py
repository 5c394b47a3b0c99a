"""Small surface-fit problems with known answers."""

from __future__ import annotations

import numpy as np

from plimsoll.maths.ssvi import ssvi_to_raw
from plimsoll.maths.surface_fit_curve import coordinates_of_raw
from plimsoll.maths.surface_fit_problem import LossShape, SurfaceProblem
from plimsoll.maths.surface_fit_verification import sinh_grid
from plimsoll.maths.svi import svi_total_variance

POINTS, ROOM = 41, 40
YEARS = np.array([0.02, 0.1, 0.5])
ROBUST = LossShape(1.0, 0.0, 1.0, 1.0)
WALLED = LossShape(2.0, 30.0, 0.8, 0.6)


def truth() -> np.ndarray:
    """Raw parameters of an SSVI free of arbitrage (the sufficient conditions hold with room)."""
    theta = 0.3 * YEARS
    slices = np.stack((theta, np.full(3, -0.3), 1.0 * np.sqrt(theta)), axis=1)
    return ssvi_to_raw(slices)


def problem(
    raw: np.ndarray, *, quotes: int = 15, half: float = 0.01, noise: np.ndarray | None = None
) -> SurfaceProblem:
    """Quotes on given smiles, weak priors around the truth's coordinates."""
    deviation = np.sqrt(np.array([svi_total_variance(row, 0.0) for row in raw]))
    n = YEARS.size
    x = np.linspace(-2.0, 2.0, quotes)
    k = (deviation[:, None] * x).ravel()
    w = np.concatenate([svi_total_variance(raw[i], deviation[i] * x) for i in range(n)])
    vol = np.sqrt(w / np.repeat(YEARS, quotes))
    if noise is not None:
        vol = vol + noise
    points = np.zeros((n, POINTS + ROOM))
    for i in range(n):
        sinh_grid(deviation[i], 3.0, points[i, :POINTS])
    zeros = [np.zeros((n, 5)) for _ in range(3)]
    return SurfaceProblem(
        deviation,
        YEARS.copy(),
        np.arange(0, quotes * n + 1, quotes),
        k,
        vol,
        np.full(k.size, half),
        np.ones(k.size),
        points,
        np.full_like(points, 0.5),
        np.full(n, 0.5),
        np.full(n, POINTS),
        coordinates_of_raw(truth(), deviation),
        np.full((n, 5), 1e-9),
        zeros[0],
        zeros[1],
    )
