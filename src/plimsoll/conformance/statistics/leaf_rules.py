"""Which tolerance an expected leaf has, what kind of leaf it is, and why.

The first rule whose path fits and whose condition holds decides. A leaf that no rule knows is
compared exactly with whatever was computed, which is nothing for a leaf nobody thought of: it
counts as a mismatch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from plimsoll.conformance.tolerance import Tolerance

Path = tuple[str, ...]
EXACT = Tolerance()


class Standing(StrEnum):
    """What a leaf is for.

    ``compared``: it must match. ``cross_check``: another program's number, which agrees, or
    disagrees as its rule says (within a bound, or where ours is the better optimum), or is a
    mismatch. ``not_compared``: it describes, or is an input.
    """

    COMPARED = "compared"
    CROSS_CHECK = "cross_check"
    NOT_COMPARED = "not_compared"


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One section under comparison, for conditions that look at more than one leaf."""

    expected: Any
    computed: Any


Condition = Callable[[Section, Path], bool]
TolerancePerLeaf = Callable[[Section, Path], Tolerance]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeafRule:
    """What is demanded of the leaves whose path fits.

    Parameters
    ----------
    paths : tuple of str
        Segments parted by ``/``, each with ``*`` as in a shell; a last ``**`` stands for any rest.
    tolerance : Tolerance or callable
        Or how to find it from the section and the leaf's path within it.
    standing : Standing
    not_below : bool
        Only a computed number under the expected one by more than the tolerance is wrong: an
        optimum may be better.
    as_words : bool
        Texts are the same where their words are, in any order.
    reason : str
        Why it is not compared; where the README is silent, why this tolerance; what is known of a
        disagreement.
    bound : Tolerance, optional
        A cross-check that disagrees by no more than this is as known.
    known : callable, optional
        A cross-check that disagrees where this holds is as known.
    when : callable, optional
        The rule speaks only where this holds.
    """

    paths: tuple[str, ...]
    tolerance: Tolerance | TolerancePerLeaf = EXACT
    standing: Standing = Standing.COMPARED
    not_below: bool = False
    as_words: bool = False
    reason: str = ""
    bound: Tolerance | None = None
    known: Condition | None = None
    when: Condition | None = None

    def fits(self, path: Path) -> bool:
        """Whether a path is one of the rule's."""
        return any(_fits(path, tuple(pattern.split("/"))) for pattern in self.paths)

    def tolerance_of(self, section: Section, leaf: Path) -> Tolerance:
        """Tolerance of one leaf."""
        found = self.tolerance
        return found if isinstance(found, Tolerance) else found(section, leaf)


UNKNOWN = LeafRule(paths=(), reason="no rule knows this leaf")
DESCRIPTION = LeafRule(paths=(), standing=Standing.NOT_COMPARED, reason="a note")
DESCRIPTIVE = {
    "about",
    "comment",
    "convention",
    "conventions",
    "description",
    "note",
    "notes",
    "rule",
    "software",
    "source",
    "verdict",
    "versions",
}
"""Keys whose texts describe, wherever they stand."""


def rule_of(
    rules: Iterable[LeafRule], section: Section, root: Path, leaf: Path, expected: object
) -> LeafRule:
    """Return the first rule for the leaf at ``root + leaf``; `UNKNOWN` where there is none."""
    path = root + leaf
    for rule in rules:
        if rule.fits(path) and (rule.when is None or rule.when(section, leaf)):
            return rule
    describes = isinstance(expected, str) and not DESCRIPTIVE.isdisjoint(path)
    return DESCRIPTION if describes else UNKNOWN


def relative(*paths: str, within: float, floor: float = 0.0, reason: str = "") -> LeafRule:
    """Compare relatively, or absolutely within ``floor`` where that is more."""
    tolerance = Tolerance(relative=within, absolute=floor)
    return LeafRule(paths=paths, tolerance=tolerance, reason=reason)


def absolute(*paths: str, within: float, reason: str = "") -> LeafRule:
    """Compare absolutely."""
    return LeafRule(paths=paths, tolerance=Tolerance(absolute=within), reason=reason)


def exact(*paths: str, reason: str = "") -> LeafRule:
    """Compare for equality: counts, names, zones, dates."""
    return LeafRule(paths=paths, reason=reason)


def not_below(*paths: str, within: float, reason: str = "") -> LeafRule:
    """Compare an optimum: not below by more than ``within``, absolutely."""
    return LeafRule(
        paths=paths, tolerance=Tolerance(absolute=within), not_below=True, reason=reason
    )


def not_compared(*paths: str, reason: str) -> LeafRule:
    """List without comparing."""
    return LeafRule(paths=paths, standing=Standing.NOT_COMPARED, reason=reason)


def cross_check(
    *paths: str,
    within: Tolerance | TolerancePerLeaf,
    reason: str,
    bound: Tolerance | None = None,
    known: Condition | None = None,
) -> LeafRule:
    """Count apart: agreed, or disagreeing as the reason says, else a mismatch."""
    return LeafRule(
        paths=paths,
        tolerance=within,
        standing=Standing.CROSS_CHECK,
        reason=reason,
        bound=bound,
        known=known,
    )


def value_at(tree: Any, *path: str) -> Any:
    """Return what stands at a path of mappings; None where nothing does."""
    for key in path:
        if not isinstance(tree, Mapping) or key not in tree:
            return None
        tree = tree[key]
    return tree


def _fits(path: Path, pattern: Path) -> bool:
    if pattern and pattern[-1] == "**":
        pattern = pattern[:-1]
        path = path[: len(pattern)] if len(path) >= len(pattern) else path
    return len(path) == len(pattern) and all(
        fnmatchcase(segment, part) for segment, part in zip(path, pattern, strict=True)
    )
