"""Tables of data findings, with what the policy did about each."""

from __future__ import annotations

from collections import defaultdict

from plimsoll.calibration.evidence.proof import Proof
from plimsoll.domain.finding import Finding, FindingKind
from plimsoll.domain.table import Cell, Column, ColumnKind, Table

_COUNT = ColumnKind.COUNT


def findings_by_kind_table(proof: Proof) -> Table:
    """Findings of each kind, and the action taken."""
    found: dict[FindingKind, list[Finding]] = defaultdict(list)
    for finding in proof.findings:
        found[finding.kind].append(finding)
    return Table(
        name="findings_by_kind",
        title="Data findings by kind",
        columns=(
            Column(name="kind", title="Kind"),
            Column(name="markets", title="Markets", kind=_COUNT),
            Column(name="count", title="Findings", kind=_COUNT),
            Column(name="bars", title="Bars", kind=_COUNT),
            Column(name="action", title="Action"),
        ),
        rows=tuple(
            (
                kind.value.replace("_", " "),
                len({f.market for f in found[kind]}),
                len(found[kind]),
                sum(f.bars for f in found[kind]),
                proof.policy.action(kind).value,
            )
            for kind in FindingKind
            if found[kind]
        ),
        notes=(
            "keep: used as they are; mask: not used and never filled; split: two instruments; "
            "refuse: no number. Nothing is repaired.",
        ),
    )


def findings_table(proof: Proof) -> Table:
    """Every finding."""
    ordered = sorted(proof.findings, key=lambda f: (f.market, f.first_ns, f.kind.value))
    return Table(
        name="findings",
        title="Data findings",
        columns=(
            Column(name="market", title="Market"),
            Column(name="kind", title="Kind"),
            Column(name="first", title="First", kind=ColumnKind.TIME, unit="UTC"),
            Column(name="last", title="Last", kind=ColumnKind.TIME, unit="UTC"),
            Column(name="bars", title="Bars", kind=_COUNT),
            Column(name="value", title="Value", kind=ColumnKind.NUMBER, digits=4),
            Column(name="detail", title="Detail"),
            Column(name="action", title="Action"),
        ),
        rows=tuple(_row(proof, finding) for finding in ordered),
    )


def _row(proof: Proof, finding: Finding) -> tuple[Cell, ...]:
    return (
        finding.market,
        finding.kind.value.replace("_", " "),
        finding.first_ns,
        finding.last_ns,
        finding.bars,
        finding.value,
        finding.detail,
        proof.policy.action(finding.kind).value,
    )
