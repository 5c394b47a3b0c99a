"""All findings on one prepared chain, and those that concern it as a whole."""

from __future__ import annotations

import numpy as np

from plimsoll.domain.option_chain import BoolArray, ChainFinding, ChainFindingKind
from plimsoll.domain.price_tick import PriceTicks
from plimsoll.domain.smile_quotes import SmileQuotes
from plimsoll.marketdata.chains.expiry_checks import expiry_findings
from plimsoll.marketdata.chains.forwards import ExpiryForward
from plimsoll.marketdata.chains.labels import chain_label
from plimsoll.marketdata.chains.quote_checks import quote_findings
from plimsoll.marketdata.chains.settings import ChainSettings
from plimsoll.marketdata.wording import counted

_DAYS = 365.0
_BASIS_POINTS = 1e4


def chain_findings(
    quotes: SmileQuotes,
    forwards: list[ExpiryForward],
    ticks: PriceTicks | None,
    settings: ChainSettings,
) -> tuple[ChainFinding, ...]:
    """Return what is wrong with a chain, its expiries and its quotes, in this order."""
    return (
        *broken_snapshot(quotes, settings),
        *unsynchronised_index(quotes, settings),
        *expiry_findings(quotes, forwards, settings),
        *quote_findings(quotes, ticks, settings),
    )


def liquid_quotes(quotes: SmileQuotes, settings: ChainSettings) -> BoolArray:
    """(N,) usable quotes whose forward delta is neither near zero nor near one."""
    delta = np.abs(quotes.forward_delta)
    low = settings.liquid_delta
    liquid: BoolArray = quotes.usable & (delta >= low) & (delta <= 1.0 - low)
    return liquid


def broken_snapshot(quotes: SmileQuotes, settings: ChainSettings) -> tuple[ChainFinding, ...]:
    """Report a snapshot in which too many liquid quotes are too wide to say anything.

    Wide is a quote whose bid and ask lie further apart than ``wide_vol``, and further than
    ``wide_share`` of its own volatility (in a panic 20 points are not much).
    """
    liquid = liquid_quotes(quotes, settings) & (
        quotes.tau_years * _DAYS >= settings.broken_tau_days
    )
    width = quotes.ask_vol[liquid] - quotes.bid_vol[liquid]
    wide = (width > settings.wide_vol) & (width > settings.wide_share * quotes.mid_vol[liquid])
    count, total = int(wide.sum()), int(liquid.sum())
    if total < settings.min_liquid or count <= settings.broken_share * total:
        return ()
    points = 100.0 * settings.wide_vol
    return (
        ChainFinding(
            kind=ChainFindingKind.BROKEN_SNAPSHOT,
            subject=chain_label(quotes.chain),
            rows=count,
            value=count / total,
            expected=settings.broken_share,
            detail=f"{counted(count, 'liquid quote')} of {total} wider than {points:g} volatility "
            "points: the books were not read whole, or makers were absent",
        ),
    )


def unsynchronised_index(quotes: SmileQuotes, settings: ChainSettings) -> tuple[ChainFinding, ...]:
    """Report that the index moved while the quotes were taken."""
    index = quotes.chain.index[(quotes.chain.index > 0.0) & np.isfinite(quotes.chain.index)]
    if len(index) == 0:
        return ()
    moved = float((index.max() - index.min()) / np.median(index)) * _BASIS_POINTS
    if not moved > settings.index_drift_bps:
        return ()
    return (
        ChainFinding(
            kind=ChainFindingKind.UNSYNCHRONISED_INDEX,
            subject=chain_label(quotes.chain),
            rows=len(index),
            value=moved,
            expected=settings.index_drift_bps,
            detail=f"the index moved by {moved:.1f} bp within the snapshot: its quotes were taken "
            "one after the other",
        ),
    )
