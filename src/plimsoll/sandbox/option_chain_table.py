"""Generated option chains as a table in the columns that `plimsoll surface` reads. SYNTHETIC."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from plimsoll.domain.option_chain import OptionChain

if TYPE_CHECKING:
    import polars as pl


def chain_table(chains: Iterable[OptionChain]) -> pl.DataFrame:
    """Return chains as a polars frame, one row per option: write it as Parquet or CSV.

    A file of it does not say by itself that it is synthetic; its name should.

    >>> from plimsoll.sandbox.option_chain import option_chain
    >>> frame = chain_table([option_chain(1).chain])
    >>> frame.columns[:4], frame["currency"].unique().to_list()
    (['ts', 'currency', 'instrument_name', 'option_type'], ['HELM'])
    """
    import polars as pl

    return pl.concat([_rows(chain) for chain in chains])


def _rows(chain: OptionChain) -> pl.DataFrame:
    import polars as pl

    time = pl.Datetime("us", "UTC")
    frame = pl.DataFrame(
        {
            "ts": pl.repeat(chain.at_ns // 1000, len(chain), dtype=pl.Int64, eager=True),
            "currency": [chain.pair.base] * len(chain),
            "instrument_name": list(chain.names),
            "option_type": ["call" if call else "put" for call in chain.is_call.tolist()],
            "strike": chain.strike,
            "expiry": chain.expiry_ns // 1000,
            "bid_price": chain.bid,
            "ask_price": chain.ask,
            "mark_price": chain.mark,
            "futures_price": chain.forward,
            "index_price": chain.index,
            "mark_iv": chain.mark_vol,
            "open_interest": chain.open_interest,
            "volume": chain.volume,
        }
    )
    return frame.with_columns(pl.col("ts").cast(time), pl.col("expiry").cast(time)).fill_nan(None)
