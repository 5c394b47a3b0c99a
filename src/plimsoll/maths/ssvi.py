"""Surface SVI: slices of three parameters, when they are free of arbitrage, and between expiries.

A slice is a row ``(theta, rho, psi)``: total variance at the money and ``psi = theta phi``, so
that the wings have the slopes ``psi (1 + rho) / 2`` and ``psi (1 - rho) / 2``:

``w(k) = (theta + rho psi k + sqrt((psi k + rho theta)**2 + theta**2 (1 - rho**2))) / 2``

(Gatheral and Jacquier, 2014, with ``rho`` free by expiry: eSSVI, Hendriks and Martini, 2019). It is
a raw SVI (:func:`ssvi_to_raw`), homogeneous of degree one in ``theta, psi, rho psi``.

* No butterflies if ``psi (1 + |rho|) <= 4`` and ``psi**2 (1 + |rho|) <= 4 theta`` (sufficient;
  Gatheral and Jacquier, theorem 4.2).
* No crossing from slice 1 to the later slice 2 if ``theta2 >= theta1``,
  ``psi2 (1 + rho2) >= psi1 (1 + rho1)``, ``psi2 (1 - rho2) >= psi1 (1 - rho1)`` and
  ``psi2 / theta2 <= psi1 / theta1`` (sufficient; Hendriks and Martini; the first three are
  necessary).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import UsageError

Array = NDArray[np.float64]

PARAMETERS = 3
_STEEPEST = 4.0
_CALENDAR_CONDITIONS = 4


def ssvi_total_variance(slices: ArrayLike, log_moneyness: ArrayLike) -> Array:
    """Total variance of each slice at each log-moneyness.

    Parameters
    ----------
    slices : array_like, shape (..., 3)
        theta, rho, psi.
    log_moneyness : array_like
        k = ln(K/F), any shape; taken at every slice.

    Returns
    -------
    ndarray, shape slices.shape[:-1] + log_moneyness.shape
    """
    k = np.asarray(log_moneyness, dtype=np.float64)
    theta, rho, psi = (p.reshape(p.shape + (1,) * k.ndim) for p in _parameters(slices))
    root = np.sqrt((psi * k + rho * theta) ** 2 + theta**2 * (1.0 - rho**2))
    variance: Array = 0.5 * (theta + rho * psi * k + root)
    return variance


def ssvi_to_raw(slices: ArrayLike) -> Array:
    """Raw SVI parameters of the same smiles, exactly.

    ``a = theta (1 - rho**2) / 2``, ``b = psi / 2``, ``m = -rho theta / psi``,
    ``sigma = sqrt(1 - rho**2) theta / psi`` (Gatheral and Jacquier, section 4).

    Raises
    ------
    UsageError
        Where ``psi`` or ``theta`` is not positive or ``|rho|`` not below one: such a slice has no
        raw form of its own.

    Examples
    --------
    >>> ssvi_to_raw([0.04, -0.6, 0.2]).round(12)
    array([ 0.0128,  0.1   , -0.6   ,  0.12  ,  0.16  ])
    """
    theta, rho, psi = _parameters(slices)
    if not np.all((theta > 0.0) & (psi > 0.0) & (np.abs(rho) < 1.0)):
        raise UsageError(
            "must have theta > 0, |rho| < 1 and psi > 0",
            found=np.stack((theta, rho, psi), axis=-1).tolist(),
            field="slices",
        )
    remainder = (1.0 - rho) * (1.0 + rho)
    inverse_phi = theta / psi
    columns = (
        0.5 * theta * remainder,
        0.5 * psi,
        rho,
        -rho * inverse_phi,
        np.sqrt(remainder) * inverse_phi,
    )
    return np.stack(columns, axis=-1)


def butterfly_slack(slices: ArrayLike) -> Array:
    """Room to the two sufficient conditions against butterflies; not negative where they hold.

    Returns
    -------
    ndarray, shape (..., 2)
        ``1 - psi (1 + |rho|) / 4`` and ``1 - psi**2 (1 + |rho|) / (4 theta)``.
    """
    theta, rho, psi = _parameters(slices)
    steepest = psi * (1.0 + np.abs(rho)) / _STEEPEST
    return np.stack((1.0 - steepest, 1.0 - psi * steepest / theta), axis=-1)


def calendar_slack(slices: ArrayLike) -> Array:
    """Room to the four conditions against crossings of neighbours; not negative where they hold.

    Parameters
    ----------
    slices : array_like, shape (n, 3)
        Rising in time.

    Returns
    -------
    ndarray, shape (n - 1, 4)
        Growth, relative to the earlier slice, of ``theta``, of the right wing, of the left wing,
        and decrease of ``psi / theta``.
    """
    theta, rho, psi = _parameters(slices)
    right, left, phi = psi * (1.0 + rho), psi * (1.0 - rho), psi / theta
    room = np.empty((max(theta.size - 1, 0), _CALENDAR_CONDITIONS))
    for j, level in enumerate((theta, right, left)):
        room[:, j] = level[1:] / level[:-1] - 1.0
    room[:, 3] = 1.0 - phi[1:] / phi[:-1]
    return room


def is_free_of_arbitrage(slices: ArrayLike, *, tolerance: float = 0.0) -> bool:
    """Whether all the sufficient conditions hold, up to a relative ``tolerance``."""
    room = (butterfly_slack(slices), calendar_slack(slices))
    return all(bool(np.all(part >= -tolerance)) for part in room)


def _parameters(slices: ArrayLike) -> tuple[Array, Array, Array]:
    rows = np.asarray(slices, dtype=np.float64)
    if rows.ndim == 0 or rows.shape[-1] != PARAMETERS:
        raise UsageError("must have theta, rho, psi on its last axis", found=rows.shape)
    return rows[..., 0], rows[..., 1], rows[..., 2]
