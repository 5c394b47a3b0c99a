"""Funding of the sandbox: every eight hours, led by the trend, around one basis point."""

from __future__ import annotations

import numpy as np

from plimsoll.domain.market import HOUR_NS, FloatArray, IntArray
from plimsoll.maths.linear_filter import first_order_filter
from plimsoll.sandbox.venue import FundingPayments

INTERVAL_HOURS = 8
USUAL_RATE = 0.0001  # the interest part most venues publish: 0.01 % per 8 h
CAP = 0.0075
TREND_HALF_LIFE_HOURS = 48.0


def funding_rates(rng: np.random.Generator, returns: FloatArray) -> FloatArray:
    """(T, N) rate that a long would pay at each hour, were it a funding hour.

    Usual rate + 3 % of the smoothed hourly return + noise, capped, rounded to 1e-6.
    """
    rho = 0.5 ** (1.0 / TREND_HALF_LIFE_HOURS)
    trend = first_order_filter(np.ascontiguousarray(returns), 1.0 - rho, rho)
    noise = first_order_filter(rng.standard_normal(returns.shape), 1.0, 0.97)
    rate = USUAL_RATE + 0.03 * trend + 6e-6 * noise
    return np.asarray(np.round(np.clip(rate, -CAP, CAP), 6))


def payments(time_ns: IntArray, rate: FloatArray) -> FundingPayments:
    """Payments at 00, 08 and 16 UTC; ``rate`` is NaN where the market is not listed."""
    due = (time_ns // HOUR_NS % INTERVAL_HOURS == 0) & np.isfinite(rate)
    return FundingPayments(time_ns=time_ns[due], rate=rate[due])
