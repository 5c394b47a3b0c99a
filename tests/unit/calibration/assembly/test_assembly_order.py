"""Orders between tables: asked, the riskier has nowhere lower rates; not asked, nothing changes."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import pytest

from plimsoll.calibration.assembly.dated import dated_tables
from plimsoll.calibration.assembly.joint import FrozenTiers, solve_tables
from plimsoll.calibration.assembly.ladders import Candidate, candidate
from plimsoll.calibration.assembly.needs import SideRisk, TableNeed
from plimsoll.calibration.assembly.order import TablePair, connected_tables, overlaps, table_pairs
from plimsoll.calibration.problem import Structure
from plimsoll.calibration.rounding import initial_rate_of, leverage_down
from plimsoll.calibration.set_evidence.checks import order_check
from plimsoll.calibration.set_plan import ExpiryBucket, OrderPlan, StepPlan, TierPlan
from plimsoll.calibration.solve import SolvedTable
from plimsoll.calibration.tier_fit import SizeCost
from plimsoll.domain.evidence import Verdict
from plimsoll.domain.tiers import Tier, TierTable

STRUCTURE = Structure()
ASKED = OrderPlan(classes=("large", "major", "small"), expiries=True)


def need(market: str, risk_class: str, price: float, *caps: int) -> TableNeed:
    return TableNeed(
        market=market,
        prefix="",
        risk=SideRisk(price=price, price_error=0.002, reaction=0.02, reaction_error=0.002),
        cost=SizeCost(cost=0.0, fee=0.0, impact=0.5, volatility_daily=0.05, adv_usd=1e8),
        caps_usd=tuple(Decimal(cap) for cap in caps),
        horizon_hours=1,
        risk_class=risk_class,
    )


SAFE = need("ETH", "large", 0.030, 50_000, 1_000_000, 20_000_000)
CALM = need("TRX", "major", 0.010, 10_000, 100_000, 5_000_000)
WILD = need("LUNA", "small", 0.080, 5_000, 500_000)
NEAR = SAFE.in_bucket(ExpiryBucket(up_to_days=30, basis_rate=Decimal(0)), None)
FAR = SAFE.in_bucket(ExpiryBucket(up_to_days=190, basis_rate=Decimal(0)), None)


def solved(*needs: TableNeed, plan: OrderPlan, errors: float = 1.5) -> dict[str, FrozenTiers]:
    return solve_tables(
        [candidate(one, TierPlan(), STRUCTURE) for one in needs],
        STRUCTURE,
        standard_errors=errors,
        coverage_rejected=False,
        pairs=table_pairs(plan, needs),
    )


def rates(found: FrozenTiers) -> list[Decimal]:
    return [tier.tier.maintenance_rate for tier in found.tiers]


def test_pairs_are_neighbouring_classes_and_expiries() -> None:
    needs = [SAFE, FAR, NEAR, CALM, WILD]
    assert table_pairs(OrderPlan(), needs) == ()
    assert table_pairs(ASKED, needs) == (
        TablePair(safer="ETH", riskier="ETH#30d"),
        TablePair(safer="ETH#30d", riskier="ETH#190d"),
        TablePair(safer="ETH", riskier="TRX"),
        TablePair(safer="TRX", riskier="LUNA"),
    )


def test_a_class_between_that_ends_early_does_not_hide_the_order_beyond_it() -> None:
    short, long = replace(CALM, caps_usd=CALM.caps_usd[:1]), WILD
    assert TablePair(safer="ETH", riskier="LUNA") in table_pairs(ASKED, [SAFE, short, long])


def test_a_calm_market_of_a_riskier_class_is_raised_at_every_size() -> None:
    plain = solved(SAFE, CALM, WILD, plan=OrderPlan())
    asked = solved(SAFE, CALM, WILD, plan=ASKED)
    assert rates(asked["ETH"]) == rates(plain["ETH"])
    assert rates(asked["LUNA"]) == rates(plain["LUNA"])
    # TRX to 10 k lies in ETH's first tier, to 100 k in the second, to 5 million in the third.
    assert rates(plain["TRX"])[0] < rates(plain["ETH"])[0]
    assert rates(asked["TRX"]) == rates(plain["ETH"])
    for safer, riskier in pairwise((asked["ETH"], asked["TRX"])):
        for low, high in zip(safer.tiers, riskier.tiers, strict=True):
            assert low.tier.initial_rate <= high.tier.initial_rate


def test_the_check_names_what_was_raised_and_what_is_below() -> None:
    for plan, verdict in ((ASKED, Verdict.HOLDS), (OrderPlan(), Verdict.BREACH)):
        found = solved(SAFE, CALM, plan=plan)
        tables = [
            SolvedTable(found=one, tiers=found[one.need.key])
            for one in (candidate(n, TierPlan(), STRUCTURE) for n in (SAFE, CALM))
        ]
        check = order_check(tables, ASKED)
        assert check.verdict is verdict
        assert "TRX" in check.found


def in_force(one: TableNeed, *shares: str) -> TableNeed:
    tiers = [
        Tier(
            cap_usd=cap,
            maintenance_rate=Decimal(share),
            initial_rate=Decimal("0.1"),
            max_leverage=Decimal(10),
        )
        for cap, share in zip(one.caps_usd, shares, strict=True)
    ]
    return replace(one, incumbent=TierTable(tuple(tiers)))


def test_what_is_frozen_stands_and_the_riskier_is_raised_to_it() -> None:
    """The perpetual keeps 3.20 %, noise above its 3.05; its futures, without any, are not below."""
    held = in_force(SAFE, "0.032", "0.033", "0.036")
    own: Candidate = candidate(held, TierPlan(), STRUCTURE)
    assert own.tiers[0].tier.maintenance_rate < Decimal("0.032")
    found = solved(held, NEAR, plan=ASKED)
    assert found["ETH"].maintenance_frozen[0]
    assert all(a <= b for a, b in zip(rates(found["ETH"]), rates(found["ETH#30d"]), strict=True))
    free = solved(held, NEAR, plan=OrderPlan())
    assert rates(free["ETH#30d"])[0] < rates(free["ETH"])[0]


def test_without_freezing_the_order_is_kept_too() -> None:
    found = solved(SAFE, CALM, plan=ASKED, errors=0.0)
    assert rates(found["TRX"]) == rates(found["ETH"])


def test_every_set_of_a_schedule_keeps_the_order_or_is_no_further_from_it() -> None:
    """TRX is below ETH in force; ETH rises at once alone, and waits where TRX must come first."""
    old = {"ETH": flat("0.02"), "TRX": flat("0.015")}
    new = {"ETH": flat("0.03"), "TRX": flat("0.03")}
    steps = StepPlan(rise=Decimal("0.005"))
    pairs = (TablePair(safer="ETH", riskier="TRX"),)
    alone = dated_tables(old, new, STRUCTURE, steps, 0)
    found = dated_tables(old, new, STRUCTURE, steps, 0, pairs=pairs)
    gaps = [gap(dated.tables) for dated in found.sets]
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[0] <= Decimal("0.005")
    assert gaps[-1] == 0
    assert len(found.sets) >= len(alone.sets)


def gap(tables: object) -> Decimal:
    assert isinstance(tables, dict)
    first = {key: table.tiers[0].maintenance_rate for key, table in tables.items()}
    return max(first["ETH"] - first["TRX"], Decimal(0))


def flat(share: str) -> TierTable:
    rate = Decimal(share)
    leverage = leverage_down(2 * rate, STRUCTURE.leverage_grid)
    tier = Tier(
        cap_usd=Decimal(1000),
        maintenance_rate=rate,
        initial_rate=initial_rate_of(leverage),
        max_leverage=leverage,
    )
    return TierTable((tier,))


@pytest.mark.parametrize(
    ("pairs", "groups"),
    [
        ((), (("A",), ("B",), ("C",))),
        ((TablePair(safer="A", riskier="C"),), (("A", "C"), ("B",))),
        ((TablePair(safer="A", riskier="Z"),), (("A",), ("B",), ("C",))),
    ],
)
def test_tables_that_an_order_connects_are_scheduled_together(
    pairs: tuple[TablePair, ...], groups: tuple[tuple[str, ...], ...]
) -> None:
    assert connected_tables(("A", "B", "C"), pairs) == groups


def test_tiers_that_only_touch_are_not_compared() -> None:
    one, two = Decimal(1), Decimal(2)
    assert list(overlaps([(Decimal(0), one)], [(one, two)])) == []
