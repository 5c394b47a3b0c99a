"""What a conformance run found, case by case and engine by engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from plimsoll.errors import PlimsollError


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One expected term against what was computed.

    Parameters
    ----------
    term : str
        Path in ``expected``, e.g. ``scenario_pnl[3]``.
    expected, found : object
        ``found`` is None where nothing was computed.
    error : float
        Distance, over ``|expected|`` where `relative`; infinite where the two cannot be compared.
    relative : bool
    tolerance : str
        What decided, in words.
    matches : bool
        A cross-check that disagrees as is known of it matches too.
    cross_check : bool
        The expected number is another program's, counted apart.
    agrees : bool
        Whether a cross-check is within its tolerance.
    reason : str
        Why this tolerance, or what is known of a disagreement.
    """

    term: str
    expected: object
    found: object
    error: float
    relative: bool
    tolerance: str
    matches: bool
    cross_check: bool = False
    agrees: bool = True
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UncomparedLeaf:
    """An expected leaf that no number of ours stands against, and why."""

    term: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """One case: what was computed, and every term that was compared, in the order of computation.

    Parameters
    ----------
    problem : str
        Why nothing could be compared: an unknown engine or kind, no expected values, an engine
        that failed. Empty where all was compared.
    uncompared : tuple of UncomparedLeaf
        Leaves that describe, or are inputs.
    """

    file: str
    engine: str
    id: str
    kind: str
    computed: Mapping[str, Any]
    comparisons: tuple[Comparison, ...] = ()
    problem: str = ""
    uncompared: tuple[UncomparedLeaf, ...] = ()

    @property
    def matches(self) -> bool:
        """Whether all was compared and all is near enough."""
        return not self.problem and all(c.matches for c in self.comparisons)

    @property
    def first_difference(self) -> Comparison | None:
        """The first term, as one computes, that is off: where to look."""
        return next((c for c in self.comparisons if not c.matches), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineResult:
    """All cases of one engine, or of one kind of statistical file.

    ``by_leaf``: what is counted is not cases but expected numbers, cross-checks apart.
    """

    engine: str
    cases: tuple[CaseResult, ...]
    by_leaf: bool = False

    @property
    def total(self) -> int:
        """Number of cases, or of numbers compared; an unreadable case counts as one."""
        if not self.by_leaf:
            return len(self.cases)
        unread = sum(bool(case.problem) and not case.comparisons for case in self.cases)
        return sum(not c.cross_check for c in self.comparisons) + unread

    @property
    def matched(self) -> int:
        """Number of cases, or of numbers, that match."""
        if not self.by_leaf:
            return sum(case.matches for case in self.cases)
        return sum(c.matches and not c.cross_check for c in self.comparisons)

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """All comparisons of all cases."""
        return tuple(c for case in self.cases for c in case.comparisons)

    @property
    def cross_checks(self) -> tuple[int, int, int]:
        """Other programs' numbers: that agree, that disagree as is known, and all of them."""
        found = [c for c in self.comparisons if c.cross_check]
        agree = sum(c.agrees for c in found)
        return agree, sum(c.matches for c in found) - agree, len(found)

    @property
    def tolerances(self) -> tuple[str, ...]:
        """All tolerances that decided, in words."""
        return tuple(dict.fromkeys(c.tolerance for case in self.cases for c in case.comparisons))

    def worst(self, *, relative: bool) -> tuple[float, str]:
        """Return the largest error of one sort, and ``case: term`` of it; 0 and '' for none."""
        errors = (
            (c.error, f"{case.id}: {c.term}")
            for case in self.cases
            for c in case.comparisons
            if c.relative is relative and not c.cross_check
        )
        return max(errors, key=lambda pair: pair[0], default=(0.0, ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class ConformanceResult:
    """A run over a folder.

    Parameters
    ----------
    source : str
    engines : tuple of EngineResult
        In order of their names.
    faults : tuple of PlimsollError
        Files and cases that could not be read.
    other_files : tuple of str
        JSON files that are no vectors: named, since a vector file may be among them by mistake.
    """

    source: str
    engines: tuple[EngineResult, ...]
    faults: tuple[PlimsollError, ...] = ()
    other_files: tuple[str, ...] = ()

    @property
    def mismatches(self) -> tuple[CaseResult, ...]:
        """Cases that do not match."""
        return tuple(c for e in self.engines for c in e.cases if not c.matches)

    @property
    def holds(self) -> bool:
        """Whether every file could be read and every case matches."""
        return not self.faults and not self.mismatches
