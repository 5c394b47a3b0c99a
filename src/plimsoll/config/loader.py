"""Read ``venue.yaml``: all faults at once, or a venue that holds."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from plimsoll.config.appetite_targets import appetite_faults
from plimsoll.config.contents import content_faults
from plimsoll.config.document import Document, read_document
from plimsoll.config.explain import explain
from plimsoll.config.extent import Generated
from plimsoll.config.files import file_faults, resolve, unused_faults
from plimsoll.config.migrations import migrate
from plimsoll.config.rules import cross_faults
from plimsoll.config.venue import VenueConfig
from plimsoll.errors import ConfigurationError, Fault

if TYPE_CHECKING:
    from plimsoll.config.grid_section import GridVenueConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueFile:
    """A venue file that holds, with what is needed to find the files it names.

    Parameters
    ----------
    source : Path
        The file itself.
    config : VenueConfig
    variables : mapping of str to str
        Values of ``${NAME}`` in paths.
    """

    source: Path
    config: VenueConfig
    variables: Mapping[str, str]

    def resolve(self, text: str) -> Path:
        """Path of a file named in the venue file."""
        return resolve(text, self.source.parent, self.variables)


@dataclass(frozen=True, slots=True, kw_only=True)
class GridVenueFile:
    """A venue file of a portfolio-margin venue: fields as in `VenueFile`."""

    source: Path
    config: GridVenueConfig
    variables: Mapping[str, str]

    def resolve(self, text: str) -> Path:
        """Path of a file named in the venue file."""
        return resolve(text, self.source.parent, self.variables)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Looks:
    """How far a check looks beyond the text."""

    files: bool = True
    each_market: bool = False
    contents: bool = False
    generated: Callable[[], Generated] | None = None


def load_venue(
    path: str | os.PathLike[str],
    *,
    variables: Mapping[str, str] | None = None,
    check_files: bool = True,
    as_of: datetime | None = None,
) -> VenueFile:
    """Read a venue file.

    Parameters
    ----------
    path : str or path
        The file, or a directory that holds ``venue.yaml``.
    variables : mapping, optional
        Values of ``${NAME}`` in paths; they win over the environment's. One that no path has is
        a fault.
    check_files : bool
        Also ask that the data files it names can be opened; not those of single markets
        (``{symbol}``), of which one may fail without harm to the others.
    as_of : datetime, optional
        Must lie inside ``data.since`` and ``data.until``.

    Raises
    ------
    ConfigurationError
        With every fault, ordered by line; for a file with a grid and no markets.
    """
    found = load_any_venue(path, variables=variables, check_files=check_files, as_of=as_of)
    if isinstance(found, GridVenueFile):
        fault = Fault(
            path="markets",
            problem="must be given: what was asked is about markets",
            found="a grid",
            remedy="name a venue of markets; `plimsoll calibrate` takes either",
        )
        raise ConfigurationError(str(found.source), (fault,))
    return found


def load_any_venue(
    path: str | os.PathLike[str],
    *,
    variables: Mapping[str, str] | None = None,
    check_files: bool = True,
    as_of: datetime | None = None,
) -> VenueFile | GridVenueFile:
    """Read a venue file, of markets or of a grid; see `load_venue`."""
    source = _source(path)
    named = {**os.environ, **(variables or {})}
    config, faults = _examine(source, named, _Looks(files=check_files), as_of, variables)
    if faults or config is None:
        raise ConfigurationError(str(source), faults)
    if isinstance(config, VenueConfig):
        return VenueFile(source=source, config=config, variables=named)
    return GridVenueFile(source=source, config=config, variables=named)


def check_venue(
    path: str | os.PathLike[str],
    *,
    variables: Mapping[str, str] | None = None,
    check_files: bool = True,
    check_contents: bool = True,
    as_of: datetime | None = None,
    generated: Callable[[], Generated] | None = None,
) -> tuple[Fault, ...]:
    """Return every fault of a venue file, ordered by line; an empty tuple where it holds.

    Parameters are those of `load_venue`; ``check_contents`` also looks for the columns and the
    symbols named in the price files, and for dates that Parquet files do not reach; ``generated``
    tells what the sandbox has.
    """
    source = _source(path)
    named = {**os.environ, **(variables or {})}
    looks = _Looks(
        files=check_files,
        each_market=True,
        contents=check_files and check_contents,
        generated=generated,
    )
    return _examine(source, named, looks, as_of, variables)[1]


def _source(path: str | os.PathLike[str]) -> Path:
    source = Path(path)
    try:
        inside = source / "venue.yaml"
        return inside if source.is_dir() and inside.is_file() else source
    except (OSError, ValueError):
        return source


def _examine(
    source: Path,
    variables: Mapping[str, str],
    looks: _Looks,
    as_of: datetime | None,
    given: Mapping[str, str] | None,
) -> tuple[VenueConfig | GridVenueConfig | None, tuple[Fault, ...]]:
    content = _content(source)
    if isinstance(content, Fault):
        return None, (content,)
    document, faults = read_document(content)
    if document.value is None and faults:
        return None, faults
    document, version_faults = migrate(document)
    config, schema_faults = _validate(document)
    found = [*faults, *version_faults, *schema_faults, *cross_faults(document)]
    found += unused_faults(document, given or {})
    if looks.contents:
        found += content_faults(document, source.parent, variables, as_of, looks.generated)
    if looks.files:
        found += file_faults(document, source.parent, variables, each_market=looks.each_market)
    if isinstance(config, VenueConfig):
        found += appetite_faults(config, document)
    if isinstance(config, VenueConfig) and as_of is not None:
        found += _as_of_faults(config, as_of)
    return config, tuple(sorted(found, key=lambda fault: fault.line or 0))


def _content(source: Path) -> bytes | Fault:
    try:
        return source.read_bytes()
    except (OSError, ValueError) as error:
        named = getattr(error, "strerror", None) or str(error)
    return Fault(
        path="(file)",
        problem="must be a venue file that can be read",
        found=f"{source}: {named}",
        remedy="write one with `plimsoll init`",
    )


def _validate(document: Document) -> tuple[VenueConfig | GridVenueConfig | None, list[Fault]]:
    """Check against the schema of grids where a grid stands, else against that of markets."""
    if document.get("grid") is not None:
        # Not at the head: a grid's schema needs the models of options, which take a while.
        from plimsoll.config.grid_rules import validated_grid

        return validated_grid(document)
    try:
        return VenueConfig.model_validate_json(json.dumps(document.value)), []
    except ValidationError as error:
        details = error.errors(include_url=False)
        return None, [explain(detail, VenueConfig, document) for detail in details]


def _as_of_faults(config: VenueConfig, as_of: datetime) -> list[Fault]:
    moment = as_of.replace(tzinfo=UTC) if as_of.tzinfo is None else as_of
    since, until = config.data.since, config.data.until
    if (since is None or since < moment) and (until is None or moment <= until):
        return []
    return [
        Fault(
            path="as_of",
            problem=f"must lie after data.since ({since}) and not after data.until ({until})",
            found=moment.isoformat(),
            remedy="choose a date inside the data, or widen the section",
        )
    ]
