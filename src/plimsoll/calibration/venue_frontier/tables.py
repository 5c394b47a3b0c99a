"""Tables of a venue's frontier."""

from __future__ import annotations

import numpy as np

from plimsoll.calibration.folds.folded_result import LEAST_FOLDS
from plimsoll.calibration.frontier.pareto import non_dominated
from plimsoll.calibration.venue_frontier.choice import VenueChoice
from plimsoll.calibration.venue_frontier.frontier import VenueFrontier
from plimsoll.calibration.venue_frontier.terms import PolicyTerms
from plimsoll.domain.table import Cell, Column, ColumnKind, Table, iso_minute

FRONTIER = "policy_frontier"
_FRACTION, _NUMBER, _COUNT = ColumnKind.FRACTION, ColumnKind.NUMBER, ColumnKind.COUNT


def pareto_flags(choice: VenueChoice) -> dict[str, bool]:
    """Whether no other policy is as cheap and as calm, and better in one."""
    names = list(choice.terms)
    if not names:
        return {}
    points = np.array([(t.cost, t.peak_to_trough) for t in choice.terms.values()])
    return dict(zip(names, non_dominated(points).tolist(), strict=True))


def frontier_table(found: VenueFrontier, price_note: str) -> Table:
    """Every policy that was tried, with every term of the objective."""
    flags, weight = pareto_flags(found.now), found.capital_weight
    rows = tuple(_row(found, name, terms, flags[name]) for name, terms in found.now.terms.items())
    limits = found.limits
    return Table(
        name=FRONTIER,
        title="Margin policies tried, and the one in force",
        columns=(
            Column(name="policy", title="Policy"),
            Column(name="cost", title="Mean margin over B's", kind=_NUMBER, digits=3),
            Column(name="peak_to_trough", title="Peak / trough, year", kind=_NUMBER),
            Column(name="objective", title="Objective", kind=_NUMBER, digits=4),
            Column(name="call_5d", title="5-day rise", kind=_FRACTION, digits=1),
            Column(name="call_20d", title="20-day rise", kind=_FRACTION, digits=1),
            Column(name="churn", title="Churn, a day", kind=_FRACTION),
            Column(name="breach_rate", title="Breach rate", kind=_FRACTION),
            Column(name="year_low", title="Lowest year", kind=_FRACTION),
            Column(name="year_high", title="Highest year", kind=_FRACTION),
            Column(name="worst_quartile", title="Worst quartile", kind=_FRACTION),
            Column(name="uncovered", title="Uncovered, of margin", kind=_FRACTION),
            Column(name="broken", title="Constraints not held"),
            Column(name="pareto", title="On the edge"),
            Column(name="in_force", title="In force"),
        ),
        rows=rows,
        notes=(
            price_note,
            f"{len(found.assessed)} policies tried, all of them in this table. B: one year of "
            "history with the 25 % buffer at 99 %. Mean margin over B's: at B's breach rate, one "
            "scale found afterwards. Rates are as lived, at levels set each New Year from earlier "
            "days so that the breach rate of each close-out horizon is the target; log_blend as it "
            "is. Mature markets, days since the first review.",
            f"Objective: {weight:.2f} x mean margin over B's + {1.0 - weight:.2f} x (peak / trough "
            "- 1), the weight as the appetite has it; the other columns enter as limits or not at "
            "all. Liquidations of solvent users are not replayed here: weight 0.",
            f"Limits: peak / trough {limits.peak_to_trough:g}, 5-day rise "
            f"{limits.five_day_rise:.0%}, uncovered {limits.uncovered:.2%} of margin, and the "
            "bands of the coverage lines in every calendar year on record"
            + (
                "." if limits.lower_bounds else ", upper ends only: a demanded tool raises margins."
            ),
        ),
    )


def _row(found: VenueFrontier, name: str, terms: PolicyTerms, edge: bool) -> tuple[Cell, ...]:
    years = list(terms.years.values())
    broken = found.now.broken[name]
    return (
        name,
        terms.cost,
        terms.peak_to_trough,
        terms.objective(found.capital_weight),
        terms.call_5,
        terms.call_20,
        terms.churn,
        terms.pooled,
        min(years, default=None),
        max(years, default=None),
        terms.worst_quartile,
        terms.uncovered,
        ", ".join(f"{one.kind} +{one.excess:.0%}" for one in broken) or "none",
        "yes" if edge else "no",
        "yes" if name == found.in_force else "no",
    )


def choices_table(found: VenueFrontier) -> Table:
    """What every review chose, and from what."""
    rows = []
    for choice in (*found.choices, found.now):
        last = choice is found.now
        terms = choice.terms.get(choice.preferred)
        at = found.record.time_ns[min(choice.row, found.record.days - 1)]
        rows.append(
            (
                "next review" if last else iso_minute(int(at)),
                choice.policy,
                choice.preferred,
                choice.known_days,
                choice.holding if choice.terms else None,
                None if terms is None else terms.cost,
                None if terms is None else terms.peak_to_trough,
                _levels(found, choice),
                choice.statement or ("" if choice.terms else "less than a year is known"),
            )
        )
    return Table(
        name="policy_choices",
        title="Policy chosen at every New Year",
        columns=(
            Column(name="review", title="Review"),
            Column(name="policy", title="In force"),
            Column(name="preferred", title="Preferred"),
            Column(name="known_days", title="Days known", kind=_COUNT),
            Column(name="holding", title="Policies that hold all", kind=_COUNT),
            Column(name="cost", title="Mean margin over B's", kind=_NUMBER, digits=3),
            Column(name="peak_to_trough", title="Peak / trough, year", kind=_NUMBER),
            Column(name="levels", title="Levels by horizon"),
            Column(name="remark", title="Remark"),
        ),
        rows=tuple(rows),
        notes=(
            "Each from days whose losses had ended before it. What is preferred comes into force "
            f"once {LEAST_FOLDS} years are known. Figures are of the preferred. "
            "Level: scale of all margins of a close-out horizon until the next review.",
        ),
    )


def _levels(found: VenueFrontier, choice: VenueChoice) -> str:
    row = min(choice.row, found.record.days - 1)
    levels, hours = found.assessed[choice.policy].levels[row], found.record.horizon_hours
    return ", ".join(f"{h} h {levels[hours == h][0]:.3f}" for h in np.unique(hours))
