"""The level of the set's day with multipliers of its classes: price risk first, tiers after."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from plimsoll.calibration.add_ons.level_multiplier import level_multiplier
from plimsoll.calibration.add_ons.outage_levels import OutageLevels
from plimsoll.calibration.evidence.proof import Proof
from plimsoll.calibration.risk_paths import RiskPaths

LevelOf = Callable[[Proof], OutageLevels | None]
"""What multiplies the level of the set's day, from all that is known of the markets by then."""


def no_level(_: Proof) -> OutageLevels | None:
    """Multiply nothing."""
    return None


def raised_level(
    paths: RiskPaths, class_of: Mapping[str, str], levels: OutageLevels | None
) -> RiskPaths:
    """Return the paths with the multipliers in force on their last day.

    A multiplier of today's data belongs to no earlier day. Quantile and multiplier are taken as
    independent: the error of their product is ``sqrt((m s_q)^2 + (q s_m)^2)``.
    """
    if levels is None or not levels.in_level:
        return paths
    classes = [class_of[market] for market in paths.markets]
    by_class, errors = levels.in_level, levels.errors_in_level
    maintenance = level_multiplier(paths.maintenance, classes, by_class, from_row=-1)
    error = level_multiplier(paths.maintenance_error, classes, by_class, from_row=-1)
    own = np.array([errors.get(name, 0.0) for name in classes])[:, None]
    error[-1] = np.hypot(error[-1], paths.maintenance[-1] * own)
    return replace(paths, maintenance=maintenance, maintenance_error=error)
