"""Named options of GARCH models, recorded in every fitted model."""

from __future__ import annotations

from typing import Literal, get_args

from plimsoll.errors import ParameterError

Innovations = Literal["normal", "t"]
Mean = Literal["constant", "zero"]
VarianceStart = Literal["arch_backcast", "sample_variance"]
PersistenceRule = Literal["stationary", "capped"]

DEFAULT_PERSISTENCE_CAP = 0.995
STATIONARY_CAP = 1.0
START_CODES = {"arch_backcast": 0, "sample_variance": 1}


def check_choice(value: object, options: object, *, field: str) -> None:
    """Raise :class:`ParameterError` unless ``value`` is one of a ``Literal``'s options."""
    allowed = get_args(options)
    if value not in allowed:
        raise ParameterError(
            f"must be one of {', '.join(map(repr, allowed))}", found=value, field=field
        )


def persistence_limit(rule: PersistenceRule, cap: float) -> float:
    """Upper limit of alpha + gamma / 2 + beta: 1 if stationary, the cap if capped."""
    if not 0.0 < cap <= 1.0:
        raise ParameterError("must lie in (0, 1]", found=cap, field="persistence_cap")
    return STATIONARY_CAP if rule == "stationary" else cap
