"""Coverage of many markets at once: the rows of a coverage table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import UsageError
from plimsoll.validation.binomial import binomial_two_sided, check_rate, chi_square_survival
from plimsoll.validation.coverage import ConditionalCoverage
from plimsoll.validation.likelihood import (
    first_failure_ratio,
    independence_ratio,
    transition_ratio,
    unconditional_ratio,
)
from plimsoll.validation.newey_west import DEFAULT_LAGS, daily_sums, variance_of_sum
from plimsoll.validation.traffic_light import Zone, zones_of

Vector = NDArray[np.float64]
Counts = NDArray[np.int64]
Rows = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PanelCoverage:
    """Coverage tests of N markets; arrays (N,), NaN (zone None) where nothing was scored.

    Parameters
    ----------
    observations, breaches : ndarray of int
    breach_rate, standard_error : ndarray
        The standard error is clustered by day, so it stands for overlapping horizons too.
    pof_p, tuff_p, independence_p, conditional_p, exact_p : ndarray
        p-values; the likelihood ratios themselves in ``*_statistic``. Independence and conditional
        are NaN also where no two scored starts follow each other.
    definition : ConditionalCoverage
        Of ``conditional_p``.
    zones : tuple of Zone or None
    worst, worst_share, mean_excess, mean_margin : ndarray
        Largest loss above the margin (0 where nothing broke) and the largest as a share of its
        margin, mean loss above the margin given a breach (NaN where nothing broke), mean margin
        over the scored horizons.
    """

    observations: Counts
    breaches: Counts
    breach_rate: Vector
    standard_error: Vector
    pof_statistic: Vector
    pof_p: Vector
    tuff_statistic: Vector
    tuff_p: Vector
    independence_statistic: Vector
    independence_p: Vector
    conditional_statistic: Vector
    conditional_p: Vector
    exact_p: Vector
    definition: ConditionalCoverage
    zones: tuple[Zone | None, ...]
    worst: Vector
    worst_share: Vector
    mean_excess: Vector
    mean_margin: Vector


def scored_pairs(margin: ArrayLike, loss: ArrayLike) -> tuple[Flags, Flags]:
    """(T, N) breaches and scored flags: a pair is scored where margin and loss have a number."""
    held, lost = np.asarray(margin, dtype=np.float64), np.asarray(loss, dtype=np.float64)
    if held.shape != lost.shape or held.ndim != 2:
        raise UsageError(
            "margin and loss must be (times, markets) of one shape",
            found=f"{held.shape} and {lost.shape}",
        )
    scored = np.isfinite(held) & np.isfinite(lost)
    return scored & (lost > held), scored


def panel_coverage(
    margin: ArrayLike,
    loss: ArrayLike,
    time_ns: NDArray[np.int64],
    breach_rate: float,
    *,
    definition: ConditionalCoverage = ConditionalCoverage.AS_SUM,
    lags: int = DEFAULT_LAGS,
    horizon_ns: NDArray[np.int64] | None = None,
) -> PanelCoverage:
    """Test every column of (T, N) margins and losses against one target rate.

    Pairs with a NaN are not scored, and the first failure is counted in scored rows. The
    independence test pairs scored rows that follow each other with nothing missing between: one
    own horizon apart, or neighbouring rows where ``horizon_ns`` is not given. Without a single
    pair there is no such test: NaN. Likelihood ratios assume non-overlapping horizons (see
    `plimsoll.validation.coverage`).

    Parameters
    ----------
    margin, loss : (T, N) array_like
        Shares of notional, loss positive, NaN = no number.
    time_ns : (T,) int64
        Start of each horizon, rising.
    breach_rate : float
    definition : ConditionalCoverage
    lags : int
        Newey-West lags in days of the standard error.
    horizon_ns : (N,) int64, optional
        Horizon of each column, which is the step of its own starts. Needed where columns of
        different horizons share a grid finer than some of them, with NaN in the rows between.

    Raises
    ------
    UsageError
        For shapes that do not match, or horizons that are not one positive number per column.
    """
    check_rate(breach_rate)
    broke, scored = scored_pairs(margin, loss)
    counts, totals = broke.sum(axis=0), scored.sum(axis=0)
    pairs = _transitions(broke, _followed(scored, time_ns, horizon_ns))
    paired = np.sum(pairs, axis=0) > 0
    pof = np.where(totals > 0, unconditional_ratio(counts, totals, breach_rate), np.nan)
    independence = np.where(paired, independence_ratio(*pairs), np.nan)
    joint = pof + independence
    if definition is ConditionalCoverage.FROM_TRANSITIONS:
        joint = np.where(paired, transition_ratio(*pairs, breach_rate), np.nan)
    tuff = first_failure_ratio(_first_breach(broke, scored), breach_rate)
    worst, share, mean = _excess(np.asarray(margin), np.asarray(loss), broke)
    rate, error = _rates(broke, scored, time_ns, lags)
    return PanelCoverage(
        observations=totals,
        breaches=counts,
        breach_rate=rate,
        standard_error=error,
        pof_statistic=pof,
        pof_p=chi_square_survival(pof, 1),
        tuff_statistic=tuff,
        tuff_p=chi_square_survival(tuff, 1),
        independence_statistic=independence,
        independence_p=chi_square_survival(independence, 1),
        conditional_statistic=joint,
        conditional_p=chi_square_survival(joint, 2),
        exact_p=_exact(counts, totals, breach_rate),
        definition=definition,
        zones=zones_of(counts, totals, breach_rate),
        worst=worst,
        worst_share=share,
        mean_excess=mean,
        mean_margin=_divide(np.where(scored, margin, 0.0).sum(axis=0), totals),
    )


def _followed(
    scored: Flags, time_ns: NDArray[np.int64], horizon_ns: NDArray[np.int64] | None
) -> Rows:
    """(T, N) row of the scored start just before each scored row; -1 where there is none."""
    rows = np.arange(scored.shape[0])[:, None]
    last = np.maximum.accumulate(np.where(scored, rows, -1), axis=0)
    before = np.full(scored.shape, -1, dtype=np.int64)
    before[1:] = last[:-1]
    if horizon_ns is None:
        adjacent = before == rows - 1
    else:
        _check_horizons(horizon_ns, scored.shape[1])
        times = np.asarray(time_ns, dtype=np.int64)
        adjacent = times[:, None] - times[before] == horizon_ns
    return np.where(scored & (before >= 0) & adjacent, before, -1)


def _check_horizons(horizon_ns: NDArray[np.int64], columns: int) -> None:
    found = np.asarray(horizon_ns)
    if found.shape != (columns,) or bool(np.any(found < 1)):
        raise UsageError(
            f"must be one positive number of ns per column ({columns})",
            found=found.tolist(),
            field="horizon_ns",
        )


def _transitions(broke: Flags, before: Rows) -> tuple[Counts, Counts, Counts, Counts]:
    """Count the pairs (row ``before``, row) of each column by what broke; -1 is no pair."""
    both = before >= 0
    earlier = both & np.take_along_axis(broke, np.maximum(before, 0), axis=0)
    n11 = (earlier & broke).sum(axis=0)
    n10 = earlier.sum(axis=0) - n11
    n01 = (both & broke).sum(axis=0) - n11
    return both.sum(axis=0) - n01 - n10 - n11, n01, n10, n11


def _first_breach(broke: Flags, scored: Flags) -> Vector:
    row = np.argmax(broke, axis=0)
    number = np.cumsum(scored, axis=0)[row, np.arange(broke.shape[1])]
    out: Vector = np.where(broke.any(axis=0), number, np.nan)
    return out


def _rates(
    broke: Flags, scored: Flags, time_ns: NDArray[np.int64], lags: int
) -> tuple[Vector, Vector]:
    totals = scored.sum(axis=0)
    rate = _divide(broke.sum(axis=0), totals)
    score = np.where(scored, broke - rate, 0.0)
    variance = variance_of_sum(daily_sums(score, time_ns), lags)
    return rate, _divide(np.sqrt(variance), totals)


def _excess(margin: Vector, loss: Vector, broke: Flags) -> tuple[Vector, Vector, Vector]:
    over = np.where(broke, loss - margin, 0.0)
    with np.errstate(divide="ignore"):  # a breach of no margin at all is infinite
        share = np.divide(over, margin, out=np.zeros_like(over), where=broke)
    return over.max(axis=0), share.max(axis=0), _divide(over.sum(axis=0), broke.sum(axis=0))


def _exact(counts: Counts, totals: Counts, breach_rate: float) -> Vector:
    known = {
        (int(x), int(n)): binomial_two_sided(int(x), int(n), breach_rate) if n else float("nan")
        for x, n in set(zip(counts.tolist(), totals.tolist(), strict=True))
    }
    return np.array([known[pair] for pair in zip(counts.tolist(), totals.tolist(), strict=True)])


def _divide(numerator: ArrayLike, denominator: Counts) -> Vector:
    top = np.asarray(numerator, dtype=np.float64)
    out: Vector = np.full(top.shape, np.nan)
    np.divide(top, denominator, out=out, where=denominator > 0)
    return out
