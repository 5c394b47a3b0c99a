"""Parameter sets from venues' own files, and back into them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from plimsoll.adapters.files.atomic import write_atomically
from plimsoll.adapters.tier_tables import (
    SCHEMAS,
    Carried,
    FaultLog,
    Loss,
    ReadOptions,
    VenueSchema,
    carried_from_document,
    carried_keys,
    document_of,
    export_set,
    import_file,
    schema_named,
    schema_of,
    written,
)
from plimsoll.domain.parameters import SCHEMA, ParameterSet
from plimsoll.errors import DataError, DataFormatError, UsageError
from plimsoll.journeys.params import PARAMETERS_FILE, read_parameters
from plimsoll.journeys.versions import CODE_VERSION

UNKNOWN_SINCE = "1970-01-01T00:00:00Z"
"""Since when a venue's table holds is not in its file."""

PathLike = str | os.PathLike[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportResult:
    """A set read from a venue's file.

    Parameters
    ----------
    parameters : ParameterSet
    schema : VenueSchema
    carried_keys : tuple of str
        Keys of the file that no margin depends on, kept beside the set.
    files : tuple of Path
        What was written.
    """

    parameters: ParameterSet
    schema: VenueSchema
    carried_keys: tuple[str, ...]
    files: tuple[Path, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportResult:
    """A venue's document as JSON text, what was dropped, and where it was written."""

    text: str
    schema: VenueSchema
    losses: tuple[Loss, ...]
    file: Path | None


def import_venue_file(
    place: PathLike,
    schema: str,
    *,
    out: PathLike | None = None,
    options: ReadOptions | None = None,
    valid_from: str = UNKNOWN_SINCE,
) -> ImportResult:
    """Read a venue's file into a parameter set, and write it where ``out`` says.

    Beside ``SET.json`` goes ``SET.carried.json``, from which `export_parameters` writes the
    venue's file again as it was.

    Raises
    ------
    UsageError
        For an unknown schema, and a ``valid_from`` that is no ISO time.
    DataError
        Where the file cannot be read.
    VenueSchemaError
        With every fault of the file.
    """
    chosen, path = schema_named(schema), Path(place)
    _check_instant(valid_from)
    found = import_file(
        _content(path),
        chosen,
        source=path.name,
        valid_from=valid_from,
        code_version=CODE_VERSION,
        options=options or ReadOptions(),
    )
    files: tuple[Path, ...] = ()
    if out is not None:
        target = Path(out)
        beside = carried_path(target)
        write_atomically(beside, written(found.carried.document()) + "\n")
        write_atomically(target, found.parameters.canonical())
        files = (target, beside)
    return ImportResult(
        parameters=found.parameters,
        schema=chosen,
        carried_keys=tuple(sorted(set(carried_keys(found.carried.difference)) & chosen.kept)),
        files=files,
    )


def export_parameters(
    place: PathLike,
    schema: str,
    *,
    out: PathLike | None = None,
    markets: Sequence[str] = (),
    lossy: bool = False,
) -> ExportResult:
    """Write a parameter set in a venue's schema.

    Raises
    ------
    LossyExportError
        Where the schema cannot carry everything and ``lossy`` is not said.
    UsageError
        For an unknown schema or market.
    DataError
        Where the set cannot be read.
    """
    chosen, parameters = schema_named(schema), read_parameters(place)
    found = export_set(
        parameters, chosen, carried=_carried(Path(place)), markets=tuple(markets), lossy=lossy
    )
    text = written(found.document) + "\n"
    file = None if out is None else write_atomically(out, text)
    return ExportResult(text=text, schema=chosen, losses=found.losses, file=file)


def read_set_or_venue_file(
    place: PathLike, *, schema: str | None = None, options: ReadOptions | None = None
) -> ParameterSet:
    """Read a parameter set, or a venue's file of any schema as one.

    Parameters
    ----------
    schema : str or None
        Of a venue's file; None to tell it by its keys.

    Raises
    ------
    DataFormatError
        Where it is neither.
    UsageError
        No schema of that name, whether it is needed or not.
    """
    named = schema_named(schema) if schema else None
    path = Path(place)
    if path.is_dir():
        return read_parameters(place)
    document = document_of(_content(path), str(place), FaultLog())
    if isinstance(document, dict) and str(document.get("schema", "")).startswith(SCHEMA):
        return read_parameters(place)
    told = named or schema_of(document)
    if told is None:
        raise DataFormatError(
            "must be a parameter set or a venue's file",
            found="keys of no schema, or of several",
            field=str(place),
            remedy=f"name it with --from: {', '.join(SCHEMAS)}",
        )
    return import_venue_file(place, told.name, options=options).parameters


def carried_path(place: Path) -> Path:
    """Return where what a set carries stands: ``SET.carried.json`` beside ``SET.json``."""
    file = place / PARAMETERS_FILE if place.is_dir() else place
    return file.with_name(f"{file.stem}.carried.json")


def _carried(place: Path) -> Carried | None:
    path = carried_path(place)
    if not path.is_file():
        return None
    log = FaultLog()
    return carried_from_document(document_of(_content(path), str(path), log), str(path))


def _check_instant(valid_from: str) -> None:
    try:
        datetime.fromisoformat(valid_from)
    except ValueError:
        raise UsageError(
            "must be an ISO time", found=valid_from, field="valid_from", remedy="e.g. 2024-10-01"
        ) from None


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(
            "must be a file that can be read",
            found=error.strerror or str(error),
            field=str(path),
            remedy="name a venue's file",
        ) from None
