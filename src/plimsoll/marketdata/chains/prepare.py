"""`prepare_chain`: from a chain as the venue showed it to quotes on the scale of volatility."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from plimsoll.domain.option_chain import FloatArray, OptionChain
from plimsoll.domain.price_tick import PriceTicks
from plimsoll.domain.smile_quotes import ExpirySummary, QuoteStatus, SmileQuotes
from plimsoll.marketdata.chains.chain_checks import chain_findings
from plimsoll.marketdata.chains.chain_vols import chain_vols, forward_delta, log_moneyness
from plimsoll.marketdata.chains.forwards import ExpiryForward, expiry_forwards
from plimsoll.marketdata.chains.quote_status import quote_status
from plimsoll.marketdata.chains.settings import ChainSettings
from plimsoll.marketdata.chains.ticks import chain_ticks, quote_ticks
from plimsoll.maths.variance_clock import YEAR_NS


def prepare_chain(
    chain: OptionChain,
    *,
    ticks: PriceTicks | None = None,
    settings: ChainSettings | None = None,
) -> SmileQuotes:
    """Return the quotes of a chain with their volatilities, or the reason why they have none.

    Nothing is dropped: rows correspond to those of the chain, in its order, and what is wrong
    with them stands in ``status`` and ``findings``. The result does not depend on that order.

    Parameters
    ----------
    chain : OptionChain
        Linear or inverse; may be empty.
    ticks : PriceTicks or None
        None: Deribit's rule for coin-settled options, else inferred from the prices.
    settings : ChainSettings or None
        Thresholds of the findings.

    Returns
    -------
    SmileQuotes
    """
    settings = settings or ChainSettings()
    found = expiry_forwards(chain, settings)
    forward = np.full(len(chain), np.nan)
    for expiry in found:
        forward[expiry.rows] = expiry.forward
    tau = (chain.expiry_ns - chain.at_ns) / YEAR_NS
    k = log_moneyness(chain.strike, forward)
    rule, tick_source = chain_ticks(chain, ticks)
    tick = quote_ticks(chain, rule)
    vols = chain_vols(chain, forward, tau, tick)
    status = quote_status(chain, forward, tau)
    quotes = SmileQuotes(
        chain=chain,
        status=status,
        forward=forward,
        tau_years=tau,
        log_moneyness=k,
        bid_vol=vols.bid,
        ask_vol=vols.ask,
        mid_vol=vols.mid,
        vol_per_tick=vols.per_tick,
        tick=tick,
        forward_delta=forward_delta(chain.is_call, k, tau, _selecting_vol(chain, vols.mid)),
        expiries={item.expiry_ns: _summary(item, tau, status) for item in found},
        tick_source=tick_source,
    )
    return replace(quotes, findings=chain_findings(quotes, found, rule, settings))


def _selecting_vol(chain: OptionChain, mid_vol: FloatArray) -> FloatArray:
    """(N,) the venue's mark volatility, the mid's where there is none."""
    return np.where(chain.mark_vol > 0.0, chain.mark_vol, mid_vol)


def _summary(expiry: ExpiryForward, tau: FloatArray, status: np.ndarray) -> ExpirySummary:
    there = expiry.forward[np.isfinite(expiry.forward)]
    return ExpirySummary(
        expiry_ns=expiry.expiry_ns,
        tau_years=float(tau[expiry.rows[0]]),
        forward=float(np.median(there)) if len(there) else float("nan"),
        forward_source=expiry.source,
        forward_range_bps=expiry.range_bps,
        parity_forward=expiry.parity,
        parity_error=expiry.parity_error,
        quotes=len(expiry.rows),
        usable=int((status[expiry.rows] == QuoteStatus.USABLE).sum()),
    )
