"""Option chains priced from a known smile with scipy's normal law; no market data."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from plimsoll.domain.instrument import Pair, Payoff
from plimsoll.domain.option_chain import FloatArray, OptionChain

AT_NS = 1_768_318_537 * 1_000_000_000
DAY_NS = 86_400 * 1_000_000_000
FORWARD = 85_000.0
STRIKES = np.arange(60_000.0, 115_000.0, 2_500.0)


def smile(k: FloatArray, tau_years: FloatArray) -> FloatArray:
    """Volatility of the made chains: 45 % at the money, skewed and curved."""
    x = k / np.sqrt(tau_years)
    vol: FloatArray = 0.45 - 0.05 * x + 0.08 * x * x
    return vol


def black(forward: Any, strike: Any, tau_years: Any, vol: Any, is_call: Any) -> FloatArray:
    """Undiscounted Black-76 price in quote currency, straight from the formula."""
    deviation = vol * np.sqrt(tau_years)
    d1 = np.log(forward / strike) / deviation + 0.5 * deviation
    sign = np.where(is_call, 1.0, -1.0)
    value: FloatArray = sign * (
        forward * norm.cdf(sign * d1) - strike * norm.cdf(sign * (d1 - deviation))
    )
    return value


def made_chain(
    *,
    days: tuple[float, ...] = (7.0, 30.0),
    strikes: FloatArray = STRIKES,
    half_spread_vol: float = 0.01,
    linear: bool = False,
    forward: float | FloatArray = FORWARD,
) -> OptionChain:
    """Return calls and puts of each expiry and strike, bid and ask a spread of volatility apart."""
    shape = (len(days), len(strikes), 2)
    tau = np.broadcast_to(np.array(days)[:, None, None] / 365.0, shape).ravel()
    strike = np.broadcast_to(strikes[None, :, None], shape).ravel()
    is_call = np.broadcast_to(np.array([True, False]), shape).ravel()
    rows = len(strike)
    own = np.full(rows, forward, dtype=np.float64)
    vol = smile(np.log(strike / own), tau)
    unit = np.ones(rows) if linear else own
    bid, mark, ask = (
        black(own, strike, tau, vol + shift, is_call) / unit
        for shift in (-half_spread_vol, 0.0, half_spread_vol)
    )
    rights = np.where(is_call, "C", "P")
    return OptionChain(
        at_ns=AT_NS,
        pair=Pair(base="BTC", quote="USDC" if linear else "USD"),
        settle="USDC" if linear else "BTC",
        payoff=Payoff.LINEAR if linear else Payoff.INVERSE,
        source="made",
        names=tuple(
            f"{d:g}d-{k:g}-{r}" for d, k, r in zip(tau * 365.0, strike, rights, strict=True)
        ),
        expiry_ns=AT_NS + np.round(tau * 365.0 * DAY_NS).astype(np.int64),
        strike=strike.copy(),
        is_call=is_call.copy(),
        bid=bid,
        ask=ask,
        mark=mark,
        forward=own,
        index=np.full(rows, FORWARD * 0.999),
        mark_vol=vol,
        open_interest=np.ones(rows),
        volume=np.zeros(rows),
    )


def taken(chain: OptionChain, rows: NDArray[Any]) -> OptionChain:
    """Return some rows of a chain, in the order given."""
    columns: dict[str, Any] = {name: getattr(chain, name)[rows] for name in _COLUMNS}
    return replace(chain, names=tuple(chain.names[int(row)] for row in rows), **columns)


def changed(chain: OptionChain, rows: Any, **values: Any) -> OptionChain:
    """Return a chain with cells of some rows replaced."""
    columns: dict[str, Any] = {}
    for name, value in values.items():
        column = np.array(getattr(chain, name))
        column[rows] = value
        columns[name] = column
    return replace(chain, **columns)


_COLUMNS = (
    "expiry_ns",
    "strike",
    "is_call",
    "bid",
    "ask",
    "mark",
    "forward",
    "index",
    "mark_vol",
    "open_interest",
    "volume",
)
