"""A point of the frontier by stated appetite, chosen again at every New Year from earlier data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.frontier.figures import Movement, movement
from plimsoll.calibration.frontier.judged import JudgedMoves
from plimsoll.calibration.frontier.level import Level, LevelRule, level_at, scale_of_rate
from plimsoll.errors import ParameterError, UsageError
from plimsoll.validation.comparison.coverage_figures import worst_quartile

FloatArray = NDArray[np.float64]

CHOOSING_DAYS = 365
"""Fewest known days before figures choose; until then the appetite's first policy is in force."""
STRESS_SHARE = 0.05
"""Days on which the markets lose most: the earlier record's own crises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontierAppetite:
    """Weights of the objective, and its limits.

    Parameters
    ----------
    name : str
    first_policy : str
        In force until a year is known.
    peak_to_trough, of_yardstick : float
        Largest peak to trough; and the largest (PT - 1) as a share of the yardstick's.
    procyclicality, call, churn, solvent : float
        Weights of (PT - 1), of the 5-day call, of the daily change and of the liquidations of
        solvent users beside the mean margin over the yardstick's.
    worst_quartile_share : float
        Largest breach rate of the worst quartile of markets, as a multiple of the pooled target.
    uncovered : float
        Largest sum of losses beyond margins, over the sum of margins.
    stress_share : float
        Largest number of breaches on the worst 5 % of days, as a multiple of the yardstick's.
    level : LevelRule
    """

    name: str
    first_policy: str
    peak_to_trough: float = float("inf")
    of_yardstick: float = float("inf")
    procyclicality: float = 0.0
    call: float = 0.0
    churn: float = 0.0
    solvent: float = 0.0
    worst_quartile_share: float = 2.5
    uncovered: float = 0.005
    stress_share: float = float("inf")
    level: LevelRule = LevelRule()  # noqa: RUF009  frozen

    def __post_init__(self) -> None:
        if min(self.procyclicality, self.call, self.churn, self.solvent) < 0.0:
            raise ParameterError("weights must not be negative", found=self.name, field="appetite")


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectiveTerms:
    """Every term of the objective of one policy on the moves known at a review.

    Parameters
    ----------
    cost : float
        Mean margin over the yardstick's at the yardstick's coverage.
    movement : Movement
    solvent_liquidations : float
        Share of forced liquidations that would have been solvent; 0 where not measured.
    worst_quartile, uncovered, stress : float
        As limited by `FrontierAppetite`, stress over the yardstick's.
    """

    cost: float
    movement: Movement
    solvent_liquidations: float
    worst_quartile: float
    uncovered: float
    stress: float

    def objective(self, appetite: FrontierAppetite) -> float:
        """Weighted sum of the terms."""
        moved = self.movement
        return (
            self.cost
            + appetite.procyclicality * max(0.0, moved.peak_to_trough - 1.0)
            + appetite.call * max(0.0, moved.call_5)
            + appetite.churn * moved.churn
            + appetite.solvent * self.solvent_liquidations
        )

    def excess(self, appetite: FrontierAppetite, yardstick: Movement, target: float) -> float:
        """By how much of themselves the limits are exceeded in all; 0 where all hold."""
        limit = min(
            appetite.peak_to_trough,
            1.0 + appetite.of_yardstick * (yardstick.peak_to_trough - 1.0),
        )
        pairs = (
            (self.movement.peak_to_trough - 1.0, limit - 1.0),
            (self.worst_quartile, appetite.worst_quartile_share * target),
            (self.uncovered, appetite.uncovered),
            (self.stress, appetite.stress_share),
        )
        return sum(max(0.0, found / most - 1.0) for found, most in pairs if np.isfinite(most))


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyChoice:
    """What one review chose.

    Parameters
    ----------
    at_ns : int
    policy : str
    level : tuple of Level
        By horizon.
    expected_cost : float
        Of the earlier moves, mean over horizons; NaN before a year is known.
    holding : int
        Policies that held every limit.
    known_days : int
    """

    at_ns: int
    policy: str
    level: tuple[Level, ...]
    expected_cost: float
    holding: int
    known_days: int


def objective_terms(
    judged: JudgedMoves,
    margin: FloatArray,
    at_ns: int,
    solvent_liquidations: float = 0.0,
) -> ObjectiveTerms:
    """Measure a policy on what was known at a review, at the yardstick's coverage of it."""
    pairs = judged.known(at_ns)
    both = np.repeat(pairs[:, :, None], 2, axis=2)
    held, other = judged.sample.at_starts(margin), judged.sample.at_starts(judged.yardstick)
    loss = judged.sample.loss
    rate = float((loss > other)[pairs].mean())
    held = held * scale_of_rate(held[pairs], loss[pairs], rate)
    broke, broke_other = both & (loss > held), both & (loss > other)
    bad = _stress_rows(loss, pairs)
    return ObjectiveTerms(
        cost=float(held[pairs].mean() / other[pairs].mean()),
        movement=movement(judged, margin, until_ns=at_ns),
        solvent_liquidations=solvent_liquidations,
        worst_quartile=worst_quartile(broke, both),
        uncovered=float((loss - held)[broke].sum() / held[pairs].sum()),
        stress=float(broke[bad].sum() / max(1, broke_other[bad].sum())),
    )


