"""Coordinates in which option models are fitted: unbounded scales, boxes, and where to start.

Positive parameters move on a logarithmic scale, correlations by their inverse hyperbolic tangent,
probabilities by their log odds.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.stochastic_volatility import (
    BatesParameters,
    HestonParameters,
    KouParameters,
    MertonParameters,
    ModelParameters,
)

Vector = NDArray[np.float64]


class OptionModel(StrEnum):
    """Models that can be fitted and compared."""

    HESTON = "heston"
    BATES = "bates"
    MERTON = "merton"
    KOU = "kou"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """A monotone map between a parameter and its coordinate, and its slope."""

    to_coordinate: Callable[[float], float]
    to_parameter: Callable[[float], float]
    slope: Callable[[float], float]
    """Derivative of the parameter by its coordinate, as a function of the parameter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coordinate:
    """One fitted parameter with the box it is searched in."""

    name: str
    unit: str
    lowest: float
    highest: float
    scale: Scale


_LOG = Scale(to_coordinate=math.log, to_parameter=math.exp, slope=lambda value: value)
_PLAIN = Scale(to_coordinate=float, to_parameter=float, slope=lambda value: 1.0)  # noqa: ARG005
_CORRELATION = Scale(
    to_coordinate=math.atanh, to_parameter=math.tanh, slope=lambda value: 1.0 - value * value
)
_PROBABILITY = Scale(
    to_coordinate=lambda value: math.log(value / (1.0 - value)),
    to_parameter=lambda x: 1.0 / (1.0 + math.exp(-x)),
    slope=lambda value: value * (1.0 - value),
)
_ABOVE_ONE = Scale(
    to_coordinate=lambda value: math.log(value - 1.0),
    to_parameter=lambda x: 1.0 + math.exp(x),
    slope=lambda value: value - 1.0,
)


def _coordinate(name: str, unit: str, lowest: float, highest: float, scale: Scale) -> Coordinate:
    return Coordinate(name=name, unit=unit, lowest=lowest, highest=highest, scale=scale)


_VARIANCE = (
    _coordinate("v0", "variance per year", 1e-4, 25.0, _LOG),
    _coordinate("kappa", "per year", 0.02, 200.0, _LOG),
    _coordinate("theta", "variance per year", 1e-4, 25.0, _LOG),
    _coordinate("sigma_v", "per year", 1e-2, 50.0, _LOG),
    _coordinate("rho", "", -0.999, 0.999, _CORRELATION),
)
_VOLATILITY = (_coordinate("volatility", "per year", 1e-2, 5.0, _LOG),)
_INTENSITY = (_coordinate("jump_intensity", "jumps per year", 1e-3, 1000.0, _LOG),)
_NORMAL_JUMPS = (
    *_INTENSITY,
    _coordinate("jump_mean", "log price", -1.0, 1.0, _PLAIN),
    _coordinate("jump_sd", "log price", 2e-3, 1.0, _LOG),
)
_EXPONENTIAL_JUMPS = (
    *_INTENSITY,
    _coordinate("up_probability", "", 0.005, 0.995, _PROBABILITY),
    _coordinate("up_rate", "per log price", 1.2, 500.0, _ABOVE_ONE),
    _coordinate("down_rate", "per log price", 0.2, 500.0, _LOG),
)

COORDINATES: dict[OptionModel, tuple[Coordinate, ...]] = {
    OptionModel.HESTON: _VARIANCE,
    OptionModel.BATES: (*_VARIANCE, *_NORMAL_JUMPS),
    OptionModel.MERTON: (*_VOLATILITY, *_NORMAL_JUMPS),
    OptionModel.KOU: (*_VOLATILITY, *_EXPONENTIAL_JUMPS),
}

_CLASSES: dict[OptionModel, type[ModelParameters]] = {
    OptionModel.HESTON: HestonParameters,
    OptionModel.BATES: BatesParameters,
    OptionModel.MERTON: MertonParameters,
    OptionModel.KOU: KouParameters,
}

_SMOOTH_STARTS = ((2.0, 0.8, -0.3), (2.0, 1.5, 0.2), (8.0, 3.0, -0.3), (25.0, 8.0, 0.1))
"""kappa, sigma_v, rho."""
_JUMP_STARTS = ((0.5, -0.2, 0.3), (5.0, -0.05, 0.12), (50.0, 0.0, 0.04))
"""Jumps per year, their mean and deviation."""
_KOU_STARTS = ((1.0, 0.4, 6.0, 4.0), (10.0, 0.5, 15.0, 10.0), (100.0, 0.5, 50.0, 40.0))
"""Jumps per year, share of upward ones, rates up and down."""


def parameters_at(model: OptionModel, x: Vector) -> ModelParameters:
    """Parameters at coordinates ``x``."""
    values = {
        c.name: min(max(c.scale.to_parameter(float(value)), c.lowest), c.highest)
        for c, value in zip(COORDINATES[model], x, strict=True)
    }
    return _CLASSES[model](**values)


def coordinates_of(model: OptionModel, parameters: ModelParameters) -> Vector:
    """Coordinates of ``parameters``, pulled inside the box."""
    values = asdict(parameters)
    low, high = box(model)
    inside = 1e-6 * (high - low)
    x = [
        c.scale.to_coordinate(min(max(values[c.name], c.lowest), c.highest))
        for c in COORDINATES[model]
    ]
    clipped: Vector = np.clip(np.array(x), low + inside, high - inside)
    return clipped


def box(model: OptionModel) -> tuple[Vector, Vector]:
    """Lowest and highest coordinates."""
    ends = [
        (c.scale.to_coordinate(c.lowest), c.scale.to_coordinate(c.highest))
        for c in COORDINATES[model]
    ]
    low, high = np.array(ends).T
    return low, high


def slopes(model: OptionModel, parameters: ModelParameters) -> Vector:
    """Derivative of each parameter by its coordinate."""
    values = asdict(parameters)
    return np.array([c.scale.slope(values[c.name]) for c in COORDINATES[model]])


def starts(
    model: OptionModel, near_volatility: float, far_volatility: float
) -> tuple[ModelParameters, ...]:
    """Fixed starting points, at the level of the chain's own at-the-money volatilities."""
    near, far = near_volatility**2, far_volatility**2
    if model is OptionModel.MERTON:
        return tuple(
            MertonParameters(
                volatility=0.8 * near_volatility, jump_intensity=n, jump_mean=m, jump_sd=s
            )
            for n, m, s in _JUMP_STARTS
        )
    if model is OptionModel.KOU:
        return tuple(
            KouParameters(
                volatility=0.8 * near_volatility,
                jump_intensity=n,
                up_probability=p,
                up_rate=up,
                down_rate=down,
            )
            for n, p, up, down in _KOU_STARTS
        )
    smooth = tuple(
        HestonParameters(v0=near, kappa=kappa, theta=far, sigma_v=sigma_v, rho=rho)
        for kappa, sigma_v, rho in _SMOOTH_STARTS
    )
    if model is OptionModel.HESTON:
        return smooth
    return tuple(with_jumps(h, *jumps) for h in smooth for jumps in _JUMP_STARTS[:2])


def with_jumps(
    heston: HestonParameters, intensity: float, mean: float, sd: float
) -> BatesParameters:
    """Heston's parameters with normal jumps added."""
    return BatesParameters(**asdict(heston), jump_intensity=intensity, jump_mean=mean, jump_sd=sd)
