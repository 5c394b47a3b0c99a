"""Tables of fitted option models: against each other, and one model's parameters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict

from plimsoll.domain.stochastic_volatility import BatesParameters, HestonParameters
from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.errors import UsageError
from plimsoll.estimators.model_coordinates import COORDINATES
from plimsoll.estimators.model_fit import FittedModel

_COMPARISON = (
    Column(name="model", title="model"),
    Column(name="parameters", title="parameters", kind=ColumnKind.COUNT),
    Column(name="quotes", title="quotes", kind=ColumnKind.COUNT),
    Column(name="rmse", title="RMSE", kind=ColumnKind.NUMBER, unit="vol points", digits=3),
    Column(name="worst", title="worst", kind=ColumnKind.NUMBER, unit="vol points", digits=2),
    Column(name="criterion", title="Schwarz", kind=ColumnKind.NUMBER, digits=1),
    Column(name="feller", title="2 kappa theta / sigma_v^2", kind=ColumnKind.NUMBER, digits=2),
    Column(name="at_end", title="at an end of the box"),
)
_PARAMETERS = (
    Column(name="parameter", title="parameter"),
    Column(name="value", title="value", kind=ColumnKind.NUMBER, digits=4),
    Column(name="error", title="standard error", kind=ColumnKind.NUMBER, digits=4),
    Column(name="unit", title="unit"),
)


def comparison_table(fits: Sequence[FittedModel]) -> Table:
    """Compare models fitted to the same quotes, best fit first.

    Raises
    ------
    UsageError
        Where the models were fitted to different numbers of quotes.
    """
    counts = {fit.quote_count for fit in fits}
    if len(counts) > 1:
        raise UsageError("must be fitted to the same quotes", found=sorted(counts), field="fits")
    ordered = sorted(fits, key=lambda fit: (fit.rmse_vol_points, fit.model.value))
    return Table(
        name="option_models",
        title="Option models on one chain",
        columns=_COMPARISON,
        rows=tuple(_comparison_row(fit) for fit in ordered),
        notes=(
            "Weighted residuals of out-of-the-money mid implied volatilities.",
            "Schwarz's criterion: n ln(cost / n) + p ln n, less is better; quotes of one chain "
            "are not independent, which flatters parameters.",
            "For stress paths and comparison, not for marks.",
        ),
    )


def parameter_table(fit: FittedModel) -> Table:
    """Parameters of one fitted model with their standard errors."""
    rows = tuple(
        (coordinate.name, value, error, coordinate.unit)
        for coordinate, value, error in zip(
            COORDINATES[fit.model],
            asdict(fit.parameters).values(),
            fit.standard_errors,
            strict=True,
        )
    )
    return Table(
        name=f"{fit.model}_parameters",
        title=f"{fit.model.value.capitalize()} fitted to one chain",
        columns=_PARAMETERS,
        rows=rows,
        notes=("No standard error: the parameter is at an end of its box.",),
    )


def _comparison_row(fit: FittedModel) -> tuple[Cell, ...]:
    stochastic = isinstance(fit.parameters, HestonParameters | BatesParameters)
    feller = fit.parameters.feller_ratio if stochastic else math.nan  # type: ignore[union-attr]
    return (
        fit.model.value,
        fit.parameter_count,
        fit.quote_count,
        fit.rmse_vol_points,
        fit.worst_vol_points,
        fit.information_criterion,
        feller,
        ", ".join(fit.at_end),
    )
