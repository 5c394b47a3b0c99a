"""The two likelihoods of a DCC's second step, as functions of its parameters."""

from __future__ import annotations

import numpy as np

from plimsoll.estimators.dependence.observed_columns import Matrix, Vector
from plimsoll.maths.dcc_densities import dcc_densities
from plimsoll.maths.dcc_optimiser import Densities
from plimsoll.maths.dcc_pairs import dcc_pair_densities
from plimsoll.maths.dcc_terms import TERMS, dcc_terms


def full_densities(residuals: Matrix, target: Matrix) -> Densities:
    """Joint density of all columns in each row."""
    rows, n = residuals.shape
    terms, out = np.empty((rows, TERMS)), np.zeros((rows, 4))

    def densities(theta: Vector, slopes: bool) -> Matrix | None:
        eta = float(theta[2]) if theta.size > 2 else 0.0
        if not dcc_terms(residuals, target, float(theta[0]), float(theta[1]), slopes, terms):
            return None
        dcc_densities(terms, eta, n, slopes, out)
        return out

    return densities


def composite_densities(residuals: Matrix, target: Matrix) -> Densities:
    """Sum of the densities of neighbouring columns, closed to a ring, in each row.

    Every column is in two pairs, so none weighs more than another.
    """
    n = residuals.shape[1]
    columns = np.ascontiguousarray(residuals.T)
    first = np.arange(n if n > 2 else 1, dtype=np.int64)
    pairs = np.ascontiguousarray(np.column_stack([first, (first + 1) % n]))
    out = np.zeros((residuals.shape[0], 4))

    def densities(theta: Vector, slopes: bool) -> Matrix | None:
        eta = float(theta[2]) if theta.size > 2 else 0.0
        a, b = float(theta[0]), float(theta[1])
        found = dcc_pair_densities(columns, target, pairs, a, b, eta, slopes, out)
        return out if found else None

    return densities
