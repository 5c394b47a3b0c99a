"""A fitted grid as a whole set; order and units of its inputs do not matter."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from listed_chains_made import chain
from test_grids_fit import CHAINS, EARLIER, LOOSE, SCENARIOS, price_range_alone

from plimsoll.calibration.grids.deribit_family import deribit_family
from plimsoll.calibration.grids.derive_family import derive_family
from plimsoll.calibration.grids.grid_coverage import Legs
from plimsoll.calibration.grids.grid_evidence import parameters_table, reference_quantile
from plimsoll.calibration.grids.grid_family import GridFamily
from plimsoll.calibration.grids.grid_fit import GridFit, fit_grid
from plimsoll.calibration.grids.grid_objective import GridTarget, ScopeObjective
from plimsoll.calibration.grids.grid_publication import (
    constants_of,
    copied_constants,
    engine_check,
    whole_set,
)
from plimsoll.calibration.grids.grid_result import error_told, grid_parameters
from plimsoll.calibration.grids.grid_samples import GridSample, grid_samples, tradable
from plimsoll.calibration.grids.listed_chain import ListedChain, listed_chain
from plimsoll.calibration.grids.portfolio_library import portfolio_library
from plimsoll.calibration.grids.portfolios import HEDGED, PortfolioFamily
from plimsoll.domain.evidence import Verdict
from plimsoll.domain.parameters import Origin, ParameterSet, parameter_set
from plimsoll.margin.deribit import GENERAL, DeribitGeneral, DeribitPair
from plimsoll.margin.governed import from_set, governance
from plimsoll.presets import load

Samples = dict[str, tuple[GridSample, ...]]


@pytest.fixture(scope="module")
def samples() -> Samples:
    return grid_samples((CHAINS, EARLIER), SCENARIOS, seed=7)


@pytest.fixture(scope="module")
def fit(samples: Samples) -> GridFit:
    return fit_grid(price_range_alone(), samples, SCENARIOS, target=LOOSE)


def published(fit: GridFit) -> ParameterSet:
    return parameter_set(
        venue="made",
        valid_from="2026-01-01T00:00:00Z",
        parameters=whole_set(fit, owner="risk"),
        seed=1,
        data_digest="d",
        problem_digest="p",
        code_version="c",
        label="made",
    )


def test_a_set_holds_every_constant_and_says_which_were_searched(fit: GridFit) -> None:
    found = published(fit)
    assert len(found.parameters) == len(governance(DeribitGeneral)) + 2 * len(
        governance(DeribitPair)
    )
    assert {p.name for p in found if p.origin is not Origin.VENUE} == {"price_range"}
    for unit in ("BTC_USD", "ETH_USD"):
        assert from_set(DeribitPair, found, unit) == fit.family.parameters(fit.point)[unit]
    assert from_set(DeribitGeneral, found, GENERAL) == load("deribit").parameters[GENERAL]


def test_a_cap_that_comes_with_an_offset_is_the_venues(fit: GridFit) -> None:
    """BTC's gains count once its offset is searched: the cap is ETH's published one, not fitted."""
    family = deribit_family(load("deribit").parameters)
    given = replace(fit, family=family, point=tuple(max(s, 1) for s in family.start))
    given = replace(given, standard_error=np.full(len(family.knobs), np.nan))
    found = {p.key: p for p in whole_set(given, owner="risk")}
    cap = found["BTC_USD/max_offsetable_pnl_usd"]
    assert cap.value == load("deribit").parameters["ETH_USD"].max_offsetable_pnl_usd
    assert cap.origin is Origin.VENUE
    assert "ETH_USD" in copied_constants(given)[cap.key]
    assert copied_constants(fit) == {}


def test_an_error_of_nothing_is_said_in_words(fit: GridFit) -> None:
    """Neither an end of the range nor a point that no resample left has an error of 0."""
    knob = fit.family.knobs[0]
    assert error_told(knob, knob.least, 0.0) == "at bound"
    assert error_told(knob, knob.least + 1, 0.0) == "no resample moved it"
    assert error_told(knob, knob.least + 1, 0.01) == 0.01
    assert error_told(knob, knob.least, float("nan")) is None
    still = replace(fit, standard_error=np.zeros(len(fit.family.knobs)))
    assert {p.standard_error for p in grid_parameters(still)} == {None}
    table = parameters_table(still, published(still), "made")
    errors = dict(
        zip(
            zip(*map(table.column, ("market", "name")), strict=True),
            table.column("standard_error"),
            strict=True,
        )
    )
    assert errors["BTC_USD", "price_range"] == "no resample moved it"
    shown = dict(zip(table.column("name"), table.column("published"), strict=True))
    assert shown["delta_shock_threshold_usd"] == "20,000,000"


def test_the_model_of_the_set_asks_what_was_fitted(fit: GridFit, samples: Samples) -> None:
    assert engine_check(price_range_alone(), fit, samples, published(fit)).verdict is Verdict.HOLDS
    wider = parameter_set(
        **{
            **{name: getattr(published(fit), name) for name in ("venue", "valid_from", "seed")},
            "data_digest": "d",
            "problem_digest": "p",
            "code_version": "c",
            "label": "made",
            "parameters": tuple(
                replace(p, value=p.value + Decimal("0.01")) if p.name == "price_range" else p
                for p in published(fit)
            ),
        }
    )
    assert engine_check(price_range_alone(), fit, samples, wider).verdict is Verdict.BREACH


def test_price_points_that_no_set_holds_are_seen(fit: GridFit, samples: Samples) -> None:
    """A fit under fewer price points than the venue's model asks less than the set's model does."""
    few = replace(fit.family.model, buckets=1)  # type: ignore[type-var]
    coarse = replace(fit, family=replace(fit.family, model=few))
    assert engine_check(price_range_alone(), coarse, samples, published(fit)).verdict is (
        Verdict.BREACH
    )
    assert fit.family.model == price_range_alone().model


def test_constants_keep_what_the_set_does_not_hold(fit: GridFit) -> None:
    held = load("deribit").parameters
    some = constants_of(published(fit), {"BTC_USD": held["BTC_USD"], "XYZ_USD": held["ETH_USD"]})
    assert list(some) == ["BTC_USD"]


def test_maintenance_keeps_its_ratio_where_the_initial_factor_is_searched() -> None:
    family = derive_family(load("derive-pmrm2").parameters, ("BTC",))
    up = tuple(
        s + 8 * (k.name == "initial_factor")
        for k, s in zip(family.knobs, family.start, strict=True)
    )
    published, found = family.published["BTC"], family.parameters(up)["BTC"]
    assert found.initial_factor == Decimal("1.2")
    assert found.maintenance_factor / found.initial_factor == (
        published.maintenance_factor / published.initial_factor
    )


def swapped(snapshot: tuple[ListedChain, ...]) -> tuple[ListedChain, ...]:
    return tuple(reversed(snapshot))


def price_range_of(coins: tuple[str, ...]) -> GridFamily:
    family = deribit_family(load("deribit").parameters, coins)
    return family.without(sorted({knob.name for knob in family.knobs} - {"price_range"}))


def test_the_order_of_underlyings_and_snapshots_does_not_matter(
    fit: GridFit, samples: Samples
) -> None:
    """Pairs take the first coin's side, so single coins are compared."""
    other = grid_samples((swapped(EARLIER), swapped(CHAINS)), SCENARIOS, seed=7)
    family = price_range_of(("ETH", "BTC"))
    alone = {scope: other[scope] for scope in ("ETH", "BTC")}
    again = fit_grid(family, alone, SCENARIOS, target=LOOSE)
    mine = dict(zip((k.key for k in fit.family.knobs), fit.point, strict=True))
    assert dict(zip((k.key for k in family.knobs), again.point, strict=True)) == mine


