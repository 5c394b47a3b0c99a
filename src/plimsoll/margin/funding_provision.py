"""Funding provision: what a position will owe in funding over a horizon, asked in advance.

    charge = N max(0, side x clip(r, -cap, cap)) x payments

``N`` the notional at the mark (an inverse contract's is in coin, priced), ``side`` 1 for longs and
-1 for shorts, ``r`` the quoted next payment of a long, as a fraction of notional, ``payments`` the
horizon over the interval of one payment. Who receives gets no credit, not even against what he
pays elsewhere: rates turn. Paradex provides for eight hours ("Portfolio Margin").
An add-on as those of `plimsoll.margin.add_ons`. Page: ``docs/models/account-modes.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.choice import chosen
from plimsoll.domain.instrument import Perpetual
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.parameters import ParameterSet, Unit
from plimsoll.domain.requirement import Requirements
from plimsoll.errors import ParameterError
from plimsoll.margin.add_ons.exposed import Charge, Charged, ExposedBook, charge_of
from plimsoll.margin.add_ons.markets import AddOnMarkets, unit_column
from plimsoll.margin.governed import check_bounds, governed
from plimsoll.margin.underlying import parameters_by_unit

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


class PaymentCount(StrEnum):
    """How many payments fall within the horizon."""

    ACCRUED = "accrued"  # horizon / interval: funding accrues (Paradex)
    WHOLE = "whole"  # rounded up: paid at set hours, and the next one may be near (Binance)


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingParameters:
    """One underlying's funding.

    Raises
    ------
    ParameterError
        For a value out of its bounds.
    """

    horizon_hours: Decimal = governed(
        Unit.HOURS, 0, 168, about="of funding provided for", default=8
    )
    interval_hours: Decimal = governed(
        Unit.HOURS, "0.01", 24, about="that one quoted rate is of", default=8
    )
    rate_cap: Decimal = governed(
        Unit.FRACTION, 0, 1, about="the venue's clamp of one payment; 1: none", default=1
    )

    def __post_init__(self) -> None:
        check_bounds(self, "FundingParameters")


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingProvision:
    """Charge for the next funding payments of perpetuals; parameters by underlying.

    Parameters
    ----------
    parameters : ParameterSet or mapping of str to FundingParameters
    payments : PaymentCount
    rate_when_unknown : Decimal or None
        Taken for whoever would pay where a quote's rate is not a number; None: the position has
        the reason NO_PARAMETERS.
    charged : Charged

    Raises
    ------
    ParameterError
        For a stand-in rate that is negative or no number.
    """

    parameters: ParameterSet | Mapping[str, FundingParameters]
    payments: PaymentCount = PaymentCount.ACCRUED
    rate_when_unknown: Decimal | None = None
    charged: Charged = Charged.BOTH

    def __post_init__(self) -> None:
        object.__setattr__(self, "payments", chosen(PaymentCount, self.payments, "payments"))
        object.__setattr__(self, "charged", chosen(Charged, self.charged, "charged"))
        stand_in = self.rate_when_unknown
        if stand_in is not None and not (stand_in.is_finite() and stand_in >= 0):
            raise ParameterError(
                "must be finite and not negative", found=str(stand_in), field="rate_when_unknown"
            )

    def prepare(self, markets: AddOnMarkets) -> PreparedFundingProvision:
        """Lay rates out by market: what a long and what a short would pay over the horizon."""
        units = markets.groups.units
        held = parameters_by_unit(FundingParameters, self.parameters, units)
        cap = markets.by_row(unit_column(held, units, lambda p: float(p.rate_cap)))
        payments = markets.by_row(unit_column(held, units, self._payments))
        quoted = markets.quoted("funding_rate")
        unknown = ~np.isfinite(quoted)
        stand_in = np.nan if self.rate_when_unknown is None else float(self.rate_when_unknown)
        perpetual = [isinstance(i, Perpetual) for i in markets.rows.instruments]
        pays = np.array([*perpetual, False], dtype=np.bool_)
        return PreparedFundingProvision(
            add_on=self,
            known=unit_column(held, units, lambda _: 1.0),
            pays=pays,
            of_longs=_paid(np.where(unknown, stand_in, quoted), cap, payments, pays),
            of_shorts=_paid(np.where(unknown, stand_in, -quoted), cap, payments, pays),
        )

    def _payments(self, own: FundingParameters) -> float:
        count = own.horizon_hours / own.interval_hours
        whole = self.payments is PaymentCount.WHOLE
        return float(count.to_integral_value("ROUND_CEILING") if whole else count)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreparedFundingProvision:
    """Shares of notional (N + 1,) that each side would pay; NaN where that is not known."""

    add_on: FundingProvision
    known: FloatArray
    pays: BoolArray
    of_longs: FloatArray
    of_shorts: FloatArray

    def charge(self, exposed: ExposedBook, inner: Requirements) -> Charge:
        """Charge each position that would pay."""
        del inner
        pays, long = self.pays[exposed.row], exposed.book.quantity >= 0.0
        share = np.where(long, self.of_longs[exposed.row], self.of_shorts[exposed.row])
        amount = np.where(pays, exposed.gross * share, 0.0)
        reason = exposed.lacking_parameters(self.known, exposed.gross_reason)
        lacks = (reason == 0) & np.isnan(share) & (exposed.book.quantity != 0.0)
        reason = np.where(lacks, int(MarginReason.NO_PARAMETERS), reason)
        return charge_of(
            "funding_provision",
            "Funding provision",
            exposed.unit_sums(amount),
            self.add_on.charged,
            # What pays no funding is no concern of this charge: the model says what it lacks.
            np.where(pays, reason, 0).astype(np.int64),
            "funding that perpetuals would pay over the horizon, nothing for what they receive",
        )


def _paid(rate: FloatArray, cap: FloatArray, payments: FloatArray, pays: BoolArray) -> FloatArray:
    """(N + 1,) share of notional paid at ``rate`` a payment; 0 for what pays no funding."""
    return np.where(pays, np.clip(rate, 0.0, cap) * payments, 0.0)
