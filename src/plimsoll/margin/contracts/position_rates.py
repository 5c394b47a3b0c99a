"""What positions that are margined one by one are asked: notional, and the rates it comes to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.requirement import Term, TermSource
from plimsoll.domain.table import Column, ColumnKind

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PositionRates:
    """Says, for rows of a book, what was asked of what size (a `TermSource`).

    Parameters
    ----------
    marked : TermSource
        Quantity, entry and mark.
    numeraire : str
    notional : callable
        Returns that of each position (P,), in the numeraire; asked for when explained only.
    initial, maintenance : (P,) float64
        In the numeraire.
    """

    marked: TermSource
    numeraire: str
    notional: Callable[[], FloatArray]
    initial: FloatArray
    maintenance: FloatArray

    def terms(self, positions: IntArray) -> tuple[Term, ...]:
        """Return one term per column, valued at the given rows of the book."""
        notional = self.notional()[positions]
        columns = {_INITIAL: self.initial[positions], _MAINTENANCE: self.maintenance[positions]}
        with np.errstate(divide="ignore", invalid="ignore"):
            rates = {c: np.where(notional > 0.0, v / notional, np.nan) for c, v in columns.items()}
        size = Column(name="notional", title="Notional", kind=ColumnKind.MONEY, unit=self.numeraire)
        return (
            *self.marked.terms(positions),
            Term(column=size, values=tuple(notional.tolist())),
            *(Term(column=c, values=tuple(rate.tolist())) for c, rate in rates.items()),
        )


def _rate(name: str, title: str) -> Column:
    return Column(
        name=name,
        title=title,
        kind=ColumnKind.FRACTION,
        digits=3,
        about="what is asked over the notional",
    )


_INITIAL = _rate("initial_rate", "Initial rate")
_MAINTENANCE = _rate("maintenance_rate", "Maintenance rate")
