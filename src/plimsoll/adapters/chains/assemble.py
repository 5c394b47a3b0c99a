"""Rows of options to chains: one per instant and contract, in order of time."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from plimsoll.adapters.chains.contracts import Contract, ContractNames, with_terms
from plimsoll.adapters.chains.price_units import require_coin_prices
from plimsoll.adapters.chains.rows import NUMBERS
from plimsoll.domain.instrument import Payoff
from plimsoll.domain.option_chain import OptionChain

_COLUMNS = ("expiry_ns", "strike", "is_call", *NUMBERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainOrigin:
    """What all chains of one reading share.

    Parameters
    ----------
    source : str
        File or venue.
    names : ContractNames
    currencies : frozenset of str or None
        Base coins wanted; None: all.
    """

    source: str
    names: ContractNames
    currencies: frozenset[str] | None = None


def wanted_currencies(currency: str | Collection[str] | None) -> frozenset[str] | None:
    """Return the base coins of an argument; one name stands for itself."""
    if currency is None:
        return None
    return frozenset([currency] if isinstance(currency, str) else currency)


def chains_of(frame: pl.DataFrame, origin: ChainOrigin) -> Iterator[OptionChain]:
    """Yield the chains of rows, by time, then by contract in the order of their names.

    Parameters
    ----------
    frame : polars DataFrame
        Columns of `plimsoll.adapters.chains.rows.ROW_SCHEMA`; rows of a chain keep their
        order.
    """
    rows, unique = with_terms(frame, origin.names, origin.source)
    group, at = rows["group"].to_numpy(), rows["at_ns"].to_numpy()
    rank = _ranks(origin)
    if (rank < 0).any():
        rows = rows.filter(pl.Series(rank[group] >= 0))
        group, at = rows["group"].to_numpy(), rows["at_ns"].to_numpy()
    order = np.lexsort((rank[group], at))
    columns = {name: _values(rows[name])[order] for name in _COLUMNS}
    names = np.array(unique, dtype=object)[rows["name"].to_numpy()[order]]
    quoted = _quote_times(rows, order)
    group, at = group[order], at[order]
    edges = np.flatnonzero((np.diff(at) != 0) | (np.diff(group) != 0)) + 1
    starts, ends = np.r_[0, edges], np.r_[edges, len(at)]
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        if start == end:
            return
        yield _chain(
            origin.names.contracts[int(group[start])],
            int(at[start]),
            origin.source,
            tuple(names[start:end].tolist()),
            {name: values[start:end].copy() for name, values in columns.items()},
            None if quoted is None else quoted[start:end].copy(),
        )


def _ranks(origin: ChainOrigin) -> NDArray[np.int64]:
    """Return the place of each contract among those of one instant; -1 where it is not wanted."""
    contracts = origin.names.contracts
    order = sorted(range(len(contracts)), key=lambda n: _sort_key(contracts[n]))
    ranks = np.empty(len(contracts), dtype=np.int64)
    for place, number in enumerate(order):
        base = contracts[number].pair.base
        wanted = origin.currencies is None or base in origin.currencies
        ranks[number] = place if wanted else -1
    return ranks


def _sort_key(contract: Contract) -> tuple[str, str, str]:
    return contract.pair.base, contract.pair.quote, contract.settle


def _values(column: pl.Series) -> NDArray[Any]:
    if column.dtype == pl.Float64:
        return column.fill_null(np.nan).to_numpy()
    return column.to_numpy()


def _quote_times(rows: pl.DataFrame, order: NDArray[np.intp]) -> NDArray[np.int64] | None:
    """Return when each quote was taken; None where the source does not tell for all."""
    if "quote_ns" not in rows.columns or rows["quote_ns"].null_count():
        return None
    return rows["quote_ns"].to_numpy()[order]


def _chain(
    contract: Contract,
    at_ns: int,
    source: str,
    names: tuple[str, ...],
    columns: dict[str, NDArray[Any]],
    quote_ns: NDArray[np.int64] | None,
) -> OptionChain:
    if contract.payoff is Payoff.INVERSE:
        require_coin_prices(columns, contract.settle, source)
    return OptionChain(
        at_ns=at_ns,
        pair=contract.pair,
        settle=contract.settle,
        payoff=contract.payoff,
        source=source,
        names=names,
        quote_ns=quote_ns,
        **columns,
    )
