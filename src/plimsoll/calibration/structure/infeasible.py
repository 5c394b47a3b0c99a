"""A problem whose rules exclude each other: which ones, and the smallest ways out."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from plimsoll.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Relaxation:
    """One rule with another bound.

    Parameters
    ----------
    rule : str
        Name of the rule; of a variable's bound ``key: maximum`` or ``key: minimum``.
    old, new : Decimal
        Bound as it is, and the nearest that is enough.
    steps : float
        The difference in natural units of the rule (steps of its coarsest term).
    advice : str
    """

    rule: str
    old: Decimal
    new: Decimal
    steps: float
    advice: str

    @property
    def amount(self) -> Decimal:
        """By how much the bound moves, unsigned."""
        return abs(self.new - self.old)


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """Why nothing is feasible, and what would be.

    Parameters
    ----------
    conflict : tuple of str
        Names of rules that exclude each other; without any one of them the others agree.
    texts : tuple of str
        What each of them demands.
    alternatives : tuple of Relaxation
        Each alone makes the whole problem feasible; the smallest first.
    smallest : tuple of Relaxation
        Together the least relaxation by weighted natural units.
    """

    conflict: tuple[str, ...]
    texts: tuple[str, ...]
    alternatives: tuple[Relaxation, ...]
    smallest: tuple[Relaxation, ...]

    def __str__(self) -> str:
        lines = ["These exclude each other:", *(f"  - {text}" for text in self.texts)]
        if self.alternatives:
            lines += ["Any one of these is enough:"]
            lines += [f"  - {way.advice}" for way in self.alternatives]
        if len(self.smallest) > 1 or (self.smallest and not self.alternatives):
            lines += ["These together are the least:"]
            lines += [f"  - {way.advice}" for way in self.smallest]
        if not self.smallest:
            lines += ["No rule among them may be relaxed."]
        return "\n".join(lines)


class InfeasibleProblemError(UsageError):
    """No set satisfies all rules; ``diagnosis`` says which conflict and what would do."""

    def __init__(self, diagnosis: Diagnosis, *, subject: str = "problem") -> None:
        self.diagnosis = diagnosis
        ways = diagnosis.alternatives or diagnosis.smallest
        joined = " or " if diagnosis.alternatives else " and "
        super().__init__(
            "must have a set that satisfies all rules",
            found="; ".join(diagnosis.texts),
            remedy=joined.join(way.advice for way in ways) or "change a rule",
            field=subject,
        )
