"""Black-76 prices against mpmath (50 digits), QuantLib and put-call parity.

The bound of the requirement is 1e-15 of the forward; where the price itself is larger than the
forward (puts on strikes far above it) a double cannot hold it better than 1.1e-16 of the price, so
the bound counts on the larger of the two.
"""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
import QuantLib as ql

from plimsoll.maths.black76 import price

COUNT = 3000
BOUND = 1e-15


def exact_price(forward, strike, tau, sigma, is_call):
    forward, strike, tau, sigma = (mp.mpf(float(x)) for x in (forward, strike, tau, sigma))
    deviation = sigma * mp.sqrt(tau)
    d1 = mp.log(forward / strike) / deviation + deviation / 2
    side = 1 if is_call else -1
    cdf_1, cdf_2 = mp.ncdf(side * d1), mp.ncdf(side * (d1 - deviation))
    return side * (forward * cdf_1 - strike * cdf_2)


def options(seed, smallest=1e-6, largest=10.0, standard_deviations=25.0):
    """Deviation log-uniform, moneyness uniform in standard deviations, forwards of all sizes."""
    rng = np.random.default_rng(seed)
    deviation = np.exp(rng.uniform(np.log(smallest), np.log(largest), COUNT))
    tau = 10.0 ** rng.uniform(-4.0, 0.7, COUNT)
    forward = 10.0 ** rng.uniform(-4.0, 6.0, COUNT)
    moneyness = rng.uniform(-standard_deviations, standard_deviations, COUNT)
    strike = forward * np.exp(moneyness * deviation)
    return forward, strike, tau, deviation / np.sqrt(tau), rng.random(COUNT) < 0.5


def worst_error(columns, payoff):
    found = price(*columns, payoff=payoff)
    worst = 0.0
    with mp.workdps(50):
        for row, got in zip(zip(*columns, strict=True), found, strict=True):
            forward = mp.mpf(float(row[0]))
            exact = exact_price(*row)
            in_money = mp.mpf(float(got)) * (forward if payoff == "inverse" else 1)
            worst = max(worst, float(abs(in_money - exact) / max(forward, abs(exact))))
    return worst


REGIONS = {
    "everywhere": {},
    "large deviations, where roundings of ln(F/K) weigh most": {
        "smallest": 3.0,
        "standard_deviations": 6.0,
    },
    "next to the money": {"standard_deviations": 1.0},
    "tiny deviations": {"largest": 1e-4, "standard_deviations": 3.0},
}


@pytest.mark.parametrize("payoff", ["linear", "inverse"])
@pytest.mark.parametrize("region", REGIONS)
def test_price_is_within_1e_15_of_the_forward(region, payoff):
    assert worst_error(options(7, **REGIONS[region]), payoff) <= BOUND


def test_far_out_of_the_money_prices_keep_twelve_digits():
    # Beyond the requirement: 25 deviations out, d**2 / 2 = 312 is rounded to 3e-14.
    forward, strike, tau, sigma, _ = options(8, 1e-2, 2.0)
    is_call = strike >= forward
    far = np.abs(np.log(strike / forward)) > 2.0 * sigma * np.sqrt(tau)
    columns = [x[far][:600] for x in (forward, strike, tau, sigma, is_call)]
    found = price(*columns)
    with mp.workdps(50):
        for row, got in zip(zip(*columns, strict=True), found, strict=True):
            assert abs(mp.mpf(float(got)) / exact_price(*row) - 1) < 1e-12


def test_agrees_with_quantlib():
    forward, strike, tau, sigma, is_call = options(9, 0.01, 2.0, 5.0)
    found = price(forward, strike, tau, sigma, is_call)
    for i in range(0, COUNT, 10):
        side = ql.Option.Call if is_call[i] else ql.Option.Put
        deviation = sigma[i] * np.sqrt(tau[i])
        other = ql.blackFormula(side, strike[i], forward[i], deviation)
        # QuantLib forms F N(d1) - K N(d2): a few units in the last place of either term.
        assert abs(found[i] - other) <= 2e-15 * max(forward[i], strike[i])


def test_put_call_parity_holds_to_the_last_places():
    forward, strike, tau, sigma, _ = options(10)
    call, put = (price(forward, strike, tau, sigma, side) for side in (True, False))
    # Three roundings: of the difference of the prices, of either price.
    gap = np.abs((call - put) - (forward - strike))
    assert np.all(gap <= 4.5e-16 * np.maximum(forward, strike))


def test_discounting_multiplies_the_price():
    forward, strike, tau, sigma, is_call = (x[:50] for x in options(11, 0.01, 2.0, 3.0))
    found = price(forward, strike, tau, sigma, is_call, rate=0.07)
    with mp.workdps(50):
        for row, got in zip(
            zip(forward, strike, tau, sigma, is_call, strict=True), found, strict=True
        ):
            exact = exact_price(*row) * mp.exp(mp.mpf(-0.07) * mp.mpf(float(row[2])))
            assert abs(mp.mpf(float(got)) - exact) <= 2e-15 * max(row[0], row[1])
