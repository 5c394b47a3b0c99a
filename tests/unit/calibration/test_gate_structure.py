"""The gate reads the set as published: structure, frozen rates, and what the engine makes of it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from gate_proofs import in_set, made

from plimsoll.calibration.evidence.engine_check import engine_check
from plimsoll.calibration.evidence.gate import checks
from plimsoll.domain.evidence import Verdict
from plimsoll.domain.parameters import Origin


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("tier[1].maintenance_rate", "0.001", "MM below the tier before"),
        ("tier[1].initial_rate", "0.001", "IM below the tier before"),
        ("tier[1].cap_usd", "1", "cap not above the one before"),
        ("tier[0].max_leverage", "125", "leverage x IM above 1"),
        ("tier[0].max_leverage", "1", "leverage asks more than IM"),
        ("tier[0].maintenance_rate", "0.2", "MM / IM above 0.5"),
    ],
)
def test_the_structure_is_that_of_the_set_as_published(name: str, value: str, told: str) -> None:
    proof, parameters = in_set(name, Decimal(value))
    found = {check.name: check for check in checks(proof, parameters)}
    assert found["Structure of the tiers"].verdict is Verdict.BREACH
    assert told in found["Structure of the tiers"].found


def test_a_set_without_a_tier_proves_nothing_of_its_structure() -> None:
    proof, parameters = made()
    found = {c.name: c for c in checks(replace(proof, solutions=()), parameters)}
    for name in ("Structure of the tiers", "Margin engine on probe positions"):
        assert found[name].verdict is Verdict.NOT_PROVEN


def test_a_frozen_rate_promises_its_need_less_what_is_noise() -> None:
    """Within 1.5 standard errors the incumbent's rate may stand; below that it is found."""
    proof, parameters = made()
    market = "KEEL/USDT:USDT"
    solution = next(s for s in proof.solutions if s.spec.symbol == market)
    (table,) = solution.tables
    need = table.found.promised_usd(1.0)
    for errors, verdict in ((1.0, Verdict.HOLDS), (2.0, Verdict.BREACH)):
        rate = Decimal(f"{need - errors * solution.price_risk_error:.9f}")
        held = [
            replace(p, value=rate, grid=None, origin=Origin.FROZEN)
            if (p.market, p.name) == (market, "tier[0].maintenance_rate")
            else p
            for p in parameters
        ]
        found = engine_check(proof, replace(parameters, parameters=tuple(held)))
        assert (found.verdict is Verdict.HOLDS) is (verdict is Verdict.HOLDS), found.found


def test_the_engine_finds_a_table_that_is_not_read_as_published() -> None:
    """Shorts of the set pay twice the rates, by a table that the proof does not know."""
    proof, parameters = made()
    spar = next(s for s in proof.solutions if s.spec.symbol == "SPAR/USDT:USDT")
    shorts = [
        replace(p, name=f"short.{p.name}")
        for p in parameters
        if p.market == spar.spec.symbol and p.name.startswith("tier[")
    ]
    apart = replace(
        parameters,
        parameters=tuple(
            sorted(
                (replace(p, value=2 * p.value) if p.name.endswith("_rate") else p for p in shorts),
                key=lambda p: p.key,
            )
        ),
    )
    both = sorted((*parameters, *apart), key=lambda p: p.key)
    found = engine_check(proof, replace(parameters, parameters=tuple(both)))
    assert found.verdict is Verdict.BREACH
    assert found.found == "not as published: SPAR/USDT:USDT"
