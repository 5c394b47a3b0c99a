"""Options revalued some time on, against scalar Black at the time and volatility that are left."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from option_books import (
    AT,
    DAY,
    DOLLAR,
    TENORS,
    WEEKEND,
    black,
    book,
    moves_of_price,
    option,
    scale_of,
    scenarios,
    snapshot,
    surface,
    units,
)
from plimsoll.domain.instrument import OptionRight, Payoff
from plimsoll.domain.scenario import Factor
from plimsoll.errors import UsageError
from plimsoll.estimators.surface.dynamics import SmileDynamics
from plimsoll.estimators.surface.query import at_moneyness, at_strike
from plimsoll.scenarios import OptionRules, RevaluationReason, revalue
from plimsoll.scenarios.vol_scenarios import shocked_vol, vol_factors


@pytest.mark.parametrize("dynamics", list(SmileDynamics))
def test_time_passes_at_the_volatility_of_the_dynamics(dynamics: SmileDynamics) -> None:
    held = {"C": option(30, 110_000, pair=DOLLAR)}
    rules = OptionRules(dynamics=dynamics, elapsed_ns=5 * DAY)
    found = revalue(held, snapshot(), moves_of_price(0.0), None, rules)
    k = np.log(110_000 / 96_300)
    stretch = np.sqrt(30 / 25) if dynamics is SmileDynamics.STICKY_DELTA else 1.0
    now, then = (
        float(at_moneyness(surface(), k * s, AT + 30 * DAY).volatility) for s in (1.0, stretch)
    )
    expected = black(25, 110_000, then, 96_300) - black(30, 110_000, now, 96_300)
    assert found.row("C")[0] == pytest.approx(2.0 * expected, abs=1e-8)
    assert expected < 0.0


def test_time_passes_at_fixed_z_under_vol_factors() -> None:
    """z = k / sqrt(T): five days on, the option looks up where k sqrt(30/25) stood."""
    held = {"C": option(30, 110_000, pair=DOLLAR)}
    factors = vol_factors("HELM", TENORS)
    shocks = np.zeros((1, 10))
    shocks[0, [2, 5, 8]] = 0.2, 0.05, 0.3  # all at 30 days
    rules = OptionRules(elapsed_ns=5 * DAY)
    found = revalue(held, snapshot(), scenarios(shocks, factors), None, rules)
    k, weight = np.log(110_000 / 96_300), np.log(25 / 7) / np.log(30 / 7)
    base = float(at_moneyness(surface(), k * np.sqrt(30 / 25), AT + 30 * DAY).volatility)
    vol = shocked_vol(base, k, 25 / 365, 0.2 * weight, 0.05 * weight, 0.3 * weight)
    now = float(at_moneyness(surface(), k, AT + 30 * DAY).volatility)
    expected = black(25, 110_000, float(vol), 96_300) - black(30, 110_000, now, 96_300)
    assert found.row("C")[0] == pytest.approx(2.0 * expected, abs=1e-8)


def test_variance_runs_off_on_the_surfaces_clock() -> None:
    """From Thursday 09:00, a quiet weekend passes: less variance goes than days would say."""
    slow = surface(DOLLAR, clock=WEEKEND)
    held, rules = {"C": option(9, 97_000, pair=DOLLAR)}, OptionRules(elapsed_ns=4 * DAY)
    found = revalue(held, snapshot(slow), moves_of_price(0.0), None, rules)
    hours = 24 * np.array(WEEKEND.day_weights)  # weighted hours, Monday to Sunday
    left = 9 / 24 * hours[5]  # Saturday 10 January until 09:00
    left += hours[:5].sum() - hours[0] * 9 / 24  # Monday 5th 09:00 to Friday 9th
    whole = left + hours[3] * 15 / 24 + hours[4] + hours[5] + hours[6] + hours[0] * 9 / 24
    w = float(at_strike(slow, 97_000, AT + 9 * DAY).total_variance)
    then, now = (black(365, 97_000, np.sqrt(v), 95_400) for v in (w * left / whole, w))
    assert found.row("C")[0] == pytest.approx(2.0 * (then - now), abs=1e-8)


@pytest.mark.parametrize("days_on", [2, 3])
@pytest.mark.parametrize("factors", [(Factor(subject="HELM"),), vol_factors("HELM", TENORS)])
def test_what_expires_within_the_horizon_settles(days_on: int, factors: tuple[Factor, ...]) -> None:
    rules = OptionRules(elapsed_ns=days_on * DAY, minimum_vol=0.5)
    options, moves = book((2,)), np.array([-0.3, 0.0, 0.25])
    shocks = np.full((3, len(factors)), 0.4)
    shocks[:, 0] = moves
    table = revalue(options, snapshot(), scenarios(shocks, factors), None, rules)
    for i, o in enumerate(options.values()):
        end = 95_100.0 * (1.0 + moves)
        side = 1.0 if o.right is OptionRight.CALL else -1.0
        paid = np.maximum(side * (end - float(o.strike)), 0.0)
        paid = paid / end if o.payoff is Payoff.INVERSE else paid
        expected = units(o) * paid - table.base_value[i]
        assert np.all(np.abs(table.profit[i] - expected) <= 7e-15 * scale_of(o, moves))


def test_an_older_surface_is_carried_on_where_the_rules_allow() -> None:
    """A surface of an hour ago, now: what it says of an hour on, at its own forwards."""
    old = surface(DOLLAR, at_ns=AT - DAY // 24)
    held = {"C": replace(option(9, 97_000, pair=DOLLAR), expiry_ns=old.at_ns + 9 * DAY)}
    moves = moves_of_price(-0.1, 0.0)
    strict = revalue(held, snapshot(old), moves)
    assert strict.reasons == {"C": RevaluationReason.STALE_SURFACE}
    found = revalue(held, snapshot(old), moves, None, OptionRules(oldest_surface_ns=DAY // 24))
    vol = float(at_strike(old, 97_000, held["C"].expiry_ns).volatility)
    value = black(9 - 1 / 24, 97_000, vol, 95_400)
    assert found.base_value[0] == pytest.approx(2.0 * value, rel=1e-12)
    fallen = black(9 - 1 / 24, 97_000, vol, 95_400 * 0.9)
    np.testing.assert_allclose(found.row("C"), [2.0 * (fallen - value), 0.0], atol=1e-8)


def test_a_surface_of_the_future_is_wrong_use() -> None:
    with pytest.raises(UsageError, match="must not be later than the snapshot"):
        revalue(book((9,)), snapshot(surface(at_ns=AT + 1)), moves_of_price(0.0))
