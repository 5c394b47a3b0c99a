"""Gamma-family functions against mpmath (30 digits)."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from plimsoll.maths.special import digamma, log_gamma_half_ratio, trigamma

POINTS = np.geomspace(0.05, 5000.0, 60)


@pytest.mark.parametrize("x", POINTS)
def test_against_mpmath(x: float) -> None:
    with mpmath.workdps(30):
        exact = mpmath.mpf(float(x))
        ratio = mpmath.loggamma(exact + mpmath.mpf("0.5")) - mpmath.loggamma(exact)
        assert abs(digamma(x) - mpmath.psi(0, exact)) < 2e-14
        assert abs(trigamma(x) / mpmath.psi(1, exact) - 1) < 1e-14
        assert abs(log_gamma_half_ratio(x) - ratio) < 5e-14


def test_compiled_equal_plain_python() -> None:
    for function in (digamma, trigamma, log_gamma_half_ratio):
        for x in (0.3, 2.0, 77.0):
            assert function(x) == pytest.approx(function.py_func(x), rel=1e-14)
