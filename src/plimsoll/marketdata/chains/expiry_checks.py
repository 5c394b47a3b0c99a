"""Findings on the expiries of a chain: their forwards, their time, their number of quotes."""

from __future__ import annotations

from collections.abc import Iterator

from plimsoll.domain.option_chain import ChainFinding, ChainFindingKind
from plimsoll.domain.smile_quotes import ExpirySummary, ForwardSource, SmileQuotes
from plimsoll.marketdata.chains.forwards import ExpiryForward
from plimsoll.marketdata.chains.labels import expiry_label
from plimsoll.marketdata.chains.settings import ChainSettings
from plimsoll.marketdata.wording import counted

_HOURS = 365.0 * 24.0
_INSTEAD = {
    ForwardSource.EXPIRY: "the median of the expiry stands in",
    ForwardSource.PARITY: "put-call parity gives it",
    ForwardSource.INDEX: "the index stands in, without carry",
    ForwardSource.NONE: "nothing gives it: the quotes have no volatility",
}


def expiry_findings(
    quotes: SmileQuotes, forwards: list[ExpiryForward], settings: ChainSettings
) -> Iterator[ChainFinding]:
    """Yield what is wrong with each expiry, by rising expiry."""
    for found in forwards:
        summary = quotes.expiries[found.expiry_ns]
        subject = expiry_label(quotes.chain, found.expiry_ns)
        yield from _forward(found, subject, settings)
        yield from _extent(summary, subject, settings)


def _forward(found: ExpiryForward, subject: str, settings: ChainSettings) -> Iterator[ChainFinding]:
    if found.range_bps > settings.forward_drift_bps:
        yield ChainFinding(
            kind=ChainFindingKind.FORWARD_DRIFT,
            subject=subject,
            rows=len(found.rows),
            value=found.range_bps,
            expected=settings.forward_drift_bps,
            detail=f"forwards of the rows lie {found.range_bps:.1f} bp apart: each is used with "
            "its own row",
        )
    if found.missing:
        yield ChainFinding(
            kind=ChainFindingKind.MISSING_FORWARD,
            subject=subject,
            rows=found.missing,
            value=float(found.missing),
            expected=0.0,
            detail=f"{counted(found.missing, 'row')} without a forward: {_INSTEAD[found.source]}",
        )


def _extent(
    summary: ExpirySummary, subject: str, settings: ChainSettings
) -> Iterator[ChainFinding]:
    hours = summary.tau_years * _HOURS
    if hours < 24.0 * settings.short_expiry_days:
        left = f"{hours:.1f} hours to expiry" if hours > 0.0 else "expired"
        yield ChainFinding(
            kind=ChainFindingKind.SHORT_EXPIRY,
            subject=subject,
            rows=summary.quotes,
            value=hours,
            expected=24.0 * settings.short_expiry_days,
            detail=f"{left}: a tick is worth many volatility points",
        )
    if summary.usable < settings.thin_quotes:
        yield ChainFinding(
            kind=ChainFindingKind.THIN_SMILE,
            subject=subject,
            rows=summary.quotes,
            value=float(summary.usable),
            expected=float(settings.thin_quotes),
            detail=f"{counted(summary.usable, 'usable quote')} of {summary.quotes}",
        )
