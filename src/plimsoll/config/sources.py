"""Where the data of a venue lie: plain nouns, without any trace of the file they came from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from plimsoll.adapters.files.columns import ColumnMap
from plimsoll.adapters.files.funding import FundingColumns
from plimsoll.domain.market import PriceKind


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
        File or pattern; ``{symbol}`` in it stands for each market's. None for the sandbox.
    columns : ColumnMap or None
        For formats whose columns are the user's own.
    since_ns, until_ns : int or None
        Half-open stretch of bar OPEN times wanted.
    """

    format: str
    price_kind: PriceKind
    interval_ns: int
    symbols: tuple[str, ...]
    path: Path | None
    columns: ColumnMap | None
    since_ns: int | None
    until_ns: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingSource:
    """Funding files of a venue; the columns carry the unit of the rate."""

    format: str
    path: Path
    columns: FundingColumns


@dataclass(frozen=True, slots=True, kw_only=True)
class IncumbentSource:
    """Parameters in force, and since when."""

    path: Path
    format: str
    valid_from_ns: int
