"""Prices of all markets as they were known, and the boundaries at which margins are set."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.field_summary import field_summary
from plimsoll.domain.market import DAY_NS, HOUR_NS, MarketHistory
from plimsoll.errors import InsufficientDataError, ParameterError, UsageError
from plimsoll.estimators.horizon.price_record import Boundaries, PriceRecord, price_record

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReturnsPanel:
    """Log prices of N markets, and D boundaries at which a margin is set from what was known.

    A bar that a check condemned is out of ``price``. Boundaries that fell between its arrival and
    that knowledge saw another panel: `replayed` names them, and `as_known` returns it, so that
    nothing is cleaned with knowledge from later (`plimsoll.estimators.reference.forecast`).

    Parameters
    ----------
    markets : tuple of N str
    price : (N, T) float64
        Log close of each hour, funding paid by a long compounded in; NaN without a usable print.
    interval_ns : int
    boundaries : Boundaries
        Times (D,) and the bars available at each.
    listed : (D, N) bool
        The market had traded and was listed, as far as was known at the boundary.
    records : tuple of N PriceRecord
        Each market with the times of its masks.
    """

    markets: tuple[str, ...]
    price: FloatArray
    interval_ns: int
    boundaries: Boundaries
    listed: BoolArray
    records: tuple[PriceRecord, ...]

    __repr__ = field_summary

    @property
    def log_price(self) -> FloatArray:
        """(T, N) log prices."""
        return self.price.T

    @property
    def time_ns(self) -> IntArray:
        """(D,) times of the boundaries."""
        return self.boundaries.time_ns

    @property
    def bars_per_day(self) -> int:
        """Bars of a day."""
        return self.boundaries.bars_per_day

    @property
    def boundaries_per_day(self) -> int:
        """Margins set on a day."""
        if self.time_ns.size < 2:
            return 1
        return int(DAY_NS // (self.time_ns[1] - self.time_ns[0]))

    @property
    def age_days(self) -> FloatArray:
        """(D, N) days that each market has been listed, holes left out."""
        return np.cumsum(self.listed, axis=0) / self.boundaries_per_day

    def bars_of(self, hours: int) -> int:
        """Return a span of hours in bars.

        Raises
        ------
        ParameterError
            Where it is none, or no whole number of bars.
        """
        bars, rest = divmod(hours * HOUR_NS, self.interval_ns)
        if bars < 1 or rest:
            raise ParameterError(
                f"must be a multiple of the bar length ({self.interval_ns / HOUR_NS:g} h)",
                found=f"{hours} h",
                field="horizon_hours",
                remedy="lengthen the horizon or bring finer bars",
            )
        return int(bars)

    def replayed(self) -> IntArray:
        """Boundaries that saw a bar of any market and did not know yet that it was bad."""
        days: set[int] = set()
        for record in self.records:
            days.update(_trusting(record, self.boundaries).tolist())
        return np.array(sorted(days), dtype=np.int64)

    def as_known(self, boundary: int) -> ReturnsPanel:
        """Return the panel that boundary saw, itself the last of its boundaries."""
        bars = int(self.boundaries.bars[boundary])
        at_ns = int(self.time_ns[boundary])
        seen = [_known_price(record, bars, at_ns) for record in self.records]
        return ReturnsPanel(
            markets=self.markets,
            price=np.array(seen),
            interval_ns=self.interval_ns,
            boundaries=Boundaries(
                time_ns=self.time_ns[: boundary + 1],
                bars=self.boundaries.bars[: boundary + 1],
                bars_per_day=self.bars_per_day,
            ),
            listed=self.listed[: boundary + 1],
            records=tuple(_settled(r, p) for r, p in zip(self.records, seen, strict=True)),
        )

    def only(self, columns: Iterable[int]) -> ReturnsPanel:
        """Return the panel of some of the markets."""
        rows = list(columns)
        return ReturnsPanel(
            markets=tuple(self.markets[i] for i in rows),
            price=self.price[rows],
            interval_ns=self.interval_ns,
            boundaries=self.boundaries,
            listed=self.listed[:, rows],
            records=tuple(self.records[i] for i in rows),
        )


def check_panel(panel: object) -> None:
    """Refuse what is no panel, a history above all.

    Raises
    ------
    UsageError
    """
    if not isinstance(panel, ReturnsPanel):
        raise UsageError(
            "must be a ReturnsPanel",
            found=type(panel).__name__,
            field="panel",
            remedy="make one of a MarketHistory: returns_panel(history)",
        )


def returns_panel(
    history: MarketHistory, *, markets: Iterable[str] | None = None, every_hours: int = 24
) -> ReturnsPanel:
    """Return the panel of a history, with a boundary every so many hours from midnight (UTC).

    Parameters
    ----------
    history : MarketHistory
        Checked and aligned (`plimsoll.marketdata.assembly.assemble`).
    markets : iterable of str, optional
        By default all.
    every_hours : int
        Divides 24: 24 sets margins at 00:00, 8 at 00:00, 08:00 and 16:00.

    Raises
    ------
    ParameterError, UsageError, InsufficientDataError
    """
    if every_hours < 1 or 24 % every_hours:
        raise ParameterError(
            "must divide 24",
            found=every_hours,
            field="every_hours",
            remedy="set margins every 24, 12, 8, 6, 4, 3, 2 or 1 hours",
        )
    names = tuple(history.markets if markets is None else markets)
    if not names or not len(history):
        raise InsufficientDataError("must hold a market and a bar", found=len(names), field="panel")
    set_at = _set_at(history, every_hours * HOUR_NS)
    records = tuple(price_record(history, name) for name in names)
    price = np.array([record.final for record in records])
    columns = [history.column(name) for name in names]
    seen = np.maximum.accumulate(np.isfinite(price), axis=1)
    rows = set_at.bars - 1
    listed = history.listed_as_known(rows, set_at.time_ns)[:, columns] & seen[:, rows].T
    return ReturnsPanel(
        markets=names,
        price=price,
        interval_ns=history.interval_ns,
        boundaries=set_at,
        listed=listed,
        records=records,
    )


def _set_at(history: MarketHistory, step_ns: int) -> Boundaries:
    """Multiples of ``step_ns`` (since a midnight) at which at least one bar is known."""
    available = history.available_ns
    first = -(-int(available[0]) // DAY_NS) * DAY_NS
    count = max(0, (int(available[-1]) - first) // step_ns + 1)
    if not count:
        raise InsufficientDataError("must reach over a midnight (UTC)", found=0, field="history")
    times = first + step_ns * np.arange(count, dtype=np.int64)
    return Boundaries(
        time_ns=times,
        bars=np.searchsorted(available, times, side="right").astype(np.int64),
        bars_per_day=DAY_NS // history.interval_ns,
    )


def _trusting(record: PriceRecord, at: Boundaries) -> IntArray:
    late, condemned = record.late_masks(at.time_ns)
    spans = [
        np.arange(np.searchsorted(at.bars, bar, side="right"), min(int(known), len(at)))
        for bar, known in zip(late, condemned, strict=True)
    ]
    return np.unique(np.concatenate([np.empty(0, dtype=np.int64), *spans])).astype(np.int64)


def _known_price(record: PriceRecord, bars: int, at_ns: int) -> FloatArray:
    trusted = record.mask_from_ns[:bars] > at_ns
    return np.where(trusted, record.log_price[:bars], np.nan)


def _settled(record: PriceRecord, price: FloatArray) -> PriceRecord:
    """The record as a boundary saw it: no bar of it is condemned any more."""
    never = np.full(price.size, np.iinfo(np.int64).max)
    return PriceRecord(
        market=record.market,
        log_price=price,
        mask_from_ns=never,
        available_ns=record.available_ns[: price.size],
        interval_ns=record.interval_ns,
    )
