"""Other forms of a raw SVI smile: jump-wings and nodes; both ways.

===========  =============================================================================
raw          ``a, b, rho, m, sigma``
jump-wings   ``v, psi, p, c, v_low``: variance at the money (annual), ``w'(0)/(2 sqrt(w(0)))``,
             slopes of the left and right wing over ``sqrt(w(0))``, least variance (annual)
nodes        ``vol, skew, curvature, right, left``: volatility at the money, its first and second
             derivatives in ``k`` there, and the slopes of the wings, ``dw/dk`` far to the right
             and ``-dw/dk`` far to the left
===========  =============================================================================

Jump-wings: Gatheral and Jacquier (2014), section 3.3. From one day to the next raw parameters move
along valleys in which the smile hardly changes; nodes and jump-wings name what traders see.
Jump-wings do not determine a smile whose lowest point is at the money (``psi = 0``); nodes do. All
forms broadcast over leading axes; a form is an array with five entries last.

One smile, one raw form: ``b >= 0`` and ``sigma > 0`` leave no two sets of parameters for a curved
smile. A flat one, ``b = 0``, has them all; its canonical form is ``rho = m = 0``, ``sigma = 1``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import UsageError

Array = NDArray[np.float64]

PARAMETERS = 5
JUMP_WINGS = ("v", "psi", "p", "c", "v_low")
NODES = ("vol", "skew", "curvature", "right", "left")


def raw_to_jump_wings(raw: ArrayLike, tau_years: ArrayLike) -> Array:
    """Jump-wings ``v, psi, p, c, v_low``.

    Parameters
    ----------
    raw : array_like, shape (..., 5)
    tau_years : array_like
        Broadcasts with the leading axes.

    Raises
    ------
    UsageError
        Where the total variance at the money is not positive.
    """
    a, b, rho, m, sigma = _columns(raw, "raw")
    tau = np.asarray(tau_years, dtype=np.float64)
    w, slope, _ = _at_money(a, b, rho, m, sigma)
    _require(w > 0.0, raw, "raw", "a positive total variance at the money")
    root = np.sqrt(w)
    lowest = a + b * sigma * np.sqrt((1.0 - rho) * (1.0 + rho))
    wings = (b * (1.0 - rho) / root, b * (1.0 + rho) / root)
    return np.stack(np.broadcast_arrays(w / tau, 0.5 * slope / root, *wings, lowest / tau), axis=-1)


def jump_wings_to_raw(jump_wings: ArrayLike, tau_years: ArrayLike) -> Array:
    """Inverse of `raw_to_jump_wings`.

    With ``beta = m / r0`` and ``r0 = sqrt(m**2 + sigma**2)``: ``beta = rho - 2 psi sqrt(w) / b``
    and ``w - w_low = b r0 (1 - rho beta - sqrt((1 - rho**2)(1 - beta**2)))``.

    Raises
    ------
    UsageError
        For numbers no raw SVI has: wings not positive, ``v_low`` not below ``v``, ``psi`` outside
        ``(-p/2, c/2)``; and for ``psi = 0``, where jump-wings leave the smile open.
    """
    v, psi, p, c, v_low = _columns(jump_wings, "jump_wings")
    good = (v > 0.0) & (p > 0.0) & (c > 0.0) & (v_low < v)
    good &= (2.0 * psi < c) & (2.0 * psi > -p) & (psi != 0.0)
    must = "v > v_low, p > 0, c > 0 and psi within (-p/2, c/2), other than 0"
    _require(good, jump_wings, "jump_wings", must)
    tau = np.asarray(tau_years, dtype=np.float64)
    root = np.sqrt(v * tau)
    b, rho = 0.5 * root * (c + p), (c - p) / (c + p)
    lean = 4.0 * psi / (c + p)
    beta = rho - lean
    both = np.sqrt((1.0 - rho) * (1.0 + rho) * (1.0 - beta) * (1.0 + beta))
    radius = (v - v_low) * tau * (1.0 - rho * beta + both) / (b * lean**2)
    sigma = radius * np.sqrt((1.0 - beta) * (1.0 + beta))
    a = v_low * tau - b * sigma * np.sqrt((1.0 - rho) * (1.0 + rho))
    return np.stack((a, b, rho, beta * radius, sigma), axis=-1)


def raw_to_nodes(raw: ArrayLike, tau_years: ArrayLike) -> Array:
    """Nodes ``vol, skew, curvature, right, left``.

    Parameters
    ----------
    raw : array_like, shape (..., 5)
    tau_years : array_like
        Broadcasts with the leading axes.

    Raises
    ------
    UsageError
        Where the total variance at the money is not positive.
    """
    a, b, rho, m, sigma = _columns(raw, "raw")
    tau = np.asarray(tau_years, dtype=np.float64)
    w, slope, bend = _at_money(a, b, rho, m, sigma)
    _require(w > 0.0, raw, "raw", "a positive total variance at the money")
    vol = np.sqrt(w / tau)
    skew = 0.5 * slope / (vol * tau)
    curvature = (0.5 * bend / tau - skew**2) / vol
    wings = (b * (1.0 + rho), b * (1.0 - rho))
    return np.stack(np.broadcast_arrays(vol, skew, curvature, *wings), axis=-1)


def nodes_to_raw(nodes: ArrayLike, tau_years: ArrayLike) -> Array:
    """Inverse of `raw_to_nodes`; a flat smile comes back in canonical form.

    Raises
    ------
    UsageError
        For numbers no raw SVI has: the slope of total variance at the money must lie between those
        of the wings, and total variance must be convex there.
    """
    vol, skew, curvature, right, left = _columns(nodes, "nodes")
    tau = np.asarray(tau_years, dtype=np.float64)
    slope, bend = 2.0 * vol * skew * tau, 2.0 * tau * (skew**2 + vol * curvature)
    flat = (right == 0.0) & (left == 0.0) & (slope == 0.0) & (bend == 0.0)
    curved = (bend > 0.0) & (slope < right) & (slope > -left) & (right > 0.0) & (left > 0.0)
    must = "total variance convex at the money, its slope there between those of the wings"
    _require((vol > 0.0) & (flat | curved), nodes, "nodes", must)
    b = 0.5 * (right + left)
    safe = np.where(flat, 1.0, b)
    rho = np.where(flat, 0.0, 0.5 * (right - left) / safe)
    beta = np.where(flat, 0.0, rho - slope / safe)
    remainder = (1.0 - beta) * (1.0 + beta)
    radius = np.where(flat, 1.0, b * remainder / np.where(flat, 1.0, bend))
    a = vol**2 * tau - b * radius * (1.0 - rho * beta)
    columns = (a, b, rho, beta * radius, radius * np.sqrt(remainder))
    return np.stack(np.broadcast_arrays(*columns), axis=-1)


def _at_money(a: Array, b: Array, rho: Array, m: Array, sigma: Array) -> tuple[Array, Array, Array]:
    """Total variance at ``k = 0`` with its two derivatives."""
    radius = np.hypot(m, sigma)
    return (
        a + b * (radius - rho * m),
        b * (rho - m / radius),
        b * sigma**2 / radius**3,
    )


def _columns(form: ArrayLike, field: str) -> tuple[Array, Array, Array, Array, Array]:
    values = np.asarray(form, dtype=np.float64)
    if values.ndim == 0 or values.shape[-1] != PARAMETERS:
        raise UsageError("must have five entries on its last axis", found=values.shape, field=field)
    return values[..., 0], values[..., 1], values[..., 2], values[..., 3], values[..., 4]


def _require(good: NDArray[np.bool_], found: ArrayLike, field: str, must: str) -> None:
    if not np.all(good):
        first = np.asarray(found, dtype=np.float64).reshape(-1, PARAMETERS)
        row = int(np.argmin(np.ravel(good)))
        shown = first[row] if row < first.shape[0] else first[0]
        raise UsageError(f"must have {must}", found=shown.tolist(), field=field, row=row)
