"""Check a parameter set by the model that it is for: bounds, order of numbers, margin levels.

A unit's model is told by the names of its parameters. What a model's class refuses is a fault, and
so is what would let initial margin fall under maintenance margin (`plimsoll.margin.level_order`).
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Collection, Mapping
from typing import Any

from plimsoll.domain.parameters import Parameter, ParameterSet
from plimsoll.domain.tiers import Tier, TierTable
from plimsoll.errors import Fault, UsageError
from plimsoll.journeys.check import CheckResult
from plimsoll.journeys.params import read_parameters
from plimsoll.journeys.params_parts import add_on_faults, of_models
from plimsoll.margin.bybit import BybitParameters
from plimsoll.margin.collateral import CollateralParameters
from plimsoll.margin.deribit import DeribitGeneral, DeribitPair, DeribitStandardPair
from plimsoll.margin.derive import (
    CollateralRule,
    Pmrm1Parameters,
    Pmrm2Parameters,
    SrmParameters,
)
from plimsoll.margin.drift import CollateralRules, PerpetualRules
from plimsoll.margin.dydx import LiquidityTier
from plimsoll.margin.governed import from_set, governance
from plimsoll.margin.greeks import GreeksParameters
from plimsoll.margin.level_order import level_faults
from plimsoll.margin.okx import OkxAccountParameters, OkxParameters
from plimsoll.margin.paradex import ParadexUnderlying
from plimsoll.margin.sided_tiers import MARGINAL_SHARE
from plimsoll.margin.simulation import SimulationParameters
from plimsoll.margin.size_tiers import SizeRates
from plimsoll.margin.span import SpanParameters
from plimsoll.margin.vega import VegaMarket

KINDS: tuple[type[Any], ...] = (
    SizeRates,
    LiquidityTier,
    PerpetualRules,
    CollateralRules,
    CollateralParameters,
    VegaMarket,
    DeribitStandardPair,
    DeribitPair,
    DeribitGeneral,
    ParadexUnderlying,
    OkxParameters,
    OkxAccountParameters,
    BybitParameters,
    SpanParameters,
    Pmrm2Parameters,
    CollateralRule,
    Pmrm1Parameters,
    SrmParameters,
    GreeksParameters,
    SimulationParameters,
)
"""Governed parameters of one risk unit, market or currency, by model."""

_TIERED = re.compile(r"(short\.|)tier\[\d+\]\.")
_CAPS = ("cap_usd", "cap_contracts", "cap_coins")


def check_parameters(parameters: ParameterSet | str | os.PathLike[str]) -> CheckResult:
    """Check every unit of a set.

    Parameters
    ----------
    parameters : ParameterSet or path
        The set, its JSON file, or the folder of a calibration.

    Returns
    -------
    CheckResult
        Faults with unit, field, value and remedy.

    Raises
    ------
    DataError, DataFormatError
        Where there is no set, or it cannot be read.
    """
    given = isinstance(parameters, ParameterSet)
    known = parameters if isinstance(parameters, ParameterSet) else read_parameters(parameters)
    source = f"set {known.id[:12]}" if given else str(parameters)
    faults = [fault for unit in known.markets for fault in _unit_faults(known, unit)]
    return CheckResult(source=source, faults=tuple(faults))


def _unit_faults(parameters: ParameterSet, unit: str) -> tuple[Fault, ...]:
    held = parameters.of(unit)
    return (*add_on_faults(unit, held), *_model_faults(parameters, unit, of_models(held)))


def _model_faults(
    parameters: ParameterSet, unit: str, held: Mapping[str, Parameter]
) -> tuple[Fault, ...]:
    """Check what must be the parameters of one margin model."""
    prefixes = {match[1] for name in held if (match := _TIERED.match(name))}
    try:
        if prefixes:
            return _table_faults(unit, held, prefixes)
        if not held:
            return ()
        kind = _kind(held)
        if isinstance(kind, Fault):
            return (Fault(path=unit, problem=kind.problem, found=kind.found, remedy=kind.remedy),)
        return level_faults({unit: from_set(kind, parameters, unit)})
    except UsageError as refused:
        return (_refused(unit, refused),)


def _kind(held: Mapping[str, Parameter]) -> type[Any] | Fault:
    """The class that knows all of the names and lacks none that it needs."""
    names = set(held)
    known = {kind: set(governance(kind)) for kind in KINDS}
    fitting = [kind for kind, own in known.items() if names <= own]
    if fitting:
        # One that has every name and fewest others: what is missing is told by its class.
        return min(fitting, key=lambda kind: len(known[kind] - names))
    nearest = max(KINDS, key=lambda kind: len(known[kind] & names))
    strange = sorted(names - known[nearest])
    near = difflib.get_close_matches(strange[0], known[nearest], n=1)
    return Fault(
        path="",
        problem="must be the parameters of one model",
        found=", ".join(strange),
        remedy=f"did you mean {near[0]}?" if near else f"see {nearest.__name__}",
    )


def _table_faults(
    unit: str, held: Mapping[str, Parameter], prefixes: Collection[str]
) -> tuple[Fault, ...]:
    """Check the tables of a market: both sides', and what its maintenance rates hold for."""
    if "" not in prefixes:
        raise UsageError(
            "must have a table for longs beside the one for shorts", found="none", field="tier[0]"
        )
    for prefix in sorted(prefixes):
        _tier_table(held, prefix)
    share = held.get(MARGINAL_SHARE)
    if share is None or share.value in (0, 1):
        return ()
    return (
        Fault(
            path=f"{unit}/{MARGINAL_SHARE}",
            problem="must be 0 (rates hold for the whole notional) or 1 (for their slice)",
            found=str(share.value),
            remedy="set it to one of the two",
        ),
    )


def _tier_table(held: Mapping[str, Parameter], prefix: str) -> TierTable:
    """Build a table whatever its caps count, so that rates and caps are checked."""
    start, end = f"{prefix}tier[", "].maintenance_rate"
    count = sum(1 for name in held if name.startswith(start) and name.endswith(end))

    def value(index: int, *names: str) -> Any:
        found = [held[key].value for n in names if (key := f"{start}{index}].{n}") in held]
        return found[0] if found else None

    rows = []
    for index in range(count):
        rates = [value(index, n) for n in ("maintenance_rate", "initial_rate", "max_leverage")]
        if None in rates:
            raise UsageError(
                "must have maintenance rate, initial rate and highest leverage",
                found="less",
                field=f"{start}{index}]",
            )
        rows.append(
            Tier(
                cap_usd=value(index, *_CAPS),
                maintenance_rate=rates[0],
                initial_rate=rates[1],
                max_leverage=rates[2],
            )
        )
    return TierTable(tuple(rows))


def _refused(unit: str, error: UsageError) -> Fault:
    path = error.field if error.field.startswith(f"{unit}/") else f"{unit}/{error.field}"
    return Fault(
        path=path if error.field else unit,
        problem=error.must,
        found=str(error.found),
        remedy=error.remedy or "change it so that it holds",
    )
