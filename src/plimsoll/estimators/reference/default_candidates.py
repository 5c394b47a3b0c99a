"""What the default forecaster is chosen from at every New Year.

Log blends that differ in how far the blend may move from the long volatility, and in the tail that
they use; and the plain methods, so that one of them ships where it is better.
"""

from __future__ import annotations

from plimsoll.estimators.reference.default_model import CALM, blend_name
from plimsoll.estimators.reference.forecast import Forecaster
from plimsoll.estimators.reference.log_blend import LogBlend
from plimsoll.estimators.reference.log_scales import NO_BOUND
from plimsoll.estimators.reference.methods import forecasters

CALM_SHAPES = ((0.85, NO_BOUND), (0.5, NO_BOUND), (0.3, NO_BOUND))
"""Weight of the penalty on the blend's variance alone."""
BOUNDED_SHAPES = tuple(
    (CALM, reach)
    for reach in ((-0.4, 0.3), (-0.5, 0.2), (-0.6, 0.1), (-0.4, 0.2), (-0.5, 0.1), (-0.3, 0.3))
)
"""Lowest and highest log distance from the long volatility, at little penalty."""
TAIL_SHARES = (1.0, 0.95, 0.9, 0.85)
OTHERS = ("ewma_t", "fhs_97", "blend_90_30_own", "har_60", "har_pooled", "garch_t_fhs")


UNTIL_A_YEAR = blend_name(CALM, (-0.3, 0.3), TAIL_SHARES[-1])
"""The calmest and most careful: in force until there is a year of figures to choose by."""


def candidate_blends() -> tuple[LogBlend, ...]:
    """Every shape with every tail."""
    return tuple(
        LogBlend(name=blend_name(calm, reach, share), calm=calm, reach=reach, tail_share=share)
        for calm, reach in (*CALM_SHAPES, *BOUNDED_SHAPES)
        for share in TAIL_SHARES
    )


def candidates() -> tuple[Forecaster, ...]:
    """All of them, blends first."""
    return (*candidate_blends(), *forecasters(OTHERS))
