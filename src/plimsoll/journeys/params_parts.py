"""What a calibrated set holds beside the figures of a margin model, told by its names and checked.

Figures of an add-on stand behind its name (``concentration.threshold_usd``), so that a unit may
have several; others belong to no margin model: lending terms, multipliers, fees, the fund.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from plimsoll.domain.parameters import Parameter
from plimsoll.errors import Fault, UsageError
from plimsoll.margin.add_ons.concentration import ConcentrationParameters
from plimsoll.margin.add_ons.gap import GapParameters
from plimsoll.margin.add_ons.hedged import BasisParameters
from plimsoll.margin.add_ons.liquidity import LiquidityParameters
from plimsoll.margin.add_ons.wrong_way import WrongWayParameters
from plimsoll.margin.governed import governance

ADD_ONS: Mapping[str, type[Any]] = {
    "basis": BasisParameters,
    "concentration": ConcentrationParameters,
    "gap": GapParameters,
    "liquidity": LiquidityParameters,
    "wrong_way": WrongWayParameters,
}
"""Parameters of an underlying, by the name of their add-on."""

_BESIDE = re.compile(
    r"""lending\.\w+ | outage_multiplier | margin_multiplier\..+ | target_usd
    | band\[\d+\]\.(peg_at_least|rate\[\d+\]) | fee\[\d+\]\.\w+""",
    re.VERBOSE,
)
"""Figures with nothing to check beyond bounds and unit, which a set cannot hold otherwise."""


def of_models(held: Mapping[str, Parameter]) -> dict[str, Parameter]:
    """Return the parameters that must be those of a margin model."""
    return {
        name: parameter
        for name, parameter in held.items()
        if name.partition(".")[0] not in ADD_ONS and not _BESIDE.fullmatch(name)
    }


def add_on_faults(unit: str, held: Mapping[str, Parameter]) -> Iterator[Fault]:
    """Yield what the classes of the add-ons refuse."""
    groups: dict[str, dict[str, Decimal]] = {}
    for name, parameter in held.items():
        add_on, _, figure = name.partition(".")
        if add_on in ADD_ONS:
            groups.setdefault(add_on, {})[figure] = parameter.value
    for add_on, values in groups.items():
        kind = ADD_ONS[add_on]
        strange = sorted(values.keys() - governance(kind).keys())
        if strange:
            yield Fault(
                path=f"{unit}/{add_on}",
                problem=f"must be figures of the {add_on} add-on",
                found=", ".join(strange),
                remedy=f"see {kind.__name__}",
            )
            continue
        try:
            kind(**values)
        except UsageError as refused:
            yield Fault(
                path=f"{unit}/{add_on}.{refused.field}",
                problem=refused.must,
                found=str(refused.found),
                remedy=refused.remedy or "change it so that it holds",
            )
