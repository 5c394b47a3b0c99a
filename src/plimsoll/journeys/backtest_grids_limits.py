"""What holds the saving of hedged portfolios back: the same fit with one limit left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from plimsoll.calibration.grids.grid_coverage import FamilyCoverage
from plimsoll.calibration.grids.grid_fit import GridFit, ScopeFit, Work, fit_grid
from plimsoll.calibration.grids.grid_objective import GridTarget
from plimsoll.calibration.grids.portfolios import HEDGED
from plimsoll.calibration.grids.reference_scenarios import ReferenceScenarios
from plimsoll.calibration.grids.scope_search import Samples
from plimsoll.domain.table import Cell, Column, ColumnKind, Table

_NEVER = 1.0
_WHOLE = "all limits"
_AS_STRICT = "what settles within the period as strict as any portfolio"


def limit_cases(target: GridTarget) -> dict[str, GridTarget]:
    """Targets with one limit left out, or stricter."""
    return {
        "without limits on single portfolios": replace(
            target, portfolio_breach=_NEVER, settling_breach=_NEVER
        ),
        _AS_STRICT: replace(target, settling_breach=target.portfolio_breach),
        "without limits in crises": replace(
            target, stressed_breach=None, stressed_group_breach=None
        ),
    }


def limit_fits(
    fit: GridFit, samples: Samples, scenarios: ReferenceScenarios, *, seed: int, work: Work
) -> dict[str, GridFit]:
    """Fit the coins again, each case from the point that was found."""
    coins = {scope: own for scope, own in samples.items() if scope in _coins(fit)}
    found = {_WHOLE: fit}
    for name, target in limit_cases(fit.target).items():
        found[name] = fit_grid(
            fit.family,
            coins,
            scenarios,
            target=target,
            start=fit.point,
            seed=seed,
            work=replace(work, stage=name),
        )
    return found


def limits_table(fits: Mapping[str, GridFit], samples: Samples, *notes: str) -> Table:
    """One row a case: by coin the saving under the reference, and the portfolio broken most."""
    whole = fits[_WHOLE]
    coins = _coins(whole)
    rows: list[tuple[Cell, ...]] = []
    for name, fit in fits.items():
        scopes = {s.scope: s for s in fit.scopes}
        savings = [_saving(scopes[coin], samples[coin][0].count) for coin in coins]
        worst = [_worst(scopes[coin].fitted) for coin in coins]
        rows.append((name, *savings, "; ".join(worst)))
    return Table(
        name="grids_limits",
        title="What holds the saving of hedged portfolios back, by coin",
        columns=(
            Column(name="case", title="Fit"),
            *(
                Column(name=f"saved_{coin}", title=f"Less margin, {coin}", kind=ColumnKind.FRACTION)
                for coin in coins
            ),
            Column(name="worst", title="Portfolio broken most, reference"),
        ),
        rows=tuple(rows),
        notes=(*notes, "Mean margin of hedged portfolios on the snapshots fitted on."),
    )


def settling_note(table: Table) -> str:
    """Say what the weaker limit on what settles saves hedged portfolios, from the table's rows."""
    rows = {str(row[0]): row[1:-1] for row in table.rows}
    coins = [column.name.removeprefix("saved_") for column in table.columns[1:-1]]
    told = "; ".join(
        f"{coin} {_percent(strict)} against {_percent(weak)}"
        for coin, strict, weak in zip(coins, rows[_AS_STRICT], rows[_WHOLE], strict=True)
    )
    return f"As strict as any portfolio, hedged portfolios save on the reference: {told}."


def _percent(saved: Cell) -> str:
    return f"{100.0 * float(str(saved)):.1f} %"


def _coins(fit: GridFit) -> list[str]:
    return [s.scope for s in fit.scopes if any(k.scope == s.scope for k in fit.family.knobs)][:2]


def _saving(scope: ScopeFit, count: np.ndarray) -> float:
    hedged = np.array([family in HEDGED for family in scope.fitted.families]) * count
    return 1.0 - float(hedged @ scope.fitted.margin) / float(hedged @ scope.published.margin)


def _worst(coverage: FamilyCoverage) -> str:
    at = int(np.argmax(coverage.own))
    return f"{coverage.names[at]} {100.0 * coverage.own[at]:.2f} %"
