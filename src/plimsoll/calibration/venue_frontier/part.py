"""What the appetite's choice adds to the evidence."""

from __future__ import annotations

import numpy as np

from plimsoll.calibration.appetite.targets import target_table
from plimsoll.calibration.folds.folded_result import LEAST_FOLDS, FoldedResult
from plimsoll.calibration.frontier.grid import BASE, CALM
from plimsoll.calibration.part import CalibratedPart
from plimsoll.calibration.venue_frontier.candidates import DEFAULT
from plimsoll.calibration.venue_frontier.frontier import VenueFrontier
from plimsoll.calibration.venue_frontier.honesty import (
    coins_left_out,
    crises_judged,
    folded_result,
    many_tried,
)
from plimsoll.calibration.venue_frontier.honesty_tables import (
    coins_table,
    crises_table,
    impulse_table,
    searches_table,
    tried_table,
)
from plimsoll.calibration.venue_frontier.impulse import Response, SimulatedLeg, responses
from plimsoll.calibration.venue_frontier.tables import (
    choices_table,
    frontier_table,
    objective_table,
)
from plimsoll.domain.evidence import Check, Verdict
from plimsoll.domain.table import Table

NAME = "appetite"
_NAMED = (CALM.name, BASE.name)
"""Whose response is told beside that of the policy in force."""


def appetite_part(found: VenueFrontier, price_note: str) -> CalibratedPart:
    """Return the tables, checks and limits of the choice; it sets no parameter of its own."""
    folded = folded_result(found)
    return CalibratedPart(
        name=NAME,
        parameters=(),
        tables=tuple(_tables(found, folded, price_note)),
        checks=tuple(_checks(found, folded)),
        limits=(*_limits(found), *_power(folded)),
    )


def _tables(found: VenueFrontier, folded: FoldedResult | None, price_note: str) -> list[Table]:
    stated = found.stated
    tables = [
        target_table(stated.appetite, stated.targets),
        frontier_table(found, price_note),
        objective_table(found),
        choices_table(found),
    ]
    if folded is not None:
        tables.append(folded.table())
    tried, coins = many_tried(found), coins_left_out(found)
    if tried is not None:
        tables.append(tried_table(tried, list(found.assessed)))
    tables.append(crises_table(found, crises_judged(found)))
    if coins is not None:
        tables.append(coins_table(found, coins))
    tables.append(impulse_table(found, responses_of(found)))
    if found.refined:
        tables.append(searches_table(found))
    return tables


def responses_of(found: VenueFrontier) -> tuple[Response, ...]:
    """Impulse responses of the policies in force and preferred, and of those named beside them."""
    named = (found.in_force, found.now.preferred, DEFAULT, *_NAMED)
    chosen = [name for name in dict.fromkeys(named) if name in found.assessed]
    record, reaction = found.record, found.judging.initial.reaction
    close_out, added = (
        SimulatedLeg(hours=int(np.median(leg.horizon_hours)), level=1.0 - leg.target)
        for leg in (record, reaction)
    )
    return responses(
        [found.assessed[name].candidate for name in chosen],
        close_out,
        added,
        found.judging.initial.link,
        int(record.time_ns[-1]),
    )


def _checks(found: VenueFrontier, folded: FoldedResult | None) -> list[Check]:
    checks = []
    if folded is not None and not _is_powerless(folded):
        checks.append(folded.check())
    last = found.choices[-1] if found.choices else None
    if last is None or not last.terms:
        verdict, told = Verdict.NOT_PROVEN, "less than a year was known at the last review"
    elif last.policy != last.preferred:
        verdict = Verdict.NOT_PROVEN
        told = f"{last.preferred} is preferred, on fewer than {LEAST_FOLDS} years"
    elif last.statement:
        verdict, told = Verdict.BREACH, last.statement
    else:
        verdict = Verdict.HOLDS
        told = f"{last.policy}; {last.holding} of {len(last.terms)} policies hold all"
    checks.append(
        Check(
            name="A policy holds the appetite's constraints",
            verdict=verdict,
            found=told,
            demanded="one that holds every constraint on the days known at the last review",
        )
    )
    return checks


def _is_powerless(folded: FoldedResult) -> bool:
    """Nothing found, and no folds to find it with: a limit of the data, not of the policy."""
    return folded.verdict is Verdict.NOT_PROVEN and not folded.has_power


def _power(folded: FoldedResult | None) -> list[str]:
    if folded is None:
        return ["No year has been judged after a choice: over-fitting cannot be looked for."]
    if not _is_powerless(folded):
        return []
    count, check = len(folded.folds), folded.check()
    return [
        f"{count} folds cannot prove that the choice is not fitted "
        f"to its past: in-sample minus out-of-sample gap {check.found}; demanded {check.demanded}. "
        f"{folded.limit.standard_errors:g} standard errors come to {100.0 * folded.noise:.1f} %."
        if count > 1
        else f"One fold cannot prove that the choice is not fitted to its past: {check.found}."
    ]


def _limits(found: VenueFrontier) -> list[str]:
    stated = list(found.stated.raised)
    rulebook = found.stated.appetite.regulation
    if rulebook is not None:
        stated.append(
            f"Targets are raised to {rulebook.title}; its look-back, stress and offset rules are "
            "listed, not enforced here."
        )
    stated.append(
        "The policy is the appetite's choice of "
        f"{found.tried} on known days; young markets and days without a policy's number "
        "keep the forecaster's margin, which falls no faster than the policy in force allows."
    )
    missing = [one.crisis.name for one in found.crises.not_covered]
    if missing:
        stated.append(f"Crises that the data do not cover: {', '.join(missing)}.")
    return stated
