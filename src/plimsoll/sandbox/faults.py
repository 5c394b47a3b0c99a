"""Faults planted at random into bars, of every kind, to measure how many of them are found.

Each planter takes bars in order, real or generated, and a generator of random numbers, and
returns spoiled bars with what was planted and where. Sizes are relative: to the market's own
volatility, or to its price. Bars planted into are SYNTHETIC from then on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from plimsoll.domain.finding import FindingKind
from plimsoll.domain.market import DAY_NS, Bars, FloatArray
from plimsoll.errors import InsufficientDataError, UsageError
from plimsoll.sandbox.venue import PlantedFault

_WARM_BARS = 800
_CLEAR_BARS = 60

Planter = Callable[[Bars, np.random.Generator], tuple[Bars, PlantedFault]]


def plant(kind: FindingKind, bars: Bars, rng: np.random.Generator) -> tuple[Bars, PlantedFault]:
    """Plant one fault of ``kind`` somewhere in ``bars``.

    Parameters
    ----------
    kind : FindingKind
        Any but those that need several markets (see `plant_common_outage`, `plant_migration` and
        `plant_twin_divergence`).
    bars : Bars
        In order; a kind about volume needs volumes.
    rng : numpy.random.Generator

    Returns
    -------
    bars, planted : Bars, PlantedFault
        The span of ``planted`` is the one the finding should have.

    Raises
    ------
    UsageError
        The kind cannot be planted into one market, or not into these bars.
    InsufficientDataError
        There is no place for it.
    """
    if kind not in PLANTERS:
        raise UsageError("must be a kind of one market's fault", found=kind.value, field="kind")
    return PLANTERS[kind](bars, rng)


def plant_gap(bars: Bars, rng: np.random.Generator) -> tuple[Bars, PlantedFault]:
    """Leave out 1 to 48 bars."""
    count = int(rng.integers(1, 49))
    return _cut(FindingKind.GAP, bars, _place(bars, rng), count)


def plant_relisting(bars: Bars, rng: np.random.Generator) -> tuple[Bars, PlantedFault]:
    """Leave out 31 to 120 days."""
    count = _days(bars, rng.uniform(31, 120))
    return _cut(FindingKind.RELISTING, bars, _place(bars, rng, after=count), count)


def plant_delisting(bars: Bars, rng: np.random.Generator) -> tuple[Bars, PlantedFault]:
    """End the series at least 31 days before its end."""
    row = _place(bars, rng, after=_days(bars, 31) + 1)
    return bars.take(slice(0, row + 1)), _planted(FindingKind.DELISTING, bars, row, row)


def plant_duplicate(bars: Bars, rng: np.random.Generator) -> tuple[Bars, PlantedFault]:
    """Deliver a bar twice."""
    row = _place(bars, rng)
    order = np.insert(np.arange(len(bars)), row + 1, row)
    return bars.take(order), _planted(FindingKind.DUPLICATE_BAR, bars, row, row, 2)


def plant_conflict(bars: Bars, rng: np.random.Generator) -> tuple[Bars, PlantedFault]:
    """Deliver a bar twice, the second time with other prices."""
    row = _place(bars, rng)
    twice = bars.take(np.insert(np.arange(len(bars)), row + 1, row))
    factor = np.exp(rng.choice([-1, 1]) * rng.uniform(0.0005, 0.05))
    spoiled = _scaled(twice, slice(row + 1, row + 2), factor)
    return spoiled, _planted(FindingKind.CONFLICTING_DUPLICATE, bars, row, row, 2)


def plant_disorder(bars: Bars, rng: np.random.Generator) -> tuple[Bars, PlantedFault]:
    """Deliver 1 to 5 bars up to 12 places late."""
    row, count = _place(bars, rng), int(rng.integers(1, 6))
    rows = np.arange(len(bars))
    late = int(rng.integers(1, 13))
    moved = np.insert(np.delete(rows, slice(row, row + count)), row + late, rows[row : row + count])
    return bars.take(moved), _planted(FindingKind.UNORDERED_BAR, bars, row, row + count - 1)


def plant_off_grid(bars: Bars, rng: np.random.Generator) -> tuple[Bars, PlantedFault]:
    """Stamp a bar 1 % to 99 % of an interval late."""
    row = _place(bars, rng)
    time_ns = bars.time_ns.copy()
    time_ns[row] += int(rng.uniform(0.01, 0.99) * bars.interval_ns)
    spoiled = replace(bars, time_ns=time_ns)
    return spoiled, _planted(FindingKind.OFF_GRID_TIME, spoiled, row, row)


def plant_stale(bars: Bars, rng: np.random.Generator) -> tuple[Bars, PlantedFault]:
    """Repeat a close for 26 to 96 bars."""
    row, count = _place(bars, rng, after=100), int(rng.integers(26, 97))
    spoiled = _frozen(bars, row, count)
    return spoiled, _planted(FindingKind.STALE_RUN, bars, row, row + count - 1)


def plant_flat_outage(bars: Bars, rng: np.random.Generator) -> tuple[Bars, PlantedFault]:
    """Fill 1 to 12 bars with the close before and no volume."""
    row, count = _place(bars, rng), int(rng.integers(1, 13))
    spoiled = _silenced(_frozen(bars, row, count), row, count)
    return spoiled, _planted(FindingKind.FLAT_OUTAGE, bars, row, row + count - 1)


def plant_untraded(bars: Bars, rng: np.random.Generator) -> tuple[Bars, PlantedFault]:
    """Take the volume from a bar whose price moved."""
    row = _place(bars, rng)
    while bars.close[row] == bars.close[row - 1] or _is_flat(bars, row):
        row = _place(bars, rng)
    return _silenced(bars, row, 1), _planted(FindingKind.UNTRADED_PRICE, bars, row, row)


def plant_impossible(bars: Bars, rng: np.random.Generator) -> tuple[Bars, PlantedFault]:
    """Put in a close that is zero, negative, infinite or missing, or a high below the low."""
    row = _place(bars, rng)
    faults = [0.0, -float(bars.close[row]), np.inf, np.nan]
    pick = int(rng.integers(0, 5 if bars.high is not None else 4))
    planted = _planted(FindingKind.IMPOSSIBLE_PRICE, bars, row, row)
    if pick == 4 and bars.high is not None and bars.low is not None:
        high = bars.high.copy()
        high[row] = bars.low[row] * rng.uniform(0.9, 0.999)
        return replace(bars, high=high), planted
    close = bars.close.copy()
    close[row] = faults[pick]
    return replace(bars, close=close), planted


def plant_unit_slip(bars: Bars, rng: np.random.Generator) -> tuple[Bars, PlantedFault]:
    """Give 1 to 36 bars in another unit: 100 or 1000 times, or that part of, the price."""
    row, count = _place(bars, rng, after=100), int(rng.integers(1, 37))
    factor = float(rng.choice([100.0, 1000.0, 0.01, 0.001]))
    spoiled = _scaled(bars, slice(row, row + count), factor)
    return spoiled, _planted(FindingKind.UNIT_SLIP, bars, row, row + count - 1)


def plant_spike(bars: Bars, rng: np.random.Generator) -> tuple[Bars, PlantedFault]:
    """Put 1 or 2 bars 20 to 80 volatilities off, at most to a quarter or four times the price."""
    row, count = _place(bars, rng), int(rng.integers(1, 3))
    factor = np.exp(rng.choice([-1, 1]) * _size(bars, row, rng, 20, 80, np.log(4.0)))
    spoiled = _scaled(bars, slice(row, row + count), factor)
    return spoiled, _planted(FindingKind.REVERTING_SPIKE, bars, row, row + count - 1)


def plant_jump(bars: Bars, rng: np.random.Generator) -> tuple[Bars, PlantedFault]:
    """Move the price for good by 35 to 90 volatilities, at most to a quarter or four times."""
    row = _place(bars, rng)
    factor = np.exp(rng.choice([-1, 1]) * _size(bars, row, rng, 35, 90, np.log(4.0)))
    spoiled = _scaled(bars, slice(row, len(bars)), factor)
    return spoiled, _planted(FindingKind.SUSPICIOUS_MOVE, bars, row, row)


def plant_reuse(bars: Bars, rng: np.random.Generator) -> tuple[Bars, PlantedFault]:
    """Go on after 3 to 29 days at a price 8 to 10,000 times higher or lower."""
    count = _days(bars, rng.uniform(3, 29))
    row = _place(bars, rng, after=count)
    factor = np.exp(rng.choice([-1, 1]) * rng.uniform(np.log(8.0), np.log(1e4)))
    return _cut(FindingKind.REUSED_TICKER, _scaled(bars, slice(row, None), factor), row, count)


def plant_redenomination(bars: Bars, rng: np.random.Generator) -> tuple[Bars, PlantedFault]:
    """Go on, at once or after up to three days, at 10, 100, 1,000 or 10,000 times or parts."""
    halt = int(rng.integers(0, 2)) * int(rng.integers(1, max(2, _days(bars, 3))))
    row = _place(bars, rng, after=halt + 100)
    factor = float(rng.choice([10.0, 100.0, 1e3, 1e4])) ** int(rng.choice([-1, 1]))
    return _cut(FindingKind.REDENOMINATION, _scaled(bars, slice(row, None), factor), row, halt)


def plant_partial_last(bars: Bars, rng: np.random.Generator) -> tuple[Bars, PlantedFault]:
    """Replace the last close by one from within the bar."""
    close = bars.close.copy()
    close[-1] = close[-2] + rng.uniform(0.0, 0.8) * (close[-1] - close[-2])
    last = len(bars) - 1
    planted = _planted(FindingKind.PARTIAL_LAST_BAR, bars, last, last)
    return replace(bars, close=close), planted


def plant_short(bars: Bars, rng: np.random.Generator) -> tuple[Bars, PlantedFault]:
    """Keep 5 to 89 days only."""
    count = _days(bars, rng.uniform(5, 89))
    begin = _place(bars, rng, after=count)
    planted = _planted(FindingKind.SHORT_HISTORY, bars, begin, begin + count - 1)
    return bars.take(slice(begin, begin + count)), planted


def plant_common_outage(
    markets: Sequence[Bars], rng: np.random.Generator
) -> tuple[list[Bars], PlantedFault]:
    """Take the same 1 to 6 bars from all markets."""
    longest = max(markets, key=len)
    row, count = _place(longest, rng), int(rng.integers(1, 7))
    _, planted = _cut(FindingKind.COMMON_OUTAGE, longest, row, count)
    begin, end = planted.first_ns, planted.last_ns
    cut = [one.take((one.time_ns <= begin) | (one.time_ns >= end)) for one in markets]
    return cut, replace(planted, market="*")


def plant_migration(bars: Bars, rng: np.random.Generator) -> tuple[tuple[Bars, Bars], PlantedFault]:
    """Go on under another name after 1 hour to 7 days, in the same unit or another."""
    halt = max(0, _days(bars, rng.uniform(0.0, 7.0)) - 1)
    row = _place(bars, rng, after=max(halt, _days(bars, 45)))
    factor = float(rng.choice([1.0, 10.0, 1e3, 0.1, 1e-3]))
    last = bars.close[row - 1] * factor * np.exp(rng.uniform(-0.02, 0.02))
    new = bars.take(slice(row + halt, None))
    new = replace(new, market=f"{bars.market}-NEW")
    new = _scaled(new, slice(0, None), float(last / new.close[0]))
    planted = PlantedFault(
        kind=FindingKind.TOKEN_MIGRATION,
        market=new.market,
        first_ns=int(bars.time_ns[row - 1]),
        last_ns=int(new.time_ns[0]),
        bars=1,
    )
    return (bars.take(slice(0, row)), new), planted


def plant_twin_divergence(
    bars: Bars, rng: np.random.Generator
) -> tuple[tuple[Bars, Bars], PlantedFault]:
    """Add a wrapped form within 0.5 %, and put 1 to 48 of its bars 15 % to 50 % off."""
    noise = np.exp(rng.uniform(0.0005, 0.005) * rng.standard_normal(len(bars)))
    wrapped = replace(bars, market=f"W{bars.market}", close=bars.close * noise)
    wrapped = replace(wrapped, open=None, high=None, low=None)
    row = int(rng.integers(2 * _days(bars, 180), len(bars) - _CLEAR_BARS))
    count = int(rng.integers(1, 49))
    factor = np.exp(rng.choice([-1, 1]) * rng.uniform(0.15, 0.5))
    spoiled = _scaled(wrapped, slice(row, row + count), factor)
    return (bars, spoiled), _planted(FindingKind.TWIN_DIVERGENCE, spoiled, row, row + count - 1)


def _place(bars: Bars, rng: np.random.Generator, after: int = 0) -> int:
    """Row with enough bars before it, and no hole near it nor within ``after`` bars."""
    begin, end = min(_WARM_BARS, len(bars) // 2), len(bars) - after - _CLEAR_BARS
    if end > begin:
        for row in rng.integers(begin, end, size=1000).tolist():
            span = bars.time_ns[row + after + _CLEAR_BARS - 1] - bars.time_ns[row - _CLEAR_BARS]
            if span == (after + 2 * _CLEAR_BARS - 1) * bars.interval_ns:
                return int(row)
    raise InsufficientDataError(
        "must have a stretch without holes to plant into",
        found=len(bars),
        field=bars.market,
        remedy="give a longer series",
    )


def _days(bars: Bars, days: float) -> int:
    return max(1, round(days * DAY_NS / bars.interval_ns))


def _size(
    bars: Bars, row: int, rng: np.random.Generator, least: float, most: float, limit: float
) -> float:
    """Random log size, in volatilities of the bars before, up to the limit."""
    close = bars.close[max(0, row - _WARM_BARS) : row]
    moves = np.abs(np.diff(np.log(close[np.isfinite(close) & (close > 0)])))
    moves = moves[moves > 0]
    volatility = 1.4826 * float(np.median(moves)) if moves.size else 0.0
    return float(min(rng.uniform(least, most) * volatility, limit))


def _planted(
    kind: FindingKind, bars: Bars, first: int, last: int, count: int | None = None
) -> PlantedFault:
    return PlantedFault(
        kind=kind,
        market=bars.market,
        first_ns=int(bars.time_ns[first]),
        last_ns=int(bars.time_ns[last]),
        bars=last - first + 1 if count is None else count,
    )


def _cut(kind: FindingKind, bars: Bars, row: int, count: int) -> tuple[Bars, PlantedFault]:
    """Leave out ``count`` bars from ``row``; the span is from the bar before to the one after."""
    keep = np.ones(len(bars), dtype=bool)
    keep[row : row + count] = False
    return bars.take(keep), _planted(kind, bars, row - 1, row + count, count)


def _scaled(bars: Bars, rows: slice, factor: float) -> Bars:
    """Multiply the prices at ``rows``, and divide the volumes."""

    def scaled(column: FloatArray | None, by: float) -> FloatArray | None:
        if column is None:
            return None
        changed = column.copy()
        changed[rows] *= by
        return changed

    close = bars.close.copy()
    close[rows] *= factor
    return replace(
        bars,
        close=close,
        open=scaled(bars.open, factor),
        high=scaled(bars.high, factor),
        low=scaled(bars.low, factor),
        volume=scaled(bars.volume, 1.0 / factor),
    )


def _frozen(bars: Bars, row: int, count: int) -> Bars:
    def frozen(column: FloatArray | None) -> FloatArray | None:
        return None if column is None else _held(column, row, count, float(bars.close[row - 1]))

    close = _held(bars.close, row, count, float(bars.close[row - 1]))
    prices = [frozen(column) for column in (bars.open, bars.high, bars.low)]
    return replace(bars, close=close, open=prices[0], high=prices[1], low=prices[2])


def _held(column: FloatArray, row: int, count: int, price: float) -> FloatArray:
    held = column.copy()
    held[row : row + count] = price
    return held


def _silenced(bars: Bars, row: int, count: int) -> Bars:
    if bars.volume is None:
        raise UsageError("must have volumes for this kind of fault", field=bars.market)
    volume = bars.volume.copy()
    volume[row : row + count] = 0.0
    return replace(bars, volume=volume)


def _is_flat(bars: Bars, row: int) -> bool:
    return bars.high is not None and bars.low is not None and bars.high[row] == bars.low[row]


PLANTERS: Mapping[FindingKind, Planter] = {
    FindingKind.GAP: plant_gap,
    FindingKind.RELISTING: plant_relisting,
    FindingKind.DELISTING: plant_delisting,
    FindingKind.DUPLICATE_BAR: plant_duplicate,
    FindingKind.CONFLICTING_DUPLICATE: plant_conflict,
    FindingKind.UNORDERED_BAR: plant_disorder,
    FindingKind.OFF_GRID_TIME: plant_off_grid,
    FindingKind.STALE_RUN: plant_stale,
    FindingKind.FLAT_OUTAGE: plant_flat_outage,
    FindingKind.UNTRADED_PRICE: plant_untraded,
    FindingKind.IMPOSSIBLE_PRICE: plant_impossible,
    FindingKind.UNIT_SLIP: plant_unit_slip,
    FindingKind.REVERTING_SPIKE: plant_spike,
    FindingKind.SUSPICIOUS_MOVE: plant_jump,
    FindingKind.REUSED_TICKER: plant_reuse,
    FindingKind.REDENOMINATION: plant_redenomination,
    FindingKind.PARTIAL_LAST_BAR: plant_partial_last,
    FindingKind.SHORT_HISTORY: plant_short,
}
"""Planter of each kind that concerns one market."""
