"""Outages and institutions on made-up prices whose losses, and so levels, have a closed form."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pytest

from made_proof import proof_of
from plimsoll.calibration.add_ons.counterparty import Counterparty
from plimsoll.calibration.evidence.proof import Proof
from plimsoll.calibration.part import CalibratedPart
from plimsoll.calibration.parts.counterparties import CreditSettings, credit_part
from plimsoll.calibration.parts.operations import operations_part
from plimsoll.calibration.parts.outages import OperationsSettings
from plimsoll.domain.parameters import Origin
from synthetic_panel import history_of

DAYS = 100
RISE = 0.001
STEP = 0.01
OUTAGE_STEP = 0.0001


def _values(part: CalibratedPart) -> dict[str, float]:
    return {p.key: float(p.value) for p in part.parameters}


def _row(part: CalibratedPart, name: str = "large") -> Mapping[str, object]:
    return next(row for row in part.tables[0] if row["class"] == name)


def steady(hole: slice | None = None, markets: int = 2, days: int = DAYS) -> Proof:
    """Every market rises by the same every hour: each short loses the same, each long nothing."""
    close = np.repeat(np.exp(RISE * np.arange(24 * days))[:, None], markets, axis=1)
    if hole is not None:
        close[hole] = np.nan
    history = history_of(close)
    return proof_of(history, dict.fromkeys(history.markets, "large"), days=days, hours=2)


def lost(hours: float) -> float:
    return math.expm1(RISE * hours)


def chance(outages: tuple[float, ...], watched: float, stress: float, horizon: float) -> float:
    """Down when it begins, or an outage that begins within the horizon (Poisson)."""
    down = stress * sum(outages) / watched
    return down + (1.0 - down) * (1.0 - math.exp(-stress * len(outages) / watched * horizon))


@pytest.mark.parametrize(("stress", "times"), [(1.0, 1), (5.0, 4), (20.0, 4)])
def test_the_level_is_that_of_the_longer_horizon_once_outages_are_likely(
    stress: float, times: int
) -> None:
    """Half of the losses are shorts'; two hours lose one amount, with an outage of 3 h another.

    The 99 % level is the second exactly where half the chance of an outage is above 1 %.
    """
    settings = OperationsSettings(outage_hours=(3.0,) * times, watched_hours=100.0, stress=stress)
    part = operations_part(steady(), settings)
    p = chance((3.0,) * times, DAYS * 24 + 100.0, stress, 2.0)
    level = lost(5) if p / 2 > 0.01 else lost(2)
    row = _row(part)
    assert row["without"] == pytest.approx(lost(2), rel=1e-9)
    assert row["with"] == pytest.approx(level, rel=1e-9)
    assert row["chance"] == pytest.approx(p, rel=1e-9)
    published = _values(part)["class:large/outage_multiplier"]
    assert level / lost(2) - 1e-9 <= published < level / lost(2) + OUTAGE_STEP


def test_both_branches_of_the_mixture_are_tried() -> None:
    rare, often = (
        _values(operations_part(steady(), OperationsSettings(
            outage_hours=(3.0,), watched_hours=100.0, stress=stress
        )))["class:large/outage_multiplier"]
        for stress in (1.0, 20.0)
    )  # fmt: skip
    assert (rare, often) == (1.0, 2.5038)  # up from expm1(0.005) / expm1(0.002)


def test_a_hole_that_all_prices_had_is_an_outage_and_one_markets_own_is_none() -> None:
    # Five missing closes: the moves around them are not known either.
    together = operations_part(steady(hole=slice(1000, 1005)), OperationsSettings(stress=20.0))
    assert "1 outages of up to 5 h" in together.tables[0].notes[1]
    p = chance((5.0,), DAYS * 24, 20.0, 2.0)
    assert p / 2 > 0.01
    assert _row(together)["with"] == pytest.approx(lost(7), rel=1e-9)
    close = np.repeat(np.exp(RISE * np.arange(24 * DAYS))[:, None], 2, axis=1)
    close[1000:1005, 0] = np.nan
    history = history_of(close)
    alone = operations_part(
        proof_of(history, dict.fromkeys(history.markets, "large"), days=DAYS), OperationsSettings()
    )
    assert alone.tables[0].notes[1].startswith("0 outages")
    assert _values(alone) == {"class:large/outage_multiplier": 1.0}


def _random(days: int, later: int = 0) -> np.ndarray:
    steps = 0.004 * np.random.default_rng(3).standard_t(4, (24 * days, 3))
    steps[24 * (days - later) :] *= 10.0 if later else 1.0
    return np.asarray(np.exp(np.cumsum(steps, axis=0)))


def test_the_level_is_the_root_of_the_mixed_tail_of_random_prices() -> None:
    close, hours = _random(DAYS), (3.0, 12.0)
    history = history_of(close)
    proof = proof_of(history, dict.fromkeys(history.markets, "large"), days=DAYS)
    settings = OperationsSettings(outage_hours=hours, watched_hours=100.0, stress=10.0)
    row = _row(operations_part(proof, settings))
    p = chance(hours, DAYS * 24 + 100.0, 10.0, 1.0)

    def tail(level: float, bars: int) -> float:
        moved = close[bars:][::2] / close[:-bars][::2] - 1.0
        return float((np.concatenate([moved, -moved]) > level).mean())

    def mixed(level: float) -> float:
        return (1.0 - p) * tail(level, 1) + p / 2 * (tail(level, 4) + tail(level, 13))

    level = float(row["with"])  # type: ignore[arg-type]
    assert mixed(level * (1 + 1e-9)) <= 0.01 < mixed(level * (1.0 - 1e-9))


def test_a_class_without_losses_has_a_reason_and_no_multiplier() -> None:
    history = history_of(_random(DAYS))
    proof = proof_of(history, dict.fromkeys(history.markets, "large"), days=DAYS, classes=["empty"])
    part = operations_part(proof, OperationsSettings(outage_hours=(3.0,)))
    assert list(_values(part)) == ["class:large/outage_multiplier"]
    row = _row(part, "empty")
    assert row["multiplier"] is None
    assert str(row["reason"]).startswith("too_short_history")


def test_nothing_after_the_day_of_the_set_counts() -> None:
    calm, wild = (history_of(_random(DAYS, later)) for later in (0, 20))
    assert not np.array_equal(calm.close, wild.close)
    settings = OperationsSettings(outage_hours=(3.0, 12.0), stress=10.0)
    credit = CreditSettings(counterparties={"desk": Counterparty(
        default_probability_annual=0.05)}, budget=1e-5)  # fmt: skip
    found = []
    for history in (calm, wild):
        proof = proof_of(history, dict.fromkeys(history.markets, "large"), days=DAYS - 20)
        found.append((operations_part(proof, settings), credit_part(proof, credit)))
    for before, after in zip(*found, strict=True):
        assert before.parameters == after.parameters
        assert before.tables == after.tables


SMALL, LARGE = 0.02, 0.2
"""Two sizes of rise: of 2,400 losses of both sides 48 and 12."""


def jumps() -> Proof:
    """Prices that jump by two sizes and else stand still; the 99 % quantile is the small one."""
    steps = np.zeros(24 * DAYS + 1)
    starts = 2 * np.random.default_rng(1).permutation(24 * DAYS // 2)[:60]  # every second counts
    steps[starts + 1] = math.log1p(SMALL)
    steps[starts[:12] + 1] = math.log1p(LARGE)
    close = np.exp(np.cumsum(steps))[:, None]
    return proof_of(history_of(close), {"M0": "large"}, days=DAYS + 1)


def multiplier(default: float, given: float = 0.6, budget: float = 1e-4) -> CalibratedPart:
    desk = Counterparty(default_probability_annual=default, loss_given_default=given)
    return credit_part(jumps(), CreditSettings(counterparties={"desk": desk}, budget=budget))


@pytest.mark.parametrize("default", [0.0, 0.001, 0.01, 0.02, 0.05, 0.1, 0.5])
def test_the_margin_leaves_the_budget_of_the_large_jumps(default: float) -> None:
    """``severity q (J - M) = budget`` between the two sizes, and never under the base."""
    severity = min(1.0, 10.0 * default) * 0.6
    share = 12 / 2400
    margin = max(SMALL, LARGE - 1e-4 / (severity * share)) if severity else SMALL
    (row,) = list(multiplier(default).tables[0])
    assert row["margin"] == pytest.approx(margin, rel=1e-9)
    published = _values(multiplier(default))["counterparty:desk/margin_multiplier.large"]
    assert margin / SMALL - 1e-9 <= published < margin / SMALL + STEP


def test_rates_on_top_of_the_tiers_are_of_the_price_risk_market_by_market() -> None:
    """Of a price risk of 1.5 %: the multiplier as published less one, rounded up to a hundredth."""
    part = multiplier(0.05)
    times = _values(part)["counterparty:desk/margin_multiplier.large"]
    rate = _values(part)["M0/counterparty_add_on.desk"]
    assert times > 1.0
    assert 0.0 <= rate - 0.015 * (times - 1.0) < 0.0001
    none = _values(multiplier(0.0))
    assert none["M0/counterparty_add_on.desk"] == 0.0


def test_the_multiplier_never_falls_with_default_severity_or_a_tighter_budget() -> None:
    def values(parts: list[CalibratedPart]) -> list[float]:
        return [next(iter(_values(part).values())) for part in parts]

    chances = values([multiplier(d) for d in (0.0, 0.003, 0.01, 0.03, 0.1, 0.3)])
    losses = values([multiplier(0.02, given) for given in (0.0, 0.2, 0.4, 0.8, 1.0)])
    budgets = values([multiplier(0.02, budget=b) for b in (1e-2, 1e-3, 1e-4, 1e-5)])
    for found in (chances, losses, budgets):
        assert found == sorted(found)
        assert found[0] == 1.0
        assert found[-1] > found[0]


def test_what_no_margin_covers_stands_at_the_largest_multiplier() -> None:
    """Losses of a thousandth at the quantile and of all beyond it: more than a hundred times."""
    steps = np.zeros(24 * DAYS + 1)
    steps[1:121:2] = math.log1p(0.001)
    steps[1:13:2] = math.log1p(0.9)
    close = np.exp(np.cumsum(steps))[:, None]
    proof = proof_of(history_of(close), {"M0": "large"}, days=DAYS + 1)
    desk = Counterparty(default_probability_annual=1.0)
    found, _ = credit_part(
        proof, CreditSettings(counterparties={"desk": desk}, budget=1e-9)
    ).parameters
    assert (float(found.value), found.origin) == (100.0, Origin.BOUND)


def test_a_class_without_losses_has_a_row_for_each_institution_with_its_reason() -> None:
    """One class of no market, one that stands still: neither has a multiplier, both are told."""
    close = np.concatenate([_random(DAYS), np.ones((24 * DAYS, 1))], axis=1)
    history = history_of(close)
    classes = dict.fromkeys(history.markets, "large") | {history.markets[-1]: "still"}
    proof = proof_of(history, classes, days=DAYS, classes=["empty"])
    settings = CreditSettings(
        counterparties={"desk": Counterparty(default_probability_annual=0.05),
                        "fund": Counterparty(default_probability_annual=0.01)}, budget=1e-5,
    )  # fmt: skip
    part = credit_part(proof, settings)
    rows = {(row["who"], row["class"]): row for row in part.tables[0]}
    for who in ("desk", "fund"):
        assert rows[who, "large"]["reason"] == ""
        for name, why in (("empty", "too_short_history"), ("still", "constant_price")):
            assert rows[who, name]["multiplier"] is None
            assert str(rows[who, name]["reason"]).startswith(why)
    assert not [p for p in part.parameters if p.name.endswith((".empty", ".still"))]


def test_multipliers_of_random_prices_carry_an_error_and_those_of_steady_ones_none() -> None:
    history = history_of(_random(DAYS))
    proof = proof_of(history, dict.fromkeys(history.markets, "large"), days=DAYS)
    outages = OperationsSettings(outage_hours=(3.0, 12.0), watched_hours=100.0, stress=10.0)
    credit = CreditSettings(
        counterparties={"fund": Counterparty(default_probability_annual=0.05)}, budget=1e-6
    )
    for part in (operations_part(proof, outages), credit_part(proof, credit)):
        (parameter,) = (p for p in part.parameters if "multiplier" in p.name)
        assert parameter.standard_error is not None
        assert 0.0 < float(parameter.standard_error) < 0.5 * float(parameter.value)
    (steady_one,) = operations_part(
        steady(), OperationsSettings(outage_hours=(3.0,), watched_hours=100.0, stress=50.0)
    ).parameters
    assert float(steady_one.standard_error or 0.0) < 1e-6
