"""The hybrid margin: maxima and mixtures of legs computed alone, floors, what binds, reasons."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from coin_books import (
    INSTRUMENTS,
    PRICING,
    SNAPSHOT,
    account,
    book,
    position,
    price_scenarios,
    random_book,
)
from plimsoll.domain.instrument import Option, Spot
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.requirement import total_of
from plimsoll.domain.tiers import Tier, TierTable
from plimsoll.errors import ParameterError, UsageError
from plimsoll.margin.governed import governance
from plimsoll.margin.greeks import GreeksMargin, GreeksParameters
from plimsoll.margin.hybrid import Combination, HybridMargin, HybridParameters, LegWeight
from plimsoll.margin.simulation import (
    PORTFOLIO,
    LossMeasure,
    SimulationMargin,
    SimulationParameters,
)
from plimsoll.margin.tiered import TieredMargin
from plimsoll.scenarios.mixture import Leg, mixture

SHORTFALL = SimulationMargin(scenarios=price_scenarios(200), pricing=PRICING)
GREEKS = GreeksMargin(pricing=PRICING)
LEGS = {"shortfall": SHORTFALL, "greeks": GREEKS}
PARAMETERS = {
    "shortfall": {PORTFOLIO: SimulationParameters()},
    "greeks": {"BTC": GreeksParameters(), "ETH": GreeksParameters()},
}
BOOK = random_book(25, 5, seed=11)


def alone(name: str, made=BOOK):
    return LEGS[name].prepare(SNAPSHOT, PARAMETERS[name], INSTRUMENTS).requirements(made)


def hybrid(combination=Combination.MAXIMUM, made=BOOK, **parameters):
    held = HybridParameters(legs=PARAMETERS, **parameters)
    model = HybridMargin(legs=LEGS, combination=combination)
    return model.prepare(SNAPSHOT, held, INSTRUMENTS).requirements(made)


def weights(one: str, other: str) -> dict[str, LegWeight]:
    return {
        "shortfall": LegWeight(weight=Decimal(one)),
        "greeks": LegWeight(weight=Decimal(other)),
    }


def test_the_maximum_of_the_legs_to_the_bit() -> None:
    one, other, found = alone("shortfall"), alone("greeks"), hybrid()
    np.testing.assert_array_equal(found.initial, np.maximum(one.initial, other.initial))
    np.testing.assert_array_equal(found.maintenance, np.maximum(one.maintenance, other.maintenance))
    np.testing.assert_array_equal(found.equity, one.equity)
    by_leg = np.stack([one.maintenance, other.maintenance])
    assert 0 < np.sum(np.argmax(by_leg, axis=0)) < len(BOOK)
    for term, margin in zip(found.terms, (one, other), strict=False):
        binds = margin.maintenance == found.maintenance
        np.testing.assert_array_equal(term.maintenance, np.where(binds, margin.maintenance, 0.0))


def test_the_mixture_of_the_legs() -> None:
    one, other = alone("shortfall"), alone("greeks")
    found = hybrid("weighted", weights=weights("0.25", "0.75"))
    np.testing.assert_array_equal(found.initial, 0.25 * one.initial + 0.75 * other.initial)
    floored = hybrid("weighted", weights=weights("0.25", "0.75"), floor_share=Decimal("0.9"))
    largest = np.maximum(one.initial, other.initial)
    np.testing.assert_allclose(
        floored.initial, np.maximum(found.initial, 0.9 * largest), rtol=1e-15
    )
    assert np.any(floored.initial > found.initial)


def test_terms_add_up_and_margins_are_ordered() -> None:
    for combination, more in (
        ("maximum", {}),
        ("weighted", {"weights": weights("0.5", "0.5")}),
    ):
        found = hybrid(combination, floor_share=Decimal("0.8"), minimum_usd=Decimal(50), **more)
        initial, maintenance = total_of(found.terms, len(found))
        np.testing.assert_array_equal(found.initial, initial)
        np.testing.assert_array_equal(found.maintenance, maintenance)
        assert np.all(found.initial >= found.maintenance)
        assert np.all(found.maintenance >= 0.0)


def test_a_minimum_charge_for_every_unit_that_needs_anything() -> None:
    made = book(
        account("small", position("BTC-LIN", 0.001)),
        account("empty", USD=5.0),
        account("large", position("BTC-LIN", 100.0)),
    )
    found = hybrid(made=made, minimum_usd=Decimal(25))
    assert found.initial[:2].tolist() == [25.0, 0.0]
    assert found.initial[2] > 1_000.0
    assert found.explanations("small")[0].binding == "the floor"


def test_the_binding_leg_is_named() -> None:
    one, other, found = alone("shortfall"), alone("greeks"), hybrid()
    assert found.binding_scenario is not None
    for unit, name in enumerate(BOOK.accounts):
        leg = "shortfall" if one.maintenance[unit] >= other.maintenance[unit] else "greeks"
        (told,) = found.explanations(name)
        assert told.binding.startswith(f"leg {leg}: ")
        own = (one if leg == "shortfall" else other).explanations(name)[0]
        shares = by_market(told)
        assert shares == pytest.approx(by_market(own), rel=1e-12)
        assert {c.of for c in told.contributions} == {leg}
        assert sum(shares.values()) == pytest.approx(
            next(t.maintenance for t in told.terms if t.name == leg), rel=1e-9
        )
        assert told.maintenance == found.maintenance[unit]
        assert sum(t.maintenance for t in told.terms) == told.maintenance
        scenario = int(found.binding_scenario[unit])
        assert scenario < 0 or found.scenario_names[scenario].startswith(f"{leg}: ")
    mixed = hybrid("weighted", weights=weights("0.5", "0.5")).explanations("a0")[0]
    assert mixed.binding.startswith("the mixture; its largest leg is ")


def by_market(told) -> dict[str, float]:
    found: dict[str, float] = {}
    for c in told.contributions:
        found[c.market] = found.get(c.market, 0.0) + c.contribution
    return found


def test_contributions_add_up_to_every_leg_of_a_mixture_with_its_floor() -> None:
    """A leg's own lift is a line of its own: a box of options asks for nothing but the floor."""
    floored = {PORTFOLIO: SimulationParameters(standalone_floor=Decimal("0.4"))}
    held = HybridParameters(
        legs={**PARAMETERS, "shortfall": floored}, weights=weights("0.25", "0.75")
    )
    model = HybridMargin(legs=LEGS, combination=Combination.WEIGHTED)
    ready = model.prepare(SNAPSHOT, held, INSTRUMENTS)
    made = book(account("hedged", position("BTC-SPOT", 2.0), position("BTC-LIN", -200.0)))
    (told,) = ready.requirements(made).explanations("hedged")
    terms = {t.name: t.maintenance for t in told.terms}
    for leg in ("shortfall", "greeks"):
        shares = [c for c in told.contributions if c.of == leg]
        assert sum(c.contribution for c in shares) == pytest.approx(terms[leg], rel=1e-9, abs=1e-9)
    lift = next(c for c in told.contributions if c.market == "Lift to the floor")
    assert lift.contribution == pytest.approx(terms["shortfall"], rel=1e-6)
    assert lift.contribution > 1_000.0


