"""The insurance fund: ruin and Cover-k on a stated population, and what each market costs it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from plimsoll.calibration.evidence.proof import Proof
from plimsoll.calibration.fund.requirement import FundTarget, fund_part, fund_target
from plimsoll.calibration.fund.ruin import RuinRule, ruin_of_books
from plimsoll.calibration.part import CalibratedPart
from plimsoll.calibration.parts.fund_replay import FundDays, StatedPopulation, mean_days
from plimsoll.calibration.parts.fund_scenarios import LadderMove, cover_book, cover_requirements
from plimsoll.domain.finding import Reason
from plimsoll.domain.table import Column, ColumnKind, Table
from plimsoll.errors import InsufficientDataError

LEAST_MEMBERS = (2, 5)
YEARS_BEYOND = 40
"""Years drawn that lie beyond the quantile: 40,000 in all at 0.1 %."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FundSettings:
    """What the venue states, or its appetite.

    Parameters
    ----------
    population : StatedPopulation
    ladder : mapping of str to LadderMove
        Incident moves by risk class; a class without takes its worst day.
    available_usd : float or None
    ruin_probability_annual : float
    cover_members : int
    seed : int
    owner, label : str
    """

    population: StatedPopulation
    ladder: Mapping[str, LadderMove]
    available_usd: float | None = None
    ruin_probability_annual: float = 0.001
    cover_members: int = 2
    seed: int = 0
    owner: str = "risk"
    label: str = ""


def calibrated_fund(
    proof: Proof, books: Sequence[FundDays], settings: FundSettings
) -> CalibratedPart:
    """Size the fund; a history too short for ruin gives no target, and says so."""
    target = sized_fund(proof, books, settings)
    if isinstance(target, str):
        return _without(target, settings)
    part = fund_part(target, owner=settings.owner, label=settings.label)
    days = days_table(mean_days(books))
    return replace(part, tables=(*part.tables, population_table(settings), days))


def sized_fund(proof: Proof, books: Sequence[FundDays], settings: FundSettings) -> FundTarget | str:
    """Return the target by ruin and Cover-k, or why there is none."""
    rule = RuinRule(
        probability_annual=settings.ruin_probability_annual,
        years=int(np.ceil(YEARS_BEYOND / settings.ruin_probability_annual)),
        error_draws=8,
        seed=settings.seed,
    )
    try:
        ruin = ruin_of_books(
            [days.losses_usd.sum(axis=1) for days in books],
            rule,
            daily_inflow_usd=[float(days.fees_usd.sum(axis=1).mean()) for days in books],
        )
    except InsufficientDataError as error:
        return str(error)
    book = cover_book(proof, settings.population)
    members = sorted({*LEAST_MEMBERS, settings.cover_members})
    covers = cover_requirements(proof, book, settings.ladder, members)
    return fund_target(
        ruin,
        covers,
        covers_required=settings.cover_members,
        available_usd=settings.available_usd,
    )


def population_table(settings: FundSettings) -> Table:
    """Every assumption on who trades."""
    stated, law = settings.population, settings.population.law
    shares = ", ".join(f"{share:.0%}" for share in stated.holder_shares)
    rows = [
        ("median leverage", f"{law.median_leverage:g}"),
        ("spread of leverage (log sd)", f"{law.log_sd:g}"),
        ("mean time held", f"{law.mean_hold_hours:g} h"),
        ("answer margin calls", f"{law.answered:.0%}"),
        ("notional of an account", f"{law.least_usd:,.0f} to {law.most_usd:,.0f} USD"),
        ("largest owners, of each market's open interest", shares),
        ("accounts drawn a market and book", f"{stated.accounts_per_market:,}"),
        ("books drawn", f"{stated.books:,}"),
        *(
            (f"open interest of one side, {name}", f"{usd:,.0f} USD")
            for name, usd in stated.open_interest_usd.items()
        ),
        *(
            (f"incident, {name}", f"fall {move.fall:.0%}, rise {move.rise:.0%}")
            for name, move in settings.ladder.items()
        ),
    ]
    return Table(
        name="fund_population",
        title="Population of accounts that the fund is sized on: stated, not observed",
        columns=(Column(name="what", title="What"), Column(name="stated", title="Stated")),
        rows=tuple(rows),
        notes=(
            settings.label,
            "Replayed on closes under the margins published day by day; a market's accounts come "
            "evenly over its history. Close-outs do not move the mark.",
        ),
    )


def days_table(days: FundDays, count: int = 10) -> Table:
    """The days that cost the fund most, and where."""
    total = days.losses_usd.sum(axis=1)
    worst = [d for d in np.argsort(-total, kind="stable")[:count] if total[d] > 0.0]
    return Table(
        name="fund_worst_days",
        title="Days that would have taken most from the fund",
        columns=(
            Column(name="day", title="Day", kind=ColumnKind.TIME),
            Column(name="loss", title="Loss", kind=ColumnKind.MONEY, unit="USD", digits=0),
            Column(name="market", title="Most of it from"),
            Column(name="share", title="Its share", kind=ColumnKind.FRACTION, digits=0),
        ),
        rows=tuple(
            (
                int(days.time_ns[d]),
                float(total[d]),
                days.markets[int(np.argmax(days.losses_usd[d]))],
                float(days.losses_usd[d].max() / total[d]),
            )
            for d in worst
        ),
    )


def _without(why: str, settings: FundSettings) -> CalibratedPart:
    return CalibratedPart(
        name="fund",
        parameters=(),
        tables=(
            Table(
                name="fund_missing",
                title="Insurance fund: no target",
                columns=(
                    Column(name="reason", title="Reason"),
                    Column(name="about", title="About"),
                ),
                rows=((Reason.TOO_SHORT_HISTORY.value, why),),
            ),
            population_table(settings),
        ),
        limits=("The fund has no target: too few scored days.",),
    )
