"""The correlation matrix nearest to a symmetric one.

    minimise ||X - A||_F  subject to  diag(X) = 1,  X - floor I positive semi-definite

(the problem of Higham, 2002). Its dual has one variable a column and is solved by Newton's method
with conjugate gradients (Qi and Sun, 2006), in a handful of eigendecompositions where alternating
projections need hundreds.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

DEFAULT_FLOOR = 1e-8
_ITERATIONS, _TOLERANCE = 200, 1e-10
_CONJUGATE_STEPS, _HALVINGS = 200, 30


def floored_correlation(matrix: Matrix, *, floor: float = DEFAULT_FLOOR) -> Matrix:
    """Return ``matrix`` (N, N), symmetric with unit diagonal, or the nearest one that is allowed.

    A matrix whose eigenvalues reach the floor comes back as it is.
    """
    least = float(np.linalg.eigvalsh(matrix)[0])
    if least >= floor and bool(np.all(np.diag(matrix) == 1.0)):
        return matrix.copy()
    return nearest_correlation_matrix(matrix, floor=floor)


def nearest_correlation_matrix(matrix: Matrix, *, floor: float = DEFAULT_FLOOR) -> Matrix:
    """Return the nearest correlation matrix whose eigenvalues are at least ``floor``.

    Parameters
    ----------
    matrix : ndarray, shape (N, N)
        Symmetric and finite.
    floor : float
        In [0, 1).

    Examples
    --------
    >>> broken = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]])
    >>> nearest_correlation_matrix(broken, floor=0.0).round(4).tolist()[0]
    [1.0, 0.7607, 0.1573]
    """
    shifted = matrix - floor * np.eye(matrix.shape[0])
    wanted = np.full(matrix.shape[0], 1.0 - floor)
    dual = wanted - np.diag(shifted)
    values, vectors = np.linalg.eigh(shifted + np.diag(dual))
    objective, residual = _dual(values, vectors, dual, wanted)
    for _ in range(_ITERATIONS):
        size = float(np.linalg.norm(residual))
        if size <= _TOLERANCE * np.sqrt(wanted.size):
            break
        direction = _newton_direction(values, vectors, residual)
        length, slope = 1.0, float(residual @ direction)
        for _ in range(_HALVINGS):
            trial = dual + length * direction
            values_trial, vectors_trial = np.linalg.eigh(shifted + np.diag(trial))
            found, residual_trial = _dual(values_trial, vectors_trial, trial, wanted)
            if found <= objective - 1e-4 * length * slope + 1e-13 * abs(objective):
                break
            length *= 0.5
        stalled = float(np.linalg.norm(residual_trial)) >= size and found >= objective
        dual, values, vectors = trial, values_trial, vectors_trial
        objective, residual = found, residual_trial
        if stalled:
            break
    return _with_unit_diagonal(values, vectors, floor)


def _dual(values: Vector, vectors: Matrix, dual: Vector, wanted: Vector) -> tuple[float, Vector]:
    """Objective of the dual, and what is missing on the diagonal (its falling gradient)."""
    positive = np.maximum(values, 0.0)
    diagonal = (vectors * vectors) @ positive
    return 0.5 * float(positive @ positive) - float(wanted @ dual), wanted - diagonal


def _newton_direction(values: Vector, vectors: Matrix, residual: Vector) -> Vector:
    """Solve the generalised Hessian against the residual by conjugate gradients."""
    weights = _divided_differences(values)
    squares = vectors * vectors
    preconditioner = np.maximum(np.einsum("ij,jk,ik->i", squares, weights, squares), 1e-10)
    ridge = 1e-10 * min(1.0, float(np.linalg.norm(residual)))

    def product(direction: Vector) -> Vector:
        inner = weights * (vectors.T @ (direction[:, None] * vectors))
        out: Vector = np.einsum("ij,ij->i", vectors @ inner, vectors) + ridge * direction
        return out

    solution, left = np.zeros(residual.size), residual.copy()
    scaled = left / preconditioner
    direction, old = scaled.copy(), float(left @ scaled)
    enough = min(1e-2, float(np.linalg.norm(residual))) * float(np.linalg.norm(residual))
    for _ in range(_CONJUGATE_STEPS):
        image = product(direction)
        length = old / float(direction @ image)
        solution += length * direction
        left -= length * image
        if float(np.linalg.norm(left)) <= enough:
            break
        scaled = left / preconditioner
        new = float(left @ scaled)
        direction = scaled + (new / old) * direction
        old = new
    return solution


def _divided_differences(values: Vector) -> Matrix:
    """Slopes of ``max(x, 0)`` between all pairs of eigenvalues."""
    positive = np.maximum(values, 0.0)
    gap = np.abs(values)[:, None] + np.abs(values)[None, :]
    mixed = (positive[:, None] + positive[None, :]) / np.where(gap > 0.0, gap, 1.0)
    return np.asarray(mixed, dtype=np.float64)


def _with_unit_diagonal(values: Vector, vectors: Matrix, floor: float) -> Matrix:
    """Projection at the dual's solution, scaled to ones where rounding left the diagonal."""
    projected = (vectors * np.maximum(values, 0.0)) @ vectors.T
    scale = np.sqrt(np.diag(projected) / (1.0 - floor))
    out = projected / np.outer(scale, scale)
    out = 0.5 * (out + out.T)
    np.fill_diagonal(out, 1.0)
    return np.asarray(out, dtype=np.float64)
