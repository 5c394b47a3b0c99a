"""Governed parameters of the Greeks margin, per underlying, and correlations between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.parameters import ParameterSet, Unit
from plimsoll.errors import ParameterError, UsageError
from plimsoll.margin.governed import check_bounds, from_set, governed

FloatArray = NDArray[np.float64]

_NEGATIVE = 1e-10


@dataclass(frozen=True, slots=True, kw_only=True)
class GreeksParameters:
    """Ranges of one underlying; volatility ranges are relative, at 30 days to expiry.

    Raises
    ------
    ParameterError
    """

    price_range: Decimal = governed(
        Unit.FRACTION, "0.01", "0.9", grid="0.001", default="0.15", about="largest move of spot"
    )
    vol_range_up: Decimal = governed(
        Unit.FRACTION, "0", "3", grid="0.01", default="0.5", about="relative rise of volatility"
    )
    vol_range_down: Decimal = governed(
        Unit.FRACTION, "0", "1", grid="0.01", default="0.25", about="relative fall of volatility"
    )
    short_power: Decimal = governed(
        Unit.FRACTION, "0", "1", grid="0.01", default="0.3", about="of 30 / days, up to 30 days"
    )
    long_power: Decimal = governed(
        Unit.FRACTION, "0", "1", grid="0.01", default="0.13", about="of 30 / days, beyond 30 days"
    )
    horizon_hours: Decimal = governed(
        Unit.HOURS, "0", "168", grid="0.1", default="0", about="time whose decay counts"
    )
    maintenance_factor: Decimal = governed(
        Unit.FRACTION,
        "0.1",
        "1",
        grid="0.01",
        default="0.8",
        about="maintenance over initial margin; a unit takes the largest of its underlyings",
    )
    standalone_floor: Decimal = governed(
        Unit.FRACTION,
        "0",
        "1",
        grid="0.01",
        default="0.2",
        about="least initial margin as a share of the sum of the positions' stand-alone margins: "
        "at 0.2 no offset takes more than 80 % of it (from EMIR RTS 153/2013, Article 27(4))",
    )

    def __post_init__(self) -> None:
        check_bounds(self, "greeks")

    def vol_scale(self, days: FloatArray) -> FloatArray:
        """(N,) what a relative move of volatility at 30 days is ``days`` from expiry."""
        power = np.where(days <= 30.0, float(self.short_power), float(self.long_power))
        out: FloatArray = (30.0 / np.maximum(days, 1.0)) ** power
        return out


def greeks_parameters(
    given: ParameterSet | Mapping[str, GreeksParameters],
) -> dict[str, GreeksParameters]:
    """Return the parameters of every underlying.

    Raises
    ------
    UsageError
        For none at all, and for a set that lacks a field of an underlying.
    """
    if isinstance(given, ParameterSet):
        found = {unit: from_set(GreeksParameters, given, unit) for unit in given.markets}
    else:
        found = dict(given)
    if not found:
        raise UsageError("must name at least one underlying", found="none", field="parameters")
    return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Correlations:
    """Correlations of the moves of J underlyings.

    Parameters
    ----------
    underlyings : tuple of J str
    matrix : (J, J) float64

    Raises
    ------
    ParameterError
        For a matrix that is no correlation matrix.
    """

    underlyings: tuple[str, ...]
    matrix: FloatArray

    def __post_init__(self) -> None:
        count, matrix = len(self.underlyings), self.matrix
        good = (
            len(set(self.underlyings)) == count
            and matrix.shape == (count, count)
            and bool(np.all(np.abs(matrix) <= 1.0))
            and bool(np.all(np.diag(matrix) == 1.0))
            and bool(np.all(matrix == matrix.T))
        )
        if not good or float(np.linalg.eigvalsh(matrix).min(initial=0.0)) < -_NEGATIVE * count:
            raise ParameterError(
                "must be symmetric, with ones on the diagonal and no negative eigenvalue",
                found=matrix.tolist(),
                field="correlations",
            )
        matrix.setflags(write=False)

    def of(self, underlyings: tuple[str, ...]) -> FloatArray:
        """(K, K) correlations of those underlyings, in their order.

        Raises
        ------
        UsageError
            For one that is not among them: no correlation is ever assumed.
        """
        missing = sorted(set(underlyings) - set(self.underlyings))
        if missing:
            raise UsageError(
                "must have correlations", found=missing, field="correlations", remedy="add them"
            )
        rows = np.array([self.underlyings.index(u) for u in underlyings], dtype=np.int64)
        out: FloatArray = np.array(self.matrix[np.ix_(rows, rows)])
        return out
