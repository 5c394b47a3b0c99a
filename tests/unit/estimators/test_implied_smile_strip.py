"""The strip over all strikes of a smile against prices integrated with 30 digits, and its refusals.

Steep wings carry most of the variance where d2 falls slowest: with b(1 + |rho|) = 1.9 to strikes of
exp(-60,000) times the forward.
"""

from __future__ import annotations

import time
from dataclasses import replace

import mpmath as mp
import numpy as np
import pytest
from sample_surface import smile, surface

from plimsoll.domain.surface import SviSmile
from plimsoll.errors import EstimationError
from plimsoll.estimators.implied.smile_strip import smile_strip_variance
from plimsoll.estimators.implied.vol_index import surface_vol_index

STEEP = {
    (0.01, 1.5, 0.0, 0.0, 0.3): 18.62,
    (0.01, 0.7, -0.9, 0.0, 0.2): 7.989,
    (0.01, 1.8, 0.0, 0.0, 0.3): 162.8,
    (0.002, 1.9, 0.0, 0.0, 0.1): 722.6,
}
OTHERS = [
    (0.01, 1.99, 0.0, 0.0, 0.3),
    (0.02, 0.1, 0.2, 0.02, 1e-6),  # a corner
    (-0.255, 0.3, -0.1, 0.0, 1.0),
    (-4.0336, 0.992, -0.1845, -0.2918, 4.3906),  # as long expiries of real chains are fitted
    (1.1, 0.95, 0.69, -3.4, 0.3),  # the lowest point far from the money
]


def of(a: float, b: float, rho: float, m: float, sigma: float) -> SviSmile:
    return replace(smile(30, 1.0), a=a, b=b, rho=rho, m=m, sigma=sigma)


def integral_of_prices(one: SviSmile) -> float:
    """2 int Q / K^2 dK = 2 int e^-k Q dk of out-of-the-money Black prices, Gauss-Legendre.

    In u, k = m + sigma sinh(u), for k from -1e10 to 300: beyond, prices are nothing.
    """
    a, b, rho, m, sigma = (mp.mpf(value) for value in one.raw.tolist())

    def price(u: mp.mpf) -> mp.mpf:
        k = m + sigma * mp.sinh(u)
        root = mp.sqrt(a + b * (rho * (k - m) + sigma * mp.cosh(u)))
        d2 = -k / root - root / 2
        if k > 0:
            value = mp.exp(-k) * mp.ncdf(d2 + root) - mp.ncdf(d2)
        else:
            value = mp.ncdf(-d2) - mp.exp(-k) * mp.ncdf(-d2 - root)
        return 2 * value * sigma * mp.cosh(u)

    with mp.workdps(30):
        low, money, high = (mp.asinh((k - m) / sigma) for k in (mp.mpf(-1e10), 0, 300))
        left = [low + (money - low) * i / 24 for i in range(25)]
        right = [money + (high - money) * i / 12 for i in range(1, 13)]
        return float(mp.quad(price, left + right))


@pytest.mark.parametrize("raw", [*STEEP, *OTHERS])
def test_steep_wings_and_sharp_corners(raw: tuple[float, ...]) -> None:
    """1e-12: of -k - w/2 in a left wing of slope b, (2 - b)/2 of its terms are left."""
    found = smile_strip_variance(of(*raw))
    assert found == pytest.approx(integral_of_prices(of(*raw)), rel=1e-12)
    if raw in STEEP:
        assert found == pytest.approx(STEEP[raw], rel=5e-4)


@pytest.mark.parametrize(("b", "rho", "side"), [(2.0, 0.0, "left"), (1.0 / 0.95, -0.9, "left")])
def test_a_wing_at_lees_bound_has_a_reason(b: float, rho: float, side: str) -> None:
    """w = 2|k| + ... on the left: d2 goes to zero and never passes 9, the variance is infinite."""
    with pytest.raises(EstimationError, match=f"9 standard deviations.*on the {side}"):
        smile_strip_variance(of(0.01, b, rho, 0.0, 0.3))


def test_a_right_wing_at_lees_bound_is_no_obstacle() -> None:
    """Calls far out are worth next to nothing against K^2: d2 falls like -sqrt(2 k)."""
    one = of(0.01, 1.0 / 0.95, 0.9, 0.0, 0.3)
    assert smile_strip_variance(one) == pytest.approx(integral_of_prices(one), rel=1e-12)


def test_the_index_of_a_surface_takes_about_a_millisecond() -> None:
    """0.3 ms on real chains alone on the machine; ten times that is allowed for a busy one."""
    one = surface()
    surface_vol_index(one)
    seconds = []
    for _ in range(9):
        began = time.perf_counter()
        surface_vol_index(one)
        seconds.append(time.perf_counter() - began)
    assert float(np.median(seconds)) < 3e-3
