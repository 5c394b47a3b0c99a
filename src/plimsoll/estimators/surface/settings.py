"""Settings of the joint surface fit: what is fitted, and what is believed before the quotes."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from plimsoll.domain.surface import CALENDAR, VarianceClock
from plimsoll.errors import UsageError

_POWERS = ("tenor_power", "shape_power")


@dataclass(frozen=True, slots=True, kw_only=True)
class SurfaceSettings:
    """Few, physical, and the same for every chain.

    Scales are standard deviations of weak Gaussian priors: a slice with a dozen quotes hardly
    feels them, one with two quotes takes its shape from them.

    Parameters
    ----------
    clock : VarianceClock
        Time in which total variance is linear between expiries.
    wing_delta : float
        Out-of-the-money quotes with a smaller absolute forward delta are not fitted, unless an
        expiry has fewer than ``least_quotes`` others.
    core_delta : float
        Quotes with a smaller absolute forward delta are wings, of weight ``wing_weight``.
    wing_weight : float
        Weight of a wing's quote; a quote of the core has one.
    least_quotes : int
        A smile of its own takes so many quotes.
    shape_scale : float
        Distance of an expiry's shape (logarithms of both wing slopes and of the width, and the
        centre, all in standardised moneyness) from that of its eSSVI.
    neighbour_scale : float
        Change of the shape from an expiry to the next, per root of log time between them.
    thin_scale : float
        The same where one of the two has fewer than ``least_quotes`` quotes.
    term_scale : float
        The same for the logarithm of at-the-money variance per year.
    level_move : float
        Standard deviation of a day's change of the logarithm of the volatility of a one-day
        expiry; other tenors move as ``tenor ** -tenor_power``, other spans as their root.
    tenor_power : float
    shape_move, shape_power : float
        A day's change of the shape of a one-day expiry, from the surface before to this one; other
        tenors move as ``tenor ** -shape_power``, those beyond 16 days as one of 16.
    previous_quotes : float
        The surface before is believed less where an expiry has its own quotes: so many beyond
        ``least_quotes`` double the scales of its prior, from two days to expiry on; below a day
        quotes do not, between them in part.
    drop_wild : bool
        Leave out quotes that the neighbour filter or put-call parity call wild.

    Raises
    ------
    UsageError
        For a scale, weight or delta outside its range.
    """

    clock: VarianceClock = CALENDAR
    wing_delta: float = 0.02
    core_delta: float = 0.05
    wing_weight: float = 0.35
    least_quotes: int = 5
    shape_scale: float = 3.0
    neighbour_scale: float = 1.5
    thin_scale: float = 0.1
    term_scale: float = 1.0
    level_move: float = 0.4
    tenor_power: float = 0.6
    shape_move: float = 1.12
    shape_power: float = 0.3
    previous_quotes: float = 15.0
    drop_wild: bool = True

    def __post_init__(self) -> None:
        for setting in fields(self):
            value = getattr(self, setting.name)
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if number and not (0.0 < value < np.inf or (value == 0.0 and setting.name in _POWERS)):
                raise UsageError("must be positive", found=value, field=setting.name)
        if not self.wing_delta <= self.core_delta < 0.5:
            raise UsageError(
                "must lie between wing_delta and one half",
                found=self.core_delta,
                field="core_delta",
            )


DEFAULTS = SurfaceSettings()
