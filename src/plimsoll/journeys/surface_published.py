"""Published parameters as a table and as plain values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.estimators.surface.published import PublishedSmile
from plimsoll.journeys.surface_document import iso_time

FloatArray = NDArray[np.float64]

_PERCENT = 100.0
_WINGS = ("v", "psi", "p", "c", "v_low")
_AT_MONEY = ("atm_vol", "skew", "curvature")
_PER_DEVIATION = ("skew_per_deviation", "curvature_per_deviation")


def published_tables(smiles: Sequence[PublishedSmile], name: str) -> tuple[Table, Table]:
    """Return parameters at the money, and jump-wings."""
    return published_table(smiles, name), jump_wings_table(smiles, name)


def published_table(smiles: Sequence[PublishedSmile], name: str) -> Table:
    """One row per expiry: level, skew and curvature, each beside its error."""
    return Table(
        name="published",
        title=f"Published parameters of {name} UTC",
        columns=(
            Column(name="expiry", title="Expiry (UTC)", kind=ColumnKind.TIME),
            *_pair("atm", "ATM", "%", 2, "Volatility at the forward, annual."),
            *_pair("skew", "Skew", "%", 2, "Its slope at the forward per deviation, k over σ√τ."),
            *_pair("curvature", "Curv.", "%", 2, "Its second derivative there per deviation²."),
            _number("tick", "Tick", "%", 2, "Volatility that one price tick is worth, median."),
        ),
        rows=tuple(_at_money_cells(smile) for smile in smiles),
        notes=(
            "±: standard error of what stands before it, by the delta method. Skew and curvature: "
            "derivatives of volatility in k = ln(K/F), times σ√τ and its square.",
        ),
    )


def jump_wings_table(smiles: Sequence[PublishedSmile], name: str) -> Table:
    """One row per expiry: the same smiles in the terms of traders, each beside its error."""
    return Table(
        name="jump_wings",
        title=f"Jump-wings of {name} UTC",
        columns=(
            Column(name="expiry", title="Expiry (UTC)", kind=ColumnKind.TIME),
            *_pair("v", "v", "", 4, "Annual variance at the forward."),
            *_pair("psi", "ψ", "", 4, "Slope of the root of total variance w at the forward."),
            *_pair("p", "p", "", 3, "Slope of w far to the left, downwards, over that root."),
            *_pair("c", "c", "", 3, "Slope of w far to the right over that root."),
            *_pair("v_low", "ṽ", "", 4, "Least annual variance."),
        ),
        rows=tuple(_wing_cells(smile) for smile in smiles),
        notes=("p and c say what lies beyond the last quotes: see their errors.",),
    )


def published_documents(smiles: Sequence[PublishedSmile]) -> list[dict[str, Any]]:
    """Return the parameters as plain values, as fractions; ``null`` where one is unknown.

    ``skew`` and ``curvature`` are the derivatives of volatility in k = ln(K/F) at the forward;
    those ``per_deviation`` are these times vol sqrt(tau) and its square.
    """
    return [_document(smile) for smile in smiles]


def _at_money_cells(smile: PublishedSmile) -> tuple[Cell, ...]:
    found = zip(smile.per_deviation, smile.per_deviation_error, strict=True)
    values = (_PERCENT * float(value) for pair in found for value in pair)
    return (smile.expiry_ns, *values, _PERCENT * smile.vol_per_tick)


def _wing_cells(smile: PublishedSmile) -> tuple[Cell, ...]:
    found = zip(smile.jump_wings, smile.jump_wings_error, strict=True)
    return (smile.expiry_ns, *(float(value) for pair in found for value in pair))


def _document(smile: PublishedSmile) -> dict[str, Any]:
    return {
        "expiry": iso_time(smile.expiry_ns),
        **_estimates(_AT_MONEY, smile.at_money, smile.at_money_error),
        **_estimates(_PER_DEVIATION, smile.per_deviation[1:], smile.per_deviation_error[1:]),
        "jump_wings": _estimates(_WINGS, smile.jump_wings, smile.jump_wings_error),
        "vol_per_tick": _plain(smile.vol_per_tick),
    }


def _estimates(names: Sequence[str], values: FloatArray, errors: FloatArray) -> dict[str, Any]:
    return {
        name: {"value": _plain(value), "standard_error": _plain(error)}
        for name, value, error in zip(names, values, errors, strict=True)
    }


def _plain(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _pair(name: str, title: str, unit: str, digits: int, about: str) -> tuple[Column, Column]:
    error = Column(name=f"{name}_se", title="±", kind=ColumnKind.NUMBER, unit=unit, digits=digits)
    return _number(name, title, unit, digits, about), error


def _number(name: str, title: str, unit: str, digits: int, about: str) -> Column:
    return Column(
        name=name, title=title, kind=ColumnKind.NUMBER, unit=unit, digits=digits, about=about
    )
