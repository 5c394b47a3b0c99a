"""A choice by its text is the choice; a text that is none is refused, never taken for another."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from plimsoll.domain.instrument import OptionRight, Pair, Payoff
from plimsoll.domain.surface import SviSmile, VarianceClock, VolSurface
from plimsoll.errors import UsageError
from plimsoll.estimators.implied.delta_strikes import absolute_delta
from plimsoll.estimators.surface.delta import (
    DeltaConvention,
    delta_at_moneyness,
    moneyness_at_delta,
)
from plimsoll.estimators.surface.dynamics import (
    SmileDynamics,
    moved_volatility,
    volatility_slope_in_forward,
)
from plimsoll.maths.svi_fit import SviResidual, fit_svi
from plimsoll.scenarios.option_rules import OptionRules

AT, DAY = 1_770_000_000 * 10**9, 86_400 * 10**9
EXPIRY = AT + 30 * DAY
K = np.linspace(-0.5, 0.5, 9)
VOL = np.sqrt(0.04 + 0.2 * (-0.3 * K + np.hypot(K, 0.1)))


def surface() -> VolSurface:
    years = 30 / 365
    smile = SviSmile(
        expiry_ns=EXPIRY,
        tau_years=years,
        variance_years=years,
        forward=100.0,
        a=0.02,
        b=0.1,
        rho=-0.4,
        m=0.0,
        sigma=0.1,
    )
    return VolSurface(
        at_ns=AT,
        pair=Pair(base="BTC", quote="USD"),
        settle="BTC",
        payoff=Payoff.INVERSE,
        index=100.0,
        clock=VarianceClock(),
        smiles=(smile,),
    )


def _moved(choice: str) -> float:
    return float(
        moved_volatility(
            surface(), 120.0, EXPIRY, forward_move=0.1, level_shock=0.5, dynamics=choice
        )
    )


def _slope(choice: str) -> float:
    return float(volatility_slope_in_forward(surface(), 120.0, EXPIRY, choice))


def _delta_of_right(choice: str) -> float:
    return float(delta_at_moneyness(surface(), 0.1, EXPIRY, choice))


def _strike_of_right(choice: str) -> float:
    delta = 0.25 if choice == "call" else -0.25
    return float(moneyness_at_delta(surface(), delta, EXPIRY, choice))


def _delta_of_convention(choice: str) -> float:
    return float(delta_at_moneyness(surface(), 0.1, EXPIRY, OptionRight.CALL, choice))


def _absolute(choice: str) -> float:
    return float(absolute_delta(np.array([0.1]), np.array([0.04]), True, choice)[0])


def _rules(choice: str) -> str:
    return OptionRules(dynamics=choice).dynamics.name


def _fit(choice: str) -> float:
    return float(fit_svi(K, VOL, np.ones(9), [0, 9], [1.0], residual=choice).raw[0, 0])


CALLS = [
    (_moved, SmileDynamics),
    (_slope, SmileDynamics),
    (_rules, SmileDynamics),
    (_delta_of_right, OptionRight),
    (_strike_of_right, OptionRight),
    (_delta_of_convention, DeltaConvention),
    (_absolute, DeltaConvention),
    (_fit, SviResidual),
]


@pytest.mark.parametrize(("call", "choices"), CALLS)
def test_the_text_of_a_choice_is_the_choice(call: Callable[[str], object], choices: type) -> None:
    for choice in choices:
        assert call(choice.value) == call(choice)


@pytest.mark.parametrize(("call", "choices"), CALLS)
def test_another_text_is_refused(call: Callable[[str], object], choices: type) -> None:
    with pytest.raises(UsageError, match="must be one of"):
        call("nonsense")
