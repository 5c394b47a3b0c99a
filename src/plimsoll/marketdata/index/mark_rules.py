"""Three rules of marking: a premium over an oracle, funding and basis, and a clamped basis.

Sources: Hyperliquid's documentation (robust price indices; hyperps and the cap of August 2025),
Binance's COIN-M documentation (mark price).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from plimsoll.errors import ParameterError
from plimsoll.marketdata.index.mark_value import (
    NAN,
    MarkInput,
    MarkInputs,
    is_price,
    middle,
    own_market,
)
from plimsoll.marketdata.index.reasons import InputStatus, MarkReason
from plimsoll.marketdata.index.spaced_samples import SpacedSamples
from plimsoll.marketdata.index.time_decayed_ema import TimeDecayedEma

_HOUR_NS = 3_600_000_000_000


def _input(name: str, price: float, *, outside: bool, warm: bool = True) -> MarkInput:
    """An input that is missing where it is no price, and cold where its mean is."""
    if not is_price(price):
        return MarkInput(name=name, price=NAN, status=InputStatus.MISSING, is_outside=outside)
    status = InputStatus.LIVE if warm else InputStatus.COLD
    return MarkInput(name=name, price=price, status=status, is_outside=outside)


def _median(inputs: tuple[MarkInput, ...], least: int) -> tuple[float, MarkReason]:
    used = [one for one in inputs if one.status.is_used]
    if not used:
        return NAN, MarkReason.NO_INPUT
    if not any(one.is_outside for one in used):
        return NAN, MarkReason.ONLY_OWN_MARKET
    if len(used) < least:
        return NAN, MarkReason.TOO_FEW_INPUTS
    return middle([one.price for one in used]), MarkReason.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class OracleMemory:
    """Means of an `OracleMark`: premium over the oracle, own price, and the mark itself."""

    premium: TimeDecayedEma
    own: TimeDecayedEma
    mark: TimeDecayedEma


@dataclass(frozen=True, slots=True, kw_only=True)
class OracleMark:
    """Median of oracle plus its mean premium, the own market, and other venues' perpetuals.

    ``median(index + EMA(mid − index), median(bid, ask, last), perps)``. Where only two of the three
    exist, a short EMA of ``median(bid, ask, last)`` joins them.

    Parameters
    ----------
    premium_seconds, own_seconds : float
        Time constants of the two means.
    max_age_ns : int
        Of own book and last trade; exactly at the limit still counts.
    least_inputs : int
    cap_multiple : float or None
        The mark is at most this multiple of its own mean (Hyperliquid's remedy of 2025 for
        markets without an oracle: 10). None: no cap.
    cap_hours : float
        Time constant of that mean.
    longest_step_seconds : float or None
        See `TimeDecayedEma`; None as documented by the venue.
    may_mark_itself : bool
        Whether the own market alone makes a mark; False freezes it (E22).
    """

    premium_seconds: float = 150.0
    own_seconds: float = 30.0
    max_age_ns: int = 10_000_000_000
    least_inputs: int = 2
    cap_multiple: float | None = None
    cap_hours: float = 8.0
    longest_step_seconds: float | None = None
    may_mark_itself: bool = False

    def __post_init__(self) -> None:
        if self.cap_multiple is not None and not self.cap_multiple > 1.0:
            raise ParameterError("must be above 1", found=self.cap_multiple, field="cap_multiple")
        if not 1 <= self.least_inputs <= 3:
            raise ParameterError(
                "must lie in 1 .. 3", found=self.least_inputs, field="least_inputs"
            )

    def first_memory(self) -> OracleMemory:
        """Return empty means."""

        def mean(seconds: float) -> TimeDecayedEma:
            return TimeDecayedEma(
                time_constant_seconds=seconds, longest_step_seconds=self.longest_step_seconds
            )

        return OracleMemory(
            premium=mean(self.premium_seconds),
            own=mean(self.own_seconds),
            mark=mean(3600.0 * self.cap_hours),
        )

    def inputs(
        self, memory: OracleMemory, inputs: MarkInputs, last_mark: float
    ) -> tuple[OracleMemory, tuple[MarkInput, ...]]:
        """Return the means after the inputs, and oracle, own, perps and, of two, own mean."""
        at_ns, market = inputs.at_ns, own_market(inputs, self.max_age_ns)
        index = inputs.index if is_price(inputs.index) else NAN
        premium, own, mark = memory.premium, memory.own, memory.mark
        if not math.isnan(market.mid - index):
            premium = premium.update(at_ns, market.mid - index)
        if not math.isnan(market.price):
            own = own.update(at_ns, market.price)
        if not math.isnan(last_mark):
            mark = mark.update(at_ns, last_mark)
        made: tuple[MarkInput, ...] = (
            _input("oracle", index + premium.mean, outside=True, warm=premium.is_warm),
            _input("own", market.price, outside=False),
            _input("perps", inputs.perps, outside=True),
        )
        if sum(one.status.is_used for one in made) == 2:
            made += (_input("own mean", own.mean, outside=False, warm=own.is_warm),)
        after = OracleMemory(premium=premium, own=own, mark=mark)
        return after, tuple(self._capped(one, mark.mean) for one in made)

    def price(self, inputs: tuple[MarkInput, ...]) -> tuple[float, MarkReason]:
        """Return the median of what is there, or why there is no mark."""
        own_alone = [one for one in inputs if one.status.is_used and not one.is_outside]
        outside = any(one.is_outside and one.status.is_used for one in inputs)
        if self.may_mark_itself and own_alone and not outside:
            return middle([one.price for one in own_alone]), MarkReason.NONE
        return _median(inputs, self.least_inputs)

    def _capped(self, one: MarkInput, mean: float) -> MarkInput:
        """Capping every input bounds their median."""
        cap = (
            math.inf if self.cap_multiple is None or math.isnan(mean) else self.cap_multiple * mean
        )
        if not one.status.is_used or one.price <= cap:
            return one
        return replace(one, price=cap, status=InputStatus.CAPPED)


@dataclass(frozen=True, slots=True, kw_only=True)
class BasisMark:
    """``median(P1, P2, last)``: funding yet to be paid, and the mean basis.

    ``P1 = index (1 + funding hours_left / interval_hours)``, ``P2 = index + mean(mid − index)`` of
    the last samples.

    Parameters
    ----------
    interval_hours : float
        Between funding payments.
    samples : int
    sample_seconds : float
        30 samples 5 s apart are the 2.5 minutes of the venue.
    max_age_ns : int
        Of own book and last trade; exactly at the limit still counts.
    least_inputs : int
    """

    interval_hours: float = 8.0
    samples: int = 30
    sample_seconds: float = 5.0
    max_age_ns: int = 10_000_000_000
    least_inputs: int = 2

    def __post_init__(self) -> None:
        if not self.interval_hours > 0.0:
            raise ParameterError(
                "must be positive", found=self.interval_hours, field="interval_hours"
            )
        if not 1 <= self.least_inputs <= 3:
            raise ParameterError(
                "must lie in 1 .. 3", found=self.least_inputs, field="least_inputs"
            )

    def first_memory(self) -> SpacedSamples:
        """Return no samples."""
        return SpacedSamples(most=self.samples, interval_seconds=self.sample_seconds)

    def inputs(
        self,
        memory: SpacedSamples,
        inputs: MarkInputs,
        last_mark: float,  # noqa: ARG002
    ) -> tuple[SpacedSamples, tuple[MarkInput, ...]]:
        """Return the samples after the inputs, and P1, P2 and last."""
        market = own_market(inputs, self.max_age_ns)
        index = inputs.index if is_price(inputs.index) else NAN
        if not math.isnan(market.mid - index):
            memory = memory.update(inputs.at_ns, market.mid - index)
        paid = inputs.funding_rate * self._hours_left(inputs) / self.interval_hours
        made = (
            _input("funding", index * (1.0 + paid), outside=True),
            _input("basis", index + memory.mean, outside=True, warm=memory.is_warm),
            _input("last", market.last, outside=False),
        )
        return memory, made

    def price(self, inputs: tuple[MarkInput, ...]) -> tuple[float, MarkReason]:
        """Return the median of what is there, or why there is no mark."""
        return _median(inputs, self.least_inputs)

    def _hours_left(self, inputs: MarkInputs) -> float:
        """Hours to the next payment; NaN where nobody says when it is."""
        if inputs.next_funding_ns is None:
            return NAN
        return max(0.0, (inputs.next_funding_ns - inputs.at_ns) / _HOUR_NS)


@dataclass(frozen=True, slots=True, kw_only=True)
class PremiumMark:
    """Index plus its mean premium, clamped: ``index + clip(EMA(mid − index), ±bound index)``.

    Parameters
    ----------
    premium_seconds : float
    bound : float
        Largest premium as a fraction of the index.
    max_age_ns : int
        Of the own book; exactly at the limit still counts. Without a book the mean stands still.
    longest_step_seconds : float or None
    """

    premium_seconds: float = 150.0
    bound: float = 0.02
    max_age_ns: int = 10_000_000_000
    longest_step_seconds: float | None = None

    def __post_init__(self) -> None:
        if not 0.0 < self.bound < 1.0:
            raise ParameterError("must lie in (0, 1)", found=self.bound, field="bound")

    def first_memory(self) -> TimeDecayedEma:
        """Return an empty mean."""
        return TimeDecayedEma(
            time_constant_seconds=self.premium_seconds,
            longest_step_seconds=self.longest_step_seconds,
        )

    def inputs(
        self,
        memory: TimeDecayedEma,
        inputs: MarkInputs,
        last_mark: float,  # noqa: ARG002
    ) -> tuple[TimeDecayedEma, tuple[MarkInput, ...]]:
        """Return the mean after the inputs, and the index with it; with none, the index alone."""
        market = own_market(inputs, self.max_age_ns)
        index = inputs.index if is_price(inputs.index) else NAN
        if not math.isnan(market.mid - index):
            memory = memory.update(inputs.at_ns, market.mid - index)
        mean = 0.0 if math.isnan(memory.mean) else memory.mean
        premium = min(max(mean, -self.bound * index), self.bound * index)
        one = _input("premium", index + premium, outside=True, warm=memory.is_warm)
        if one.status.is_used and premium != mean:
            one = replace(one, status=InputStatus.CAPPED)
        return memory, (one,)

    def price(self, inputs: tuple[MarkInput, ...]) -> tuple[float, MarkReason]:
        """Return the price of the one input, or that there is no index."""
        (one,) = inputs
        return (one.price, MarkReason.NONE) if one.status.is_used else (NAN, MarkReason.NO_INDEX)
