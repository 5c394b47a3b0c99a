"""Which contract each name means, and under which of its names the parameter set knows it.

A name is read as ccxt's unified one, else as Binance's of a USD-M or COIN-M contract, unless
another venue is named. Two names of one contract are the same market, so a book may say
``BTC/USDT:USDT`` where the set says ``BTCUSDT``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from plimsoll.adapters.files.marks import MarkedMarket
from plimsoll.adapters.venues import Venue, parse_name
from plimsoll.domain.instrument import Future, Instrument, Payoff, Perpetual, identity
from plimsoll.errors import NameFormatError, UsageError

NAME_SPACES = (Venue.CCXT, Venue.BINANCE_USDM, Venue.BINANCE_COINM)
ONE_BASE_UNIT = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractTerms:
    """Contracts by key: the parameter set's name where it knows the market, else the given one.

    Parameters
    ----------
    key_of : mapping of str to str
        Key of every name in the book and among the marks.
    instruments : mapping of str to Instrument
        By key, with contract sizes.
    assumed : tuple of str
        Keys of linear contracts whose size nobody stated: one base unit is taken.
    """

    key_of: Mapping[str, str]
    instruments: Mapping[str, Instrument]
    assumed: tuple[str, ...]


def contract_terms(
    held: Sequence[str],
    marks: Sequence[MarkedMarket],
    known: Sequence[str],
    *,
    venue_names: str | None = None,
    contract_sizes: Mapping[str, Decimal] | None = None,
) -> ContractTerms:
    """Return the contract behind each name.

    Parameters
    ----------
    held : sequence of str
        Markets of the book.
    marks : sequence of MarkedMarket
        May state instruments and contract sizes.
    known : sequence of str
        Markets of the parameter set.
    venue_names : str, optional
        Venue whose names to read first.
    contract_sizes : mapping of str to Decimal, optional
        By any name of a market; over those among the marks.

    Raises
    ------
    NameFormatError
        A market of the book that no name space can read.
    UsageError
        A position in what is neither perpetual nor dated future, a market under two names, an
        inverse or quanto contract without a size.
    """
    stated = {row.market: row.instrument for row in marks if row.instrument}
    names = dict.fromkeys([*held, *(row.market for row in marks)])
    spaces = _spaces(venue_names)
    read = {name: _read(name, stated.get(name), spaces, name in held) for name in names}
    keys = _keys(read, known, spaces)
    _check_once(held, keys)
    _check_once([row.market for row in marks], keys)
    sizes = {keys[row.market]: row.contract_size for row in marks if row.contract_size}
    sizes |= {keys.get(name, name): size for name, size in (contract_sizes or {}).items()}
    _check_sized(sizes, keys.values())
    instruments: dict[str, Instrument] = {}
    assumed = []
    for name in [*(row.market for row in marks), *held]:
        instrument, key = read[name], keys[name]
        if instrument is None:
            continue
        if name in held:
            instrument, guessed = _sized(name, instrument, sizes.get(key))
            assumed += [key] if guessed else []
        instruments[key] = instrument
    return ContractTerms(
        key_of=keys, instruments=instruments, assumed=tuple(dict.fromkeys(assumed))
    )


def named_contract(name: str, venue_names: str | None = None) -> Instrument | None:
    """Return the contract that a name means, of no known size; None where none can be read.

    Raises
    ------
    UsageError
        For a venue whose names nobody knows.
    """
    return _parsed(name, _spaces(venue_names))


def _spaces(venue_names: str | None) -> tuple[Venue, ...]:
    if venue_names is None:
        return NAME_SPACES
    if venue_names not in tuple(Venue):
        raise UsageError(
            "must be a known venue",
            found=venue_names,
            field="venue_names",
            remedy=f"choose from {', '.join(Venue)}",
        )
    return tuple(dict.fromkeys([Venue(venue_names), *NAME_SPACES]))


def _read(
    name: str, stated: str | None, spaces: Sequence[Venue], needed: bool
) -> Instrument | None:
    """Return the contract that a name means; None where none is needed and none can be read."""
    if stated is not None:
        return parse_name(stated, Venue.CCXT)
    found = _parsed(name, spaces)
    if found is None and needed:
        raise NameFormatError(
            f"must be a name that {', '.join(spaces)} can read",
            found=name,
            field="market",
            remedy="name the venue that writes so (--venue-names), or state the contract in the "
            "instrument column of the marks, such as BTC/USDT:USDT",
        )
    return found


def _parsed(name: str, spaces: Sequence[Venue]) -> Instrument | None:
    for space in spaces:
        try:
            return parse_name(name, space)
        except NameFormatError:
            continue
    return None


def _keys(
    read: Mapping[str, Instrument | None], known: Sequence[str], spaces: Sequence[Venue]
) -> dict[str, str]:
    """Return the key of each name: itself where the set has it, else the set's name for it."""
    ours: dict[Instrument, list[str]] = {}
    for market in known:
        instrument = _parsed(market, spaces)
        if instrument is not None:
            ours.setdefault(identity(instrument), []).append(market)
    own: dict[Instrument, str] = {}
    keys = {}
    for name, instrument in read.items():
        if name in known or instrument is None:
            keys[name] = name
            continue
        candidates = ours.get(identity(instrument), [])
        if len(candidates) > 1:
            raise UsageError(
                "must be one market of the parameter set",
                found=f"{name}, which {' and '.join(candidates)} both are",
                field="market",
                remedy="use the set's own name",
            )
        fallback = own.setdefault(identity(instrument), name)
        keys[name] = candidates[0] if candidates else fallback
    return keys


def _check_once(names: Sequence[str], keys: Mapping[str, str]) -> None:
    seen: dict[str, str] = {}
    for name in names:
        first = seen.setdefault(keys[name], name)
        if first != name:
            raise UsageError(
                "must be called by one name throughout",
                found=f"{first} and {name}",
                field="market",
                remedy="both are the same contract; use one of them",
            )


def _check_sized(sizes: Mapping[str, Decimal], keys: Iterable[str]) -> None:
    foreign = [name for name in sizes if name not in set(keys)]
    if foreign:
        raise UsageError(
            "must be of a market in the book or among the marks",
            found=foreign[0],
            field="contract_size",
        )


def _sized(
    name: str, instrument: Instrument, size: Decimal | None
) -> tuple[Perpetual | Future, bool]:
    """Return the contract with its size, and whether that was taken for granted."""
    if not isinstance(instrument, Perpetual | Future):
        raise UsageError(
            "must be a perpetual or dated future",
            found=f"{name} ({type(instrument).__name__})",
            field="market",
            remedy="the tier model margins no spot and no options; "
            "name the venue that writes so (--venue-names) where it is read wrongly",
        )
    if size is not None:
        return instrument.with_contract_size(size), False
    if instrument.payoff is not Payoff.LINEAR:
        raise UsageError(
            f"must be known for {instrument.payoff.value} contracts",
            found="none",
            field=f"contract_size of {name}",
            remedy=f"state it in {instrument.contract_unit} in the contract_size column of the "
            f"marks, or as --contract-size {name}=SIZE",
        )
    return instrument.with_contract_size(ONE_BASE_UNIT), True
