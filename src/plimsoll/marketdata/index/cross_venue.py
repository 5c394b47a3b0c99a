"""The index as a state that events change: ``state.update(event)`` is a new state.

Quotes only change what is known of a source; a `Tick` publishes. Nothing in here knows the time
but from events, so a replay gives the same bits as the live stream.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from plimsoll.errors import UsageError
from plimsoll.marketdata.index.composition import Composition, compose
from plimsoll.marketdata.index.events import CurrencyPrice, IndexEvent, SourceQuote, Tick
from plimsoll.marketdata.index.index_value import IndexValue, SourceRow
from plimsoll.marketdata.index.reasons import (
    IndexFinding,
    IndexFindingKind,
    IndexReason,
    IndexStatus,
    SourceStatus,
)
from plimsoll.marketdata.index.rule import USD, DepegRule, IndexRule
from plimsoll.marketdata.index.source_state import SourceState, hear

_LARGEST_LOG = 700.0


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexState:
    """An index in mid-stream.

    Parameters
    ----------
    rule : IndexRule
    sources : tuple of SourceState
        In the order of the rule.
    currencies : tuple of CurrencyPrice
        Last price of each quote currency, in the order of the rule; NaN where none is known.
    clock_ns : int
        Latest time heard of; nothing is published before it.
    value : IndexValue or None
        Last publication.
    good_price, good_confidence : float
    good_ns : int
        Last good publication; NaN and 0 where there was none.
    findings : tuple of IndexFinding
        On the last event only: whoever streams collects them.
    """

    rule: IndexRule
    sources: tuple[SourceState, ...]
    currencies: tuple[CurrencyPrice, ...]
    clock_ns: int = 0
    value: IndexValue | None = None
    good_price: float = math.nan
    good_confidence: float = 0.0
    good_ns: int = 0
    findings: tuple[IndexFinding, ...] = ()

    def update(self, event: IndexEvent) -> IndexState:
        """Return the state after an event.

        Raises
        ------
        UsageError
            For an unknown source or currency, and a tick before what was already heard of.
        """
        if isinstance(event, Tick):
            return _published(self, event.at_ns)
        if isinstance(event, SourceQuote):
            return _heard(self, event)
        return _priced(self, event)


def start_index(rule: IndexRule) -> IndexState:
    """Return the state of an index of which nothing was heard."""
    nothing = tuple(
        CurrencyPrice(currency=currency, received_ns=0, usd=math.nan)
        for currency in rule.currencies
    )
    return IndexState(rule=rule, sources=(SourceState(),) * len(rule.sources), currencies=nothing)


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexRun:
    """All publications of a stream, all findings on it, and the state at its end."""

    values: tuple[IndexValue, ...]
    findings: tuple[IndexFinding, ...]
    state: IndexState


def publish_all(rule: IndexRule, events: Iterable[IndexEvent]) -> IndexRun:
    """Return what an index publishes over events in the order of receipt.

    Raises
    ------
    UsageError
        As `IndexState.update`.
    """
    state = start_index(rule)
    values: list[IndexValue] = []
    findings: list[IndexFinding] = []
    for event in events:
        state = state.update(event)
        findings.extend(state.findings)
        if isinstance(event, Tick) and state.value is not None:
            values.append(state.value)
    return IndexRun(values=tuple(values), findings=tuple(findings), state=state)


def _heard(state: IndexState, quote: SourceQuote) -> IndexState:
    place = state.rule.place(quote.source)
    source = state.rule.sources[place]
    heard, finding = hear(state.sources[place], quote, source, state.rule.max_skew_ns)
    findings: tuple[IndexFinding, ...] = () if finding is None else (finding,)
    if quote.received_ns < state.clock_ns:
        findings += (_late(state, quote.source, quote.received_ns, quote.stamp_ns, quote.price),)
    return replace(
        state,
        sources=(*state.sources[:place], heard, *state.sources[place + 1 :]),
        clock_ns=max(state.clock_ns, quote.received_ns),
        findings=findings,
    )


def _priced(state: IndexState, event: CurrencyPrice) -> IndexState:
    known = state.rule.currencies
    if event.currency not in known:
        must = f"must be a quote currency of the index: {', '.join(known) or 'none but USD'}"
        raise UsageError(must, found=event.currency, field="currency")
    place = known.index(event.currency)
    stamps = (event.received_ns, event.received_ns)
    if event.received_ns < state.currencies[place].received_ns:
        late = _late(state, event.currency, *stamps, event.usd)
        return replace(state, findings=(late,))
    findings: tuple[IndexFinding, ...] = ()
    if not (math.isfinite(event.usd) and event.usd > 0.0):
        findings = (
            IndexFinding(
                kind=IndexFindingKind.IMPOSSIBLE_PRICE,
                source=event.currency,
                received_ns=event.received_ns,
                exchange_ns=event.received_ns,
                value=event.usd,
                detail="no price of the currency until the next good one",
            ),
        )
        event = replace(event, usd=math.nan)
    return replace(
        state,
        currencies=(*state.currencies[:place], event, *state.currencies[place + 1 :]),
        clock_ns=max(state.clock_ns, event.received_ns),
        findings=findings,
    )


def _late(
    state: IndexState, source: str, received_ns: int, stamp_ns: int, value: float
) -> IndexFinding:
    return IndexFinding(
        kind=IndexFindingKind.LATE_RECEIPT,
        source=source,
        received_ns=received_ns,
        exchange_ns=stamp_ns,
        value=value,
        detail=f"received {(state.clock_ns - received_ns) / 1e9:g} s before the stream's clock",
    )


def _published(state: IndexState, at_ns: int) -> IndexState:
    if at_ns < state.clock_ns:
        raise UsageError(
            f"must not be before what was already heard of, {state.clock_ns} ns",
            found=at_ns,
            field="at_ns",
            remedy="feed events in the order of receipt",
        )
    rule = state.rule
    rates = {price.currency: price for price in state.currencies}
    seen = [_seen(state, place, at_ns, rates) for place in range(len(rule.sources))]
    live = [place for place, (status, _) in enumerate(seen) if status is SourceStatus.LIVE]
    weights = [rule.sources[place].weight for place in live]
    composition = compose([seen[place][1] for place in live], weights, rule) if live else None
    reason = _reason(rule, composition, len(live), math.fsum(weights))
    rows = _rows(state, seen, live, composition, at_ns)
    return _with_value(state, at_ns, composition, reason, rows)


def _seen(
    state: IndexState, place: int, at_ns: int, rates: dict[str, CurrencyPrice]
) -> tuple[SourceStatus, float]:
    """Status of a source before the others are looked at, and its last price in USD."""
    rule = state.rule
    source, known = rule.sources[place], state.sources[place]
    status = known.status(source, at_ns)
    if source.quote_currency == USD:
        return status, known.price
    rate = rates[source.quote_currency]
    price = known.price * rate.usd
    if status is not SourceStatus.LIVE:
        return status, price
    if not math.isfinite(price) or at_ns - rate.received_ns > rule.currency_max_age_ns:
        return SourceStatus.UNPRICED, math.nan
    excludes = rule.depeg_rule is DepegRule.EXCLUDE
    if excludes and abs(rate.usd - 1.0) > rule.depeg_bound:
        return SourceStatus.DEPEGGED, price
    return status, price


def _reason(
    rule: IndexRule, composition: Composition | None, count: int, weight: float
) -> IndexReason:
    """Why there is no good price; the gravest first."""
    if composition is None:
        return IndexReason.NO_LIVE_SOURCE
    if count < rule.least_sources:
        return IndexReason.TOO_FEW_SOURCES
    if weight < rule.least_weight_share * rule.total_weight * (1.0 - 1e-12):
        return IndexReason.TOO_LITTLE_WEIGHT
    return composition.reason


def _rows(
    state: IndexState,
    seen: list[tuple[SourceStatus, float]],
    live: list[int],
    composition: Composition | None,
    at_ns: int,
) -> tuple[SourceRow, ...]:
    statuses = dict(zip(live, composition.statuses, strict=True)) if composition else {}
    median = composition.median if composition else math.nan
    rows = []
    for place, (status, price) in enumerate(seen):
        source, known = state.rule.sources[place], state.sources[place]
        final = statuses.get(place, status)
        rows.append(
            SourceRow(
                source=source.name,
                status=final,
                price=price,
                weight=source.weight if final.has_weight else 0.0,
                age_ns=at_ns - known.known_ns if known.received_ns >= 0 else -1,
                distance=price / median - 1.0 if place in statuses else math.nan,
            )
        )
    return tuple(rows)


def _with_value(
    state: IndexState,
    at_ns: int,
    composition: Composition | None,
    reason: IndexReason,
    rows: tuple[SourceRow, ...],
) -> IndexState:
    pairs = zip(state.rule.sources, rows, strict=True)
    live = [source.weight for source, row in pairs if row.status.is_live]
    good = composition is not None and reason is IndexReason.NONE
    composed = composition.price if composition is not None and good else math.nan
    price = _limited(state, composed, at_ns) if good else state.good_price
    confidence = (
        composition.agreeing_weight / state.rule.total_weight
        if composition is not None and good
        else _faded(state, at_ns)
    )
    value = IndexValue(
        at_ns=at_ns,
        price=price,
        status=_status(good, price, composed),
        reason=reason,
        age_ns=0 if good else _age(state, at_ns),
        composed=composed,
        confidence=confidence,
        half_width=composition.half_width if composition is not None and good else math.nan,
        live_sources=len(live),
        live_weight=math.fsum(live),
        sources=rows,
    )
    after = replace(state, clock_ns=at_ns, value=value, findings=())
    if not good:
        return after
    return replace(after, good_price=price, good_confidence=confidence, good_ns=at_ns)


def _age(state: IndexState, at_ns: int) -> int:
    return -1 if math.isnan(state.good_price) else at_ns - state.good_ns


def _status(good: bool, price: float, composed: float) -> IndexStatus:
    if good:
        return IndexStatus.LIVE if price == composed else IndexStatus.LIMITED
    return IndexStatus.EMPTY if math.isnan(price) else IndexStatus.FROZEN


def _limited(state: IndexState, composed: float, at_ns: int) -> float:
    """Price no further from the last good one than its age allows."""
    rule = state.rule
    if rule.max_move is None or math.isnan(state.good_price):
        return composed
    intervals = (at_ns - state.good_ns) / rule.move_interval_ns
    steps = min(intervals, rule.catch_up_intervals)
    reach = math.exp(min(steps * math.log1p(rule.max_move), _LARGEST_LOG))
    return min(max(composed, state.good_price / reach), state.good_price * reach)


def _faded(state: IndexState, at_ns: int) -> float:
    age = (at_ns - state.good_ns) / state.rule.confidence_half_life_ns
    return state.good_confidence * math.pow(2.0, -age)
