"""Instruments: contract terms with a structured identity, never a string stem.

An identity is independent of the venue's way of writing it (names are parsed and printed in
`plimsoll.adapters.venues`). Names do not tell the contract size, so a parsed instrument has none
until the venue's metadata give it: `with_contract_size`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol, Self

from plimsoll.errors import UsageError

_SECOND_NS = 1_000_000_000
_CODE = re.compile(r"[^\W_a-z]+")


class Payoff(StrEnum):
    """How profit depends on price; formulas in `plimsoll.maths.payoffs`."""

    LINEAR = "linear"  # settled in the quote currency
    INVERSE = "inverse"  # settled in the base coin, contract value in quote currency
    QUANTO = "quanto"  # settled in a third currency at a fixed rate


class OptionRight(StrEnum):
    """What the holder of an option may do."""

    CALL = "call"
    PUT = "put"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """What a price is of: quote currency per ``base_units`` of base.

    Parameters
    ----------
    base, quote : str
        Currency codes in capitals, e.g. ``PEPE`` and ``USDT``.
    base_units : int
        Base units one price is for: 1000 where a venue lists ``1000PEPE`` or ``kPEPE``.
    generation : int
        Tells the coins apart that used one ticker one after the other (LUNA until May 2022 is
        generation 1, the coin listed after it generation 2).
    origin : str
        Tells the assets apart that use one ticker side by side: deployer of a Hyperliquid dex,
        ``EXCHANGE,address`` on dYdX. Empty for the ticker's main owner.

    Raises
    ------
    UsageError
        For codes that are not capitals and digits, and for units or generation under 1.
    """

    base: str
    quote: str
    base_units: int = 1
    generation: int = 1
    origin: str = ""

    def __post_init__(self) -> None:
        _check_code("base", self.base)
        _check_code("quote", self.quote)
        if self.base == self.quote and not self.origin:
            raise UsageError("must differ from base", found=self.quote, field="quote")
        for name in ("base_units", "generation"):
            if getattr(self, name) < 1:
                raise UsageError("must be at least 1", found=getattr(self, name), field=name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """The asset itself, paid in the quote currency. Quantity counts ``base_units``."""

    pair: Pair

    @property
    def settle(self) -> str:
        """Currency in which profit falls due."""
        return self.pair.quote

    @property
    def payoff(self) -> Payoff:
        """Spot is linear."""
        return Payoff.LINEAR

    def required_contract_size(self) -> Decimal:
        """One: spot is counted in base units."""
        return Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """What perpetuals, dated futures and options have in common.

    Parameters
    ----------
    pair : Pair
    settle : str
        Currency in which profit falls due and margin is asked.
    payoff : Payoff
        Linear settles in the quote, inverse in the base, quanto in a third currency.
    contract_size : Decimal or None
        Linear: base units (of ``pair.base_units`` each) per contract. Inverse: quote units per
        contract. Quanto: settlement coins per contract and point of price. An option's counts
        base units, whatever the payoff. None where only the name is known.
    """

    pair: Pair
    settle: str
    payoff: Payoff
    contract_size: Decimal | None = None

    def __post_init__(self) -> None:
        _check_settlement(self.pair, self.settle, self.payoff)
        _check_size(self.contract_size)

    @property
    def contract_unit(self) -> str:
        """What ``contract_size`` counts."""
        return _delta_one_unit(self.pair, self.settle, self.payoff)

    def required_contract_size(self) -> Decimal:
        """Contract size, or `UsageError` where only the name is known."""
        return _required(self.contract_size, self.pair)

    def with_contract_size(self, size: Decimal) -> Self:
        """Return the same identity with a contract size."""
        return replace(self, contract_size=size)


@dataclass(frozen=True, slots=True, kw_only=True)
class Perpetual(Contract):
    """A future without expiry, tied to its index by funding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Future(Contract):
    """A dated future.

    Parameters
    ----------
    expiry_ns : int
        UTC, ns since 1970.
    synthetic : bool
        True for a forward that a venue derives for an expiry without a listed future (Deribit's
        ``SYN.``); it has a price and cannot be traded.
    """

    expiry_ns: int
    synthetic: bool = False

    def __post_init__(self) -> None:
        Contract.__post_init__(self)
        _check_expiry(self.expiry_ns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Option(Contract):
    """A European option; inverse ones are priced and settled in the base coin.

    Parameters
    ----------
    expiry_ns : int
        UTC, ns since 1970.
    strike : Decimal
        In quote currency per ``pair.base_units``.
    right : OptionRight
    """

    expiry_ns: int
    strike: Decimal
    right: OptionRight

    def __post_init__(self) -> None:
        Contract.__post_init__(self)
        _check_expiry(self.expiry_ns)
        if not (self.strike.is_finite() and self.strike > 0):
            raise UsageError("must be positive and finite", found=str(self.strike), field="strike")

    @property
    def contract_unit(self) -> str:
        """What ``contract_size`` counts: the base coin."""
        return self.pair.base


Instrument = Spot | Perpetual | Future | Option


class Dated(Protocol):
    """Anything with an expiry."""

    @property
    def expiry_ns(self) -> int: ...


def identity(instrument: Instrument) -> Instrument:
    """Return the instrument without its contract size: what two venues' names have in common."""
    if isinstance(instrument, Spot):
        return instrument
    return replace(instrument, contract_size=None)


def stated_size(instrument: Instrument) -> float:
    """Contract size; NaN where only the contract's name is known.

    >>> pair = Pair(base="BTC", quote="USDT")
    >>> stated_size(Perpetual(pair=pair, settle="USDT", payoff=Payoff.LINEAR))
    nan
    """
    if isinstance(instrument, Spot):
        return 1.0
    size = instrument.contract_size
    return float("nan") if size is None else float(size)


def expiry_at(day: date, hour: int = 8) -> int:
    """Return the UTC ns of ``hour`` o'clock on ``day``; the venues here expire at 08:00 UTC.

    >>> expiry_at(date(2021, 9, 24))
    1632470400000000000
    """
    moment = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
    return int(moment.timestamp()) * _SECOND_NS


def expiry_date(dated: Dated) -> date:
    """Return the UTC calendar day on which ``dated`` expires."""
    return datetime.fromtimestamp(dated.expiry_ns // _SECOND_NS, tz=UTC).date()


def _check_code(name: str, code: str) -> None:
    if not _CODE.fullmatch(code):
        raise UsageError("must be a currency code of capitals and digits", found=code, field=name)


def _check_settlement(pair: Pair, settle: str, payoff: Payoff) -> None:
    _check_code("settle", settle)
    if payoff is Payoff.LINEAR and settle != pair.quote:
        raise UsageError(
            f"a linear contract must settle in its quote currency {pair.quote}",
            found=settle,
            field="settle",
        )
    if payoff is Payoff.INVERSE and (settle != pair.base or pair.base_units != 1):
        raise UsageError(
            f"an inverse contract must settle in its base coin {pair.base}, priced per one coin",
            found=f"{settle}, per {pair.base_units}",
            field="settle",
        )
    if payoff is Payoff.QUANTO and settle in (pair.base, pair.quote):
        raise UsageError(
            "a quanto contract must settle in neither base nor quote", found=settle, field="settle"
        )


def _check_size(size: Decimal | None) -> None:
    if size is not None and not (size.is_finite() and size > 0):
        raise UsageError("must be positive and finite", found=str(size), field="contract_size")


def _check_expiry(expiry_ns: int) -> None:
    if expiry_ns <= 0 or expiry_ns % _SECOND_NS:
        raise UsageError(
            "must be a positive whole second in ns since 1970 (UTC)",
            found=expiry_ns,
            field="expiry_ns",
        )


def _required(size: Decimal | None, pair: Pair) -> Decimal:
    if size is None:
        raise UsageError(
            "must be known",
            found="nothing, names do not carry it",
            field=f"contract_size of {pair.base}/{pair.quote}",
            remedy="take it from the venue's metadata and call with_contract_size",
        )
    return size


def _delta_one_unit(pair: Pair, settle: str, payoff: Payoff) -> str:
    if payoff is Payoff.LINEAR:
        return pair.base if pair.base_units == 1 else f"{pair.base_units} {pair.base}"
    return pair.quote if payoff is Payoff.INVERSE else f"{settle} per {pair.quote}"
