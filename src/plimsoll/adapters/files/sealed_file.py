"""A file of one value under a seal: what it is, what it was made from, and its own SHA-256.

The first line is JSON: schema, version, key, size and digest of the rest. A file that is cut off
or changed does not open; one that was made from something else has another key.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from plimsoll.adapters.files.atomic import write_atomically
from plimsoll.domain.schema import Document, Migration, migrated
from plimsoll.errors import DataFormatError

_LONGEST_HEAD = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """Schema of a kind of file.

    Parameters
    ----------
    schema : str
    version : int
    migrations : mapping of int to Migration
        Of the first line.
    remedy : str
        What to do about a file that does not open.
    """

    schema: str
    version: int
    migrations: Mapping[int, Migration]
    remedy: str


def sealed(seal: Seal, key: str, content: bytes) -> bytes:
    """Return the bytes of a file."""
    head = {
        "schema": seal.schema,
        "schema_version": seal.version,
        "key": key,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    return json.dumps(head, sort_keys=True).encode() + b"\n" + content


def write_sealed(path: Path, seal: Seal, key: str, content: bytes) -> None:
    """Write a file whole or not at all; `StorageError` where the system refuses."""
    write_atomically(path, sealed(seal, key, content))


def opened(path: Path, seal: Seal) -> tuple[str, memoryview]:
    """Return the key and the content of a file, once its digest has been made again.

    Raises
    ------
    FileNotFoundError
    DataFormatError
        Where it cannot be read, is cut off, changed, or of another schema.
    """
    try:
        data = memoryview(path.read_bytes())
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _refused(path, seal, error.strerror or str(error)) from None
    end = bytes(data[:_LONGEST_HEAD]).find(b"\n")
    head = _head(path, seal, bytes(data[: max(end, 0)]))
    content = data[end + 1 :]
    if len(content) != head["bytes"]:
        raise _refused(path, seal, f"{len(content)} of {head['bytes']} bytes")
    if hashlib.sha256(content).hexdigest() != head["sha256"]:
        raise _refused(path, seal, "other bytes than were written")
    return str(head["key"]), content


def _head(path: Path, seal: Seal, line: bytes) -> Document:
    try:
        head = json.loads(line)
    except (ValueError, RecursionError):
        raise _refused(path, seal, "no seal") from None
    if not isinstance(head, dict) or not {"key", "bytes", "sha256"} <= head.keys():
        raise _refused(path, seal, "no seal")
    return migrated(
        head, schema=seal.schema, current=seal.version, migrations=dict(seal.migrations)
    )


def _refused(path: Path, seal: Seal, found: str) -> DataFormatError:
    return DataFormatError(
        "must be whole and as it was written", found=found, field=str(path), remedy=seal.remedy
    )
