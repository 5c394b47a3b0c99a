"""Which table stands in which section; a table nobody placed goes to the appendix."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from plimsoll.domain.evidence import Evidence
from plimsoll.domain.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A numbered section of the report.

    Parameters
    ----------
    key : str
        Anchor.
    title, lead : str
        Heading and the sentence under it.
    tables : tuple of Table
        Those that the evidence has, in the section's order.
    """

    key: str
    title: str
    lead: str
    tables: tuple[Table, ...]


_PLAN: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    (
        "parameters",
        "Parameters, before and after",
        "What would change for users of each market. Rates are shares of position notional; "
        "a standard error stands beside each estimated number.",
        ("before_after", "parameters"),
    ),
    (
        "margin-and-loss",
        "Margin against realised loss",
        "Each scored horizon compares the margin fixed before it with the loss a constant "
        "position then made. Losses are positive. A breach is a loss above the margin held.",
        (),
    ),
    (
        "coverage",
        "Coverage",
        "Share of horizons in which the loss exceeded the margin, against the share allowed. "
        "p-values under 0.01 are set in bold.",
        ("coverage_pooled", "coverage", "coverage_*", "grid_coverage", "grid_binding"),
    ),
    (
        "cost",
        "Cost and procyclicality",
        "What the coverage costs in margin held, and how fast the margin can rise on those who "
        "hold a position through a stress.",
        ("procyclicality", "procyclicality_*"),
    ),
    (
        "policy",
        "Margin policy by appetite",
        "Every policy that was tried, what each costs and how far it swings, and the one that the "
        "stated appetite chose from what was known at each New Year.",
        (
            "targets",
            "policy_frontier",
            "policy_choices",
            "folded_objective",
            "policies_deflated",
            "policy_without_*",
            "policy_impulse",
        ),
    ),
    (
        "findings",
        "Data findings",
        "Faults and suspicious moves in the input, with the action taken. Nothing is repaired "
        "silently.",
        ("findings_by_kind", "planted", "findings"),
    ),
    (
        "incumbent",
        "Incumbent and other models against the candidate",
        "The same days, the same losses, other margins.",
        ("incumbent", "models"),
    ),
)


_WHERE_STATED = ("policy",)
"""Sections of what a venue may leave unstated: they stand only where they have a table."""


def sections(evidence: Evidence) -> tuple[Section, ...]:
    """Return the planned sections in order, filled with the tables of the evidence."""
    found = (
        Section(
            key=key,
            title=title,
            lead=lead,
            tables=_placed(evidence, names),
        )
        for key, title, lead, names in _PLAN
    )
    return tuple(one for one in found if one.tables or one.key not in _WHERE_STATED)


def unplaced_tables(evidence: Evidence) -> tuple[Table, ...]:
    """Return the tables that no section names, in the order of the evidence."""
    patterns = [name for *_, names in _PLAN for name in names]
    return tuple(t for t in evidence.tables if not any(fnmatchcase(t.name, p) for p in patterns))


def _placed(evidence: Evidence, patterns: tuple[str, ...]) -> tuple[Table, ...]:
    """Tables in the order of the patterns; one that several match stands at the first."""
    found: list[Table] = []
    for pattern in patterns:
        matching = (t for t in evidence.tables if fnmatchcase(t.name, pattern))
        found += [t for t in matching if not any(t is other for other in found)]
    return tuple(found)
