"""Vector files as they are read: every fault of form is named with file, case and field."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plimsoll.errors import DataFormatError

MARGIN_SCHEMA = "plimsoll-margin-vectors/1"
_FAMILY = "plimsoll-margin-vectors/"


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorCase:
    """One case.

    Parameters
    ----------
    id, kind : str
        Kind is empty where the file gives none.
    inputs : mapping
        All that an engine is told.
    expected : object
        As in the file, whatever it is; None where it is missing.
    tolerance : mapping
        The file's own.
    root : tuple of str
        Where in the document it was cut out; empty for a case of a list.
    """

    id: str
    kind: str
    inputs: Mapping[str, Any]
    expected: object
    tolerance: Mapping[str, Any]
    root: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenCase:
    """One case that cannot be read: its id, or its place, why, and what it expected, if known."""

    id: str
    fault: DataFormatError
    expected: object = None
    root: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorFile:
    """One file of cases of one engine: those that can be read, those that cannot, other faults.

    ``by_leaf``: every expected number counts, not every case (statistical vectors).
    """

    name: str
    engine: str
    parameter_sets: Mapping[str, Any]
    cases: tuple[VectorCase, ...]
    broken: tuple[BrokenCase, ...] = ()
    faults: tuple[DataFormatError, ...] = ()
    by_leaf: bool = False


Reader = Callable[[str, Mapping[str, Any]], VectorFile]
"""``reader(name, document)`` of one schema."""


def read_document(path: Path) -> Mapping[str, Any] | None:
    """Read one JSON file; None where it is no object.

    Raises
    ------
    DataFormatError
        For what is not JSON.
    """
    document = _document(path)
    return document if isinstance(document, dict) else None


def read_vector_file(path: Path, document: Mapping[str, Any]) -> VectorFile | None:
    """Read a document of a known schema; None where it names none.

    Raises
    ------
    DataFormatError
        For a version nobody knows, and faults of form.
    """
    schema = document.get("schema")
    reader = SCHEMAS.get(schema) if isinstance(schema, str) else None
    if reader is not None:
        return reader(path.name, document)
    if isinstance(schema, str) and schema.startswith(_FAMILY):
        raise DataFormatError(
            f"must be {MARGIN_SCHEMA}", found=schema, field=f"{path.name}: schema"
        )
    return None


def read_margin_vectors(name: str, document: Mapping[str, Any]) -> VectorFile:
    """Read a document of the schema ``plimsoll-margin-vectors/1``.

    A case that cannot be read stands among ``broken``, and the others are read.

    Raises
    ------
    DataFormatError
        Naming file and field, where the file itself has another form.
    """
    cases = _typed(document, "cases", list, name)
    engine = _typed(document, "engine", str, name)
    sets = _typed(document, "parameter_sets", dict, name, {})
    read, broken = dict[str, VectorCase](), list[BrokenCase]()
    for place, case in enumerate(cases):
        try:
            found = _case(name, place, case)
            if found.id in read:
                raise DataFormatError("must stand once", found=found.id, field=f"{name}: cases.id")
            read[found.id] = found
        except DataFormatError as fault:
            broken.append(BrokenCase(id=_label(case, place), fault=fault))
    return VectorFile(
        name=name,
        engine=engine,
        parameter_sets=sets,
        cases=tuple(read.values()),
        broken=tuple(broken),
        faults=tuple(_count_faults(name, document, len(cases))),
    )


def _count_faults(name: str, document: Mapping[str, Any], cases: int) -> Iterator[DataFormatError]:
    count = document.get("n_cases", cases)
    if count != cases:
        yield DataFormatError(
            f"must be the number of cases ({cases})", found=count, field=f"{name}: n_cases"
        )


def _label(case: object, place: int) -> str:
    own = case.get("id") if isinstance(case, dict) else None
    return own if isinstance(own, str) else f"cases[{place}]"


SCHEMAS: Mapping[str, Reader] = {MARGIN_SCHEMA: read_margin_vectors}
"""Readers by schema; a new kind of vectors enters here."""


def _case(name: str, place: int, case: object) -> VectorCase:
    if not isinstance(case, dict):
        raise DataFormatError(
            "must be an object", found=type(case).__name__, field=f"{name}: cases[{place}]"
        )
    where = f"{name}: case {case.get('id', place)}"
    return VectorCase(
        id=_typed(case, "id", str, where),
        kind=_typed(case, "kind", str, where, ""),
        inputs=_typed(case, "inputs", dict, where),
        expected=case.get("expected"),
        tolerance=_typed(case, "tolerance", dict, where, {}),
    )


def _typed(
    document: Mapping[str, Any], key: str, kind: type, where: str, default: object = None
) -> Any:
    value = document.get(key, default)
    if not isinstance(value, kind):
        found = "nothing" if key not in document else type(value).__name__
        raise DataFormatError(
            f"must be a JSON {_NAMES[kind]}", found=found, field=f"{where}: {key}"
        )
    return value


_NAMES: Mapping[object, str] = {str: "string", list: "array", dict: "object"}


def _document(path: Path) -> Any:
    try:
        content = path.read_bytes()
        try:
            return json.loads(content, parse_constant=_no_constant)
        except ValueError:
            # Programs write NaN for a number they do not have; a schema of ours does not.
            lenient = json.loads(content)
            if not isinstance(lenient, dict) or "schema" in lenient:
                raise
            return lenient
    except OSError as error:
        raise DataFormatError(
            "must be readable", found=error.strerror or str(error), field=path.name
        ) from None
    except (ValueError, RecursionError) as error:  # of JSON, of its encoding, NaN
        raise DataFormatError("must be JSON", found=str(error), field=path.name) from None


def _no_constant(text: str) -> None:
    raise ValueError(f"{text} is no JSON number")
