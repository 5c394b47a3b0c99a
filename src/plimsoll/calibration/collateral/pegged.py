"""Assets held to a peg: two regimes, calm and depegged.

A peg breaks once in years, so that its loss is further out than any quantile of a quiet year. With
hazard ``lambda`` the peg breaks within the horizon with ``p = 1 - exp(-lambda h)``, and then loses
what breaks of its class have cost. The loss is calm with ``1 - p``, a broken peg's with ``p``;
since ``p`` lies below the tail that is asked, the risk is the mixture's expected shortfall, not
its quantile.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.domain.market import DAY_NS
from plimsoll.errors import InsufficientDataError, ParameterError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

HOURS_A_YEAR = 8760.0
DEPEG = 0.01
"""Fall below the peg that is a break."""
EVENT_DAYS = 7
"""In which a break goes as deep as is counted."""


class PegKind(StrEnum):
    """What an asset is held to, and by what."""

    RESERVES = "reserves"  # dollars or euros in a bank
    SYNTHETIC = "synthetic"  # a hedge, or an algorithm
    STAKED = "staked"  # a coin that can be redeemed with delay
    WRAPPED = "wrapped"  # a coin on another chain


@dataclass(frozen=True, slots=True, kw_only=True)
class DepegEvent:
    """One break of a peg: when it was known how deep it went, and the share lost at worst."""

    asset: str
    kind: PegKind
    known_ns: int
    loss: float

    def __post_init__(self) -> None:
        if not 0.0 < self.loss <= 1.0:
            raise ParameterError("must lie in (0, 1]", found=self.loss, field="loss")


def _day(text: str) -> int:
    return int(np.datetime64(text, "ns").astype(np.int64))


INCIDENTS = (
    DepegEvent(asset="UST", kind=PegKind.SYNTHETIC, known_ns=_day("2022-05-14"), loss=0.78),
    DepegEvent(asset="STETH", kind=PegKind.STAKED, known_ns=_day("2022-06-14"), loss=0.06),
    DepegEvent(asset="USDC", kind=PegKind.RESERVES, known_ns=_day("2023-03-12"), loss=0.13),
    DepegEvent(asset="USDE", kind=PegKind.SYNTHETIC, known_ns=_day("2025-10-11"), loss=0.35),
)
"""Breaks on record that price files may have missed: the lows of the books, in public reports."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PegRecord:
    """What is known of the breaks of a class: losses, and the years its assets were watched."""

    losses: tuple[float, ...]
    asset_years: float

    @property
    def hazard_annual(self) -> float:
        """Breaks a year: ``(n + 1/2) / years`` (Jeffreys), above nothing where none was seen."""
        return (len(self.losses) + 0.5) / self.asset_years

    @property
    def hazard_error(self) -> float:
        """Standard deviation of the Gamma posterior."""
        return math.sqrt(len(self.losses) + 0.5) / self.asset_years


def peg_record(
    events: Iterable[DepegEvent], kind: PegKind, asset_years: float, at_ns: int
) -> PegRecord:
    """Return what was known of a class at an instant.

    Raises
    ------
    InsufficientDataError
        Where no break of the class is on record: it has no loss to expect.
    ParameterError
        For years that are not positive.
    """
    if not asset_years > 0.0:
        raise ParameterError("must be positive", found=asset_years, field="asset_years")
    losses = tuple(e.loss for e in events if e.kind is kind and e.known_ns <= at_ns)
    if not losses:
        raise InsufficientDataError(
            "must hold a break of the class on record",
            found=0,
            field=f"events of {kind.value}",
            remedy="take the losses of the nearest class",
        )
    return PegRecord(losses=losses, asset_years=asset_years)


