"""The bars since a calibration, on the panel of the state, and whether they follow on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plimsoll.adapters.files.columns import ColumnMap
from plimsoll.adapters.files.digest import bars_digest
from plimsoll.adapters.files.read import read_bars
from plimsoll.adapters.files.time_units import TimeUnit
from plimsoll.domain.finding import Action, FindingKind, FindingPolicy
from plimsoll.domain.market import DAY_NS, Bars, MarketHistory
from plimsoll.domain.table import iso_minute
from plimsoll.errors import DataError, InsufficientDataError, UsageError
from plimsoll.estimators.horizon.price_record import PriceRecord
from plimsoll.estimators.reference.panel import ReturnsPanel, returns_panel
from plimsoll.journeys.recalibrate_state import REMEDY, WarmSource, WarmState
from plimsoll.marketdata.assembly import Assembly, assemble
from plimsoll.marketdata.checking import closed_by
from plimsoll.marketdata.funding import with_funding

FloatArray = NDArray[np.float64]

WINDOW_DAYS = 45
"""Days before the state that are read too: what the data checks look back on."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FollowingBars:
    """Bars after a state.

    Parameters
    ----------
    panel : ReturnsPanel
        Of the state's pool, in its order; begins before the state.
    as_of_ns : int
    bars : int
        How many are new.
    digest : str
        Of the new bars.
    history : MarketHistory
        The same bars, as known on the day.
    columns : mapping of str to int
        Column in the history of each market of the pool that has one.
    """

    panel: ReturnsPanel
    as_of_ns: int
    bars: int
    digest: str
    history: MarketHistory
    columns: Mapping[str, int]


def following_bars(
    state: WarmState, folder: Path, variables: Mapping[str, str], as_of_ns: int | None
) -> FollowingBars:
    """Read what followed on a state, check it, and hold it against what the state saw.

    Parameters
    ----------
    folder : Path
        Of the venue file, from which relative paths start.
    as_of_ns : int or None
        Midnight; None: the last within the data.

    Raises
    ------
    UsageError
        For a midnight before the state's, or after the data.
    DataError
        Where the bars do not follow on the state's: a gap, another past, a fault found since.
    """
    since = state.panel.time_ns - WINDOW_DAYS * DAY_NS
    # A later bar proves that the last one had closed.
    until = None if as_of_ns is None else as_of_ns + DAY_NS
    read = _read(state.source, folder, variables, since, until)
    at_ns = _as_of(state, read, as_of_ns)
    assembly = assemble(read, _of_window(state.policy), until_ns=at_ns)
    history = _funded(assembly, state.source, folder, variables).before(at_ns)
    place = _places(state, assembly, history)
    panel = _panel(state, history, place)
    _check_follows(state, history, panel, at_ns)
    new = {name: _after(closed_by(one, at_ns), state.panel.time_ns) for name, one in read.items()}
    return FollowingBars(
        panel=panel,
        as_of_ns=at_ns,
        bars=(at_ns - state.panel.time_ns) // state.source.interval_ns,
        digest=bars_digest(new),
        history=history,
        columns=place,
    )


def _of_window(policy: FindingPolicy) -> FindingPolicy:
    """The policy on findings of a window, which is no short history."""
    return FindingPolicy(actions={**policy.actions, FindingKind.SHORT_HISTORY: Action.KEEP})


def _read(
    source: WarmSource,
    folder: Path,
    variables: Mapping[str, str],
    since_ns: int,
    until_ns: int | None,
) -> dict[str, Bars]:
    if source.path is None:
        from plimsoll.sandbox import generate

        made = generate(source.seed).bars
        kept = {name: made[name] for name in source.symbols if name in made}
        return {name: _after(one, since_ns) for name, one in kept.items()}
    columns = None
    if source.columns is not None:
        unit = None if source.time_unit is None else TimeUnit(source.time_unit)
        columns = ColumnMap(**dict(source.columns), time_unit=unit)
    return read_bars(
        _path(source.path, folder, variables),
        source.format,
        price_kind=source.price_kind,
        columns=columns,
        interval_ns=source.interval_ns,
        symbols=source.symbols,
        since=since_ns,
        until=until_ns,
    )


def _path(text: str, folder: Path, variables: Mapping[str, str]) -> Path:
    return folder / Path(Template(text).safe_substitute(variables)).expanduser()


def _after(bars: Bars, since_ns: int) -> Bars:
    return bars.take(np.flatnonzero(bars.time_ns >= since_ns))


def _as_of(state: WarmState, read: Mapping[str, Bars], as_of_ns: int | None) -> int:
    """The midnight asked for, or the last within the data (of their median end)."""
    step = state.source.interval_ns
    ends = [int(one.time_ns.max()) + step for one in read.values() if len(one)]
    if not ends:
        raise InsufficientDataError(
            "must hold bars since the calibration", found="none", field="data.prices"
        )
    last = max(ends) // DAY_NS * DAY_NS
    at = (int(np.median(ends)) - 1) // DAY_NS * DAY_NS if as_of_ns is None else as_of_ns
    if not state.panel.time_ns <= at <= last:
        raise UsageError(
            "must not lie before the calibration, nor after the last whole day of the data",
            found=iso_minute(at)[:10],
            field="as_of",
            remedy=f"the state is of {iso_minute(state.panel.time_ns)[:10]}, the data reach to "
            f"{iso_minute(max(ends))} (UTC)",
        )
    return at


