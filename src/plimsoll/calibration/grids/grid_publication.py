"""A calibrated grid as a whole set: what was searched, and every other constant of the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np

from plimsoll.calibration.grids.grid_family import GridFamily
from plimsoll.calibration.grids.grid_fit import GridFit
from plimsoll.calibration.grids.grid_result import grid_parameters
from plimsoll.calibration.grids.scope_search import Samples
from plimsoll.domain.evidence import Check, Verdict
from plimsoll.domain.parameters import Origin, Parameter, ParameterSet
from plimsoll.margin.governed import governance, to_parameters

_CENT = 0.01


def whole_set(fit: GridFit, *, owner: str) -> tuple[Parameter, ...]:
    """Return every governed constant of every risk unit, ordered by key.

    What was not searched stands as published, with the origin of the venue's own structure, as has
    what is copied from another risk unit; unless it follows in value from what was searched. So the
    margin model can be built of the set alone, except for tables that no set holds.
    """
    copied = copied_constants(fit)
    searched = {p.key: p for p in grid_parameters(fit, owner=owner)}
    held = fit.family.parameters(fit.point)
    found = []
    for unit, own in held.items():
        for parameter in to_parameters(own, unit, owner=owner):
            published = getattr(fit.family.published[unit], parameter.name)
            follows = parameter.value != published and parameter.key not in copied
            origin = Origin.CALIBRATED if follows else Origin.VENUE
            found.append(searched.get(parameter.key, replace(parameter, origin=origin)))
    return tuple(sorted(found, key=lambda p: p.key))


def copied_constants(fit: GridFit) -> dict[str, str]:
    """By key: constants that a searched one made equal to another risk unit's published one."""
    searched = {knob.key for knob in fit.family.knobs}
    published, found = fit.family.published, {}
    for unit, own in fit.family.parameters(fit.point).items():
        for name in governance(own):
            value = getattr(own, name)
            if f"{unit}/{name}" in searched or value == getattr(published[unit], name):
                continue
            others = [u for u, p in published.items() if u != unit and _has(p, name, value)]
            if others:
                found[f"{unit}/{name}"] = f"the published constant of {others[0]}"
    return found


def _has(parameters: Any, name: str, value: Decimal) -> bool:
    return name in governance(parameters) and getattr(parameters, name) == value


def constants_of(parameters: ParameterSet, published: Mapping[str, Any]) -> dict[str, Any]:
    """Constants of the model by risk unit: those of the set, tables as published.

    Parameters
    ----------
    parameters : ParameterSet
    published : mapping of str to frozen parameters
        The set that was started from: it has the scenarios, tiers or haircuts that are tables.
    """
    found = {}
    for unit, own in published.items():
        held = parameters.of(unit)
        values: dict[str, Decimal] = {
            name: held[name].value for name in governance(own) if name in held
        }
        if values:
            found[unit] = replace(own, **values)
    return found


def engine_check(
    family: GridFamily, fit: GridFit, samples: Samples, parameters: ParameterSet
) -> Check:
    """Margin every portfolio under the published set again, and compare with the fit's margins.

    Parameters
    ----------
    family : GridFamily
        That the fit started from, with the venue's own model: what a set does not hold, such as
        the number of price points, is the model's.
    fit : GridFit
    samples : mapping of scope to GridSample
    parameters : ParameterSet
        As published.
    """
    apart, changed, count = 0.0, 0, 0
    held = constants_of(parameters, family.published)
    for sample in (one for own in samples.values() for one in own):
        found = fit.family.parameters(fit.point)
        fitted = fit.family.margins(sample.market, found, sample.book)
        again = family.margins(sample.market, held, sample.book)
        before = family.margins(sample.market, family.published, sample.book)
        apart = max(apart, float(np.max(np.abs(again - fitted))))
        changed += int(np.count_nonzero(np.abs(again - before) > _CENT))
        count += again.size
    return Check(
        name="The margin model built of the set",
        verdict=Verdict.HOLDS if apart <= _CENT else Verdict.BREACH,
        found=f"largest difference {apart:.2g} USD over {count} margins; {changed} of them are "
        "not those of the published set",
        demanded="margins as fitted, to a cent",
    )
