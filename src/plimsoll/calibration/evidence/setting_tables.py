"""Tables of what decided the result: every setting, and the policy for every kind of finding."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from plimsoll.calibration.evidence.proof import Proof
from plimsoll.calibration.identity import plain
from plimsoll.domain.canonical import Json
from plimsoll.domain.finding import FindingKind
from plimsoll.domain.table import Column, ColumnKind, Table

_LISTED_ELSEWHERE = ("markets", "label", "venue")


def settings_table(proof: Proof) -> Table:
    """Every setting of the problem apart from the list of markets."""
    document = plain(proof.problem)
    assert isinstance(document, Mapping)  # a dataclass has a mapping as its plain form
    rows = [
        (name, value)
        for key, part in document.items()
        if key not in _LISTED_ELSEWHERE
        for name, value in _flat(key, part)
    ]
    if proof.chosen is not None:
        rows.append(("margin policy in force", proof.chosen.told))
    return Table(
        name="settings",
        title="Settings of the calibration",
        columns=(
            Column(name="setting", title="Setting"),
            Column(name="value", title="Value"),
        ),
        rows=tuple(rows),
        notes=("As understood from the venue file; rates and levels are fractions, times ns UTC.",),
    )


def policy_table(proof: Proof) -> Table:
    """What each kind of finding leads to, whether any was found or not."""
    counts = dict.fromkeys(FindingKind, 0)
    for finding in proof.findings:
        counts[finding.kind] += 1
    return Table(
        name="policy",
        title="Policy for data findings",
        columns=(
            Column(name="kind", title="Kind"),
            Column(name="action", title="Action"),
            Column(name="found", title="Found", kind=ColumnKind.COUNT),
        ),
        rows=tuple(
            (kind.value.replace("_", " "), proof.policy.action(kind).value, counts[kind])
            for kind in FindingKind
        ),
    )


def _flat(name: str, value: Json) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _flat(f"{name}.{key}", item)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        yield name, ", ".join(str(item) for item in value) or "none"
    else:
        yield name, "none" if value is None else str(value)
