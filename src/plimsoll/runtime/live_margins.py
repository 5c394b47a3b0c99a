"""The margin of every unit as an engine last computed it, in the rows of `Requirements`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.requirement import Requirements
from plimsoll.maths.account_runs import put_rows, slots_of
from plimsoll.runtime.account_slots import AccountSlots

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

AMOUNTS = ("initial", "maintenance", "unrealised", "collateral")
CODES = ("binding_scenario", "unit_reason")
_NONE = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LiveMargins:
    """U margin units: cross pools in the order of accounts, then isolated positions.

    Parameters
    ----------
    account, position : (U,) int64
        As in `Requirements`, for the engine's book as it stands.
    initial, maintenance, unrealised, collateral : (U,) float64
        In the numeraire; NaN where the unit has a reason.
    binding_scenario : (U,) int64
        -1 where none binds, or the model has none.
    unit_reason : (U,) int64
        `MarginReason` code of the unit, else the first of its positions', else 0.
    """

    account: IntArray
    position: IntArray
    initial: FloatArray
    maintenance: FloatArray
    unrealised: FloatArray
    collateral: FloatArray
    binding_scenario: IntArray
    unit_reason: IntArray

    def __len__(self) -> int:
        return int(self.account.size)

    @property
    def equity(self) -> FloatArray:
        """(U,) collateral plus unrealised profit."""
        return self.collateral + self.unrealised

    @property
    def under_maintenance(self) -> NDArray[np.bool_]:
        """(U,) equity below maintenance margin; False where unknown."""
        return self.equity - self.maintenance < 0.0


def margins_of(requirements: Requirements) -> LiveMargins:
    """Take from requirements what an engine keeps."""
    nothing = np.full(len(requirements), -1, dtype=np.int64)
    binding = requirements.binding_scenario
    return LiveMargins(
        account=requirements.account,
        position=requirements.position,
        binding_scenario=nothing if binding is None else binding,
        unit_reason=_reasons(requirements),
        **{name: getattr(requirements, name) for name in AMOUNTS},
    )


def _reasons(requirements: Requirements) -> IntArray:
    own = requirements.unit_reason
    found = np.zeros(len(requirements), dtype=np.int64) if own is None else own.copy()
    parts = requirements.parts
    bad = np.flatnonzero(parts.reason)[::-1]  # the first of a unit is written last
    if not bad.size:
        return found
    first = np.zeros(len(requirements), dtype=np.int64)
    first[parts.unit[bad]] = parts.reason[bad]
    return np.where(found == 0, first, found).astype(np.int64)


class MarginColumns:
    """Where an engine keeps margins: cross pools by account, isolated units account by account.

    An account's isolated units stand in the order of its positions. There may come to be fewer of
    them, never more.
    """

    def __init__(self, isolated: IntArray) -> None:
        """Make room for so many isolated units of each account, (A,)."""
        ends = np.cumsum(isolated)
        self._starts, self._stops = ends - isolated, ends.copy()
        self._cross, self._alone = _Kept(isolated.size), _Kept(int(ends[-1]) if ends.size else 0)

    def store(self, accounts: IntArray, requirements: Requirements) -> None:
        """Keep the requirements of ``accounts``: those of a book of just them, in that order."""
        found, count = margins_of(requirements), accounts.size
        self._cross.put(accounts, found, slice(0, count))
        if self._alone.size:
            isolated = np.bincount(found.account[count:], minlength=count)
            self._stops[accounts] = self._starts[accounts] + isolated
            self._alone.put(self._slots(accounts), found, slice(count, len(found)))

    def margins(self, slots: AccountSlots) -> LiveMargins:
        """Put all units together."""
        everybody = np.arange(len(slots))
        position, owner = _isolated(slots, everybody) if self._alone.size else (_NONE, _NONE)
        alone = self._slots(everybody) if self._alone.size else _NONE
        columns = {
            name: np.concatenate([self._cross.columns[name], self._alone.columns[name][alone]])
            for name in (*AMOUNTS, *CODES)
        }
        return LiveMargins(
            account=np.concatenate([everybody, owner]),
            position=np.concatenate([np.full(len(slots), -1), position]),
            **columns,
        )

    def _slots(self, accounts: IntArray) -> IntArray:
        return slots_of(self._starts, self._stops, accounts)[1]


class _Kept:
    """Margins of some units, in columns; those of one unit stand side by side."""

    def __init__(self, count: int) -> None:
        self.size = count
        self._bits = np.empty((count, len(AMOUNTS) + len(CODES)), dtype=np.int64)
        columns = [self._bits[:, n] for n in range(self._bits.shape[1])]
        amounts = [column.view(np.float64) for column in columns[: len(AMOUNTS)]]
        kept = [*amounts, *columns[len(AMOUNTS) :]]
        self.columns = dict(zip((*AMOUNTS, *CODES), kept, strict=True))

    def put(self, at: IntArray, found: LiveMargins, rows: slice) -> None:
        """Keep some rows of what was found."""
        columns = [getattr(found, name)[rows].view(np.int64) for name in (*AMOUNTS, *CODES)]
        put_rows(self._bits, at, np.column_stack(columns))


def isolated_units(book: Book) -> IntArray:
    """(A,) how many isolated positions each account has."""
    rows = np.flatnonzero(~np.isnan(book.isolated_margin))
    owner = np.searchsorted(book.offsets, rows, side="right") - 1
    return np.bincount(owner, minlength=len(book)).astype(np.int64)


def _isolated(slots: AccountSlots, everybody: IntArray) -> tuple[IntArray, IntArray]:
    """Rows of isolated positions in the book of all accounts, and their accounts."""
    offsets = slots.offsets(everybody)
    margin = slots.values("isolated_margin", everybody, offsets)
    rows = np.flatnonzero(~np.isnan(margin))
    return rows, np.searchsorted(offsets, rows, side="right") - 1
