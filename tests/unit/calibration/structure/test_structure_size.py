"""A venue of 350 markets: every rule holds exactly, and parts are solved apart."""

from __future__ import annotations

from decimal import Decimal as D

from plimsoll.calibration.structure import (
    GovernedVariable,
    Rule,
    Weights,
    check_set,
    link_rule,
    monotone_tiers,
    need_rule,
    solve_set,
    tier_key,
)
from plimsoll.domain.parameters import Unit

MARKETS, TIERS = 350, 3


def test_350_markets_in_one_call() -> None:
    variables: list[GovernedVariable] = []
    rules: list[Rule] = []
    target: dict[str, float] = {}
    for number in range(MARKETS):
        market = f"M{number:03d}"
        rules += monotone_tiers(market, TIERS)
        for tier in range(TIERS):
            names = ("maintenance_rate", "initial_rate")
            keys = m, i = [tier_key(market, tier, name) for name in names]
            need = 0.01 + 0.0001 * ((37 * number + 11 * tier) % 200)
            variables += [
                GovernedVariable(
                    key=k, unit=Unit.FRACTION, lower=D(0), upper=D(1), step=D("0.0005")
                )
                for k in keys
            ]
            rules += [need_rule(m, need), link_rule(m, i, D("0.5"))]
            target |= {m: need, i: 1.5 * need}
    solved = solve_set(variables, rules, target, Weights())
    assert solved.components == MARKETS
    assert check_set(variables, rules, solved.values) == ()
