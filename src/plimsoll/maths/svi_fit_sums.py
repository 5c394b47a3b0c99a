"""Cost of an SVI slice with its gradient and its exact second derivatives, in one pass.

Coordinates of the fit, on a slice scaled so that the strikes span [-1, 1] and the mean total
variance is one: ``(level, right, left, m, sigma)`` with

``w(y) = level + right (r - r0 + y) / 2 + left (r - r0 - y) / 2``,
``r = sqrt((y - m)**2 + sigma**2)``, ``r0 = sqrt(m**2 + sigma**2)``.

``level`` is ``w(0)``; ``right = b (1 + rho)`` and ``left = b (1 - rho)`` are the slopes of the
wings; ``w`` is linear in these three. Derivatives are in the coordinates of a chart of the upper
half-plane, in which the centre of the hyperbola ``z = m + i sigma`` lies: ``z`` itself where
``|z| <= 1``, and ``-1/z`` beyond. Towards infinity the smile becomes a parabola, to which powers
of ``1/z`` add the third and fourth order, while ``m`` and ``sigma`` run away together on a curve.
Residuals are ``weight (sqrt(w) - target)``, or ``weight (w - target)``.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

COORDINATES = 5
_REORDER = {"reassoc", "contract", "arcp", "nsz"}
_SMALLEST_VARIANCE = 1e-10


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def is_far(m: float, sigma: float) -> bool:
    """Whether the chart at a centre is the inverted one."""
    return m * m + sigma * sigma > 1.0


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def inverted(m: float, sigma: float) -> tuple[float, float]:
    """``-1/z``; its own inverse."""
    scale = 1.0 / (m * m + sigma * sigma)
    return -m * scale, sigma * scale


@njit(cache=True, nogil=True, error_model="numpy", fastmath=_REORDER, forceinline=True)
def _sum_up(
    point: Vector,
    y: Vector,
    target: Vector,
    weight: Vector,
    of_volatility: bool,
    sums: Vector,
) -> None:
    """Sums over the quotes of products of the columns of the model.

    The columns are ``1, y, r - r0`` and the latter's derivatives in ``-m`` and ``sigma``."""
    m, sigma = point[3], point[4]
    along, bow = 0.5 * (point[1] - point[2]), 0.5 * (point[1] + point[2])
    square = sigma * sigma
    middle = math.sqrt(m * m + square)
    m_middle, sigma_middle = m / middle, sigma / middle
    base = point[0] - bow * middle
    cost, wrong = 0.0, 0.0
    q0, qy, qr, qx, qz, t0, t1, t2 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    h00, h0y, h0r, h0x, h0z = 0.0, 0.0, 0.0, 0.0, 0.0
    hyy, hyr, hyx, hyz, hrr, hrx, hrz = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    hxx, hxz, hzz = 0.0, 0.0, 0.0
    for i in range(y.size):
        at = y[i]
        x = at - m
        r = math.sqrt(x * x + square)
        inverse = 1.0 / r
        x0, s0 = x * inverse, sigma * inverse
        x1, z1, rise = x0 + m_middle, s0 - sigma_middle, r - middle
        w = base + along * at + bow * r
        wrong += 1.0 if w < _SMALLEST_VARIANCE else 0.0
        w = max(w, _SMALLEST_VARIANCE)
        if of_volatility:
            root = math.sqrt(w)
            residual = weight[i] * (root - target[i])
            slope = 0.5 * weight[i] / root
            curvature = slope * slope * target[i] / root
        else:
            residual = weight[i] * (w - target[i])
            slope = weight[i]
            curvature = slope * slope
        cost += residual * residual
        pull = residual * slope
        q0 += pull
        qy += pull * at
        qr += pull * rise
        qx += pull * x1
        qz += pull * z1
        third = pull * inverse
        t0 += third * s0 * s0
        t1 += third * s0 * x0
        t2 += third * x0 * x0
        cy, cr, cx, cz = curvature * at, curvature * rise, curvature * x1, curvature * z1
        h00 += curvature
        h0y += cy
        h0r += cr
        h0x += cx
        h0z += cz
        hyy += cy * at
        hyr += cy * rise
        hyx += cy * x1
        hyz += cy * z1
        hrr += cr * rise
        hrx += cr * x1
        hrz += cr * z1
        hxx += cx * x1
        hxz += cx * z1
        hzz += cz * z1
    sums[0], sums[1], sums[2], sums[3], sums[4] = h00, h0y, h0r, h0x, h0z
    sums[5], sums[6], sums[7], sums[8] = hyy, hyr, hyx, hyz
    sums[9], sums[10], sums[11] = hrr, hrx, hrz
    sums[12], sums[13], sums[14] = hxx, hxz, hzz
    sums[15], sums[16], sums[17], sums[18], sums[19] = q0, qy, qr, qx, qz
    q0 = q0 / middle
    sums[20] = t0 - q0 * sigma_middle * sigma_middle
    sums[21] = t1 + q0 * sigma_middle * m_middle
    sums[22] = t2 - q0 * m_middle * m_middle
    sums[23], sums[24] = cost, wrong


