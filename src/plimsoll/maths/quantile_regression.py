"""Linear quantile regression, exact, with standard errors by the block bootstrap.

    b = argmin  sum_i w_i rho(y_i - x_i'b),   rho(u) = u (q - 1{u < 0})

(Koenker and Bassett, Econometrica 46, 1978.) Solved as the dual linear programme

    max  y'd   subject to   X'd = (1 - q) X'w,   0 <= d <= w

by HiGHS; the coefficients are the multipliers of the equalities. Standard errors come from
circular blocks of *groups*: rows of one group (all tenors of one day, say) are drawn together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from plimsoll.errors import DataFormatError, EstimationError, ParameterError
from plimsoll.maths.block_resampling import block_counts

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
IntVector = NDArray[np.int64]

_USABLE_SHARE = 0.9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class QuantileFit:
    """Coefficients of a quantile regression, with their uncertainty.

    Parameters
    ----------
    quantile : float
    coefficients, standard_errors : (p,) float64
    covariance : (p, p) float64
        Of the bootstrap replicates; the standard errors are its diagonal's roots.
    replicates : (R, p) float64
        Coefficients of the usable resamples, for functions of several coefficients.
    rows, groups : int
        Rows fitted, and independent-ish groups they came from.
    """

    quantile: float
    coefficients: Vector
    standard_errors: Vector
    covariance: Matrix
    replicates: Matrix
    rows: int
    groups: int


def quantile_regression(
    design: Matrix, response: Vector, quantile: float, weights: Vector | None = None
) -> Vector:
    """Return the (p,) coefficients of the ``quantile`` of ``response`` given ``design``.

    Where the minimiser is not unique (a face of the programme) one of its vertices is returned.

    Parameters
    ----------
    design : (n, p) float64
        Include a column of ones for an intercept.
    response : (n,) float64
    quantile : float
        In (0, 1).
    weights : (n,) float64, optional
        Non-negative; rows of weight zero count for nothing.

    Raises
    ------
    ParameterError
        A quantile outside (0, 1).
    DataFormatError
        Shapes that do not fit, or entries that are not finite.
    EstimationError
        Linearly dependent columns, or a linear programme that was not solved.

    Examples
    --------
    >>> quantile_regression(np.ones((5, 1)), np.array([3.0, 1.0, 9.0, 4.0, 2.0]), 0.5)
    array([3.])
    """
    if not 0.0 < quantile < 1.0:
        raise ParameterError("must lie in (0, 1)", found=quantile, field="quantile")
    weights = np.ones(response.size) if weights is None else weights
    _check(design, response, weights)
    kept = weights > 0.0
    x, y, w = design[kept], response[kept], weights[kept]
    if np.linalg.matrix_rank(x) < x.shape[1]:
        raise EstimationError(
            "columns of the design must be linearly independent",
            found=f"rank {np.linalg.matrix_rank(x)} of {x.shape[1]}",
            remedy="leave a column out, or add rows in which it varies",
            field="design",
        )
    # The stubs know no array of bounds.
    solved = linprog(  # type: ignore[call-overload]
        -y,
        A_eq=x.T,
        b_eq=(1.0 - quantile) * (w @ x),
        bounds=np.column_stack((np.zeros(w.size), w)),
        method="highs-ds",
    )
    if solved.status != 0:
        raise EstimationError("the linear programme must be solved", found=str(solved.message))
    coefficients: Vector = -np.asarray(solved.eqlin.marginals, dtype=np.float64)
    return coefficients


def bootstrapped_quantile_regression(
    design: Matrix,
    response: Vector,
    quantile: float,
    *,
    groups: IntVector,
    block_length: int,
    replicates: int = 200,
    seed: int,
) -> QuantileFit:
    """Quantile regression with block-bootstrap standard errors.

    Parameters
    ----------
    design, response, quantile
        As for `quantile_regression`.
    groups : (n,) int64
        Group of each row, 0 .. G - 1 in time order; rows of a group are drawn together.
    block_length : int
        Consecutive groups in a block.
    replicates, seed : int

    Raises
    ------
    ParameterError, DataFormatError, EstimationError
        As `quantile_regression`; also where more than a tenth of the resamples cannot be fitted.
    """
    coefficients = quantile_regression(design, response, quantile)
    counts = block_counts(
        int(groups.max()) + 1, block_length=block_length, replicates=replicates, seed=seed
    )
    drawn = [_refit(design, response, quantile, c[groups].astype(np.float64)) for c in counts]
    usable = np.array([c for c in drawn if c is not None])
    if usable.shape[0] < _USABLE_SHARE * replicates:
        raise EstimationError(
            "nine in ten resamples must be fitted",
            found=f"{usable.shape[0]} of {replicates}",
            remedy="use a longer history or fewer columns",
        )
    covariance = np.atleast_2d(np.cov(usable, rowvar=False))
    return QuantileFit(
        quantile=quantile,
        coefficients=coefficients,
        standard_errors=np.sqrt(np.diag(covariance)),
        covariance=covariance,
        replicates=usable,
        rows=response.size,
        groups=int(groups.max()) + 1,
    )


def _refit(design: Matrix, response: Vector, quantile: float, weights: Vector) -> Vector | None:
    """Coefficients of a resample, or None where its columns became dependent."""
    try:
        return quantile_regression(design, response, quantile, weights)
    except EstimationError:
        return None


def _check(design: Matrix, response: Vector, weights: Vector) -> None:
    rows = response.size
    if design.ndim != 2 or design.shape[0] != rows or response.shape != (rows,):
        raise DataFormatError(
            "must be (n, p) beside n responses",
            found=f"{design.shape} beside {response.shape}",
            field="design",
        )
    if weights.shape != (rows,) or not bool(np.all(weights >= 0.0)):
        raise DataFormatError(
            f"must be {rows} non-negative numbers", found=weights.shape, field="weights"
        )
    for name, array in (("design", design), ("response", response), ("weights", weights)):
        if not bool(np.all(np.isfinite(array))):
            raise DataFormatError("must be finite", found="NaN or infinity", field=name)
