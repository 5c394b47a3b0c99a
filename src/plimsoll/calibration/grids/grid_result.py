"""A fitted grid as governed parameters, tables and a part of a set."""

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np

from plimsoll.calibration.grids.grid_family import Knob
from plimsoll.calibration.grids.grid_fit import GridFit
from plimsoll.calibration.part import CalibratedPart
from plimsoll.domain.evidence import Check, Verdict
from plimsoll.domain.parameters import Origin, Parameter
from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.margin.governed import governance

_FRACTION = ColumnKind.FRACTION
_ERROR_DIGITS = 6
ERRORS = (
    "s.e.: spread of fits on resampled snapshots and weeks of scenarios, each from the found "
    "point. At bound: the end of what was searched, no resample left it."
)


def grid_parameters(fit: GridFit, *, owner: str = "risk") -> tuple[Parameter, ...]:
    """Return the parameters that were searched, ordered by key.

    Values lie on the grid of the search: it asked no others, so nothing was rounded since.
    """
    found = []
    held = fit.family.parameters(fit.point)
    pairs = zip(fit.family.knobs, fit.point, fit.standard_error.tolist(), strict=True)
    for knob, steps, error in pairs:
        rule = governance(held[knob.unit])[knob.name]
        value = knob.at(steps)
        bound = value <= max(knob.lower, rule.lower) or value >= min(knob.upper, rule.upper)
        found.append(
            Parameter(
                market=knob.unit,
                name=knob.name,
                value=value,
                unit=rule.unit,
                lower=rule.lower,
                upper=rule.upper,
                grid=knob.step,
                owner=owner,
                origin=Origin.BOUND if bound else Origin.CALIBRATED,
                standard_error=_rounded(error) if error > 0.0 else None,
            )
        )
    return tuple(sorted(found, key=lambda parameter: parameter.key))


def grid_tables(fit: GridFit, *, note: str) -> tuple[Table, ...]:
    """Parameters before and after; coverage and margin by family; ``note`` names the prices."""
    return parameter_table(fit, note), coverage_table(fit, note)


def grid_part(fit: GridFit, *, note: str, owner: str = "risk") -> CalibratedPart:
    """Return the grid as a part of a calibrated set."""
    verdict = Verdict.HOLDS if fit.is_admissible else Verdict.BREACH
    target = fit.target
    check = Check(
        name="Grid covers the library of portfolios",
        verdict=verdict,
        found="; ".join(fit.conflicts) or "every limit met",
        demanded=f"every family {100 * (1 - target.breach):g} % at {100 * target.confidence:g} % "
        f"confidence, no portfolio under {100 * (1 - target.portfolio_breach):g} %",
    )
    return CalibratedPart(
        name=f"grid {fit.family.name}",
        parameters=grid_parameters(fit, owner=owner),
        tables=grid_tables(fit, note=note),
        checks=(check,),
        limits=(
            "Chains are of few months; older surfaces are answers of volatility to spot, not "
            "observed. Dampeners and delta shock are as published.",
        ),
    )


def parameter_table(fit: GridFit, note: str) -> Table:
    """Each knob: published, calibrated, standard error, and what one step less would break."""
    rows: list[tuple[Cell, ...]] = []
    pairs = zip(fit.family.knobs, fit.point, fit.standard_error, strict=True)
    for knob, steps, error in pairs:
        published = getattr(fit.family.published[knob.unit], knob.name)
        rows.append(
            (
                knob.unit,
                knob.name,
                float(published),
                float(knob.at(steps)),
                error_told(knob, steps, float(error)),
                float(knob.step),
                fit.binding.get(knob.key, ""),
            )
        )
    return Table(
        name="grid_parameters",
        title=f"{fit.family.title}: parameters",
        columns=(
            Column(name="unit", title="Risk unit"),
            Column(name="name", title="Parameter"),
            Column(name="published", title="Published", kind=ColumnKind.NUMBER, digits=4),
            Column(name="calibrated", title="Calibrated", kind=ColumnKind.NUMBER, digits=4),
            Column(name="error", title="s.e.", kind=ColumnKind.NUMBER, digits=4),
            Column(name="step", title="Grid", kind=ColumnKind.NUMBER, digits=4),
            Column(name="binds", title="One step less breaks"),
        ),
        rows=tuple(rows),
        notes=(
            note,
            ERRORS,
        ),
    )


def error_told(knob: Knob, steps: int, error: float) -> Cell:
    """Return the standard error for print: a spread of 0 says no more than that nothing moved."""
    if math.isnan(error):
        return None
    if error > 0.0:
        return error
    return "at bound" if steps in (knob.least, knob.most) else "no resample moved it"


def coverage_table(fit: GridFit, note: str) -> Table:
    """Each family: breach rates and mean margin of both sets under the reference scenarios."""
    rows = []
    for scope in fit.scopes:
        before, after = scope.published, scope.fitted
        for at, family in enumerate(before.families):
            values = (
                before.margin[at],
                after.margin[at],
                before.base[at],
                after.base[at],
                after.bound[at],
                before.stressed[at],
                after.stressed[at],
            )
            rows.append((scope.scope, family.value, *(float(v) for v in values)))
    return Table(
        name="grid_coverage",
        title=f"{fit.family.title}: margin and breaches under the reference scenarios",
        columns=(
            Column(name="scope", title="Portfolios"),
            Column(name="family", title="Family"),
            Column(
                name="published", title="Published", kind=ColumnKind.MONEY, unit="USD", digits=0
            ),
            Column(
                name="calibrated", title="Calibrated", kind=ColumnKind.MONEY, unit="USD", digits=0
            ),
            Column(name="base_published", title="Breach, published", kind=_FRACTION),
            Column(name="base", title="Breach, calibrated", kind=_FRACTION),
            Column(name="bound", title="Its upper bound", kind=_FRACTION),
            Column(name="stressed_published", title="In crises, published", kind=_FRACTION),
            Column(name="stressed", title="In crises, calibrated", kind=_FRACTION),
        ),
        rows=tuple(rows),
        notes=(note, "Mean margin of a portfolio of 100,000 USD gross notional."),
    )


def worst_portfolios(fit: GridFit, note: str, count: int = 12) -> Table:
    """The portfolios that bind: largest breach rates of their own, calm leg."""
    rows = []
    for scope in fit.scopes:
        before = dict(zip(scope.published.names, scope.published.own.tolist(), strict=True))
        for at in np.argsort(-scope.fitted.own, kind="stable")[:count]:
            name = scope.fitted.names[int(at)]
            rows.append((name, before[name], float(scope.fitted.own[at])))
    rows.sort(key=lambda row: -row[2])
    return Table(
        name="grid_binding",
        title=f"{fit.family.title}: portfolios that bind",
        columns=(
            Column(name="portfolio", title="Portfolio"),
            Column(name="published", title="Breach, published", kind=_FRACTION),
            Column(name="calibrated", title="Breach, calibrated", kind=_FRACTION),
        ),
        rows=tuple(rows[:count]),
        notes=(note,),
    )


def _rounded(error: float) -> Decimal:
    return Decimal(repr(round(error, _ERROR_DIGITS)))