@njit(cache=True, nogil=True, error_model="numpy")
def _invert_derivatives(m: float, sigma: float, gradient: Vector, h: Matrix) -> None:
    """Derivatives in ``z`` become those in ``-1/z``, whose derivative is ``z**2``.

    By ``d = d/dm - i d/dsigma``: the gradient is multiplied with ``z**2``; of the Hessian the part
    ``d d`` with ``z**4``, to which ``4 z**3`` times the gradient is added, and the Laplacian with
    ``|z|**4``.
    """
    z2_re, z2_im = m * m - sigma * sigma, 2.0 * m * sigma
    z3_re, z3_im = m * z2_re - sigma * z2_im, m * z2_im + sigma * z2_re
    z4_re, z4_im = z2_re * z2_re - z2_im * z2_im, 2.0 * z2_re * z2_im
    by_m, by_sigma = gradient[3], gradient[4]
    twice_re, twice_im = h[3, 3] - h[4, 4], -2.0 * h[3, 4]
    bend_re = twice_re * z4_re - twice_im * z4_im + 4.0 * (by_m * z3_re + by_sigma * z3_im)
    bend_im = twice_re * z4_im + twice_im * z4_re + 4.0 * (by_m * z3_im - by_sigma * z3_re)
    even = (h[3, 3] + h[4, 4]) * (z2_re * z2_re + z2_im * z2_im)
    h[3, 3], h[4, 4], h[3, 4] = 0.5 * (even + bend_re), 0.5 * (even - bend_re), -0.5 * bend_im
    gradient[3] = by_m * z2_re + by_sigma * z2_im
    gradient[4] = by_sigma * z2_re - by_m * z2_im
    for row in range(3):
        by_m, by_sigma = h[row, 3], h[row, 4]
        h[row, 3] = by_m * z2_re + by_sigma * z2_im
        h[row, 4] = by_sigma * z2_re - by_m * z2_im


@njit(cache=True, nogil=True, error_model="numpy")
def cost_with_derivatives(
    point: Vector,
    y: Vector,
    target: Vector,
    weight: Vector,
    of_volatility: bool,
    sums: Vector,
    gradient: Vector,
    hessian: Matrix,
) -> float:
    """Half the sum of squares; its gradient and its Hessian (upper triangle) are written.

    Infinite where the total variance is not positive at some quote.

    Parameters
    ----------
    point : ndarray, shape (5,)
        level, right, left, m, sigma.
    y, target, weight : ndarray, shape (n,)
    of_volatility : bool
        Targets are roots of total variance; otherwise total variances.
    sums : ndarray, shape (25,)
        Work space.
    """
    _sum_up(point, y, target, weight, of_volatility, sums)
    bow = 0.5 * (point[1] + point[2])
    h = hessian
    gradient[0] = sums[15]
    gradient[1], gradient[2] = 0.5 * (sums[17] + sums[16]), 0.5 * (sums[17] - sums[16])
    h[0, 0], h[0, 1], h[0, 2] = sums[0], 0.5 * (sums[2] + sums[1]), 0.5 * (sums[2] - sums[1])
    h[1, 1] = 0.25 * (sums[9] + 2.0 * sums[6] + sums[5])
    h[1, 2] = 0.25 * (sums[9] - sums[5])
    h[2, 2] = 0.25 * (sums[9] - 2.0 * sums[6] + sums[5])
    gradient[3], gradient[4] = -bow * sums[18], bow * sums[19]
    h[0, 3], h[0, 4] = -bow * sums[3], bow * sums[4]
    h[1, 3] = -0.5 * (bow * (sums[10] + sums[7]) + sums[18])
    h[2, 3] = -0.5 * (bow * (sums[10] - sums[7]) + sums[18])
    h[1, 4] = 0.5 * (bow * (sums[11] + sums[8]) + sums[19])
    h[2, 4] = 0.5 * (bow * (sums[11] - sums[8]) + sums[19])
    h[3, 3] = bow * bow * sums[12] + bow * sums[20]
    h[3, 4] = -bow * bow * sums[13] + bow * sums[21]
    h[4, 4] = bow * bow * sums[14] + bow * sums[22]
    if is_far(point[3], point[4]):
        _invert_derivatives(point[3], point[4], gradient, hessian)
    return 0.5 * sums[23] if sums[24] == 0.0 else np.inf
