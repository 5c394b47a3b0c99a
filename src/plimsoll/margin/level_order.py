"""Initial margin never under maintenance margin: what parameters must satisfy for it.

Most models cannot be given parameters that break it: their classes refuse them, or the larger of
both is asked. Venues' rules that can be (Derive's three) say in ``level_order`` which numbers must
stand in which order, so that

    initial margin >= maintenance margin for every book

wherever `level_faults` finds nothing. The classes themselves accept such sets, for venues' own
tests hold some. ``plimsoll params check`` runs it on sets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from decimal import Decimal
from typing import Any, Protocol, runtime_checkable

from plimsoll.errors import Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelOrder:
    """One number of initial margin that must not be under one of maintenance margin.

    Parameters
    ----------
    initial : str
        Name of a field.
    maintenance : str or Decimal
        Name of a field, or a number that the model itself has.
    why : str
        Which books would be asked less initially, in a phrase.
    """

    initial: str
    maintenance: str | Decimal
    why: str

    def fault(self, parameters: object, path: str) -> Fault | None:
        """Return what is wrong with parameters; None where the order holds."""
        value: Decimal = getattr(parameters, self.initial)
        if isinstance(self.maintenance, str):
            least: Decimal = getattr(parameters, self.maintenance)
            named = f"{self.maintenance} ({least})"
        else:
            least, named = self.maintenance, str(self.maintenance)
        if value >= least:
            return None
        return Fault(
            path=f"{path}/{self.initial}" if path else self.initial,
            problem=f"must be at least {named}, or {self.why} ask less initially than to be kept",
            found=str(value),
            remedy=f"raise {self.initial} to {least} or more"
            + (f", or lower {self.maintenance}" if isinstance(self.maintenance, str) else ""),
        )


@runtime_checkable
class OrdersLevels(Protocol):
    """Parameters that could ask less initially than to be kept."""

    def level_order(self) -> tuple[LevelOrder, ...]:
        """Return what must hold for initial margin never to be under maintenance margin."""
        ...


def level_faults(parameters: Any) -> tuple[Fault, ...]:
    """Return where parameters let initial margin fall under maintenance margin; empty: nowhere.

    Parameters
    ----------
    parameters : object
        Of one risk unit, a mapping of them by risk unit (of several models: by leg or mode), or
        a class that holds such mappings.

    Examples
    --------
    >>> from plimsoll.margin.derive import SrmParameters
    >>> bad = SrmParameters(perpetual_initial=Decimal("0.04"))
    >>> [(f.path, f.found, f.remedy) for f in level_faults({"BTC": bad})]
    [('BTC/perpetual_initial', '0.04', 'raise perpetual_initial to 0.05 or more, or lower \
perpetual_maintenance')]
    """
    return tuple(_faults(parameters, ""))


def _faults(parameters: Any, path: str) -> Iterator[Fault]:
    if isinstance(parameters, Mapping):
        for name, item in parameters.items():
            yield from _faults(item, f"{path}/{name}" if path else str(name))
        return
    if isinstance(parameters, OrdersLevels):
        found = (order.fault(parameters, path) for order in parameters.level_order())
        yield from (fault for fault in found if fault is not None)
    if is_dataclass(parameters):
        for held in fields(parameters):
            item = getattr(parameters, held.name)
            if isinstance(item, Mapping):
                yield from _faults(item, f"{path}/{held.name}" if path else held.name)