@pytest.mark.parametrize("factor", [0.01, 100.0])
def test_coins_of_another_size_ask_the_same_share(factor: float) -> None:
    """A coin split or merged: prices and strikes by one factor, contracts in coins by its inverse.

    Margins are of portfolios of one dollar size, and constants are fractions. Thresholds in
    dollars of net delta do not bind at that size.
    """
    plain, scaled = chain(index=80_000.0), chain(index=80_000.0)
    scaled = replace(
        scaled,
        strike=scaled.strike * factor,
        forward=scaled.forward * factor,
        index=scaled.index * factor,
    )
    family = price_range_of(("BTC",))
    asked = []
    for made in (plain, scaled):
        only = grid_samples(((listed_chain(made),),), SCENARIOS, seed=7)["BTC"]
        asked.append(family.margins(only[0].market, family.published, only[0].book))
        losses = reference_quantile(only[0], Legs.of(SCENARIOS), 0.01)
        asked.append(losses)
    np.testing.assert_allclose(asked[2], asked[0], rtol=1e-9)
    np.testing.assert_allclose(asked[3], asked[1], rtol=1e-7, atol=1e-6)


def test_the_reference_quantile_is_exceeded_by_no_more_than_the_target(samples: Samples) -> None:
    legs = Legs.of(SCENARIOS)
    for sample in samples["BTC"]:
        quantile = reference_quantile(sample, legs, 0.01)
        weight = legs.weight[0][sample.scenario]
        above = np.where(sample.losses > quantile[:, None] + 1e-9, weight, 0.0).sum(axis=1)
        at_least = np.where(sample.losses >= quantile[:, None] - 1e-9, weight, 0.0).sum(axis=1)
        assert (above <= 0.01 + 1e-12).all()
        assert (at_least > 0.01).all()


