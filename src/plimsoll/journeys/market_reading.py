"""Read markets one by one: one that cannot be read gets a Reason, and never sinks the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from plimsoll.domain.finding import Reason
from plimsoll.domain.market import Bars
from plimsoll.errors import DataError, InsufficientDataError


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MarketReading:
    """What could be read, and why the rest could not.

    Parameters
    ----------
    bars : dict of str to Bars
    refused : dict of str to Reason
    notes : tuple of str
        One sentence for each market refused.
    """

    bars: dict[str, Bars]
    refused: dict[str, Reason] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def read_each(
    symbols: Iterable[str], read: Callable[[str], dict[str, Bars]], place: str
) -> MarketReading:
    """Read the bars of each market by itself.

    Parameters
    ----------
    symbols : iterable of str
    read : callable of str to dict of str to Bars
    place : str
        Where the prices were named, for the message.

    Raises
    ------
    DataError
        Not one market can be read.
    """
    bars: dict[str, Bars] = {}
    errors: dict[str, DataError] = {}
    for symbol in symbols:
        try:
            bars |= read(symbol)
        except DataError as error:
            errors[symbol] = error
    if errors and not bars:
        raise DataError(
            "must give bars of at least one market",
            found={symbol: in_words(error) for symbol, error in errors.items()},
            field=place,
            remedy="mend the files or the path; `plimsoll check` names each",
        )
    return MarketReading(
        bars=bars,
        refused={symbol: _reason(error) for symbol, error in errors.items()},
        notes=tuple(f"No bars of {symbol}: {in_words(error)}." for symbol, error in errors.items()),
    )


def in_words(error: DataError) -> str:
    """Say what is wrong, with the names of files but not of the folders they lie in."""
    where = Path(error.field)
    row = "" if error.row is None else f" (row {error.row})"
    nothing = isinstance(error.found, str) and error.found == ""
    found = "" if nothing else f", found {error.found}"
    text = f"{where.name}: {error.must}{found}{row}" if error.field else f"{error.must}{found}{row}"
    return text.replace(f"{where.parent}/", "") if where.is_absolute() else text


def _reason(error: DataError) -> Reason:
    missing = isinstance(error, InsufficientDataError)
    return Reason.NO_DATA if missing else Reason.UNREADABLE_DATA
