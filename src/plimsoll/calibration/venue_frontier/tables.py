"""Tables of a venue's frontier."""

from __future__ import annotations

import math

import numpy as np

from plimsoll.calibration.folds.folded_result import LEAST_FOLDS
from plimsoll.calibration.frontier.pareto import non_dominated
from plimsoll.calibration.venue_frontier.choice import VenueChoice
from plimsoll.calibration.venue_frontier.constraints import Shortfall
from plimsoll.calibration.venue_frontier.frontier import VenueFrontier
from plimsoll.calibration.venue_frontier.initial_leg import CALL_HOURS
from plimsoll.calibration.venue_frontier.terms import PolicyTerms
from plimsoll.domain.table import Cell, Column, ColumnKind, Table, iso_minute

FRONTIER, OBJECTIVE = "policy_frontier", "policy_objective"
_FRACTION, _NUMBER, _COUNT = ColumnKind.FRACTION, ColumnKind.NUMBER, ColumnKind.COUNT


def pareto_flags(choice: VenueChoice) -> dict[str, bool]:
    """Whether no other policy is as cheap and as calm, and better in one."""
    names = list(choice.terms)
    if not names:
        return {}
    points = np.array([(t.cost, t.maintenance.peak_to_trough) for t in choice.terms.values()])
    return dict(zip(names, non_dominated(points).tolist(), strict=True))


def frontier_table(found: VenueFrontier, price_note: str) -> Table:
    """Every policy that was tried, with every figure that it is judged on."""
    flags = pareto_flags(found.now)
    return Table(
        name=FRONTIER,
        title="Margin policies tried, and the one in force",
        columns=(
            Column(name="policy", title="Policy"),
            Column(name="cost", title="Mean margin over B's", kind=_NUMBER, digits=3),
            Column(name="objective", title="Objective", kind=_NUMBER, digits=4),
            Column(name="peak_to_trough", title="Peak / trough, year, MM", kind=_NUMBER),
            Column(name="peak_to_trough_initial", title="Peak / trough, IM", kind=_NUMBER),
            Column(name="call_5d", title="5-day rise, MM", kind=_FRACTION, digits=1),
            Column(name="call_5d_initial", title="5-day rise, IM", kind=_FRACTION, digits=1),
            Column(name="call_20d", title="20-day rise, MM", kind=_FRACTION, digits=1),
            Column(name="call_20d_initial", title="20-day rise, IM", kind=_FRACTION, digits=1),
            Column(name="churn", title="Churn, a day, MM", kind=_FRACTION),
            Column(name="churn_initial", title="Churn, IM", kind=_FRACTION),
            Column(name="breach_rate", title="Breach rate", kind=_FRACTION),
            Column(name="year_low", title="Lowest year", kind=_FRACTION),
            Column(name="year_high", title="Highest year", kind=_FRACTION),
            Column(name="worst_quartile", title="Worst quartile", kind=_FRACTION),
            Column(name="reaction", title="Breach rate, reaction", kind=_FRACTION),
            Column(name="uncovered", title="Uncovered, of margin", kind=_FRACTION),
            Column(
                name="fund_draw", title="Worst days", kind=ColumnKind.MONEY, unit="USD", digits=0
            ),
            Column(name="broken", title="Constraints not held"),
            Column(name="pareto", title="On the edge"),
            Column(name="in_force", title="In force"),
        ),
        rows=tuple(
            _row(found, name, terms, flags[name]) for name, terms in found.now.terms.items()
        ),
        notes=(price_note, *_frontier_notes(found)),
    )