def depeg_events(
    asset: str,
    kind: PegKind,
    log_ratio: FloatArray,
    time_ns: IntArray,
    *,
    threshold: float = DEPEG,
) -> tuple[DepegEvent, ...]:
    """Find the breaks of a peg: a fall of at least ``threshold`` below it, and its depth in a week.

    It lasts until the price is back within half of that: a discount of months is one break.

    Parameters
    ----------
    log_ratio : (T,) float64
        Log of price over peg; NaN without a print.
    time_ns : (T,) int64
        When each price was known.
    """
    below = np.nan_to_num(-np.expm1(log_ratio), nan=0.5 * threshold)
    found, row = [], 0
    starts = np.flatnonzero(below >= threshold)
    healed = np.flatnonzero(below < 0.5 * threshold)
    while (at := int(np.searchsorted(starts, row))) < starts.size:
        first = int(starts[at])
        last = int(np.searchsorted(time_ns, time_ns[first] + EVENT_DAYS * DAY_NS, side="left"))
        loss = min(float(below[first:last].max()), 1.0)
        known = int(time_ns[last - 1])
        found.append(DepegEvent(asset=asset, kind=kind, known_ns=known, loss=loss))
        after = int(np.searchsorted(healed, last))
        row = int(healed[after]) if after < healed.size else below.size
    return tuple(found)


def with_incidents(
    found: Iterable[DepegEvent], incidents: Iterable[DepegEvent] = INCIDENTS
) -> tuple[DepegEvent, ...]:
    """Return events by the time they were known; what a price file saw of an incident once."""
    listed = tuple(incidents)
    apart_ns = 2 * EVENT_DAYS * DAY_NS
    own = [
        e
        for e in found
        if not any(i.asset == e.asset and abs(i.known_ns - e.known_ns) < apart_ns for i in listed)
    ]
    return tuple(sorted((*own, *listed), key=lambda e: (e.known_ns, e.asset)))


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoRegimeTail:
    """Quantile and expected shortfall (log falls) of the mixture, and the chance of a break."""

    quantile: float
    shortfall: float
    break_probability: float


def two_regime_tail(
    calm_falls: ArrayLike, record: PegRecord, *, horizon_hours: float, confidence: float = 0.99
) -> TwoRegimeTail:
    """Return the exact tail of calm falls with ``1 - p`` and losses of broken pegs with ``p``.

    Parameters
    ----------
    calm_falls : array_like
        Log falls over the horizon while the peg held: those of at least `DEPEG` are left out, for
        they are breaks and counted as such.

    Raises
    ------
    InsufficientDataError
        Without a calm fall.
    """
    given = np.asarray(calm_falls, dtype=np.float64)
    calm = given[given < -math.log1p(-DEPEG)]
    if not calm.size:
        raise InsufficientDataError("must hold a calm move", found=0, field="calm_falls")
    chance = -math.expm1(-record.hazard_annual * horizon_hours / HOURS_A_YEAR)
    # A total loss has no log: what is left is taken as a hundredth of a per cent.
    broken = -np.log(np.maximum(1.0 - np.array(record.losses), 1e-4))
    falls = np.concatenate([np.maximum(calm, 0.0), broken])
    weight = np.concatenate(
        [np.full(calm.size, (1.0 - chance) / calm.size), np.full(broken.size, chance / broken.size)]
    )
    quantile, shortfall = weighted_tail(falls, weight, 1.0 - confidence)
    return TwoRegimeTail(quantile=quantile, shortfall=shortfall, break_probability=chance)


def weighted_tail(values: FloatArray, weight: FloatArray, tail: float) -> tuple[float, float]:
    """Return the value exceeded with at most ``tail``, and the mean of the worst ``tail``.

    Weights add up to 1; the atom at the quantile is split.

    >>> weighted_tail(np.array([0.0, 0.1]), np.array([0.995, 0.005]), 0.01)
    (0.0, 0.05)
    """
    order = np.argsort(values)[::-1]
    ordered, mass = values[order], np.cumsum(weight[order])
    taken = np.minimum(mass, tail) - np.minimum(mass - weight[order], tail)
    at = min(int(np.searchsorted(mass, tail, side="right")), ordered.size - 1)
    return float(ordered[at]), float(ordered @ taken) / tail
