"""Multipliers of the level as parameters of a set."""

from __future__ import annotations

import math
from decimal import Decimal

from plimsoll.calibration.add_ons.outage_levels import LARGEST, published_multiplier
from plimsoll.domain.parameters import Origin, Parameter, Unit


def multiplier_parameter(
    key: tuple[str, str], ratio: float, error: float, step: Decimal, owner: str
) -> Parameter:
    """Return a multiplier rounded up to its grid, at least 1, at most `LARGEST`.

    Parameters
    ----------
    key : (str, str)
        Market and name of the parameter.
    error : float
        Standard error; NaN where there is none.
    """
    market, name = key
    value = published_multiplier(ratio, step)
    return Parameter(
        market=market,
        name=name,
        value=value,
        unit=Unit.FRACTION,
        lower=Decimal(1),
        upper=LARGEST,
        grid=step,
        standard_error=Decimal(f"{error:.6f}") if math.isfinite(error) else None,
        owner=owner,
        origin=Origin.BOUND if value == LARGEST else Origin.CALIBRATED,
    )
