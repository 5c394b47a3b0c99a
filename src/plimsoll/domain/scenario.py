"""Scenarios: named shocks of named factors, with weights."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import UsageError


class FactorKind(StrEnum):
    """What a factor moves, and in which unit its shock is written."""

    PRICE = "price"  # simple return of a price: 0.1 is +10 %
    IMPLIED_VOL_LEVEL = "implied_vol_level"  # log change of the volatility at the money forward
    IMPLIED_VOL_SKEW = "implied_vol_skew"  # change of d sigma / dz, volatility as a fraction
    IMPLIED_VOL_CURVATURE = "implied_vol_curvature"  # change of d2 sigma / dz2, likewise

    @property
    def is_implied_vol(self) -> bool:
        """Whether it moves a volatility surface, and so has a tenor."""
        return self is not FactorKind.PRICE


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """One thing that can move.

    The factors of implied volatility move the smile of one constant maturity, at fixed
    z = ln(K/F) / sqrt(T), log forward-moneyness per root year:

        sigma(z) -> sigma(z) e^level + skew z + curvature z^2 / 2,

    skew and curvature being what they change beyond the level's own share.

    Parameters
    ----------
    kind : FactorKind
    subject : str
        What it belongs to: a market, or a coin whose markets move together.
    tenor_days : float or None
        Constant maturity of a factor of implied volatility, calendar days; None for prices.

    Raises
    ------
    UsageError
        For a price with a tenor, or an implied volatility without a positive one.
    """

    kind: FactorKind = FactorKind.PRICE
    subject: str
    tenor_days: float | None = None

    def __post_init__(self) -> None:
        given = self.tenor_days
        if self.kind.is_implied_vol:
            if given is None or not 0.0 < given < np.inf:
                raise UsageError(
                    f"must be positive for {self.kind.value}", found=given, field="tenor_days"
                )
        elif given is not None:
            raise UsageError("must be None for a price", found=given, field="tenor_days")

    @property
    def label(self) -> str:
        """A phrase for tables and messages."""
        tenor = "" if self.tenor_days is None else f" {self.tenor_days:g} d"
        return f"{self.subject} {self.kind.value}{tenor}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScenarioSet:
    """S scenarios of F factors.

    Parameters
    ----------
    names : tuple of S str
    factors : tuple of F Factor
    shocks : (S, F) float64
        In the unit of the factor's kind.
    weights : (S,) float64
        Non-negative; sum to one within 1e-9. How they enter is the margin model's affair.

    Raises
    ------
    UsageError
        For shapes that do not fit, repeated names or factors, shocks that are not finite, price
        returns of -1 or less, and weights that are no distribution.
    """

    names: tuple[str, ...]
    factors: tuple[Factor, ...]
    shocks: NDArray[np.float64]
    weights: NDArray[np.float64]

    def __post_init__(self) -> None:
        _check_labels("names", self.names)
        _check_labels("factors", self.factors)
        if self.shocks.shape != (len(self.names), len(self.factors)):
            raise UsageError(
                f"must have the shape (scenarios, factors) = "
                f"{(len(self.names), len(self.factors))}",
                found=self.shocks.shape,
                field="shocks",
            )
        _check_shocks(self.factors, self.shocks)
        _check_weights(self.weights, len(self.names))
        self.shocks.setflags(write=False)
        self.weights.setflags(write=False)

    def __len__(self) -> int:
        return len(self.names)

    def column(self, factor: Factor) -> int:
        """Return the column of ``factor``; a factor without shocks is never taken as unmoved."""
        try:
            return self.factors.index(factor)
        except ValueError:
            raise UsageError(
                "must be one of the scenario set's factors",
                found=factor.label,
                field="factor",
                remedy="add its shocks, zeros if it shall not move",
            ) from None


def equal_weights(count: int) -> NDArray[np.float64]:
    """Return ``count`` weights of ``1 / count``."""
    return np.full(count, 1.0 / count)


def _check_labels(name: str, labels: tuple[object, ...]) -> None:
    if not labels or len(set(labels)) != len(labels):
        raise UsageError("must be at least one, each once", found=labels, field=name)


def _check_shocks(factors: tuple[Factor, ...], shocks: NDArray[np.float64]) -> None:
    if not bool(np.all(np.isfinite(shocks))):
        raise UsageError("must be finite", found="NaN or infinity", field="shocks")
    prices = [row for row, factor in enumerate(factors) if factor.kind is FactorKind.PRICE]
    if bool(np.any(shocks[:, prices] <= -1.0)):
        raise UsageError(
            "price shocks must be simple returns above -1",
            found=float(shocks[:, prices].min()),
            field="shocks",
        )


def _check_weights(weights: NDArray[np.float64], count: int) -> None:
    good = weights.shape == (count,) and bool(np.all(weights >= 0.0))
    if not good or abs(float(weights.sum()) - 1.0) > 1e-9:
        raise UsageError(
            f"must be {count} non-negative numbers that sum to 1",
            found=f"shape {weights.shape}, sum {float(np.sum(weights))}",
            field="weights",
        )
