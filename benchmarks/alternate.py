"""Time a peer and our own code alternately in one process; medians and the ratio of medians.

Alternating makes both meet the same noise of the machine, so the ratio is steadier than either
time.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import machine

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One line of a table; times in seconds for one unit of work."""

    task: str
    peer_name: str
    peer_seconds: float
    own_seconds: float
    required: float

    @property
    def ratio(self) -> float:
        """How many times faster than the peer."""
        return self.peer_seconds / self.own_seconds


def seconds_of(run: Callable[[], object], calls: int = 1) -> float:
    """Wall time of one call, averaged over ``calls`` of them."""
    start = time.perf_counter()
    for _ in range(calls):
        run()
    return (time.perf_counter() - start) / calls


def compare(
    task: str,
    *,
    peer_name: str,
    peer: Callable[[], object],
    own: Callable[[], object],
    required: float,
    rounds: int = 15,
    peer_calls: int = 1,
    own_calls: int = 1,
    units: int = 1,
    peer_units: int = 1,
) -> Comparison:
    """Medians over ``rounds`` alternating measurements, for one of ``units`` of work."""
    peer(), own()
    peers, owns = [], []
    for _ in range(rounds):
        peers.append(seconds_of(peer, peer_calls))
        owns.append(seconds_of(own, own_calls))
    return Comparison(
        task=task,
        peer_name=peer_name,
        peer_seconds=statistics.median(peers) / peer_units,
        own_seconds=statistics.median(owns) / units,
        required=required,
    )


def write_table(name: str, title: str, gate: list[str], lines: list[str]) -> None:
    """Print and store ``results/<name>.md``: machine, accuracy gate, table."""
    text = [f"# {title}", "", machine.describe(), "", "Accuracy gate, passed before timing:", ""]
    text += [f"- {line}" for line in gate]
    text += ["", *lines, ""]
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.md").write_text("\n".join(text))
    print("\n".join(text))


def table_of(comparisons: list[Comparison]) -> list[str]:
    """Markdown rows, median times in the unit that fits."""
    rows = [
        "| task | peer | peer, median | ours, median | ratio | required |",
        "|---|---|---|---|---|---|",
    ]
    for c in comparisons:
        required = f">= {c.required:g}x" if c.required else "-"
        rows.append(
            f"| {c.task} | {c.peer_name} | {in_units(c.peer_seconds)} | {in_units(c.own_seconds)} "
            f"| {c.ratio:.0f}x | {required} |"
        )
    return rows


def in_units(seconds: float) -> str:
    """Seconds as s, ms or us."""
    for size, unit in ((1.0, "s"), (1e-3, "ms")):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-6:.3g} us"