def _funded(
    assembly: Assembly, source: WarmSource, folder: Path, variables: Mapping[str, str]
) -> MarketHistory:
    history, paid = assembly.history, source.funding
    if source.path is None or paid is None:
        return _sandbox_funding(assembly, source) if source.path is None else history
    from plimsoll.adapters.files.funding import FundingColumns, read_funding

    options: dict[str, Any] = dict(paid)
    unit = options["time_unit"]
    rates = read_funding(
        _path(str(options["path"]), folder, variables),
        options["format"],
        columns=FundingColumns(
            unit=options["unit"],
            time_unit=None if unit is None else TimeUnit(unit),
            **options["columns"],
        ),
        symbols=source.symbols,
    )
    return with_funding(
        history,
        {
            market: (rates[ticker].time_ns, rates[ticker].rate)
            for market in history.markets
            if (ticker := assembly.sources.get(market, market)) in rates
        },
    )


def _sandbox_funding(assembly: Assembly, source: WarmSource) -> MarketHistory:
    from plimsoll.sandbox import generate

    paid = generate(source.seed).funding
    return with_funding(
        assembly.history,
        {
            market: (paid[ticker].time_ns, paid[ticker].rate)
            for market in assembly.history.markets
            if (ticker := assembly.sources.get(market, market)) in paid
        },
    )


def _places(state: WarmState, assembly: Assembly, history: MarketHistory) -> dict[str, int]:
    """Column in the window of each market of the pool that has one."""
    return {
        market: j
        for j, market in enumerate(history.markets)
        if assembly.sources.get(market, market) == state.pool_sources.get(market)
    }


def _panel(state: WarmState, history: MarketHistory, place: Mapping[str, int]) -> ReturnsPanel:
    """The window on the pool's markets, in the state's order; one without bars never prints."""
    seen = returns_panel(history)
    silent = PriceRecord(
        market="",
        log_price=np.full(len(history), np.nan),
        mask_from_ns=np.full(len(history), np.iinfo(np.int64).max),
        available_ns=history.available_ns,
        interval_ns=history.interval_ns,
    )
    pool = state.panel.markets
    records = tuple(seen.records[place[m]] if m in place else silent for m in pool)
    listed = np.zeros((seen.time_ns.size, len(pool)), dtype=bool)
    for j, market in enumerate(pool):
        if market in place:
            listed[:, j] = seen.listed[:, place[market]]
    price = np.array([record.final for record in records])
    return ReturnsPanel(
        markets=pool,
        price=price + _shift(state, history, price),
        interval_ns=seen.interval_ns,
        boundaries=seen.boundaries,
        listed=listed,
        records=records,
    )


def _shift(state: WarmState, history: MarketHistory, price: FloatArray) -> FloatArray:
    """(M, 1) funding paid before the window: what log prices of the state are under its own."""
    if history.funding is None:
        return np.zeros((price.shape[0], 1))
    rows = np.searchsorted(history.time_ns, state.time_ns)
    gap = np.where(rows < len(history), state.log_price.T - price[:, rows % len(history)], np.nan)
    known = np.isfinite(gap)
    last = gap.shape[1] - 1 - np.argmax(known[:, ::-1], axis=1)
    found = gap[np.arange(gap.shape[0]), last]
    return np.where(known.any(axis=1), found, 0.0)[:, None]


def _check_follows(
    state: WarmState, history: MarketHistory, panel: ReturnsPanel, at_ns: int
) -> None:
    """Refuse bars that do not continue what the state saw."""
    rows = np.searchsorted(history.time_ns, state.time_ns)
    if not np.array_equal(history.time_ns[np.minimum(rows, len(history) - 1)], state.time_ns):
        raise _refused("must hold the bars that the state saw", "other times of bars")
    for j, market in enumerate(state.panel.markets):
        old, new = state.log_price[:, j], panel.price[j, rows]
        tolerance = 0.0 if history.funding is None else 1e-9
        same = (np.abs(old - new) <= tolerance) | (np.isnan(old) & np.isnan(new))
        if not same.all():
            at = int(state.time_ns[np.argmin(same)])
            raise _refused(
                "must hold the bars that the state saw",
                f"another price, or another finding on it, of {market} at {iso_minute(at)} UTC",
            )
    step, first = state.source.interval_ns, state.panel.time_ns
    due = first + step * np.arange(1, (at_ns - first) // step + 1, dtype=np.int64)
    new = panel.price[:, np.isin(history.available_ns, due)]
    # Where the data end with the last bar, nothing proves that it has closed.
    last = np.arange(new.shape[1]) == due.size - 1
    printed = np.isfinite(new).any(axis=0) | last
    if new.shape[1] != due.size or not printed.all():
        missing = due[0] if new.shape[1] != due.size else due[np.argmin(printed)]
        raise _refused(
            "must follow on each other without a gap of all markets",
            f"none known at {iso_minute(int(missing))} UTC",
        )


def _refused(must: str, found: str) -> DataError:
    return DataError(must, found=found, field="data.prices", remedy=REMEDY)
