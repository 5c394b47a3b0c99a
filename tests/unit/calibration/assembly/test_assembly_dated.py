"""The way to the next tables: within the limits, feasible throughout, on the caps of both."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

from plimsoll.calibration.assembly.dated import DatedPath, dated_tables, slices
from plimsoll.calibration.problem import Structure
from plimsoll.calibration.rounding import initial_rate_of, leverage_down
from plimsoll.calibration.set_evidence.checks import schedule_check
from plimsoll.calibration.set_evidence.schedule_tables import schedule_tables
from plimsoll.calibration.set_plan import StepPlan
from plimsoll.domain.evidence import Verdict
from plimsoll.domain.tiers import Tier, TierTable

STRUCTURE = Structure()
HOUR_NS = 3_600_000_000_000
STEPS = StepPlan(
    rise=Decimal("0.02"),
    fall=Decimal("0.05"),
    rise_relative=Decimal("0.5"),
    notice_tightening_hours=72,
    notice_loosening_hours=24,
    interval_hours=168,
)


def table(*rows: tuple[int, str]) -> TierTable:
    """Tiers of caps and maintenance rates, with twice the rate or more on the leverage grid."""
    tiers = []
    for cap, rate in rows:
        leverage = leverage_down(2 * Decimal(rate), STRUCTURE.leverage_grid)
        tiers.append(
            Tier(
                cap_usd=Decimal(cap),
                maintenance_rate=Decimal(rate),
                initial_rate=initial_rate_of(leverage),
                max_leverage=leverage,
            )
        )
    return TierTable(tuple(tiers))


OLD = table((50_000, "0.01"), (500_000, "0.025"), (5_000_000, "0.25"))
NEW = table((200_000, "0.04"), (1_000_000, "0.05"), (5_000_000, "0.08"))


def path(old: TierTable = OLD, new: TierTable = NEW, steps: StepPlan = STEPS) -> DatedPath:
    return dated_tables({"B": old}, {"B": new}, STRUCTURE, steps, 0)


def test_every_set_keeps_order_and_link_and_the_last_is_the_next_set() -> None:
    found = path()
    assert not found.missed_in_force
    assert not found.refused
    assert found.sets[-1].tables["B"] == NEW
    for dated in found.sets:  # TierTable itself refuses rates that fall
        for tier in dated.tables["B"].tiers:
            assert 2 * tier.maintenance_rate <= tier.initial_rate


def test_no_step_exceeds_the_limits_wherever_caps_lie() -> None:
    way = [OLD, *(dated.tables["B"] for dated in path().sets)]
    for before, after in pairwise(way):
        for _, now, then in slices(before, after):
            change = then.maintenance_rate - now.maintenance_rate
            assert change <= min(STEPS.rise or 0, now.maintenance_rate / 2)
            assert -change <= (STEPS.fall or 0)


def test_notice_and_interval_are_kept_and_loosening_may_come_first() -> None:
    found = path()
    times = [dated.effective_at_ns // HOUR_NS for dated in found.sets]
    assert times[0] == 24
    assert all(b - a >= 168 for a, b in pairwise(times))
    first = found.sets[0].tables["B"]
    assert all(then.maintenance_rate <= now.maintenance_rate for _, now, then in slices(OLD, first))


def test_urgent_tightenings_take_fewer_sets() -> None:
    fast = StepPlan(rise=STEPS.rise, urgent=True, urgent_factor=Decimal(4))
    slow = StepPlan(rise=Decimal("0.005"))
    old, new = table((5_000_000, "0.01")), table((5_000_000, "0.04"))
    assert len(path(old, new, fast).sets) == 1
    # IM goes 2 %, 2.5, 3.33, 4, 5, 6.67, 8.33; MM, half of it at most, is at 3.5 % by then.
    assert len(path(old, new, slow).sets) == 7


def test_a_broken_incumbent_is_mended_on_the_way_and_never_worse() -> None:
    tier = Tier(
        cap_usd=Decimal(50_000),
        maintenance_rate=Decimal("0.04"),
        initial_rate=Decimal("0.05"),
        max_leverage=Decimal(20),
    )
    broken = TierTable((tier,))
    narrow = StepPlan(rise=Decimal("0.002"), rise_relative=Decimal("0.1"))
    found = path(broken, table((50_000, "0.05")), narrow)
    assert found.missed_in_force == {"B": Decimal("0.015")}
    missed = [dated.missed.get("B", Decimal(0)) for dated in found.sets]
    assert missed == sorted(missed, reverse=True)
    assert missed[0] < Decimal("0.015")
    assert missed[-1] == 0
    assert found.sets[-1].tables["B"] == table((50_000, "0.05"))


def test_new_tables_come_whole_with_the_first_set() -> None:
    found = dated_tables({"B": OLD}, {"B": NEW, "C": NEW}, STRUCTURE, STEPS, 0)
    assert found.sets[0].tables["C"] == NEW
    assert "C" in found.sets[0].changed


def test_all_tables_change_on_the_same_dates() -> None:
    """One loosens after 24 h, the other tightens after 72 h: the venue's sets stay a week apart."""
    low, high = table((5_000_000, "0.02")), table((5_000_000, "0.04"))
    found = dated_tables({"A": high, "B": low}, {"A": low, "B": high}, STRUCTURE, STEPS, 0)
    times = [dated.effective_at_ns // HOUR_NS for dated in found.sets]
    assert times == [24 + 168 * step for step in range(len(times))]
    raised = next(s for s in found.sets if s.tables["B"] != low)
    assert raised.effective_at_ns // HOUR_NS == 192


NARROW = StepPlan(rise=Decimal("0.0005"), fall=Decimal("0.0005"), most_steps=5)
OFF_GRID = TierTable(
    (
        Tier(
            cap_usd=Decimal(50_000),
            maintenance_rate=Decimal("0.004"),
            initial_rate=Decimal("0.005"),
            max_leverage=Decimal(125),
        ),
    )
)


def test_a_refused_way_has_no_sets_and_is_told_in_table_and_check() -> None:
    found = path(OFF_GRID, table((50_000, "0.014")), NARROW)
    assert found.sets == ()
    assert set(found.refused) == {"B"}
    (told,) = schedule_tables(found, ())
    assert told.name == "schedule"
    assert [row[0] for row in told.rows] == ["B"]
    check = schedule_check(found)
    # Five steps for IM's six places to 3.33 %: one is skipped, the cheapest from 0.5 % to 1 %.
    assert check.verdict is Verdict.BREACH
    assert check.found.startswith(
        "Any one of these is enough, and no less of it is: rise 0.005 instead of 0.0005; "
        "most_steps 20 instead of 5."
    )
    for relief in found.reliefs:
        assert path(OFF_GRID, table((50_000, "0.014")), relief.plan).sets


def test_one_table_without_a_way_leaves_no_schedule_of_the_others() -> None:
    old = {"A": table((50_000, "0.014")), "B": OFF_GRID}
    new = {"A": table((50_000, "0.015")), "B": table((50_000, "0.014"))}
    found = dated_tables(old, new, STRUCTURE, NARROW, 0)
    assert found.sets == ()
    assert set(found.refused) == {"B"}