def _frontier_notes(found: VenueFrontier) -> tuple[str, ...]:
    limits = found.limits
    return (
        f"{found.tried} policies tried, {len(found.assessed)} of them in this table. B: one year "
        "of history with the 25 % buffer at 99 %. Mean margin over B's: at B's breach rate, one "
        "scale found afterwards. Rates are as lived, at levels set each New Year from earlier "
        "days so that the breach rate of each close-out horizon is the target; log_blend as it "
        "is. Mature markets, days since the first review.",
        "MM: the price risk over the close-out, without cost and fee, before levels. IM: max(MM + "
        "reaction, MM / link) with cost and fee, as lived, before it is rounded to a leverage. A "
        "policy and its tools act on both: on the price risk and on what the reaction time adds.",
        f"Limits, on MM and on IM: peak / trough {limits.peak_to_trough:g}, 5-day rise "
        f"{limits.five_day_rise:.0%}. Uncovered {limits.uncovered:.2%} of margin; the bands of the "
        "coverage lines in every calendar year on record"
        + ("" if limits.lower_bounds else ", upper ends only: a demanded tool raises margins")
        + "; breaches of what the reaction adds, pooled, upper end of the band.",
        "Worst days: the mean of the worst hundredth of days of what losses beyond maintenance "
        "margins come to on the stated open interest, every position of both sides at its margin "
        "and opened at the day's worst start: more than a fund would have paid; "
        + (
            "no fund is stated."
            if limits.fund_usd is None
            else f"at most the stated fund, {limits.fund_usd:,.0f} USD."
        ),
    )


def _fault(one: Shortfall) -> str:
    return f"{one.kind} +{one.excess:.0%}" if math.isfinite(one.excess) else one.kind


def _row(found: VenueFrontier, name: str, terms: PolicyTerms, edge: bool) -> tuple[Cell, ...]:
    years = list(terms.years.values())
    broken = found.now.broken[name]
    maintenance, initial = terms.maintenance, terms.initial
    return (
        name,
        terms.cost,
        terms.objective(found.weights),
        maintenance.peak_to_trough,
        initial.peak_to_trough,
        maintenance.call_5,
        initial.call_5,
        maintenance.call_20,
        initial.call_20,
        maintenance.churn,
        initial.churn,
        terms.pooled,
        min(years, default=None),
        max(years, default=None),
        terms.worst_quartile,
        terms.reaction,
        terms.uncovered,
        terms.fund_draw_usd,
        ", ".join(_fault(one) for one in broken) or "none",
        "yes" if edge else "no",
        "yes" if name == found.in_force else "no",
    )


_TERMS = {
    "capital": "mean margin over B's",
    "peak_to_trough": "peak / trough of a year - 1",
    "five_day_call": "largest 5-day rise",
    "churn": "churn a week",
    "solvent_liquidations": "solvent users closed out, a week",
}


def _opened(title: str) -> str:
    return title[:1].upper() + title[1:]


def objective_table(found: VenueFrontier) -> Table:
    """What each term adds to the objective of every policy, and what was measured."""
    weights = found.weights.by_term
    return Table(
        name=OBJECTIVE,
        title="What the policies are chosen by",
        columns=(
            Column(name="policy", title="Policy"),
            *(
                Column(name=name, title=f"{weight:g} x {_TERMS[name]}", kind=_NUMBER, digits=4)
                for name, weight in weights.items()
            ),
            Column(name="objective", title="Objective", kind=_NUMBER, digits=4),
            *(
                Column(name=f"{name}_measured", title=_opened(_TERMS[name]), kind=_NUMBER)
                for name in weights
            ),
        ),
        rows=tuple(
            (
                name,
                *terms.parts(found.weights).values(),
                terms.objective(found.weights),
                *terms.measured.values(),
            )
            for name, terms in found.now.terms.items()
        ),
        notes=(
            "Weighted terms first, their sum, and the terms as measured. Swings, calls and churn "
            "are of the leg that moves more, MM or IM; medians over market-sides. What the "
            "days known cannot measure of any policy adds nothing; a policy that lacks what "
            "another has is not chosen.",
            "Weights: stated, or those of the profile: the capital weight on the mean margin, the "
            "rest shared out.",
            "Solvent users closed out: positions opened at each midnight with IM paid in, closed "
            "out within the day at the first bar at which equity is below MM, though not negative "
            f"at the next margin call (every {CALL_HOURS} h); seven times their share of positions "
            "and days. Closes of bars; nobody adds collateral; close-outs do not move the mark. "
            "The replay of accounts is `plimsoll backtest solvent`.",
        ),
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
                None if terms is None else terms.maintenance.peak_to_trough,
                None if terms is None else terms.initial.peak_to_trough,
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
            Column(name="peak_to_trough", title="Peak / trough, year, MM", kind=_NUMBER),
            Column(name="peak_to_trough_initial", title="Peak / trough, IM", kind=_NUMBER),
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
