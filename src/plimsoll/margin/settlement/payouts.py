"""What a contract pays at its expiry, by market: cash flows and delivery fees of one contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.instrument import Future, Instrument, Option, OptionRight, Payoff, stated_size
from plimsoll.domain.magnitudes import is_price
from plimsoll.errors import UsageError
from plimsoll.margin.settlement.report import SettlementReason

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFee:
    """Fee of settling one market, never more than ``cap_of_value`` of what an option pays.

    Parameters
    ----------
    rate : float
        Of the notional at the settlement price (an option's is that of its underlyings).
    cap_of_value : float or None
        Of an option's value; None: no cap. Not applied to futures.

    Raises
    ------
    UsageError
        For a rate or cap that is negative or no number.
    """

    rate: float
    cap_of_value: float | None = None

    def __post_init__(self) -> None:
        for name, value in (("rate", self.rate), ("cap_of_value", self.cap_of_value or 0.0)):
            if not (np.isfinite(value) and value >= 0.0):
                raise UsageError("must be finite and not negative", found=value, field=name)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExpiredMarkets:
    """M markets of a book on the day.

    Parameters
    ----------
    expired : (M,) bool
        At or before the time of settlement.
    price : (M,) float64
        Settlement price, quote currency; NaN where there is none.
    reason : (M,) int64
        `SettlementReason` codes; also of markets that nobody knows.
    size, strike : (M,) float64
    sign : (M,) float64
        1 for calls, -1 for puts, 0 for futures.
    inverse : (M,) bool
    settle : tuple of M str
        Currency; empty where nobody knows.
    fee_rate, fee_cap : (M,) float64
        Infinite cap: none.
    """

    expired: BoolArray
    price: FloatArray
    reason: IntArray
    size: FloatArray
    strike: FloatArray
    sign: FloatArray
    inverse: BoolArray
    settle: tuple[str, ...]
    fee_rate: FloatArray
    fee_cap: FloatArray

    def payout(self, market: IntArray, quantity: FloatArray, entry: FloatArray) -> FloatArray:
        """(K,) signed amount that positions get, settlement currency: options their value."""
        price, strike, sign = (c[market] for c in (self.price, self.strike, self.sign))
        inverse, amount = self.inverse[market], quantity * self.size[market]
        coins = np.where(inverse, price, 1.0)
        value = amount * np.maximum(sign * (price - strike), 0.0) / coins
        gain = amount * (price - entry) / np.where(inverse, entry * price, 1.0)
        return np.where(sign == 0.0, gain, value)

    def fee(self, market: IntArray, quantity: FloatArray, payout: FloatArray) -> FloatArray:
        """(K,) fees, not negative, settlement currency."""
        price, option = self.price[market], self.sign[market] != 0.0
        gross = np.abs(quantity) * self.size[market]
        dollars = self.inverse[market] & ~option
        worth = np.where(dollars, 1.0 / price, np.where(self.inverse[market], 1.0, price))
        asked = self.fee_rate[market] * gross * worth
        cap = self.fee_cap[market]
        with np.errstate(invalid="ignore"):  # no cap on nothing
            most = np.where(option & np.isfinite(cap), cap * np.abs(payout), np.inf)
        return np.minimum(asked, most)


def expired_markets(
    markets: Sequence[str],
    settlement_prices: Mapping[str, float],
    instruments: Mapping[str, Instrument],
    at_ns: int,
    fees: Mapping[str, DeliveryFee],
) -> ExpiredMarkets:
    """Lay out the terms of a book's markets; what cannot be settled has a reason."""
    held = [instruments.get(market) for market in markets]
    price = [float(settlement_prices.get(market, np.nan)) for market in markets]
    expired = [isinstance(i, Future | Option) and i.expiry_ns <= at_ns for i in held]
    rows = list(zip(held, price, expired, strict=True))
    fee = [fees.get(market, _FREE) for market in markets]
    return ExpiredMarkets(
        expired=np.array(expired, dtype=np.bool_),
        price=np.array([p if is_price(p) else np.nan for p in price], dtype=np.float64),
        reason=np.array([_reason(i, p, gone) for i, p, gone in rows], dtype=np.int64),
        size=np.array([_size(i) if gone else 0.0 for i, _, gone in rows], dtype=np.float64),
        strike=np.array([float(i.strike) if isinstance(i, Option) else 0.0 for i in held]),
        sign=np.array([_sign(i) for i in held], dtype=np.float64),
        inverse=np.array(
            [i is not None and i.payoff is Payoff.INVERSE for i in held], dtype=np.bool_
        ),
        settle=tuple("" if i is None else i.settle for i in held),
        fee_rate=np.array([f.rate for f in fee], dtype=np.float64),
        fee_cap=np.array([np.inf if f.cap_of_value is None else f.cap_of_value for f in fee]),
    )


def _reason(instrument: Instrument | None, price: float, expired: bool) -> SettlementReason:
    if instrument is None:
        return SettlementReason.UNKNOWN_INSTRUMENT
    if not expired:
        return SettlementReason.NONE
    if isinstance(instrument, Option) and instrument.payoff is Payoff.QUANTO:
        return SettlementReason.NO_RULE
    if np.isnan(stated_size(instrument)):
        return SettlementReason.NO_CONTRACT_SIZE
    return SettlementReason.NONE if is_price(price) else SettlementReason.NO_SETTLEMENT_PRICE


def _size(instrument: Instrument | None) -> float:
    """How many times what one price is of a contract holds; see `Contract.contract_size`."""
    assert instrument is not None
    size = stated_size(instrument)
    return size / instrument.pair.base_units if isinstance(instrument, Option) else size


def _sign(instrument: Instrument | None) -> float:
    if not isinstance(instrument, Option):
        return 0.0
    return 1.0 if instrument.right is OptionRight.CALL else -1.0


_FREE = DeliveryFee(rate=0.0)
