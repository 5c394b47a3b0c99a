"""Derive's managers PMRM, PMRM_2 and SRM, under the names of the house's own parameters.

Source: derivexyz/v2-core, scripts/config-mainnet.sol and the structs of its managers; names and
units are those of `plimsoll.margin.derive` (`Pmrm1Parameters`, `Pmrm2Parameters`,
`SrmParameters`, `CollateralRule`), one object by manager and underlying::

    {"PMRM_2": {"ETH": {"range_up": 0.5, …, "collateral": {"USDT": {…}}, "scenarios": […]}}}

Scenarios are no numbers of a parameter set: they are checked and carried.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from plimsoll.adapters.tier_tables.faults import FaultLog, Place
from plimsoll.adapters.tier_tables.governed_items import (
    GovernedKeys,
    held_values,
    read_parameters,
    read_values,
    write_values,
)
from plimsoll.adapters.tier_tables.json_document import Json
from plimsoll.adapters.tier_tables.losses import LossLog
from plimsoll.adapters.tier_tables.schema import Reading, ReadOptions, VenueSchema
from plimsoll.domain.parameters import Parameter, ParameterSet
from plimsoll.errors import ParameterError
from plimsoll.margin.derive.collateral_rules import CollateralRule
from plimsoll.margin.derive.pmrm1_parameters import Pmrm1Parameters
from plimsoll.margin.derive.pmrm2_parameters import Pmrm2Parameters
from plimsoll.margin.derive.pmrm_scenarios import PmrmScenario, check_scenarios
from plimsoll.margin.derive.srm_parameters import SrmParameters
from plimsoll.margin.governed import governance
from plimsoll.scenarios.risk_grid import VolMove

_MANAGERS: Mapping[str, type[Any]] = {
    "PMRM": Pmrm1Parameters,
    "PMRM_2": Pmrm2Parameters,
    "SRM": SrmParameters,
}
_KEPT: Mapping[str, frozenset[str]] = {
    "PMRM": frozenset({"scenarios"}),
    "PMRM_2": frozenset({"scenarios", "collateral"}),
    "SRM": frozenset(),
}
_SCENARIO = {"price_multiplier", "vol", "fraction"}
_OF = "+"
"""Collateral of a unit stands under ``UNIT+CURRENCY``, as `pmrm2_of_set` reads it."""


def _keys(kind: type[Any]) -> GovernedKeys:
    return GovernedKeys(fields={name: name for name in governance(kind)})


def _fits(document: Json) -> bool:
    return isinstance(document, dict) and bool(document) and document.keys() <= _MANAGERS.keys()


def _read(document: Json, log: FaultLog, options: ReadOptions) -> Reading:
    del options
    if not isinstance(document, dict):
        problem = "must map managers to underlyings"
        log.add(Place(), "document", document, problem, f"choose from {', '.join(_MANAGERS)}")
        return Reading(parameters=(), layout=None)
    parameters: list[Parameter] = []
    owner: dict[str, str] = {}
    for manager, units in document.items():
        if manager not in _MANAGERS or not isinstance(units, dict):
            problem = "is no manager with its underlyings"
            log.add(Place(), manager, units, problem, f"choose from {', '.join(_MANAGERS)}")
            continue
        for unit, item in units.items():
            if unit in owner:
                problem = f"is also under {owner[unit]}: a set has one manager of a unit"
                log.add(Place(market=unit), manager, unit, problem, "import them one by one")
            owner[unit] = manager
            parameters.extend(_unit(log, manager, unit, item))
    return Reading(parameters=tuple(parameters), layout={"managers": list(document)})


def _unit(log: FaultLog, manager: str, unit: str, item: Json) -> Iterator[Parameter]:
    kind = _MANAGERS[manager]
    if _OF in unit:
        log.add(Place(market=unit), "unit", unit, f"must not contain {_OF}", "rename it")
    values = read_values(log, unit, item, _keys(kind), _KEPT[manager], kind)
    yield from read_parameters(log, unit, kind, values)
    if isinstance(item, dict) and "scenarios" in item and "scenarios" in _KEPT[manager]:
        _check_scenarios(log, unit, item["scenarios"])
    rules = item.get("collateral", {}) if isinstance(item, dict) else {}
    for currency, rule in rules.items() if isinstance(rules, dict) else ():
        market = f"{unit}{_OF}{currency}"
        held = read_values(log, market, rule, _keys(CollateralRule), (), CollateralRule)
        yield from read_parameters(log, market, CollateralRule, held)


def _check_scenarios(log: FaultLog, unit: str, listed: Json) -> None:
    place, found = Place(market=unit), []
    try:
        for item in listed:
            foreign = item.keys() ^ _SCENARIO
            if foreign:
                log.add(place, "scenarios", sorted(foreign), "has other keys", f"{_SCENARIO}")
                return
            price, share = float(item["price_multiplier"]), float(item["fraction"])
            scenario = PmrmScenario(
                price_multiplier=price, vol=VolMove(item["vol"]), fraction=share
            )
            found.append(scenario)
        check_scenarios(found)
    except ParameterError as error:
        log.add(place, "scenarios", error.found, error.must, "correct the scenario")
    except (TypeError, ValueError, AttributeError) as error:
        log.add(place, "scenarios", str(error), "must be a list of scenarios", f"{_SCENARIO}")


def _write(parameters: ParameterSet, layout: Json | None, losses: LossLog) -> Json:
    found: dict[str, dict[str, Json]] = {m: {} for m in (layout["managers"] if layout else ())}
    for market in parameters.markets:
        if _OF in market:
            continue
        manager = _manager(parameters.of(market).keys())
        if manager is None:
            for name, parameter in parameters.of(market).items():
                losses.add(market, name, parameter.value, "is of no manager of this schema")
            continue
        kind = _MANAGERS[manager]
        values = held_values(parameters, market, kind, losses, governance(kind))
        if values is not None:
            rules = _collateral(parameters, market, losses)
            own = write_values(values, _keys(kind))
            found.setdefault(manager, {})[market] = {**own, **rules}
    return found


def _collateral(parameters: ParameterSet, unit: str, losses: LossLog) -> dict[str, Json]:
    rules = {}
    for market in parameters.markets:
        if market.startswith(f"{unit}{_OF}"):
            names = governance(CollateralRule)
            values = held_values(parameters, market, CollateralRule, losses, names)
            if values is not None:
                rules[market.partition(_OF)[2]] = write_values(values, _keys(CollateralRule))
    return {"collateral": rules} if rules else {}


def _manager(names: Collection[str]) -> str | None:
    """Return the manager whose governed names these are."""
    held = set(names)
    return next((m for m, kind in _MANAGERS.items() if held == governance(kind).keys()), None)


def _only(document: Json, markets: Collection[str]) -> Json:
    narrowed = {
        manager: {unit: item for unit, item in units.items() if unit in markets}
        for manager, units in document.items()
    }
    return {manager: units for manager, units in narrowed.items() if units}


DERIVE = VenueSchema(
    name="derive",
    title="Derive PMRM, PMRM_2 and SRM",
    source="https://github.com/derivexyz/v2-core/blob/master/scripts/config-mainnet.sol",
    kept=frozenset({"scenarios"}),
    fits=_fits,
    read=_read,
    write=_write,
    only=_only,
)
