"""Cover-k: the fund that bears the k largest defaults of the worst scenario."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import UsageError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Default:
    """One owner's loss beyond his margin in the worst scenario."""

    owner: str
    uncovered_usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverRequirement:
    """What the k largest owners cost together.

    Parameters
    ----------
    members : int
        k; fewer defaults stand in ``defaults`` where fewer owners lose more than their margin.
    required_usd : float
    scenario : str
        The worst for these k.
    defaults : tuple of Default
        The largest first.
    all_defaults_usd : float
        Of every owner in that scenario: what Cover-k leaves out is the difference.
    standard_error_usd : float
        Over days drawn again in blocks, stated scenarios as they are; NaN where it was not asked
        for, 0 where a stated scenario decides whatever the days.
    seen_usd, seen_error_usd : float
        The same of the days seen alone; NaN where it was not asked for.
    """

    members: int
    required_usd: float
    scenario: str
    defaults: tuple[Default, ...]
    all_defaults_usd: float
    standard_error_usd: float = math.nan
    seen_usd: float = math.nan
    seen_error_usd: float = math.nan


def uncovered_losses(
    losses_usd: ArrayLike, margins_usd: ArrayLike, owners: Sequence[str]
) -> tuple[tuple[str, ...], FloatArray]:
    """Return losses beyond margin by scenario and beneficial owner.

    An owner's accounts are not one pocket: what one account keeps does not pay for another, but
    all their shortfalls are his default.

    Parameters
    ----------
    losses_usd : (S, A) array_like
        Loss of each account in each scenario, close-out included; positive = loss.
    margins_usd : (A,) array_like
        What each account has put up.
    owners : sequence of A str

    Returns
    -------
    tuple of K str, (K owners in order of first appearance)
    (S, K) float64
    """
    losses, margins = (np.asarray(a, dtype=np.float64) for a in (losses_usd, margins_usd))
    if losses.ndim != 2 or margins.shape != losses.shape[1:] or len(owners) != margins.size:
        raise UsageError(
            "must be (scenarios, accounts) with a margin and an owner for each account",
            found=(losses.shape, margins.shape, len(owners)),
            field="losses_usd",
        )
    if not (np.isfinite(losses).all() and np.isfinite(margins).all()):
        raise UsageError("must be finite", found="NaN or infinite", field="losses_usd, margins_usd")
    names = tuple(dict.fromkeys(owners))
    place = {name: i for i, name in enumerate(names)}
    found = np.zeros((losses.shape[0], len(names)))
    beyond = np.maximum(losses - margins, 0.0)
    for account, owner in enumerate(owners):
        found[:, place[owner]] += beyond[:, account]
    return names, found


def cover_requirement(
    uncovered_usd: ArrayLike, owners: Sequence[str], scenarios: Sequence[str], members: int
) -> CoverRequirement:
    r"""Return :math:`\max_s \sum_{i \le k} u_{(i)}(s)`, owners ranked anew in each scenario.

    Parameters
    ----------
    uncovered_usd : (S, K) array_like
        Losses beyond margin, not negative; `uncovered_losses`.
    owners, scenarios : sequences of K and S str
    members : int
        2 for Cover-2.

    Source: CPMI-IOSCO Principle 4; venues have owners where clearing houses have members.

    Examples
    --------
    >>> found = cover_requirement([[5, 1, 4], [8, 0, 0]], "abc", ["flat", "crash"], 2)
    >>> found.required_usd, found.scenario, [d.owner for d in found.defaults]
    (9.0, 'flat', ['a', 'c'])
    """
    values = np.asarray(uncovered_usd, dtype=np.float64)
    if values.shape != (len(scenarios), len(owners)) or not values.size:
        raise UsageError(
            "must be (scenarios, owners), neither empty", found=values.shape, field="uncovered_usd"
        )
    if members < 1:
        raise UsageError("must be at least 1", found=members, field="members")
    if not (values >= 0.0).all():
        raise UsageError("must not be negative", found=float(values.min()), field="uncovered_usd")
    largest = -np.sort(-values, axis=1)[:, :members]
    worst = int(np.argmax(largest.sum(axis=1)))
    # Stable, so that owners of equal losses are named in their order.
    ranked = np.argsort(-values[worst], kind="stable")[:members]
    return CoverRequirement(
        members=members,
        required_usd=float(largest[worst].sum()),
        scenario=scenarios[worst],
        defaults=tuple(
            Default(owner=owners[i], uncovered_usd=float(values[worst, i]))
            for i in ranked
            if values[worst, i] > 0.0
        ),
        all_defaults_usd=float(values[worst].sum()),
    )


def with_error(
    cover: CoverRequirement,
    uncovered_usd: ArrayLike,
    *,
    stated: int,
    block_days: int = 5,
    replicates: int = 200,
    seed: int = 0,
) -> CoverRequirement:
    """Return the requirement with its standard error over days drawn again in blocks.

    Parameters
    ----------
    cover : CoverRequirement
    uncovered_usd : (S, K) array_like
        What it was made from; days in time order first, then the stated scenarios.
    stated : int
        Scenarios at the end that are stated and not drawn.
    block_days, replicates, seed : int
        Moving blocks that wrap round.
    """
    values = np.asarray(uncovered_usd, dtype=np.float64)
    each = -np.sort(-values, axis=1)[:, : cover.members].sum(axis=1)
    days = each.size - stated
    if not 0 <= stated <= each.size:
        raise UsageError("must lie within the scenarios", found=stated, field="stated")
    if days < 1:
        return replace(cover, standard_error_usd=0.0)
    floor = float(each[days:].max(initial=0.0))
    starts = np.random.default_rng(seed).integers(days, size=(replicates, -(-days // block_days)))
    rows = (starts[:, :, None] + np.arange(block_days)) % days
    worst = each[rows.reshape(replicates, -1)[:, :days]].max(axis=1)
    return replace(
        cover,
        standard_error_usd=_deviation(np.maximum(worst, floor)),
        seen_usd=float(each[:days].max()),
        seen_error_usd=_deviation(worst),
    )


def _deviation(values: FloatArray) -> float:
    """Standard deviation; exactly 0 of equal values, whatever floats make of their mean."""
    return float(np.std(values, ddof=1)) if np.ptp(values) > 0.0 else 0.0
