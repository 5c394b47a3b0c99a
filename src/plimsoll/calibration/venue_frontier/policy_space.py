"""The continuous parameters of a margin policy: bounds for a search, to a point and back."""

from __future__ import annotations

from dataclasses import replace

from plimsoll.calibration.frontier.policy import HALF_LIVES_HOURS, MarginPolicy
from plimsoll.calibration.search.space import Point, Real, Space
from plimsoll.calibration.venue_frontier.candidates import LONG_FLOOR_YEARS, Candidate

NO_RISE_LIMIT = 3.0
"""A margin that may grow fourfold in a day is not limited: the upper bound stands for none."""

_WEIGHTS = tuple(f"weight_{hours:g}h" for hours in HALF_LIVES_HOURS)

TOOL_DIMENSIONS = (
    Real(name="stress_weight", low=0.0, high=0.5),
    Real(name="buffer", low=0.0, high=0.5),
    Real(name="long_floor", low=0.0, high=1.0),
    Real(name="cap_low", low=0.0, high=0.3),
    Real(name="cap_high", low=0.7, high=1.0),
    Real(name="rise_limit", low=0.01, high=NO_RISE_LIMIT, log=True),
    Real(name="fall_limit", low=0.005, high=1.0, log=True),
)
BLEND_DIMENSIONS = (
    *(Real(name=name, low=0.0, high=0.8) for name in _WEIGHTS),
    Real(name="rest", low=-0.3, high=0.5),
    Real(name="reach_low", low=-1.5, high=0.0),
    Real(name="reach_high", low=0.0, high=1.5),
    Real(name="common_share", low=0.0, high=1.0),
    Real(name="own_half_life_days", low=60.0, high=3000.0, log=True),
    Real(name="pool_half_life_days", low=30.0, high=3000.0, log=True),
    Real(name="history_weight", low=0.0, high=0.9),
    Real(name="history_buffer", low=0.0, high=0.6),
)


def policy_space(start: Candidate) -> Space:
    """Return what may move: the tools, and the blend where the policy makes its own path."""
    own = () if start.on_default else BLEND_DIMENSIONS
    return Space(dimensions=(*own, *TOOL_DIMENSIONS))


def point_of(start: Candidate) -> dict[str, float]:
    """Return the parameters of a policy; what lies outside the bounds is moved to them."""
    policy = start.policy
    low, high = policy.cap_and_floor or (0.0, 1.0)
    of_pairs = {
        **dict(zip(_WEIGHTS, policy.weights, strict=True)),
        "reach_low": policy.reach[0],
        "reach_high": policy.reach[1],
        "cap_low": low,
        "cap_high": high,
    }

    def value(name: str) -> float:
        return of_pairs[name] if name in of_pairs else float(getattr(policy, name))

    return {
        d.name: min(max(value(d.name), d.low), d.high)
        for d in policy_space(start).dimensions
        if isinstance(d, Real)
    }


def candidate_at(start: Candidate, point: Point, name: str) -> Candidate:
    """Return the policy at a point of `policy_space`, everything else as at the start."""
    capped = (float(point["cap_low"]), float(point["cap_high"]))
    rise = float(point["rise_limit"])
    policy = replace(
        start.policy,
        name=name,
        stress_weight=float(point["stress_weight"]),
        buffer=float(point["buffer"]),
        long_floor=float(point["long_floor"]),
        long_floor_years=LONG_FLOOR_YEARS,
        cap_and_floor=None if capped == (0.0, 1.0) else capped,
        rise_limit=float("inf") if rise >= NO_RISE_LIMIT else rise,
        fall_limit=float(point["fall_limit"]),
    )
    return replace(start, policy=policy if start.on_default else _blended(policy, point))


def _blended(policy: MarginPolicy, point: Point) -> MarginPolicy:
    return replace(
        policy,
        weights=tuple(float(point[name]) for name in _WEIGHTS),
        rest=float(point["rest"]),
        reach=(float(point["reach_low"]), float(point["reach_high"])),
        common_share=float(point["common_share"]),
        own_half_life_days=float(point["own_half_life_days"]),
        pool_half_life_days=float(point["pool_half_life_days"]),
        history_weight=float(point["history_weight"]),
        history_buffer=float(point["history_buffer"]),
    )