def _stress_rows(loss: FloatArray, pairs: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(S,) starts of the largest mean absolute move of the markets."""
    count = pairs.sum(axis=1)
    size = np.where(pairs, np.abs(loss).max(axis=-1), 0.0).sum(axis=1) / np.maximum(count, 1)
    return np.asarray(size >= np.quantile(size[count > 0], 1.0 - STRESS_SHARE))


def choose_policies(
    judged: Sequence[JudgedMoves],
    margins: Mapping[str, Sequence[FloatArray]],
    appetite: FrontierAppetite,
    terms: Mapping[tuple[str, int, int], ObjectiveTerms] | None = None,
) -> tuple[PolicyChoice, ...]:
    """Choose a policy for both horizons at every review.

    Among the policies that hold every limit at every horizon on the moves known by then the
    lowest objective, mean over horizons; where none does, the least excess.

    Parameters
    ----------
    judged : sequence of JudgedMoves
        By horizon.
    margins : mapping of str to sequence of (D, N, 2) float64
        Of every policy, by horizon.
    terms : mapping, optional
        By policy, horizon and review; else measured (`all_terms`).

    Raises
    ------
    UsageError
        Where the appetite's first policy is none of them.
    """
    if appetite.first_policy not in margins:
        raise UsageError("must be a policy", found=appetite.first_policy, field="first_policy")
    known = all_terms(judged, margins) if terms is None else terms
    return tuple(
        _choice(judged, margins, appetite, known, review)
        for review in range(len(judged[0].reviews_ns))
    )


def all_terms(
    judged: Sequence[JudgedMoves], margins: Mapping[str, Sequence[FloatArray]]
) -> dict[tuple[str, int, int], ObjectiveTerms]:
    """Terms of every policy, horizon and review that figures choose at."""
    return {
        (name, h, review): objective_terms(one, margins[name][h], at)
        for name in margins
        for h, one in enumerate(judged)
        for review, at in enumerate(one.reviews_ns)
        if one.days(one.known(at)) >= CHOOSING_DAYS
    }


def _choice(
    judged: Sequence[JudgedMoves],
    margins: Mapping[str, Sequence[FloatArray]],
    appetite: FrontierAppetite,
    terms: Mapping[tuple[str, int, int], ObjectiveTerms],
    review: int,
) -> PolicyChoice:
    at_ns = judged[0].reviews_ns[review]
    days = min(one.days(one.known(at_ns)) for one in judged)
    chosen, cost, holding = appetite.first_policy, float("nan"), 0
    if days >= CHOOSING_DAYS:
        ranked, yardsticks = {}, [_yardstick_at(one, at_ns) for one in judged]
        for name in margins:
            found = [terms[name, h, review] for h in range(len(judged))]
            excess = sum(
                t.excess(appetite, *yardstick)
                for t, yardstick in zip(found, yardsticks, strict=True)
            )
            ranked[name] = (excess, float(np.mean([t.objective(appetite) for t in found])))
        chosen = min(ranked, key=lambda name: ranked[name])
        holding = sum(excess == 0.0 for excess, _ in ranked.values())
        cost = float(np.mean([terms[chosen, h, review].cost for h in range(len(judged))]))
    found_levels = tuple(
        level_at(one, margins[chosen][h], at_ns, appetite.level) for h, one in enumerate(judged)
    )
    return PolicyChoice(
        at_ns=at_ns,
        policy=chosen,
        level=found_levels,
        expected_cost=cost,
        holding=holding,
        known_days=days,
    )


def _yardstick_at(judged: JudgedMoves, at_ns: int) -> tuple[Movement, float]:
    pairs = judged.known(at_ns)
    broke = judged.sample.loss > judged.sample.at_starts(judged.yardstick)
    return movement(judged, judged.yardstick, until_ns=at_ns), float(broke[pairs].mean())


def chosen_margins(
    choices: Sequence[PolicyChoice],
    judged: JudgedMoves,
    margins: Mapping[str, Sequence[FloatArray]],
    horizon: int,
    equal_scales: Mapping[str, float],
) -> tuple[FloatArray, FloatArray]:
    """(D, N, 2) margins in force, at their levels, and at equal coverage; NaN before the first.

    Parameters
    ----------
    equal_scales : mapping of str to float
        Scale, found afterwards, that brings each policy to the yardstick's coverage, so that
        policies of several kinds can be joined to one path.
    """
    time = judged.sample.boundary_ns
    plain = np.full(judged.yardstick.shape, np.nan)
    held = plain.copy()
    for choice in choices:
        rows = time >= choice.at_ns
        found = margins[choice.policy][horizon][rows]
        plain[rows] = equal_scales[choice.policy] * found
        held[rows] = choice.level[horizon].scale * found
    return held, plain
