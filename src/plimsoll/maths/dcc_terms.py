"""Log-determinant, quadratic form and their derivatives along a path of DCC correlations.

    Q[0] = Qbar,   Q[t] = (1 - a - b) Qbar + a z[t-1] z[t-1]' + b Q[t-1]
    R[t] = diag(Q[t])^(-1/2) Q[t] diag(Q[t])^(-1/2)

(Engle, 2002). The path is cut into :data:`LANES` stretches that are walked side by side: a first,
cheap pass finds where each stretch starts, then one factorisation serves all of them, one lane of
a vector register each. The lower triangle of a symmetric matrix is stored row by row.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.elementary import log
from plimsoll.maths.machine_arithmetic import fma

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Cube = NDArray[np.float64]

LANES = 64
TERMS = 6
LOG_DETERMINANT, QUADRATIC_FORM, LOG_DETERMINANT_A, FORM_A, LOG_DETERMINANT_B, FORM_B = range(TERMS)


@njit(cache=True, nogil=True, error_model="numpy")
def _walk_to_starts(
    residuals: Matrix, target: Matrix, a: float, b: float, stretch: int, slopes: bool, state: Cube
) -> None:
    """Write Q and its derivatives in a and b at the start of each stretch into their lanes."""
    rows, n = residuals.shape
    size = n * (n + 1) // 2
    q, by_a, by_b, mean = np.empty(size), np.zeros(size), np.zeros(size), np.empty(size)
    for i in range(n):
        for j in range(i + 1):
            mean[i * (i + 1) // 2 + j] = target[i, j]
    q[:] = mean
    for t in range(min(rows, (LANES - 1) * stretch + 1)):
        if t > 0:
            for i in range(n):
                z = residuals[t - 1, i]
                first = i * (i + 1) // 2
                for j in range(i + 1):
                    p = first + j
                    news = z * residuals[t - 1, j] - mean[p]
                    if slopes:
                        by_b[p] = b * by_b[p] + (q[p] - mean[p])
                        by_a[p] = b * by_a[p] + news
                    q[p] = mean[p] + (a * news + b * (q[p] - mean[p]))
        if t % stretch == 0:
            lane = t // stretch
            for p in range(size):
                state[0, p, lane] = q[p]
                state[1, p, lane] = by_a[p]
                state[2, p, lane] = by_b[p]


@njit(cache=True, nogil=True, error_model="numpy")
def _step(shocks: Matrix, mean: Vector, a: float, b: float, slopes: bool, state: Cube) -> None:
    """One step of the recursion and of its derivatives in every lane."""
    n = shocks.shape[0]
    q, by_a, by_b = state[0], state[1], state[2]
    for i in range(n):
        for j in range(i + 1):
            p = i * (i + 1) // 2 + j
            level = mean[p]
            for lane in range(LANES):
                news = shocks[i, lane] * shocks[j, lane] - level
                old = q[p, lane] - level
                if slopes:
                    by_b[p, lane] = b * by_b[p, lane] + old
                    by_a[p, lane] = b * by_a[p, lane] + news
                q[p, lane] = level + (a * news + b * old)


@njit(cache=True, nogil=True, error_model="numpy")
def _factorise(q: Matrix, n: int, low: Matrix) -> None:
    """Cholesky factor of every lane, with the reciprocals of its diagonal on the diagonal."""
    entry = np.empty(LANES)
    for j in range(n):
        row_j = j * (j + 1) // 2
        for i in range(j, n):
            row_i = i * (i + 1) // 2
            for lane in range(LANES):
                entry[lane] = q[row_i + j, lane]
            for k in range(j):
                for lane in range(LANES):
                    entry[lane] = fma(-low[row_i + k, lane], low[row_j + k, lane], entry[lane])
            if i == j:
                for lane in range(LANES):
                    low[row_i + j, lane] = 1.0 / np.sqrt(entry[lane])
            else:
                for lane in range(LANES):
                    low[row_i + j, lane] = entry[lane] * low[row_j + j, lane]


@njit(cache=True, nogil=True, error_model="numpy")
def _whiten(low: Matrix, scaled: Matrix, n: int, white: Matrix, out: Matrix) -> None:
    """Solve the factor against the scaled residuals; log-determinant of Q and the form to ``out``.

    ``out`` has the two values as its rows.
    """
    for lane in range(LANES):
        out[0, lane] = 0.0
        out[1, lane] = 0.0
    for i in range(n):
        row = i * (i + 1) // 2
        for lane in range(LANES):
            white[i, lane] = scaled[i, lane]
        for k in range(i):
            for lane in range(LANES):
                white[i, lane] = fma(-low[row + k, lane], white[k, lane], white[i, lane])
        for lane in range(LANES):
            white[i, lane] *= low[row + i, lane]
            out[0, lane] -= 2.0 * log(low[row + i, lane])
            out[1, lane] += white[i, lane] * white[i, lane]


@njit(cache=True, nogil=True, error_model="numpy")
def _invert_factor(low: Matrix, n: int) -> None:
    """Replace each factor (reciprocal diagonal) by its inverse."""
    entry = np.empty(LANES)
    for i in range(n):
        row_i = i * (i + 1) // 2
        for j in range(i):
            for lane in range(LANES):
                entry[lane] = 0.0
            for k in range(j, i):
                row_k = k * (k + 1) // 2
                for lane in range(LANES):
                    entry[lane] = fma(low[row_i + k, lane], low[row_k + j, lane], entry[lane])
            # Columns to the right still hold the factor, as the next entries of the row need it.
            for lane in range(LANES):
                low[row_i + j, lane] = -entry[lane] * low[row_i + i, lane]


@njit(cache=True, nogil=True, error_model="numpy")
def _unwhiten(inverse: Matrix, white: Matrix, n: int, solved: Matrix) -> None:
    """``Q^-1 u`` of every lane from the inverse factor and the whitened residuals."""
    for j in range(n):
        for lane in range(LANES):
            solved[j, lane] = 0.0
        for i in range(j, n):
            p = i * (i + 1) // 2 + j
            for lane in range(LANES):
                solved[j, lane] = fma(inverse[p, lane], white[i, lane], solved[j, lane])


@njit(cache=True, nogil=True, error_model="numpy")
def _derivatives(inverse: Matrix, solved: Matrix, scaled: Matrix, state: Cube, out: Matrix) -> None:
    """Derivatives of log-determinant and form in a and b, rows 2 to 5 of ``out``, every lane."""
    n = solved.shape[0]
    q, by_a, by_b = state[0], state[1], state[2]
    entry = np.empty(LANES)
    out[2:6, :] = 0.0
    for i in range(n):
        for j in range(i + 1):
            p = i * (i + 1) // 2 + j
            for lane in range(LANES):
                entry[lane] = 0.0
            for k in range(i, n):
                row = k * (k + 1) // 2
                for lane in range(LANES):
                    entry[lane] = fma(inverse[row + i, lane], inverse[row + j, lane], entry[lane])
            times = 1.0 if i == j else 2.0
            for lane in range(LANES):
                product = solved[i, lane] * solved[j, lane]
                out[2, lane] += times * entry[lane] * by_a[p, lane]
                out[3, lane] -= times * product * by_a[p, lane]
                out[4, lane] += times * entry[lane] * by_b[p, lane]
                out[5, lane] -= times * product * by_b[p, lane]
        p = i * (i + 1) // 2 + i
        for lane in range(LANES):
            own = 1.0 / q[p, lane]
            weight = solved[i, lane] * scaled[i, lane] * own
            out[2, lane] -= own * by_a[p, lane]
            out[3, lane] += weight * by_a[p, lane]
            out[4, lane] -= own * by_b[p, lane]
            out[5, lane] += weight * by_b[p, lane]


@njit(cache=True, nogil=True, error_model="numpy")
def _gather(residuals: Matrix, stretch: int, step: int, shocks: Matrix) -> None:
    """Residuals of row ``step`` of every stretch, zero beyond the sample."""
    rows, n = residuals.shape
    for lane in range(LANES):
        t = lane * stretch + step
        inside = step < stretch and t < rows
        for i in range(n):
            shocks[i, lane] = residuals[t, i] if inside else 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def _scale_residuals(shocks: Matrix, q: Matrix, scaled: Matrix, out: Matrix) -> None:
    """``u = sqrt(diag Q) z``; the log-determinant of Q in ``out`` becomes that of R."""
    for i in range(shocks.shape[0]):
        p = i * (i + 1) // 2 + i
        for lane in range(LANES):
            scaled[i, lane] = np.sqrt(q[p, lane]) * shocks[i, lane]
            out[6, lane] += log(q[p, lane])


@njit(cache=True, nogil=True, error_model="numpy")
def dcc_terms(
    residuals: Matrix, target: Matrix, a: float, b: float, slopes: bool, terms: Matrix
) -> bool:
    """Write what the densities of a DCC need of each row; False where a Q is not definite.

    Parameters
    ----------
    residuals : ndarray, shape (T, N)
        Standardised residuals.
    target : ndarray, shape (N, N)
        Qbar, positive definite.
    a, b : float
        ``a >= 0``, ``b >= 0``, ``a + b <= 1``.
    slopes : bool
        Whether the derivatives are wanted; else their columns are left as they are.
    terms : ndarray, shape (T, 6)
        Result: ``log det R``, ``z' R^-1 z``, then their derivatives in a and in b, in the order
        :data:`LOG_DETERMINANT_A`, :data:`FORM_A`, :data:`LOG_DETERMINANT_B`, :data:`FORM_B`.
    """
    rows, n = residuals.shape
    size, stretch = n * (n + 1) // 2, -(-rows // LANES)
    mean = np.empty(size)
    state = np.zeros((3, size, LANES))
    for i in range(n):
        for j in range(i + 1):
            mean[i * (i + 1) // 2 + j] = target[i, j]
            state[0, i * (i + 1) // 2 + j, :] = target[i, j]
    _walk_to_starts(residuals, target, a, b, stretch, slopes, state)
    low, shocks, scaled = np.empty((size, LANES)), np.empty((n, LANES)), np.empty((n, LANES))
    white, solved, out = np.empty((n, LANES)), np.empty((n, LANES)), np.empty((7, LANES))
    for step in range(stretch):
        if step > 0:
            _step(shocks, mean, a, b, slopes, state)
        _gather(residuals, stretch, step, shocks)
        out[6, :] = 0.0
        _scale_residuals(shocks, state[0], scaled, out)
        _factorise(state[0], n, low)
        _whiten(low, scaled, n, white, out[:2])
        if slopes:
            _invert_factor(low, n)
            _unwhiten(low, white, n, solved)
            _derivatives(low, solved, scaled, state, out)
        for lane in range(LANES):
            t = lane * stretch + step
            if t < rows:
                terms[t, 0] = out[0, lane] - out[6, lane]
                for c in range(1, TERMS if slopes else 2):
                    terms[t, c] = out[c, lane]
                if not np.isfinite(terms[t, 0] + terms[t, 1]):
                    return False
    return True
