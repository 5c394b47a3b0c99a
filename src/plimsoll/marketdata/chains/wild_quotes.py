"""Quotes that neither their neighbours in the expiry nor their own twin can explain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plimsoll.domain.option_chain import BoolArray, FloatArray, IntArray
from plimsoll.domain.smile_quotes import SmileQuotes
from plimsoll.marketdata.chains.parity import parity_residuals
from plimsoll.maths.local_regression import leave_one_out

NEIGHBOURS = 8
"""Neighbours that say what a quote should be: about a third of a usual smile."""

WILD_FROM = 2.7
"""Departure from the neighbours, in standard deviations, from which a quote is wild."""

WILD_OFF_PARITY_FROM = 1.2
"""The same for a quote that its twin contradicts as well."""

OFF_PARITY_FROM = 1.0
"""Parity residual, in half-spreads of the pair, from which the twin contradicts a quote."""

ALONE_OFF_PARITY_FROM = 1.5
"""Parity residual from which a quote without neighbours is wild."""

_NO_SPREAD = 1e-4
"""Least unit of error, as a share of the volatility, for quotes whose bid is their ask."""

_LARGEST_SHARE = 4
_CENTRAL = 5


@dataclass(frozen=True, slots=True)
class _Smile:
    """Usable quotes of one expiry by rising moneyness (in standard deviations)."""

    rows: IntArray
    x: FloatArray
    vol: FloatArray
    unit: FloatArray
    residual: FloatArray


def wild_quotes(quotes: SmileQuotes) -> BoolArray:
    """Return the usable quotes that no smile should be bent to.

    Each mid volatility is held against a robust local fit of its neighbours in the expiry, in
    units of its half-spread (at least half a tick) and of the fit's own error. A departure of 2.7
    is wild; 1.2 is enough where the other option of the strike contradicts the quote too, and
    parity alone decides where there are no neighbours. The worst quote goes first, then the rest
    is judged without it.

    What cannot be told: a few ticks of price in the last hours, where spreads are wider than the
    price; the surface before is then the only witness.

    Parameters
    ----------
    quotes : SmileQuotes

    Returns
    -------
    (N,) bool
        True for wild quotes; False for all that are not usable anyway.
    """
    wild = np.zeros(len(quotes.chain), dtype=np.bool_)
    residual = parity_residuals(quotes)
    usable = np.flatnonzero(quotes.usable)
    order = np.lexsort((quotes.log_moneyness[usable], quotes.chain.expiry_ns[usable]))
    rows = usable[order]
    edges = np.flatnonzero(np.diff(quotes.chain.expiry_ns[rows])) + 1
    for own in np.split(rows, edges):
        if len(own):
            wild[own[_wild(_smile(quotes, own, residual))]] = True
    return wild


def _smile(quotes: SmileQuotes, rows: IntArray, residual: FloatArray) -> _Smile:
    k, vol = quotes.log_moneyness[rows], quotes.mid_vol[rows]
    central = np.argsort(np.abs(k), kind="stable")[:_CENTRAL]
    deviation = np.median(vol[central]) * np.sqrt(quotes.tau_years[rows[0]])
    half = 0.5 * (quotes.ask_vol[rows] - quotes.bid_vol[rows])
    half_tick = 0.5 * np.nan_to_num(quotes.vol_per_tick[rows], nan=0.0, posinf=0.0)
    return _Smile(
        rows=rows,
        x=k / deviation,
        vol=vol,
        unit=np.maximum(np.maximum(half, half_tick), _NO_SPREAD * vol),
        residual=np.nan_to_num(np.abs(residual[rows]), nan=0.0),
    )


def _wild(smile: _Smile) -> BoolArray:
    count = len(smile.rows)
    active, wild = np.ones(count, dtype=np.bool_), np.zeros(count, dtype=np.bool_)
    implied, error = np.empty(count), np.empty(count)
    for _ in range(1 + count // _LARGEST_SHARE):
        leave_one_out(smile.x, smile.vol, smile.unit, active, NEIGHBOURS, implied, error)
        excess = np.where(active, _excess(smile, implied, error), 0.0)
        worst = int(np.argmax(excess))
        if not excess[worst] > 1.0:
            break
        active[worst], wild[worst] = False, True
    return wild


def _excess(smile: _Smile, implied: FloatArray, error: FloatArray) -> FloatArray:
    """(n,) departure of each quote as a multiple of what is wild."""
    departure = np.abs(smile.vol - implied) / np.hypot(smile.unit, error)
    limit = np.where(smile.residual > OFF_PARITY_FROM, WILD_OFF_PARITY_FROM, WILD_FROM)
    alone = smile.residual / ALONE_OFF_PARITY_FROM
    return np.where(np.isnan(departure), alone, departure / limit)
