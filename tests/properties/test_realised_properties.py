"""What holds of realised measures whatever the returns."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from plimsoll.estimators.realised.blocks import blocks_of
from plimsoll.estimators.realised.measures import realised_measures
from plimsoll.estimators.realised.noise_robust import realised_kernel, subsampled_variance

NAMES = ("variance", "bipower", "med", "min")
RETURNS = arrays(
    np.float64,
    st.integers(min_value=3, max_value=60),
    elements=st.floats(min_value=-0.5, max_value=0.5, allow_subnormal=False),
)


@settings(max_examples=60)
@given(RETURNS, st.sampled_from([0.01, 1.0, 1e4]))
def test_measures_scale_turn_and_stay_finite(returns: np.ndarray, scale: float) -> None:
    blocks = blocks_of(np.arange(returns.size))
    found = realised_measures(returns, blocks)
    scaled = realised_measures(scale * returns, blocks)
    turned = realised_measures(-returns[::-1], blocks)
    # Ten roundings of sums of up to 60 terms; squares of the least returns vanish.
    for name in NAMES:
        value = getattr(found, name)
        assert np.isfinite(value).all()
        assert (value >= 0.0).all()
        np.testing.assert_allclose(getattr(scaled, name), scale**2 * value, rtol=1e-12, atol=1e-290)
        np.testing.assert_allclose(getattr(turned, name), value, rtol=1e-12, atol=1e-290)
    halves = found.fall_semivariance + found.rise_semivariance
    np.testing.assert_allclose(halves, found.variance, rtol=1e-12)
    # Minimum <= either neighbour: MinRV is at most its factor times RV.
    m = returns.size
    bound = np.pi / (np.pi - 2) * m / (m - 1) * found.variance
    assert (found.min <= bound * (1 + 1e-12)).all()
    assert (found.bipower <= np.pi / 2 * found.variance * (1 + 1e-12)).all()
    assert np.isfinite(found.ratio_z).all()
    assert ((found.ratio_p >= 0.0) & (found.ratio_p <= 1.0)).all()


@settings(max_examples=40)
@given(RETURNS)
def test_noise_robust_measures_are_sane(returns: np.ndarray) -> None:
    blocks = blocks_of(np.arange(returns.size))
    variance = realised_measures(returns, blocks).variance
    np.testing.assert_allclose(subsampled_variance(returns, blocks, every=1), variance, rtol=1e-12)
    np.testing.assert_allclose(
        realised_kernel(returns, blocks, bandwidth=0, sparse=1), variance, rtol=1e-12
    )
    assert (realised_kernel(returns, blocks, sparse=1) >= 0.0).all()
