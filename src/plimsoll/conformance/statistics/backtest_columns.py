"""Columns of a file of rolling forecasts that a model's name in a backtest file means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plimsoll.conformance.statistics.sections import Source
from plimsoll.errors import DataFormatError
from plimsoll.validation import hits_of

Vector = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Forecasts:
    """Losses and forecasts of one model at one level; all positive losses.

    ``mean``, ``sigma`` and ``degrees_of_freedom`` describe the forecast Student-t law; None where
    the model has none.
    """

    loss: Vector
    value_at_risk: Vector
    expected_shortfall: Vector
    confidence: float
    mean: Vector | None = None
    sigma: Vector | None = None
    degrees_of_freedom: Vector | None = None

    @property
    def rate(self) -> float:
        """Breach rate the level promises."""
        return 1.0 - self.confidence

    @cached_property
    def hits(self) -> Vector:
        """1 on a breach (loss strictly above the value-at-risk), else 0."""
        return hits_of(self.loss, self.value_at_risk)


def forecasts_inputs(source: Source, name: str) -> Mapping[str, Any]:
    """Columns of a model called ``<model>_<level>``, such as ``garch_t_975`` or ``hs500_99``.

    ``var975`` and ``es975`` belong to the model with sigma, mu and nu; a model of another name has
    its own prefix, the letters of its name up to the first digit or ``_``: ``hs_var975``.

    Raises
    ------
    DataFormatError
        Where the file has no such columns.
    """
    table = source.table(source.document.get("input"))
    model, _, level = name.rpartition("_")
    if not level.isdigit() or not model:
        raise DataFormatError(
            "must end in a level such as _975", found=name, field=f"{source.name}: {name}"
        )
    prefixes = (f"{model}_", f"{re.split(r'[0-9_]', model)[0]}_", "")
    prefix = next((p for p in prefixes if f"{p}var{level}" in table.columns), None)
    if prefix is None or (prefix == "" and model.startswith(("hs", "hist"))):
        raise DataFormatError(
            f"must have columns var{level} and es{level} of the model",
            found=", ".join(table.columns),
            field=f"{source.name}: {name}",
        )
    law = {} if prefix else {key: table.columns.get(key) for key in ("mu", "sigma", "nu")}
    return {
        "loss": -table.column("r"),
        "value_at_risk": table.column(f"{prefix}var{level}"),
        "expected_shortfall": table.column(f"{prefix}es{level}"),
        "confidence": float(f"0.{level}"),
        "law": law,
    }


def forecasts_of(inputs: Mapping[str, Any]) -> Forecasts:
    """Return the forecasts that inputs describe."""
    law = inputs["law"]
    return Forecasts(
        loss=inputs["loss"],
        value_at_risk=inputs["value_at_risk"],
        expected_shortfall=inputs["expected_shortfall"],
        confidence=inputs["confidence"],
        mean=law.get("mu"),
        sigma=law.get("sigma"),
        degrees_of_freedom=law.get("nu"),
    )
