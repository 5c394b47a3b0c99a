"""Rows of bars, in batches of any number, to one `Bars` per market."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl

from plimsoll.adapters.files.columns import PRICE_FIELDS
from plimsoll.domain.market import Bars, IntArray, PriceKind
from plimsoll.errors import DataError, InsufficientDataError, UsageError

MEGABYTE = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class BarsOrigin:
    """What the rows themselves do not say.

    Parameters
    ----------
    price_kind : PriceKind
    market : str
        Name of the market where the rows name none.
    interval_ns : int or None
        Length of a bar; None: the most frequent step of a market.
    source : str
    memory_limit_mb : float or None
        Most memory the rows collected may take.
    """

    price_kind: PriceKind
    market: str = ""
    interval_ns: int | None = None
    source: str = ""
    memory_limit_mb: float | None = None


def assemble(batches: Iterable[pl.DataFrame], origin: BarsOrigin) -> dict[str, Bars]:
    """Return the bars of each market, in the order of the rows and of first appearance.

    Raises
    ------
    InsufficientDataError
        No rows at all.
    DataError
        More rows than the memory limit holds.
    UsageError
        The bar length is not given and cannot be seen (a market of one bar).
    """
    columns = _columns(_by_market(batches, origin))
    if not columns:
        raise InsufficientDataError(
            "must hold at least one bar of the selection",
            found="none",
            field=origin.source,
            remedy="check the names in symbols, and since and until",
        )
    intervals = _intervals({name: column["time_ns"] for name, column in columns.items()}, origin)
    bars: dict[str, Bars] = {}
    for name in list(columns):
        column = columns.pop(name)
        values = {f: column[f].to_numpy() for f in PRICE_FIELDS[1:] if f in column.columns}
        bars[name] = Bars(
            market=name,
            time_ns=np.ascontiguousarray(column["time_ns"].to_numpy()),
            close=column["close"].to_numpy(),
            interval_ns=intervals[name],
            price_kind=origin.price_kind,
            source=origin.source,
            **values,
        )
    return bars


def _by_market(
    batches: Iterable[pl.DataFrame], origin: BarsOrigin
) -> dict[str, list[pl.DataFrame]]:
    parts: dict[str, list[pl.DataFrame]] = {}
    taken = 0.0
    for batch in batches:
        if batch.is_empty():
            continue
        taken += batch.estimated_size() / MEGABYTE
        _check_memory(taken, origin)
        if "symbol" not in batch.columns:
            parts.setdefault(origin.market, []).append(batch)
            continue
        for key, part in batch.partition_by(
            "symbol", as_dict=True, maintain_order=True, include_key=False
        ).items():
            parts.setdefault(str(key[0]), []).append(part)
    return parts


def _check_memory(taken_mb: float, origin: BarsOrigin) -> None:
    limit = origin.memory_limit_mb
    if limit is not None and taken_mb > limit:
        raise DataError(
            f"selected rows must fit into memory_limit_mb = {limit:g}",
            found=f"{taken_mb:.0f} MB and more to come",
            field=origin.source,
            remedy="select fewer symbols, fewer columns or a shorter time, or raise the limit",
        )


def _columns(parts: dict[str, list[pl.DataFrame]]) -> dict[str, pl.DataFrame]:
    """Join the batches market by market, letting each go as soon as it is joined."""
    return {name: pl.concat(parts.pop(name), rechunk=True) for name in list(parts)}


def _intervals(times: dict[str, pl.Series], origin: BarsOrigin) -> dict[str, int]:
    if origin.interval_ns is not None:
        return dict.fromkeys(times, origin.interval_ns)
    found = {name: usual_step_ns(time.to_numpy()) for name, time in times.items()}
    known = [step for step in found.values() if step is not None]
    if times and not known:
        raise UsageError(
            "must be given where no market has bars at two times: their step tells it otherwise",
            found=f"{max(time.len() for time in times.values())} bar(s)",
            field="interval_ns",
            remedy=f"bring more bars ({origin.source}), or name the length of one: interval_ns in "
            "Python, data.prices.interval in a venue file",
        )
    shared = max(set(known), key=lambda step: (known.count(step), -step), default=0)
    return {name: shared if step is None else step for name, step in found.items()}


def usual_step_ns(time_ns: IntArray) -> int | None:
    """Return the most frequent step in time (the smallest of several), None where there is none.

    The order of delivery does not matter: files that begin with the newest bar are common.

    >>> usual_step_ns(np.array([0, 60, 120, 300, 360]))
    60
    >>> usual_step_ns(np.array([360, 300, 120, 60, 0]))
    60
    """
    steps = np.diff(time_ns)
    if steps.size and int(steps.min()) <= 0:
        steps = np.diff(np.unique(time_ns))
    lengths, counts = np.unique(steps, return_counts=True)
    return int(lengths[np.argmax(counts)]) if lengths.size else None
