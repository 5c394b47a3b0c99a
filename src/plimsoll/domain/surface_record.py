"""A surface in its plain form: what is stored, sent and hashed.

Numbers are decimals written as strings, the shortest that give the same float64 back, so a
surface read again is the same to the bit and its identity is the SHA-256 of its canonical JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from plimsoll.domain.canonical import Json, content_id
from plimsoll.domain.instrument import Pair, Payoff
from plimsoll.domain.option_chain import ChainFinding, ChainFindingKind
from plimsoll.domain.schema import Migration, migrated
from plimsoll.domain.surface import (
    SmileReason,
    SmileSource,
    SviSmile,
    VarianceClock,
    VolSurface,
)
from plimsoll.errors import DataFormatError, UsageError

SCHEMA = "plimsoll/surface"
SCHEMA_VERSION = 1
MIGRATIONS: Mapping[int, Migration] = {}

_TIMES = ("expiry_ns",)
_NUMBERS = ("tau_years", "variance_years", "forward", "a", "b", "rho", "m", "sigma")
_TOP = (
    "schema",
    "schema_version",
    "at_ns",
    "pair",
    "settle",
    "payoff",
    "index",
    "day_weights",
    "smiles",
    "reasons",
    "findings",
)
_SMILE = (*_TIMES, *_NUMBERS, "source", "quotes", "covariance")
_FINDING = ("kind", "subject", "rows", "value", "expected", "detail")


def surface_record(surface: VolSurface) -> dict[str, Json]:
    """Return the plain form of a surface."""
    return {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "at_ns": str(surface.at_ns),
        "pair": asdict(surface.pair),
        "settle": surface.settle,
        "payoff": surface.payoff.value,
        "index": _text(surface.index),
        "day_weights": [_text(weight) for weight in surface.clock.day_weights],
        "smiles": [_smile_record(smile) for smile in surface.smiles],
        "reasons": {str(at): reason.value for at, reason in sorted(surface.reasons.items())},
        "findings": [_finding_record(finding) for finding in surface.findings],
    }


def surface_id(surface: VolSurface) -> str:
    """Return the SHA-256 of the canonical JSON of the plain form, in hexadecimal."""
    return content_id(surface_record(surface))


def surface_from_record(stored: Mapping[str, Any]) -> VolSurface:
    """Read a surface from its plain form, carrying an older schema version forward.

    Raises
    ------
    DataFormatError
        For another schema, a version without a way up, missing or foreign keys, and values that
        are none of a surface.
    """
    document = migrated(dict(stored), schema=SCHEMA, current=SCHEMA_VERSION, migrations=MIGRATIONS)
    _check_keys(document, _TOP, "surface")
    try:
        return VolSurface(
            at_ns=int(document["at_ns"]),
            pair=Pair(**document["pair"]),
            settle=document["settle"],
            payoff=Payoff(document["payoff"]),
            index=_number(document["index"]),
            clock=VarianceClock(day_weights=tuple(_number(w) for w in document["day_weights"])),
            smiles=tuple(_smile(row) for row in document["smiles"]),
            reasons={int(at): SmileReason(why) for at, why in document["reasons"].items()},
            findings=tuple(_finding(row) for row in document["findings"]),
        )
    except DataFormatError:
        raise
    except (UsageError, ValueError, TypeError, AttributeError) as error:
        raise DataFormatError(
            "must be the plain form of a surface",
            found=str(error),
            field="surface",
            remedy="write it with surface_record; do not edit it by hand",
        ) from error


def _smile_record(smile: SviSmile) -> dict[str, Json]:
    covariance = smile.covariance
    return {
        "expiry_ns": str(smile.expiry_ns),
        **{name: _text(getattr(smile, name)) for name in _NUMBERS},
        "source": smile.source.value,
        "quotes": smile.quotes,
        "covariance": None
        if covariance is None
        else [[_text(cell) for cell in row] for row in covariance.tolist()],
    }


def _smile(row: Mapping[str, Any]) -> SviSmile:
    _check_keys(row, _SMILE, "smiles")
    stored = row["covariance"]
    covariance = None if stored is None else np.array([[_number(c) for c in r] for r in stored])
    return SviSmile(
        expiry_ns=int(row["expiry_ns"]),
        **{name: _number(row[name]) for name in _NUMBERS},
        source=SmileSource(row["source"]),
        quotes=int(row["quotes"]),
        covariance=covariance,
    )


def _finding_record(finding: ChainFinding) -> dict[str, Json]:
    return {
        "kind": finding.kind.value,
        "subject": finding.subject,
        "rows": finding.rows,
        "value": _text(finding.value),
        "expected": _text(finding.expected),
        "detail": finding.detail,
    }


def _finding(row: Mapping[str, Any]) -> ChainFinding:
    _check_keys(row, _FINDING, "findings")
    return ChainFinding(
        kind=ChainFindingKind(row["kind"]),
        subject=row["subject"],
        rows=int(row["rows"]),
        value=_number(row["value"]),
        expected=_number(row["expected"]),
        detail=row["detail"],
    )


def _text(value: float) -> str:
    return repr(float(value))


def _number(text: object) -> float:
    if not isinstance(text, str):
        raise DataFormatError("numbers must be written as strings", found=text, field="surface")
    return float(text)


def _check_keys(row: Mapping[str, Any], expected: tuple[str, ...], field: str) -> None:
    if set(row) != set(expected):
        raise DataFormatError(
            f"must have exactly the keys {sorted(expected)}", found=sorted(row), field=field
        )
