"""What of a contract's price still moves while its settlement price is being averaged.

Within its settlement window a contract is priced at its expected settlement price, ``floating +
fixed`` (`plimsoll.domain.expiry_quote.ExpiryQuote`). Under a move ``x`` of the underlying that is
``floating (1 + x) + fixed``, so its own price moves by ``x floating / (floating + fixed)``.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.instrument import Future, Instrument, Option
from plimsoll.domain.market import MarketSnapshot

FloatArray = NDArray[np.float64]


def floating_shares(instruments: Mapping[str, Instrument], snapshot: MarketSnapshot) -> FloatArray:
    """(N,) share of each contract's price that still moves with its underlying.

    1 before the window, without a quote of the expiry, and for what does not expire; NaN where
    something is fixed and the quote of the expiry is no number.

    Examples
    --------
    >>> from plimsoll.domain.expiry_quote import ExpiryQuote
    >>> from plimsoll.domain.instrument import Pair, Payoff
    >>> pair = Pair(base="BTC", quote="USDT")
    >>> held = Future(pair=pair, settle="USDT", payoff=Payoff.LINEAR, expiry_ns=9 * 10**9)
    >>> quotes = {(pair, "USDT", 9 * 10**9): ExpiryQuote(floating=30.0, fixed=90.0)}
    >>> snapshot = MarketSnapshot(at_ns=5, quotes={}, expiries=quotes)
    >>> floating_shares({"BTC-9": held}, snapshot).tolist()
    [0.25]
    """
    shares = np.ones(len(instruments))
    split = {key: quote for key, quote in snapshot.expiries.items() if quote.fixed != 0.0}
    if not split:
        return shares
    for row, instrument in enumerate(instruments.values()):
        if not isinstance(instrument, Future | Option):
            continue
        quote = split.get((instrument.pair, instrument.settle, instrument.expiry_ns))
        if quote is not None:
            whole = quote.forward
            shares[row] = quote.floating / whole if 0.0 < whole < np.inf else np.nan
    return shares
