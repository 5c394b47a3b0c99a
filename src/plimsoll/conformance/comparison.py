"""Expected values against computed ones, term by term."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from plimsoll.conformance.demands import demanded
from plimsoll.conformance.result import Comparison
from plimsoll.conformance.tolerance import Tolerance, own_tolerance
from plimsoll.conformance.vector_file import VectorCase

MISSING = object()

_COMPUTED_BEFORE = ("option_mtm", "collateral_mtm", "MtM", "scenario_pnl", "basis_contingency")
_COMPUTED_AFTER = ("worst_kind", "MM", "IM")


def compare(
    engine: str, case: VectorCase, computed: Mapping[str, Any], where: str
) -> tuple[Comparison, ...]:
    """Compare every expected term of a case, values that others are made of first.

    Raises
    ------
    DataFormatError
        Where the case's own tolerance cannot be read.
    """
    assert isinstance(case.expected, Mapping)
    own, mark = own_tolerance(case.tolerance, where), str(case.tolerance.get("kind", ""))
    found: list[Comparison] = []
    for name in sorted(case.expected, key=_order):
        asked = demanded(engine, case.kind, name, mark)
        tolerances = tuple(t for t in (asked, own) if t is not None) or (Tolerance(),)
        value = computed.get(name, MISSING)
        for term, expected, got in _leaves(name, case.expected[name], value):
            found.append(_comparison(term, expected, got, tolerances))
    return tuple(found)


def _order(name: str) -> tuple[int, int]:
    """Sort key: as one computes; what this file does not name keeps its place in between."""
    if name in _COMPUTED_BEFORE:
        return 0, _COMPUTED_BEFORE.index(name)
    return (2, _COMPUTED_AFTER.index(name)) if name in _COMPUTED_AFTER else (1, 0)


def _leaves(term: str, expected: object, found: object) -> Iterator[tuple[str, object, object]]:
    """Every expected value with what was found at its place; lists of other lengths as a whole."""
    if isinstance(expected, Mapping):
        inside = found if isinstance(found, Mapping) else {}
        for key, value in expected.items():
            yield from _leaves(f"{term}.{key}", value, inside.get(key, MISSING))
    elif isinstance(expected, list):
        listed = list(found) if isinstance(found, list | tuple) else []
        for place, value in enumerate(expected):
            got = listed[place] if place < len(listed) else MISSING
            yield from _leaves(f"{term}[{place}]", value, got)
        if len(listed) > len(expected):
            yield f"{term} (length)", len(expected), len(listed)
    else:
        yield term, expected, found


def _comparison(
    term: str, expected: object, found: object, tolerances: tuple[Tolerance, ...]
) -> Comparison:
    got = None if found is MISSING else found
    if found is MISSING or not _is_number(expected) or not _is_number(found):
        same = found is not MISSING and type(expected) is type(found) and expected == found
        return Comparison(
            term=term,
            expected=expected,
            found=got,
            error=0.0 if same else math.inf,
            relative=False,
            tolerance="equal",
            matches=same,
        )
    assert isinstance(expected, int | float)
    assert isinstance(found, int | float)
    decides = min(tolerances, key=lambda t: (not t.truncated, _distance(t, expected)))
    relative = not decides.truncated and decides.is_relative(expected)
    distance = decides.distance(expected, found)
    return Comparison(
        term=term,
        expected=expected,
        found=got,
        error=float(distance / abs(expected) if relative and expected else distance),
        relative=relative,
        tolerance=decides.text,
        matches=math.isfinite(found) and all(t.allows(expected, found) for t in tolerances),
    )


def _distance(tolerance: Tolerance, expected: float) -> float:
    return max(tolerance.relative * abs(expected), tolerance.absolute)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
