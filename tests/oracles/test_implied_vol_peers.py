"""Implied volatility against QuantLib and fast-vollib, where these work.

QuantLib's solver ends within its own accuracy (asked for 1e-12 absolute), so the comparison is to
1e-9 relative on standard deviations above 0.05; fast-vollib states 2e-11.
"""

from __future__ import annotations

import numpy as np
import QuantLib as ql
from fast_vollib.jackel import jackel_iv_black
from scipy.special import ndtr

from plimsoll.maths.implied_vol import implied_volatility


def market(n: int = 300, seed: int = 2) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    sigma, tau = rng.uniform(0.2, 1.5, n), rng.uniform(0.02, 1.5, n)
    s = sigma * np.sqrt(tau)
    forward = rng.uniform(1e3, 1e5, n)
    strike = forward * np.exp(rng.uniform(-2.0, 2.0, n) * s)
    is_call = strike >= forward
    sign = np.where(is_call, 1.0, -1.0)
    d1 = np.log(forward / strike) / s + 0.5 * s
    price = sign * (forward * ndtr(sign * d1) - strike * ndtr(sign * (d1 - s)))
    return price, forward, strike, tau, is_call


def test_quantlib() -> None:
    price, forward, strike, tau, is_call = market()
    ours = implied_volatility(price, forward, strike, tau, is_call).sigma * np.sqrt(tau)
    for i in range(price.size):
        kind = ql.Option.Call if is_call[i] else ql.Option.Put
        theirs = ql.blackFormulaImpliedStdDev(
            kind, strike[i], forward[i], price[i], 1.0, 0.0, ours[i] * 1.01, 1e-12, 200
        )
        assert abs(theirs / ours[i] - 1.0) < 1e-9


def test_fast_vollib() -> None:
    price, forward, strike, tau, is_call = market(5_000, 6)
    ours = implied_volatility(price, forward, strike, tau, is_call).sigma
    theirs = jackel_iv_black(price, forward, strike, tau, is_call)
    assert np.abs(theirs / ours - 1.0).max() < 1e-10