def test_kinds_left_out_are_in_no_sample() -> None:
    without = (PortfolioFamily.RANDOM, PortfolioFamily.CALENDAR)
    library = portfolio_library(CHAINS, seed=7)
    assert not set(tradable(library, without=without).families) & set(without)
    assert tradable(library) is library


def test_a_weight_of_a_family_counts_in_the_cost_and_in_no_limit(samples: Samples) -> None:
    objectives = [
        ScopeObjective(
            family=price_range_alone(),
            samples=samples["BTC"],
            legs=Legs.of(SCENARIOS),
            target=replace(LOOSE, weights=weights),
        )
        for weights in ({}, {PortfolioFamily.BASIS: 0.0, PortfolioFamily.COLLAR: 3.0})
    ]
    plain, weighted = (o.weights(True) for o in objectives)
    families = objectives[0].published.families
    expected = [
        {PortfolioFamily.BASIS: 0.0, PortfolioFamily.COLLAR: 3.0}.get(f, 1.0) * (f in HEDGED)
        for f in families
    ]
    np.testing.assert_array_equal(weighted, samples["BTC"][0].count * np.array(expected))
    assert plain.sum() == sum(f in HEDGED for f in samples["BTC"][0].library.families)
    excess = [o.excesses(o.published) for o in objectives]
    assert excess[0]["family"] == excess[1]["family"]


def test_a_demand_on_crises_raises_margins(samples: Samples) -> None:
    """The stressed leg of the made scenarios has the same moves: asked for 99 %, it binds."""
    loose = fit_grid(price_range_alone(), {"BTC": samples["BTC"]}, SCENARIOS, target=LOOSE)
    asked = replace(LOOSE, stressed_group_breach=0.005)
    strict = fit_grid(price_range_alone(), {"BTC": samples["BTC"]}, SCENARIOS, target=asked)
    assert strict.point[0] > loose.point[0]
    (scope,) = strict.scopes
    kind = np.array([family in HEDGED for family in scope.fitted.families])
    for group in (kind, ~kind):
        count = samples["BTC"][0].count * group
        fitted, before = (
            float(count @ one.stressed) / count.sum() for one in (scope.fitted, scope.published)
        )
        assert fitted <= max(0.005, before)
    assert GridTarget().scaled(0.5).stressed_group_breach == GridTarget().stressed_group_breach