def test_a_maximum_of_worst_cases_is_the_worst_case_of_all_scenarios() -> None:
    sets = {"calm": price_scenarios(80, 1), "wild": price_scenarios(60, 2)}
    legs = {
        name: SimulationMargin(scenarios=s, measure=LossMeasure.WORST_CASE, pricing=PRICING)
        for name, s in sets.items()
    }
    own = {PORTFOLIO: SimulationParameters(standalone_floor=Decimal(0))}
    model = HybridMargin(legs=legs)
    parameters = HybridParameters(legs=dict.fromkeys(legs, own))
    found = model.prepare(SNAPSHOT, parameters, INSTRUMENTS).requirements(BOOK)
    both = mixture([Leg(name=n, scenarios=s, share=0.5) for n, s in sets.items()])
    whole = SimulationMargin(scenarios=both, measure=LossMeasure.WORST_CASE, pricing=PRICING)
    expected = whole.prepare(SNAPSHOT, own, INSTRUMENTS).requirements(BOOK)
    np.testing.assert_array_equal(found.initial, expected.initial)
    np.testing.assert_array_equal(found.binding_scenario, expected.binding_scenario)
    assert found.scenario_names == both.names


def test_a_tier_model_may_be_a_leg() -> None:
    """Perpetuals only; the tier leg explains by position, and still is named."""
    held = {
        m: i for m, i in INSTRUMENTS.items() if not isinstance(i, Option | Spot) and m[:3] == "BTC"
    }
    tier = Tier(
        cap_usd=None,
        maintenance_rate=Decimal("0.5"),
        initial_rate=Decimal("0.6"),
        max_leverage=Decimal(1),
    )
    tiers = dict.fromkeys(held, TierTable((tier,)))
    legs = {"tiers": TieredMargin(pricing=replace(PRICING, pricing_markets={"BTC": "BTC-INV"}))}
    pricing = replace(PRICING, pricing_markets={"BTC": "BTC-INV"})
    legs["shortfall"] = replace(SHORTFALL, pricing=pricing)
    parameters = HybridParameters(
        legs={"tiers": tiers, "shortfall": {PORTFOLIO: SimulationParameters()}}
    )
    made = book(account("a", position("BTC-LIN", 10.0), USD=100.0))
    found = HybridMargin(legs=legs).prepare(SNAPSHOT, parameters, held).requirements(made)
    assert found.maintenance[0] == pytest.approx(0.5 * 5_000.0)
    (told,) = found.explanations("a")
    assert told.binding.startswith("leg tiers")
    assert [(c.market, c.of) for c in told.contributions] == [("BTC-LIN", "tiers")]
    assert told.contributions[0].contribution == pytest.approx(0.5 * 5_000.0)


