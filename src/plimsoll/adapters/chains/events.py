"""From a stream of updates to the chain at an instant: the last update of each option before it."""

from __future__ import annotations

import polars as pl

from plimsoll.adapters.chains.rows import ROW_SCHEMA
from plimsoll.adapters.files.bar_rows import ROW

DEFAULT_MAX_AGE_S = 3600.0
"""Oldest update that still counts: venues repeat tickers within minutes, however quiet."""


def updates_in_force(updates: pl.DataFrame, at_ns: int, max_age_s: float) -> pl.DataFrame:
    """Return the last update of each option in ``(at - max_age, at]``.

    Parameters
    ----------
    updates : polars DataFrame
        Rows of options whose ``quote_ns`` is the time of the update; of updates of one time, the
        last in the order of the source counts.
    at_ns : int
        UTC, ns; the time of the chain.
    max_age_s : float
        An option not updated for longer has no row.
    """
    oldest = at_ns - round(max_age_s * 1e9)
    recent = updates.filter((pl.col("quote_ns") <= at_ns) & (pl.col("quote_ns") > oldest))
    last = (
        recent.sort("quote_ns", ROW)
        .group_by("name", maintain_order=True)
        .last()
        .with_columns(at_ns=pl.lit(at_ns, dtype=pl.Int64))
    )
    return last.select(updates.columns)


def no_rows() -> pl.DataFrame:
    """Return rows of options, none of them."""
    return pl.DataFrame(schema=ROW_SCHEMA)
