"""Outages common to many markets are the venue's, not each market's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from plimsoll.domain.finding import Finding, FindingKind
from plimsoll.domain.market import DAY_NS, BoolArray, IntArray
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
    series: Sequence[Series],
    findings: Sequence[Finding],
    settings: CheckSettings,
    until_ns: int,
) -> list[Finding]:
    """Replace gaps that most markets share by common outages; add one for shared flat bars.

    A market counts from its first bar until it has been silent for as long as a delisting takes.
    An outage is known when most of the markets are back; one that lasts at ``until_ns`` is not.
    """
    if len(series) < settings.common_min_markets:
        return list(findings)
    interval = series[0].bars.interval_ns
    patience = int(settings.relisting_min_gap_days * DAY_NS)
    presence = [_presence(one, patience, until_ns) for one in series]
    present = _stacked([spans for spans, _ in presence])
    missing = _stacked([gaps for _, gaps in presence])
    flat = [f for f in findings if f.kind is FindingKind.FLAT_OUTAGE]
    flat_spans = np.array([(f.first_ns, f.last_ns + interval) for f in flat], dtype=np.int64)
    silences = ((FindingKind.GAP, missing), (FindingKind.FLAT_OUTAGE, flat_spans.reshape(-1, 2)))
    outages = [
        _outage(begin, end, markets, kind, interval)
        for kind, spans in silences
        for begin, end, markets in _common(spans, present, settings)
        if end < until_ns or kind is FindingKind.FLAT_OUTAGE
    ]
    return [f for f in findings if not _replaced(f, outages)] + outages


def _presence(series: Series, patience_ns: int, until_ns: int) -> tuple[IntArray, IntArray]:
    """Return the spans in which the market counts, and those of them in which it is silent."""
    if not len(series):
        return np.empty((0, 2), dtype=np.int64), np.empty((0, 2), dtype=np.int64)
    interval, time_ns = series.bars.interval_ns, series.time_ns
    before = np.flatnonzero(np.diff(time_ns, append=until_ns) > interval)
    begun = time_ns[before] + interval
    back = np.append(time_ns, until_ns)[before + 1]
    ended = np.minimum(back, time_ns[before] + patience_ns)
    silent = np.column_stack([begun, ended])
    away = back > ended
    starts = np.concatenate([time_ns[:1], back[away]])
    stops = np.append(ended[away], until_ns)
    spans = np.column_stack([starts, stops])
    return spans[spans[:, 0] < spans[:, 1]], silent[silent[:, 0] < silent[:, 1]]


def _stacked(spans: Sequence[IntArray]) -> IntArray:
    return np.concatenate(spans) if spans else np.empty((0, 2), dtype=np.int64)


def _common(
    silent: IntArray, present: IntArray, settings: CheckSettings
) -> Iterator[tuple[int, int, int]]:
    """Yield begin, end and number of silent markets of each stretch that most are silent in."""
    if len(silent) < settings.common_min_markets:
        return
    edges = np.unique(np.concatenate([silent, present]))
    counts = _covering(edges, silent)
    least = settings.common_outage_share * _covering(edges, present)
    common: BoolArray = counts >= np.maximum(settings.common_min_markets, least)
    for a, b in zip(*runs(common), strict=True):
        yield int(edges[a]), int(edges[b + 1]), int(counts[a : b + 1].max())


def _covering(edges: IntArray, spans: IntArray) -> IntArray:
    """Number of half-open spans that cover each stretch which begins at an edge."""
    begun = np.searchsorted(np.sort(spans[:, 0]), edges, side="right")
    ended = np.searchsorted(np.sort(spans[:, 1]), edges, side="right")
    return (begun - ended).astype(np.int64)


def _replaced(finding: Finding, outages: Sequence[Finding]) -> bool:
    """Return whether a gap is part of an outage and ends with it.

    A market that was back sooner has a gap of its own, which was known sooner.
    """
    return finding.kind is FindingKind.GAP and any(
        o.first_ns <= finding.first_ns and finding.last_ns == o.last_ns for o in outages
    )


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
