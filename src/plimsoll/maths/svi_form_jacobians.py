"""Derivatives of the forms of an SVI smile in its raw parameters, and covariances carried over.

Entry ``(..., i, j)`` of a Jacobian is the derivative of entry ``i`` of the form in raw parameter
``j`` (a, b, rho, m, sigma). The Jacobian of the way back is the inverse matrix. Forms and symbols:
`plimsoll.maths.svi_forms`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import UsageError
from plimsoll.maths.svi_forms import PARAMETERS

Array = NDArray[np.float64]


def jump_wings_jacobian(raw: ArrayLike, tau_years: ArrayLike) -> Array:
    """Derivatives of ``v, psi, p, c, v_low``; shape (..., 5, 5)."""
    a, b, rho, m, sigma = _columns(raw)
    tau = np.asarray(tau_years, dtype=np.float64)[..., None]
    w, slope, _ = _money(a, b, rho, m, sigma)
    level, tilt, _ = _money_gradients(b, rho, m, sigma)
    root = np.sqrt(w)[..., None]
    ratio = 0.5 * level / (w[..., None] * root)
    none, one = np.zeros_like(b), np.ones_like(b)
    left = np.stack((none, 1.0 - rho, -b, none, none), axis=-1)
    right = np.stack((none, 1.0 + rho, b, none, none), axis=-1)
    leg = np.sqrt((1.0 - rho) * (1.0 + rho))
    lowest = np.stack((one, sigma * leg, -b * sigma * rho / leg, none, b * leg), axis=-1)
    rows = (
        level / tau,
        0.5 * (tilt / root - slope[..., None] * ratio),
        left / root - (b * (1.0 - rho))[..., None] * ratio,
        right / root - (b * (1.0 + rho))[..., None] * ratio,
        lowest / tau,
    )
    return np.stack(np.broadcast_arrays(*rows), axis=-2)


def nodes_jacobian(raw: ArrayLike, tau_years: ArrayLike) -> Array:
    """Derivatives of ``vol, skew, curvature, right, left``; shape (..., 5, 5)."""
    a, b, rho, m, sigma = _columns(raw)
    tau = np.asarray(tau_years, dtype=np.float64)[..., None]
    w, slope, bend = (part[..., None] for part in _money(a, b, rho, m, sigma))
    level, tilt, bow = _money_gradients(b, rho, m, sigma)
    vol = np.sqrt(w / tau)
    skew = 0.5 * slope / (vol * tau)
    curvature = (0.5 * bend / tau - skew**2) / vol
    by_vol = 0.5 * level / (vol * tau)
    by_skew = (0.5 * tilt / tau - skew * by_vol) / vol
    by_curvature = (0.5 * bow / tau - 2.0 * skew * by_skew - curvature * by_vol) / vol
    none = np.zeros_like(b)
    right = np.stack((none, 1.0 + rho, b, none, none), axis=-1)
    left = np.stack((none, 1.0 - rho, -b, none, none), axis=-1)
    return np.stack(np.broadcast_arrays(by_vol, by_skew, by_curvature, right, left), axis=-2)


def carried_covariance(covariance: ArrayLike, jacobian: ArrayLike) -> Array:
    """Covariance of a form from that of the raw parameters, to first order (delta method).

    Parameters
    ----------
    covariance : array_like, shape (..., 5, 5)
    jacobian : array_like, shape (..., 5, 5)
        Of the form in the raw parameters.
    """
    by = np.asarray(jacobian, dtype=np.float64)
    carried: Array = by @ np.asarray(covariance, dtype=np.float64) @ np.swapaxes(by, -1, -2)
    return 0.5 * (carried + np.swapaxes(carried, -1, -2))


def _money(a: Array, b: Array, rho: Array, m: Array, sigma: Array) -> tuple[Array, Array, Array]:
    """Total variance at ``k = 0`` with its two derivatives."""
    radius = np.hypot(m, sigma)
    return a + b * (radius - rho * m), b * (rho - m / radius), b * sigma**2 / radius**3


def _money_gradients(b: Array, rho: Array, m: Array, sigma: Array) -> tuple[Array, Array, Array]:
    """Gradients, in the raw parameters, of what `_money` gives; shape (..., 5) each."""
    radius = np.hypot(m, sigma)
    cube, fifth = radius**3, radius**5
    none, one = np.zeros_like(b), np.ones_like(b)
    level = (one, radius - rho * m, -b * m, b * (m / radius - rho), b * sigma / radius)
    tilt = (none, rho - m / radius, b, -b * sigma**2 / cube, b * m * sigma / cube)
    by_m = -3.0 * b * sigma**2 * m / fifth
    by_sigma = b * sigma * (2.0 * m**2 - sigma**2) / fifth
    bow = (none, sigma**2 / cube, none, by_m, by_sigma)
    return np.stack(level, axis=-1), np.stack(tilt, axis=-1), np.stack(bow, axis=-1)


def _columns(raw: ArrayLike) -> tuple[Array, Array, Array, Array, Array]:
    values = np.asarray(raw, dtype=np.float64)
    if values.ndim == 0 or values.shape[-1] != PARAMETERS:
        raise UsageError("must have five entries on its last axis", found=values.shape, field="raw")
    return values[..., 0], values[..., 1], values[..., 2], values[..., 3], values[..., 4]


def _matrix(rows: tuple[tuple[Array, ...], ...]) -> Array:
    return np.stack([np.stack(np.broadcast_arrays(*row), axis=-1) for row in rows], axis=-2)
