"""How measures of fit are printed: to the worse side, as the checks print them.

A share never reaches its bound by rounding, nor does an error fall to it, and one number reads the
same in the verdict, in every table and beside the verdict. Documents carry it unrounded.
"""

from __future__ import annotations

import math

SHARE_DIGITS = 1
"""Of a share in per cent."""
TICK_DIGITS = 2
"""Of the share within one tick, whose bound has a digit more."""
ERROR_DIGITS = 3
"""Of errors in half spreads and volatility points."""
_SLACK = 1e-9


def share_down(share: float, digits: int = SHARE_DIGITS) -> float:
    """Return a share rounded down to ``digits`` decimals of a per cent.

    >>> share_down(0.99567), share_down(0.99567, 2)
    (0.995, 0.9956)
    """
    if not math.isfinite(share):
        return share
    scale = float(10**digits)
    return math.floor(100.0 * share * scale + _SLACK) / (100.0 * scale)


def error_up(error: float) -> float:
    """Return an error rounded up to the digits printed.

    >>> error_up(0.2621)
    0.263
    """
    if not math.isfinite(error):
        return error
    scale = float(10**ERROR_DIGITS)
    return math.ceil(error * scale - _SLACK) / scale


def percent_text(share: float, digits: int = SHARE_DIGITS) -> str:
    """Return a share in per cent, an en dash where it is none."""
    return "–" if math.isnan(share) else f"{100.0 * share_down(share, digits):.{digits}f}"


def error_text(error: float) -> str:
    """Return an error, an en dash where it is none."""
    return "–" if math.isnan(error) else f"{error_up(error):.{ERROR_DIGITS}f}"
