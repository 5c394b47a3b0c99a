"""The policies that the search begins with: a designed grid, every one named by what it is."""

from __future__ import annotations

from dataclasses import replace

from plimsoll.calibration.frontier.policy import MarginPolicy

_SHAPES: dict[str, tuple[tuple[float, ...], float]] = {
    "fast": ((0.3, 0.2, 0.1, 0.1, 0.0), 0.15),
    "mixed": ((0.15, 0.2, 0.1, 0.1, 0.0), 0.10),
    "daily": ((0.1, 0.3, 0.0, 0.1, 0.0), 0.10),
    "slow": ((0.0, 0.1, 0.1, 0.2, 0.1), 0.05),
}
"""Weights of the time scales, and the rest position."""

_REACHES = (
    (-0.05, 0.03),
    (-0.05, 0.05),
    (-0.07, 0.05),
    (-0.09, 0.06),
    (-0.11, 0.07),
    (-0.13, 0.08),
    (-0.16, 0.08),
    (-0.20, 0.12),
    (-0.28, 0.12),
    (-0.26, 0.16),
    (-0.40, 0.30),
)

BASE = MarginPolicy(
    name="mixed -0.28 to 0.12", weights=_SHAPES["mixed"][0], rest=0.10, reach=(-0.28, 0.12)
)
"""What tools and ablations change one thing of."""

CALM = MarginPolicy(
    name="mixed -0.05 to 0.05", weights=_SHAPES["mixed"][0], rest=0.10, reach=(-0.05, 0.05)
)

STRESS_MEMORY = MarginPolicy(
    name="history 65 %, common 60 %",
    weights=(0.6, 0.4, 0.0, 0.0, 0.0),
    reach=(-0.4, 0.8),
    common_share=0.6,
    history_weight=0.65,
    history_buffer=0.4,
)


def blends() -> tuple[MarginPolicy, ...]:
    """Blends of volatilities alone: four shapes, eleven reaches."""
    return tuple(
        MarginPolicy(
            name=f"{shape} {low:g} to {high:g}", weights=weights, rest=rest, reach=(low, high)
        )
        for shape, (weights, rest) in _SHAPES.items()
        for low, high in _REACHES
    )


def with_history() -> tuple[MarginPolicy, ...]:
    """Blends beside a market's own history, with the market-wide distance in part."""
    return tuple(
        replace(
            STRESS_MEMORY,
            name=f"history {weight:.0%}, common {share:.0%}".replace("%", " %"),
            history_weight=weight,
            common_share=share,
        )
        for weight in (0.5, 0.65, 0.8)
        for share in (0.0, 0.6)
    )


def with_tools() -> tuple[MarginPolicy, ...]:
    """The base policy with one tool each."""
    changes: dict[str, dict[str, object]] = {
        "buffer 25 %": {"buffer": 0.25},
        "stress weight 25 %": {"stress_weight": 0.25},
        "long floor 80 %": {"long_floor": 0.8},
        "speed +5/-2 %": {"rise_limit": 0.05, "fall_limit": 0.02},
        "speed +2/-1 %": {"rise_limit": 0.02, "fall_limit": 0.01},
        "cap and floor 5-95 %": {"cap_and_floor": (0.05, 0.95)},
    }
    return tuple(replace(BASE, name=name, **change) for name, change in changes.items())  # type: ignore[arg-type]


def designed_policies() -> tuple[MarginPolicy, ...]:
    """Every policy of the grid; names are unique."""
    return (*blends(), *with_history(), *with_tools())


def ablations() -> tuple[MarginPolicy, ...]:
    """The base policy with one part taken out; not among those that may be chosen."""
    changes: dict[str, dict[str, object]] = {
        "far tail of each market alone": {"pool_prior": 1.0},
        "no level of its own": {"level_prior": 1e9},
        "no reach": {"reach": (-3.0, 3.0)},
        "no slow anchor": {"anchor": 0.0, "level_prior": 20.0, "own_half_life_days": 365.0},
        "no short scales": {"weights": (0.0,) * 5, "rest": 0.0},
        "no 3-hour scale": {"weights": (0.0, 0.2, 0.1, 0.1, 0.0)},
        "no rest position": {"rest": 0.0},
        "market-wide distance alone": {"common_share": 1.0},
        "tails fade in 90 days": {"pool_half_life_days": 90.0, "own_half_life_days": 365.0},
    }
    return tuple(replace(BASE, name=name, **change) for name, change in changes.items())  # type: ignore[arg-type]
