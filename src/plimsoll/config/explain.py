"""From a schema error to a fault a person can act on: problem, value found, remedy."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from plimsoll.config.document import Document, Path, path_text
from plimsoll.config.fields import TIME_FORM
from plimsoll.config.quantities import Measure, intended, plain
from plimsoll.errors import Fault

_SYNONYMS: Mapping[str, str] = {
    "mm_im_link": "maintenance_initial_link",
    "max_maintenance_rate": "maximum_rate",
    "interval_hours": "interval",
    "window_days": "fit_window_days",
    "schema_version": "version",
    "file": "path",
}
_BOUNDS = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}
_UNIT_WORDS = {
    Measure.FRACTION: ", as a fraction (1 % is 0.01)",
    Measure.HOURS: " of hours",
    Measure.DAYS: " of days",
    Measure.USD: " of USD",
    Measure.LEVERAGE: " (leverage)",
}
_WHOLE = ("int_type", "int_parsing", "int_from_float", "int_parsing_size")
_NUMBERS = ("float_type", "float_parsing", "decimal_type", "decimal_parsing", *_WHOLE)
_KINDS = {
    "string_type": ("must be text", "put it in quotes"),
    "bool_type": ("must be true or false", "write true or false"),
    "dict_type": ("must be a mapping", "write `key: value` lines, indented under it"),
    "model_type": ("must be a mapping", "write `key: value` lines, indented under it"),
    "mapping_type": ("must be a mapping", "write `key: value` lines, indented under it"),
    "tuple_type": ("must be a list", "write [first, second] or one `- item` line each"),
    "list_type": ("must be a list", "write [first, second] or one `- item` line each"),
    "too_short": ("must not be empty", "give at least one entry"),
    "too_long": ("must have fewer entries", "shorten the list"),
    "string_too_short": ("must not be empty", "give it a name"),
    "string_too_long": ("must be shorter", "shorten it"),
    "value_error": ("must be a date", f"write {TIME_FORM}"),
}


def explain(error: ErrorDetails, model: type[BaseModel], document: Document) -> Fault:
    """Return the fault behind one pydantic error."""
    path: Path = error["loc"][:-1] if error["loc"][-1:] == ("[key]",) else error["loc"]
    problem, remedy = _problem(error, model, document, path)
    return Fault(
        path=path_text(path),
        problem=problem,
        found="nothing" if error["type"] == "missing" else found_text(document, path),
        remedy=remedy,
        line=document.line(path),
    )


def found_text(document: Document, path: Path) -> str:
    """Print what stands at ``path``: a scalar as written, anything else by kind and size."""
    if path in document.texts:
        return _short(document.texts[path]) or "nothing"
    value = document.get(*path)
    if isinstance(value, dict):
        return f"a mapping of {len(value)} keys"
    return f"a list of {len(value)}" if isinstance(value, list) else _short(str(value))


def nearest(name: str, choices: Iterable[str]) -> str | None:
    """Return the choice most like ``name``, or None where none is alike.

    >>> nearest("volatilty", ["volatility", "half_life_days"])
    'volatility'
    """
    known = list(choices)
    if _SYNONYMS.get(name) in known:
        return _SYNONYMS[name]
    folded = {choice.lower().replace("-", "_"): choice for choice in known}
    close = difflib.get_close_matches(name.lower().replace("-", "_"), folded, n=1, cutoff=0.6)
    return folded[close[0]] if close else None


def choose(name: str, choices: Iterable[str]) -> str:
    """Remedy for a name that is not among ``choices``."""
    known = list(choices)
    near = nearest(name, known)
    listed = ", ".join(known[:20]) + (", …" if len(known) > 20 else "")
    return f"did you mean {near}? choose from {listed}" if near else f"choose from {listed}"


def _problem(
    error: ErrorDetails, model: type[BaseModel], document: Document, path: Path
) -> tuple[str, str]:
    kind = error["type"]
    if kind == "missing":
        return "must be given", f"add `{path[-1]}:`"
    if kind == "extra_forbidden":
        return "is not a key of the schema", choose(str(path[-1]), keys_at(model, path[:-1]))
    if kind in ("enum", "literal_error"):
        return _choice(error, document, path)
    measure = measure_at(model, path)
    if kind in _NUMBERS:
        return _number(kind, document, path, measure)
    if kind in _BOUNDS:
        return _bound(error, document, path, measure)
    if kind in ("finite_number", "decimal_finite", "is_finite"):
        return "must be a finite number", "write an ordinary number"
    return _KINDS.get(kind, (error["msg"], "see the comments of `plimsoll init`"))


def _choice(error: ErrorDetails, document: Document, path: Path) -> tuple[str, str]:
    expected = str(error.get("ctx", {}).get("expected", "")).replace(" or ", ", ")
    choices = [part.strip(" '") for part in expected.split(",") if part.strip()]
    name = path[-1] if error["loc"][-1:] == ("[key]",) else document.texts.get(path, "")
    if len(choices) == 1:
        return f"must be {choices[0]}", f"write {choices[0]}"
    return "must be one of the names known", choose(str(name).strip('"'), choices)


def _number(kind: str, document: Document, path: Path, measure: Measure | None) -> tuple[str, str]:
    unit = _UNIT_WORDS.get(measure, "") if measure else ""
    problem = f"must be {'a whole number' if kind in _WHOLE else 'a number'}{unit}"
    value, text = document.get(*path), document.texts.get(path, "").strip('"')
    if isinstance(value, bool):
        return problem, "true and false are no numbers; write the number meant"
    if isinstance(value, float):
        whole = f"{value:.0f}" if value.is_integer() else f"{math.ceil(value)} or another"
        return problem, f"write {whole}, without decimals" if math.isfinite(value) else "mend it"
    meant = intended(text, measure or Measure.NUMBER) if isinstance(value, str) else None
    return problem, f"write {meant}, without quotes or unit" if meant else "write digits only"


def _bound(
    error: ErrorDetails, document: Document, path: Path, measure: Measure | None
) -> tuple[str, str]:
    key, words = _BOUNDS[error["type"]]
    bound, value = error.get("ctx", {}).get(key, ""), document.get(*path)
    problem = f"must be {words} {bound}"
    number = float(value) if isinstance(value, (int, float)) else 0.0
    if measure is Measure.FRACTION and key in ("lt", "le") and number > 0:
        return f"{problem}, as a fraction", _suspicious_unit(number)
    return problem, f"give a value {words} {bound}"


def _suspicious_unit(number: float) -> str:
    if number > 100:
        return "check the unit: a fraction is meant, 1 % is 0.01"
    written = plain(number)
    return f"check the unit: {written} % is {plain(number / 100)}, {written} bp is " + plain(
        number / 10_000
    )


def keys_at(model: type[BaseModel], path: Path) -> list[str]:
    """Keys that the mapping at ``path`` may have."""
    for part in _flat(_annotation_at(model, path)):
        if isinstance(part, type) and issubclass(part, BaseModel):
            return [field.alias or name for name, field in part.model_fields.items()]
    return []


def measure_at(model: type[BaseModel], path: Path) -> Measure | None:
    """Unit of the number at ``path``."""
    here = _annotation_at(model, path)
    return next((part for part in _flat(here) if isinstance(part, Measure)), None)


def _flat(annotation: object) -> list[object]:
    """Annotation, its union members and their metadata."""
    metadata = list(getattr(annotation, "__metadata__", ()))
    if isinstance(annotation, tuple):
        return [part for item in annotation for part in _flat(item)]
    return [annotation, *metadata, *(p for a in get_args(annotation) for p in _flat(a))]


def _annotation_at(model: type[BaseModel], path: Path) -> Any:
    here: Any = model
    for step in path:
        here = _member(here, step)
    return here


def _member(annotation: Any, step: str | int) -> Any:
    """Annotation of the member ``step`` of a value annotated so."""
    for part in _flat(annotation):
        if isinstance(part, type) and issubclass(part, BaseModel) and isinstance(step, str):
            for name, field in part.model_fields.items():
                if step == (field.alias or name):
                    return (field.annotation, *field.metadata)
        arguments = get_args(part)
        if isinstance(step, int) and len(arguments) == 2 and arguments[1] is Ellipsis:
            return arguments[0]
        origin = getattr(part, "__origin__", None)
        if isinstance(step, str) and origin is not None and "Mapping" in str(origin):
            return arguments[1]
    return None


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:79] + "…"
