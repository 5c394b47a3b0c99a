"""Risk units that are underlyings: which contracts stand in one, and their expiries as groups."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.instrument import Future, Instrument, Option, Payoff, Spot
from plimsoll.domain.listing import listing_of
from plimsoll.domain.market import DAY_NS
from plimsoll.domain.parameters import ParameterSet
from plimsoll.margin.governed import parameters_of

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
T = TypeVar("T")

DOLLAR = "USD"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UnderlyingGroups:
    """N markets by underlying, and within it by expiry; perpetuals and spot are one group.

    Parameters
    ----------
    units : tuple of R str
        Underlyings, in order of first appearance.
    group_of_row : (N + 1,) int64
        The last row is whatever nobody knows; its group means nothing.
    unit_of_group : (K,) int64
    days_of_group : (K,) float64
        Days to expiry, 0 without one.
    """

    units: tuple[str, ...]
    group_of_row: IntArray
    unit_of_group: IntArray
    days_of_group: FloatArray

    @property
    def unit_of_row(self) -> IntArray:
        """(N,) risk unit of each market."""
        return self.unit_of_group[self.group_of_row[:-1]]


def underlying(instrument: Instrument) -> str:
    """Name the risk unit of an instrument: its base coin, told apart from others of its ticker.

    >>> from plimsoll.domain.instrument import Pair, Spot
    >>> underlying(Spot(pair=Pair(base="BTC", quote="USDT")))
    'BTC'
    >>> underlying(Spot(pair=Pair(base="LUNA", quote="USDT", generation=2)))
    'LUNA.2'
    """
    pair = instrument.pair
    name = pair.base if pair.generation == 1 else f"{pair.base}.{pair.generation}"
    return f"{name}@{pair.origin}" if pair.origin else name


def value_currency(instrument: Instrument) -> str:
    """Name the currency whose peg a contract's value hangs on: its quote, or the dollar.

    Spot and coin-settled contracts are worth dollars, whatever they are quoted in.
    """
    dollars = isinstance(instrument, Spot) or instrument.payoff is not Payoff.LINEAR
    return DOLLAR if dollars else instrument.pair.quote


def parameters_by_unit(
    kind: type[T], parameters: ParameterSet | Mapping[str, T], units: Sequence[str]
) -> dict[str, T]:
    """Return what is known of each risk unit; of a set, the governed fields of ``kind``.

    Raises
    ------
    UsageError
        Where a set names a unit and lacks a governed field that has no default.
    """
    found = {unit: parameters_of(kind, parameters, unit) for unit in units}
    return {unit: own for unit, own in found.items() if own is not None}


def contract_class(instrument: Instrument) -> str:
    """Spot, or what a contract settles in: what is not the same thing though it tracks it."""
    return "spot" if isinstance(instrument, Spot) else instrument.settle


def underlying_groups(
    instruments: Mapping[str, Instrument],
    at_ns: int,
    split: Callable[[Instrument], str] | None = None,
) -> UnderlyingGroups:
    """Group markets by underlying and expiry, in order of first appearance.

    Parameters
    ----------
    split : callable, optional
        What else parts groups, such as `contract_class`.
    """
    listing = listing_of(instruments)
    fixed = listing.column(
        ("underlying_groups", split), lambda: _fixed_groups(listing.instruments, split)
    )
    expires = fixed.expiry_ns > 0
    days = np.where(expires, np.maximum(fixed.expiry_ns - at_ns, 0) / DAY_NS, 0.0)
    return UnderlyingGroups(
        units=fixed.units,
        group_of_row=fixed.group_of_row,
        unit_of_group=fixed.unit_of_group,
        days_of_group=days.astype(np.float64),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _FixedGroups:
    """Groups as they are at any time; fields as `UnderlyingGroups`, expiries 0 without one."""

    units: tuple[str, ...]
    group_of_row: IntArray
    unit_of_group: IntArray
    expiry_ns: IntArray


def _fixed_groups(
    instruments: Sequence[Instrument], split: Callable[[Instrument], str] | None
) -> _FixedGroups:
    units: dict[str, int] = {}
    groups: dict[tuple[int, int, str], int] = {}
    of_row = []
    for instrument in instruments:
        unit = units.setdefault(underlying(instrument), len(units))
        end = instrument.expiry_ns if isinstance(instrument, Future | Option) else 0
        kind = "" if split is None else split(instrument)
        of_row.append(groups.setdefault((unit, end, kind), len(groups)))
    return _FixedGroups(
        units=tuple(units),
        group_of_row=np.array([*of_row, 0], dtype=np.int64),
        unit_of_group=np.array([unit for unit, _, _ in groups], dtype=np.int64),
        expiry_ns=np.array([end for _, end, _ in groups], dtype=np.int64),
    )
