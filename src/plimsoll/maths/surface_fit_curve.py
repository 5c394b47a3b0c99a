"""The SVI curve in the coordinates of the joint surface fit, and no-butterfly's g, with gradients.

In standardised moneyness x = k / s (s the at-the-money standard deviation of the expiry, fixed
before the fit) and standardised variance W = w / s^2, raw SVI reads

    W(x) = v + R/2 (h(z) + z - h(M) + M) + L/2 (h(z) - z - h(M) - M),
    z = x - M,  h(z) = sqrt(z^2 + S^2),

with v = W(0) the at-the-money variance and L, R > 0 the slopes of the left and the right wing.
The five coordinates are (ln v, ln L, ln R, M, ln S): unconstrained, of order one for every
expiry, and one-to-one with (a, b, rho, m, sigma), so that equivalent solutions do not exist.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

COORDINATES = 5
LOG_LEVEL, LOG_LEFT, LOG_RIGHT, CENTRE, LOG_WIDTH = range(COORDINATES)
SHAPE = 7


@njit(cache=True, nogil=True, error_model="numpy")
def svi_shape(theta: Vector, deviation: float, shape: Vector) -> None:
    """What the curve of an expiry needs, computed once: (SHAPE,) into ``shape``."""
    left, right = math.exp(theta[LOG_LEFT]), math.exp(theta[LOG_RIGHT])
    centre, width = theta[CENTRE], math.exp(theta[LOG_WIDTH])
    shape[0], shape[1], shape[2] = math.exp(theta[LOG_LEVEL]), 0.5 * left, 0.5 * right
    shape[3], shape[4] = centre, width * width
    shape[5], shape[6] = math.sqrt(centre * centre + width * width), deviation


@njit(cache=True, nogil=True, error_model="numpy")
def svi_curve(shape: Vector, k: float) -> tuple[float, float, float]:
    """Total variance w, w' and w'' at log moneyness ``k``."""
    level, left, right, centre, square, at_zero, deviation = shape
    z = k / deviation - centre
    h = math.sqrt(z * z + square)
    rise = right * (h + z - at_zero + centre) + left * (h - z - at_zero - centre)
    slope = right * (z / h + 1.0) + left * (z / h - 1.0)
    bend = (left + right) * square / (h * h * h)
    return deviation * deviation * (level + rise), deviation * slope, bend


@njit(cache=True, nogil=True, error_model="numpy")
def svi_gradient(shape: Vector, k: float, value: Vector) -> float:
    """Total variance at ``k``; its gradient (5,) by the coordinates into ``value``."""
    level, left, right, centre, square, at_zero, deviation = shape
    z = k / deviation - centre
    h, scale = math.sqrt(z * z + square), deviation * deviation
    flat, both, rise = 1.0 / h, scale * (left + right), h - at_zero
    value[LOG_LEVEL] = scale * level
    value[LOG_LEFT] = scale * left * (rise - z - centre)
    value[LOG_RIGHT] = scale * right * (rise + z + centre)
    value[CENTRE] = -both * (z * flat + centre / at_zero)
    value[LOG_WIDTH] = both * square * (flat - 1.0 / at_zero)
    total: float = value[LOG_LEVEL] + value[LOG_LEFT] + value[LOG_RIGHT]
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def svi_gradient_of_slopes(shape: Vector, k: float, slope: Vector, bend: Vector) -> None:
    """Gradients (5,) of w' and w'' by the coordinates, into the last two arguments."""
    _, left, right, centre, square, _, deviation = shape
    z, both = k / deviation - centre, left + right
    h = math.sqrt(z * z + square)
    cubed = h * h * h
    slope[LOG_LEVEL] = 0.0
    slope[LOG_LEFT] = deviation * left * (z / h - 1.0)
    slope[LOG_RIGHT] = deviation * right * (z / h + 1.0)
    slope[CENTRE] = -deviation * both * square / cubed
    slope[LOG_WIDTH] = -deviation * both * z * square / cubed
    bend[LOG_LEVEL] = 0.0
    bend[LOG_LEFT] = left * square / cubed
    bend[LOG_RIGHT] = right * square / cubed
    bend[CENTRE] = 3.0 * both * square * z / (cubed * h * h)
    bend[LOG_WIDTH] = both * (2.0 * square - 3.0 * square * square / (h * h)) / cubed


@njit(cache=True, nogil=True, error_model="numpy")
def butterfly(k: float, w: float, slope: float, bend: float) -> float:
    """Durrleman's g: a density where it is not negative (Gatheral and Jacquier, 2014, 2.1)."""
    h = 1.0 - 0.5 * k * slope / w
    return h * h - 0.25 * slope * slope * (1.0 / w + 0.25) + 0.5 * bend


@njit(cache=True, nogil=True, error_model="numpy")
def butterfly_partials(k: float, w: float, slope: float) -> tuple[float, float]:
    """Derivatives of g by w and by w'; by w'' it is 1/2."""
    h = 1.0 - 0.5 * k * slope / w
    by_value = (h * k * slope + 0.25 * slope * slope) / (w * w)
    by_slope = -h * k / w - 0.5 * slope * (1.0 / w + 0.25)
    return by_value, by_slope


@njit(cache=True, nogil=True, error_model="numpy")
def lowest_variance(shape: Vector) -> float:
    """Smallest value of W over all x."""
    level, left, right, centre, square, at_zero, _ = shape
    base = right * (at_zero - centre) + left * (at_zero + centre)
    lowest: float = level - base + 2.0 * math.sqrt(square * left * right)
    return lowest


@njit(cache=True, nogil=True, error_model="numpy")
def lowest_variance_gradient(shape: Vector, gradient: Vector) -> None:
    """Gradient (5,) of the smallest value of W."""
    level, left, right, centre, square, at_zero, _ = shape
    root = math.sqrt(square * left * right)
    gradient[LOG_LEVEL] = level
    gradient[LOG_LEFT] = root - left * (at_zero + centre)
    gradient[LOG_RIGHT] = root - right * (at_zero - centre)
    gradient[CENTRE] = right - left - (left + right) * centre / at_zero
    gradient[LOG_WIDTH] = 2.0 * root - (left + right) * square / at_zero


def raw_of_coordinates(theta: Matrix, deviation: Vector) -> Matrix:
    """(n, 5) raw a, b, rho, m, sigma of (n, 5) coordinates and (n,) standard deviations."""
    left, right = np.exp(theta[:, LOG_LEFT]), np.exp(theta[:, LOG_RIGHT])
    centre, width = theta[:, CENTRE], np.exp(theta[:, LOG_WIDTH])
    at_zero = np.hypot(centre, width)
    a = np.exp(theta[:, LOG_LEVEL]) - 0.5 * (right * (at_zero - centre) + left * (at_zero + centre))
    b, rho = 0.5 * (left + right), (right - left) / (right + left)
    columns = (a * deviation**2, b * deviation, rho, centre * deviation, width * deviation)
    raw: Matrix = np.stack(columns, axis=1)
    return raw


def coordinates_of_raw(raw: Matrix, deviation: Vector) -> Matrix:
    """(n, 5) coordinates of (n, 5) raw parameters; b > 0 and w(0) > 0 required."""
    a, b, rho, m, sigma = raw.T
    level = (a + b * (np.hypot(m, sigma) - rho * m)) / deviation**2
    left, right = b * (1.0 - rho) / deviation, b * (1.0 + rho) / deviation
    columns = (np.log(level), np.log(left), np.log(right), m / deviation, np.log(sigma / deviation))
    theta: Matrix = np.stack(columns, axis=1)
    return theta
