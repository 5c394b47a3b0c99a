"""Instrument names of each venue: parse into an identity, print it back.

Both ways are checked against each other, so a name that is accepted prints as itself, and an
identity that is printed is the one a reader gets.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from plimsoll.adapters.venues import (
    binance_coinm,
    binance_options,
    binance_spot,
    binance_usdm,
    bybit,
    bybit_spot,
    ccxt_unified,
    deribit,
    derive,
    drift,
    dydx,
    gate,
    hyperliquid,
    okx,
    paradex,
)
from plimsoll.domain.instrument import Instrument, identity
from plimsoll.errors import NameFormatError, UsageError


class Venue(StrEnum):
    """A venue's name space; Binance and Bybit have several that overlap."""

    CCXT = "ccxt"
    DERIBIT = "deribit"
    OKX = "okx"
    BINANCE_SPOT = "binance-spot"
    BINANCE_USDM = "binance-usdm"
    BINANCE_COINM = "binance-coinm"
    BINANCE_OPTIONS = "binance-options"
    BYBIT = "bybit"
    BYBIT_SPOT = "bybit-spot"
    DYDX = "dydx"
    HYPERLIQUID = "hyperliquid"
    GATE = "gate"
    DERIVE = "derive"
    DRIFT = "drift"
    PARADEX = "paradex"


@dataclass(frozen=True, slots=True, kw_only=True)
class NameForm:
    """How one venue writes names: the form in words, examples, and both directions."""

    form: str
    examples: tuple[str, ...]
    read: Callable[[str], Instrument | None]
    write: Callable[[Instrument], str | None]


_MODULES = {
    Venue.CCXT: ccxt_unified,
    Venue.DERIBIT: deribit,
    Venue.OKX: okx,
    Venue.BINANCE_SPOT: binance_spot,
    Venue.BINANCE_USDM: binance_usdm,
    Venue.BINANCE_COINM: binance_coinm,
    Venue.BINANCE_OPTIONS: binance_options,
    Venue.BYBIT: bybit,
    Venue.BYBIT_SPOT: bybit_spot,
    Venue.DYDX: dydx,
    Venue.HYPERLIQUID: hyperliquid,
    Venue.GATE: gate,
    Venue.DERIVE: derive,
    Venue.DRIFT: drift,
    Venue.PARADEX: paradex,
}
FORMS = {
    venue: NameForm(form=m.FORM, examples=m.EXAMPLES, read=m.read, write=m.write)
    for venue, m in _MODULES.items()
}


def parse_name(name: str, venue: Venue | str, *, generation: int = 1) -> Instrument:
    """Return the instrument that ``venue`` calls ``name``, without a contract size.

    Parameters
    ----------
    name : str
    venue : Venue or str
    generation : int
        Which coin of a reused ticker; names do not tell (see `Pair`).

    Raises
    ------
    NameFormatError
        Where the name has not the venue's form, or is another way of writing it.

    Examples
    --------
    >>> option = parse_name("BTC-6AUG21-40000-C", "deribit")
    >>> option.settle, option.strike, print_name(option, "okx")
    ('BTC', Decimal('40000'), 'BTC-USD-210806-40000-C')
    """
    known = _venue(venue)
    instrument = _read(name, known)
    canonical = None if instrument is None else FORMS[known].write(instrument)
    if instrument is None or canonical != name:
        meant = f"; did you mean {canonical}" if canonical else ""
        form = FORMS[known]
        raise NameFormatError(
            f"must be written as {form.form}",
            found=name,
            field=f"{known.value} name",
            remedy=f"for example {', '.join(form.examples)}{meant}",
        )
    return _of_generation(instrument, generation)


def print_name(instrument: Instrument, venue: Venue | str) -> str:
    """Return what ``venue`` calls ``instrument``.

    Raises
    ------
    NameFormatError
        Where the venue has no name for it, or its name would be read as something else. The
        generation of a reused ticker is the one thing a name may leave out.
    """
    known = _venue(venue)
    name = FORMS[known].write(instrument)
    found = None if name is None else _read(name, known)
    if name is None or found is None or not _same(found, instrument):
        form = FORMS[known]
        raise NameFormatError(
            f"must be an instrument that {known.value} can name ({form.form})",
            found=repr(instrument),
            field="instrument",
            remedy=f"its names look like {', '.join(form.examples)}",
        )
    return name


def _same(found: Instrument, instrument: Instrument) -> bool:
    return _of_generation(found, instrument.pair.generation) == identity(instrument)


def _of_generation(instrument: Instrument, generation: int) -> Instrument:
    return replace(instrument, pair=replace(instrument.pair, generation=generation))


def _read(name: str, venue: Venue) -> Instrument | None:
    try:
        return FORMS[venue].read(name)
    except UsageError:  # the parts fit the form but are no possible contract
        return None


def _venue(venue: Venue | str) -> Venue:
    try:
        return Venue(venue)
    except ValueError:
        raise UsageError(
            "must be a known venue",
            found=venue,
            field="venue",
            remedy=f"choose from {', '.join(v.value for v in Venue)}",
        ) from None
