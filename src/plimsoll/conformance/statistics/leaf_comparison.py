"""Every expected leaf of a section against what was computed, under the rules of its kind."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from plimsoll.conformance.result import Comparison, UncomparedLeaf
from plimsoll.conformance.statistics.leaf_rules import (
    LeafRule,
    Path,
    Section,
    Standing,
    rule_of,
)
from plimsoll.conformance.tolerance import Tolerance

MISSING = object()


def compare_leaves(
    rules: Sequence[LeafRule], root: Path, expected: Any, computed: Any
) -> tuple[tuple[Comparison, ...], tuple[UncomparedLeaf, ...]]:
    """Compare all leaves under ``root``; those that only describe come back with the reason."""
    section = Section(expected=expected, computed=computed)
    compared, left = list[Comparison](), list[UncomparedLeaf]()
    for leaf, value, found in leaves((), expected, computed):
        rule = rule_of(rules, section, root, leaf, value)
        term = "/".join(leaf)
        if rule.standing is Standing.NOT_COMPARED:
            left.append(UncomparedLeaf(term=term, reason=rule.reason))
        else:
            compared.append(_comparison(term, leaf, value, found, rule, section))
    return tuple(compared), tuple(left)


def leaves(path: Path, expected: Any, found: Any) -> Iterator[tuple[Path, Any, Any]]:
    """Every expected leaf with what was found at its place; a list of another length is one more.

    An empty list or mapping is a leaf: its length is what is expected.
    """
    if isinstance(expected, Mapping) and expected:
        inside = found if isinstance(found, Mapping) else {}
        for key, value in expected.items():
            yield from leaves((*path, str(key)), value, inside.get(key, MISSING))
    elif isinstance(expected, list):
        listed = list(found) if isinstance(found, list | tuple) else None
        for place, value in enumerate(expected):
            there = listed is not None and place < len(listed)
            got = listed[place] if listed is not None and there else MISSING
            yield from leaves((*path, str(place)), value, got)
        if not expected or (listed is not None and len(listed) > len(expected)):
            length = MISSING if listed is None else len(listed)
            yield (*path, "(length)"), len(expected), length
    else:
        yield path, expected, found


def _comparison(
    term: str, leaf: Path, expected: Any, found: Any, rule: LeafRule, section: Section
) -> Comparison:
    tolerance = rule.tolerance_of(section, leaf)
    left, right = (_words(expected), _words(found)) if rule.as_words else (expected, found)
    error, is_relative, agrees = _distance(left, right, tolerance, not_below=rule.not_below)
    crossing = rule.standing is Standing.CROSS_CHECK
    as_known = crossing and not agrees and _is_known(rule, section, leaf, expected, found)
    text = f"not below by {tolerance.text}" if rule.not_below else tolerance.text
    return Comparison(
        term=term,
        expected=expected,
        found=None if found is MISSING else found,
        error=error,
        relative=is_relative,
        tolerance=text if _is_number(expected) else "equal",
        matches=agrees or as_known,
        cross_check=crossing,
        agrees=agrees,
        reason=rule.reason,
    )


def _distance(
    expected: Any, found: Any, tolerance: Tolerance, *, not_below: bool
) -> tuple[float, bool, bool]:
    """Error, whether it is relative, and whether it is allowed."""
    if isinstance(expected, float) and math.isnan(expected) and found is None:
        return 0.0, False, True
    if not (_is_number(expected) and _is_number(found)):
        same = found is not MISSING and type(expected) is type(found) and expected == found
        return (0.0 if same else math.inf), False, same
    if not (math.isfinite(expected) and math.isfinite(found)):
        same = expected == found or (math.isnan(expected) and math.isnan(found))
        return (0.0 if same else math.inf), False, same
    distance = float(expected - found if not_below else abs(found - expected))
    distance = max(distance, 0.0)
    is_relative = tolerance.is_relative(expected)
    allowed = max(tolerance.relative * abs(expected), tolerance.absolute)
    error = distance / abs(expected) if is_relative and expected else distance
    return error, is_relative, distance <= allowed


def _words(text: Any) -> Any:
    return sorted(re.split(r"[\s:,]+", text.strip())) if isinstance(text, str) else text


def _is_known(rule: LeafRule, section: Section, leaf: Path, expected: Any, found: Any) -> bool:
    """Whether a cross-check disagrees as its rule says; where nothing was computed it does not."""
    if _is_number(expected) and _is_number(found):
        if not math.isfinite(found):
            return False
        if rule.bound is not None and rule.bound.allows(expected, found):
            return True
    elif type(found) is not type(expected):
        return False
    return rule.known is not None and rule.known(section, leaf)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
