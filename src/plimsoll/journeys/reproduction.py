"""What makes the same set again: the command, and digests of all that went into it."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from plimsoll.adapters.files.digest import bars_digest
from plimsoll.domain.canonical import Json, canonical_json, content_id
from plimsoll.domain.market import Bars, IntArray
from plimsoll.domain.table import iso_minute
from plimsoll.journeys.prices import Payments
from plimsoll.marketdata.checking import closed_by
from plimsoll.marketdata.funding import JITTER_NS

NONE = "none"


def command_line(source: Path, as_of_ns: int, parent_id: str | None) -> str:
    """Return the command of a run on files: its arguments, without the folders they were in.

    An incumbent that was given is named by the id of its set, by which its file can be told.
    """
    words = ["plimsoll", "calibrate", source.name, "--as-of", iso_minute(as_of_ns)[:10]]
    if parent_id is not None:
        words += ["--incumbent", f"<set {parent_id}>"]
    return shlex.join(words)


def python_call(source: Path, as_of_ns: int, parent_id: str | None, price_kind: str | None) -> str:
    """Return the call of a run on data in memory."""
    options = [repr(source.name), "data=...", f"as_of={iso_minute(as_of_ns)[:10]!r}"]
    if price_kind is not None:
        options.append(f"price_kind={price_kind!r}")
    if parent_id is not None:
        options.append(f"incumbent=<set {parent_id}>")
    return f"plimsoll.calibrate({', '.join(options)})"


def data_digests(
    bars: Mapping[str, Bars], payments: Payments | None, incumbent: str | None, until_ns: int
) -> dict[str, str]:
    """Return the digests of what was known at ``until_ns``, and of all of it as ``data``.

    Parameters
    ----------
    bars : mapping of str to Bars
    payments : mapping of str to (times, rates), or None
    incumbent : str or None
        Digest of the parameters in force.
    until_ns : int

    Returns
    -------
    dict
        ``bars``, ``funding`` and ``incumbent``, the last two ``"none"`` where there are none, and
        ``data``: the SHA-256 of the canonical JSON of the three.
    """
    parts = {
        "bars": bars_digest({name: closed_by(one, until_ns) for name, one in bars.items()}),
        "funding": NONE if payments is None else payments_digest(payments, until_ns),
        "incumbent": incumbent or NONE,
    }
    known: dict[str, Json] = {**parts}
    return {**parts, "data": content_id(known)}


def payments_digest(payments: Payments, until_ns: int) -> str:
    """SHA-256 of the payments due by ``until_ns``, market by market, as delivered."""
    digest = hashlib.sha256()
    for name in sorted(payments, key=lambda key: key.encode("utf-16-be")):
        times, rates = payments[name]
        due = times - JITTER_NS <= until_ns
        head = canonical_json({"market": name, "rows": int(due.sum())})
        digest.update(len(head).to_bytes(8, "little") + head)
        digest.update(_bytes_of(times[due]))
        digest.update(_bytes_of(np.where(np.isnan(rates), np.nan, rates)[due].view(np.int64)))
    return digest.hexdigest()


def _bytes_of(values: IntArray) -> bytes:
    return np.ascontiguousarray(values).astype("<i8", copy=False).tobytes()
