"""Parameter sets as stored: read one, show it, compare two."""

from __future__ import annotations

import json
import os
import re
from decimal import Decimal, InvalidOperation
from pathlib import Path

from plimsoll.domain.parameters import (
    Parameter,
    ParameterSet,
    Unit,
    parameter_set_from_document,
)
from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.errors import DataError, DataFormatError, PlimsollError, UsageError
from plimsoll.journeys.params_effect import effect

PARAMETERS_FILE = "parameters.json"


def read_parameters(place: str | os.PathLike[str]) -> ParameterSet:
    """Read a parameter set.

    Parameters
    ----------
    place : str or path
        The JSON file, or the folder of a calibration.

    Raises
    ------
    DataError
        Where there is no such file, or it cannot be read.
    DataFormatError
        Where it is no parameter set.
    """
    document = read_json(place, PARAMETERS_FILE)
    try:
        return parameter_set_from_document(document)
    except (KeyError, TypeError, AttributeError, InvalidOperation) as error:
        found = f"{type(error).__name__}: {error}"
    except (PlimsollError, ValueError) as error:
        found = str(error)
    raise DataFormatError("must be a parameter set", found=found, field=os.fspath(place))


def read_json(place: str | os.PathLike[str], name: str) -> dict[str, object]:
    """Read a JSON object from a file, or from the file called ``name`` in a folder."""
    path = Path(place)
    path = path / name if path.is_dir() else path
    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise DataError(
            "must be a file that can be read",
            found=error.strerror or str(error),
            field=str(path),
            remedy="name a result of `plimsoll calibrate --out`"
            + (", or of `plimsoll params import --out`" if name == PARAMETERS_FILE else ""),
        ) from None
    except (ValueError, RecursionError) as error:
        raise DataFormatError("must be JSON", found=str(error), field=str(path)) from None
    if not isinstance(document, dict):
        raise DataFormatError(
            "must be a JSON object", found=type(document).__name__, field=str(path)
        )
    return document


def parameter_table(parameters: ParameterSet, *, market: str | None = None) -> Table:
    """Return a set as a table, one parameter a row."""
    chosen = [p for p in parameters if market in (None, p.market)]
    if not chosen:
        _refuse(market, parameters.markets)
    return Table(
        name="parameters",
        title=f"Parameter set {parameters.id[:12]} of {parameters.venue}",
        columns=(
            Column(name="market", title="Market"),
            Column(name="name", title="Parameter"),
            Column(name="value", title="Value"),
            Column(name="unit", title="Unit"),
            Column(name="standard_error", title="Standard error"),
            Column(name="origin", title="Origin"),
            Column(name="owner", title="Owner"),
        ),
        rows=tuple(
            (p.market, p.name, value_text(p), p.unit.value, _error_text(p), p.origin.value, p.owner)
            for p in chosen
        ),
        notes=(
            parameters.label,
            f"id {parameters.id}; valid from {parameters.valid_from}; "
            f"parent {parameters.parent or 'none'}; seed {parameters.seed}",
        ),
    )


def difference(before: ParameterSet, after: ParameterSet, *, market: str | None = None) -> Table:
    """Return what changes, one parameter a row; ``standard_errors`` is the change over its error.

    ``effect`` tells tightening from loosening. Parameters that stand in one set only have no value
    in the other.
    """
    old, new = ({p.key: p for p in one if market in (None, p.market)} for one in (before, after))
    if not old and not new:
        _refuse(market, (*before.markets, *after.markets))
    keys = sorted(old.keys() | new.keys(), key=_by_number)
    rows = [_change(old.get(key), new.get(key)) for key in keys]
    return Table(
        name="difference",
        title=f"From {before.id[:12]} to {after.id[:12]}",
        columns=(
            Column(name="market", title="Market"),
            Column(name="name", title="Parameter"),
            Column(name="before", title="Before"),
            Column(name="after", title="After"),
            Column(name="change", title="Change", kind=ColumnKind.FRACTION),
            Column(name="standard_errors", title="In standard errors", kind=ColumnKind.NUMBER),
            Column(name="effect", title="Effect", about="on margin, all else equal"),
        ),
        rows=tuple(row for row in rows if row is not None),
        notes=tuple(dict.fromkeys((before.label, after.label))),
    )


def value_text(parameter: Parameter) -> str:
    """Print a value: fractions in per cent, money with separators."""
    if parameter.unit is Unit.FRACTION:
        return f"{(100 * parameter.value).normalize():f} %"
    return f"{parameter.value:,f}"


def _error_text(parameter: Parameter) -> str | None:
    error = parameter.standard_error
    if error is None:
        return None
    return f"{100 * error:.3f} %" if parameter.unit is Unit.FRACTION else f"{error:,f}"


def _change(old: Parameter | None, new: Parameter | None) -> tuple[Cell, ...] | None:
    either = new or old
    if either is None or (old and new and old.value == new.value and old.unit is new.unit):
        return None
    before = None if old is None else value_text(old)
    after = None if new is None else value_text(new)
    head = (either.market, either.name, before, after)
    if old is not None and new is not None and old.unit is not new.unit:
        return *head, None, None, None
    values = [None if one is None else one.value for one in (old, new)]
    told = effect(either.name, *values)
    if old is None or new is None:
        return *head, None, None, told
    change = float(new.value / old.value - 1) if old.value else None
    return *head, change, _in_errors(old, new), told


def _by_number(key: str) -> list[tuple[str, int]]:
    """Order ``tier[2]`` before ``tier[10]``."""
    parts = re.split(r"(\d+)", key)
    texts, numbers = parts[::2], [int(n) for n in parts[1::2]]
    return list(zip(texts, [*numbers, -1], strict=True))


def _in_errors(old: Parameter, new: Parameter) -> float | None:
    squares = [p.standard_error**2 for p in (old, new) if p.standard_error]
    total = sum(squares, Decimal(0))
    return float((new.value - old.value) / total.sqrt()) if total else None


def _refuse(market: str | None, known: tuple[str, ...]) -> None:
    raise UsageError(
        "must be a market of the set",
        found=market or "no parameters",
        field="market",
        remedy=f"choose from {', '.join(dict.fromkeys(known)) or 'another set'}",
    )
