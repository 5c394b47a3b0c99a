"""What was planted against what was found: the table of the demo."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from plimsoll.domain.finding import Finding, FindingKind
from plimsoll.domain.market import HOUR_NS
from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.sandbox.venue import PlantedFault, SandboxVenue, Truth

EVERY_MARKET = "*"  # market of findings that concern all

_COLUMNS = (
    Column(name="kind", title="Kind", about="what is wrong, or has happened"),
    Column(name="planted", title="Planted", kind=ColumnKind.COUNT),
    Column(name="found", title="Found", kind=ColumnKind.COUNT, about="of those planted"),
    Column(
        name="others", title="Other findings", kind=ColumnKind.COUNT, about="nothing planted there"
    ),
    Column(
        name="true_moves",
        title="Of these, true moves",
        kind=ColumnKind.COUNT,
        about="at a jump, a crash or the collapse of the generated path",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Planted faults with the findings that meet them, and findings that meet none.

    Parameters
    ----------
    found, missed : tuple of PlantedFault
    others : tuple of Finding
        Findings on bars where nothing was planted.
    true_moves : tuple of Finding
        Those among ``others`` that stand at a jump, a crash or the collapse of the path.
    """

    found: tuple[PlantedFault, ...]
    missed: tuple[PlantedFault, ...]
    others: tuple[Finding, ...]
    true_moves: tuple[Finding, ...]


def compare(venue: SandboxVenue, findings: Iterable[Finding]) -> Comparison:
    """Match planted faults with findings: same kind, same market, common bars.

    A finding on all markets (``*``) meets the fault of each; the parts of a split market
    (``NAME@day``) count as the market.
    """
    listed = tuple(findings)
    found = tuple(p for p in venue.planted if any(_same(p, f) for f in listed))
    others = tuple(f for f in listed if not any(_meets(p, f) for p in venue.planted))
    return Comparison(
        found=found,
        missed=tuple(p for p in venue.planted if p not in found),
        others=others,
        true_moves=tuple(f for f in others if _is_true_move(venue.truth, f)),
    )


def comparison_table(venue: SandboxVenue, findings: Iterable[Finding]) -> Table:
    """Return planted against found by kind, labelled synthetic."""
    result = compare(venue, findings)
    groups = (venue.planted, result.found, result.others, result.true_moves)
    rows: list[tuple[Cell, ...]] = []
    for kind in FindingKind:
        counts = [sum(item.kind is kind for item in group) for group in groups]
        if any(counts):
            rows.append((kind.value.replace("_", " "), *counts))
    return Table(
        name="planted",
        title="Faults planted in the sandbox, and faults found",
        columns=_COLUMNS,
        rows=tuple(rows),
        notes=(venue.label, "True moves are reported as suspicious, and kept."),
    )


def _same(planted: PlantedFault, finding: Finding) -> bool:
    return planted.kind is finding.kind and _meets(planted, finding)


def _meets(planted: PlantedFault, finding: Finding) -> bool:
    """Whether both concern common bars of one market; a short history concerns none of its bars."""
    apart = finding.first_ns > planted.last_ns or finding.last_ns < planted.first_ns
    about_all = FindingKind.SHORT_HISTORY in (planted.kind, finding.kind)
    if apart or (about_all and planted.kind is not finding.kind):
        return False
    return finding.market == EVERY_MARKET or finding.market.partition("@")[0] == planted.market


def _is_true_move(truth: Truth, finding: Finding) -> bool:
    market = finding.market.partition("@")[0]
    if market not in truth.markets:
        return False
    first = (finding.first_ns - int(truth.time_ns[0])) // HOUR_NS
    last = (finding.last_ns - int(truth.time_ns[0])) // HOUR_NS
    rows, column = slice(max(0, first), last + 1), truth.column(market)
    jumps = truth.jump[rows, column] != 0.0
    return bool(np.any(jumps | truth.scripted[rows, column]))
