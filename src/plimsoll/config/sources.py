"""Where the data of a venue lie: plain nouns, without any trace of the file they came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from plimsoll.domain.market import PriceKind

ALL_LEND = ("*",)


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceSource:
    """Price files of a venue.

    Parameters
    ----------
    format : str
        Value of `PriceFormat`.
    price_kind : PriceKind
    interval_ns : int
        Length of a bar.
    symbols : tuple of str
        Markets wanted, as the source writes them.
    path : Path or None
        One file (or pattern) for all markets; None for the sandbox or one file a market.
    market_paths : mapping of str to Path
        One file a market, by symbol.
    columns : mapping of str to str, or None
        Field to column name, for formats whose columns are the user's own.
    time_unit : str or None
    since_ns, until_ns : int or None
        Half-open stretch of bar OPEN times wanted.
    lend : tuple of str
        Further markets whose prices inform the pool; ``("*",)`` for all there are.
    """

    format: str
    price_kind: PriceKind
    interval_ns: int
    symbols: tuple[str, ...]
    path: Path | None
    market_paths: Mapping[str, Path]
    columns: Mapping[str, str] | None
    time_unit: str | None
    since_ns: int | None
    until_ns: int | None
    lend: tuple[str, ...] = ()

    @property
    def wanted(self) -> tuple[str, ...] | None:
        """Every market to read; None for all there are."""
        return None if self.lend == ALL_LEND else (*self.symbols, *self.lend)


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingSource:
    """Funding files of a venue; fields as in `PriceSource`.

    Parameters
    ----------
    unit : str
        ``fraction`` or ``percent``.
    """

    format: str
    path: Path
    columns: Mapping[str, str]
    time_unit: str | None
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IncumbentSource:
    """Parameters in force, and since when."""

    path: Path
    format: str
    valid_from_ns: int
