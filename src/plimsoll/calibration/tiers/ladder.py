"""A ladder: caps and maintenance rates, marginal or for the whole position."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.calibration.problem import Structure
from plimsoll.calibration.tier_fit import FittedTier, initial_floor, with_initial
from plimsoll.calibration.tiers.sizes import SizeDistribution
from plimsoll.domain.tiers import TierTable
from plimsoll.errors import ParameterError
from plimsoll.maths.progressive_brackets import progressive_charge

FloatArray = NDArray[np.float64]


class RateKind(StrEnum):
    """What a tier's rate holds for."""

    MARGINAL = "marginal"
    WHOLE = "whole"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """Maintenance margin by size.

    Parameters
    ----------
    caps_usd, rates : tuple of Decimal
        Rising.
    kind : RateKind
        Marginal: ``MM(N) = N m_i - D_i``, continuous; whole: ``N m_i``.

    Raises
    ------
    ParameterError
    """

    caps_usd: tuple[Decimal, ...]
    rates: tuple[Decimal, ...]
    kind: RateKind = RateKind.MARGINAL

    def __post_init__(self) -> None:
        if not self.caps_usd or len(self.caps_usd) != len(self.rates):
            raise ParameterError(
                "must have one rate for each cap",
                found=(len(self.caps_usd), len(self.rates)),
                field="rates",
            )
        for name, values in (("caps_usd", self.caps_usd), ("rates", self.rates)):
            falls = any(b < a for a, b in pairwise(values))
            if values[0] <= 0 or falls:
                raise ParameterError("must be positive and rise", found=values, field=name)

    @property
    def caps(self) -> FloatArray:
        """(T,) caps as numbers."""
        return np.array([float(cap) for cap in self.caps_usd])

    def maintenance_usd(self, notional_usd: ArrayLike) -> FloatArray:
        """MM of sizes; NaN above the last cap, where nothing may be held."""
        size = np.asarray(notional_usd, dtype=np.float64)
        rates = [float(rate) for rate in self.rates]
        caps = self.caps
        if self.kind is RateKind.WHOLE:
            tier = np.minimum(np.searchsorted(caps, size), caps.size - 1)
            held = size * np.array(rates)[tier]
        else:
            held = progressive_charge(size, caps.tolist(), rates)
        return np.asarray(np.where(size > caps[-1], np.nan, held))

    def rate_at(self, notional_usd: ArrayLike) -> FloatArray:
        """MM(N) / N of positive sizes."""
        size = np.asarray(notional_usd, dtype=np.float64)
        return np.asarray(self.maintenance_usd(size) / size)

    def mean(self, sizes: SizeDistribution) -> float:
        """Mean of MM(N) / N over positions."""
        return float(sizes.weight @ self.rate_at(sizes.notional_usd))

    def with_initial(self, reaction_risk: float, structure: Structure) -> tuple[FittedTier, ...]:
        """Complete with initial rates and leverages of the venue's grid (`tier_fit`).

        Parameters
        ----------
        reaction_risk : float
            Quantile over the user's reaction time, share of notional.
        """
        return tuple(
            with_initial(rate, initial_floor(rate, reaction_risk), reaction_risk, cap, structure)
            for cap, rate in zip(self.caps_usd, self.rates, strict=True)
        )

    @classmethod
    def of_table(cls, table: TierTable, kind: RateKind = RateKind.MARGINAL) -> Ladder:
        """Maintenance of a published table, whose last tier must have an end.

        Raises
        ------
        ParameterError
        """
        caps = [tier.cap_usd for tier in table.tiers if tier.cap_usd is not None]
        return cls(
            caps_usd=tuple(caps),
            rates=tuple(tier.maintenance_rate for tier in table.tiers),
            kind=kind,
        )
