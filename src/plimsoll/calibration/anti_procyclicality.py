"""The three tools of EMIR RTS 153/2013, Article 28, on margin paths.

Each maps a path of margins to a path, day t from the values of days up to t only. Margins are
positive shares of notional on a regular grid, (T,) or (T, N); NaN is a day without a number: it
stays NaN, and a median skips it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.domain.anti_procyclicality import AntiProcyclicality
from plimsoll.errors import ParameterError, UsageError
from plimsoll.maths.trailing_median import trailing_median_of_row

Path = NDArray[np.float64]

REFERENCE_DAYS = 250


def with_tools(
    margin: ArrayLike,
    tools: AntiProcyclicality,
    *,
    stressed: ArrayLike | None = None,
    long_margin: ArrayLike | None = None,
    reference_rows: int = REFERENCE_DAYS,
) -> Path:
    """Apply the tools in force: stress weight, then buffer, then long floor.

    The floor comes last so that the result is never under it; the buffer sits on the margin that
    the stress weight has already moved. With all tools off the path comes back unchanged.

    Parameters
    ----------
    margin : (T,) or (T, N) array_like
    tools : AntiProcyclicality
    stressed, long_margin : array_like, optional
        Broadcast against ``margin``; needed by the stress weight and the long floor.
    reference_rows : int
        Rows of the buffer's median: 250 days times the rows a day.

    Raises
    ------
    UsageError
        Where a tool is on and its path is missing, or a margin is not positive.
    """
    path = _positive(margin, "margin")
    if tools.stress_weight:
        path = stress_weighted(path, _needed(stressed, "stressed"), tools.stress_weight)
    if tools.buffer:
        path = buffered(path, tools.buffer, reference_rows=reference_rows)
    if tools.long_floor:
        path = floored(path, _needed(long_margin, "long_margin"))
    return path


def buffered(
    margin: ArrayLike, buffer: float = 0.25, *, reference_rows: int = REFERENCE_DAYS
) -> Path:
    """Margin with a buffer that is used up when the model's margin rises (Art. 28(1)(a)).

    ``min((1 + b) m, max(m, (1 + b) median of m over the last reference_rows rows))``, today's
    included. In calm the margin is (1 + b) m or (1 + b) times its slow median; when m climbs above
    that, the buffer is consumed and the margin follows m: never under m, never over (1 + b) m.

    Parameters
    ----------
    margin : (T,) or (T, N) array_like
    buffer : float
        b >= 0; 0 changes nothing.
    reference_rows : int
        At the start the median is that of the rows there are.

    Examples
    --------
    >>> buffered([0.10, 0.10, 0.10, 0.20], reference_rows=3)
    array([0.125, 0.125, 0.125, 0.2  ])
    """
    if not buffer >= 0.0:
        raise ParameterError("must not be negative", found=buffer, field="buffer")
    if reference_rows < 1:
        raise ParameterError("must be at least 1", found=reference_rows, field="reference_rows")
    path = _positive(margin, "margin")
    reference = trailing_median(path, reference_rows)
    out: Path = np.minimum((1.0 + buffer) * path, np.maximum(path, (1.0 + buffer) * reference))
    return out


def stress_weighted(margin: ArrayLike, stressed: ArrayLike, weight: float = 0.25) -> Path:
    """``(1 - w) m + w m_stress`` (Art. 28(1)(b)): stressed observations keep a weight.

    Examples
    --------
    >>> stress_weighted([0.08], [0.20], 0.25)
    array([0.11])
    """
    if not 0.0 <= weight <= 1.0:
        raise ParameterError("must lie in [0, 1]", found=weight, field="weight")
    path, stress = _positive(margin, "margin"), _positive(stressed, "stressed")
    out: Path = (1.0 - weight) * path + weight * stress if weight else path
    return out


def floored(margin: ArrayLike, long_margin: ArrayLike) -> Path:
    """``max(m, m_long)`` (Art. 28(1)(c)): not below the margin of up to ten years of history.

    A day on which either has no number has none.
    """
    out: Path = np.maximum(_positive(margin, "margin"), _positive(long_margin, "long_margin"))
    return out


def trailing_median(path: ArrayLike, rows: int) -> Path:
    """Median of the last ``rows`` rows, the row itself included; NaN rows are skipped.

    A row that has no number itself has no median.

    Examples
    --------
    >>> trailing_median([1.0, 3.0, 2.0, 9.0], 3)
    array([1., 2., 2., 3.])
    """
    values = np.asarray(path, dtype=np.float64)
    columns = np.array(values.T if values.ndim == 2 else values[None, :], order="C")
    out = np.empty(columns.shape)
    for column, medians in zip(columns, out, strict=True):
        trailing_median_of_row(column, rows, medians)
    return out.T if values.ndim == 2 else out[0]


def _positive(values: ArrayLike, field: str) -> Path:
    path = np.asarray(values, dtype=np.float64)
    wrong = (path <= 0.0) | np.isinf(path)
    if wrong.any():
        raise UsageError(
            "must be positive and finite, or NaN for no number",
            found=float(path[wrong][0]),
            field=field,
            row=int(np.argwhere(wrong)[0][0]) if path.ndim else None,
        )
    return path


def _needed(path: ArrayLike | None, field: str) -> ArrayLike:
    if path is None:
        raise UsageError(
            "must be given when its tool is on", field=field, remedy="or switch the tool off"
        )
    return path
