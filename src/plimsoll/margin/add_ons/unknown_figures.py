"""Market figures that quotes may lack: a stated default stands in, or the market has a reason."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import ParameterError

FloatArray = NDArray[np.float64]


def check_default(value: Decimal | None, field: str) -> None:
    """Refuse a default that is no figure: unknown liquidity is never taken for none or plenty.

    Raises
    ------
    ParameterError
    """
    if value is not None and not (value.is_finite() and value >= 0):
        raise ParameterError("must be finite and not negative", found=str(value), field=field)


def with_default(quoted: FloatArray, default: Decimal | None) -> FloatArray:
    """(N,) figures with the stated default where one is not a number or negative.

    >>> with_default(np.array([5.0, np.nan]), Decimal(2)).tolist()
    [5.0, 2.0]
    >>> with_default(np.array([5.0, np.nan]), None).tolist()
    [5.0, nan]
    """
    known = np.isfinite(quoted) & (quoted >= 0.0)
    return np.where(known, quoted, np.nan if default is None else float(default))
