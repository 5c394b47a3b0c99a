"""Greeks losses of margin units, and of every contract alone."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.listing import Listing
from plimsoll.domain.market import MarketSnapshot
from plimsoll.margin.greeks.contract_greeks import ContractGreeks
from plimsoll.margin.greeks.forms import FormRows, quadratic_forms
from plimsoll.margin.joint.single_contracts import StandaloneMargins, one_each
from plimsoll.margin.units.kept_rows import kept_rows, rows_taken
from plimsoll.margin.units.market_rows import MarketRows
from plimsoll.maths.quadratic_forms import TERMS, MoveGrid, QuadraticForms
from plimsoll.maths.quadratic_losses import unit_quadratic_losses
from plimsoll.maths.unit_losses import UnitExposures

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def form_losses(
    exposures: UnitExposures, forms: QuadraticForms, grid: MoveGrid
) -> tuple[FloatArray, IntArray]:
    """Parts of the loss of every unit (U, 7), and what binds (U,): `unit_quadratic_losses`."""
    units = exposures.offsets.size - 1
    parts, binding = np.zeros((units, TERMS)), np.full(units, -1, dtype=np.int64)
    unit_quadratic_losses(exposures, forms, grid, parts, binding)
    return parts, binding


def kept_standalone(
    snapshot: MarketSnapshot,
    rows: MarketRows,
    greeks: ContractGreeks,
    form_rows: FormRows,
    forms: QuadraticForms,
    grid: MoveGrid,
) -> StandaloneMargins:
    """Return `_standalone`, kept where a contract's derivatives and price are what they were."""
    count, currencies = len(rows.listing), form_rows.currency.size

    def make(_: Listing, at: IntArray) -> StandaloneMargins:
        if at.size == count:
            return _standalone(forms, grid, count, currencies)
        columns = ("underlying", "settle", "price")
        own = replace(form_rows, **{name: getattr(form_rows, name)[at] for name in columns})
        few = quadratic_forms(rows_taken(greeks, at), own)
        return _standalone(few, grid, at.size, currencies)

    of_grid = tuple(x.tobytes() if isinstance(x, np.ndarray) else x for x in grid)
    key = ("greeks alone", of_grid, form_rows.numeraire, currencies)
    places = (form_rows.underlying, form_rows.settle, form_rows.price)
    columns = tuple(getattr(greeks, column.name) for column in fields(greeks))
    return kept_rows(rows.listing, snapshot, key, make, beside=(*places, *columns))


def _standalone(
    forms: QuadraticForms, grid: MoveGrid, count: int, currencies: int
) -> StandaloneMargins:
    """Loss of every contract alone, both ways; two equal columns."""
    sides = (
        form_losses(one_each(count, sign, currencies), forms, grid)[0].sum(axis=1)
        for sign in (1.0, -1.0)
    )
    long, short = (np.repeat(np.maximum(side, 0.0)[:, None], 2, axis=1) for side in sides)
    return StandaloneMargins(long=long, short=short)
