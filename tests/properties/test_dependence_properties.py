"""Every correlation that an estimator gives is semi-definite with ones, whatever the order."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.estimators.dependence import (
    EwmaCovariance,
    FactorModel,
    LedoitWolf,
    OracleApproximating,
    PairwiseCovariance,
    SampleCovariance,
    TCopula,
    broken_correlation,
    kendall_tau,
    nearest_correlation,
    stressed_between,
    stressed_correlation,
)

FEW = settings(max_examples=25)
MODELS = [
    SampleCovariance(),
    LedoitWolf(),
    LedoitWolf(target="constant_correlation"),
    OracleApproximating(),
    EwmaCovariance(decay=0.9),
    EwmaCovariance(decay=0.9, convention="demeaned"),
    PairwiseCovariance(),
    FactorModel(),
]


@st.composite
def panels(draw: st.DrawFn) -> np.ndarray:
    """Heavy-tailed panels of any shape and scale, columns of very different volatility."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rows, columns = draw(st.integers(25, 80)), draw(st.integers(2, 12))
    common = draw(st.floats(-3.0, 3.0)) * rng.standard_normal((rows, 1))
    scale = 10.0 ** rng.uniform(-4.0, 1.0, columns)
    return np.asarray((common + rng.standard_t(3, (rows, columns))) * scale)


@st.composite
def symmetric(draw: st.DrawFn) -> np.ndarray:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(2, 10))
    raw = np.tril(rng.uniform(-1.0, 1.0, (n, n)), -1)
    return np.asarray(raw + raw.T + np.eye(n))


def is_correlation(matrix: np.ndarray) -> bool:
    return bool(
        np.isfinite(matrix).all()
        and (np.diag(matrix) == 1.0).all()
        and (matrix == matrix.T).all()
        and (np.abs(matrix) <= 1.0).all()
        and np.linalg.eigvalsh(matrix)[0] > -1e-10
    )


@FEW
@given(panels())
def test_every_covariance_is_semi_definite(x: np.ndarray) -> None:
    for model in MODELS:
        fitted = model.fit(x)
        assert is_correlation(fitted.correlation), model
        assert np.linalg.eigvalsh(fitted.covariance)[0] > -1e-10 * fitted.covariance.trace()


@FEW
@given(panels(), st.integers(0, 1000))
def test_the_order_of_markets_does_not_matter(x: np.ndarray, seed: int) -> None:
    """To rounding: sums are taken in another order."""
    order = np.random.default_rng(seed).permutation(x.shape[1])
    for model in MODELS[:-1]:
        moved = model.fit(x[:, order]).correlation
        assert np.allclose(moved, model.fit(x).correlation[np.ix_(order, order)], atol=1e-9)
    lead = int(np.flatnonzero(order == 0)[0])
    moved = FactorModel(leaders=(lead,)).fit(x[:, order]).correlation
    assert np.allclose(moved, FactorModel().fit(x).correlation[np.ix_(order, order)], atol=1e-9)
    tau = kendall_tau(x)
    assert np.allclose(kendall_tau(x[:, order]), tau[np.ix_(order, order)], atol=1e-14)


@FEW
@given(panels())
def test_shrinkage_is_a_share(x: np.ndarray) -> None:
    for model in (LedoitWolf(), LedoitWolf(target="constant_correlation"), OracleApproximating()):
        assert 0.0 <= model.fit(x).shrinkage <= 1.0


@FEW
@given(panels(), st.floats(0.0, 0.5), st.integers(0, 1000))
def test_holes_leave_a_correlation(x: np.ndarray, share: float, seed: int) -> None:
    holed = x.copy()
    rng = np.random.default_rng(seed)
    holed[rng.random(x.shape) < share] = np.nan
    # Ten rows of each column are left whole, so that none is too short.
    holed[:10] = x[:10]
    assert is_correlation(PairwiseCovariance(minimum_overlap=5).fit(holed).correlation)
    assert is_correlation(FactorModel(minimum_rows=10).fit(holed).correlation)


@FEW
@given(panels())
def test_a_copula_does_not_see_increasing_transforms(x: np.ndarray) -> None:
    scale = x.std(axis=0)
    first = TCopula(method="two_step").fit(x)
    second = TCopula(method="two_step").fit(np.arctan(x / scale))
    assert first.log_likelihood == second.log_likelihood
    assert is_correlation(np.array(first.correlation))


@FEW
@given(symmetric(), st.floats(0.0, 0.5))
def test_nearest_is_a_correlation_and_a_fixed_point(raw: np.ndarray, floor: float) -> None:
    found = nearest_correlation(raw, floor=floor)
    assert is_correlation(found)
    assert np.linalg.eigvalsh(found)[0] >= floor - 1e-9
    again = nearest_correlation(found, floor=floor)
    assert np.allclose(again, found, atol=1e-7)


@FEW
@given(symmetric(), st.floats(0.0, 1.0), st.integers(0, 1000))
def test_stress_keeps_a_correlation(raw: np.ndarray, theta: float, seed: int) -> None:
    r, n = nearest_correlation(raw), raw.shape[0]
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], n)
    assert is_correlation(stressed_correlation(r, theta, signs=signs))
    assert is_correlation(broken_correlation(r, theta))
    assert is_correlation(broken_correlation(r, theta, groups=[k % 2 for k in range(n)]))
    half = n // 2
    between = stressed_between(
        r, theta, positions=range(half), collateral=range(half, n), position_signs=signs[:half]
    )
    assert is_correlation(between)
