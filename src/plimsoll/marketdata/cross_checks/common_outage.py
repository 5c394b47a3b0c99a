"""Outages common to many markets are the venue's, not each market's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from plimsoll.domain.finding import Finding, FindingKind
from plimsoll.domain.market import BoolArray, IntArray
from plimsoll.marketdata.runs import runs
from plimsoll.marketdata.series import Series
from plimsoll.marketdata.settings import CheckSettings
from plimsoll.marketdata.wording import counted

ALL_MARKETS = "*"
"""Market of a finding that concerns the venue as a whole."""

_HOW = {
    FindingKind.GAP: "missing",
    FindingKind.FLAT_OUTAGE: "filled in without a trade",
}


def common_outages(
    series: Sequence[Series], findings: Sequence[Finding], settings: CheckSettings
) -> list[Finding]:
    """Replace gaps that most markets share by common outages; add one for shared flat bars."""
    if len(series) < settings.common_min_markets:
        return list(findings)
    kept = list(findings)
    for kind in _HOW:
        outages = _outages(series, [f for f in findings if f.kind is kind], settings, kind)
        kept += outages
        if kind is FindingKind.GAP:
            kept = [f for f in kept if f.kind is not kind or not _within(f, outages)]
    return kept


def _silent_span(finding: Finding, interval_ns: int) -> tuple[int, int]:
    """First silent bar and the first bar after."""
    if finding.kind is FindingKind.GAP:
        return finding.first_ns + interval_ns, finding.last_ns
    return finding.first_ns, finding.last_ns + interval_ns


def _within(gap: Finding, outages: Sequence[Finding]) -> bool:
    return any(o.first_ns <= gap.first_ns and gap.last_ns <= o.last_ns for o in outages)


def _outages(
    series: Sequence[Series],
    silences: Sequence[Finding],
    settings: CheckSettings,
    kind: FindingKind,
) -> list[Finding]:
    if len(silences) < settings.common_min_markets:
        return []
    interval = series[0].bars.interval_ns
    spans = np.array([_silent_span(f, interval) for f in silences], dtype=np.int64)
    edges = np.unique(spans)
    silent = _covering(edges, spans)
    alive = _covering(edges, _lifespans(series, interval))
    common: BoolArray = silent >= np.maximum(
        settings.common_min_markets, settings.common_outage_share * alive
    )
    starts, stops = runs(common)
    return [
        _outage(int(edges[a]), int(edges[b + 1]), int(silent[a : b + 1].max()), kind, interval)
        for a, b in zip(starts, stops, strict=True)
    ]


def _covering(edges: IntArray, spans: IntArray) -> IntArray:
    """Number of half-open spans that cover each stretch which begins at an edge."""
    begun = np.searchsorted(np.sort(spans[:, 0]), edges, side="right")
    ended = np.searchsorted(np.sort(spans[:, 1]), edges, side="right")
    return (begun - ended).astype(np.int64)


def _lifespans(series: Sequence[Series], interval_ns: int) -> IntArray:
    alive = [(s.time_ns[0], s.time_ns[-1] + interval_ns) for s in series if len(s)]
    return np.array(alive, dtype=np.int64)


def _outage(begin: int, end: int, markets: int, kind: FindingKind, interval: int) -> Finding:
    is_gap = kind is FindingKind.GAP
    bars = (end - begin) // interval
    return Finding(
        kind=FindingKind.COMMON_OUTAGE,
        market=ALL_MARKETS,
        first_ns=begin - interval if is_gap else begin,
        last_ns=end if is_gap else end - interval,
        known_at_ns=end if is_gap else begin,
        bars=bars,
        value=float(markets),
        detail=f"{counted(bars, 'bar')} {_HOW[kind]} in {markets} markets at once",
    )
