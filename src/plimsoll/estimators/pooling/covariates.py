"""What is known of a market besides its prices, as a design matrix for pooling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import DataFormatError

FloatArray = NDArray[np.float64]

NUMERIC = ("market_cap_usd", "daily_volume_usd", "age_days")
_LEAST_SPREAD = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MarketCovariates:
    """Class, market capitalisation, traded volume and age of N markets.

    A column that is None, or of one value only, is not used at all; a single missing value (NaN)
    stands at the mean of its column. The design says which columns it used.

    Parameters
    ----------
    market_class : sequence of N str
    market_cap_usd, daily_volume_usd, age_days : (N,) float64 or None
        Above 0; they enter by their logarithm. NaN where unknown.

    Raises
    ------
    DataFormatError
        Columns of unequal length, or a value of 0 or less.
    """

    market_class: Sequence[str]
    market_cap_usd: FloatArray | None = None
    daily_volume_usd: FloatArray | None = None
    age_days: FloatArray | None = None

    def __post_init__(self) -> None:
        for name in NUMERIC:
            column = getattr(self, name)
            if column is None:
                continue
            if np.shape(column) != (len(self.market_class),):
                raise DataFormatError(
                    f"must have one value per market ({len(self.market_class)})",
                    found=np.shape(column),
                    field=name,
                )
            wrong = np.flatnonzero((np.asarray(column) <= 0.0) | np.isinf(column))
            if wrong.size:
                raise DataFormatError(
                    "must be finite and above 0, or NaN where unknown",
                    found=float(column[wrong[0]]),
                    field=name,
                    row=int(wrong[0]),
                )

    def __len__(self) -> int:
        return len(self.market_class)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CovariateDesign:
    """How covariates become numbers: fixed on one set of markets, used on others.

    Parameters
    ----------
    classes : tuple of str
        One indicator column each; none where there is a single class.
    used, absent : tuple of str
        Numeric columns that enter, and those that do not.
    centre, spread : mapping of str to float
        Mean and standard deviation of the logarithm.
    """

    classes: tuple[str, ...]
    used: tuple[str, ...]
    absent: tuple[str, ...]
    centre: dict[str, float] = field(default_factory=dict)
    spread: dict[str, float] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        logs = tuple(f"ln {name}" for name in self.used)
        return ("constant", *(f"class {name}" for name in self.classes), *logs)

    def matrix(self, covariates: MarketCovariates) -> FloatArray:
        """(N, k) numbers; a class never seen has no indicator and so the prior mean of classes."""
        count = len(covariates)
        classes = np.asarray(covariates.market_class)
        columns = [np.ones(count), *((classes == name).astype(float) for name in self.classes)]
        for name in self.used:
            values = getattr(covariates, name)
            logs = np.full(count, np.nan) if values is None else np.log(values)
            scaled = (logs - self.centre[name]) / self.spread[name]
            columns.append(np.where(np.isfinite(scaled), scaled, 0.0))
        return np.column_stack(columns)


def covariate_design(covariates: MarketCovariates) -> CovariateDesign:
    """Choose the columns that vary and fix their centre and spread."""
    names = sorted({str(name) for name in covariates.market_class})
    used, centre, spread = [], {}, {}
    for name in NUMERIC:
        values = getattr(covariates, name)
        logs = np.empty(0) if values is None else np.log(values[np.isfinite(values)])
        if logs.size < 2 or float(np.std(logs)) < _LEAST_SPREAD:
            continue
        used.append(name)
        centre[name], spread[name] = float(np.mean(logs)), float(np.std(logs))
    return CovariateDesign(
        classes=tuple(names) if len(names) > 1 else (),
        used=tuple(used),
        absent=tuple(name for name in NUMERIC if name not in used),
        centre=centre,
        spread=spread,
    )
