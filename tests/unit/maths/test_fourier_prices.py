"""Lewis and COS: Black in 40 digits, the textbook integral by QUADPACK, parity, bounds, limits."""

from __future__ import annotations

import itertools
import math

import mpmath as mp
import numpy as np
import pytest
from scipy.integrate import quad

from plimsoll.errors import EstimationError, UsageError
from plimsoll.maths.characteristic_functions import (
    LogReturnLaw,
    bates_law,
    black_law,
    heston_law,
    kou_law,
    merton_law,
)
from plimsoll.maths.fourier_prices import (
    cos_prices,
    from_out_of_the_money,
    lewis_prices,
    truncation_range,
)

MARKET = heston_law(tau=0.25, v0=0.3, kappa=3.0, theta=0.4, sigma_v=1.5, rho=-0.4)
BATES = bates_law(
    tau=0.08,
    v0=0.2,
    kappa=6.0,
    theta=0.3,
    sigma_v=2.0,
    rho=-0.3,
    jump_intensity=8.0,
    jump_mean=-0.04,
    jump_sd=0.08,
)
KOU = kou_law(
    tau=0.05, volatility=0.4, jump_intensity=20.0, up_probability=0.4, up_rate=25.0, down_rate=15.0
)
EXTREMES = {
    "a minute": heston_law(tau=2e-6, v0=0.3, kappa=3.0, theta=0.4, sigma_v=3.0, rho=-0.5),
    "high vol-of-vol": heston_law(tau=0.1, v0=0.3, kappa=1.0, theta=0.4, sigma_v=9.0, rho=-0.5),
    "rho near -1": heston_law(tau=0.5, v0=0.3, kappa=3.0, theta=0.4, sigma_v=1.0, rho=-0.9999),
    "rho near 1": heston_law(tau=0.5, v0=0.3, kappa=3.0, theta=0.4, sigma_v=1.0, rho=0.9999),
    "rho is -1": heston_law(tau=0.5, v0=0.3, kappa=3.0, theta=0.4, sigma_v=1.0, rho=-1.0),
    "ten years": heston_law(tau=10.0, v0=0.6, kappa=0.3, theta=0.5, sigma_v=0.8, rho=-0.6),
    "ten years up": heston_law(tau=10.0, v0=0.6, kappa=0.3, theta=0.5, sigma_v=1.5, rho=0.8),
    "no variance now": heston_law(tau=0.02, v0=0.0, kappa=3.0, theta=0.4, sigma_v=1.0, rho=-0.5),
    "bates": BATES,
    "kou": KOU,
    "jumps of one size": merton_law(
        tau=0.3, volatility=0.1, jump_intensity=12.0, jump_mean=-0.15, jump_sd=0.01
    ),
}

TOO_WIDE_FOR_COS = {"ten years up"}


def _black_in_many_digits(k: float, variance: float) -> mp.mpf:
    with mp.workdps(60):
        k, v = mp.mpf(k), mp.sqrt(mp.mpf(variance))
        d1 = -k / v + v / 2
        d2, root = d1 - v, mp.sqrt(2)
        if k >= 0:
            return mp.erfc(-d1 / root) / 2 - mp.exp(k) * mp.erfc(-d2 / root) / 2
        return mp.exp(k) * mp.erfc(d2 / root) / 2 - mp.erfc(d1 / root) / 2


def _lewis_by_quadrature(law: LogReturnLaw, k: float, end: float) -> float:
    """``1 - (sqrt(K) / pi) int Re[e^(-iuk) phi(u - i/2)] / (u^2 + 1/4) du``, and parity for puts.

    The textbook contour and another quadrature (QUADPACK, adaptive, panel by panel).
    """

    def integrand(x: float) -> float:
        log_cf = complex(law.log_cf([x - 0.5j])[0])
        return float((np.exp(log_cf - 1j * x * k)).real / (x * x + 0.25))

    points = np.concatenate([[0.0], np.geomspace(1e-3, end, 48)])
    panels = [
        quad(integrand, a, b, limit=200, epsabs=1e-14, epsrel=1e-12)[0]
        for a, b in itertools.pairwise(points)
    ]
    call = 1.0 - math.exp(0.5 * k) * math.fsum(panels) / math.pi
    return call if k >= 0 else call - 1.0 + math.exp(k)


@pytest.mark.parametrize("variance", [1e-10, 1e-4, 0.04, 1.0, 25.0])
def test_lewis_on_black_keeps_relative_accuracy_to_25_standard_deviations(variance: float) -> None:
    """1e-12 relative at prices down to 1e-138: what a saddle-point contour is for.

    At 25 deviations the exponent itself (700) rounds to 1e-13.
    """
    deviations = np.array([-25.0, -8.0, -3.0, -0.5, 0.0, 0.01, 1.0, 5.0, 12.0, 25.0])
    k = deviations * math.sqrt(variance)
    found = lewis_prices(black_law(tau=1.0, volatility=math.sqrt(variance)), k)
    for price, strike in zip(found, k, strict=True):
        expected = _black_in_many_digits(strike, math.sqrt(variance) ** 2)
        assert float(abs(mp.mpf(price) / expected - 1)) < 1e-12


