"""Tables of the yearly choice of the default: what was chosen, and what it was chosen from."""

from __future__ import annotations

from collections.abc import Sequence

from plimsoll.domain.table import Cell, Column, ColumnKind, Table, iso_minute
from plimsoll.validation.comparison.columns import count, number, share
from plimsoll.validation.comparison.walk_forward_choice import (
    HorizonFigures,
    Review,
    ReviewedCandidate,
)


def choice_table(reviews: Sequence[Review]) -> Table:
    """One row a review: how many held all lines, which was taken, and how it had done before."""
    hours = [one.horizon_hours for one in reviews[0].chosen.horizons]
    return Table(
        name="default_choice",
        title="Choice of the default at each review, from earlier data alone",
        columns=(
            Column(name="review", title="Review", kind=ColumnKind.TEXT),
            count("known_days", "Days known", "With scored starts."),
            count("candidates", "Candidates", "With forecasts on the earlier data."),
            count("holding", "Holding all", "Candidates that held every line at every horizon."),
            Column(name="chosen", title="Chosen", kind=ColumnKind.TEXT),
            *_figure_columns(hours),
            Column(name="missed", title="Lines missed", kind=ColumnKind.TEXT),
            Column(name="runner_up", title="Runner-up", kind=ColumnKind.TEXT),
            number("excess_gap", "its excess less", 3, "Sum of excesses less the chosen one's."),
            number("score_gap", "its FZ0 less", 4, "Mean FZ0 less the chosen one's."),
        ),
        rows=tuple(
            (
                iso_minute(one.at_ns)[:10],
                one.known_days,
                len(one.candidates),
                one.holding,
                one.chosen.name,
                *_figure_cells(one.chosen),
                ", ".join(one.chosen.missed),
                *_runner_up_cells(one),
            )
            for one in reviews
        ),
        notes=(
            "Figures are of the starts whose moves had ended by the review; what was chosen is in "
            "force after it.",
            "Taken: the lowest mean FZ0 of those that hold every line; where none does, the least "
            "sum of relative excesses; before a year is known the calmest and most careful.",
            f"Lines: {reviews[0].lines}.",
            "The runner-up is the next best by the same rule; the gaps say what decided.",
        ),
    )


def _runner_up_cells(review: Review) -> tuple[Cell, ...]:
    second = review.runner_up
    if second is None:
        return ("", float("nan"), float("nan"))
    chosen = review.chosen
    return (second.name, second.excess - chosen.excess, second.score - chosen.score)


def candidates_table(review: Review) -> Table:
    """Every candidate of one review, the best first."""
    day = iso_minute(review.at_ns)[:10]
    hours = [one.horizon_hours for one in review.chosen.horizons]
    return Table(
        name=f"default_candidates_{day}",
        title=f"Candidates for the default at the review of {day}",
        columns=(
            Column(name="candidate", title="Candidate", kind=ColumnKind.TEXT),
            *_figure_columns(hours),
            number("excess", "Excess", 3, "Sum of what it misses lines by, relative to each."),
            Column(name="missed", title="Lines missed", kind=ColumnKind.TEXT),
        ),
        rows=tuple(
            (one.name, *_figure_cells(one), one.excess, ", ".join(one.missed))
            for one in review.ranked
        ),
        notes=(),
    )


def _figure_columns(hours: Sequence[int]) -> tuple[Column, ...]:
    return tuple(
        column
        for h in hours
        for column in (
            share(f"breach_{h}h", f"Breach {h} h"),
            share(f"worst_quartile_{h}h", f"Worst quartile {h} h"),
            share(f"kupiec_{h}h", f"Kupiec {h} h", "Share of market-sides rejected at 5 %."),
            number(f"peak_to_trough_{h}h", f"PT {h} h", 2),
            number(f"fz0_{h}h", f"FZ0 {h} h", 3),
        )
    )


def _figure_cells(candidate: ReviewedCandidate) -> tuple[Cell, ...]:
    return tuple(cell for one in candidate.horizons for cell in _horizon_cells(one))


def _horizon_cells(found: HorizonFigures) -> tuple[Cell, ...]:
    figures = found.figures
    return (
        figures.pooled.rate,
        figures.worst_quartile,
        figures.kupiec.share,
        found.peak_to_trough,
        figures.fz0,
    )
