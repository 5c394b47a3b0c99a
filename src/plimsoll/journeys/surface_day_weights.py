"""Weights of days as they are written on a command line."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from plimsoll.domain.surface import VarianceClock
from plimsoll.errors import UsageError
from plimsoll.estimators.surface.settings import DEFAULTS, SurfaceSettings

DAYS = 7
_ROUNDING = 5e-4
_REMEDY = "give Monday to Sunday, as 1.2,1.05,1.25,0.98,1.5,0.26,0.76: the mean day weighs 1"


def settings_on(day_weights: str | None) -> SurfaceSettings:
    """Return the settings of a fit on the clock of these weights; calendar time without any."""
    if day_weights is None:
        return DEFAULTS
    return replace(DEFAULTS, clock=clock_of_text(day_weights))


def clock_of_text(text: str) -> VarianceClock:
    """Return the clock of seven numbers between commas, Monday to Sunday.

    Weights whose mean is 1 to within what three decimals leave of it are scaled to exactly 1.

    Raises
    ------
    UsageError
        For anything but seven positive numbers of mean 1.

    >>> clock_of_text("1,1,1,1,1.5,0.5,1").day_weights[4:]
    (1.5, 0.5, 1.0)
    """
    weights = _numbers(text)
    mean = float(np.mean(weights)) if weights else 0.0
    good = len(weights) == DAYS and all(0.0 < weight < np.inf for weight in weights)
    if not good or abs(mean - 1.0) > _ROUNDING:
        found = f"{text} (mean {mean:.4f})" if good else text
        raise UsageError(
            "must be seven positive numbers of mean 1, with commas between them",
            found=found,
            field="--day-weights",
            remedy=_REMEDY,
        )
    return VarianceClock(day_weights=tuple(weight / mean for weight in weights))


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        return []