def test_a_unit_unknown_to_one_leg_has_no_number() -> None:
    only_btc = HybridParameters(
        legs={**PARAMETERS, "greeks": {"BTC": GreeksParameters()}},
    )
    made = book(
        account("eth", position("ETH-LIN", 1.0)),
        account("coin", ETH=1.0),
        account("btc", position("BTC-LIN", 1.0)),
    )
    found = HybridMargin(legs=LEGS).prepare(SNAPSHOT, only_btc, INSTRUMENTS).requirements(made)
    assert np.isnan(found.initial).tolist() == [True, True, False]
    assert found.parts.reason[0] == MarginReason.NO_PARAMETERS
    assert found.unit_reason is not None
    assert found.unit_reason[1] == MarginReason.NO_PARAMETERS
    (told,) = found.explanations("eth")
    assert any("no parameters" in note for note in told.notes)
    assert not told.contributions


@pytest.mark.parametrize("name", list(governance(HybridParameters)))
@pytest.mark.parametrize("side", ["lower", "upper"])
def test_each_parameter_at_its_bounds(name: str, side: str) -> None:
    value = getattr(governance(HybridParameters)[name], side)
    found = hybrid(**{name: value})
    largest = np.maximum(alone("shortfall").initial, alone("greeks").initial)
    least = float(value) if name == "minimum_usd" else 0.0
    np.testing.assert_allclose(found.initial, np.maximum(largest, least), rtol=1e-15)
    beyond = value + (Decimal("0.01") if side == "upper" else Decimal("-0.01"))
    with pytest.raises(ParameterError):
        hybrid(**{name: beyond})


@pytest.mark.parametrize("shares", [("0", "1"), ("1", "0")])
def test_weights_at_their_bounds_are_one_leg(shares: tuple[str, str]) -> None:
    found = hybrid("weighted", weights=weights(*shares))
    leg = "shortfall" if shares[0] == "1" else "greeks"
    np.testing.assert_array_equal(found.initial, alone(leg).initial)
    with pytest.raises(ParameterError):
        LegWeight(weight=Decimal("1.01"))


def test_refusals() -> None:
    with pytest.raises(ParameterError, match="add up to 1"):
        hybrid("weighted", weights=weights("0.5", "0.4"))
    with pytest.raises(UsageError, match="weights"):
        hybrid("weighted")
    with pytest.raises(UsageError, match="at least one leg"):
        HybridMargin(legs={})
    with pytest.raises(UsageError, match="legs"):
        HybridMargin(legs={"x": SHORTFALL}).prepare(
            SNAPSHOT, HybridParameters(legs=PARAMETERS), INSTRUMENTS
        )
    coin = replace(GREEKS, pricing=replace(PRICING, numeraire="BTC"))
    model = HybridMargin(legs={"shortfall": SHORTFALL, "greeks": coin})
    with pytest.raises(UsageError, match="numeraire"):
        model.prepare(SNAPSHOT, HybridParameters(legs=PARAMETERS), INSTRUMENTS).requirements(BOOK)
