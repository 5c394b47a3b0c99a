"""The margin of every unit as an engine last computed it, in the rows of `Requirements`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.requirement import Requirements
from plimsoll.runtime.account_slots import AccountSlots, Columns

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

AMOUNTS = ("initial", "maintenance", "unrealised", "collateral")
CODES = ("binding_scenario", "unit_reason")
_PREFIX = "unit_"


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
    bad = np.flatnonzero(parts.reason != 0)[::-1]  # the first of a unit is written last
    first = np.zeros(len(requirements), dtype=np.int64)
    first[parts.unit[bad]] = parts.reason[bad]
    return np.where(found == 0, first, found).astype(np.int64)


class MarginColumns:
    """Where an engine keeps margins: cross pools by account, isolated units in their slots."""

    def __init__(self, accounts: int) -> None:
        self.cross = _blank(accounts)

    def store(self, accounts: IntArray, slots: AccountSlots, requirements: Requirements) -> None:
        """Keep the requirements of ``accounts``: those of a book of just them, in that order."""
        found = margins_of(requirements)
        _, picked = slots.gather(accounts)
        at = picked[found.position[accounts.size :]]
        for name in (*AMOUNTS, *CODES):
            column = getattr(found, name)
            self.cross[name][accounts] = column[: accounts.size]
            slots.columns[_PREFIX + name][at] = column[accounts.size :]

    def margins(self, slots: AccountSlots) -> LiveMargins:
        """Put all units together."""
        everybody = np.arange(len(slots))
        offsets, picked = slots.gather(everybody)
        isolated = np.flatnonzero(~np.isnan(slots.columns["isolated_margin"][picked]))
        owner = np.repeat(everybody, np.diff(offsets))
        at = picked[isolated]
        columns = {
            name: np.concatenate([self.cross[name], slots.columns[_PREFIX + name][at]])
            for name in (*AMOUNTS, *CODES)
        }
        return LiveMargins(
            account=np.concatenate([everybody, owner[isolated]]),
            position=np.concatenate([np.full(len(slots), -1), isolated]),
            **columns,
        )


def unit_columns(positions: int) -> Columns:
    """Columns for the isolated units among ``positions`` slots."""
    return {_PREFIX + name: column for name, column in _blank(positions).items()}


def _blank(count: int) -> Columns:
    amounts: Columns = {name: np.full(count, np.nan) for name in AMOUNTS}
    return amounts | {name: np.full(count, -1, dtype=np.int64) for name in CODES}
