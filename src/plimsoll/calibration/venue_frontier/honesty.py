"""How far the choice can be trusted: out of sample, of many tried, without a crisis or a coin."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.folds.deflation import DeflatedObjective, deflated_objective
from plimsoll.calibration.folds.folded_result import FoldedResult, FoldTerms
from plimsoll.calibration.folds.markets import leave_one_coin_out
from plimsoll.calibration.venue_frontier.assessed import AssessedPolicy, occasion_at
from plimsoll.calibration.venue_frontier.candidates import DEFAULT
from plimsoll.calibration.venue_frontier.choice import choose
from plimsoll.calibration.venue_frontier.frontier import NOW, VenueFrontier
from plimsoll.calibration.venue_frontier.judged_terms import (
    daily_loss,
    judged_days,
    solvent_rate,
)
from plimsoll.calibration.venue_frontier.level import scale_at_rate
from plimsoll.calibration.venue_frontier.terms import (
    YEAR_ROWS,
    movement,
    objective_terms,
    swings,
    weighted,
)
from plimsoll.domain.market import DAY_NS
from plimsoll.validation.ranking.superior_predictive_ability import (
    SuperiorPredictiveAbility,
    superior_predictive_ability,
)

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

LEAST_FOLD_DAYS = 90


def folded_result(found: VenueFrontier) -> FoldedResult | None:
    """Terms of what every review preferred, then and in the year after; None of no year.

    The default on the same days is the reference, so that what years have in common drops out.
    """
    record, weights = found.record, found.weights
    folds = []
    ends = (*(one.row for one in found.choices[1:]), record.days)
    for choice, end in zip(found.choices, ends, strict=True):
        if not choice.terms or end - choice.row < LEAST_FOLD_DAYS:
            continue
        days = np.zeros(record.days, dtype=np.bool_)
        days[choice.row : end] = True
        days &= occasion_at(found.judging, record.days).days
        own, other = (
            (choice.terms[name].parts(weights), _later(found, found.assessed[name], days, end))
            for name in (choice.preferred, DEFAULT)
        )
        folds.append(
            FoldTerms(
                fold=str(int(record.year[choice.row])),
                in_sample=own[0],
                out_of_sample=own[1],
                reference_in_sample=sum(other[0].values()),
                reference_out_of_sample=sum(other[1].values()),
            )
        )
    return FoldedResult(folds=tuple(folds)) if folds else None


def _later(
    found: VenueFrontier, policy: AssessedPolicy, days: BoolArray, end: int
) -> dict[str, float]:
    """Weighted terms on the days after a review; swings of the year that ends on each."""
    record, first = found.record, int(np.argmax(days))
    rows = slice(max(0, first - YEAR_ROWS + 1), end)
    ratios = record.ratios(policy.plain.margin)[days]
    scale = scale_at_rate(ratios, found.yardstick.rate(days))
    whole = found.judging.initial.initial(policy.held, policy.reaction)
    legs = (swings(movement(policy.plain.margin[rows])), swings(movement(whole[rows])))
    larger = {
        name: float(np.fmax(*(getattr(leg, name) for leg in legs)))
        for name in ("peak_to_trough", "call_5", "churn")
    }
    measured = objective_terms(
        scale * policy.plain.mean_margin(days) / found.yardstick.mean_margin(days),
        larger["peak_to_trough"],
        larger["call_5"],
        larger["churn"],
        solvent_rate(policy, days),
    )
    return weighted(measured, found.weights)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ManyTried:
    """What is left of the best of all policies tried, on daily quantile losses.

    Parameters
    ----------
    names : tuple of str
        Assessed ones, then those that searches tried on their way.
    deflated : DeflatedObjective
    against_default : SuperiorPredictiveAbility
        Small p: some policy is truly better than the default.
    losses : mapping of str to float
        Mean daily quantile loss of each.
    """

    names: tuple[str, ...]
    deflated: DeflatedObjective
    against_default: SuperiorPredictiveAbility
    losses: dict[str, float]


def many_tried(found: VenueFrontier) -> ManyTried | None:
    """Test the best of many; None with fewer days than such tests need."""
    record = found.record
    days = judged_days(record, occasion_at(found.judging, record.days).days)
    daily = {name: daily_loss(one.lived, record.target) for name, one in found.assessed.items()}
    for one in found.refined:
        year = int(record.year[min(one.row, record.days - 1)])
        daily |= {f"search of {year}, {k}": path for k, path in enumerate(one.daily)}
    names = tuple(daily)
    table = np.column_stack([daily[name] for name in names])
    table = table[days & np.isfinite(table).all(axis=1)]
    if len(table) < LEAST_FOLD_DAYS:
        return None
    rivals = [k for k, name in enumerate(names) if name != DEFAULT]
    return ManyTried(
        names=names,
        deflated=deflated_objective(table),
        against_default=superior_predictive_ability(
            table[:, names.index(DEFAULT)], table[:, rivals], [names[k] for k in rivals]
        ),
        losses=dict(zip(names, table.mean(axis=0).tolist(), strict=True)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CrisisJudged:
    """A crisis judged by what was learnt without it; numbers of breaches.

    Parameters
    ----------
    crisis : str
    policy : str
        Chosen without the crisis's days.
    starts, broke, in_force, default, yardstick : int
        Of that policy at its levels without them; of the path in force; of the others.
    """

    crisis: str
    policy: str
    starts: int
    broke: int
    in_force: int
    default: int
    yardstick: int


def crises_judged(found: VenueFrontier) -> tuple[CrisisJudged, ...]:
    """Judge every crisis that the data cover."""
    record, loss = found.record, found.record.losses.loss
    ones, out = np.ones(len(record.markets)), []
    for fold in found.crises.folds:
        choice = found.without_crisis[fold.name]
        policy = found.assessed[choice.preferred]
        rows = (record.time_ns + DAY_NS > fold.test_from_ns) & (record.time_ns < fold.test_until_ns)
        pairs = record.pairs[rows]
        margins = (
            policy.plain.margin * policy.levels_of.get(fold.name, ones)[:, None],
            found.path.maintenance,
            found.assessed[DEFAULT].held,
            found.yardstick.margin,
        )
        broke = [int((pairs & (loss[rows] > margin[rows][:, None])).sum()) for margin in margins]
        out.append(
            CrisisJudged(
                crisis=fold.name,
                policy=choice.preferred,
                starts=int(pairs.sum()),
                broke=broke[0],
                in_force=broke[1],
                default=broke[2],
                yardstick=broke[3],
            )
        )
    return tuple(out)


@dataclass(frozen=True, slots=True, kw_only=True)
class CoinsLeftOut:
    """Choices with the figures of each family of coins left out in turn: a sensitivity.

    Parameters
    ----------
    families : int
    same : int
        In which the choice stayed what it is.
    others : tuple of (str, int)
        What else was chosen, and how often.
    left : tuple of str
        Families without which the choice differs.
    rate_low, rate_high : float
        Breach rates of the families by what is chosen without them.
    """

    families: int
    same: int
    others: tuple[tuple[str, int], ...]
    left: tuple[str, ...]
    rate_low: float
    rate_high: float


def coins_left_out(found: VenueFrontier) -> CoinsLeftOut | None:
    """Repeat the last choice without each family: figures anew, levels and scales as they were."""
    record = found.record
    occasion = occasion_at(found.judging, record.days, NOW)
    names = record.markets
    if len(names) < 2 or not found.now.terms:
        return None
    days = judged_days(record, occasion.days)
    others: Counter[str] = Counter()
    left, rates = [], []
    folds = leave_one_coin_out(names)
    for fold in folds:
        markets = np.zeros(len(names), dtype=np.bool_)
        markets[fold.training_markets] = True
        choice = choose(
            record,
            found.assessed,
            occasion,
            record.days,
            found.weights,
            found.limits,
            markets,
        )
        if choice.preferred != found.now.preferred:
            others[choice.preferred] += 1
            left.append(fold.name)
        rates.append(found.assessed[choice.preferred].lived.rate(days, ~markets))
    finite = [rate for rate in rates if np.isfinite(rate)]
    return CoinsLeftOut(
        families=len(folds),
        same=len(folds) - len(left),
        others=tuple(others.most_common()),
        left=tuple(left),
        rate_low=min(finite, default=float("nan")),
        rate_high=max(finite, default=float("nan")),
    )
