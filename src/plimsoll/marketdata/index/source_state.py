"""What is known of one source: its last message, and whether that is a price now."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from plimsoll.marketdata.index.events import SourceQuote
from plimsoll.marketdata.index.reasons import IndexFinding, IndexFindingKind, SourceStatus
from plimsoll.marketdata.index.rule import IndexSource

_FAULTS = {
    SourceStatus.INVALID: IndexFindingKind.IMPOSSIBLE_PRICE,
    SourceStatus.CROSSED: IndexFindingKind.CROSSED_QUOTE,
    SourceStatus.WIDE: IndexFindingKind.WIDE_QUOTE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """The last message of a source that counted.

    Parameters
    ----------
    price : float
        In its quote currency; NaN where it never quoted.
    stamp_ns, received_ns : int
        -1 where none was kept.
    since_ns : int
        From when the price has been what it is.
    fault : SourceStatus
        `SourceStatus.LIVE` where the last message was a good one, or what was wrong with it.
    """

    price: float = math.nan
    stamp_ns: int = -1
    received_ns: int = -1
    since_ns: int = -1
    fault: SourceStatus = SourceStatus.MISSING

    @property
    def known_ns(self) -> int:
        """Time from which age runs: the earlier of stamp and receipt."""
        return min(self.stamp_ns, self.received_ns)

    def status(self, source: IndexSource, at_ns: int) -> SourceStatus:
        """Return what the source is at a time, before its currency and the others are looked at."""
        if self.fault is not SourceStatus.LIVE:
            return self.fault
        if at_ns - self.known_ns > source.max_age_ns:
            return SourceStatus.STALE
        limit = source.max_unchanged_ns
        if limit is not None and at_ns - self.since_ns > limit:
            return SourceStatus.UNCHANGED
        return SourceStatus.LIVE


def hear(
    state: SourceState, quote: SourceQuote, source: IndexSource, max_skew_ns: int
) -> tuple[SourceState, IndexFinding | None]:
    """Return a source's state after a message, and what is wrong with the message.

    A message from the future is not believed and takes the price away: a clock that far off dates
    nothing. Its stamp is not kept, so that the next sane one is in order.
    """
    stamp = quote.stamp_ns
    if stamp - quote.received_ns > max_skew_ns:
        ahead = f"stamped {(stamp - quote.received_ns) / 1e9:g} s after receipt"
        finding = _finding(quote, IndexFindingKind.FUTURE_STAMP, ahead)
        return replace(state, fault=SourceStatus.FUTURE), finding
    if stamp < state.stamp_ns:
        behind = f"stamped {(state.stamp_ns - stamp) / 1e9:g} s before the message before"
        return state, _finding(quote, IndexFindingKind.OUT_OF_ORDER, behind)
    fault = _fault(quote, source)
    good = fault is SourceStatus.LIVE
    same = good and quote.price == state.price
    heard = SourceState(
        price=quote.price if good else state.price,
        stamp_ns=stamp,
        received_ns=quote.received_ns,
        since_ns=state.since_ns if same or not good else min(stamp, quote.received_ns),
        fault=fault,
    )
    return heard, _message_finding(state, heard, quote, source)


def _fault(quote: SourceQuote, source: IndexSource) -> SourceStatus:
    if not (math.isfinite(quote.price) and quote.price > 0.0):
        return SourceStatus.INVALID
    if math.isnan(quote.bid) or math.isnan(quote.ask):
        return SourceStatus.LIVE
    if not (quote.bid > 0.0 and math.isfinite(quote.ask)):
        return SourceStatus.INVALID
    if quote.bid >= quote.ask:
        return SourceStatus.CROSSED
    spread = 2.0 * (quote.ask - quote.bid) / (quote.ask + quote.bid)
    too_wide = source.max_spread is not None and spread > source.max_spread
    return SourceStatus.WIDE if too_wide else SourceStatus.LIVE


def _message_finding(
    before: SourceState, heard: SourceState, quote: SourceQuote, source: IndexSource
) -> IndexFinding | None:
    """What is odd about a message that is in order."""
    if heard.fault in _FAULTS:
        detail = f"bid {quote.bid:g}, ask {quote.ask:g}, price {quote.price:g}"
        return _finding(quote, _FAULTS[heard.fault], detail)
    repeated = (before.stamp_ns, before.received_ns) == (heard.stamp_ns, heard.received_ns)
    if repeated and before.fault is SourceStatus.LIVE and before.price != heard.price:
        detail = f"{before.price:g} and {heard.price:g} under the same stamps"
        return _finding(quote, IndexFindingKind.CONFLICTING_DUPLICATE, detail)
    if heard.received_ns - heard.known_ns > source.max_age_ns:
        detail = f"{(heard.received_ns - heard.known_ns) / 1e9:g} s old when received"
        return _finding(quote, IndexFindingKind.ALREADY_STALE, detail)
    return None


def _finding(quote: SourceQuote, kind: IndexFindingKind, detail: str) -> IndexFinding:
    return IndexFinding(
        kind=kind,
        source=quote.source,
        received_ns=quote.received_ns,
        exchange_ns=quote.stamp_ns,
        value=quote.price,
        detail=detail,
    )
