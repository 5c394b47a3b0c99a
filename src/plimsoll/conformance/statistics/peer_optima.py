"""Rules for optima of other programs: they agree, or stopped where our likelihood is not lower."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plimsoll.conformance.statistics.leaf_rules import Condition, Path, Section, value_at

OWN = "own_loglik"
"""Where a section puts the log-likelihood of our own optimum beside another program's number."""
GAP = 1e-4

STOPS_SHORT = (
    "another program's optimum; known where it differs and its likelihood is not above ours by "
    "more than 1e-4: its search stopped short, or the likelihood is flat there"
)


def stopped_short(*names: str) -> Condition:
    """Condition: the peer's log-likelihood, under the first of ``names`` there, is not above ours.

    Looked for beside the leaf and then further out; ours is `OWN` at the same place.
    """

    def holds(section: Section, leaf: Path) -> bool:
        for depth in range(len(leaf) - 1, -1, -1):
            theirs = _first(value_at(section.expected, *leaf[:depth]), names)
            ours = value_at(section.computed, *leaf[:depth], OWN)
            if theirs is not None and isinstance(ours, float):
                return ours >= theirs - GAP
        return False

    return holds


def _first(tree: Any, names: tuple[str, ...]) -> float | None:
    if isinstance(tree, Mapping):
        for name in names:
            value = tree.get(name)
            if isinstance(value, int | float):
                return -float(value) if name == "minimum" else float(value)
    return None
