"""Value-at-risk, expected shortfall and spectral measures of many accounts, exactly.

Each is a weighted sum of an account's worst losses in order, ``sum of w_i L_(i)`` with ``L_(1)``
the worst: value-at-risk takes one of them, expected shortfall the mean of the worst ``n a`` with
the boundary loss counted in part, a spectral measure the integral of its spectrum over each loss's
share of probability (Acerbi and Tasche, 2002; Acerbi, 2002). The counts are those of
`plimsoll.measures`, so the numbers are too. Nothing is sorted but the few losses that matter:
`plimsoll.maths.tail_losses_kernels`. Scenarios are equally likely here, and nobody is told which
they are: `plimsoll.maths.unit_losses` takes weights too, and tells the scenario of a measure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import ParameterError, UsageError
from plimsoll.maths.account_losses import (
    NUMBA,
    AccountPositions,
    LossKernel,
    LossTable,
    check_rows,
)
from plimsoll.maths.account_losses_kernels import NO_SUCH_ROW
from plimsoll.maths.tail_losses_kernels import tail_of_one

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Codes = NDArray[np.int64]

_SLACK = 1e-10  # as in `plimsoll.measures.tail`: 0.01 x 1,000 is ten losses, not nine


def value_at_risk_weights(scenarios: int, confidence: float) -> Vector:
    """Weights of ordered losses, worst first, that give value-at-risk.

    Examples
    --------
    >>> value_at_risk_weights(5, 0.8).tolist()
    [0.0, 1.0]
    """
    weights = np.zeros(_beyond(scenarios, confidence) + 1)
    weights[-1] = 1.0
    return weights


def expected_shortfall_weights(scenarios: int, confidence: float) -> Vector:
    """Weights of ordered losses, worst first, that give expected shortfall.

    Examples
    --------
    >>> expected_shortfall_weights(5, 0.7).round(12).tolist()
    [0.666666666667, 0.333333333333]
    """
    beyond = _beyond(scenarios, confidence)
    tail = (1.0 - confidence) * scenarios
    rest = max(tail - beyond, 0.0)
    whole = np.ones(beyond + 1)
    whole[-1] = rest if rest > _SLACK * scenarios else 0.0
    weights: Vector = whole / max(tail, beyond)
    return weights if whole[-1] > 0.0 else weights[:-1]


def stacked_weights(rows: Sequence[ArrayLike]) -> Matrix:
    """Put weights of M measures, worst loss first, into one (M, K) matrix padded with zeros.

    Spectral weights of equal scenarios are those of `plimsoll.measures.spectral_weights`, turned
    round. Trailing zeros are cut off: they would make more losses matter than do.

    Raises
    ------
    UsageError
        Where weights are not finite or there are none.
    """
    trimmed = [np.trim_zeros(np.asarray(row, dtype=np.float64), "b") for row in rows]
    count = max((row.size for row in trimmed), default=0)
    if count == 0 or not all(bool(np.all(np.isfinite(row))) for row in trimmed):
        raise UsageError("must be finite, and one of them not zero", found=rows, field="weights")
    return np.array([np.pad(row, (0, count - row.size)) for row in trimmed])


def tail_losses(
    positions: AccountPositions,
    table: LossTable,
    weights: Matrix,
    *,
    kernel: LossKernel = NUMBA,
) -> Matrix:
    """Weighted sums of the ordered losses of every account, scenarios equally likely.

    Parameters
    ----------
    positions : AccountPositions
    table : LossTable
    weights : (M, K) float64
        Of the K worst losses, worst first: `stacked_weights`.
    kernel : LossKernel, optional

    Returns
    -------
    (A, M) float64
        Positive = loss; NaN without usable quantities.

    Raises
    ------
    UsageError
        For more weights than scenarios, and for rows the table does not have.

    Examples
    --------
    >>> positions = AccountPositions(
    ...     offsets=np.array([0, 1]), row=np.array([0]), quantity=np.array([-1.0])
    ... )
    >>> table = LossTable.double([[3.0, 1.0, 2.0, 5.0, 4.0]])
    >>> weights = stacked_weights(
    ...     [value_at_risk_weights(5, 0.8), expected_shortfall_weights(5, 0.7)]
    ... )
    >>> tail_losses(positions, table, weights).round(12).tolist()
    [[4.0, 4.666666666667]]
    """
    _check_weights(weights, table)
    check_rows(positions, table)
    return kernel.tail(positions, table, np.ascontiguousarray(weights))


def tail_loss(row: Codes, quantity: Vector, table: LossTable, weights: Matrix) -> Vector:
    """(M,) measures of one account: `tail_losses` with the least overhead.

    Raises
    ------
    UsageError
        For a row the table does not have, and more weights than scenarios.
    """
    out = np.empty((1, weights.shape[0]))
    if tail_of_one(row, quantity, table.profit, weights, out) == NO_SUCH_ROW:
        raise UsageError(
            f"must lie in 0 to {table.profit.shape[0] - 1}, one per quantity, and have at least "
            f"{weights.shape[1]} scenarios",
            found=row.tolist(),
            field="row",
        )
    found: Vector = out[0]
    return found


def _beyond(scenarios: int, confidence: float) -> int:
    """Number of scenarios whose losses lie strictly beyond value-at-risk."""
    _check_confidence(confidence)
    if scenarios < 1:
        raise UsageError("must be at least one", found=scenarios, field="scenarios")
    return min(math.floor((1.0 - confidence + _SLACK) * scenarios), scenarios - 1)


def _check_confidence(confidence: float) -> None:
    if not 0.0 < confidence < 1.0:
        raise ParameterError(
            "must lie in (0, 1)",
            found=confidence,
            field="confidence",
            remedy="write 99 % as 0.99",
        )


def _check_weights(weights: Matrix, table: LossTable) -> None:
    if weights.ndim != 2 or not 1 <= weights.shape[1] <= table.scenarios:
        raise UsageError(
            f"must be (measures, losses) with 1 to {table.scenarios} losses",
            found=weights.shape,
            field="weights",
            remedy="build them with stacked_weights for the number of scenarios of the table",
        )
