"""Chains of files and frames that hold whole snapshots, file by file in order of time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from plimsoll.adapters.chains.assemble import ChainOrigin, chains_of
from plimsoll.adapters.chains.instants import snapshots_meant
from plimsoll.domain.option_chain import IntArray, OptionChain

DEFAULT_MAX_AGE_S = 86_400.0
"""A snapshot of more than a day before is not the one that was meant."""


def file_snapshots(
    paths: Sequence[Path],
    times_of: Callable[[Path], IntArray],
    rows_of: Callable[[Path], pl.DataFrame],
    wanted_ns: Sequence[int] | None,
    max_age_s: float,
    origin: ChainOrigin,
) -> Iterator[OptionChain]:
    """Yield the chains of files, holding only the files that overlap in time at once.

    Parameters
    ----------
    paths : sequence of Path
        In any order.
    times_of, rows_of : callables
        Distinct times of the snapshots in a file; its rows of options.
    wanted_ns : sequence of int or None
        For each, the last snapshot at or before it; None: all.
    """
    times = {path: times_of(path) for path in paths}
    everything = np.concatenate([*times.values(), np.empty(0, dtype=np.int64)])
    meant = None
    if wanted_ns is not None:
        meant = snapshots_meant(everything, wanted_ns, max_age_s, origin.source)
        times = {path: np.intersect1d(held, meant) for path, held in times.items()}
    for together in _overlapping({path: held for path, held in times.items() if held.size}):
        yield from chains_of(
            _chosen(pl.concat([rows_of(path) for path in together]), meant), origin
        )


def frame_snapshots(
    rows: pl.DataFrame, wanted_ns: Sequence[int] | None, max_age_s: float, origin: ChainOrigin
) -> Iterator[OptionChain]:
    """Yield the chains of rows in memory; arguments as in `file_snapshots`."""
    meant = None
    if wanted_ns is not None:
        times = rows["at_ns"].to_numpy()
        meant = snapshots_meant(times, wanted_ns, max_age_s, origin.source)
    yield from chains_of(_chosen(rows, meant), origin)


def _chosen(rows: pl.DataFrame, meant: IntArray | None) -> pl.DataFrame:
    return rows if meant is None else rows.filter(pl.col("at_ns").is_in(meant.tolist()))


def _overlapping(times: dict[Path, IntArray]) -> Iterator[list[Path]]:
    """Yield files by time, those whose times overlap together."""
    together: list[Path] = []
    last = 0
    for path in sorted(times, key=lambda path: (int(times[path][0]), str(path))):
        if together and int(times[path][0]) > last:
            yield together
            together = []
        together.append(path)
        last = max(last, int(times[path][-1])) if len(together) > 1 else int(times[path][-1])
    if together:
        yield together
