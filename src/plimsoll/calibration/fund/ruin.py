r"""The fund that is exhausted within a year with a stated probability.

With :math:`L_t` what day t takes from the fund and :math:`c` what flows in a day, the fund must
bear the deepest fall of its balance below where it started,

.. math:: D = \max_{t \le 365} \Bigl(\sum_{s \le t} L_s - c\,t\Bigr)^+,
    \qquad I^* = q_{1-\varepsilon}(D).

Years are drawn from the days seen in blocks of a geometric length (stationary bootstrap, Politis
and Romano 1994), since bad days come together. A day beyond a high threshold is drawn from the
generalised Pareto law of such days instead: the worst day to come need not be one that was seen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import InsufficientDataError, ParameterError, UsageError
from plimsoll.estimators.tails.peaks_over_threshold import PeaksOverThreshold

FloatArray = NDArray[np.float64]

YEAR_DAYS = 365
LEAST_DAYS = 250
LEAST_PEAKS = 20
LEAST_ERROR_DRAWS = 4
"""Histories drawn of each book, where several share the draws of the rule."""
LARGEST_SHAPE = 0.9
"""Above, even the mean of the days beyond the threshold is all but undefined."""
_CHUNK = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class RuinRule:
    """How the years are drawn.

    Parameters
    ----------
    probability_annual : float
        Of ruin within a year.
    years : int
        Drawn; at least 20 beyond the quantile.
    block_days : float
        Mean length of a block.
    tail_share : float
        Share of the days with a loss that the Pareto law is fitted to; 0: only what was seen.
    error_draws : int
        Histories drawn for the standard error.
    seed : int
    """

    probability_annual: float = 0.001
    years: int = 40_000
    block_days: float = 5.0
    tail_share: float = 0.1
    error_draws: int = 20
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0.0 < self.probability_annual < 0.5:
            raise ParameterError(
                "must lie in (0, 0.5)", found=self.probability_annual, field="probability_annual"
            )
        if self.years * self.probability_annual < 20.0:
            raise ParameterError(
                "must leave 20 years beyond the quantile",
                found=self.years,
                field="years",
                remedy=f"draw {math.ceil(20.0 / self.probability_annual):,} or more",
            )
        if self.block_days < 1.0:
            raise ParameterError("must be at least 1", found=self.block_days, field="block_days")
        if not 0.0 <= self.tail_share < 0.5:
            raise ParameterError("must lie in [0, 0.5)", found=self.tail_share, field="tail_share")


@dataclass(frozen=True, slots=True, kw_only=True)
class RuinRequirement:
    """The fund, and what it rests on.

    Parameters
    ----------
    required_usd, standard_error_usd : float
        The error is that of the history: the same from days drawn again in blocks.
    expected_loss_annual_usd, inflow_annual_usd : float
        Inflow below loss: the fund shrinks without end, and no size of it lasts.
    worst_day_usd : float
        Of those seen.
    tail_shape : float
        Of the Pareto law; NaN where the days seen are drawn alone.
    probability_annual : float
    days : int
    books_usd : tuple of float
        What each book of accounts asks for alone; empty where losses were not drawn.
    """

    required_usd: float
    standard_error_usd: float
    expected_loss_annual_usd: float
    inflow_annual_usd: float
    worst_day_usd: float
    tail_shape: float
    probability_annual: float
    days: int
    books_usd: tuple[float, ...] = ()

    @property
    def pays_for_itself(self) -> bool:
        """Whether what flows in covers what is expected to flow out."""
        return self.inflow_annual_usd >= self.expected_loss_annual_usd

    @property
    def book_spread_usd(self) -> float:
        """Standard deviation over the books that were drawn; NaN of a single one."""
        return float(np.std(self.books_usd, ddof=1)) if len(self.books_usd) > 1 else float("nan")


def ruin_requirement(
    daily_losses_usd: ArrayLike, rule: RuinRule, *, daily_inflow_usd: float = 0.0
) -> RuinRequirement:
    """Return the fund that survives a year with probability ``1 - rule.probability_annual``.

    Parameters
    ----------
    daily_losses_usd : (D,) array_like
        What each day would have taken from the fund, not negative; walk-forward or simulated.
    rule : RuinRule
    daily_inflow_usd : float
        Liquidation fees and residual margin of a day.

    Raises
    ------
    InsufficientDataError
        For fewer than 250 days.
    UsageError
        For a loss that is negative or not finite.
    """
    losses = np.asarray(daily_losses_usd, dtype=np.float64)
    if losses.ndim != 1 or not np.isfinite(losses).all() or (losses < 0.0).any():
        raise UsageError(
            "must be one finite loss a day, not negative",
            found=losses.shape,
            field="daily_losses_usd",
        )
    if losses.size < LEAST_DAYS:
        raise InsufficientDataError(
            f"must hold {LEAST_DAYS} days", found=losses.size, field="daily_losses_usd"
        )
    if not daily_inflow_usd >= 0.0:
        raise ParameterError(
            "must not be negative", found=daily_inflow_usd, field="daily_inflow_usd"
        )
    generator = np.random.default_rng(rule.seed)
    found = _quantile(losses, daily_inflow_usd, rule, rule.years, generator)
    histories = [_resampled(losses, rule, generator) for _ in range(rule.error_draws)]
    again = [_quantile(h, daily_inflow_usd, rule, _few(rule), generator) for h in histories]
    tail = _tail(losses, rule.tail_share)
    return RuinRequirement(
        required_usd=found,
        standard_error_usd=float(np.std(again, ddof=1)) if len(again) > 1 else float("nan"),
        expected_loss_annual_usd=float(losses.mean() * YEAR_DAYS),
        inflow_annual_usd=daily_inflow_usd * YEAR_DAYS,
        worst_day_usd=float(losses.max()),
        tail_shape=float("nan") if tail is None else tail.shape,
        probability_annual=rule.probability_annual,
        days=int(losses.size),
    )


def ruin_of_books(
    daily_losses_usd: Sequence[ArrayLike], rule: RuinRule, *, daily_inflow_usd: Sequence[float]
) -> RuinRequirement:
    """Return the mean of what several draws of the same population ask for.

    Accounts are drawn, and a few large ones decide a bad day: one draw is one answer of many. Each
    book is sized alone; the mean is taken, and its error joins that of the history with that of the
    mean over books. The history is one for all books, so its error is the root mean square of
    theirs: no less than that of their mean, however much they move together. Each book draws its
    share of the rule's histories, at least four.

    Parameters
    ----------
    daily_losses_usd : sequence of B (D,) array_like
    rule : RuinRule
        Its seed and years serve every book, so that only the accounts differ.
    daily_inflow_usd : sequence of B float

    Raises
    ------
    UsageError
        For no book.
    InsufficientDataError, ParameterError
        As `ruin_requirement`.
    """
    if not daily_losses_usd or len(daily_losses_usd) != len(daily_inflow_usd):
        raise UsageError(
            "must be one inflow a book, at least one book",
            found=(len(daily_losses_usd), len(daily_inflow_usd)),
            field="daily_losses_usd",
        )
    count = len(daily_losses_usd)
    draws = min(rule.error_draws, max(LEAST_ERROR_DRAWS, math.ceil(rule.error_draws / count)))
    found = [
        ruin_requirement(losses, replace(rule, error_draws=draws), daily_inflow_usd=inflow)
        for losses, inflow in zip(daily_losses_usd, daily_inflow_usd, strict=True)
    ]
    asked = tuple(one.required_usd for one in found)
    history = math.sqrt(float(np.mean([one.standard_error_usd**2 for one in found])))
    spread = float(np.std(asked, ddof=1)) / math.sqrt(count) if count > 1 else 0.0
    return replace(
        found[0],
        required_usd=float(np.mean(asked)),
        standard_error_usd=math.hypot(history, spread),
        expected_loss_annual_usd=float(np.mean([f.expected_loss_annual_usd for f in found])),
        inflow_annual_usd=float(np.mean([f.inflow_annual_usd for f in found])),
        worst_day_usd=float(np.mean([f.worst_day_usd for f in found])),
        tail_shape=float(np.mean([f.tail_shape for f in found])),
        books_usd=asked,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tail:
    """Days beyond a threshold, by a generalised Pareto law."""

    threshold: float
    shape: float
    scale: float

    def draw(self, count: int, generator: np.random.Generator) -> FloatArray:
        uniform = generator.random(count)
        if abs(self.shape) < 1e-9:
            return np.asarray(self.threshold - self.scale * np.log1p(-uniform))
        stretched = np.expm1(-self.shape * np.log1p(-uniform)) / self.shape
        return np.asarray(self.threshold + self.scale * stretched)


def _tail(losses: FloatArray, share: float) -> _Tail | None:
    positive = losses[losses > 0.0]
    if share * positive.size < LEAST_PEAKS or np.ptp(positive) == 0.0:
        return None
    fitted = PeaksOverThreshold(
        tail_fraction=share, method="pwm", minimum_exceedances=LEAST_PEAKS // 2
    ).fit(positive)
    shape = min(fitted.xi, LARGEST_SHAPE)
    return _Tail(threshold=fitted.threshold, shape=shape, scale=fitted.beta)


def _few(rule: RuinRule) -> int:
    """Years of an error draw: a quarter, but twenty beyond the quantile."""
    return max(rule.years // 4, math.ceil(20.0 / rule.probability_annual))


def _resampled(losses: FloatArray, rule: RuinRule, generator: np.random.Generator) -> FloatArray:
    rows = _days(losses.size, losses.size, 1, rule.block_days, generator)[0]
    return np.asarray(losses[rows])


def _days(
    seen: int, drawn: int, years: int, block_days: float, generator: np.random.Generator
) -> NDArray[np.int64]:
    """(years, drawn) rows of days, in blocks of geometric length that wrap round."""
    begins = generator.random((years, drawn)) < 1.0 / block_days
    begins[:, 0] = True
    starts = generator.integers(seen, size=(years, drawn))
    position = np.broadcast_to(np.arange(drawn), (years, drawn))
    latest = np.maximum.accumulate(np.where(begins, position, 0), axis=1)
    rows = np.take_along_axis(starts, latest, axis=1) + position - latest
    return np.asarray(rows % seen, dtype=np.int64)


def _quantile(
    losses: FloatArray,
    inflow: float,
    rule: RuinRule,
    years: int,
    generator: np.random.Generator,
) -> float:
    tail = _tail(losses, rule.tail_share)
    deepest = []
    for first in range(0, years, _CHUNK):
        count = min(_CHUNK, years - first)
        taken = losses[_days(losses.size, YEAR_DAYS, count, rule.block_days, generator)]
        if tail is not None:
            beyond = taken > tail.threshold
            taken[beyond] = tail.draw(int(beyond.sum()), generator)
        balance = np.cumsum(taken - inflow, axis=1)
        deepest.append(np.maximum(balance.max(axis=1), 0.0))
    # The higher of the two order statistics: a fund is rounded up.
    return float(
        np.quantile(np.concatenate(deepest), 1.0 - rule.probability_annual, method="higher")
    )
