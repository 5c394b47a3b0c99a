"""Documents cut into sections: what an engine is told, apart from what it is expected to find."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plimsoll.conformance.vector_file import BrokenCase, VectorCase
from plimsoll.errors import DataFormatError

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A CSV file: numeric columns by name, and the first column that is not numeric, if any."""

    columns: Mapping[str, Vector]
    labels: tuple[str, ...] = ()

    def column(self, name: str) -> Vector:
        """Return a column; a `KeyError` names the missing one."""
        return self.columns[name]

    @property
    def panel(self) -> Matrix:
        """All numeric columns side by side, (n, N)."""
        return np.column_stack(list(self.columns.values()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A document and the folder it lies in."""

    name: str
    folder: Path
    document: Mapping[str, Any]

    def table(self, name: object, field: str = "input") -> Table:
        """Read a CSV beside the document.

        Raises
        ------
        DataFormatError
            Where the document names none, it is not there, or a cell is no number.
        """
        where = f"{self.name}: {field}"
        if not isinstance(name, str) or not name or Path(name).name != name:
            raise DataFormatError("must name a CSV file beside this one", found=name, field=where)
        path = self.folder / name
        try:
            with path.open(newline="", encoding="utf-8") as file:
                rows = list(csv.reader(file))
        except OSError as error:
            raise DataFormatError(
                f"must be readable beside {self.name}",
                found=f"{name}: {error.strerror or error}",
                field=where,
            ) from None
        except (UnicodeDecodeError, csv.Error) as error:
            raise DataFormatError("must be a CSV file", found=str(error), field=name) from None
        return _table(name, rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionForm:
    """One sort of section of a form.

    Parameters
    ----------
    path : str
        Segments with ``*``; the sections are cut out at every place that fits.
    inputs : callable
        ``inputs(source, path, content)``: what the engine is told; values expected of it are none.
    """

    path: str
    inputs: Callable[[Source, tuple[str, ...], Any], Mapping[str, Any]]


def cut(source: Source, forms: Sequence[SectionForm]) -> Iterator[VectorCase | BrokenCase]:
    """Cut a document into cases: no leaf is lost, the form with an empty path takes the rest.

    Every case's inputs hold ``asked``: its keys with None at every leaf. A section whose inputs
    cannot be read is a broken case, and the others are read.
    """
    rest: Any = deepcopy(dict(source.document))
    for form in forms:
        for path in _places(rest, tuple(form.path.split("/")) if form.path else ()):
            content = _taken(rest, path) if path else _without_empty(rest)
            if content or path:
                yield _case_or_fault(source, form, path, content)


def _case_or_fault(
    source: Source, form: SectionForm, path: tuple[str, ...], content: Any
) -> VectorCase | BrokenCase:
    name = "/".join((Path(source.name).stem, *path))
    try:
        return _case(name, form.path, path, content, form.inputs(source, path, content))
    except DataFormatError as error:
        fault = error
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        fault = DataFormatError(
            "must have the form of its kind", found=f"{type(error).__name__}: {error}", field=name
        )
    return BrokenCase(id=name, fault=fault, expected=content, root=path)


def asked_of(content: Any) -> Any:
    """Return the keys of a tree with None at every leaf; a list is a leaf."""
    if isinstance(content, Mapping):
        return {key: asked_of(value) for key, value in content.items()}
    return None


def _case(
    name: str, kind: str, path: tuple[str, ...], content: Any, told: Mapping[str, Any]
) -> VectorCase:
    return VectorCase(
        id=name,
        kind=kind,
        inputs={"asked": asked_of(content), "path": path, **told},
        expected=content,
        tolerance={},
        root=path,
    )


def _places(tree: Any, pattern: tuple[str, ...]) -> list[tuple[str, ...]]:
    if not pattern:
        return [()]
    if not isinstance(tree, Mapping):
        return []
    return [
        (key, *rest)
        for key in tree
        if fnmatchcase(key, pattern[0])
        for rest in _places(tree[key], pattern[1:])
    ]


def _taken(tree: dict[str, Any], path: tuple[str, ...]) -> Any:
    for key in path[:-1]:
        tree = tree[key]
    return tree.pop(path[-1])


def _without_empty(tree: Mapping[str, Any]) -> dict[str, Any]:
    """The tree without mappings that the cutting has emptied."""
    found: dict[str, Any] = {}
    for key, value in tree.items():
        kept = _without_empty(value) if isinstance(value, Mapping) else value
        if not isinstance(kept, Mapping) or kept:
            found[key] = kept
    return found


def _table(name: str, rows: list[list[str]]) -> Table:
    if len(rows) < 2:
        raise DataFormatError("must have a header and rows", found=f"{len(rows)} rows", field=name)
    header, body = rows[0], [row for row in rows[1:] if row]
    for place, row in enumerate(body):
        if len(row) != len(header):
            raise DataFormatError(
                f"must have {len(header)} cells", found=len(row), field=f"{name}: row {place + 1}"
            )
    columns: dict[str, Vector] = {}
    labels: tuple[str, ...] = ()
    for place, title in enumerate(header):
        cells = [row[place] for row in body]
        if place == 0 and not _is_float(cells[0]):
            labels = tuple(cells)
        else:
            columns[title] = _numbers(name, title, cells)
    return Table(columns=columns, labels=labels)


def _numbers(name: str, title: str, cells: list[str]) -> Vector:
    try:
        return np.array([float(cell) for cell in cells])
    except ValueError as error:
        raise DataFormatError(
            "must be numbers", found=str(error), field=f"{name}: {title}"
        ) from None


def _is_float(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
