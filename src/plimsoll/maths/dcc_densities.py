"""Log densities of standardised residuals under a DCC path, and their slopes.

With ``L = log det R``, ``d = z' R^-1 z`` and N columns, less the volatilities' own part,

    normal      -(N log 2 pi + L + d) / 2
    Student-t   log c(nu, N) - L / 2 - (nu + N) / 2 log(1 + d / (nu - 2))

where ``c`` is the constant of the unit-variance multivariate t. The t is parametrised by
``eta = 1 / nu``, which is 0 for the normal law.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.special import digamma

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

LOG_2PI = math.log(2.0 * math.pi)


@njit(cache=True, nogil=True, error_model="numpy")
def t_constant(eta: float, dimension: int) -> tuple[float, float]:
    """``log c(nu, N)`` and its derivative in nu."""
    nu = 1.0 / eta
    half = 0.5 * (nu + dimension)
    value = math.lgamma(half) - math.lgamma(0.5 * nu)
    value -= 0.5 * dimension * math.log(math.pi * (nu - 2.0))
    slope = 0.5 * (digamma(half) - digamma(0.5 * nu) - dimension / (nu - 2.0))
    return value, slope


@njit(cache=True, nogil=True, error_model="numpy")
def law_of_form(
    form: float, eta: float, dimension: int, constant: float, constant_slope: float
) -> tuple[float, float, float]:
    """Log density less ``-L / 2``, the weight of the form's slope, and the slope in eta."""
    if eta <= 0.0:
        return -0.5 * (dimension * LOG_2PI + form), 1.0, 0.0
    nu = 1.0 / eta
    logarithm, weight = math.log1p(form / (nu - 2.0)), (nu + dimension) / (nu - 2.0 + form)
    by_nu = constant_slope - 0.5 * logarithm + 0.5 * weight * form / (nu - 2.0)
    return constant - 0.5 * (nu + dimension) * logarithm, weight, -nu * nu * by_nu


@njit(cache=True, nogil=True, error_model="numpy")
def dcc_densities(terms: Matrix, eta: float, dimension: int, slopes: bool, rows: Matrix) -> None:
    """Write log density and its slopes in a, b and eta, shape (T, 4), from the path's terms.

    ``terms`` are those of :func:`plimsoll.maths.dcc_terms.dcc_terms`; without ``slopes`` only the
    first column is written.
    """
    constant, constant_slope = 0.0, 0.0
    if eta > 0.0:
        constant, constant_slope = t_constant(eta, dimension)
    for t in range(terms.shape[0]):
        value, weight, by_eta = law_of_form(terms[t, 1], eta, dimension, constant, constant_slope)
        rows[t, 0] = value - 0.5 * terms[t, 0]
        if slopes:
            rows[t, 1] = -0.5 * (terms[t, 2] + weight * terms[t, 3])
            rows[t, 2] = -0.5 * (terms[t, 4] + weight * terms[t, 5])
            rows[t, 3] = by_eta
