"""Which of several forecasters ships as the default, chosen at every New Year from earlier data.

A score alone rewards a margin that swings, or that fits some markets and fails others. So among
the candidates whose figures on all that was known at the review hold every acceptance line, at
every horizon, the one with the lowest FZ0 is taken; where none holds them all, the one that misses
them by least in sum. What is chosen holds until the next review: its forecasts after it are out of
sample, its constants included.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.market import DAY_NS
from plimsoll.errors import InsufficientDataError, UsageError
from plimsoll.estimators.reference.forecast import ForecastPaths
from plimsoll.validation.comparison.acceptance import AcceptanceLines
from plimsoll.validation.comparison.forecast_figures import (
    ForecastFigures,
    forecast_figures,
    known_by,
    peak_to_trough,
)
from plimsoll.validation.comparison.sample import ComparisonSample, common_pairs
from plimsoll.validation.comparison.score import both_sides

BoolArray = NDArray[np.bool_]
LINES = AcceptanceLines()
LEAST_DAYS = 90
"""Known days below which there is no review."""
YEAR_DAYS = 365
SCORED_SHARE = 0.5
READY_SHARE = 0.99
"""Of the pairs of a past that a candidate must have: it would otherwise shorten everybody's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HorizonFigures:
    """A candidate on what was known at a review, at one horizon.

    Parameters
    ----------
    horizon_hours : int
    figures : ForecastFigures
    peak_to_trough : float
        NaN where no trailing year was whole.
    excesses : mapping of str to float
        As `AcceptanceLines.excesses`.
    """

    horizon_hours: int
    figures: ForecastFigures
    peak_to_trough: float
    excesses: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewedCandidate:
    """A candidate at a review.

    Parameters
    ----------
    name : str
    horizons : tuple of HorizonFigures
    """

    name: str
    horizons: tuple[HorizonFigures, ...]

    @property
    def excess(self) -> float:
        """Sum of what it misses lines by; 0 where it holds all."""
        return sum(sum(one.excesses.values()) for one in self.horizons)

    @property
    def score(self) -> float:
        """Mean FZ0 over the horizons."""
        return float(np.mean([one.figures.fz0 for one in self.horizons]))

    @property
    def missed(self) -> tuple[str, ...]:
        """Lines that it misses, by name and horizon."""
        return tuple(
            f"{line} {one.horizon_hours} h"
            for one in self.horizons
            for line, excess in one.excesses.items()
            if excess > 0.0
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """All candidates at one date, and the one that holds from then on.

    Parameters
    ----------
    at_ns : int
        What had ended by then was known.
    candidates : tuple of ReviewedCandidate
        In the order given.
    chosen : ReviewedCandidate
    known_days : int
        Days with scored starts behind it.
    lines : AcceptanceLines
    """

    at_ns: int
    candidates: tuple[ReviewedCandidate, ...]
    chosen: ReviewedCandidate
    known_days: int
    lines: AcceptanceLines

    @property
    def ranked(self) -> tuple[ReviewedCandidate, ...]:
        """The candidates, the best by the rule first."""
        return tuple(sorted(self.candidates, key=lambda one: (one.excess, one.score)))

    @property
    def runner_up(self) -> ReviewedCandidate | None:
        """The best of the others."""
        return next((one for one in self.ranked if one is not self.chosen), None)

    @property
    def holding(self) -> int:
        """Candidates that hold every line."""
        return sum(one.excess == 0.0 for one in self.candidates)


def review_candidates(
    samples: Sequence[ComparisonSample],
    paths: Mapping[str, Sequence[ForecastPaths]],
    dates_ns: Sequence[int],
    *,
    until_a_year: str,
    lines: AcceptanceLines = LINES,
) -> tuple[Review, ...]:
    """Choose one of the candidates at every date, from what was known by then.

    Parameters
    ----------
    samples : sequence of ComparisonSample
        One a horizon, from the first start that may be learnt from.
    paths : mapping of str to sequence of ForecastPaths
        Of every candidate, one a horizon.
    dates_ns : sequence of int
        Ascending.
    until_a_year : str
        Candidate that is in force until 365 days of scored starts are known.
    lines : AcceptanceLines

    Raises
    ------
    UsageError
        Without candidates, with other horizons than samples, or where none has that name.
    InsufficientDataError
        Where fewer than 90 days are known at a date.
    """
    if not paths or any(len(found) != len(samples) for found in paths.values()):
        raise UsageError(
            "must hold candidates with one path a horizon",
            found={name: len(found) for name, found in paths.items()},
            field="paths",
        )
    if until_a_year not in paths:
        raise UsageError("must be a candidate", found=until_a_year, field="until_a_year")
    return tuple(_review(samples, paths, at, until_a_year, lines) for at in dates_ns)


def _review(
    samples: Sequence[ComparisonSample],
    paths: Mapping[str, Sequence[ForecastPaths]],
    at_ns: int,
    until_a_year: str,
    lines: AcceptanceLines,
) -> Review:
    ready = [
        name
        for name, found in paths.items()
        if all(_is_ready(s, path, at_ns) for s, path in zip(samples, found, strict=True))
    ]
    if until_a_year not in ready:
        raise InsufficientDataError(
            f"must hold forecasts of {until_a_year!r} at every review", found=at_ns, field="paths"
        )
    masks = [
        _known_pairs(sample, [paths[name][h] for name in ready], at_ns)
        for h, sample in enumerate(samples)
    ]
    candidates = tuple(
        ReviewedCandidate(
            name=name,
            horizons=tuple(
                _figures(sample, path, mask, at_ns, lines)
                for sample, path, mask in zip(samples, paths[name], masks, strict=True)
            ),
        )
        for name in ready
    )
    days = min(_known_days(sample, mask) for sample, mask in zip(samples, masks, strict=True))
    return Review(
        at_ns=at_ns,
        candidates=candidates,
        chosen=min(candidates, key=lambda one: (one.excess, one.score))
        if days >= YEAR_DAYS
        else next(one for one in candidates if one.name == until_a_year),
        known_days=days,
        lines=lines,
    )


def _known_days(sample: ComparisonSample, mask: BoolArray) -> int:
    return int(np.unique(sample.time_ns[mask.any(axis=(1, 2))] // DAY_NS).size)


def days_known(sample: ComparisonSample, at_ns: int) -> int:
    """Days by a date on which a move of a seasoned market began and had ended."""
    ended = sample.time_ns + sample.horizon_ns <= at_ns
    there = ended & (sample.seasoned & np.isfinite(sample.loss).all(axis=-1)).any(axis=1)
    return int(np.unique(sample.time_ns[there] // DAY_NS).size)


def _is_ready(sample: ComparisonSample, path: ForecastPaths, at_ns: int) -> bool:
    """Whether a candidate has numbers on nearly all that could be scored by the date."""
    known = sample.time_ns + sample.horizon_ns <= at_ns
    pairs = (sample.seasoned & np.isfinite(sample.loss).all(axis=-1))[known]
    there = np.isfinite(sample.at_starts(path.value_at_risk)[known]).all(axis=-1)
    return bool((pairs & there).sum() >= READY_SHARE * pairs.sum())


def _known_pairs(sample: ComparisonSample, paths: Sequence[ForecastPaths], at_ns: int) -> BoolArray:
    """(S, N, 2) pairs of markets scored on half of the days so far, known by the date."""
    known = known_by(both_sides(common_pairs(sample, paths, scored_days=1)), sample, at_ns)
    days = _known_days(sample, known)
    if days < LEAST_DAYS:
        raise InsufficientDataError(
            f"must know {LEAST_DAYS} days of starts at a review", found=days, field="dates_ns"
        )
    a_day = known.shape[0] / np.unique(sample.time_ns // DAY_NS).size
    enough = known[..., 0].sum(axis=0) >= SCORED_SHARE * days * a_day
    return np.asarray(known & enough[None, :, None])


def _figures(
    sample: ComparisonSample,
    path: ForecastPaths,
    mask: BoolArray,
    at_ns: int,
    lines: AcceptanceLines,
) -> HorizonFigures:
    at_risk, shortfall = (
        sample.at_starts(path.value_at_risk),
        sample.at_starts(path.expected_shortfall),
    )
    figures = forecast_figures(at_risk, shortfall, sample.loss, mask, sample.time_ns)
    markets: BoolArray = np.any(mask[..., 0], axis=0)
    cycle = peak_to_trough(sample, path.value_at_risk, markets, until_ns=at_ns)
    return HorizonFigures(
        horizon_hours=sample.horizon_hours,
        figures=figures,
        peak_to_trough=cycle,
        excesses=lines.excesses(figures, cycle),
    )


def chosen_path(
    reviews: Sequence[Review], paths: Mapping[str, Sequence[ForecastPaths]], horizon: int
) -> ForecastPaths:
    """Forecasts of whichever candidate was in force; NaN before the first review.

    Parameters
    ----------
    reviews : sequence of Review
        Ascending.
    horizon : int
        Which of the paths of each candidate.
    """
    first = paths[reviews[0].chosen.name][horizon]
    at_risk = np.full_like(first.value_at_risk, np.nan)
    shortfall = np.full_like(first.expected_shortfall, np.nan)
    for review in reviews:
        rows = first.time_ns >= review.at_ns
        found = paths[review.chosen.name][horizon]
        at_risk[rows], shortfall[rows] = found.value_at_risk[rows], found.expected_shortfall[rows]
    return ForecastPaths(time_ns=first.time_ns, value_at_risk=at_risk, expected_shortfall=shortfall)
