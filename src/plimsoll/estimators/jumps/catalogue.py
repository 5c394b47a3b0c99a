"""Every name of jumps, loaded: what the package imports on first use."""

from __future__ import annotations

from plimsoll.estimators.jumps.bipower_threshold import ThresholdJumps, bipower_threshold_jumps
from plimsoll.estimators.jumps.event_times import EventTimes, large_moves
from plimsoll.estimators.jumps.fitted_hawkes import (
    FittedHawkes,
    HawkesErrors,
    HawkesStream,
    ResidualTest,
)
from plimsoll.estimators.jumps.hawkes import Hawkes
from plimsoll.estimators.jumps.jump_law import FittedJumpLaw, JumpMoments
from plimsoll.estimators.jumps.jump_presence import JumpRatioTest, jump_ratio_test
from plimsoll.estimators.jumps.kou import FittedKou, Kou
from plimsoll.estimators.jumps.lee_mykland import (
    JumpFlags,
    JumpStream,
    JumpThreshold,
    LeeMykland,
    jump_threshold,
)
from plimsoll.estimators.jumps.merton import FittedMerton, Merton

__all__ = [
    "EventTimes",
    "FittedHawkes",
    "FittedJumpLaw",
    "FittedKou",
    "FittedMerton",
    "Hawkes",
    "HawkesErrors",
    "HawkesStream",
    "JumpFlags",
    "JumpMoments",
    "JumpRatioTest",
    "JumpStream",
    "JumpThreshold",
    "Kou",
    "LeeMykland",
    "Merton",
    "ResidualTest",
    "ThresholdJumps",
    "bipower_threshold_jumps",
    "jump_ratio_test",
    "jump_threshold",
    "large_moves",
]
