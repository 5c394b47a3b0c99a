"""Tardis ``options_chain`` CSV: a stream of ticker updates of a venue's options.

Times are µs, volatilities per cent. The chain at an instant is the last update of each symbol at
or before it, by the exchange's ``timestamp``; a file of a day is read once, in batches.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from plimsoll.adapters.chains.events import no_rows, updates_in_force
from plimsoll.adapters.chains.rows import INDEX_NAME, RowSource, VolUnit, as_fraction
from plimsoll.adapters.files.bar_rows import ROW
from plimsoll.adapters.files.columns import require_columns
from plimsoll.adapters.files.csv_batches import csv_batches
from plimsoll.adapters.files.csv_layout import CsvDialect, header_layout
from plimsoll.adapters.files.sources import reading
from plimsoll.adapters.files.time_units import TimeStyle, TimeUnit
from plimsoll.adapters.venues.names import Venue
from plimsoll.errors import DataFormatError

COLUMNS = (
    "exchange",
    "symbol",
    "timestamp",
    "type",
    "strike_price",
    "expiration",
    "open_interest",
    "bid_price",
    "ask_price",
    "mark_price",
    "mark_iv",
    "underlying_index",
    "underlying_price",
)

VENUES = {
    "deribit": Venue.DERIBIT,
    "okex-options": Venue.OKX,
    "bybit-options": Venue.BYBIT,
    "binance-european-options": Venue.BINANCE_OPTIONS,
}
"""Which names the symbols of Tardis's exchanges are."""

_MICROSECONDS = TimeStyle(unit=TimeUnit.MICROSECONDS)


def tardis_chain_rows(
    paths: Sequence[Path], instants_ns: Sequence[int], max_age_s: float
) -> tuple[list[pl.DataFrame], Venue]:
    """Return the rows of options in force at each instant, and whose names they bear.

    Parameters
    ----------
    paths : sequence of Path
        Files of one exchange that follow each other in time, or hold different symbols.
    instants_ns : sequence of int
    max_age_s : float
        An option not updated for longer has no row.

    Raises
    ------
    DataFormatError
        A missing column, a value that cannot be read, several exchanges.
    """
    states = {at_ns: no_rows() for at_ns in instants_ns}
    exchanges: set[str] = set()
    offset = 0
    for path in paths:
        with reading(path):
            layout = header_layout(path, COLUMNS, CsvDialect(separator=","))
            require_columns(layout.names, COLUMNS, str(path))
            for raw in csv_batches(path, layout, COLUMNS):
                exchanges.update(raw["exchange"].unique().to_list())
                batch = option_updates(raw).with_columns(pl.col(ROW) + offset)
                for at_ns, state in states.items():
                    fresh = updates_in_force(batch, at_ns, max_age_s)
                    states[at_ns] = updates_in_force(pl.concat([state, fresh]), at_ns, max_age_s)
        offset += 1 << 40  # rows of the next file come after all of this one
    return [states[at_ns] for at_ns in instants_ns], _venue(exchanges, paths)


def option_updates(raw: pl.DataFrame) -> pl.DataFrame:
    """Return raw columns of ``options_chain`` as rows of options, each with its own time."""
    source = RowSource(raw=raw)
    at = source.time("timestamp", _MICROSECONDS)
    underlying = source.number("underlying_price")
    from_index = source.text("underlying_index") == INDEX_NAME
    missing = source.number(None)
    return pl.DataFrame(
        {
            ROW: raw[ROW].cast(pl.Int64),
            "at_ns": at,
            "quote_ns": at,
            "name": source.names("symbol"),
            "currency": source.text(None),
            "expiry_ns": source.time("expiration", _MICROSECONDS),
            "strike": source.number("strike_price"),
            "is_call": source.is_call("type"),
            "bid": source.number("bid_price"),
            "ask": source.number("ask_price"),
            "mark": source.number("mark_price"),
            "forward": missing.zip_with(from_index, underlying),
            "index": underlying.zip_with(from_index, missing),
            "mark_vol": as_fraction(source.number("mark_iv"), VolUnit.PER_CENT, "mark_iv"),
            "open_interest": source.number("open_interest"),
            "volume": missing,
        }
    )


def _venue(exchanges: set[str], paths: Sequence[Path]) -> Venue:
    known = [VENUES[name] for name in exchanges if name in VENUES]
    if len(exchanges) != 1 or len(known) != 1:
        raise DataFormatError(
            f"must be options of one exchange of {', '.join(VENUES)}",
            found=sorted(exchanges),
            field=f"{paths[0]}: exchange",
            remedy="split the file by exchange",
        )
    return known[0]
