"""Which contract each name of a book means, and as what a preset margins it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from plimsoll.adapters.venues import Venue, parse_name
from plimsoll.adapters.venues.binance_spot import QUOTES
from plimsoll.domain.instrument import (
    Future,
    Instrument,
    Option,
    Pair,
    Payoff,
    Perpetual,
    Spot,
    identity,
)
from plimsoll.errors import NameFormatError, UsageError
from plimsoll.journeys.margin_marks import StatedMark
from plimsoll.presets import Preset
from plimsoll.presets.preset import Scope

ONE = Decimal(1)
KNOWN_QUOTES = QUOTES | {"USD", "USDE", "USDH", "USDG", "PYUSD"}
"""What contracts are quoted in; other text is a slip of the pen, unless the marks price it."""
OTHER_SPACES = (Venue.DERIBIT, Venue.CCXT, Venue.BINANCE_USDM, Venue.BINANCE_COINM, Venue.OKX)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldContract:
    """A contract of the book.

    Parameters
    ----------
    listed : Instrument
        As the venue of its name lists it, with a size.
    margined : Instrument
        As the preset margins it: the same, or the linear contract of the same terms.
    space : Venue
        Whose name it bears.
    """

    listed: Instrument
    margined: Instrument
    space: Venue = Venue.CCXT

    @property
    def is_converted(self) -> bool:
        """Whether the preset margins another contract than the one that is held."""
        return self.listed != self.margined


def held_contracts(
    names: Iterable[str],
    preset: Preset,
    marks: Mapping[str, StatedMark],
    venue_names: str | None = None,
) -> dict[str, HeldContract]:
    """Return the contract behind each name; a name that nobody can read is left out.

    Raises
    ------
    UsageError
        A venue that is none; an instrument column that is no unified name; one contract under
        two names.
    """
    spaces = name_spaces(preset, venue_names)
    quotes = KNOWN_QUOTES | {market.partition("/")[0] for market in marks if "/" in market}
    found = {}
    for name in names:
        row = marks.get(name)
        read = parsed(name, spaces, row, quotes)
        if read is None:
            continue
        instrument, space = read
        listed = _sized(instrument, row)
        found[name] = HeldContract(listed=listed, margined=_margined(listed, preset), space=space)
    _check_once(found, preset)
    return found


def _check_once(contracts: Mapping[str, HeldContract], preset: Preset) -> None:
    """One contract has one name, or size tiers would not see the sum of its positions."""
    seen: dict[Instrument, str] = {}
    for name, contract in contracts.items():
        by_size = preset.scope is Scope.MARKET
        key = identity(contract.margined if by_size else contract.listed)
        first = seen.setdefault(key, name)
        if first != name:
            raise UsageError(
                "must be called by one name throughout",
                found=f"{first} and {name}",
                field="market",
                remedy="both are margined as the same contract; net them under one name",
            )


def name_spaces(preset: Preset, venue_names: str | None) -> tuple[Venue, ...]:
    """Return whose names to try, in order: the caller's, the preset's, those of large venues.

    The preset's are those of its markets, then its venue's own.
    """
    if venue_names is not None and venue_names not in tuple(Venue):
        raise UsageError(
            "must be a known venue",
            found=venue_names,
            field="venue_names",
            remedy=f"choose from {', '.join(Venue)}",
        )
    first = [] if venue_names is None else [Venue(venue_names)]
    return tuple(dict.fromkeys([*first, *own_spaces(preset), *OTHER_SPACES]))


def own_spaces(preset: Preset) -> tuple[Venue, ...]:
    """Return whose names a preset takes: those of its markets, then its venue's own."""
    own = (v for v in Venue if v.value == preset.venue)
    return tuple(dict.fromkeys([Venue(preset.market_names), *own]))


def parsed(
    name: str,
    spaces: Iterable[Venue],
    row: StatedMark | None = None,
    quotes: Collection[str] = KNOWN_QUOTES,
) -> tuple[Instrument, Venue] | None:
    """Return the contract a name means, and the first name space that can read it.

    A name nobody gave a mark of must be quoted in one of ``quotes``: ``BTC-PERPETUALL`` has the
    form of a spot pair, and is none.
    """
    if row is not None and row.instrument is not None:
        return parse_name(row.instrument, Venue.CCXT), Venue.CCXT
    for space in spaces:
        try:
            instrument = parse_name(name, space)
        except NameFormatError:
            continue
        if row is not None or instrument.pair.quote in quotes:
            return instrument, space
    return None


def foreign_contracts(
    preset: Preset, contracts: Mapping[str, HeldContract]
) -> Iterable[tuple[str, list[str]]]:
    """Yield other venues than the preset's, and the contracts of a book that bear their names.

    Unified names are no venue's. Of one venue with several name spaces all are its own.
    """
    found: dict[str, list[str]] = {}
    for name, contract in contracts.items():
        venue = contract.space.value.split("-")[0]
        if contract.space is not Venue.CCXT and venue != preset.venue:
            found.setdefault(venue, []).append(name)
    return found.items()


def preset_markets(preset: Preset, contracts: Mapping[str, HeldContract]) -> dict[str, str]:
    """Return the preset's own name of each market of a book, for presets filed by market."""
    if preset.scope is not Scope.MARKET:
        return {}
    venue = Venue(preset.market_names)
    own = {identity(parse_name(market, venue)): market for market in preset.markets}
    keys = {name: own.get(identity(c.margined)) for name, c in contracts.items()}
    return {name: market for name, market in keys.items() if market is not None}


def _sized(instrument: Instrument, row: StatedMark | None) -> Instrument:
    """Give a contract its size: as stated, else one unit of what it counts."""
    if isinstance(instrument, Spot):
        return instrument
    stated = None if row is None else row.contract_size
    return instrument.with_contract_size(stated or ONE)


def _margined(listed: Instrument, preset: Preset) -> Instrument:
    if not preset.linear_only or isinstance(listed, Spot) or listed.payoff is Payoff.LINEAR:
        return listed
    pair = Pair(base=listed.pair.base, quote=preset.cash, generation=listed.pair.generation)
    plain: Perpetual | Future | Option = replace(
        listed, pair=pair, settle=preset.cash, payoff=Payoff.LINEAR, contract_size=ONE
    )
    return plain
