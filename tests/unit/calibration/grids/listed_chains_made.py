"""Chains with a flat smile, whose every number is known."""

from __future__ import annotations

import numpy as np

from plimsoll.domain.instrument import Pair, Payoff
from plimsoll.domain.option_chain import OptionChain
from plimsoll.maths.black76 import price

DAY_NS = 86_400 * 10**9
AT_NS = 1_769_673_600 * 10**9  # 29 January 2026, 08:00 UTC, a Thursday
DAYS = (1, 8, 15, 29, 57, 92, 148, 239)


def chain(
    coin: str = "BTC",
    index: float = 80_000.0,
    vol: float = 0.5,
    at_ns: int = AT_NS,
    *,
    carry: float = 0.0,
    start_ns: int = AT_NS,
) -> OptionChain:
    """All strikes from half to twice the first index; forwards grow with ``carry`` a year."""
    rows = [
        (start_ns + d * DAY_NS, k * _base(coin), call)
        for d in DAYS
        for k in np.linspace(0.5, 2.0, 61).round(3)
        for call in (True, False)
        if start_ns + d * DAY_NS > at_ns
    ]
    expiry = np.array([e for e, _, _ in rows], dtype=np.int64)
    strike = np.array([k for _, k, _ in rows])
    is_call = np.array([c for _, _, c in rows], dtype=np.bool_)
    years = (expiry - at_ns) / (365 * DAY_NS)
    forward = index * np.exp(carry * years)
    value = np.asarray(price(forward, strike, years, vol, is_call)) / forward
    count = len(rows)
    return OptionChain(
        at_ns=at_ns,
        pair=Pair(base=coin, quote="USD"),
        settle=coin,
        payoff=Payoff.INVERSE,
        source="made",
        names=tuple(f"{coin}-{e // 10**9}-{k:g}-{'C' if c else 'P'}" for e, k, c in rows),
        expiry_ns=expiry,
        strike=strike,
        is_call=is_call,
        bid=np.maximum(value, 1e-12),
        ask=np.maximum(value, 1e-12),
        mark=np.maximum(value, 1e-12),
        forward=forward,
        index=np.full(count, index),
        mark_vol=np.full(count, vol),
        open_interest=np.zeros(count),
        volume=np.zeros(count),
    )


def _base(coin: str) -> float:
    return 80_000.0 if coin == "BTC" else 3_000.0
