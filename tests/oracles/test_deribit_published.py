"""Both published responses of Deribit's ``pme/simulate``, to the printed digits.

Sources: the example in the venue's API documentation (17 June 2024, BTC), and the response of 15
February 2026 (ETH) recorded in `reference/methodology.md`, 1.3. The venue rounds the worst case
to nine digits before it adds the shocks: only so do its own figures add up. Printed with fewer
digits than computed are initial margins (nine).
"""

from __future__ import annotations

import numpy as np
import pytest

from deribit_accounts import account, coins, margin, segregated
from plimsoll.domain.requirement import Requirements
from plimsoll.margin.deribit import AccountCharges

EXACT = 1e-15  # sums and products of a few numbers below one


def btc() -> Requirements:
    charges = AccountCharges(market_maker_protection=0.06, open_orders=0.000018212)
    positions = {
        "BTC-PERPETUAL": coins("BTC-PERPETUAL", 0.314538364),
        "BTC-28JUN24": coins("BTC-28JUN24", -0.001187534),
    }
    return margin(segregated(charges={"a": charges}), account(positions=positions))


def eth() -> Requirements:
    positions = {"ETH-PERPETUAL": coins("ETH-PERPETUAL", -0.999487053)}
    return margin(segregated("ETH"), account(positions=positions))


def term(found: Requirements, name: str) -> float:
    return float(next(t.initial[0] for t in found.terms if t.name == name))


def matrix(found: Requirements) -> float:
    names = ("scenario_loss", "roll_shock", "delta_shock", "correlation_contingency")
    return sum(term(found, name) for name in names)


def test_bitcoin_example() -> None:
    found = btc()
    losses = found.explanations("a")[0].scenarios[0].losses
    assert losses.max() == pytest.approx(0.05968587238095239, abs=1e-16)
    assert term(found, "roll_shock") == pytest.approx(0.00315725898, abs=EXACT)
    assert term(found, "delta_shock") == 0.0
    assert matrix(found) == pytest.approx(0.06284313098, abs=EXACT)
    assert float(found.maintenance[0]) == pytest.approx(0.050274504784, abs=EXACT)
    assert round(float(found.initial[0]), 9) == 0.122861343
    assert "bucket -4" in found.scenario_names[int(found.binding_scenario[0])]  # type: ignore[index]


def test_ether_example() -> None:
    found = eth()
    losses = found.explanations("a")[0].scenarios[0].losses
    assert losses.max() == pytest.approx(0.15246412672881357, abs=1e-16)
    assert term(found, "roll_shock") == pytest.approx(0.004997435265, abs=EXACT)
    assert matrix(found) == pytest.approx(0.157461562265, abs=EXACT)
    assert float(found.maintenance[0]) == pytest.approx(0.125969249812, abs=EXACT)
    assert round(float(found.initial[0]), 9) == 0.157461562
    assert "bucket +4" in found.scenario_names[int(found.binding_scenario[0])]  # type: ignore[index]


def test_aggregated_vectors_of_both() -> None:
    """By bucket, volatility aside: BTC keeps no gain, ETH three fifths of it."""
    left = [-0.05968587238095239, -0.04272965863636364, -0.02724789826086957]
    btc_vector = [*left, -0.013056284583333334, 0, 0, 0, 0, 0]
    gains = [0.13163975819999998, 0.09359358530982659, 0.05931022072747252, 0.028257749142408375]
    falls = [-0.04304011233014354, -0.08252645391743119, -0.11888171996035243]
    eth_vector = [*gains, 0, *falls, -0.15246412672881357]
    for found, vector in ((btc(), btc_vector), (eth(), eth_vector)):
        losses = found.explanations("a")[0].scenarios[0].losses
        assert -losses[:27] == pytest.approx(np.repeat(vector, 3), abs=1e-15)
        assert np.all(losses[27:] == 0.0)  # the dampener takes all of the extended table