def test_cos_on_black_is_absolutely_accurate() -> None:
    for variance in (1e-6, 0.04, 4.0):
        k = np.linspace(-6.0, 6.0, 13) * math.sqrt(variance)
        found = cos_prices(black_law(tau=1.0, volatility=math.sqrt(variance)), k)
        expected = [float(_black_in_many_digits(x, math.sqrt(variance) ** 2)) for x in k]
        np.testing.assert_allclose(found, expected, rtol=0.0, atol=1e-12)


def test_fang_and_oosterlee_heston() -> None:
    """Table 4 of Fang and Oosterlee (2008): 5.785155450, from Carr-Madan good to 2e-8.

    Both methods here, and QUADPACK below, say 5.785155434; the printed value is off by 1.6e-8.
    """
    law = heston_law(tau=1.0, v0=0.0175, kappa=1.5768, theta=0.0398, sigma_v=0.5751, rho=-0.5711)
    for price in (lewis_prices, cos_prices):
        assert 100.0 * price(law, [0.0])[0] == pytest.approx(5.785155450, abs=2e-8)
    reference = 100.0 * _lewis_by_quadrature(law, 0.0, 400.0)
    assert 100.0 * lewis_prices(law, [0.0])[0] == pytest.approx(reference, abs=1e-10)


def test_heston_to_fifteen_digits() -> None:
    """Published values to 50 digits (S 100, r 1 %, q 2 %, one year); 2e-14 of the price."""
    law = heston_law(tau=1.0, v0=0.04, kappa=4.0, theta=0.25, sigma_v=1.0, rho=-0.5)
    forward, strike = 100.0 * math.exp(-0.01), np.array([80.0, 90.0, 100.0, 110.0, 120.0])
    expected = [
        26.774758743998854221382195325726949201687074848341,
        20.933349000596710388139445766564068085476194042256,
        16.070154917028834278213466703938231827658768230714,
        12.132211516709844867860534767549426052805766831181,
        9.024913483457835636553375454092357136489051667150,
    ]
    k = np.log(strike / forward)
    for price, tolerance in ((lewis_prices, 2e-14), (cos_prices, 1e-13)):
        calls = from_out_of_the_money(price(law, k), k, np.ones(5, dtype=bool))
        np.testing.assert_allclose(calls * forward * math.exp(-0.01), expected, rtol=tolerance)


@pytest.mark.parametrize("law", [MARKET, BATES, KOU], ids=["heston", "bates", "kou"])
def test_lewis_agrees_with_the_textbook_integral(law: LogReturnLaw) -> None:
    """1e-10 absolute: the textbook contour cancels against 1 in the wings."""
    for k in (-0.4, -0.1, 0.0, 0.15, 0.5):
        reference = _lewis_by_quadrature(law, k, 600.0)
        assert lewis_prices(law, [k])[0] == pytest.approx(reference, abs=1e-10)


@pytest.mark.parametrize("name", EXTREMES)
def test_lewis_and_cos_agree_in_extremes(name: str) -> None:
    """Two methods that share the law only. 1e-11: ten times the tolerance of COS.

    Prices must also be a price curve: below their bounds and, on each side, convex in strike.
    """
    law = EXTREMES[name]
    width = min(-truncation_range(law, tolerance=1e-3)[0], 6.0)
    k = np.linspace(-width, width, 41)
    lewis = lewis_prices(law, k)
    if name in {"rho near -1", "rho is -1"}:  # there the price has a ceiling
        assert (lewis[k < 0.5] > 0.0).all()
    else:
        assert (lewis > 0.0).all()
    assert (lewis >= 0.0).all()
    assert (lewis < np.minimum(1.0, np.exp(k))).all()
    for side in (k < 0.0, k >= 0.0):
        slopes = np.diff(lewis[side]) / np.diff(np.exp(k[side]))
        assert (np.diff(slopes) > -1e-12).all()
    if name in TOO_WIDE_FOR_COS:
        with pytest.raises(EstimationError, match="take lewis_prices"):
            cos_prices(law, k)
    else:
        np.testing.assert_allclose(lewis, cos_prices(law, k), rtol=0.0, atol=1e-11)


def test_deep_wings_have_the_tail_that_the_moments_say() -> None:
    """Lee (2004): ``d ln put / dk -> 1 - q`` in the left wing, q the lowest finite moment.

    Heston's tail reaches it like ``1 / sqrt(-k)`` (Friz et al. 2011), so two slopes extrapolate;
    the prices are 1e-99 and below. 1 %: the next order.
    """

    def slope(k: float) -> float:
        prices = lewis_prices(MARKET, [k, k - 0.1])
        return math.log(prices[0] / prices[1]) / 0.1

    near, far = slope(-20.0), slope(-80.0)
    assert lewis_prices(MARKET, [-30.0])[0] < 1e-90
    assert 2.0 * far - near == pytest.approx(1.0 - MARKET.lowest_moment, rel=0.01)


