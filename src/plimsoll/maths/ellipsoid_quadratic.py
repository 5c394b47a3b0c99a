"""The largest value of a quadratic over a ball, exactly: the trust-region problem.

The maximum of ``w u + u' diag(l) u`` over ``|u| <= r`` lies inside where all l are negative and
``u = -w / (2 l)`` is short enough; else on the sphere, at

    u_i = w_i / (2 (m - l_i)),    |u(m)| = r,    m >= max(l, 0),

or, where ``|u|`` stays below r as m falls to the largest l (the hard case), with the rest of the
length along the axis of that l. Newton's method on ``1/|u(m)|`` converges from the left in a few
steps. Sources: More and Sorensen (1983), SIAM J. Sci. Stat. Comput. 4(3), 3; for portfolios
Studer (1999), "Market risk computation for nonlinear portfolios", J. Risk 1(4).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Codes = NDArray[np.int64]

_SWEEPS = 30
_STEPS = 60
_CLOSE = 1e-15
_APART = 1e-14
_NO_PIVOT = 1e-12


@njit(cache=True, nogil=True)
def lower_root(matrix: Matrix, rows: Codes, count: int, out: Matrix) -> None:
    """Fill ``out`` (count, count) with L of ``L L' =`` the matrix at the first rows of ``rows``.

    The matrix may be singular: a pivot of no size leaves its column empty.
    """
    for j in range(count):
        for i in range(count):
            out[i, j] = 0.0
    for j in range(count):
        pivot = matrix[rows[j], rows[j]]
        for k in range(j):
            pivot -= out[j, k] * out[j, k]
        if pivot <= _NO_PIVOT:
            continue
        root = math.sqrt(pivot)
        out[j, j] = root
        for i in range(j + 1, count):
            left = matrix[rows[i], rows[j]]
            for k in range(j):
                left -= out[i, k] * out[j, k]
            out[i, j] = left / root


@njit(cache=True, nogil=True)
def _rotate(a: Matrix, q: Matrix, n: int, i: int, j: int) -> None:
    """Jacobi's rotation that makes ``a[i, j]`` zero."""
    ratio = (a[j, j] - a[i, i]) / (2.0 * a[i, j])
    t = math.copysign(1.0, ratio) / (abs(ratio) + math.sqrt(ratio * ratio + 1.0))
    c = 1.0 / math.sqrt(t * t + 1.0)
    s = t * c
    for k in range(n):
        one, other = a[k, i], a[k, j]
        a[k, i], a[k, j] = c * one - s * other, s * one + c * other
    for k in range(n):
        one, other = a[i, k], a[j, k]
        a[i, k], a[j, k] = c * one - s * other, s * one + c * other
        one, other = q[k, i], q[k, j]
        q[k, i], q[k, j] = c * one - s * other, s * one + c * other
    a[i, j], a[j, i] = 0.0, 0.0


@njit(cache=True, nogil=True)
def symmetric_axes(a: Matrix, q: Matrix, n: int) -> None:
    """Turn the leading (n, n) of symmetric ``a`` into its eigenvalues, ``q`` into its axes.

    Eigenvalues are left on the diagonal of ``a``; column k of ``q`` belongs to the k-th.
    """
    total = 0.0
    for i in range(n):
        for j in range(n):
            q[i, j] = 1.0 if i == j else 0.0
            total += a[i, j] * a[i, j]
    for _ in range(_SWEEPS):
        left = 0.0
        for i in range(n):
            for j in range(i):
                left += a[i, j] * a[i, j]
        if left <= _CLOSE * _CLOSE * total:
            return
        for i in range(n - 1):
            for j in range(i + 1, n):
                if a[i, j] != 0.0:
                    _rotate(a, q, n, i, j)


@njit(cache=True, nogil=True)
def _length(w: Vector, curve: Vector, n: int, m: float, u: Vector) -> float:
    square = 0.0
    for i in range(n):
        u[i] = 0.5 * w[i] / (m - curve[i]) if w[i] != 0.0 else 0.0
        square += u[i] * u[i]
    return math.sqrt(square)


@njit(cache=True, nogil=True)
def _on_sphere(
    w: Vector, curve: Vector, n: int, radius: float, low: float, high: float, u: Vector
) -> None:
    """Fill ``u`` of length ``radius``; its length at ``low`` is larger, at ``high`` smaller."""
    m = low
    for _ in range(_STEPS):
        length = _length(w, curve, n, m, u)
        if abs(length - radius) <= 4.0 * _CLOSE * radius:
            break
        if length > radius:
            low = m
        else:
            high = m
        slope = 0.0
        for i in range(n):
            slope += u[i] * u[i] / (m - curve[i]) if u[i] != 0.0 else 0.0
        step = m + (length - radius) / radius * length * length / slope
        following = step if low < step < high else 0.5 * (low + high)
        if following in (low, high):
            break
        m = following
    length = _length(w, curve, n, m, u)
    for i in range(n):
        u[i] *= radius / length


@njit(cache=True, nogil=True)
def largest_in_ball(w: Vector, curve: Vector, n: int, radius: float, u: Vector) -> None:
    """Fill the first ``n`` of ``u`` with where ``w u + sum of curve u^2`` is largest.

    >>> u = np.empty(2)
    >>> largest_in_ball(np.array([3.0, 4.0]), np.zeros(2), 2, 1.0, u)
    >>> u.round(12).tolist()
    [0.6, 0.8]
    """
    top, size = 0, 0.0
    for i in range(n):
        top = i if curve[i] > curve[top] else top
        size = math.hypot(size, w[i])
    most = curve[top]
    if most < 0.0:
        square = 0.0
        for i in range(n):
            u[i] = -0.5 * w[i] / curve[i]
            square += u[i] * u[i]
        if square <= radius * radius:
            return
    if size == 0.0 and most <= 0.0:
        u[:n] = 0.0
        return
    least = 0.0
    for i in range(n):
        least = max(least, abs(curve[i]))
    low = max(most + _APART * max(least, size / radius), 0.0)
    if _length(w, curve, n, low, u) > radius:
        low = max(low, most + 0.5 * abs(w[top]) / radius * (1.0 - 4.0 * _CLOSE))
        high = most + 0.5 * size / radius * (1.0 + 4.0 * _CLOSE)
        _on_sphere(w, curve, n, radius, low, max(high, low), u)
        return
    square = 0.0
    for i in range(n):
        square += u[i] * u[i] if i != top else 0.0
    rest = math.sqrt(max(radius * radius - square, 0.0))
    u[top] = math.copysign(rest, w[top])
