"""Parameters of Derive's standard margin, one set per underlying; defaults as in the tests."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from plimsoll.domain.parameters import ParameterSet, Unit
from plimsoll.margin.governed import check_bounds, from_set, governed
from plimsoll.margin.level_order import LevelOrder

_F = Unit.FRACTION


@dataclass(frozen=True, slots=True, kw_only=True)
class SrmParameters:
    """Governed numbers of one risk unit.

    Raises
    ------
    ParameterError
    """

    highest_spot_rate: Decimal = governed(
        _F, 0, 2, about="initial, of spot, of a short option at the money", default="0.15"
    )
    lowest_spot_rate: Decimal = governed(
        _F, 0, 2, about="initial, of spot, of one far out of the money", default="0.1"
    )
    call_maintenance: Decimal = governed(_F, 0, 2, about="of spot, short calls", default="0.075")
    put_maintenance: Decimal = governed(_F, 0, 2, about="of spot, short puts", default="0.075")
    put_mark_maintenance: Decimal = governed(
        _F, 0, 2, about="of their value, short puts, where that is more", default="0.075"
    )
    put_initial_multiple: Decimal = governed(
        _F, 1, 10, about="least initial margin of short puts, of maintenance", default="1.05"
    )
    unpaired_initial: Decimal = governed(
        _F, 0, 10, about="of forward, net short calls, initial", default="1.2"
    )
    unpaired_maintenance: Decimal = governed(
        _F, 0, 10, about="of forward, net short calls, maintenance", default="1.1"
    )
    perpetual_initial: Decimal = governed(_F, 0, 1, about="of notional", default="0.065")
    perpetual_maintenance: Decimal = governed(_F, 0, 1, about="of notional", default="0.05")
    base_factor: Decimal = governed(
        _F, 0, 1, about="of spot that a coin of the underlying counts", default="0.1"
    )
    base_initial_scale: Decimal = governed(_F, 0, 1, about="of that, in initial margin", default=1)
    depeg_threshold: Decimal = governed(
        _F, 0, 2, about="price of the stable coin below which notional is charged", default="0.98"
    )
    depeg_factor: Decimal = governed(_F, 0, 10, about="how much", default="1.2")
    perpetual_confidence: Decimal = governed(
        _F, 0, 1, about="confidence below which perpetuals are charged", default="0.4"
    )
    option_confidence: Decimal = governed(
        _F, 0, 1, about="confidence below which short options are charged", default="0.4"
    )
    base_confidence: Decimal = governed(
        _F, 0, 1, about="confidence below which coins are charged", default="0.4"
    )
    confidence_factor: Decimal = governed(
        _F, 0, 1, about="of notional for each unit of lacking confidence", default="0.4"
    )

    def __post_init__(self) -> None:
        check_bounds(self, "SRM")

    def level_order(self) -> tuple[LevelOrder, ...]:
        """Puts are in order by ``put_initial_multiple``, coins by ``base_initial_scale``."""
        return (
            LevelOrder(
                initial="lowest_spot_rate",
                maintenance="call_maintenance",
                why="short calls far out of the money",
            ),
            LevelOrder(
                initial="unpaired_initial",
                maintenance="unpaired_maintenance",
                why="short calls whose largest loss counts",
            ),
            LevelOrder(
                initial="perpetual_initial", maintenance="perpetual_maintenance", why="perpetuals"
            ),
        )


def srm_of_set(parameters: ParameterSet) -> dict[str, SrmParameters]:
    """Read all risk units of a set.

    Raises
    ------
    ParameterError
        Outside the bounds.
    """
    return {unit: from_set(SrmParameters, parameters, unit) for unit in parameters.markets}
