"""Parameters of option models: bounds refused by name, Feller reported, mean jumps."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from plimsoll.domain.stochastic_volatility import (
    BatesParameters,
    HestonParameters,
    KouParameters,
    MertonParameters,
    ModelParameters,
)
from plimsoll.errors import UsageError

HESTON = HestonParameters(v0=0.3, kappa=2.0, theta=0.4, sigma_v=1.0, rho=-0.5)
BATES = BatesParameters(
    v0=0.3,
    kappa=2.0,
    theta=0.4,
    sigma_v=1.0,
    rho=-0.5,
    jump_intensity=3.0,
    jump_mean=-0.1,
    jump_sd=0.2,
)
MERTON = MertonParameters(volatility=0.5, jump_intensity=3.0, jump_mean=-0.1, jump_sd=0.2)
KOU = KouParameters(
    volatility=0.5, jump_intensity=3.0, up_probability=0.4, up_rate=10.0, down_rate=5.0
)


@pytest.mark.parametrize(
    ("parameters", "field", "value"),
    [
        (HESTON, "v0", 0.0),
        (HESTON, "kappa", -1.0),
        (HESTON, "theta", math.inf),
        (HESTON, "sigma_v", -0.1),
        (HESTON, "rho", 1.01),
        (HESTON, "rho", math.nan),
        (BATES, "jump_intensity", -1.0),
        (BATES, "jump_sd", math.nan),
        (BATES, "jump_mean", 11.0),
        (MERTON, "volatility", 0.0),
        (KOU, "up_probability", 1.2),
        (KOU, "up_rate", 1.0),
        (KOU, "down_rate", 0.0),
    ],
)
def test_refuses_a_value_out_of_bounds_by_name(
    parameters: ModelParameters, field: str, value: float
) -> None:
    with pytest.raises(UsageError) as caught:
        replace(parameters, **{field: value})
    assert caught.value.field == field


def test_feller_is_reported_not_required() -> None:
    assert HESTON.feller_ratio == pytest.approx(1.6)
    assert HESTON.feller_holds
    wild = replace(BATES, sigma_v=4.0)
    assert not wild.feller_holds
    assert replace(HESTON, sigma_v=0.0).feller_ratio == math.inf


def test_mean_jumps() -> None:
    """Lognormal mean; ``p / (eta1 - 1) - (1 - p) / (eta2 + 1)``."""
    expected = math.exp(-0.1 + 0.02) - 1.0
    assert BATES.mean_relative_jump == pytest.approx(expected, rel=1e-14)
    assert MERTON.mean_relative_jump == pytest.approx(expected, rel=1e-14)
    assert KOU.mean_relative_jump == pytest.approx(0.4 / 9.0 - 0.6 / 6.0, rel=1e-14)
