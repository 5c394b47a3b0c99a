"""``compare --choose-default``: the yearly choice of the default forecaster, made again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from plimsoll.domain.market import MarketHistory
from plimsoll.domain.ports import SILENT, Progress
from plimsoll.domain.table import Table, iso_minute
from plimsoll.errors import InsufficientDataError
from plimsoll.estimators.reference.default_candidates import UNTIL_A_YEAR, candidates
from plimsoll.estimators.reference.default_model import REVISIONS
from plimsoll.estimators.reference.forecast import Forecaster, ForecastPaths, forecast
from plimsoll.estimators.reference.panel import ReturnsPanel
from plimsoll.validation.comparison.choice_tables import candidates_table, choice_table
from plimsoll.validation.comparison.sample import comparison_sample
from plimsoll.validation.comparison.walk_forward_choice import (
    LEAST_DAYS,
    Review,
    days_known,
    review_candidates,
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DefaultChoice:
    """Reviews at the dates of the shipped revisions.

    Parameters
    ----------
    reviews : tuple of Review
    shipped : tuple of str
        Names of the revisions that ship, review by review.
    """

    reviews: tuple[Review, ...]
    shipped: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        """Whether what ships is what these data choose."""
        return self.shipped == tuple(one.chosen.name for one in self.reviews)

    @property
    def verdict(self) -> str:
        """One line: what ships against what these data choose."""
        if self.agrees:
            return f"the shipped default is what these data choose, at {len(self.reviews)} reviews"
        found = [
            f"{iso_minute(one.at_ns)[:10]}: ships {name}, these data choose {one.chosen.name}"
            for one, name in zip(self.reviews, self.shipped, strict=True)
            if name != one.chosen.name
        ]
        return "the shipped default is not what these data choose; " + "; ".join(found)

    @property
    def tables(self) -> tuple[Table, ...]:
        """The choice, then the candidates of each review."""
        return (choice_table(self.reviews), *(candidates_table(one) for one in self.reviews))


def choose_default(
    history: MarketHistory,
    panel: ReturnsPanel,
    horizons_hours: Sequence[int],
    *,
    seasoned_days: int,
    models: Sequence[Forecaster] | None = None,
    progress: Progress = SILENT,
) -> DefaultChoice:
    """Review every candidate at every shipped revision before which the data know enough.

    That is 90 days of starts on which some market was seasoned.

    Parameters
    ----------
    models : sequence of Forecaster, optional
        By default `plimsoll.estimators.reference.default_candidates.candidates`.

    Raises
    ------
    InsufficientDataError
        Where no revision has so much before it.
    """
    from_ns, until_ns = int(panel.time_ns[0]), int(panel.time_ns[-1])
    samples = [
        comparison_sample(
            history, panel, h, from_ns=from_ns, until_ns=until_ns, seasoned_days=seasoned_days
        )
        for h in horizons_hours
    ]
    known = {
        one.from_ns: min(days_known(s, one.from_ns) for s in samples)
        for one in REVISIONS
        if one.from_ns <= until_ns
    }
    reached = [one for one in REVISIONS if known.get(one.from_ns, 0) >= LEAST_DAYS]
    if not reached:
        raise InsufficientDataError(
            f"must hold {LEAST_DAYS} days of starts on seasoned markets before a revision",
            found=max(known.values(), default=0),
            field="prices",
            remedy="bring a history from 2021 on, or leave the choice as it ships",
        )
    chosen_from = tuple(candidates() if models is None else models)
    progress.start("forecast by every candidate", len(chosen_from) * len(samples))
    paths: dict[str, list[ForecastPaths]] = {one.name: [] for one in chosen_from}
    try:
        for model in chosen_from:
            for h in horizons_hours:
                paths[model.name].append(forecast(model, panel, h))
                progress.advance()
    finally:
        progress.finish()
    return DefaultChoice(
        reviews=review_candidates(
            samples, paths, [one.from_ns for one in reached], until_a_year=UNTIL_A_YEAR
        ),
        shipped=tuple(one.model.name for one in reached),
    )
