"""Published parameters as a table and as plain values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.estimators.surface.published import PublishedSmile
from plimsoll.journeys.surface_document import iso_time

_PERCENT = 100.0
_WINGS = ("v", "psi", "p", "c", "v_low")
_AT_MONEY = ("atm_vol", "skew", "curvature")
_PER_DEVIATION = ("atm_vol", "skew_per_deviation", "curvature_per_deviation")


def published_table(smiles: Sequence[PublishedSmile], name: str) -> Table:
    """One row per expiry: parameters at the money and jump-wings, each beside its error."""
    return Table(
        name="published",
        title=f"Published parameters of {name} UTC",
        columns=(
            Column(name="expiry", title="Expiry (UTC)", kind=ColumnKind.TIME),
            *_pair("atm", "ATM vol", "%", 2, "Volatility at the forward, annual."),
            *_pair("skew", "Skew", "%/dev", 2, "Its slope per deviation, k over σ√τ."),
            *_pair("curvature", "Curv.", "%/dev²", 2, "Its second derivative per deviation²."),
            *_pair("v", "v", "", 4, "Jump-wings: annual variance at the forward."),
            *_pair("psi", "ψ", "", 3, "Slope of the root of total variance at the forward."),
            *_pair("p", "p", "", 2, "Slope of the put wing over that root."),
            *_pair("c", "c", "", 2, "Slope of the call wing over that root."),
            *_pair("v_low", "ṽ", "", 4, "Least annual variance."),
            _number("tick", "Tick", "%", 2, "Volatility one price tick is worth, median."),
        ),
        rows=tuple(_cells(smile) for smile in smiles),
        notes=(
            "±: standard error of what stands before it, by the delta method. Skew and curvature "
            "are the derivatives in k = ln(K/F), times σ√τ and its square.",
        ),
    )


def published_documents(smiles: Sequence[PublishedSmile]) -> list[dict[str, Any]]:
    """Return the parameters as plain values, as fractions; ``null`` where one is unknown.

    ``skew`` and ``curvature`` are the derivatives of volatility in k = ln(K/F) at the forward;
    those ``per_deviation`` are these times vol sqrt(tau) and its square.
    """
    return [_document(smile) for smile in smiles]


def _cells(smile: PublishedSmile) -> tuple[Cell, ...]:
    at_money = zip(smile.per_deviation, smile.per_deviation_error, strict=True)
    wings = zip(smile.jump_wings, smile.jump_wings_error, strict=True)
    return (
        smile.expiry_ns,
        *(_PERCENT * float(value) for pair in at_money for value in pair),
        *(float(value) for pair in wings for value in pair),
        _PERCENT * smile.vol_per_tick,
    )


def _document(smile: PublishedSmile) -> dict[str, Any]:
    named = {
        **dict(zip(_AT_MONEY, zip(smile.at_money, smile.at_money_error, strict=True), strict=True)),
        **dict(
            zip(
                _PER_DEVIATION,
                zip(smile.per_deviation, smile.per_deviation_error, strict=True),
                strict=True,
            )
        ),
    }
    wings = zip(_WINGS, zip(smile.jump_wings, smile.jump_wings_error, strict=True), strict=True)
    return {
        "expiry": iso_time(smile.expiry_ns),
        **{name: _estimate(*pair) for name, pair in named.items()},
        "jump_wings": {name: _estimate(*pair) for name, pair in wings},
        "vol_per_tick": _plain(smile.vol_per_tick),
    }


def _estimate(value: float, error: float) -> dict[str, float | None]:
    return {"value": _plain(value), "standard_error": _plain(error)}


def _plain(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _pair(name: str, title: str, unit: str, digits: int, about: str) -> tuple[Column, Column]:
    error = Column(name=f"{name}_se", title="±", kind=ColumnKind.NUMBER, digits=digits)
    return _number(name, title, unit, digits, about), error


def _number(name: str, title: str, unit: str, digits: int, about: str) -> Column:
    return Column(
        name=name, title=title, kind=ColumnKind.NUMBER, unit=unit, digits=digits, about=about
    )
