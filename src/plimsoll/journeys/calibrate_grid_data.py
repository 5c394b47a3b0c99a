"""Chains, hourly closes and the volatility index that a venue file with a grid names."""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from plimsoll.adapters.chains import read_chains
from plimsoll.adapters.files import ColumnMap, FileFormat, TimeUnit, read_bars
from plimsoll.calibration.grids.spot_history import SpotHistory
from plimsoll.calibration.grids.surface_cells import DAY_NS
from plimsoll.calibration.grids.vol_response import VolIndexHistory
from plimsoll.config.fields import instant_ns
from plimsoll.config.grid_section import IndexFile, SpotFile
from plimsoll.config.loader import GridVenueFile
from plimsoll.domain.canonical import content_id
from plimsoll.domain.market import HOUR_NS, PriceKind
from plimsoll.domain.option_chain import ChainFinding, ChainFindingKind, OptionChain
from plimsoll.errors import DataError
from plimsoll.journeys.backtest_grids_data import GridData
from plimsoll.marketdata.chains import prepare_chain

_PER_CENT = 100.0
_COLUMNS = ("strike", "bid", "ask", "mark", "mark_vol", "forward", "index")


def read_grid_data(file: GridVenueFile) -> GridData:
    """Read everything that the file names; nothing is left out but broken snapshots.

    Raises
    ------
    DataError, DataFormatError
    """
    grid = file.config.grid
    coins = grid.underlyings
    snapshots, findings = _snapshots(file, coins)
    return GridData(
        snapshots=snapshots,
        findings=findings,
        history=_history(file, coins),
        index=_index(file, coins[0]),
    )


def known_at(read: GridData, at_ns: int) -> GridData:
    """Return what was known at a time."""
    return GridData(
        snapshots=tuple(s for s in read.snapshots if s[0].at_ns < at_ns),
        findings=read.findings,
        history=read.history.before(at_ns),
        index=read.index.before(at_ns),
    )


def grid_digests(read: GridData) -> dict[str, str]:
    """Digests of what is known: ``chains``, ``spot``, ``volatility_index``, ``data`` of all."""
    parts = {
        "chains": _chains_digest(read.snapshots),
        "spot": _digest(read.history.time_ns, read.history.close),
        "volatility_index": _digest(read.index.time_ns, read.index.value),
    }
    return {**parts, "data": content_id({**parts})}


def _snapshots(
    file: GridVenueFile, coins: tuple[str, ...]
) -> tuple[tuple[tuple[OptionChain, ...], ...], tuple[ChainFinding, ...]]:
    """Snapshots that hold every coin, rising in time, and what was wrong with those left out."""
    chains = file.config.grid.chains
    path = file.resolve(chains.path)
    files = sorted(glob.glob(str(path), recursive=True)) or [str(path)]
    by_time: dict[int, dict[str, OptionChain]] = {}
    for chain in read_chains(files, format=chains.format, currency=coins):
        if chain.settle == chain.pair.base:
            by_time.setdefault(chain.at_ns, {})[chain.pair.base] = chain
    whole = [tuple(s[c] for c in coins) for _, s in sorted(by_time.items()) if len(s) == len(coins)]
    if not whole:
        raise DataError(
            f"must hold a snapshot with coin-settled options on {', '.join(coins)}",
            found="none",
            field="grid.chains.path",
        )
    broken = [_broken(snapshot) for snapshot in whole]
    kept = tuple(s for s, found in zip(whole, broken, strict=True) if not found)
    return kept, tuple(finding for found in broken for finding in found)


def _broken(snapshot: Sequence[OptionChain]) -> tuple[ChainFinding, ...]:
    return tuple(
        finding
        for chain in snapshot
        for finding in prepare_chain(chain).findings
        if finding.kind is ChainFindingKind.BROKEN_SNAPSHOT
    )


def _history(file: GridVenueFile, coins: tuple[str, ...]) -> SpotHistory:
    """Closes at the end of their bars, hours that all coins have; a later file's stand."""
    closes: list[dict[int, float]] = [{} for _ in coins]
    for entry in file.config.grid.spot:
        for own, found in zip(closes, _spot(file, entry, coins), strict=True):
            own |= found
    times = sorted(set.intersection(*(set(own) for own in closes)))
    if not times:
        raise DataError(
            "must have hours with a close of every coin", found="none", field="grid.spot"
        )
    return SpotHistory(
        coins=coins,
        time_ns=np.array(times, dtype=np.int64),
        close=np.array([[own[t] for own in closes] for t in times]),
    )


def _spot(file: GridVenueFile, entry: SpotFile, coins: tuple[str, ...]) -> list[dict[int, float]]:
    symbols = [entry.symbols.get(coin, coin) for coin in coins]
    bars = read_bars(
        file.resolve(entry.path),
        FileFormat(entry.format),
        price_kind=entry.price_kind,
        columns=_columns(entry),
        symbols=symbols,
        since=instant_ns(entry.since),
        until=instant_ns(entry.until),
    )
    found = []
    for symbol in symbols:
        if symbol not in bars:
            raise DataError(
                "must be in the file", found=symbol, field=f"grid.spot, {Path(entry.path).name}"
            )
        own = bars[symbol]
        good = np.isfinite(own.close) & (own.close > 0.0)
        ends = (own.time_ns[good] + HOUR_NS).tolist()
        found.append(dict(zip(ends, own.close[good].tolist(), strict=True)))
    return found


def _index(file: GridVenueFile, coin: str) -> VolIndexHistory:
    """Daily closes of the volatility index at the end of their day."""
    entry = file.config.grid.volatility_index
    bars = read_bars(
        file.resolve(entry.path),
        FileFormat(entry.format),
        price_kind=PriceKind.INDEX,
        columns=_columns(entry),
        market=coin,
        interval_ns=DAY_NS,
    )
    (own,) = bars.values()
    good = np.isfinite(own.close) & (own.close > 0.0)
    return VolIndexHistory(
        time_ns=np.array(own.time_ns[good] + DAY_NS), value=np.array(own.close[good]) / _PER_CENT
    )


def _columns(entry: SpotFile | IndexFile) -> ColumnMap:
    """Columns as the reader takes them."""
    named = entry.columns
    unit = None if entry.time_unit is None else TimeUnit(entry.time_unit)
    return ColumnMap(time=named.time, close=named.close, symbol=named.symbol, time_unit=unit)


def _chains_digest(snapshots: Sequence[Sequence[OptionChain]]) -> str:
    digest = hashlib.sha256()
    for snapshot in snapshots:
        for chain in snapshot:
            digest.update(f"{chain.pair.base} {chain.at_ns} {len(chain)}\n".encode())
            digest.update("\n".join(chain.names).encode())
            for name in _COLUMNS:
                digest.update(_bytes_of(getattr(chain, name)))
    return digest.hexdigest()


def _digest(*arrays: NDArray[np.generic]) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(_bytes_of(array))
    return digest.hexdigest()


def _bytes_of(array: NDArray[np.generic]) -> bytes:
    held = np.ascontiguousarray(array)
    return held.astype(held.dtype.newbyteorder("<"), copy=False).tobytes()
