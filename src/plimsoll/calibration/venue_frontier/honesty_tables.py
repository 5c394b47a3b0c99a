"""Tables of how far the choice can be trusted, and of how fast it moves."""

from __future__ import annotations

from plimsoll.calibration.frontier.impulse import DAYS_AFTER
from plimsoll.calibration.venue_frontier.frontier import VenueFrontier
from plimsoll.calibration.venue_frontier.honesty import CoinsLeftOut, CrisisJudged, ManyTried
from plimsoll.calibration.venue_frontier.impulse import Response
from plimsoll.domain.table import Cell, Column, ColumnKind, Table

_FRACTION, _NUMBER, _COUNT = ColumnKind.FRACTION, ColumnKind.NUMBER, ColumnKind.COUNT


def tried_table(tried: ManyTried, shown: list[str]) -> Table:
    """Daily quantile loss of policies, what luck explains, and the test against the default.

    The tests count every policy tried; ``shown`` are those with a row.
    """
    deflated, test = tried.deflated, tried.against_default
    ranked = sorted(shown, key=lambda name: tried.losses[name])
    return Table(
        name="policies_deflated",
        title="The best of many, deflated",
        columns=(
            Column(name="policy", title="Policy"),
            Column(name="loss", title="Mean daily quantile loss", kind=_FRACTION, digits=4),
        ),
        rows=tuple((name, tried.losses[name]) for name in ranked),
        notes=(
            "Margin plus losses beyond it over the target rate, as lived, mean over days.",
            f"Best of {deflated.trials}: {tried.names[deflated.best]} at {deflated.found:.4%}, "
            f"deflated {deflated.deflated:.4%}; luck {deflated.luck:.4%} "
            f"(effective trials {deflated.effective_trials:.1f}).",
            f"Superior predictive ability against log_blend: p = {test.p_value:.3f} "
            f"(between {test.p_lower:.3f} and {test.p_upper:.3f}); small where a policy is truly "
            "better on this loss. It knows nothing of swings: a calmer policy may well lose.",
        ),
    )


def crises_table(found: VenueFrontier, judged: tuple[CrisisJudged, ...]) -> Table:
    """Each crisis by what was chosen without it; those that the data do not cover."""
    rows: list[tuple[Cell, ...]] = [
        (
            one.crisis,
            one.policy,
            one.starts,
            one.broke,
            one.in_force,
            one.default,
            one.yardstick,
            "judged",
        )
        for one in judged
    ]
    rows += [
        (one.crisis.name, None, 0, None, None, None, None, f"NOT COVERED: {one.reason}")
        for one in found.crises.not_covered
    ]
    return Table(
        name="policy_without_crisis",
        title="Choice and level without each crisis, judged on it",
        columns=(
            Column(name="crisis", title="Crisis"),
            Column(name="policy", title="Chosen without it"),
            Column(name="starts", title="Starts", kind=_COUNT),
            Column(name="broke", title="Breaches", kind=_COUNT),
            Column(name="in_force", title="Of what was in force", kind=_COUNT),
            Column(name="default", title="Of log_blend", kind=_COUNT),
            Column(name="yardstick", title="Of B", kind=_COUNT),
            Column(name="state", title="State"),
        ),
        rows=tuple(sorted(rows, key=lambda row: str(row[0]))),
        notes=(
            "Learnt on both sides of the crisis, with an embargo: no forecast. B aims at half the "
            "breaches of a 99 % margin.",
        ),
    )


def coins_table(found: VenueFrontier, coins: CoinsLeftOut) -> Table:
    """How the choice stands with the figures of each family of coins left out."""
    rows: list[tuple[Cell, ...]] = [(found.now.preferred, coins.same)]
    rows += [(name, count) for name, count in coins.others]
    return Table(
        name="policy_without_coin",
        title="Sensitivity of the choice to the figures of each coin",
        columns=(
            Column(name="policy", title="Chosen"),
            Column(name="families", title="Families left out", kind=_COUNT),
        ),
        rows=tuple(rows),
        notes=(
            f"Unchanged in {coins.same} of {coins.families}"
            + (f"; not without {', '.join(coins.left)}." if coins.left else "."),
            "A sensitivity of figures on the same margins, not a calibration without the coin: "
            "figures are taken anew without the family, while margins, levels and scales stay "
            "those learnt from all coins, the left-out among them.",
            f"What is so chosen breaks on the family at {coins.rate_low:.2%} to "
            f"{coins.rate_high:.2%}, on margins that have seen it.",
        ),
    )


def impulse_table(found: VenueFrontier, responses: tuple[Response, ...]) -> Table:
    """How fast policies take up a doubling of volatility."""
    return Table(
        name="policy_impulse",
        title="Impulse response to a doubling of volatility",
        columns=(
            Column(name="policy", title="Policy"),
            *(
                Column(name=f"{leg}_{day}", title=f"{title}, after {day} d", kind=_NUMBER)
                for leg, title in (("maintenance", "MM"), ("initial", "IM"))
                for day in DAYS_AFTER
            ),
            Column(name="in_force", title="In force"),
        ),
        rows=tuple(
            (
                one.policy,
                *one.maintenance,
                *one.initial,
                "yes" if one.policy == found.in_force else "no",
            )
            for one in responses
        ),
        notes=(
            "Margin over that before the step, median over simulated markets with independent "
            "Student-t moves; a full answer is 2. Simulated, not the venue's prices: two years of "
            "calm before the step, the venue's median horizons, no cost and fee. log_blend learns "
            "its weights from the simulated markets.",
            f"Tools that the venue or its rulebook demands on top: "
            f"{found.stated.targets.tools.names}.",
        ),
    )


def searches_table(found: VenueFrontier) -> Table:
    """What the searches found at each review, from the days known there."""
    return Table(
        name="policy_searches",
        title="Searches from the best designed policy",
        columns=(
            Column(name="review", title="New Year of"),
            Column(name="start", title="Begun from"),
            Column(name="tried", title="Policies tried", kind=_COUNT),
            Column(name="begun_excess", title="Excess at the start", kind=_NUMBER, digits=3),
            Column(name="begun", title="Objective at the start", kind=_NUMBER, digits=4),
            Column(name="found_excess", title="Excess found", kind=_NUMBER, digits=3),
            Column(name="found", title="Objective found", kind=_NUMBER, digits=4),
            Column(name="tools", title="Tools of what was found"),
        ),
        rows=tuple(
            (
                str(int(found.record.year[min(one.row, found.record.days - 1)])),
                one.start,
                len(one.daily),
                *one.begun,
                *one.found,
                one.paths.candidate.tools,
            )
            for one in found.refined
        ),
        notes=(
            "Excess: what constraints are broken by, summed; 0 where all hold. Each search sees "
            "the days known at its review alone; every policy that it tried counts in the "
            "corrections for many tried. What was found comes into force only where a review "
            "prefers it to the designed policies.",
        ),
    )
