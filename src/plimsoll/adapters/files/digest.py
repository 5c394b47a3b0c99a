"""SHA-256 of data: of bars, whatever file they came from, and of files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np

from plimsoll.adapters.files.columns import PRICE_FIELDS
from plimsoll.adapters.files.sources import PathLike, reading
from plimsoll.domain.canonical import canonical_json
from plimsoll.domain.market import Bars, FloatArray, IntArray

_BLOCK = 1 << 20


def bars_digest(bars: Mapping[str, Bars]) -> str:
    """Return the SHA-256 of the content of bars, in hexadecimal.

    It depends on names, bar lengths, price kinds, and on each time and value in the order of the
    rows; not on the file format, its compression, the order of the markets or the provenance.
    All NaN are one NaN; a column that a source lacks differs from a column of NaN.
    """
    digest = hashlib.sha256()
    for name in sorted(bars, key=lambda key: key.encode("utf-16-be")):
        one = bars[name]
        present = {field: getattr(one, field) for field in PRICE_FIELDS}
        columns = {field: column for field, column in present.items() if column is not None}
        head = canonical_json(
            {
                "columns": list(columns),
                "interval_ns": str(one.interval_ns),
                "market": name,
                "price_kind": one.price_kind.value,
                "rows": len(one),
            }
        )
        digest.update(len(head).to_bytes(8, "little") + head)
        digest.update(_bytes_of(one.time_ns))
        for column in columns.values():
            digest.update(_bytes_of(np.where(np.isnan(column), np.nan, column)))
    return digest.hexdigest()


def file_digest(path: PathLike) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with reading(path), open(path, "rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _bytes_of(values: FloatArray | IntArray) -> bytes:
    return np.ascontiguousarray(values).astype(values.dtype.newbyteorder("<"), copy=False).tobytes()
