"""The default forecaster: what was chosen at each New Year from the data before it.

Calm, reach and tail were so chosen; the candidates themselves, the structure, time scales, fades
and priors were found on 2022 to 2025. `plimsoll compare PRICES --choose-default` makes the choice
again from all of `plimsoll.estimators.reference.default_candidates`; a test makes it among those
that come nearest. The hourly history of more than a hundred markets that it is made on ends in
June 2025, so that there is no revision of 2026.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plimsoll.estimators.reference.log_blend import LogBlend
from plimsoll.estimators.reference.log_scales import NO_BOUND
from plimsoll.estimators.reference.revised import Revised, Revision

CALM = 0.15
"""Weight of the penalty on the variance of a bounded blend."""


def blend_name(calm: float, reach: tuple[float, float], tail_share: float) -> str:
    """Name a blend by what sets it apart from other candidates.

    >>> blend_name(0.15, (-0.5, 0.2), 0.9)
    'calm 0.15, reach -0.5 to 0.2, tail 0.9'
    """
    bound = "" if reach == NO_BOUND else f", reach {reach[0]:g} to {reach[1]:g}"
    return f"calm {calm:g}{bound}, tail {tail_share:g}"


def _from(day: str) -> int:
    return int(np.datetime64(day, "ns").astype(np.int64))


def _blend(reach: tuple[float, float], tail_share: float) -> LogBlend:
    name = blend_name(CALM, reach, tail_share)
    return LogBlend(name=name, calm=CALM, reach=reach, tail_share=tail_share)


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultRevision(Revision):
    """Constants of the default forecaster, and the instant from which they are in force."""

    model: LogBlend


REVISIONS = (
    DefaultRevision(from_ns=_from("2022-01-01"), model=_blend((-0.3, 0.3), 0.85)),
    DefaultRevision(from_ns=_from("2023-01-01"), model=_blend((-0.4, 0.2), 0.85)),
    DefaultRevision(from_ns=_from("2024-01-01"), model=_blend((-0.5, 0.1), 0.9)),
    DefaultRevision(from_ns=_from("2025-01-01"), model=_blend((-0.4, 0.3), 0.9)),
)
"""The constants of `LogBlend` itself are those of the last."""


def revised_default() -> Revised:
    """Return the default as it stood at each time."""
    return Revised(name="default", revisions=REVISIONS)


def revision_at(time_ns: int) -> DefaultRevision:
    """Return the revision in force at an instant; before the first of them the first.

    >>> revision_at(_from("2023-06-01")).model.name
    'calm 0.15, reach -0.4 to 0.2, tail 0.85'
    """
    return [one for one in REVISIONS if one.from_ns <= time_ns or one is REVISIONS[0]][-1]


def default_at(time_ns: int) -> LogBlend:
    """Return the default forecaster in force at an instant (UTC ns), as `Revised` takes it."""
    return revision_at(time_ns).model