def test_vol_of_vol_to_zero_is_black() -> None:
    """First order in sigma_v times rho: at rho 0 the distance is of second order."""
    k = np.linspace(-0.6, 0.6, 7)
    black = lewis_prices(black_law(tau=0.5, volatility=0.6), k)
    previous = math.inf
    for sigma_v in (0.1, 0.01, 1e-4, 0.0):
        law = heston_law(tau=0.5, v0=0.36, kappa=2.0, theta=0.36, sigma_v=sigma_v, rho=0.0)
        distance = float(np.abs(lewis_prices(law, k) / black - 1.0).max())
        assert distance < min(previous, 20.0 * sigma_v**2 + 2e-13)
        previous = distance


def test_parity_adds_the_intrinsic_value_to_one_side_only() -> None:
    k = np.array([-2.0, -1e-9, 0.0, 1e-9, 3.0])
    out = lewis_prices(MARKET, k)
    calls = from_out_of_the_money(out, k, np.ones(5, dtype=bool))
    puts = from_out_of_the_money(out, k, np.zeros(5, dtype=bool))
    np.testing.assert_allclose(calls - puts, -np.expm1(k), rtol=1e-14, atol=1e-16)
    assert (puts[:2] == out[:2]).all()
    assert (calls[2:] == out[2:]).all()


def test_put_and_call_meet_at_the_money() -> None:
    """The two sides are computed from dual laws; at the forward they are one price."""
    for law in EXTREMES.values():
        below, at = lewis_prices(law, [-1e-15, 0.0])
        assert below == pytest.approx(at, rel=1e-9)


def test_calls_beyond_the_first_moment_fall_back_on_the_covered_call() -> None:
    """Ten years, rho near 1: moments end 1e-14 above 1; calls are still below 1 and ordered."""
    law = heston_law(tau=10.0, v0=0.1, kappa=0.2, theta=0.1, sigma_v=8.0, rho=0.98)
    assert law.highest_moment - 1.0 < 1e-8
    prices = lewis_prices(law, np.array([0.0, 0.5, 2.0]))
    reference = [_lewis_by_quadrature(law, k, 3000.0) for k in (0.0, 0.5, 2.0)]
    np.testing.assert_allclose(prices, reference, rtol=0.0, atol=1e-9)


def test_truncation_range_holds_the_mass() -> None:
    """For Black the range is known: Chernoff asks ``sqrt(2 ln(1 / tolerance))`` deviations."""
    low, high = truncation_range(black_law(tau=1.0, volatility=0.3), tolerance=1e-12)
    deviations = math.sqrt(2.0 * math.log(1e12))
    assert low == pytest.approx(-0.045 - 0.3 * deviations, rel=0.06)
    assert high == pytest.approx(-0.045 + 0.3 * deviations, rel=0.06)
    assert low <= -0.045 - 0.3 * deviations
    assert high >= -0.045 + 0.3 * deviations


def test_a_law_without_diffusion_is_refused_with_advice() -> None:
    """A compound Poisson law has an atom: no Fourier method converges at it."""
    law = merton_law(tau=0.1, volatility=0.0, jump_intensity=1.0, jump_mean=-0.1, jump_sd=0.1)
    with pytest.raises(EstimationError, match="lewis_prices"):
        cos_prices(law, [-0.05])


@pytest.mark.parametrize(
    ("law", "k", "told"),
    [
        (
            heston_law(tau=0.00546, v0=0.0354, kappa=0.132, theta=0.17, sigma_v=0.6, rho=1.0),
            [-1.81, 1.39, -1.40],
            "within 65536 nodes",
        ),
        (
            heston_law(
                tau=0.011554856998965574,
                v0=0.7870507306093599,
                kappa=0.08008944654781405,
                theta=0.009761062916354568,
                sigma_v=0.5575492957694879,
                rho=1.0,
            ),
            [-0.6204164492054147],
            "a price between 0 and the forward, found 'inf",
        ),
    ],
)
def test_a_correlation_of_one_gives_a_named_error_and_no_warning(
    law: LogReturnLaw, k: list[float], told: str
) -> None:
    """A put far below what the law reaches: it is worth nothing, by COS. Warnings are errors here;
    the second once came back as an infinite price."""
    with pytest.raises(EstimationError, match=told):
        lewis_prices(law, k)
    puts = [each for each in k if each < 0.0]
    assert np.all(cos_prices(law, puts) <= 1e-13)


@pytest.mark.parametrize("price", [lewis_prices, cos_prices])
def test_refuses_bad_input(price: object) -> None:
    assert callable(price)
    with pytest.raises(UsageError):
        price(MARKET, [math.nan])
    with pytest.raises(UsageError):
        price(MARKET, [[0.0]])
    with pytest.raises(UsageError):
        price(MARKET, [0.0], tolerance=1e-20)
    assert price(MARKET, []).size == 0
