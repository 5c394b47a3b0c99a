"""Tables of how far the choice can be trusted, and of how fast it moves."""

from __future__ import annotations

from plimsoll.calibration.frontier.impulse import DAYS_AFTER
from plimsoll.calibration.venue_frontier.frontier import VenueFrontier
from plimsoll.calibration.venue_frontier.honesty import CoinsLeftOut, CrisisJudged, ManyTried
from plimsoll.domain.table import Cell, Column, ColumnKind, Table

_FRACTION, _NUMBER, _COUNT = ColumnKind.FRACTION, ColumnKind.NUMBER, ColumnKind.COUNT


def tried_table(tried: ManyTried) -> Table:
    """Daily quantile loss of every policy, what luck explains, and the test against the default."""
    deflated, test = tried.deflated, tried.against_default
    ranked = sorted(tried.names, key=lambda name: tried.losses[name])
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


def impulse_table(found: VenueFrontier, responses: dict[str, tuple[float, ...]]) -> Table:
    """How fast policies take up a doubling of volatility."""
    return Table(
        name="policy_impulse",
        title="Impulse response to a doubling of volatility",
        columns=(
            Column(name="policy", title="Policy"),
            *(
                Column(name=f"day_{day}", title=f"After {day} d", kind=_NUMBER)
                for day in DAYS_AFTER
            ),
        ),
        rows=tuple((name, *values) for name, values in responses.items()),
        notes=(
            "Margin over that before the step, median over simulated markets with independent "
            "Student-t moves; a full answer is 2. Simulated, not the venue's prices. log_blend "
            "learns its weights from a panel and is not simulated here.",
            f"Tools that the venue or its rulebook demands on top: "
            f"{found.stated.targets.tools.names}.",
        ),
    )
