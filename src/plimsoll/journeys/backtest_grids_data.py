"""Chains, hourly closes and the volatility index of the study of scenario grids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from plimsoll.adapters.chains import read_chains
from plimsoll.adapters.files import ColumnMap, FileFormat, read_bars
from plimsoll.calibration.grids.held_out import Window, outside
from plimsoll.calibration.grids.listed_chain import ListedChain, listed_chain
from plimsoll.calibration.grids.spot_history import SpotHistory
from plimsoll.calibration.grids.surface_cells import DAY_NS, day_pairs
from plimsoll.calibration.grids.vol_response import VolIndexHistory
from plimsoll.domain.market import HOUR_NS, Bars, PriceKind
from plimsoll.domain.option_chain import ChainFinding, ChainFindingKind, OptionChain
from plimsoll.domain.table import iso_minute
from plimsoll.errors import DataError
from plimsoll.marketdata.chains import prepare_chain

COINS = ("BTC", "ETH")
CHAINS = "options/deribit_chains_*.parquet"
EARLY = "hourly/binance_spot_close_1h_2021_2025.parquet"
LATE = "hourly/binance_spot_ohlcv_1h.parquet"
INDEX = "vol/deribit_dvol_BTC_1d.parquet"
JOINT = "2024-10-01"
"""From here the later file stands: both agree, and its bars are whole."""
_PAIR_HOURS = 6.0
_EVER_NS = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GridData:
    """What the study reads.

    Parameters
    ----------
    snapshots : tuple of tuples of OptionChain
        The coins' chains of one instant, rising in time; broken ones left out.
    findings : tuple of ChainFinding
        Why some were left out.
    history : SpotHistory
    index : VolIndexHistory
    """

    snapshots: tuple[tuple[OptionChain, ...], ...]
    findings: tuple[ChainFinding, ...]
    history: SpotHistory
    index: VolIndexHistory

    def before(
        self, at_ns: int, without: Sequence[Window] = ()
    ) -> tuple[tuple[ListedChain, ...], ...]:
        """Snapshots before a time, as they can be held; without those within some windows."""
        early = self._within(0, at_ns, without)
        return tuple(listed(snapshot) for snapshot in early)

    def day_after_day(
        self, from_ns: int, until_ns: int | None = None, without: Sequence[Window] = ()
    ) -> tuple[tuple[tuple[ListedChain, ...], tuple[OptionChain, ...]], ...]:
        """Pairs of a snapshot and the one about a day later, within a time, without overlap.

        Those that touch one of the windows in ``without`` are left out.
        """
        late = self._within(from_ns, until_ns or _EVER_NS, without)
        at_ns = np.array([s[0].at_ns for s in late], dtype=np.int64)
        pairs = day_pairs(at_ns, tolerance_hours=_PAIR_HOURS, without=without).tolist()
        return tuple((listed(late[a]), late[b]) for a, b in pairs)

    def _within(
        self, from_ns: int, until_ns: int, without: Sequence[Window]
    ) -> list[tuple[OptionChain, ...]]:
        found = [s for s in self.snapshots if from_ns <= s[0].at_ns < until_ns]
        return outside([s[0].at_ns for s in found], found, without)


def listed(snapshot: Sequence[OptionChain]) -> tuple[ListedChain, ...]:
    """Return the usable part of each chain."""
    return tuple(listed_chain(chain) for chain in snapshot)


def grid_data(folder: Path) -> GridData:
    """Read everything.

    Raises
    ------
    DataError, DataFormatError
    """
    files = sorted(folder.glob(CHAINS))
    if not files:
        raise DataError(
            "must be there",
            found="no file",
            field=str(folder / CHAINS),
            remedy="give the folder of market data: --data, or the variable PLIMSOLL_DATA",
        )
    by_time: dict[int, dict[str, OptionChain]] = {}
    for chain in read_chains(files, currency=COINS):
        by_time.setdefault(chain.at_ns, {})[chain.pair.base] = chain
    whole = [tuple(s[c] for c in COINS) for _, s in sorted(by_time.items()) if len(s) == len(COINS)]
    broken = [_broken(snapshot) for snapshot in whole]
    return GridData(
        snapshots=tuple(s for s, found in zip(whole, broken, strict=True) if not found),
        findings=tuple(finding for found in broken for finding in found),
        history=_history(folder),
        index=_index(folder),
    )


def window(first: str, last: str) -> Window:
    """Return the starts from one UTC time to another."""
    return instant(first), instant(last)


def instant(text: str) -> int:
    """UTC ns of an ISO 8601 time."""
    return int(np.datetime64(text, "ns").astype(np.int64))


def finding_note(findings: Sequence[ChainFinding], snapshots: Mapping[str, int]) -> str:
    """Say which snapshots were left out."""
    told = "; ".join(f"{f.subject}: {f.detail}" for f in findings) or "none"
    return f"Snapshots left out as broken: {told}. Used: {dict(snapshots)}."


def _broken(snapshot: Sequence[OptionChain]) -> tuple[ChainFinding, ...]:
    return tuple(
        finding
        for chain in snapshot
        for finding in prepare_chain(chain).findings
        if finding.kind is ChainFindingKind.BROKEN_SNAPSHOT
    )


def _history(folder: Path) -> SpotHistory:
    """Closes of both files at the end of their bars, hours that all coins have."""
    early = _bars(folder / EARLY, until=JOINT)
    late = _bars(folder / LATE, since=JOINT)
    closes: list[dict[int, float]] = []
    for coin in COINS:
        own: dict[int, float] = {}
        for bars in (early[f"{coin}USDT"], late[f"{coin}USDT"]):
            own |= dict(zip((bars.time_ns + HOUR_NS).tolist(), bars.close.tolist(), strict=True))
        closes.append(own)
    times = sorted(set.intersection(*(set(own) for own in closes)))
    return SpotHistory(
        coins=COINS,
        time_ns=np.array(times, dtype=np.int64),
        close=np.array([[own[t] for own in closes] for t in times]),
    )


def _bars(path: Path, since: str | None = None, until: str | None = None) -> dict[str, Bars]:
    return read_bars(
        path,
        FileFormat.PARQUET,
        price_kind=PriceKind.SPOT_CLOSE,
        columns=ColumnMap(symbol="symbol"),
        symbols=[f"{coin}USDT" for coin in COINS],
        since=since,
        until=until,
    )


def _index(folder: Path) -> VolIndexHistory:
    """Daily closes of the volatility index at the end of their day."""
    bars = read_bars(
        folder / INDEX,
        FileFormat.PARQUET,
        price_kind=PriceKind.INDEX,
        columns=ColumnMap(close="dvol"),
        market=COINS[0],
        interval_ns=DAY_NS,
    )[COINS[0]]
    good = np.isfinite(bars.close) & (bars.close > 0.0)
    return VolIndexHistory(
        time_ns=np.array(bars.time_ns[good] + DAY_NS), value=np.array(bars.close[good]) / 100.0
    )


def span(snapshots: Sequence[Sequence[ListedChain]]) -> str:
    """First and last time of some snapshots."""
    first, last = (iso_minute(snapshots[at][0].at_ns) for at in (0, -1))
    return f"{first} to {last}"
