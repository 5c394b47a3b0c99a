"""Where the chains of a result are from: the files that were read, each with its digest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from plimsoll.adapters.files.digest import file_digest
from plimsoll.adapters.files.sources import source_paths
from plimsoll.journeys.chain_reading import named_paths, source_label
from plimsoll.journeys.versions import CODE_VERSION

_NAMED_IN_A_LINE = 2
_NAMED_AT_THE_FOOT = 24
_DIGITS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """A file that was read.

    Parameters
    ----------
    name : str
        Without its folder.
    sha256 : str
        Of its bytes, hexadecimal.
    """

    name: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainSource:
    """Where chains are from.

    Parameters
    ----------
    label : str
        As it stands under every picture.
    files : tuple of SourceFile
        In the order of reading; none of chains in memory.
    """

    label: str
    files: tuple[SourceFile, ...] = ()


def chain_source(chains: Any) -> ChainSource:
    """Name the files behind an argument of `surface`: those of a pattern, not the pattern.

    Raises
    ------
    DataError, DataFormatError
        A file that is not there.
    """
    named = named_paths(chains)
    if not named:
        return ChainSource(label=source_label(chains))
    paths = source_paths(named)
    files = tuple(SourceFile(name=path.name, sha256=file_digest(path)) for path in paths)
    return ChainSource(label=_label([item.name for item in files]), files=files)


def foot_line(files: Sequence[SourceFile], note: str) -> str:
    """Return what stands at the foot of a page: version, files with short digests, the note."""
    told = [f"{item.name} sha256 {item.sha256[:_DIGITS]}" for item in files[:_NAMED_AT_THE_FOOT]]
    left = len(files) - len(told)
    if left > 0:
        told.append(f"and {left} more files")
    return " · ".join([CODE_VERSION, *told, *([note] if note else [])])


def source_document(files: Sequence[SourceFile]) -> dict[str, Any]:
    """Return version and files as plain values."""
    return {
        "code_version": CODE_VERSION,
        "inputs": [{"file": item.name, "sha256": item.sha256} for item in files],
    }


def _label(names: Sequence[str]) -> str:
    if len(names) <= _NAMED_IN_A_LINE:
        return ", ".join(names)
    return f"{names[0]} to {names[-1]} ({len(names)} files)"
