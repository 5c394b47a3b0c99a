"""Tables of a calibrated grid: parameters, groups, portfolios against what they lose."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.grids.grid_backtest import LibraryBacktest
from plimsoll.calibration.grids.grid_calibration import CALIBRATED, PUBLISHED
from plimsoll.calibration.grids.grid_coverage import Legs
from plimsoll.calibration.grids.grid_family import GridFamily
from plimsoll.calibration.grids.grid_fit import GridFit
from plimsoll.calibration.grids.grid_publication import copied_constants
from plimsoll.calibration.grids.grid_result import ERRORS, error_told
from plimsoll.calibration.grids.grid_samples import GridSample
from plimsoll.calibration.grids.portfolios import HEDGED
from plimsoll.calibration.grids.reference_scenarios import ReferenceScenarios
from plimsoll.calibration.grids.scope_search import Samples
from plimsoll.domain.parameters import ParameterSet
from plimsoll.domain.table import Cell, Column, ColumnKind, Table

FloatArray = NDArray[np.float64]
_FRACTION, _NUMBER = ColumnKind.FRACTION, ColumnKind.NUMBER


def money(name: str, title: str) -> Column:
    """Column of whole dollars."""
    return Column(name=name, title=title, kind=ColumnKind.MONEY, unit="USD", digits=0)


def parameters_table(fit: GridFit, parameters: ParameterSet, note: str) -> Table:
    """Every constant of the set: published, calibrated, error, grid, what binds."""
    rows: list[tuple[Cell, ...]] = []
    found = zip(fit.family.knobs, fit.point, fit.standard_error.tolist(), strict=True)
    errors = {knob.key: error_told(knob, steps, error) for knob, steps, error in found}
    copied = copied_constants(fit)
    for parameter in parameters:
        published = getattr(fit.family.published[parameter.market], parameter.name)
        rows.append(
            (
                parameter.market,
                parameter.name,
                _plain(published),
                _plain(parameter.value),
                errors.get(parameter.key),
                None if parameter.grid is None else _plain(parameter.grid),
                parameter.unit.value,
                parameter.origin.value,
                copied.get(parameter.key, fit.binding.get(parameter.key, "")),
            )
        )
    return Table(
        name="parameters",
        title=f"{fit.family.title}: every constant, published and calibrated",
        columns=(
            Column(name="market", title="Risk unit"),
            Column(name="name", title="Parameter"),
            Column(name="published", title="Published", kind=_NUMBER, digits=6),
            Column(name="calibrated", title="Calibrated", kind=_NUMBER, digits=6),
            Column(name="standard_error", title="s.e.", kind=_NUMBER, digits=4),
            Column(name="grid", title="Grid", kind=_NUMBER, digits=6),
            Column(name="unit", title="Unit"),
            Column(name="origin", title="Origin"),
            Column(name="binds", title="One step less breaks"),
        ),
        rows=tuple(rows),
        notes=(
            note,
            f"{ERRORS} venue: published, not searched.",
            *(f"{key}: {told}; its own was not searched." for key, told in copied.items()),
        ),
    )


def _plain(value: Decimal) -> str:
    """All digits and no more.

    >>> _plain(Decimal("2E+7")), _plain(Decimal("0.0500"))
    ('20,000,000', '0.05')
    """
    return f"{Decimal(value).normalize():,f}"


def pooled_table(
    backtests: Mapping[str, LibraryBacktest], target: Mapping[str, float], note: str
) -> Table:
    """One row a judgement and group: breach rate, error, mean margins, saving.

    Parameters
    ----------
    backtests : mapping of str to LibraryBacktest
        By what they are judged on, the first first.
    target : mapping of str to float
        Breach rate that is admitted in each.
    note : str
    """
    rows: list[tuple[Cell, ...]] = []
    for name, backtest in backtests.items():
        every = np.ones(backtest.day.size, dtype=np.bool_)
        groups = (("all", every), ("hedged", backtest.hedged), ("directional", ~backtest.hedged))
        for group, at in groups:
            rate, error = backtest.breach(CALIBRATED, at)
            rows.append(
                (
                    f"{name}, {group}",
                    int((at & backtest.known).sum()),
                    target[name],
                    backtest.breach(PUBLISHED, at)[0],
                    rate,
                    error,
                    backtest.mean_margin(PUBLISHED, at)[0],
                    backtest.mean_margin(CALIBRATED, at)[0],
                    backtest.saving(CALIBRATED, PUBLISHED, at)[0],
                )
            )
    return Table(
        name="coverage_pooled",
        title="Breaches and margin, hedged and directional portfolios",
        columns=(
            Column(name="scope", title="Judged on"),
            Column(name="rows", title="Portfolio-days", kind=ColumnKind.COUNT),
            Column(name="target", title="Target", kind=_FRACTION),
            Column(name="published_breach", title="Breach, published", kind=_FRACTION),
            Column(name="breach_rate", title="Breach, calibrated", kind=_FRACTION),
            Column(name="standard_error", title="s.e.", kind=_FRACTION),
            money("published_margin", "Margin, published"),
            money("mean_margin", "Margin, calibrated"),
            Column(name="saving", title="Less margin", kind=_FRACTION),
        ),
        rows=tuple(rows),
        notes=(
            note,
            "Portfolios of 100,000 USD gross notional, the same weight each; initial margin. "
            "Errors are clustered by day; under crises they are the spread over snapshots alone.",
        ),
    )


def portfolio_table(
    family: GridFamily, fit: GridFit, samples: Samples, scenarios: ReferenceScenarios, note: str
) -> Table:
    """One row a portfolio: reference loss at the target, margin of both sets."""
    legs = Legs.of(scenarios)
    sums: dict[str, list[float]] = {}
    about: dict[str, tuple[str, str, str]] = {}
    for scope, own in samples.items():
        for sample in own:
            columns = (
                reference_quantile(sample, legs, fit.target.breach),
                family.margins(sample.market, family.published, sample.book),
                fit.family.margins(sample.market, fit.family.parameters(fit.point), sample.book),
            )
            library = sample.library
            for row, name in enumerate(library.names):
                kind = library.families[row]
                group = "hedged" if kind in HEDGED else "directional"
                about[name] = (scope, kind.value, group)
                held = sums.setdefault(name, [0.0, 0.0, 0.0, 0.0])
                for place, column in enumerate(columns):
                    held[place] += float(column[row])
                held[3] += 1.0
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (name, *about[name], *(value / held[3] for value in held[:3]))
        for name, held in sums.items()
    )
    return Table(
        name="grid_portfolios",
        title=f"{fit.family.title}: margin against the reference loss, by portfolio",
        columns=(
            Column(name="portfolio", title="Portfolio"),
            Column(name="scope", title="Portfolios in"),
            Column(name="family", title="Family"),
            Column(name="group", title="Group"),
            money("loss", "Reference loss"),
            money("published", "Published"),
            money("calibrated", "Calibrated"),
        ),
        rows=rows,
        notes=(
            note,
            f"Loss: exceeded by {100 * fit.target.breach:.3g} % of the calm reference scenarios. "
            "Means over the snapshots that have the portfolio.",
        ),
    )


def reference_quantile(sample: GridSample, legs: Legs, breach: float) -> FloatArray:
    """(P,) loss that the calm scenarios exceed with probability ``breach``, dollars."""
    weight = np.cumsum(legs.weight[0][sample.scenario], axis=1)
    place = np.minimum(np.sum(weight <= breach, axis=1), sample.losses.shape[1] - 1)
    return np.asarray(sample.losses[np.arange(place.size), place], dtype=np.float64)


def settings_table(values: Mapping[str, str]) -> Table:
    """What decided the result, in plain words."""
    return Table(
        name="grid_settings",
        title="Settings",
        columns=(Column(name="setting", title="Setting"), Column(name="value", title="Value")),
        rows=tuple(values.items()),
    )
