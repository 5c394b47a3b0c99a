"""Second-order forms of contracts and currencies in the numeraire.

A contract worth v in a currency of price p that grows to ``p g`` gains ``v(x, y) g - v``, with

    g = (1 + x_c) / (1 + x_n) = 1 + x_c - x_n - x_c x_n + x_n^2 + ...

where c is the settlement coin and n the numeraire (each only where it moves, and g = 1 where they
are one). To second order the profit over p is

    v (g - 1) + dv + (v_x x + v_y y)(x_c - x_n),    dv as in `contract_greeks`.

So the gamma of an inverse contract in dollars is exactly zero, and a quanto's cross-gamma is real.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from plimsoll.margin.greeks.contract_greeks import ContractGreeks
from plimsoll.maths.quadratic_forms import (
    CROSS_PRICE,
    CROSS_VOL,
    DELTA,
    GAMMA,
    THETA,
    VANNA,
    VEGA,
    VOLGA,
    QuadraticForms,
)

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

STILL = -1
"""In place of a coin: a currency that does not move."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FormRows:
    """What the rows of forms are of: N contracts, then C currencies.

    Parameters
    ----------
    underlying, settle : (N,) int64
        Coin of each contract, and of its settlement currency (`STILL` where that does not move).
    price : (N,) float64
        Of the settlement currency, in the numeraire.
    currency, currency_price : (C,)
        Coin of each currency, and its price.
    numeraire : int
        Coin of the numeraire, or `STILL`.
    """

    underlying: IntArray
    settle: IntArray
    price: FloatArray
    currency: IntArray
    currency_price: FloatArray
    numeraire: int


@dataclass(slots=True)
class _Entries:
    """Columns under construction."""

    row: list[IntArray] = field(default_factory=list)
    kind: list[IntArray] = field(default_factory=list)
    first: list[IntArray] = field(default_factory=list)
    second: list[IntArray] = field(default_factory=list)
    coefficient: list[FloatArray] = field(default_factory=list)

    def add(self, kind: int, row: IntArray, first: IntArray, coefficient: FloatArray) -> None:
        """Entries of one coin each; rows whose coin stands still have none."""
        kept = np.flatnonzero((first >= 0) & (coefficient != 0.0))
        self._append(kind, row[kept], first[kept], first[kept], coefficient[kept])

    def add_pairs(
        self,
        kinds: tuple[int, int],
        row: IntArray,
        first: IntArray,
        second: IntArray,
        coefficient: FloatArray,
    ) -> None:
        """Entries of two coins; ``kinds`` says of which kind where they are one, and where two."""
        moving = (first >= 0) & (second >= 0) & (coefficient != 0.0)
        for kind, same in zip(kinds, (True, False), strict=True):
            kept = np.flatnonzero(moving & ((first == second) == same))
            self._append(kind, row[kept], first[kept], second[kept], coefficient[kept])

    def _append(
        self, kind: int, row: IntArray, first: IntArray, second: IntArray, value: FloatArray
    ) -> None:
        self.row.append(row)
        self.kind.append(np.full(row.size, kind, dtype=np.int64))
        self.first.append(first)
        self.second.append(second)
        self.coefficient.append(value)


def quadratic_forms(greeks: ContractGreeks, rows: FormRows) -> QuadraticForms:
    """Build the forms; contracts with a reason have no entries."""
    entries = _Entries()
    at = np.arange(greeks.value.size, dtype=np.int64)
    p = np.where(greeks.reason == 0, rows.price, 0.0)
    base = rows.underlying
    entries.add(THETA, at, base, p * greeks.decay)
    entries.add(DELTA, at, base, p * greeks.price)
    entries.add(GAMMA, at, base, p * greeks.price_price / 2.0)
    entries.add(VEGA, at, base, p * greeks.vol)
    entries.add(VANNA, at, base, p * greeks.price_vol)
    entries.add(VOLGA, at, base, p * greeks.vol_vol / 2.0)
    apart = rows.settle != rows.numeraire
    numeraire = np.full(at.size, rows.numeraire, dtype=np.int64)
    _add_growth(entries, at, rows.settle, numeraire, np.where(apart, p * greeks.value, 0.0))
    for coin, sign in ((rows.settle, 1.0), (numeraire, -1.0)):
        weight = np.where(apart, sign * p, 0.0)
        entries.add_pairs((GAMMA, CROSS_PRICE), at, base, coin, weight * greeks.price)
        entries.add_pairs((VANNA, CROSS_VOL), at, coin, base, weight * greeks.vol)
    held = np.arange(rows.currency.size, dtype=np.int64)
    beyond = np.full(held.size, rows.numeraire, dtype=np.int64)
    amount = np.where(rows.currency != rows.numeraire, rows.currency_price, 0.0)
    _add_growth(entries, at.size + held, rows.currency, beyond, amount)
    return _sorted(entries, at.size + held.size)


def _add_growth(
    entries: _Entries, row: IntArray, coin: IntArray, numeraire: IntArray, value: FloatArray
) -> None:
    """Entries of ``value (g - 1)``."""
    entries.add(DELTA, row, coin, value)
    entries.add(DELTA, row, numeraire, -value)
    entries.add(GAMMA, row, numeraire, value)
    entries.add_pairs((GAMMA, CROSS_PRICE), row, coin, numeraire, -value)


def _sorted(entries: _Entries, rows: int) -> QuadraticForms:
    """Put entries in the order of rows, keeping theirs within a row."""
    row = _joined(entries.row)
    order = np.argsort(row, kind="stable")
    counts = np.bincount(row, minlength=rows)
    return QuadraticForms(
        np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        _joined(entries.kind)[order],
        _joined(entries.first)[order],
        _joined(entries.second)[order],
        np.concatenate(entries.coefficient)[order],
    )


def _joined(columns: Sequence[IntArray]) -> IntArray:
    return np.concatenate(columns).astype(np.int64)
