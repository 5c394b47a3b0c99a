"""What is planted where: a fixed programme of faults, moved to quiet hours of each market."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from plimsoll.domain.finding import FindingKind
from plimsoll.domain.market import HOUR_NS, Bars, BoolArray
from plimsoll.sandbox import tampering as t
from plimsoll.sandbox.bars import bars_of
from plimsoll.sandbox.venue import PlantedFault, Truth

QUIET_HOURS = 36
QUIET_SIGMAS = 6.0

PROGRAMME: Mapping[str, tuple[tuple[float, t.Tamper], ...]] = {
    "KEEL/USDT:USDT": (
        (0.12, t.duplicate),
        (0.31, t.gap(5)),
        (0.55, t.conflicting_duplicate),
        (0.78, t.frozen(FindingKind.FLAT_OUTAGE, 6)),
    ),
    "MAST/USDT:USDT": (
        (0.16, t.unordered),
        (0.41, t.spike(1.30)),
        (0.68, t.impossible(0.0)),
        (0.83, t.off_grid),
    ),
    "HELM/USDT:USDT": (
        (0.14, t.spike(0.55)),
        (0.36, t.unit_slip(1000.0, 4)),
        (0.62, t.impossible(float("nan"))),
        (0.86, t.crossed_range),
    ),
    "SPAR/USDT:USDT": (
        (0.10, t.gap(7)),
        (0.23, t.gap(4)),
        (0.34, t.frozen(FindingKind.STALE_RUN, 36)),
        (0.45, t.gap(11)),
        (0.57, t.spike(2.2)),
        (0.71, t.gap(3)),
        (0.88, t.gap(9)),
    ),
    "BUOY/USDT:USDT": (),
    "HULK/USDT:USDT": ((0.18, t.unit_slip(0.01, 5)), (0.39, t.impossible(-1.0))),
    "KEEL/USD:KEEL": (
        (0.20, t.frozen(FindingKind.FLAT_OUTAGE, 8)),
        (0.48, t.unit_slip(100.0, 3)),
        (0.74, t.gap(4)),
    ),
    "MAST/USD:MAST": ((0.27, t.spike(0.70)), (0.59, t.frozen(FindingKind.STALE_RUN, 30))),
}
"""Market: (place as a share of the whole history, what is done there)."""

COMMON_OUTAGE_AT = 0.51
COMMON_OUTAGE_BARS = 3


def plant_all(
    rng: np.random.Generator, clean: Mapping[str, Bars], truth: Truth
) -> tuple[dict[str, Bars], tuple[PlantedFault, ...]]:
    """Spoil the bars by the programme; return them with the list of what was planted."""
    outage_ns = _quiet_time(rng, truth, COMMON_OUTAGE_AT, None)
    outage = t.gap(COMMON_OUTAGE_BARS, FindingKind.COMMON_OUTAGE)
    spoiled: dict[str, Bars] = {}
    planted: list[PlantedFault] = []
    for market, bars in clean.items():
        places = [(_quiet_time(rng, truth, at, market), do) for at, do in PROGRAMME[market]]
        spoiled[market], faults = _plant(bars, [*places, (outage_ns, outage)], truth)
        planted += [*_events(bars, truth), *faults]
    return spoiled, tuple(sorted(planted, key=lambda f: (f.market, f.first_ns, f.kind)))


def _plant(
    bars: Bars, places: list[tuple[int, t.Tamper]], truth: Truth
) -> tuple[Bars, list[PlantedFault]]:
    """Spoil one market at ``places`` (times of bars; those at which it has no bar are skipped)."""
    columns = {name: np.array(getattr(bars, name)) for name in (*t.PRICES, "volume")}
    columns["time_ns"] = np.array(bars.time_ns)
    planted = []
    for time_ns, tamper in places:
        row = int(np.searchsorted(columns["time_ns"], time_ns))
        if 0 < row < len(bars) and columns["time_ns"][row] == time_ns:
            columns, fault = tamper(columns, row, bars.market)
            planted.append(fault)
    if bars.time_ns[-1] > truth.time_ns[-1]:
        columns, fault = t.partial_last(columns, bars.market)
        planted.append(fault)
    return bars_of(bars.market, columns.pop("time_ns"), columns), planted


def _quiet_time(rng: np.random.Generator, truth: Truth, share: float, market: str | None) -> int:
    """A full hour near ``share`` of the history around which nothing great happens.

    A fault must be told from a true move by what it is, so no true jump stands next to it.
    """
    hours = truth.time_ns.size
    wanted = int((share + rng.uniform(-0.008, 0.008)) * hours)
    columns = range(len(truth.markets)) if market is None else [truth.column(market)]
    loud = np.zeros(hours, dtype=np.bool_)
    for column in columns:
        loud |= _loud(truth, column)
    near = np.convolve(loud, np.ones(2 * QUIET_HOURS + 1), mode="same") > 0.5
    quiet = np.flatnonzero(~near)
    return int(truth.time_ns[quiet[np.argmin(np.abs(quiet - wanted))]])


def _loud(truth: Truth, column: int) -> BoolArray:
    """(T,) hours with a jump or a move of more than six conditional standard deviations."""
    close = truth.close[:, column]
    moves = np.abs(np.diff(np.log(close), prepend=np.nan))
    large = moves > QUIET_SIGMAS * truth.diffusive_volatility[:, column]
    return np.asarray(large | (truth.jump[:, column] != 0.0))


def _events(bars: Bars, truth: Truth) -> Iterator[PlantedFault]:
    """Genuine events: a delisting; a ticker that named another coin before; a short history."""
    time = bars.time_ns
    if time[-1] < truth.time_ns[-1]:
        yield _event(
            FindingKind.DELISTING, bars, time.size - 1, time.size - 1, "delisted after a collapse"
        )
    breaks = np.flatnonzero(np.diff(time) > HOUR_NS)
    for row in breaks.tolist():
        yield _event(FindingKind.REUSED_TICKER, bars, row, row + 1, "another coin from here on")
        yield _event(FindingKind.SHORT_HISTORY, bars, row + 1, time.size - 1, "newly listed")


def _event(kind: FindingKind, bars: Bars, first: int, last: int, detail: str) -> PlantedFault:
    return PlantedFault(
        kind=kind,
        market=bars.market,
        first_ns=int(bars.time_ns[first]),
        last_ns=int(bars.time_ns[last]),
        bars=last - first + 1,
        genuine=kind is not FindingKind.REUSED_TICKER,
        detail=detail,
    )
